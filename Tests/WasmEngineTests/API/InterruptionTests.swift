import Testing
import WasmEngine

/// Host functions that give up because the execution is to end, and instances that are set up before others see them.
@Suite struct InterruptionTests {
  private func linker(_ tier: ExecutionTier) -> Linker {
    var configuration = Engine.Configuration()
    configuration.tier = tier
    return Linker(Store(Engine(configuration)))
  }

  /// Nothing of the guest's own looks at the interrupt word here, and nothing of it can catch what happens.
  private static let guest = """
    (module (import "host" "wait" (func $wait (param i32) (result i32)))
      (func $call (result i32) (call $wait (i32.const 5)))
      (func (export "f") (result i32) (block (try_table (catch_all 0) (return (call $call)))) (i32.const -1)))
    """

  @Test(arguments: ExecutionTier.allCases, [false, true])
  func aHostFunctionThatGivesUpEndsTheGuest(tier: ExecutionTier, slots: Bool) throws {
    let linker = linker(tier)
    let store = linker.store
    func wait(_ caller: borrowing Caller) throws {
      try caller.store.setDeadline(after: .milliseconds(20))
      while !caller.store.isInterrupted {}
      throw Interruption()
    }
    if slots {
      try linker.define("host", "wait", type: .init(parameters: [.i32], results: [.i32])) { caller, _ in
        try wait(caller)
        return []
      }
    } else {
      try linker.define("host", "wait") { (caller: borrowing Caller, _: Int32) -> Int32 in
        try wait(caller)
        return 0
      }
    }
    let instance = try linker.instantiate(try store.engine.compile(text: Self.guest))
    let function = try instance.function("f")
    let trap = #expect(throws: Trap.self) { try function.call() }
    #expect(trap?.kind == .deadlineExceeded)
    #expect(trap?.backtrace.map(\.function) == [1, 2])
    store.removeDeadline()
    store.interruptHandle.interrupt()
    #expect(throws: Trap.self) { try function.call() }
    // An interrupt is over with that.
    #expect(!store.isInterrupted)
  }

  @Test(arguments: ExecutionTier.allCases)
  func aLinkerInitializesWhatItIsAskedTo(tier: ExecutionTier) throws {
    let linker = linker(tier)
    let module = try linker.store.engine.compile(
      text: """
        (module (global $count (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $count (i32.add (global.get $count) (i32.const 1))))
          (func (export "count") (result i32) (global.get $count)))
        """)
    func count(_ instance: Instance) throws -> Int32 {
      try instance.function("count", as: Void.self, returning: Int32.self)()
    }
    #expect(try count(try linker.instantiate(module)) == 0)
    let instance = try linker.instantiate(module, initializing: true)
    #expect(try count(instance) == 1)
    try instance.initialize()
    #expect(try count(instance) == 2)
    // What has parameters, or is no function, is no such function; and what it throws, the linker throws.
    for text in ["(func (export \"_initialize\") (param i32) unreachable)", "(memory (export \"_initialize\") 1)"] {
      try linker.instantiate(try linker.store.engine.compile(text: "(module \(text))"), initializing: true)
    }
    let failing = try linker.store.engine.compile(text: "(module (func (export \"_initialize\") unreachable))")
    #expect(throws: Trap.self) { try linker.instantiate(failing, initializing: true) }
  }
}
