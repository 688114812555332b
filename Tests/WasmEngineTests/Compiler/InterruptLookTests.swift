import Testing
import WebAssembly

@testable import WasmEngine

/// Where compiled functions look at the interrupt word, so that no path is longer than ``LookBudget`` allows.
struct InterruptLookTests {
  /// What the last pass leaves of a function: its looks, and whether it looks when it is entered.
  private func looks(_ text: String, _ function: Int = 0) throws -> (count: Int, atEntry: Bool?) {
    let stages = try CompilerStages(text: "(module (memory 1) (table 1 funcref) \(text))")
    let ir = try #require(stages.stages(function).last { $0.name == Pipeline.stages.last }).ir
    #expect(IRVerifier.mistakes(in: ir) == [])
    return (Self.count(ir), ir.looksAtEntry)
  }

  private static func count(_ ir: IRFunction) -> Int {
    ir.blocks.reduce(0) { sum, block in
      sum + ir.instructions(of: block).count { ir[$0].operation == .interruptCheck }
    }
  }

  /// A loop of `rounds` rounds of a few instructions.
  private func loop(_ rounds: Int) -> String {
    """
    (local.set $i (i32.const 0))
    (loop $l
      (i32.store (i32.const 8) (local.get $i))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const \(rounds)))))
    """
  }

  private func straight(_ count: Int) -> String {
    String(repeating: "(i32.store (i32.const 8) (i32.mul (i32.load (i32.const 4)) (local.get $i)))", count: count)
  }

  @Test func leavesThatTakeLongLookWhenTheyAreEntered() throws {
    func leaf(_ body: String) throws -> Bool? {
      let found = try looks("(func (local $i i32) \(body))")
      #expect(found.count == 0)
      return found.atEntry
    }
    #expect(try leaf("") == false)
    #expect(try leaf(loop(20)) == false)
    #expect(try leaf(loop(10_000)) == true)
    #expect(try leaf(straight(20)) == false)
    #expect(try leaf(straight(1000)) == true)
    // Divisions count more.
    let divide = "(i32.store (i32.const 8) (i32.div_u (i32.load (i32.const 4)) (i32.load (i32.const 8))))"
    #expect(try leaf(String(repeating: divide, count: 40)) == false)
    #expect(try leaf(String(repeating: divide, count: 80)) == true)
  }

  @Test func aLeafWhoseLoopsLookNeedNotLookWhenItIsEntered() throws {
    let found = try looks(
      """
      (func (param $n i32) (local $i i32)
        (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
      """)
    #expect(found == (1, false))
  }

  @Test func countedLoopsSideBySideAddUp() throws {
    func looks(_ loops: Int) throws -> Int {
      try self.looks("(func (local $i i32) \(String(repeating: loop(60_000), count: loops)))").count
    }
    #expect(try looks(2) == 1)
    // A round takes some five units: three loops or so go by without a look. The way out has one in any case.
    #expect((5...13).contains(try looks(20)))
  }

  @Test func aLoopThatTakesTooLongLooksAtItsBackEdge() throws {
    #expect(try looks("(func (local $i i32) \(loop(1_000_000)))").count == 1)
  }

  /// A loop that lasts about as long as is allowed, whatever is around it, and whatever looks that puts into it.
  @Test(arguments: [0, 1, 20])
  func loopsOfAboutTheLimitAreLookedAt(before: Int) throws {
    for units in 4...9 {
      for distance in -2...2 {
        let loop = loop(LookBudget.inFunction / units + distance)
        _ = try looks("(func (local $i i32) \(straight(before)) \(loop) \(straight(3)))")
        _ = try looks("(func (local $i i32) (block \(loop) (br_if 0 (local.get $i)) \(loop) \(straight(before))))")
      }
    }
  }

  /// Moving what a block takes along is counted where the branch is.
  @Test func blocksThatTakeManyValues() throws {
    let names = (0..<3000).map { "$v\($0)" }
    let sets = names.map { "(local.set \($0) (i32.add (local.get \($0)) (local.get $i)))" }.joined(separator: "\n")
    let sums = names.map { "(local.set $i (i32.xor (local.get $i) (local.get \($0))))" }.joined(separator: "\n")
    let locals = names.map { "(local \($0) i32)" }.joined(separator: " ")
    for rounds in [170_000, 174_000, 174_500, 209_000] {
      let loop = loop(rounds)
      _ = try looks("(func (local $i i32) \(locals) \(loop) (if (local.get $i) (then \(sets))) \(sums))")
    }
  }

  @Test func callsInARowAddUp() throws {
    func looks(_ calls: Int) throws -> Int {
      let text =
        "(func (local $i i32) \(String(repeating: "(call 1)", count: calls))) (func (local $i i32) \(straight(9)))"
      return try self.looks(text).count
    }
    // One call is as good as a look before it; of more, the ones behind the first may be of functions that do not look.
    #expect(try looks(1) == 0)
    #expect(try looks(2) == 1)
    #expect(try looks(40) == 1)
    #expect((16...40).contains(try looks(2000)))
  }

  @Test func wayOutBehindACallIsShortOrLooks() throws {
    func looks(_ rest: String) throws -> Int {
      try self.looks("(func $f (local $i i32) (call $g) \(rest)) (func $g (call $f))").count
    }
    #expect(try looks("(i32.store (i32.const 8) (i32.const 8))") == 0)
    #expect(try looks(straight(20)) == 1)
    #expect(try looks("(return_call $g)") == 1)
    #expect(try looks("(memory.fill (i32.const 1) (i32.const 2) (i32.const 3))") == 0)
    #expect(try looks("(drop (memory.grow (i32.const 1)))") == 1)
    // A function that calls itself looks when it does.
    let recursive = """
      (func $f (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (call $f (i32.const 1)) (call $f (i32.const 2)))) (else (i32.const 1))))
      """
    #expect(try self.looks(recursive) == (0, true))
  }

  @Test func straightCodeLooksNowAndThen() throws {
    let divide = "(i32.store (i32.const 8) (i32.div_u (i32.load (i32.const 4)) (i32.load (i32.const 8))))"
    #expect((1...4).contains(try looks("(func \(String(repeating: divide, count: 70_000)))").count))
  }

  @Test func tailCallsLookWhenTheyAreEntered() throws {
    #expect(try looks("(func (return_call 0))") == (0, true))
  }

  /// Looks are taken out of what the pass leaves, one after the other.
  @Test func theVerifierMissesEachLook() throws {
    let loops = String(repeating: loop(60_000), count: 20)
    for body in [loops, "(call 0) (call 0) \(straight(9))", String(repeating: "(call 1)", count: 300)] {
      let stages = try CompilerStages(
        text: "(module (memory 1) (func (local $i i32) \(body)) (func (local $i i32) \(straight(9))))")
      let ir = try #require(stages.stages(0).last { $0.name == Pipeline.stages.last }).ir
      #expect(Self.count(ir) > 0)
      for index in ir.blocks.indices {
        for place in Int(ir.blocks[index].first)..<Int(ir.blocks[index].end)
        where ir[ir.order[place]].operation == .interruptCheck {
          var without = ir
          without.removeInstruction(at: place, of: index)
          #expect(IRVerifier.mistakes(in: without).count { $0.contains("look at the interrupt word") } == 1)
        }
      }
      var without = ir
      without.looksAtEntry = false
      #expect(IRVerifier.mistakes(in: without).count == 1)
    }
  }

  @Test func theVerifierMissesTheLooksOfLoops() throws {
    let stages = try CompilerStages(text: "(module (func (loop $l (br $l))))")
    var ir = try #require(stages.stages(0).last { $0.name == Pipeline.stages.last }).ir
    let (index, place) = try #require(
      ir.blocks.indices.lazy.compactMap { index in
        ir.instructions(of: ir.blocks[index]).firstIndex { ir[$0].operation == .interruptCheck }.map { (index, $0) }
      }.first)
    ir.removeInstruction(at: place, of: index)
    #expect(IRVerifier.mistakes(in: ir).count { $0.contains("a loop without a look") } == 1)
  }

  /// The parts of the longest path.
  @Test func theBudgetAddsUp() {
    let unwinding = LookBudget.unwinding * LookBudget.frames
    #expect(
      unwinding + LookBudget.beforeReturn + LookBudget.afterCall + 2 * LookBudget.quiet <= LookBudget.longestPath)
    #expect(LookBudget.inFunction + 2 * LookBudget.quiet <= LookBudget.longestPath)
    #expect(LookBudget.bulkSliceUnits < LookBudget.beforeReturn)
  }
}
