import Synchronization

/// Where compiled code came from, for traps, exceptions and backtraces. Look-ups take no lock, so that the handler of faults
/// can make them.
final class CodeRegistry: @unchecked Sendable {
  static let shared = CodeRegistry()

  /// A compiled function. A trivial value: looking one up counts no references.
  struct Function {
    let start: UInt
    let size: UInt32
    /// The index in its module.
    let index: UInt32
    let metadata: CodeMetadata

    var end: UInt { start + UInt(size) }

    /// Whether its frames hold their context below the saved frame pointer.
    var keepsContext: Bool { metadata.keepsContext }

    /// What a position stands for that is in a function whose call was replaced by it; nil for others.
    func inlined(_ position: UInt32) -> InlinedPosition? { metadata.inlined(position) }

    /// What the return address belongs to.
    func site(_ address: UInt) -> CodeSite? { metadata.site(at: UInt32(address - start)) }

    /// The access that the instruction at an address belongs to.
    func access(_ address: UInt) -> AccessSite? {
      let offset = UInt32(address - start)
      guard let access = metadata.access(at: offset), access.contains(offset - access.codeOffset) else { return nil }
      return access
    }
  }

  /// For each granule of executable memory the chunk that has it, unretained.
  private let chunks: UnsafeMutablePointer<Atomic<UInt>>?

  private init() {
    let count = ExecutableMemory.size / ExecutableMemory.granule
    // Zeroed pages, of which few are ever touched.
    chunks = VirtualMemory.allocate(count * MemoryLayout<Atomic<UInt>>.stride)?
      .bindMemory(to: Atomic<UInt>.self, capacity: count)
  }

  /// Whether code can be found. Where it cannot, none may run: a fault in it would be taken for somebody else's.
  var isAvailable: Bool { chunks != nil }

  func add(_ chunk: CodeChunk) {
    for index in granules(of: chunk) {
      chunks?[index].store(UInt(bitPattern: Unmanaged.passUnretained(chunk).toOpaque()), ordering: .releasing)
    }
  }

  func remove(_ chunk: CodeChunk) {
    for index in granules(of: chunk) { chunks?[index].store(0, ordering: .releasing) }
  }

  private func granules(of chunk: CodeChunk) -> Range<Int> {
    guard let memory = ExecutableMemory.shared else { return 0..<0 }
    let start = Int(chunk.range.lowerBound - memory.base) / ExecutableMemory.granule
    return start..<start + chunk.range.count / ExecutableMemory.granule
  }

  /// The function in whose code an address lies. For a return address that is the byte before it, since a call can be the
  /// last instruction. The code is about to run or is being run, so that it does not go.
  func function(containing address: UInt) -> Function? {
    guard let memory = ExecutableMemory.shared, memory.contains(address), let chunks,
      let chunk = UnsafeRawPointer(
        bitPattern: chunks[Int(address - memory.base) / ExecutableMemory.granule].load(ordering: .acquiring))
    else { return nil }
    return Unmanaged<CodeChunk>.fromOpaque(chunk)._withUnsafeGuaranteedRef { $0.function(containing: address) }
  }

  /// What a return address belongs to.
  func site(_ address: UInt) -> CodeSite? { function(containing: address &- 1)?.site(address) }
}
