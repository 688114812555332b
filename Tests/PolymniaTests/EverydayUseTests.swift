import Testing

/// What people who used the command for the first time stumbled over.
@Suite struct EverydayUseTests {
  private static let imports = "(module (import \"e\" \"a\" (func)) (import \"e\" \"b\" (func)) (func (export \"f\")))"

  @Test func codeGoesToStandardOutput() throws {
    let folder = try CommandFolder(["m.wat": "(module (func (export \"f\")))"])
    #expect(try folder.shell("polymnia compile m.wat -o - | wc -c | grep -qv '^0$'").status == 0)
    #expect(try folder.shell("polymnia compile m.wat").status == 2)
  }

  @Test func standardInputIsOneFile() throws {
    let folder = try CommandFolder(["m.wat": Self.imports, "s.wast": "(module (func (export \"f\"))) (invoke \"f\")"])
    let outcome = try folder.shell("polymnia validate - - < m.wat")
    #expect(outcome.status == 1 && outcome.errors.contains("'-' can stand for one file"), "\(outcome.errors)")
    #expect(try folder.shell("polymnia wast - < s.wast").output == "2 passed, 0 failed, 0 skipped\n")
  }

  @Test func groupsOfImportsAreAFeature() throws {
    let folder = try CommandFolder(["m.wat": Self.imports])
    #expect(
      try folder.shell("polymnia parse --compact-imports --features -compact-imports m.wat -o x.wasm").status == 2)
    let outcome = try folder.shell("polymnia parse --compact-imports m.wat -o x.wasm; polymnia inspect x.wasm")
    #expect(outcome.output.contains("compact-imports"), "\(outcome.output)")
    #expect(try !folder.shell("polymnia inspect m.wat").output.contains("compact-imports"))
  }

  @Test func lowerWritesAllOrNothing() throws {
    let folder = try CommandFolder(["m.wat": "(module (memory 1) (memory 1))"])
    #expect(try folder.shell("polymnia lower m.wat -o x.wasm --glue /nope/a.js").status == 1)
    #expect(try folder.files == ["m.wat"])
  }

  @Test func aTrapOnTheWayInIsOfItsFunction() throws {
    let folder = try CommandFolder(["m.wat": "(module\n  (func nop)\n  (func $f (export \"f\") call $f))"])
    let outcome = try folder.shell("polymnia run --fuel 0 --invoke f m.wat")
    #expect(outcome.status == 134 && outcome.errors.contains("(line 3, column"), "\(outcome.errors)")
  }

  @Test func whatIsNoCopyIsSaid() throws {
    let text = "(module (memory 1) (memory 1) (memory 1) (func (export \"f\") (drop (i32.load (i32.const 8)))))"
    let outcome = try CommandFolder(["m.wat": text]).shell(
      "polymnia specialize --function f --memory 1=2 m.wat -o x.wasm")
    #expect(outcome.status == 0 && outcome.errors.contains("touches no memory that is replaced"), "\(outcome.errors)")
  }
}
