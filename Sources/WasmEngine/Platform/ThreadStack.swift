#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  /// A GNU extension, which the platform module does not show.
  @_extern(c, "pthread_getattr_np")
  private func threadAttributes(_ thread: pthread_t, _ attributes: UnsafeMutablePointer<pthread_attr_t>) -> Int32
#endif

/// The bounds of the calling thread's stack.
enum ThreadStack {
  /// What is kept free below for host functions and the engine itself, in bytes.
  static let reserve: UInt = 160 << 10

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// The lowest address at which wasm and host functions may still be entered on the calling thread.
  static var limit: UInt {
    if let known = pthread_getspecific(key) { return UInt(bitPattern: known) }
    let limit = measuredLimit()
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: limit))
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
      var attributes = pthread_attr_t()
      guard threadAttributes(pthread_self(), &attributes) == 0 else { return position &- (256 << 10) }
      defer { pthread_attr_destroy(&attributes) }
      var address: UnsafeMutableRawPointer?
      var byteCount = 0
      guard pthread_attr_getstack(&attributes, &address, &byteCount) == 0 else { return position &- (256 << 10) }
      let low = UInt(bitPattern: address)
      let size = UInt(byteCount)
    #endif
    // A thread with very little keeps half of it.
    return low &+ min(reserve, size / 2)
  }
}
