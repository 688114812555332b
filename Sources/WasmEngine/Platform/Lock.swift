/// A value that one thread uses at a time, as `Mutex` of the standard library keeps one. What the child of a `fork` gets is
/// unlocked and whole (``Fork``), where it would wait for ever for a `Mutex` that another thread of its parent held.
struct Lock<Value>: ~Copyable, @unchecked Sendable {
  private let lock = ConditionVariable()
  private let value: UnsafeMutablePointer<Value>

  init(_ value: sending Value) {
    self.value = .allocate(capacity: 1)
    self.value.initialize(to: value)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }

  borrowing func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try lock.withLock { () throws(Failure) in try body(&value.pointee) }
  }
}
