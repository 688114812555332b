import Testing
import WebAssembly

@testable import WasmEngine

/// What becomes of machine code where the system refuses what it needs.
@Suite struct RefusedCodeTests {
  private static let text = """
    (module (import "h" "add" (func $add (param i32 i64) (result i64))) (import "h" "pair" (func $pair (result i32 i32)))
      (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
      (func (export "run") (param i32) (result i64)
        (local i32)
        (call $pair) (local.set 1) (drop)
        (call $add (call $square (local.get 0)) (i64.extend_i32_u (local.get 1)))))
    """

  private static func result(_ store: Store) throws -> Int64 {
    let linker = Linker(store)
    try linker.define("h", "add") { (_: borrowing Caller, a: Int32, b: Int64) in Int64(a) + b }
    let pair = Function(in: store) { (_: borrowing Caller) -> (Int32, Int32) in (3, 4) }
    try linker.define("h", "pair", .function(pair))
    let instance = try linker.instantiate(store.engine.compile(text: text))
    guard case .i64(let value) = try instance.function("run").call([.i32(5)]).first else { return -1 }
    return value
  }

  /// The ways in and out of machine code, and functions, for which there is no room in turn.
  @Test(arguments: 1...12) func aRefusedWriteOfCode(use: Int) throws {
    let store = Store(makeEngine())
    #expect(MachineCode.pieces != nil || MachineCode.isAvailable == false)
    let failures = InjectedFailures(.pwrite) { $0 == use }
    do {
      let value = try failures.run { try Self.result(store) }
      #expect(value == 29)
    } catch let trap as Trap {
      #expect(trap.kind == .outOfMemory)
    }
  }

  @Test func noRoomForAnyCode() throws {
    let store = Store(makeEngine())
    _ = SignalTraps.areAvailable
    let failures = InjectedFailures(.pwrite) { _ in true }
    guard MachineCode.pieces != nil else { return }
    #expect(trapKind { _ = try failures.run { try Self.result(store) } } == .outOfMemory)
    // There is room again: host functions made before work too.
    let linker = Linker(store)
    try failures.run {
      try linker.define("h", "add") { (_: borrowing Caller, a: Int32, b: Int64) in Int64(a) + b }
      try linker.define(
        "h", "pair", .function(Function(in: store) { (_: borrowing Caller) -> (Int32, Int32) in (3, 4) }))
    }
    let instance = try linker.instantiate(store.engine.compile(text: Self.text))
    #expect(unsignedIntegers(try instance.function("run").call([.i32(6)])) == [40])
  }

  /// That there was no room for a function once is no property of the module.
  @Test func filesDoNotSayThatThereWasNoRoom() throws {
    let bytes = ModuleEncoder.encode(
      try ModuleParser.parse(Array("(module (func (export \"f\") (result i32) (i32.const 7)))".utf8)).module)
    let engine = makeEngine()
    guard engine.makesMachineCode else { return }
    let module = try engine.compile(bytes)
    InjectedFailures(.pwrite) { _ in true }.run { module.machine?.compile(0..<1) }
    #expect(module.functionsLeftToInterpreter.count == 1)
    var file: [UInt8] = []
    try module.writePrecompiled { file.append(contentsOf: $0) }
    let loaded = try CompiledModule(precompiled: file, engine: engine)
    #expect(loaded.functionsLeftToInterpreter.isEmpty)
    let instance = try Store(engine).instantiate(loaded)
    #expect(unsignedIntegers(try instance.function("f").call([])) == [7])
    #expect(loaded.functionsLeftToInterpreter.isEmpty)
  }

  /// Executions are stopped whatever the system refuses meanwhile.
  @Test func interruptsAreNotLost() throws {
    let store = Store(makeEngine())
    let instance = try store.load("(module (func (export \"f\") (loop (br 0))))")
    InjectedFailures(.mprotect) { $0 <= 3 }.run { store.interruptHandle.interrupt() }
    #expect(trapKind { try instance.function("f").call([]) } == .interrupted)
  }

  /// Where the page of interrupts stays unreadable, loops end by a trap that says so until it can be read again.
  @Test func aPageThatStaysUnreadable() throws {
    let store = Store(makeEngine())
    let instance = try store.load(
      """
      (module (func (export "f") (param i32) (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))))
      """)
    let loop = try instance.function("f")
    store.interruptHandle.interrupt()
    let failures = InjectedFailures(.mprotect) { $0 <= 2 }
    failures.run {
      #expect(trapKind { try loop.call([.i32(1_000_000)]) } == .interrupted)
      guard store.trapPage != nil else { return }
      #expect(trapKind { try loop.call([.i32(1_000_000)]) } == .outOfMemory)
      #expect(trapKind { try loop.call([.i32(1_000_000)]) } == .outOfMemory)
    }
    #expect(trapKind { try loop.call([.i32(1_000_000)]) } == nil)
  }

  @Test func aStoreWithoutAPageForInterrupts() throws {
    let engine = makeEngine()
    // mmap: the page, then the stack.
    let store = InjectedFailures(.mmap) { $0 == 1 }.run { Store(engine) }
    let instance = try store.load(
      """
      (module (memory 1) (func (export "f") (param i32) (result i32)
        (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))) (i32.load (i32.const 0))))
      """)
    #expect(unsignedIntegers(try instance.function("f").call([.i32(10)])) == [0])
    store.interruptHandle.interrupt()
    #expect(trapKind { try instance.function("f").call([.i32(10_000_000)]) } == .interrupted)
  }

  @Test func aStoreWithoutAStackInstantiatesNothing() throws {
    let engine = makeEngine { $0.tier = .interpreter }
    let store = InjectedFailures(.mmap) { $0 == 1 }.run { Store(engine) }
    #expect(throws: UsageError.resourceRefused("the store's stack")) { try store.load("(module)") }
  }
}
