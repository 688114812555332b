import Testing
import WebAssembly

@testable import WasmEngine

/// Which loops do without a look at the interrupt word.
struct CountedLoopTests {
  /// The looks at the interrupt word that are left of a function with these instructions in a loop.
  private func checks(_ body: String, start: String = "(i32.const 0)") throws -> Int {
    let stages = try CompilerStages(
      text: """
        (module
          (memory 1)
          (func (param $n i32) (local $i i32)
            (local.set $i \(start))
            (loop $l \(body))))
        """)
    let ir = try #require(stages.stages(0).last { $0.name == Pipeline.stages.last }).ir
    return ir.blocks.reduce(0) { sum, block in
      sum + ir.instructions(of: block).count { ir[$0].operation == .interruptCheck }
    }
  }

  private let store = "(i32.store (local.get $i) (local.get $n))"
  private func step(_ by: Int) -> String { "(local.tee $i (i32.add (local.get $i) (i32.const \(by))))" }

  @Test func shortCountsNeedNoLook() throws {
    #expect(try checks(store + "(br_if $l (i32.lt_u \(step(4)) (i32.const 16384)))") == 0)
    #expect(try checks(store + "(br_if $l (i32.ne \(step(1)) (i32.const 64)))") == 0)
    #expect(try checks(store + "(br_if $l \(step(-1)))", start: "(i32.const 1000)") == 0)
    #expect(try checks(store + "(br_if $l (i32.ge_s \(step(-1)) (i32.const 0)))", start: "(i32.const 63)") == 0)
    // The counter of this round, and the end by the other way of the branch.
    #expect(
      try checks(store + "(br_if $l (i32.lt_u (local.get $i) (i32.const 100) (drop \(step(1)))))") == 0)
    #expect(try checks("(br_if $l (i32.eqz (i32.ge_u \(step(1)) (i32.const 10))))") == 0)
    // A loop that looks at its counter first.
    let end = "(i32.gt_u (local.get $i) (i32.const 10))"
    #expect(try checks("(br_if 1 \(end)) (drop \(step(1))) (br $l)") == 0)
    #expect(try checks("(if \(end) (then (return))) (drop \(step(1))) (br $l)") == 0)
  }

  @Test func otherLoopsLook() throws {
    // Endless, too long, an end or a beginning that is not known, a step that misses the end.
    #expect(try checks("(br $l)") == 1)
    #expect(try checks(store + "(br_if $l (i32.lt_u \(step(1)) (i32.const 2000000)))") == 1)
    #expect(try checks(store + "(br_if $l (i32.lt_u \(step(1)) (local.get $n)))") == 1)
    #expect(try checks(store + "(br_if $l (i32.ne \(step(1)) (i32.const 64)))", start: "(local.get $n)") == 1)
    #expect(try checks(store + "(br_if $l (i32.ne \(step(3)) (i32.const 64)))") == 1)
    #expect(try checks(store + "(br_if $l (i32.lt_s \(step(-1)) (i32.const 64)))") == 1)
    // A counter that is something else as well.
    #expect(
      try checks(
        """
        \(store)
        (if (i32.load (local.get $i)) (then (local.set $i (local.get $n))))
        (br_if $l (i32.lt_u \(step(1)) (i32.const 64)))
        """) == 1)
    // A way on that does not pass by the end's comparison.
    #expect(
      try checks("(if (local.get $n) (then (br_if 2 (i32.gt_u \(step(1)) (i32.const 10))))) (br $l)") == 1)
    // Two back edges, of which one begins anew.
    #expect(
      try checks(
        """
        (br_if $l (i32.lt_u \(step(1)) (i32.const 64)))
        (local.set $i (i32.const 0))
        (br_if $l (local.get $n))
        """) == 2)
  }

  @Test func loopsAroundLoopsAndCallsLook() throws {
    let inner =
      "(loop $m (br_if $m (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 64))))"
    #expect(try checks("(local.set $n (i32.const 0)) \(inner) (br_if $l (i32.lt_u \(step(1)) (i32.const 64)))") == 1)
    #expect(try checks("(call 0 (local.get $n)) (br_if $l (i32.lt_u \(step(1)) (i32.const 64)))") == 1)
    #expect(
      try checks(
        """
        (memory.fill (i32.const 0) (local.get $n) (local.get $n))
        (br_if $l (i32.lt_u \(step(1)) (i32.const 64)))
        """) == 1)
  }

  /// All counters of six bits against their execution.
  @Test func roundsAreWhatCountingGives() {
    let width = 6
    let range: Range<Int64> = 0..<64
    func wrapped(_ value: Int64) -> Int64 { value & 63 }
    func signed(_ value: Int64) -> Int64 { value < 32 ? value : value - 64 }
    func executed(_ start: Int64, _ step: Int64, _ holds: (Int64) -> Bool, next: Bool) -> UInt64? {
      var value = start
      for round in 1...200 as ClosedRange<UInt64> {
        let following = wrapped(value + step)
        if !holds(next ? following : value) { return round }
        value = following
      }
      return nil
    }
    var found = 0
    for condition in IRCondition.allCases {
      for start in range {
        for step in [1, 3, 4, 31, 63, 62, 57, 32] as [Int64] {
          for bound in [0, 1, 2, 5, 31, 32, 33, 40, 62, 63] as [Int64] {
            for next in [false, true] {
              let rounds = Counter(start: start, step: step, width: width).rounds(
                while: condition, bound, comparingNext: next)
              guard let rounds else { continue }
              found += 1
              // Values extended by their sign keep the unsigned order too.
              let holds = { (value: Int64) in condition.holds(signed(value), signed(bound), is64: true) }
              let counted = executed(start, step, holds, next: next)
              #expect(counted == rounds, "\(condition) \(start) \(step) \(bound) \(next)")
            }
          }
        }
      }
    }
    #expect(found > 5000)
  }
}
