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
    #expect(try mistakes("\(load) 0 [v1 + 0]") == [])
    #expect(try mistakes("\(load) 1 [v1 + 0]")[0].hasSuffix("no such memory"))
  }
}
