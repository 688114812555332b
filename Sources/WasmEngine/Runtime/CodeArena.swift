import Synchronization

/// The machine code that one owner has placed, a module's set of code or an engine's thunks. It goes when the owner goes;
/// whoever runs the code keeps the owner.
final class CodeArena: Sendable {
  /// Arenas begin small and grow with what is put into them, up to pieces of this many bytes.
  private static let largestPiece = 1 << 20
  /// A line of the caches, and what the emitter aligns loops to.
  static let alignment = 64

  private struct State: Sendable {
    var chunks: [CodeChunk] = []
    var total = 0
  }

  private let state = Lock(State())

  deinit {
    for chunk in state.withLock({ $0.chunks }) {
      CodeRegistry.shared.remove(chunk)
      ExecutableMemory.shared?.release(chunk.range)
    }
  }

  /// Places functions with what is known about them; the address of their code, or nil where there is no room left.
  func place(_ batch: consuming CodeBatch) -> UInt? {
    guard let memory = ExecutableMemory.shared else { return nil }
    let metadata = CodeMetadata.Storage(batch.metadata)
    return place(batch.code.count) { chunk, address in
      guard batch.code.withUnsafeBytes({ memory.write($0, to: address) }) else { return false }
      chunk.add(batch.entries, at: address, metadata: metadata)
      return true
    }
  }

  /// Places code that traps and backtraces do not come from.
  func place(_ code: [UInt8]) -> UnsafeRawPointer? {
    guard let memory = ExecutableMemory.shared else { return nil }
    let address = place(code.count) { _, address in code.withUnsafeBytes { memory.write($0, to: address) } }
    return address.flatMap { UnsafeRawPointer(bitPattern: $0) }
  }

  /// All functions, in the order in which they were placed.
  var functions: [CodeRegistry.Function] { state.withLock { $0.chunks }.flatMap(\.all) }

  /// Finds room for so many bytes and has it filled. What could not be filled is used again.
  func place(_ byteCount: Int, fill: (CodeChunk, UInt) -> Bool) -> UInt? {
    state.withLock { state in
      let size = (byteCount + Self.alignment - 1) & ~(Self.alignment - 1)
      if state.chunks.last.map({ $0.available < size }) ?? true {
        guard let range = ExecutableMemory.shared?.allocate(max(size, min(state.total, Self.largestPiece))) else {
          return nil
        }
        let chunk = CodeChunk(range)
        CodeRegistry.shared.add(chunk)
        state.chunks.append(chunk)
        state.total += range.count
      }
      let chunk = state.chunks[state.chunks.count - 1]
      let address = chunk.range.lowerBound + UInt(chunk.used)
      guard fill(chunk, address) else { return nil }
      chunk.used += size
      return address
    }
  }
}

/// Code at consecutive addresses, with what is known about its functions in the order of their addresses. Functions are
/// added by one thread at a time, and looked for by any number without waiting.
final class CodeChunk: @unchecked Sendable {
  let range: Range<UInt>
  /// Under the arena's lock.
  var used = 0
  private var storages: [CodeMetadata.Storage] = []
  private var capacity = 0
  /// Arrays that have become too small, in which somebody may still be looking.
  private var retired: [UnsafeMutablePointer<CodeRegistry.Function>] = []

  private let entries = Atomic<UInt>(0)
  private let count = Atomic<Int>(0)

  init(_ range: Range<UInt>) { self.range = range }

  deinit {
    for array in retired { array.deallocate() }
    UnsafeMutablePointer<CodeRegistry.Function>(bitPattern: entries.load(ordering: .relaxed))?.deallocate()
  }

  var available: Int { range.count - used }

  func add(_ functions: [CodeBatch.Entry], at address: UInt, metadata: CodeMetadata.Storage) {
    let known = count.load(ordering: .relaxed)
    let needed = known + functions.count
    var array = UnsafeMutablePointer<CodeRegistry.Function>(bitPattern: entries.load(ordering: .relaxed))
    if needed > capacity {
      capacity = max(needed, capacity * 2, 16)
      let larger = UnsafeMutablePointer<CodeRegistry.Function>.allocate(capacity: capacity)
      if let array {
        larger.update(from: array, count: known)
        retired.append(array)
      }
      array = larger
    }
    guard let array else { return }
    for (index, function) in functions.enumerated() {
      array[known + index] = CodeRegistry.Function(
        start: address + UInt(function.codeOffset), size: function.codeSize, index: function.function,
        metadata: metadata.slice(function.metadataOffset, function.metadataSize))
    }
    storages.append(metadata)
    entries.store(UInt(bitPattern: array), ordering: .releasing)
    count.store(needed, ordering: .releasing)
  }

  var all: [CodeRegistry.Function] {
    let count = count.load(ordering: .acquiring)
    let entries = UnsafePointer<CodeRegistry.Function>(bitPattern: entries.load(ordering: .acquiring))
    return Array(UnsafeBufferPointer(start: entries, count: entries == nil ? 0 : count))
  }

  func function(containing address: UInt) -> CodeRegistry.Function? {
    let count = count.load(ordering: .acquiring)
    guard let entries = UnsafePointer<CodeRegistry.Function>(bitPattern: entries.load(ordering: .acquiring)) else {
      return nil
    }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    guard low < count, entries[low].start <= address else { return nil }
    return entries[low]
  }
}
