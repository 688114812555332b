import Testing
import WasmEngine

@Suite struct MeteringTests {
  private static let loop = """
    (module (func (export "run") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    """

  @Test func fuelIsOneUnitForEachInstruction() throws {
    let store = Store(makeEngine { $0.metersFuel = true })
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
    let store = Store(
      makeEngine {
        $0.metersFuel = true
        $0.tier = tier
      })
    let instance = try store.load(Self.loop)
    try store.setFuel(100)
    #expect(trapKind { _ = try instance.function("run").call([.i32(0)]) } == .outOfFuel)
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
      store.setDeadline(after: .milliseconds(5))
      #expect(trapKind { _ = try instance.function(name).call([]) } == .deadlineExceeded)
    }
    store.setDeadline(after: .milliseconds(5))
    #expect(trapKind { _ = try instance.function("table").call([.i32(0)]) } == .deadlineExceeded)
  }
}
