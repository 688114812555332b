#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The bounds of the calling thread's stack.
enum ThreadStack {
  /// What is kept free below for host functions and the engine itself, in bytes.
  static let reserve: UInt = 160 << 10

  /// Where a thread keeps its limit. Without one, or where the thread cannot keep anything, it is measured each time.
  private static let key = System.createThreadKey()

  /// The lowest address at which wasm and host functions may still be entered on the calling thread.
  static var limit: UInt {
    guard let key else { return measuredLimit() }
    if let known = pthread_getspecific(key) { return UInt(bitPattern: known) }
    let limit = measuredLimit()
    _ = System.setThreadValue(key, limit)
    return limit
  }

  /// About where the stack pointer is.
  @inline(__always) static var position: UInt {
    var here: UInt8 = 0
    return withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
  }

  @inline(never)
  private static func measuredLimit() -> UInt {
    #if canImport(Darwin)
      let thread = pthread_self()
      let size = UInt(pthread_get_stacksize_np(thread))
      let low = UInt(bitPattern: pthread_get_stackaddr_np(thread)) &- size
    #else
      guard let (low, size) = System.threadStack() else { return position &- (256 << 10) }
    #endif
    // A thread with very little keeps half of it.
    return low &+ min(reserve, size / 2)
  }
}
