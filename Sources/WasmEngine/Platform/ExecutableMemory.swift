import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  @_extern(c, "memfd_create")
  private func createMemoryFile(_ name: UnsafePointer<CChar>, _ flags: UInt32) -> Int32
#endif

/// Memory for machine code: one reserved range of addresses for the process, in which written memory is never executable.
/// Code is written through a second, temporary view of the same pages of a memory file.
final class ExecutableMemory: Sendable {
  /// nil where the system does not let us have executable memory.
  static let shared: ExecutableMemory? = ExecutableMemory()

  private static let size = 1 << 30
  private let file: Int32
  private let base: UInt
  private let used = Mutex(0)

  private init?() {
    #if canImport(Darwin)
      return nil
    #else
      let file = createMemoryFile("wasm-code", 1)
      guard file >= 0 else { return nil }
      guard ftruncate(file, Self.size) == 0,
        let address = mmap(nil, Self.size, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0), address != MAP_FAILED
      else {
        close(file)
        return nil
      }
      self.file = file
      base = UInt(bitPattern: address)
    #endif
  }

  /// Puts code at an address of its own, aligned to 16 bytes; nil where there is no room left.
  func place(_ code: [UInt8]) -> UnsafeRawPointer? {
    #if canImport(Darwin)
      return nil
    #else
      let offset: Int? = used.withLock { used in
        let start = (used + 15) & ~15
        guard code.count <= Self.size - start else { return nil }
        used = start + code.count
        return start
      }
      guard let offset else { return nil }
      let page = offset & ~(VirtualMemory.pageSize - 1)
      let length = offset - page + code.count
      guard let view = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, page), view != MAP_FAILED else {
        return nil
      }
      code.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress { (view + (offset - page)).copyMemory(from: source, byteCount: bytes.count) }
      }
      munmap(view, length)
      return UnsafeRawPointer(bitPattern: base + UInt(offset))
    #endif
  }

  /// All addresses that code can have.
  var range: Range<UInt> { base..<base + UInt(Self.size) }

  func contains(_ address: UInt) -> Bool { address >= base && address < base + UInt(Self.size) }
}
