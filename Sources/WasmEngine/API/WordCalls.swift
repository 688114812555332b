import WebAssembly

/// A function with the way into it, for calls with words in registers. They count no references to the store, which would cost
/// as much as all the rest: it is this object that the caller keeps meanwhile.
@usableFromInline
final class Callee {
  @usableFromInline let function: Function
  /// The machine code that enters the function with its words in registers; nil where it is called in another way.
  private let entry: UnsafeRawPointer?

  init(_ function: Function) {
    self.function = function
    let record = function.record
    let engine = function.store.engine
    if record.machineCode != 0, record.context.word(VMContext.instanceOffset) != 0 {
      entry = engine.thunks.thunk(.wordEntry, engine.functionType(record.typeID))
    } else {
      entry = nil
    }
  }

  /// Calls the function with words for arguments and result; those that it has not are 0.
  @usableFromInline
  func call(_ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0) throws -> UInt64 {
    guard let entry else { return try callInSlots(a, b, c, d) }
    let record = function.record
    let store = record.context.store
    // Only wasm's own calls of the host can be on the stack whose bounds the context has.
    guard store[StoreContext.nativeStackStartOffset] != 0 else { return try callFromOutside(entry, a, b, c, d) }
    let result = unsafeBitCast(entry, to: MachineCode.WordEntry.self)(record.base, a, b, c, d)
    guard store[StoreContext.statusOffset] == 0 else {
      let status = store.takeStatus()
      guard status == .wrongStack else { throw function.store.failure(status) }
      return try callFromOutside(entry, a, b, c, d)
    }
    return result
  }

  /// The same, for which the bounds of the stack have to become this thread's.
  @inline(never)
  private func callFromOutside(
    _ entry: UnsafeRawPointer, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64
  ) throws -> UInt64 {
    let record = function.record
    let store = record.context.store
    return try store.onThisStack { () throws in
      // A small function without loops would not look.
      guard store[StoreContext.interruptOffset] == 0 else { throw function.store.interrupted() }
      let result = unsafeBitCast(entry, to: MachineCode.WordEntry.self)(record.base, a, b, c, d)
      guard store[StoreContext.statusOffset] == 0 else {
        let status = store.takeStatus()
        throw status == .wrongStack ? function.store.stackExhausted() : function.store.failure(status)
      }
      return result
    }
  }

  @inline(never)
  private func callInSlots(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) throws -> UInt64 {
    let store = function.store
    let slots = try store.takeSlots(Trampolines.mostWords)
    defer { store.returnSlots(slots) }
    (slots[0], slots[1], slots[2], slots[3]) = (a, b, c, d)
    try store.call(function.record, slots: slots)
    return slots[0]
  }
}

extension StoreContext {
  /// Does something while the bounds of the native stack are those of the stack that it is done on.
  @inline(__always)
  func onThisStack<Result>(_ body: () throws -> Result) throws -> Result {
    let limit = self[Self.nativeStackLimitOffset]
    let start = self[Self.nativeStackStartOffset]
    let position = UInt64(ThreadStack.position)
    // A host function that wasm has called on this stack.
    if position > limit, position < start { return try body() }
    let newLimit = try stackLimit(at: position)
    if newLimit != limit {
      self[Self.nativeStackLimitOffset] = newLimit
      InterruptWord.refreshLimit(self)
    }
    self[Self.nativeStackStartOffset] = position
    defer {
      self[Self.nativeStackStartOffset] = start
      // A host function may have gone on on another thread, whose stack has other bounds.
      if start != 0, newLimit != limit {
        self[Self.nativeStackLimitOffset] = limit
        InterruptWord.refreshLimit(self)
      }
    }
    return try body()
  }

  /// The lowest address that a call from a position on the stack may reach: the end of the stack that it is on, or of the
  /// size that is configured.
  @inline(__always)
  private func stackLimit(at position: UInt64) throws(UsageError) -> UInt64 {
    let bounds = try stack(at: UInt(position))
    let start = self[Self.nativeStackStartOffset]
    // Further down on the stack of the call that is under way, whose limit stays.
    if position < start, bounds.contains(UInt(start)) { return self[Self.nativeStackLimitOffset] }
    let size = self[Self.nativeStackSizeOffset]
    // Calls from about the same place get the same limit.
    let lowest = position > size ? (position - size) & ~4095 : 0
    return max(UInt64(bounds.limit), lowest)
  }

  @inline(__always)
  private func stack(at position: UInt) throws(UsageError) -> StackBounds {
    if self[Self.givenStackCountOffset] != 0, let given = RuntimeCalls.store(self).givenStack(at: position) {
      return given
    }
    let bounds = try ThreadStack.bounds(takingFaults: self[Self.takesFaultsOffset] != 0)
    guard bounds.contains(position) else { throw .foreignStack }
    return bounds
  }
}
