import Testing

@testable import WebAssembly

/// Names from modules in messages.
@Suite struct ShownNameTests {
  @Test(arguments: [
    ("plain", "plain"), ("spaces and 日本", "spaces and 日本"), ("a\nb", #"a\nb"#), ("a\r\tb", #"a\r\tb"#),
    ("\u{1b}[31m", #"\u{1b}[31m"#),
    ("\u{0}", #"\u{0}"#), ("\u{7f}", #"\u{7f}"#), ("\u{85}\u{9b}", #"\u{85}\u{9b}"#),
    ("\u{202e}x\u{2066}", #"\u{202e}x\u{2066}"#),
    ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#), ("\u{200b}\u{feff}\u{ad}", #"\u{200b}\u{feff}\u{ad}"#),
    (#"\n"#, #"\\n"#),
    ("a\u{301}", "a\u{301}"), ("\u{e0041}", #"\u{e0041}"#),
  ])
  func whatWouldForgeALineIsEscaped(name: String, shown: String) {
    #expect("\(name: name)" == shown)
    #expect("\(names: [name, "x"])" == shown + ", x")
    #expect("\(quoted: name + "\"")" == "\"" + shown + "\\\"\"")
  }

  /// A mark that joins with a quotation mark to one of Swift's characters does not hide it.
  @Test func quotationMarksAreEscapedWhateverIsBesideThem() {
    for name in ["a\"\u{301}", "\u{d4e}\"", "\"\u{200d}\u{301}\""] {
      let shown = "\(quoted: name)".unicodeScalars.dropFirst().dropLast()
      var previous: Unicode.Scalar = " "
      for scalar in shown {
        if scalar == "\"" { #expect(previous == "\\") }
        previous = scalar
      }
    }
  }

  @Test func functionsAreCalledByTheirExports() throws {
    let text = """
      (module (func (export "a") (export "b")) (func $f (export "c")) (func) (func $g) (func (export "d"))
        (export "e" (func 2)) (export "first" (func 0)))
      """
    let module = try ModuleParser.parse(Array(text.utf8)).module
    let names = Names(forPeople: module)
    #expect((0..<5).map { names.name(of: .function, $0) } == ["a", "f", "e", "g", "d"])
    #expect(Names(module).name(of: .function, 0) == nil)
  }
}
