#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Address space from the operating system. All sizes are multiples of ``pageSize``; nothing here keeps track of what it
/// hands out.
enum VirtualMemory {
  /// The system's page size in bytes.
  static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// `byteCount` rounded up to whole pages, or nil where that is no address space.
  static func roundedUp(_ byteCount: UInt64) -> Int? {
    guard byteCount <= UInt64(Int.max >> 1) else { return nil }
    return (Int(byteCount) + pageSize - 1) & ~(pageSize - 1)
  }

  #if canImport(Darwin)
    private static let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
  #else
    private static let flags = MAP_PRIVATE | Int32(MAP_ANONYMOUS) | Int32(MAP_NORESERVE)
  #endif

  /// What is left for the process itself, in bytes, where its addresses are limited. An allocation of the Swift runtime that
  /// is refused ends the process, so no guest may take all that there is.
  private static let remainder = 64 << 20

  /// Whether the process can have so many bytes more, and then still has addresses to live on.
  static func canSpare(_ size: Int) -> Bool {
    guard System.addressesAreLimited else { return true }
    guard let probe = System.map(size + remainder, PROT_NONE, flags) else { return false }
    release(probe, size + remainder)
    return true
  }

  private static func map(_ size: Int, _ protection: Int32) -> UnsafeMutableRawPointer? {
    size > 0 && canSpare(size) ? System.map(size, protection, flags) : nil
  }

  /// Address space that may not be touched.
  static func reserve(_ size: Int) -> UnsafeMutableRawPointer? { map(size, PROT_NONE) }

  /// Zeroed memory, backed when it is first touched.
  static func allocate(_ size: Int) -> UnsafeMutableRawPointer? { map(size, PROT_READ | PROT_WRITE) }

  /// Makes reserved pages readable and writable. They are zero.
  static func commit(_ address: UnsafeMutableRawPointer, _ size: Int) -> Bool {
    size == 0 || System.protect(address, size, PROT_READ | PROT_WRITE)
  }

  /// Gives back what came from here. Where the system cannot (it has no room to note the two halves of what is left), the
  /// addresses are lost, but not what backs them.
  static func release(_ address: UnsafeMutableRawPointer, _ size: Int) {
    if size > 0, !System.unmap(address, size) { _ = System.advise(address, size, MADV_DONTNEED) }
  }

  /// Gives allocated memory another size and perhaps another address; new pages are zero. On failure all stays as it was.
  static func resize(_ address: UnsafeMutableRawPointer, _ oldSize: Int, _ newSize: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      guard let copy = allocate(newSize) else { return nil }
      copy.copyMemory(from: address, byteCount: min(oldSize, newSize))
      release(address, oldSize)
      return copy
    #else
      return newSize <= oldSize || canSpare(newSize - oldSize) ? System.resize(address, oldSize, newSize) : nil
    #endif
  }

  /// Turns private anonymous pages to zero and gives their backing back.
  static func discard(_ address: UnsafeMutableRawPointer, _ size: Int) {
    guard size > 0 else { return }
    #if canImport(Darwin)
      memset(address, 0, size)
      // Where the backing stays, all that is lost is room.
      _ = System.advise(address, size, MADV_FREE)
    #else
      if !System.advise(address, size, MADV_DONTNEED) { memset(address, 0, size) }
    #endif
  }
}
