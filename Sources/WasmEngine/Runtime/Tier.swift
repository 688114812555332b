import WebAssembly

/// The one place where the runtime enters code.
enum Tier {
  /// Calls a function of an instance in the interpreter, with its arguments in the slots, and leaves its results there.
  static func interpret(
    _ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>, in store: StoreContext
  ) -> ExecutionStatus {
    guard store[StoreContext.interruptOffset] == 0 else { return RuntimeCalls.interrupted(store) }
    let signature = RuntimeCalls.instance(record.context) { instance in
      instance.module.translation.facts.signature(Int(record.index))
    }
    return Interpreter.call(
      record, slots: slots, parameterSlots: signature.parameterSlots, resultSlots: signature.resultSlots, in: store)
  }

  /// Calls a function that has machine code, or a stub that makes it.
  @inline(__always)
  static func enterMachineCode(
    _ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>, in store: StoreContext
  ) -> ExecutionStatus {
    guard
      let entry = MachineEntryTable.find(record.typeID, in: store)
        ?? RuntimeCalls.store(store).makeMachineEntry(record.typeID)
    else { return RuntimeCalls.trap(store, .outOfMemory) }
    unsafeBitCast(entry, to: MachineCode.Entry.self)(record.base, slots)
    return store.takeStatus()
  }

  /// What stands in the record of a host function in place of interpreter code.
  static func hostStub(_ type: FunctionType) -> UnsafeMutableRawPointer {
    Interpreter.hostStub(
      slots: max(ModuleFacts.slots(type.parameters), ModuleFacts.slots(type.results)))
  }

  /// What stands in the record of a function that is not translated yet.
  static var lazyStub: UnsafeMutableRawPointer { Interpreter.lazyStub }

  /// The wasm frames of all activations, from the one on in which the last trap or exit happened, at most `limit`:
  /// function records and positions in the modules' bytes.
  static func frames(of store: StoreContext, limit: Int) -> [(function: FunctionRecord, offset: Int)] {
    var frames: [(function: FunctionRecord, offset: Int)] = []
    var cursor = FrameCursor(store)
    while !cursor.isAtEnd, frames.count < limit {
      let isMachine = cursor.frame & MachineFrames.mark != 0 || cursor.inlinedInto != nil
      let frame = isMachine ? MachineFrames.advance(&cursor) : Interpreter.advance(&cursor)
      if let frame { frames.append(frame) }
    }
    return frames
  }
}
