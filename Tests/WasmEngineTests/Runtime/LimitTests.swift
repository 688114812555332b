import Synchronization
import Testing

@testable import WasmEngine

@Suite struct LimitTests {
  static let loops = #"""
    (module $program
      (memory (export "m") 1)
      (func (export "loop") (loop $l (br $l)))
      (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
          (else (i32.const 0))))
      (func $forever (export "forever") (call $forever))
      (func $outer (export "outer") (call $inner (i32.const 65530)))
      (func $inner (param i32) (i64.store offset=4 (local.get 0) (i64.const 1)))
      (func (export "count") (param i32) (result i32)
        (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))
        (i32.const 7)))
    """#

  @Test func deepRecursionIsATrap() throws {
    let instance = try Store().load(Self.loops)
    #expect(try callI32(instance, "deep", .i32(1000)) == 1000)
    #expect(trapKind { try instance.function("forever")() } == .callStackExhausted)
    #expect(trapKind { _ = try callI32(instance, "deep", .i32(-1)) } == .callStackExhausted)
    #expect(try callI32(instance, "deep", .i32(1000)) == 1000)
  }

  @Test func deepRecursionOnASmallThreadIsATrap() {
    let outcomes = Mutex<[Trap.Kind?]>([])
    Threads.run(stackSize: 512 << 10) {
      let store = Store()
      let linker = Linker(store)
      do {
        try linker.define("env", "back") { (caller: borrowing Caller) throws in
          _ = try caller.instance?.function("go").call()
        }
        let plain = try store.load(Self.loops)
        let mutual = try linker.instantiate(
          store.engine.compile(
            text: #"(module (import "env" "back" (func $b)) (func (export "go") (call $b)))"#))
        let first = trapKind { try plain.function("forever")() }
        let second = trapKind { try mutual.function("go")() }
        let third = trapKind { try mutual.function("go")() }
        outcomes.withLock { $0 = [first, second, third] }
      } catch {
        Issue.record(error)
      }
    }
    #expect(outcomes.withLock { $0 } == [.callStackExhausted, .callStackExhausted, .callStackExhausted])
  }

  @Test func anotherThreadInterrupts() throws {
    let store = Store()
    let instance = try store.load(Self.loops)
    let handle = store.interruptHandle
    let thread = Threads.start { handle.interrupt() }
    #expect(thread != nil)
    #expect(trapKind { try instance.function("loop")() } == .interrupted)
    // It holds for one execution.
    #expect(try callI32(instance, "deep", .i32(10)) == 10)
    handle.interrupt()
    #expect(trapKind { try instance.function("loop")() } == .interrupted)
  }

  @Test func deadlines() throws {
    let store = Store()
    let instance = try store.load(Self.loops)
    try store.setDeadline(after: .milliseconds(20))
    #expect(trapKind { try instance.function("loop")() } == .deadlineExceeded)
    #expect(trapKind { try instance.function("loop")() } == .deadlineExceeded)
    store.removeDeadline()
    #expect(try callI32(instance, "deep", .i32(10)) == 10)
    try store.setDeadline(.now)
    #expect(trapKind { try instance.function("loop")() } == .deadlineExceeded)
    try store.setDeadline(after: .seconds(1000))
    #expect(try callI32(instance, "deep", .i32(10)) == 10)
  }

  @Test func fuelRunsOut() throws {
    let store = Store(makeEngine { $0.metersFuel = true })
    let instance = try store.load(Self.loops)
    #expect(store.fuel == 0)
    #expect(trapKind { _ = try callI32(instance, "count", .i32(10)) } == .outOfFuel)
    try store.setFuel(10_000)
    #expect(try callI32(instance, "count", .i32(10)) == 7)
    let used = try 10_000 - #require(store.fuel)
    #expect(used > 50 && used < 200)
    #expect(trapKind { try instance.function("loop")() } == .outOfFuel)
  }

  @Test func trapsTellWhereAndWhat() throws {
    let instance = try Store().load(Self.loops)
    let trap = #expect(throws: Trap.self) { try instance.function("outer")() }
    #expect(trap?.memoryFault == Trap.MemoryFault(memoryIndex: 0, address: 65534, length: 8))
    #expect(trap?.backtrace.map(\.name) == ["inner", "outer"])
    #expect(trap?.backtrace.first?.module == "program")
    #expect(trap?.backtrace.allSatisfy { $0.offset > 8 } == true)
    #expect(trap?.description.contains("program!inner") == true)
  }

  @Test func callsAfterATrapWork() throws {
    let instance = try Store().load(Self.loops)
    for _ in 0..<100 {
      #expect(trapKind { try instance.function("outer")() } == .outOfBoundsMemoryAccess)
      #expect(try callI32(instance, "deep", .i32(5)) == 5)
    }
  }

  @Test func limiterMayCallTheGuestWhileItGrows() throws {
    let store = Store()
    let instance = try store.load(
      #"""
      (module (memory (export "m") 1)
        (func (export "deep") (param i32) (result i32) (local i64 i64 i64)
          (local.set 1 (i64.const -1)) (local.set 2 (i64.const -1)) (local.set 3 (i64.const -1))
          (i32.add (local.get 0) (i32.const 1)))
        (func (export "grow") (param i32) (result i32) (local i32 i32)
          (local.set 1 (i32.const 5)) (local.set 2 (i32.const 6))
          (i32.add (i32.mul (memory.grow (local.get 0)) (i32.const 100))
            (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2)))))
      """#)
    store.limiter = { _ in (try? callI32(instance, "deep", .i32(1))) == 2 }
    #expect(try callI32(instance, "grow", .i32(1)) == 156)
    store.limiter = { _ in false }
    #expect(try callI32(instance, "grow", .i32(1)) == -44)
  }

  @Test func manyThreadsShareACompiledModule() throws {
    let engine = makeEngine()
    let module = try engine.compile(text: Self.loops)
    let sum = Mutex(0)
    Threads.forEach(8, threads: 4) { index in
      guard let instance = try? Store(engine).instantiate(module),
        let value = try? callI32(instance, "deep", .i32(Int32(index)))
      else { return }
      sum.withLock { $0 += Int(value) }
    }
    #expect(sum.withLock { $0 } == 28)
  }
}
