import Testing
import WasmEngine

private struct HostError: Error, Equatable {
  var code: Int
}

@Suite struct HostFunctionTests {
  let store = Store()
  var linker: Linker { Linker(store) }

  @Test func typedFunctions() throws {
    let instance = try store.load(
      #"""
      (module
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
        (func (export "wide") (param i64 v128 f32) (result v128 i64 f32) (local.get 1) (local.get 0) (local.get 2))
        (func (export "same") (param funcref externref) (result externref funcref) (local.get 1) (local.get 0))
        (func (export "none")))
      """#)
    let add = try instance.function("add", as: (Int32, Int32).self, returning: Int32.self)
    let sum = try add(40, 2)
    let wrapped = try add(.max, 1)
    #expect(sum == 42 && wrapped == .min)
    let unsigned = try instance.function("add", as: (UInt32, UInt32).self, returning: UInt32.self)
    let carried = try unsigned(.max, 2)
    #expect(carried == 1)
    let swap = try instance.function("swap", as: (Int32, Double).self, returning: (Double, Int32).self)
    let swapped = try swap(-1, 2.5)
    #expect(swapped.0 == 2.5 && swapped.1 == -1)
    let wide = try instance.function("wide", as: (Int64, V128, Float).self, returning: (V128, Int64, Float).self)
    let (vector, long, float) = try wide(-9, V128(low: 1, high: 2), 0.5)
    #expect(vector == V128(low: 1, high: 2) && long == -9 && float == 0.5)
    let same = try instance.function(
      "same", as: (Function?, ExternReference?).self, returning: (ExternReference?, Function?).self)
    let results = try same(instance.function("none"), try ExternReference("me", in: store))
    #expect(results.0?.value as? String == "me")
    #expect(try results.1 == instance.function("none"))
    let nulls = try same(nil, nil)
    #expect(nulls.0 == nil && nulls.1 == nil)
    let none = try instance.function("none", as: Void.self)
    try none()
  }

  @Test func closuresOfAllKinds() throws {
    let linker = linker
    var log: [Int32] = []
    try linker.define("env", "log") { (_: borrowing Caller, x: Int32) in log.append(x) }
    try linker.define("env", "twice") { (_: borrowing Caller, x: Int64) -> Int64 in x * 2 }
    try linker.define("env", "split") { (_: borrowing Caller, x: Double) -> (Int32, Float) in (Int32(x), Float(x)) }
    try linker.define("env", "flip") { (_: borrowing Caller, x: V128) -> V128 in V128(low: x.high, high: x.low) }
    try linker.define("env", "sum", type: FunctionType(parameters: [.i32, .i32, .i32], results: [.i32])) { _, values in
      var sum: Int32 = 0
      for case .i32(let value) in values { sum += value }
      return [.i32(sum)]
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module
            (import "env" "log" (func $log (param i32)))
            (import "env" "twice" (func $twice (param i64) (result i64)))
            (import "env" "split" (func $split (param f64) (result i32 f32)))
            (import "env" "flip" (func $flip (param v128) (result v128)))
            (import "env" "sum" (func $sum (param i32 i32 i32) (result i32)))
            (func (export "go") (result i64 i32 f32 v128)
              (call $log (i32.const 5))
              (call $log (call $sum (i32.const 1) (i32.const 2) (i32.const 3)))
              (call $twice (i64.const 21))
              (call $split (f64.const 3.5))
              (call $flip (v128.const i64x2 7 8))))
          """#))
    let go = try instance.function("go", as: Void.self, returning: (Int64, Int32, Float, V128).self)
    let (a, b, c, d) = try go()
    #expect(a == 42 && b == 3 && c == 3.5 && d == V128(low: 8, high: 7))
    #expect(log == [5, 6])
  }

  @Test func errorsReachTheOuterCallerUnchanged() throws {
    let linker = linker
    try linker.define("env", "fail") { (_: borrowing Caller, code: Int32) in throw HostError(code: Int(code)) }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "fail" (func $fail (param i32)))
            (func $inner (param i32) (call $fail (local.get 0)))
            (func (export "go") (param i32) (block (try_table (catch_all 0) (call $inner (local.get 0))))))
          """#))
    let go = try instance.function("go", as: Int32.self)
    #expect(throws: HostError(code: 7)) { try go(7) }
    #expect(throws: HostError(code: 8)) { try go(8) }
  }

  @Test func callsGoBackAndForth() throws {
    let linker = linker
    var depth = 0
    try linker.define("env", "down") { (caller: borrowing Caller, n: Int32) throws -> Int32 in
      depth += 1
      guard let instance = caller.instance else { return -1 }
      return try instance.function("go", as: Int32.self, returning: Int32.self)(n - 1) + 1
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "down" (func $down (param i32) (result i32)))
            (func (export "go") (param i32) (result i32) (local i32)
              (local.set 1 (i32.const 100))
              (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
              (i32.add (call $down (local.get 0)) (i32.sub (local.get 1) (i32.const 100)))))
          """#))
    let go = try instance.function("go", as: Int32.self, returning: Int32.self)
    let twenty = try go(20)
    #expect(twenty == 20 && depth == 20)
    // Without end, it ends in a trap of the guest before the host's stack does.
    #expect(trapKind { _ = try go(-1) } == .callStackExhausted)
    let three = try go(3)
    #expect(three == 3)
  }

  @Test func callersMemories() throws {
    let linker = linker
    try linker.define("env", "read") { (caller: borrowing Caller, address: Int32) throws -> Int32 in
      let first = try caller.memory("m").load(UInt8.self, at: UInt64(UInt32(bitPattern: address)))
      guard let other = caller.memory(at: 1), caller.memory(at: 2) == nil else { return -1 }
      let second = try other.load(UInt8.self, at: UInt64(UInt32(bitPattern: address)))
      return Int32(first) * 256 + Int32(second)
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "read" (func $read (param i32) (result i32)))
            (memory (export "m") 1) (memory 1)
            (data (memory 0) (i32.const 9) "\01") (data (memory 1) (i32.const 9) "\02")
            (func (export "go") (param i32) (result i32) (call $read (local.get 0))))
          """#))
    #expect(try callI32(instance, "go", .i32(9)) == 258)
    #expect(throws: UsageError.memoryBounds(address: 0xFFFF_FFFF, length: 1, byteCount: 65536)) {
      _ = try callI32(instance, "go", .i32(-1))
    }
  }

  @Test func aFunctionRunsOnItsOwnInstancesMemory() throws {
    let linker = linker
    let text = #"""
      (module (memory (export "m") 1) (data (i32.const 0) "\07")
        (func (export "peek") (result i32) (i32.load8_u (i32.const 0))))
      """#
    let callee = try linker.instantiate(store.engine.compile(text: text))
    try linker.define(callee, as: "callee")
    let caller = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "callee" "peek" (func $peek (result i32))) (memory 1) (data (i32.const 0) "\09")
            (func (export "go") (result i32) (i32.add (call $peek) (i32.load8_u (i32.const 0)))))
          """#))
    #expect(try callI32(caller, "go") == 16)
  }

  @Test func exceptionsOfTheGuest() throws {
    let linker = linker
    let tag = try Tag(in: store, payload: [.i32, .v128, .externalReference])
    try linker.define("env", "x", .tag(tag))
    let reference = try ExternReference("payload", in: store)
    try linker.define("env", "raise") { (_: borrowing Caller, n: Int32) in
      throw try UncaughtException(
        tag: tag, payload: [.i32(n), .v128(V128(low: 3, high: 4)), .externref(reference)])
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module
            (import "env" "x" (tag $x (param i32 v128 externref)))
            (import "env" "raise" (func $raise (param i32)))
            (func (export "uncaught") (param i32)
              (throw $x (local.get 0) (v128.const i64x2 1 2) (ref.null extern)))
            (func (export "through") (param i32) (call $raise (local.get 0)))
            (func (export "caught") (param i32) (result i32)
              (block $h (result i32 v128 externref)
                (try_table (catch $x $h) (call $raise (local.get 0)))
                (return (i32.const -1)))
              (drop) (drop))
            (func (export "again") (param exnref) (throw_ref (local.get 0)))
            (func (export "hold") (param i32) (result exnref)
              (block $h (result exnref) (try_table (catch_all_ref $h) (call $raise (local.get 0))) (unreachable))))
          """#))
    let uncaught = #expect(throws: UncaughtException.self) { try instance.function("uncaught")(.i32(5)) }
    #expect(uncaught?.tag == tag)
    guard case .i32(5) = uncaught?.payload[0], case .v128(V128(low: 1, high: 2)) = uncaught?.payload[1],
      case .externref(nil) = uncaught?.payload[2]
    else { return #expect(Bool(false)) }
    let through = #expect(throws: UncaughtException.self) { try instance.function("through")(.i32(6)) }
    guard case .externref(let same?) = through?.payload[2] else { return #expect(Bool(false)) }
    #expect(same.value as? String == "payload")
    #expect(try callI32(instance, "caught", .i32(77)) == 77)
    let held = try instance.function("hold")(.i32(8))[0]
    let again = #expect(throws: UncaughtException.self) { try instance.function("again")(held) }
    guard case .i32(8) = again?.payload[0] else { return #expect(Bool(false)) }
    for _ in 0..<10_000 { _ = try instance.function("caught")(.i32(1)) }
  }

  @Test func tablesAndGlobalsOfTheHost() throws {
    let linker = linker
    let table = try Table(
      in: store, type: TableType(element: .function, limits: Limits(minimum: 1)), filledWith: .funcref(nil))
    let global = try Global(in: store, type: GlobalType(value: .i64, isMutable: true), value: .i64(5))
    try linker.define("env", "t", .table(table))
    try linker.define("env", "g", .global(global))
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "t" (table 1 funcref)) (import "env" "g" (global $g (mut i64)))
            (type $f (func (param i32) (result i32)))
            (func (export "go") (param i32) (result i32)
              (global.set $g (i64.add (global.get $g) (i64.const 1)))
              (call_indirect (type $f) (i32.const 41) (local.get 0))))
          """#))
    let null = #expect(throws: Trap.self) { try callI32(instance, "go", .i32(0)) }
    #expect(null?.kind == .uninitializedElement)
    #expect(null?.message == "uninitialized element 0")
    try table.grow(
      by: 3, filledWith: .funcref(Function(in: store) { (_: borrowing Caller, x: Int32) -> Int32 in x + 1 }))
    #expect(try callI32(instance, "go", .i32(3)) == 42)
    #expect(trapKind { _ = try callI32(instance, "go", .i32(4)) } == .undefinedElement)
    try table.set(0, .funcref(Function(in: store) { (_: borrowing Caller) in }))
    #expect(trapKind { _ = try callI32(instance, "go", .i32(0)) } == .indirectCallTypeMismatch)
    guard case .i64(9) = global.value else { return #expect(Bool(false)) }
  }
}
