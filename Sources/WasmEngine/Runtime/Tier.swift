/// The one place where the runtime enters code.
enum Tier {
  /// Calls a function with its arguments in the slots, and leaves its results there.
  static func call(
    _ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>, in store: StoreContext
  ) -> ExecutionStatus {
    RuntimeCalls.trap(store, .unreachable)
  }

  /// What stands in the record of a host function in place of interpreter code.
  static var hostStub: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 8)! }
  /// What stands in the record of a function that is not translated yet.
  static var lazyStub: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 8)! }

  /// The wasm frames of all activations, from the one on in which the last trap or exit happened, at most `limit`:
  /// function records and positions in the modules' bytes.
  static func frames(of store: StoreContext, limit: Int) -> [(function: FunctionRecord, offset: Int)] { [] }
}
