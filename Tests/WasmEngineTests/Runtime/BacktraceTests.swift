import Testing

@testable import WasmEngine

/// A trap is reported with the same kind, access, functions and offsets by both tiers.
@Suite struct BacktraceTests {
  static let program = #"""
    (module $program
      (import "env" "back" (func $back (param i32)))
      (memory $a 1 2) (memory $b 1) (memory $c i64 1) (memory $d 3 (pagesize 1))
      (table $t 2 funcref) (elem (i32.const 0) func $leaf)
      (type $nothing (func)) (type $number (func (result i32)))
      (func $leaf (result i32) (i32.const 1))
      ;; The cases, by number.
      (func $case (param i32 i32) (result i32)
        (block (block (block (block (block (block (block (block (block (block (block (block (block (block (block
          (br_table 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 (local.get 0)))
          (unreachable))
          (return (i32.div_s (i32.const 5) (local.get 1))))
          (return (i32.div_s (i32.const 0x80000000) (i32.sub (local.get 1) (i32.const 1)))))
          (return (i32.trunc_f32_s (f32.div (f32.const 1) (f32.convert_i32_s (local.get 1))))))
          (return (i32.load $a (i32.const 65533))))
          (return (i32.add (i32.const 3) (i32.load8_s $b offset=70000 (local.get 1)))))
          (i64.store $a offset=0x7fff0000 (local.get 1) (i64.const 7)))
          (return (i32.load16_u $c offset=65535 (i64.extend_i32_u (local.get 1)))))
          (return (i32.load $d (local.get 1))))
          (memory.fill $b (i32.const 65000) (local.get 1) (i32.const 1000)))
          (return (call_indirect $t (type $number) (i32.add (local.get 1) (i32.const 1)))))
          (call_indirect $t (type $nothing) (local.get 1)))
          (return (call_indirect $t (type $number) (i32.const 2))))
          (drop (table.get $t (i32.const 3))))
        (i32.add (i32.load $a (i32.sub (local.get 1) (i32.const 1))) (i32.load $b (i32.sub (local.get 1) (i32.const 2)))))
      (func $middle (param i32 i32) (result i32)
        (i32.add (i32.const 1) (call $case (local.get 0) (local.get 1))))
      (func (export "run") (param i32) (result i32)
        (call $middle (local.get 0) (i32.const 0)) (i32.const 3) (i32.add))
      ;; Through the host, and through functions that are interpreted.
      (func $four (param i32) (result i32 i32 i32 i32)
        (call $back (local.get 0)) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (func $interpreted (param i32) (call $four (local.get 0)) (drop) (drop) (drop) (drop))
      (func $compiled (param i32) (call $interpreted (local.get 0)))
      (func $outer (export "outer") (param i32)
        (if (i32.eqz (local.get 0)) (then (drop (call $middle (i32.const 5) (i32.const 0)))))
        (call $compiled (i32.sub (local.get 0) (i32.const 1))))
      (func $deep (export "deep") (param i64) (call $deep (i64.add (local.get 0) (i64.const 1))) (drop (i32.load (i32.const 0)))))
    """#

  final class Box { var instance: Instance? }

  private func load(_ tier: ExecutionTier, _ bounds: MemoryPolicy.Bounds, guardPages: Bool = true) throws -> Instance {
    let store = Store(
      makeEngine(bounds: bounds) {
        $0.tier = tier
        $0.usesGuardPages = guardPages
      })
    let linker = Linker(store)
    try linker.define("env", "back") { (caller: borrowing Caller, count: Int32) throws in
      _ = try caller.instance?.function("outer").call([.i32(count)])
    }
    let module = try store.engine.compile(text: Self.program)
    // $four and $interpreted
    module.machine?.leftToInterpreter.withLock { $0 = [4, 5] }
    return try linker.instantiate(module)
  }

  private func trap(_ instance: Instance, _ name: String, _ argument: Value) throws -> Trap {
    do {
      _ = try instance.function(name).call([argument])
    } catch let trap as Trap {
      return trap
    }
    Issue.record("no trap")
    return Trap(kind: .unreachable)
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases, [true, false])
  func everyKindOfTrapIsTheSame(bounds: MemoryPolicy.Bounds, guardPages: Bool) throws {
    let interpreted = try load(.interpreter, bounds)
    let compiled = try load(.compiler, bounds, guardPages: guardPages)
    for number in Int32(0)..<15 {
      let expected = try trap(interpreted, "run", .i32(number))
      let actual = try trap(compiled, "run", .i32(number))
      #expect(actual == expected, "case \(number)")
      #expect(expected.backtrace.map(\.function) == [2, 3, 4], "case \(number)")
    }
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func throughHostFunctionsAndBothTiers(bounds: MemoryPolicy.Bounds) throws {
    let expected = try trap(load(.interpreter, bounds), "outer", .i32(2))
    let actual = try trap(load(.compiler, bounds), "outer", .i32(2))
    #expect(actual == expected)
    #expect(actual.backtrace.map(\.function) == [2, 3, 8, 5, 6, 7, 8, 5, 6, 7, 8])
    #expect(actual.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: 70000, length: 1))
  }

  @Test func ofAStackThatIsExhausted() throws {
    let expected = try trap(load(.interpreter, .guarded), "deep", .i64(0))
    let actual = try trap(load(.compiler, .guarded), "deep", .i64(0))
    #expect(actual == expected)
    #expect(actual.backtrace.count == 64)
  }

  @Test func afterATrapTheNextOneIsReportedAnew() throws {
    let instance = try load(.compiler, .guarded)
    _ = try trap(instance, "outer", .i32(2))
    #expect(try trap(instance, "run", .i32(0)).backtrace.map(\.function) == [2, 3, 4])
    #expect(try trap(instance, "outer", .i32(0)).backtrace.map(\.function) == [2, 3, 8])
  }
}
