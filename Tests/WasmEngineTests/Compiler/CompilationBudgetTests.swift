import Testing
import WebAssembly

@testable import WasmEngine

/// What a function costs to translate and compile grows with its length and not with the product of two things in it.
@Suite(.enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct CompilationBudgetTests {
  private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  private func sets(_ count: Int) -> String {
    (0..<count).map { "(local.set \($0 + 1) (i32.add (local.get 0) (i32.const \($0))))" }.joined()
  }

  /// A module with a function `f` of one i32 and `locals` further ones.
  private func module(locals: Int, _ body: String, _ others: String = "") -> String {
    """
    (module (func (export "f") (param i32) (result i32) (local \(repeated("i32 ", locals))) \(body)) \(others))
    """
  }

  private func result(_ text: String, _ tier: ExecutionTier, _ argument: Int32) throws -> Int32? {
    let module = try makeEngine { $0.tier = tier }.compile(text: text)
    return try callI32(try Store(module.engine).instantiate(module), "f", .i32(argument))
  }

  private func expectEqual(_ text: String, _ expected: Int32, _ argument: Int32 = 1) throws {
    for tier in ExecutionTier.allCases { #expect(try result(text, tier, argument) == expected) }
  }

  /// All labels of a table that are the same take the locals along once.
  @Test func equalEdgesOfATableShareWhatTheyTakeAlong() throws {
    let locals = 300
    let text = module(
      locals: locals,
      """
      (block $b \(sets(locals)) (br_table \(repeated("$b ", 500)) $b (local.get 0)))
      (i32.add (local.get 7) (local.get \(locals)))
      """)
    let ir = try #require(CompilerStages(text: text).stages(0).first).ir
    #expect(ir.arguments.count < 3 * locals)
    try expectEqual(text, 1 + 6 + 1 + 299)
  }

  @Test func tableWithSeveralLabelsOfBothKinds() throws {
    // Each label once and several times, to ends and to a loop, and a return.
    let text = module(
      locals: 2,
      """
      (loop $l
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (block $a
          (block $b
            (local.set 2 (i32.add (local.get 2) (local.get 0)))
            (br_table $a $l $b $l $b (i32.sub (local.get 1) (i32.const 1))))
          (return (i32.add (i32.mul (local.get 1) (i32.const 1000)) (local.get 2))))
        (local.set 2 (i32.add (local.get 2) (i32.const 100)))
        (br $l))
      (unreachable)
      """)
    try expectEqual(text, 3 * 1000 + 100 + 3)
  }

  @Test func branchesThatTakeTooMuchAlongAreInterpreted() throws {
    let locals = 3000
    let text = module(
      locals: locals,
      """
      (block $b \((0..<3000).map { "(br_if $b (i32.eq (local.get 0) (i32.const \($0 + 5))))" }.joined()) \(sets(locals)))
      (local.get 9)
      """)
    try expectEqual(text, 1 + 8)
    try expectEqual(text, 0, 6)
    let module = try makeEngine { $0.compilation = .eager }.compile(text: text)
    #expect(module.functionsLeftToInterpreter.values.first?.contains("values that branches take along") == true)
  }

  @Test func manyInstructionsInManyLoopsAreInterpreted() throws {
    let text = module(
      locals: 1,
      """
      \(repeated("(loop ", 3000))
      \(repeated("(local.set 1 (i32.add (local.get 1) (i32.mul (local.get 0) (local.get 1))))", 2000))
      \(repeated(")", 3000)) (i32.add (local.get 0) (local.get 1))
      """)
    try expectEqual(text, 1)
    let module = try makeEngine { $0.compilation = .eager }.compile(text: text)
    #expect(module.functionsLeftToInterpreter == [0: "too much for its size: instructions in nested loops"])
  }

  @Test func manyResultsOfManyCallsAreInterpreted() throws {
    let types = repeated("i32 ", 900)
    let others = """
      (func $source (result \(types)) \(repeated("(i32.const 3)", 900)))
      (func $sink (param \(types)) (result i32) (local.get 5))
      """
    let text = module(locals: 0, repeated("(drop (call $sink (call $source)))", 1000) + "(local.get 0)", others)
    try expectEqual(text, 1)
    let module = try makeEngine { $0.compilation = .eager }.compile(text: text)
    #expect(module.functionsLeftToInterpreter == [0: "too much for its size: values"])
  }

  /// What many branches take along does not make much code of the interpreter's either.
  @Test func branchesWithManyValuesAreShortInTheInterpreter() throws {
    let width = 200
    let types = repeated("i32 ", width)
    let labels = (0..<100).map { "\($0) " }.joined()
    let values = (0..<width).map { "(i32.add (local.get 0) (i32.const \($0)))" }.joined()
    // Each block has a value below it, in whose place the others move.
    let text = """
      (module (type $wide (func (result \(types))))
        (func (export "f") (param i32) (result i32)
          \(repeated("(i32.const 9) (block (type $wide) ", 100))
          \(values) (br_table \(labels) (local.get 0))
          \(repeated(") (drop) ", 99)) ) \(repeated("(drop)", width - 1)) (i32.add))
        (func (export "g") (param i32) (result \(types)) \(values)
          \(repeated("(br_if 0 (local.get 0))", 100))))
      """
    for tier in ExecutionTier.allCases {
      let engine = makeEngine { $0.tier = tier }
      let module = try engine.compile(text: text)
      for function in 0..<2 {
        let code = try module.translation.translate(function)
        #expect(code.byteCount < 40 * module.module.bodies[function].range.count)
      }
      let instance = try Store(engine).instantiate(module)
      #expect(try callI32(instance, "f", .i32(99)) == 9 + 99)
      #expect(try callI32(instance, "f", .i32(0)) == 9 + 9)
      let results = try instance.function("g").call([.i32(1)])
      #expect(results.map { "\($0)" } == (0..<width).map { "\(Value.i32(Int32($0 + 1)))" })
    }
  }

  /// The pointers that jump lead to where climbing does.
  @Test func outermostLoopsAreFoundAtOnce() {
    for shape in [0, 1, 2, 7] {
      var function = IRFunction()
      for index in 0..<300 {
        let parent = index == 0 ? -1 : shape == 0 ? index - 1 : max(0, index - 1 - (index * 13) % (shape + 1))
        function.loops.append(
          IRLoop(header: IRBlockID(0), preheader: IRBlockID(0), end: IRBlockID(0), parent: Int32(parent)))
      }
      let nest = LoopNest(function)
      for innermost in stride(from: 0, to: 300, by: 7) {
        for least in stride(from: 0, to: 301, by: 5) {
          var expected: Int?
          var loop = innermost
          while loop >= 0, loop >= least {
            expected = loop
            loop = Int(function.loops[loop].parent)
          }
          var steps = 0
          let found = nest.outermost(from: innermost) { loop in
            steps += 1
            return loop >= least
          }
          #expect(found == expected)
          #expect(steps < 60)
        }
      }
    }
  }
}
