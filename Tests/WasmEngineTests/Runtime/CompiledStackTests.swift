import Synchronization
import Testing

@testable import WasmEngine

/// What ends compiled code from outside, and what goes out through it.
@Suite struct CompiledStackTests {
  /// A function with a frame of more than 64 KiB, which calls itself with all its locals alive.
  static let bigFrames: String = {
    let count = 10_000
    let locals = String(repeating: "i64 ", count: count)
    let sets = (1...count).map { "(local.set \($0) (i64.add (local.get 0) (i64.const \($0))))" }.joined()
    let uses = (1...count).map { "(local.get \($0)) (i64.add)" }.joined()
    return """
      (module (import "env" "back" (func $back))
        (func $big (export "big") (param i64) (result i64) (local \(locals)) \(sets)
          (call $big (i64.add (local.get 0) (i64.const 1))) \(uses))
        (func $small (export "small") (param i64) (result i64) (i64.add (i64.const 1) (call $small (local.get 0))))
        (func $mixed (export "mixed") (param i64) (result i64) (local i64)
          (if (i64.eq (i64.rem_u (local.get 0) (i64.const 100)) (i64.const 99)) (then (local.set 1 (call $big (local.get 0)))))
          (i64.add (local.get 1) (call $mixed (i64.add (local.get 0) (i64.const 1)))))
        (func (export "host") (call $back)))
      """
  }()

  static let bigFramesModule = Result { try makeEngine { $0.tier = .compiler }.compile(text: bigFrames) }

  @Sendable static func exhaust() -> [Trap.Kind?] {
    var kinds: [Trap.Kind?] = []
    do {
      let module = try bigFramesModule.get()
      let linker = Linker(Store(module.engine))
      try linker.define("env", "back") { (caller: borrowing Caller) throws in
        _ = try caller.instance?.function("host").call()
      }
      let instance = try linker.instantiate(module)
      for name in ["small", "big", "mixed", "small"] {
        kinds.append(trapKind { _ = try instance.function(name).call([.i64(0)]) })
      }
      kinds.append(trapKind { _ = try instance.function("host").call([]) })
    } catch { Issue.record(error) }
    return kinds
  }

  @Test func endlessRecursionIsATrap() {
    #expect(Self.exhaust() == Array(repeating: .callStackExhausted, count: 5))
  }

  @Test(arguments: [512 << 10, 256 << 10, 4 << 20])
  func onThreadsWithSmallStacks(size: Int) {
    let kinds = Mutex<[Trap.Kind?]>([])
    Threads.run(stackSize: size) {
      let result = Self.exhaust()
      kinds.withLock { $0 = result }
    }
    #expect(kinds.withLock { $0 } == Array(repeating: .callStackExhausted, count: 5))
  }

  @Test func interruptsAndDeadlinesEndIt() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let instance = try store.load(
      """
      (module
        (func (export "loop") (loop (br 0)))
        (func $tree (export "tree") (param i32)
          (if (local.get 0)
            (then
              (call $tree (i32.sub (local.get 0) (i32.const 1)))
              (call $tree (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "count") (result i32) (call $tree (i32.const 3)) (i32.const 7)))
      """)
    let loop = try instance.function("loop")
    let tree = try instance.function("tree")
    let handle = store.interruptHandle
    #expect(Threads.start { handle.interrupt() } != nil)
    #expect(trapKind { _ = try loop.call([]) } == .interrupted)
    #expect(try callI32(instance, "count") == 7)
    #expect(Threads.start { handle.interrupt() } != nil)
    #expect(trapKind { _ = try tree.call([.i32(100)]) } == .interrupted)
    #expect(try callI32(instance, "count") == 7)
    try store.setDeadline(after: .milliseconds(20))
    #expect(trapKind { _ = try tree.call([.i32(100)]) } == .deadlineExceeded)
    #expect(trapKind { _ = try loop.call([]) } == .deadlineExceeded)
    #expect(trapKind { _ = try instance.function("count").call([]) } == .deadlineExceeded)
    store.removeDeadline()
    #expect(try callI32(instance, "count") == 7)
  }

  @Test func anInterruptInsideAHostFunctionEndsTheCallerToo() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let linker = Linker(store)
    try linker.define("env", "stop") { (caller: borrowing Caller) in caller.store.interruptHandle.interrupt() }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module (import "env" "stop" (func $stop))
            (func $next (result i32) (i32.const 1))
            (func (export "run") (result i32) (call $stop) (call $next)))
          """))
    #expect(trapKind { _ = try instance.function("run").call([]) } == .interrupted)
  }

  // MARK: Exceptions and errors

  private struct HostError: Error {}

  @Test(arguments: ExecutionTier.allCases)
  func exceptionsAndErrorsGoThroughCompiledFrames(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    let tags = try store.load(#"(module (tag (export "t") (param i32)))"#)
    guard case .tag(let tag)? = tags.export("t") else { throw HostError() }
    try linker.define("env", "t", .tag(tag))
    try linker.define("env", "fail") { (caller: borrowing Caller, kind: Int32) throws in
      if kind == 0 { throw HostError() }
      throw try UncaughtException(tag: tag, payload: [.i32(kind)])
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module (import "env" "t" (tag $t (param i32))) (import "env" "fail" (func $fail (param i32)))
            (func $throw (param i32) (throw $t (local.get 0)))
            (func $compiled (param i32 i32) (local i64)
              (local.set 2 (i64.extend_i32_s (local.get 0)))
              (if (local.get 1) (then (call $throw (local.get 0))) (else (call $fail (local.get 0))))
              (drop (i64.div_s (i64.const 1) (local.get 2))))
            (func $middle (param i32 i32) (call $compiled (local.get 0) (local.get 1)))
            (func (export "catch") (param i32 i32) (result i32)
              (i32.const 1000)
              (block (result i32)
                (try_table (catch $t 0) (call $middle (local.get 0) (local.get 1)))
                (i32.const -1))
              (i32.add))
            (func (export "leave") (param i32 i32) (call $middle (local.get 0) (local.get 1))))
          """))
    #expect(try callI32(instance, "catch", .i32(42), .i32(1)) == 1042)
    #expect(try callI32(instance, "catch", .i32(43), .i32(0)) == 1043)
    #expect(throws: HostError.self) { try instance.function("catch").call([.i32(0), .i32(0)]) }
    #expect(throws: HostError.self) { try instance.function("leave").call([.i32(0), .i32(0)]) }
    #expect(throws: UncaughtException.self) { try instance.function("leave").call([.i32(5), .i32(0)]) }
    #expect(throws: UncaughtException.self) { try instance.function("leave").call([.i32(5), .i32(1)]) }
    #expect(try callI32(instance, "catch", .i32(44), .i32(0)) == 1044)
  }
}
