import Testing

@testable import WasmEngine

/// The verifier finds what is wrong, and nothing in what is right.
struct IRVerifierTests {
  private func mistakes(_ text: String) throws -> [String] {
    IRVerifier.mistakes(in: try IRParser.parse(text))
  }

  private static let loop = """
    function (i32) -> (i32)
    loop 0 = block1 ..< block3 preheader block0

    block0(v0: i32):
      v1 = constant.i32 1
      jump block1(v0)

    block1(v2: i32) loop 0 depth 1:
      v3 = sub.i32 v2, v1
      branch v3, block2, block3

    block2 loop 0 depth 1:
      jump block1(v3)

    block3:
      return(v2)
    """

  @Test func whatIsRightPasses() throws { #expect(try mistakes(Self.loop) == []) }

  @Test(arguments: [
    ("v3 = sub.i32 v2, v1", "v3 = sub.i64 v2, v1", "v3 = sub.i64 v2, v1: operand 1 is i32, should be i64"),
    ("v3 = sub.i32 v2, v1", "v3 = sub.i32 v2", "v3 = sub.i32 v2: operand 2 is none, should be i32"),
    ("v3 = sub.i32 v2, v1", "v3 = sub.i32 v2, v3", "v3 of block1 does not dominate this use"),
    ("v3 = sub.i32 v2, v1", "v3 = clz.i32 v2, v1", "takes 1 operands"),
    ("v1 = constant.i32 1", "v1 = constant.i32 0x100000000", "upper half not zero"),
    ("v1 = constant.i32 1", "v1 = constant.v128 1", "a constant of another type"),
    ("return(v2)", "return()", "returns other types than the function's"),
    ("return(v2)", "jump block1(v2)", "an edge back to block1, which is not the header of a loop around it"),
    ("jump block1(v3)", "jump block1", "0 values for the 1 parameters of block1"),
    ("jump block1(v3)", "jump block2(v3)", "an edge back to block2"),
    ("branch v3, block2, block3", "branch v3, block2", "1 edges"),
    ("branch v3, block2, block3", "branch v3, block2, block0", "an edge to the entry"),
    ("block2 loop 0 depth 1:", "block2 loop 0 depth 2:", "loop depth 2, should be 1"),
    ("block2 loop 0 depth 1:", "block2 depth 1:", "in loop -1, should be 0"),
    ("preheader block0", "preheader block3", "an edge into loop 0 that is not from its preheader to its header"),
    ("preheader block0", "preheader block2", "a preheader inside its loop"),
    ("  v1 = constant.i32 1\n  jump block1(v0)", "  jump block1(v0)\n  v1 = constant.i32 1", "does not end"),
    ("  v1 = constant.i32 1\n", "  v1 = constant.i32 1\n  trap unreachable\n", "ends the block before its last"),
    ("function (i32)", "function (i64)", "the parameters are not those of the function"),
    ("v1 = constant.i32 1", "v1 = load.i32 unsigned32 memory 0 [v0 + 0]", "the address is no i64"),
    ("v1 = constant.i32 1", "v1 = callRuntime.i64 memoryGrow(v0)", "passes something but up to five i64s"),
    ("v1 = constant.i32 1", "v1 = vector.i32 i32x4.add v0, v0", "makes another type"),
    ("v1 = constant.i32 1", "v1 = result.i32 v0, 1", "not of a call"),
    ("v1 = constant.i32 1", "interruptCheck v0\n  v1 = constant.i32 1", "operand 1 is i32, should be i64"),
  ])
  func mistakesAreFound(old: String, new: String, message: String) throws {
    let text = Self.loop.replacing(old, with: new)
    #expect(text != Self.loop)
    let found = try mistakes(text)
    #expect(found.contains { $0.contains(message) }, "\(found)")
  }

  /// All that throws in a block goes on at one place, so no other call may stand in it.
  @Test func guardedCallsStandAlone() throws {
    func mistakes(_ first: String) throws -> [String] {
      try self.mistakes(
        """
        function (i32) -> ()

        block0(v0: i32):
        \(first)
          call function 0(v0)
          jumpOrCatch block1, block2

        block1:
          return()

        block2:
          return()
        """)
    }
    #expect(try mistakes("") == [])
    #expect(try mistakes("  v1 = constant.i32 1") == [])
    #expect(
      try mistakes("  call function 0(v0)").contains { $0.contains("2 calls whose exceptions go on here, should be 1") }
    )
  }

  @Test func callsAreComparedWithTheModule() throws {
    let stages = try CompilerStages(
      text: "(module (func $f (param i32) (result i64) (i64.extend_i32_s (local.get 0))) (memory 1))")
    func mistakes(_ body: String) throws -> [String] {
      let ir = try IRParser.parse("function (i32) -> ()\nblock0(v0: i32):\n\(body)\n  return()\n")
      return IRVerifier.mistakes(in: ir, stages.environment)
    }
    #expect(try mistakes("  v1 = call.i64 function 0(v0)") == [])
    #expect(try mistakes("  v1 = call.i64 function 1(v0)")[0].hasSuffix("no such function"))
    #expect(try mistakes("  v1 = call.i64 function 0(v0, v0)")[0].hasSuffix("passes other types"))
    #expect(try mistakes("  v1 = call.i32 function 0(v0)")[0].hasSuffix("other results than the function's"))
    let load = "  v1 = zeroExtend.i64 v0\n  v2 = load.i32 full memory"
    #expect(try mistakes("  v1 = constant.i64 1\n  fuel v1 imm 5") == [])
    #expect(try mistakes("  v1 = constant.i64 1\n  fuel v1")[0].hasSuffix("no number of units"))
    #expect(try mistakes("\(load) 0 [v1 + 0]")[0].hasSuffix("another base than the memory's"))
    #expect(try mistakes("\(load) 1 [v1 + 0]")[0].hasSuffix("no such memory"))
  }

  /// Every access has a reason why it stays within its memory.
  @Test func accessesAreShownToBeInBounds() throws {
    let text = """
      (module (func $f (param i32 i64)) (memory $wide 2) (memory $long i64 2 10) (memory $moved i64 2))
      """
    let stages = try CompilerStages(text: text)
    try #require(stages.environment.accessClasses == [.reserved, .fixed, .movable])
    let layout = stages.environment.layout
    func mistakes(_ body: String, guardPages: Bool = true) throws -> [String] {
      let environment = CompilationEnvironment(
        module: stages.module.validated, accessClasses: stages.environment.accessClasses, usesGuardPages: guardPages)
      let ir = try IRParser.parse(
        """
        function (i32, i64) -> ()
        block0(v0: i32, v1: i64):
          v2 = zeroExtend.i64 v0
          v3 = contextLoad.i64 invariant [context + \(layout.memory(0))]
          v4 = contextLoad.i64 invariant [context + \(layout.memory(1))]
          v5 = contextLoad.i64 memories [context + \(layout.memory(2))]
          v6 = contextLoad.i64 memories [context + \(layout.memory(0) + 8)]
          v7 = contextLoad.i64 memories [context + \(layout.memory(1) + 8)]
          v8 = contextLoad.i64 memories [context + \(layout.memory(1) + 16)]
          v9 = contextLoad.i64 invariant [context + \(layout.memory(2))]
        \(body)
          return()

        """)
      return IRVerifier.mistakes(in: ir, environment)
    }
    let unproven = "nothing shows that it stays within its memory"
    func isRefused(_ body: String, _ message: String, guardPages: Bool = true) throws -> Bool {
      try mistakes(body, guardPages: guardPages).contains { $0.contains(message) }
    }
    // What faults, as far as the mapping reaches.
    #expect(try mistakes("  v10 = load.i32 full memory 0 [v3 + v2 + 2147483644]") == [])
    #expect(try isRefused("  v10 = load.i32 full memory 0 [v3 + v2 + 4]", unproven, guardPages: false))
    #expect(try isRefused("  v10 = load.i32 full memory 0 [v3 + v1 + 4]", unproven))
    #expect(try isRefused("  v10 = load.i32 full memory 1 [v4 + v2 + 4]", unproven))
    // What is there from the beginning.
    #expect(try mistakes("  v10 = load.i32 full memory 1 [v4 + 131068]") == [])
    #expect(try isRefused("  v10 = load.i32 full memory 1 [v4 + 131069]", unproven))
    // What was checked.
    let check = "  v10 = boundsCheck.i64 v1 + 24 <= v7 memory 1 width 8 address64\n"
    #expect(try mistakes(check + "  v11 = load.i64 full memory 1 [v4 + v10 + 16]") == [])
    #expect(try mistakes(check + "  v11 = load.i64 full memory 1 [v4 + v1 + 16]") == [])
    #expect(try isRefused(check + "  v11 = load.i64 full memory 1 [v4 + v10 + 17]", unproven))
    #expect(try isRefused(check + "  v11 = load.i64 full memory 2 [v5 + v10 + 16]", unproven))
    #expect(try isRefused("  v11 = load.i64 full memory 1 [v4 + v1 + 16]\n" + check, unproven))
    // Against the memory's own size.
    let other = "  v10 = boundsCheck.i64 v1 + 24 <= v6 memory 1 width 8 address64\n"
    #expect(try isRefused(other, "does not compare with the memory's size"))
    // From the memory's own base, which is read anew where it can move.
    #expect(try isRefused("  v10 = load.i32 full memory 1 [v3 + 0]", "another base"))
    #expect(try isRefused("  v10 = load.i32 full memory 2 [v9 + 0]", "another base"))
    #expect(try mistakes("  v10 = load.i32 full memory 2 [v5 + 0]") == [])
  }
}
