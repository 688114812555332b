import WebAssembly

// Calls from the host with words in registers. Nothing here counts references to the store, which whoever calls keeps: that would
// cost as much as all the rest.
extension FunctionRecord {
  /// The machine code that enters the function with its words in registers; nil where it is called in another way.
  func wordEntry(in engine: Engine) -> UnsafeRawPointer? {
    guard machineCode != 0, context.word(VMContext.instanceOffset) != 0 else { return nil }
    return engine.thunks.thunk(.wordEntry, typeID) { engine.functionType(typeID) }
  }

  /// Calls the function by what ``wordEntry(in:)`` returned for it.
  @usableFromInline func call(
    _ entry: UnsafeRawPointer?, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64
  ) throws -> UInt64 {
    let store = context.store
    guard let entry else { return try callInSlots(a, b, c, d) }
    // Only wasm's own calls of the host can be on the stack whose bounds the context has.
    guard store[StoreContext.nativeStackStartOffset] != 0 else { return try callFromOutside(entry, a, b, c, d) }
    let result = unsafeBitCast(entry, to: MachineCode.WordEntry.self)(base, a, b, c, d)
    guard store[StoreContext.statusOffset] == 0 else {
      let status = store.takeStatus()
      guard status == .wrongStack else { throw RuntimeCalls.store(store).failure(status) }
      return try callFromOutside(entry, a, b, c, d)
    }
    return result
  }

  /// The same, for which the bounds of the stack have to become this thread's.
  @inline(never)
  private func callFromOutside(
    _ entry: UnsafeRawPointer, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64
  ) throws -> UInt64 {
    let store = context.store
    return try store.onThisStack { () throws in
      let result = unsafeBitCast(entry, to: MachineCode.WordEntry.self)(base, a, b, c, d)
      guard store[StoreContext.statusOffset] == 0 else {
        let status = store.takeStatus()
        let object = RuntimeCalls.store(store)
        throw status == .wrongStack ? object.stackExhausted() : object.failure(status)
      }
      return result
    }
  }

  @inline(never)
  private func callInSlots(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) throws -> UInt64 {
    let store = RuntimeCalls.store(context.store)
    let slots = try store.takeSlots(Trampolines.mostWords)
    defer { store.returnSlots(slots) }
    (slots[0], slots[1], slots[2], slots[3]) = (a, b, c, d)
    try store.call(self, slots: slots)
    return slots[0]
  }
}

extension StoreContext {
  /// Does something while the bounds of the native stack are this thread's.
  @inline(__always)
  func onThisStack<Result>(_ body: () throws -> Result) throws -> Result {
    let limit = self[Self.nativeStackLimitOffset]
    let start = self[Self.nativeStackStartOffset]
    let position = UInt64(ThreadStack.position)
    // A host function that wasm has called on this stack.
    if position > limit, position < start { return try body() }
    let newLimit = UInt64(ThreadStack.limit)
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
}
