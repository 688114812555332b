import WebAssembly

/// The one place where the runtime enters code.
enum Tier {
  /// Calls a function of an instance with its arguments in the slots, and leaves its results there.
  static func call(
    _ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>, in store: StoreContext
  ) -> ExecutionStatus {
    let signature = RuntimeCalls.instance(record.context) { instance in
      instance.module.translation.facts.signature(Int(record.index))
    }
    return Interpreter.call(
      record, slots: slots, parameterSlots: signature.parameterSlots, resultSlots: signature.resultSlots, in: store)
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
    Interpreter.backtrace(store, limit: limit)
  }
}
