#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  /// The C function is variadic, so that the platform module does not show it.
  @_extern(c, "mremap")
  private func remap(
    _ address: UnsafeMutableRawPointer, _ oldSize: Int, _ newSize: Int, _ flags: Int32
  ) -> UnsafeMutableRawPointer?
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

  private static func map(_ size: Int, _ protection: Int32) -> UnsafeMutableRawPointer? {
    guard size > 0, let address = mmap(nil, size, protection, flags, -1, 0), address != MAP_FAILED else { return nil }
    return address
  }

  /// Address space that may not be touched.
  static func reserve(_ size: Int) -> UnsafeMutableRawPointer? { map(size, PROT_NONE) }

  /// Zeroed memory, backed when it is first touched.
  static func allocate(_ size: Int) -> UnsafeMutableRawPointer? { map(size, PROT_READ | PROT_WRITE) }

  /// Makes reserved pages readable and writable. They are zero.
  static func commit(_ address: UnsafeMutableRawPointer, _ size: Int) -> Bool {
    size == 0 || mprotect(address, size, PROT_READ | PROT_WRITE) == 0
  }

  static func protect(_ address: UnsafeMutableRawPointer, _ size: Int, writable: Bool) -> Bool {
    size == 0 || mprotect(address, size, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0
  }

  /// Makes whole pages unreadable, or readable again.
  static func allowReading(_ address: UnsafeMutableRawPointer, _ size: Int, _ isAllowed: Bool) {
    mprotect(address, size, isAllowed ? PROT_READ : PROT_NONE)
  }

  static func release(_ address: UnsafeMutableRawPointer, _ size: Int) {
    if size > 0 { munmap(address, size) }
  }

  /// Gives allocated memory another size and perhaps another address; new pages are zero. On failure all stays as it was.
  static func resize(_ address: UnsafeMutableRawPointer, _ oldSize: Int, _ newSize: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      guard let copy = allocate(newSize) else { return nil }
      copy.copyMemory(from: address, byteCount: min(oldSize, newSize))
      release(address, oldSize)
      return copy
    #else
      // MREMAP_MAYMOVE
      guard let moved = remap(address, oldSize, newSize, 1), moved != MAP_FAILED else { return nil }
      return moved
    #endif
  }

  /// Turns private anonymous pages to zero and gives their backing back.
  static func discard(_ address: UnsafeMutableRawPointer, _ size: Int) {
    guard size > 0 else { return }
    #if canImport(Darwin)
      memset(address, 0, size)
      madvise(address, size, MADV_FREE)
    #else
      if madvise(address, size, MADV_DONTNEED) != 0 { memset(address, 0, size) }
    #endif
  }
}
