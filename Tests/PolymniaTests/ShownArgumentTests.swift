import Testing

/// What stands on a command line, or is the name of a file, forges no line of a message.
@Suite struct ShownArgumentTests {
  private static let module = "(module (memory $m 1) (func (export \"f\") (param i32)))"

  /// Each with `BAD` in place of what is shown.
  @Test(arguments: [
    "run BAD", "run --invoke f m.wat BAD", "run --invoke BAD m.wat", "run --dir BAD m.wat", "run --BAD m.wat",
    "run --fuel BAD m.wat", "run --fuel=BAD m.wat", "run --link a=BAD m.wat", "run --precompiled BAD",
    "validate BAD", "validate m.wat BAD", "validate --BAD m.wat", "parse BAD -o x", "parse m.wat -o BAD/x", "print BAD",
    "inspect BAD", "objdump --function BAD m.wat", "objdump --section BAD m.wat", "compile --dump ir:BAD m.wat",
    "compile --dump BAD m.wat", "compile --dump ir --function BAD m.wat", "add-memory m.wat -o x --memory BAD",
    "add-memory m.wat -o x --memory a=BAD", "add-memory m.wat -o x --memory BAD=max=0,min=1",
    "bind-memories m.wat -o x --memory BAD=export,x", "lower m.wat -o x --reserve BAD",
    "lower m.wat -o x --reserve BAD=1",
    "lower m.wat -o x --glue BAD", "link -o x BAD", "link -o x a=BAD", "link -o x a=m.wat --export BAD",
    "link -o x a=m.wat --export a=BAD", "link -o x a=m.wat --rename BAD", "link -o x a=m.wat --rename BAD=b",
    "specialize m.wat -o x --function f --memory BAD", "specialize m.wat -o x --function BAD --memory 0=0",
    "specialize m.wat -o x --function f --memory m=BAD", "specialize m.wat -o x --function f --memory 0=0 --stack BAD",
    "specialize m.wat -o x --function f --memory 0=0 --static BAD", "strip BAD -o x", "wast BAD", "report BAD",
    "instrument m.wat -o x --stores --memory BAD", "run --features BAD m.wat", "BAD",
  ])
  func argumentsAreShownEscaped(line: String) throws {
    let folder = try CommandFolder(["m.wat": Self.module])
    let outcome = try folder.shell(
      "B=$(printf 'x\\npolymnia: error: forged\\033[31m\\302\\233'); polymnia "
        + line.replacing("BAD", with: "\"$B\"").replacing("\"\"", with: ""))
    #expect(outcome.status == 1 || outcome.status == 2, "\(outcome.errors)")
    let said = outcome.output + outcome.errors
    #expect(said.contains(#"x\npolymnia: error: forged\u{1b}[31m\u{9b}"#), "\(said)")
    #expect(!said.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }, "\(said)")
    #expect(!said.split(separator: "\n").contains { $0.hasPrefix("polymnia: error: forged") }, "\(said)")
  }

  @Test func namesOfFilesAreShownEscaped() throws {
    let bad = "x\npolymnia: error: forged\u{1b}[31m"
    let folder = try CommandFolder([
      "\(bad).wat": "(module (func (result i32)))", "\(bad).wast": "(assert_return (invoke \"f\"))",
      "\(bad).link": "(module (func (export \"_initialize\")) (memory 1))",
    ])
    for command in [
      "validate x*.wat", "run x*.wat", "strip -o x x*.wat", "wast x*.wast", "link -o x a=\"$(ls *.link)\" b=m.wat",
    ] {
      let outcome = try folder.shell("echo '(module (func (export \"f\")))' >m.wat; polymnia \(command)")
      let said = outcome.output + outcome.errors
      #expect(said.contains(#"x\npolymnia: error: forged\u{1b}[31m"#), "\(said)")
      #expect(!said.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }, "\(said)")
    }
  }
}
