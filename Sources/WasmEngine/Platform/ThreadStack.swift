#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A stack on which code may run.
struct StackBounds: Equatable {
  var low: UInt
  var high: UInt

  /// What is kept free below for host functions and the engine itself, in bytes. Of a stack with very little, half is kept.
  static let reserve: UInt = 160 << 10

  @inline(__always) func contains(_ address: UInt) -> Bool { address >= low && address < high }

  /// The lowest address at which wasm and host functions may still be entered.
  @inline(__always) var limit: UInt { low &+ min(Self.reserve, (high &- low) / 2) }
}

/// What the engine knows of the calling thread: where its stack is, and whether faults of machine code reach their handler.
enum ThreadStack {
  private struct Record {
    let bounds: StackBounds
    var takesFaults: Bool
  }

  /// Where a thread keeps its record. Without one, or where the thread cannot keep anything, all is found out each time.
  private static let key = System.createThreadKey { $0?.deallocate() }

  /// About where the stack pointer is.
  @inline(__always) static var position: UInt {
    var here: UInt8 = 0
    return withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
  }

  /// The stack of the calling thread.
  ///
  /// - Parameter takingFaults: Whether the thread is to run code that may fault. A thread that blocks the signals of
  ///   faults, as threads of servers do, would die of the first one; so they are unblocked, once for each thread.
  @inline(__always)
  static func bounds(takingFaults: Bool) throws(UsageError) -> StackBounds {
    if let key, let known = pthread_getspecific(key) {
      let record = known.assumingMemoryBound(to: Record.self)
      if record.pointee.takesFaults || !takingFaults { return record.pointee.bounds }
    }
    return try prepare(takingFaults: takingFaults)
  }

  @inline(never)
  private static func prepare(takingFaults: Bool) throws(UsageError) -> StackBounds {
    if takingFaults { try takeFaults() }
    guard let bounds = measured() else { throw .resourceRefused("the bounds of the thread's stack") }
    if let key, bounds.isExact {
      let known = pthread_getspecific(key)?.assumingMemoryBound(to: Record.self)
      let record = known ?? .allocate(capacity: 1)
      record.initialize(
        to: Record(bounds: bounds.stack, takesFaults: takingFaults || record == known && record.pointee.takesFaults))
      if known == nil, !System.setThreadValue(key, UInt(bitPattern: record)) { record.deallocate() }
    }
    return bounds.stack
  }

  /// Lets the signals of faults come to the calling thread.
  static func takeFaults() throws(UsageError) {
    #if os(Linux)
      var faults = sigset_t()
      sigemptyset(&faults)
      sigaddset(&faults, SIGSEGV)
      sigaddset(&faults, SIGBUS)
      guard System.setSignalMask(SIG_UNBLOCK, &faults) else { throw .resourceRefused("unblocking SIGSEGV and SIGBUS") }
    #endif
  }

  private static func measured() -> (stack: StackBounds, isExact: Bool)? {
    #if canImport(Darwin)
      let thread = pthread_self()
      let high = UInt(bitPattern: pthread_get_stackaddr_np(thread))
      return (StackBounds(low: high &- UInt(pthread_get_stacksize_np(thread)), high: high), true)
    #else
      if let (low, size) = System.threadStack() { return (StackBounds(low: low, high: low &+ size), true) }
      // Of the first thread it is read from /proc, which is not there everywhere. The end is known anyway; and from here
      // on so much is there in any case.
      guard let end = System.firstStackEnd, position < end, end &- position < 1 << 40 else { return nil }
      return (StackBounds(low: position &- (256 << 10), high: end), false)
    #endif
  }
}
