import Testing

@testable import WasmEngine

@Suite struct MeteringTests {
  private static let loop = """
    (module (func (export "run") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    """

  private static func engine(_ tier: ExecutionTier) -> Engine {
    makeEngine {
      $0.metersFuel = true
      $0.tier = tier
    }
  }

  @Test(arguments: ExecutionTier.allCases) func fuelIsOneUnitForEachInstruction(tier: ExecutionTier) throws {
    let store = Store(Self.engine(tier))
    let instance = try store.load(Self.loop)
    try store.setFuel(1000)
    _ = try instance.function("run").call([.i32(10)])
    let first = try #require(store.fuel)
    try store.setFuel(1000)
    _ = try instance.function("run").call([.i32(11)])
    // One round more: local.get, i32.const, i32.sub, local.tee and br_if.
    #expect(first - (try #require(store.fuel)) == 5)
  }

  @Test(arguments: ExecutionTier.allCases) func withoutFuelItTraps(tier: ExecutionTier) throws {
    let store = Store(Self.engine(tier))
    let instance = try store.load(Self.loop)
    try store.setFuel(100)
    #expect(trapKind { _ = try instance.function("run").call([.i32(0)]) } == .outOfFuel)
  }

  /// Blocks of every kind, with ends that are reached and that are not, also by conditions that are constant.
  static let everyBlock = """
    (module (memory 1) (tag $t (param i32)) (tag $never)
      (type $f (func (param i32) (result i32)))
      (table 2 funcref) (elem (i32.const 0) $half $throws) (elem declare func $half)
      (func $half (type $f) (i32.shr_u (local.get 0) (i32.const 1)))
      (func $throws (type $f)
        (if (i32.lt_u (local.get 0) (i32.const 3)) (then (throw $t (local.get 0))))
        (block (nop) (nop))
        (i32.add (local.get 0) (i32.const 3)))
      (func $tail (type $f)
        (if (result i32) (i32.eqz (local.get 0))
          (then (i32.const 7))
          (else (return_call $tail (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "run") (type $f) (local $sum i32) (local $r funcref) (local $e exnref)
        (block $end
          (block $two (block $one (block $zero
            (br_table $zero $one $two $end (i32.and (local.get 0) (i32.const 3)))) (unreachable))
            (local.set $sum (call $half (local.get 0))) (br $end))
          (local.set $sum (call_indirect (type $f) (local.get 0) (i32.const 0)))
          (if (i32.const 0) (then (local.set $sum (i32.const 1))))
          (if (i32.const 1) (then (nop)) (else (local.set $sum (i32.const 2)))))
        (loop $again
          (block $skip (br_if $skip (i32.and (local.get 0) (i32.const 1))) (local.set $sum (i32.add (local.get $sum) (i32.const 5))))
          (br_if $again (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 2))))
        (block $caught (result i32)
          (try_table (catch $t $caught) (local.set $sum (call $throws (i32.rem_u (local.get $sum) (i32.const 7)))))
          (i32.const 1))
        (local.set $sum (i32.add (local.get $sum)))
        (block $all (result exnref)
          (try_table (catch_all_ref $all) (call_ref $f (local.get $sum) (ref.func $half)) (throw $t))
          (unreachable))
        (local.set $e)
        (block $null (br_on_null $null (ref.func $half)) (drop))
        (block (result funcref) (br_on_non_null 0 (local.get $r)) (ref.null func)) (drop)
        (block (br 0)) (block (block (return (call $tail (local.get $sum)))) (unreachable))
        (unreachable)))
    """

  /// What is left after a call, however it ends, is the same in both tiers, and so is where fuel runs out.
  @Test func bothTiersUseTheSame() throws {
    var uses: [ExecutionTier: [String]] = [:]
    for tier in ExecutionTier.allCases {
      let store = Store(Self.engine(tier))
      let instance = try store.load(Self.everyBlock)
      for argument: Int32 in 0..<24 {
        for fuel: Int64 in [10_000, 0, 1, 7, 20, 33, 60, 90, 120] {
          try store.setFuel(fuel)
          let outcome = CompiledExceptionTests.outcome(instance, "run", [.i32(argument)])
          uses[tier, default: []].append("\(argument) with \(fuel): \(try #require(store.fuel)), \(outcome)")
        }
      }
    }
    let expected = uses[.interpreter, default: []]
    for (compiled, interpreted) in zip(uses[.compiler, default: []], expected) { #expect(compiled == interpreted) }
    #expect(Set(expected.map { $0.hasSuffix("]") }).count == 2)
  }

  @Test(arguments: ExecutionTier.allCases) func loopsAndCallsStopAtADeadline(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let instance = try store.load(
      """
      (module
        (func (export "loop") (loop (br 0)))
        (func (export "table") (param i32) (loop (br_table 0 0 (local.get 0))))
        (func $tail (export "tail") (return_call $tail))
        (func (export "tree") (call $tree (i32.const 60)))
        (func $tree (param i32)
          (if (local.get 0)
            (then
              (call $tree (i32.sub (local.get 0) (i32.const 1)))
              (call $tree (i32.sub (local.get 0) (i32.const 1)))))))
      """)
    for name in ["loop", "tail", "tree"] {
      try store.setDeadline(after: .milliseconds(5))
      #expect(trapKind { _ = try instance.function(name).call([]) } == .deadlineExceeded)
    }
    try store.setDeadline(after: .milliseconds(5))
    #expect(trapKind { _ = try instance.function("table").call([.i32(0)]) } == .deadlineExceeded)
  }
}
