import Testing

@testable import WasmEngine

/// Calls between the host and functions of few words, which are in registers on both sides of machine code.
@Suite struct WordCallTests {
  static let tiers: [ExecutionTier] = [.compiler, .interpreter]

  private struct Refused: Error, Equatable { var code: Int32 }

  /// What the host can call once it is there.
  private final class Box {
    var go: TypedFunction<Int32, Int32>?
  }

  @Test(arguments: tiers)
  func everyPlaceOfEveryType(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    try linker.define("h", "mix") { (_: borrowing Caller, a: Float, b: Int64, c: Double, d: Int32) -> Double in
      Double(a) + Double(b) * 10 + c * 100 + Double(d) * 1000
    }
    try linker.define("h", "order") { (_: borrowing Caller, a: Int32, b: Int32, c: Int32, d: Int32) -> Int32 in
      a + 10 * b + 100 * c + 1000 * d
    }
    try linker.define("h", "half") { (_: borrowing Caller, a: Float) -> Float in a / 2 }
    try linker.define("h", "floats") { (_: borrowing Caller, a: Double, b: Float, c: Double, d: Float) -> Int64 in
      Int64(a) + 10 * Int64(b) + 100 * Int64(c) + 1000 * Int64(d)
    }
    try linker.define("h", "same") { (_: borrowing Caller, a: Function?) -> Function? in a }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module
            (import "h" "mix" (func $mix (param f32 i64 f64 i32) (result f64)))
            (import "h" "order" (func $order (param i32 i32 i32 i32) (result i32)))
            (import "h" "half" (func $half (param f32) (result f32)))
            (import "h" "floats" (func $floats (param f64 f32 f64 f32) (result i64)))
            (import "h" "same" (func $same (param funcref) (result funcref)))
            (func (export "mix") (param f32 i64 f64 i32) (result f64)
              (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
            (func (export "order") (param i32 i32 i32 i32) (result i32)
              (call $order (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
            (func (export "half") (param f32) (result f32) (call $half (call $half (local.get 0))))
            (func (export "floats") (param f64 f32 f64 f32) (result i64)
              (call $floats (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
            (func (export "same") (param funcref) (result funcref) (call $same (local.get 0)))
            (func (export "clean") (param i32) (result i64)
              (i64.extend_i32_u (call $order (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
          """))
    let mix = try instance.function("mix", as: (Float, Int64, Double, Int32).self, returning: Double.self)
    #expect(try mix(0.5, -2, 3.25, -4) == 0.5 - 20 + 325 - 4000)
    let order = try instance.function("order", as: (Int32, Int32, Int32, Int32).self, returning: Int32.self)
    #expect(try order(1, 2, 3, 4) == 4321)
    let half = try instance.function("half", as: Float.self, returning: Float.self)
    #expect(try half(-5) == -1.25)
    let floats = try instance.function("floats", as: (Double, Float, Double, Float).self, returning: Int64.self)
    #expect(try floats(1, 2, 3, 4) == 4321)
    let same = try instance.function("same", as: (Function?).self, returning: (Function?).self)
    #expect(try same(order.function) == order.function)
    #expect(try same(nil) == nil)
    // The upper half of an i32 is clear.
    let clean = try instance.function("clean", as: Int32.self, returning: Int64.self)
    #expect(try clean(-1) == 0xFFFF_FFFF)
    // The same functions by values that are known only at run time, and by the host itself.
    let untyped = try instance.function("mix").call([.f32(1), .i64(1), .f64(1), .i32(1)])
    #expect(untyped.map(\.description) == ["f64:1111.0"])
    let direct = Function(in: store) { (_: borrowing Caller, a: Int32, b: Int64) -> Int64 in Int64(a) - b }
    #expect(try direct.call([.i32(-1), .i64(5)]).map(\.description) == ["i64:-6"])
    #expect(try direct.typed(as: (Int32, Int64).self, returning: Int64.self)(7, 8) == -1)
  }

  @Test(arguments: tiers)
  func whatDoesNotComplete(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    let box = Box()
    let tag = try WasmEngine.Tag(in: store, payload: [.i32])
    try linker.define("h", "tag", .tag(tag))
    try linker.define("h", "step") { (_: borrowing Caller, x: Int32) throws -> Int32 in
      switch x {
      case 1: throw Refused(code: x)
      case 2: throw try UncaughtException(tag: tag, payload: [.i32(20)])
      case 3: return try box.go?(4) ?? 0
      case 4: throw Trap(kind: .integerOverflow)
      case 5:
        // What goes wrong further in, and is taken care of, is over.
        #expect(throws: Refused(code: 1)) { try box.go?(1) }
        #expect(trapKind { _ = try box.go?(0) } == .unreachable)
        return 50
      case 6:
        store.interruptHandle.interrupt()
        return 60
      case 7: return try (box.go?(7) ?? 0) + 1
      default: return x
      }
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module
            (import "h" "tag" (tag $tag (param i32)))
            (import "h" "step" (func $step (param i32) (result i32)))
            (func $inner (param i32) (result i32)
              (if (i32.eqz (local.get 0)) (then (unreachable)))
              (call $step (local.get 0)))
            (func (export "go") (param i32) (result i32)
              (block $caught (result i32)
                (try_table (result i32) (catch $tag $caught) (call $inner (local.get 0))))))
          """))
    let go = try instance.function("go", as: Int32.self, returning: Int32.self)
    box.go = go
    for _ in 0..<3 {
      #expect(throws: Refused(code: 1)) { try go(1) }
      #expect(try go(2) == 20)
      #expect(throws: Trap.self) { try go(3) }
      #expect(try go(5) == 50)
      #expect(trapKind { _ = try go(6) } == .interrupted)
      #expect(try go(9) == 9)
      #expect(trapKind { _ = try go(7) } == .callStackExhausted)
    }
    do {
      _ = try go(0)
      Issue.record("it is to trap")
    } catch let trap as Trap {
      #expect(trap.backtrace.map(\.function) == [1, 2])
    }
  }

  /// A tail call of the host is the calling instance's, whoever called that.
  @Test(arguments: tiers)
  func theCallerOfATailCall(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    let read = { (caller: borrowing Caller, address: Int32) throws -> Int32 in
      guard let memory = caller.memory(at: 0) else { return -1 }
      return Int32(try memory.load(UInt8.self, at: UInt64(address)))
    }
    try linker.define("h", "read", read)
    // The same over slots.
    try linker.define(
      "h", "slots",
      .function(
        Function(in: store, type: FunctionType(parameters: [.i32], results: [.i32])) { caller, arguments in
          guard case .i32(let address) = arguments[0] else { return [] }
          return [.i32(try read(caller, address))]
        }))
    let inner = try linker.instantiate(
      store.engine.compile(
        text: """
          (module
            (import "h" "read" (func $read (param i32) (result i32)))
            (import "h" "slots" (func $slots (param i32) (result i32)))
            (memory 1) (data (i32.const 0) "inner")
            (func (export "read") (param i32) (result i32) (return_call $read (local.get 0)))
            (func (export "slots") (param i32) (result i32) (return_call $slots (local.get 0))))
          """))
    try linker.define(inner, as: "inner")
    let outer = try linker.instantiate(
      store.engine.compile(
        text: """
          (module
            (import "inner" "read" (func $read (param i32) (result i32)))
            (import "inner" "slots" (func $slots (param i32) (result i32)))
            (memory 1) (data (i32.const 0) "outer")
            (func (export "read") (param i32) (result i32)
              (i32.mul (call $read (local.get 0)) (i32.load8_u (i32.const 0))))
            (func (export "slots") (param i32) (result i32)
              (i32.mul (call $slots (local.get 0)) (i32.load8_u (i32.const 0)))))
          """))
    let expected = Int32(UInt8(ascii: "i")) * Int32(UInt8(ascii: "o"))
    #expect(try outer.function("read", as: Int32.self, returning: Int32.self)(0) == expected)
    #expect(try outer.function("slots", as: Int32.self, returning: Int32.self)(0) == expected)
  }

  /// A host function may go on on another thread's stack while its own waits.
  @Test func onTheStackOfAnotherThread() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let linker = Linker(store)
    let box = Box()
    try linker.define("h", "step") { (_: borrowing Caller, x: Int32) throws -> Int32 in
      guard x > 0 else { return 0 }
      nonisolated(unsafe) var result: Int32 = -1
      nonisolated(unsafe) let go = box.go
      Threads.run(stackSize: 512 << 10) {
        // Deep enough to want this thread's own limit.
        if x == 2 { #expect(trapKind { _ = try go?(-1) } == .callStackExhausted) }
        result = (try? go?(x - 1)) ?? -2
      }
      return result + 1
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module
            (import "h" "step" (func $step (param i32) (result i32)))
            (func $endless (param i32) (result i32) (i32.add (i32.const 1) (call $endless (local.get 0))))
            (func (export "go") (param i32) (result i32)
              (if (i32.lt_s (local.get 0) (i32.const 0)) (then (return (call $endless (local.get 0)))))
              (call $step (local.get 0))))
          """))
    let go = try instance.function("go", as: Int32.self, returning: Int32.self)
    box.go = go
    #expect(try go(5) == 5)
    #expect(trapKind { _ = try go(-1) } == .callStackExhausted)
    #expect(try go(3) == 3)
  }
}
