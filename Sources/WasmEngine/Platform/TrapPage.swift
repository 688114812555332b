#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A page that code reads and that another thread can make unreadable, so that the code faults.
///
/// It lies between two pages that are never readable. To make it unreadable, which is how executions are stopped, so takes
/// nothing of the system: three ranges of addresses become one. A page beside others of its kind would have to be cut out of
/// a range, which is refused where the process has as many ranges as it may.
struct TrapPage {
  let address: UnsafeMutableRawPointer

  private static var size: Int { VirtualMemory.pageSize }

  /// A page that can be read; nil where the system does not give it.
  init?() {
    guard let range = VirtualMemory.reserve(3 * Self.size) else { return nil }
    address = range + Self.size
    guard allowReading() else {
      VirtualMemory.release(range, 3 * Self.size)
      return nil
    }
  }

  /// False where the system refuses it; then the page stays as it is.
  func allowReading() -> Bool { System.protect(address, Self.size, PROT_READ) }

  /// The page cannot be read when this returns.
  func forbidReading() {
    // Whoever wants code to stop must be able to rely on it. All that the system can lack is memory of its own, for a moment.
    while !System.protect(address, Self.size, PROT_NONE) { sched_yield() }
  }

  func release() { VirtualMemory.release(address - Self.size, 3 * Self.size) }
}
