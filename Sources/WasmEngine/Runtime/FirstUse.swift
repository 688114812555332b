import WebAssembly

/// What the process makes once, when the first engine is made.
///
/// Globals of Swift are made at first use. If the process forks while another thread is in the middle of that, whoever uses
/// them in the child waits for ever. So they are made here, under a lock that a fork waits for (``Fork``).
enum FirstUse {
  private static let isDone = Lock((interpreter: false, compiler: false))

  static func prepare(compiling: Bool) {
    isDone.withLock { isDone in
      if !isDone.interpreter {
        isDone.interpreter = true
        _ = Operator.all
        _ = HandlerTable.shared
        _ = Interpreter.lazyStub
        _ = MachineRuntime.table
        _ = DeadlineTimer.shared
        withExtendedLifetime((Threads.processorCount, VirtualMemory.pageSize)) {}
        // That the bounds are not known is told to whoever calls.
        _ = try? ThreadStack.bounds(takingFaults: false)
      }
      if compiling, !isDone.compiler {
        isDone.compiler = true
        _ = MachineCode.pieces
        _ = CodeRegistry.shared
      }
    }
  }

  /// Makes one that is wanted later.
  static func make<Value>(_ value: () -> Value) -> Value { isDone.withLock { _ in value() } }
}
