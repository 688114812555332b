import Testing

@testable import WebAssembly

/// Messages that say what a thing is that is no module, or no part of one.
@Suite struct WordsTests {
  @Test(arguments: [
    ("(component)", "unknown operator component: the text is a component, not a module"),
    (
      "(func (try (do)))",
      "unknown operator try: try is a legacy exception instruction, in whose place WebAssembly 3.0 has try_table"
    ),
    ("(func rethrow 0)", "unknown operator rethrow: rethrow is a legacy"),
    ("(func delegate 0)", "unknown operator delegate: delegate is a"),
    ("\u{feff}(module)", "illegal character: the text begins with a byte-order mark"),
    ("(func i32.const nan)", "constant out of range: expected an integer of 32 bits, not nan"),
    ("(func (i64.const 1.5))", "constant out of range: expected an integer of 64 bits, not 1.5"),
    ("(func (i32.const))", "unexpected token ), expected an integer of 32 bits"),
    ("(func (f32.const abc))", "unknown operator abc, expected a floating-point number of 32 bits"),
  ])
  func textsSayWhatIsWrong(text: String, message: String) {
    let error = #expect(throws: TextError.self) { try ModuleParser.parse(Array(text.utf8)) }
    #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("(memory nan)", 9, "unexpected token nan, expected the size in pages or '(data'"),
    ("(memory 1 nan)", 11, "unexpected token nan, expected ')'"),
    ("(table 1)", 9, "unexpected token ), expected a reference type"),
    ("(type (v128 1))", 8, "unexpected token v128, expected func, struct or array"),
    ("(global v128 1)", 14, "unexpected token 1, expected an instruction"),
    ("(func (param foo))", 14, "unknown operator foo, expected a value type or ')'"),
    ("(func (local 1))", 14, "unexpected token 1, expected a value type or ')'"),
    ("(func (block (result 1)))", 22, "unexpected token 1, expected a value type or ')'"),
    ("(func (v128.const 1))", 19, "unexpected token 1, expected the shape of a vector, such as i32x4"),
    ("(func (local.get))", 17, "unexpected token ), expected the local's index or identifier"),
    ("(func (br))", 10, "unexpected token ), expected the label's index or identifier"),
    ("(func (call 1.5))", 13, "unexpected token 1.5, expected the function's index or identifier"),
    ("(func (ref.null 1.5))", 17, "unexpected token 1.5, expected a heap type"),
    ("(func (if))", 10, "unexpected token ), expected the condition or '(then'"),
    ("(func 1)", 7, "unexpected token 1, expected an instruction"),
    ("(import 1 2)", 9, "unexpected token 1, expected a string"),
    ("(import \"a\" \"b\" (v128))", 18, "unexpected token v128, expected func, table, memory, global or tag"),
    ("(foo)", 2, "unknown operator foo, expected a field of the module, such as func"),
    ("foo", 1, "unknown operator foo, expected '('"),
    ("(func", 6, "unexpected token: the text ends here, expected ')'"),
    ("(module))", 9, "unexpected token ), expected the end of the text"),
  ])
  func textsSayWhatWasExpected(text: String, column: Int, message: String) {
    let error = #expect(throws: TextError.self) { try ModuleParser.parse(Array("\n\(text)".utf8)) }
    #expect(error?.message == message)
    #expect(error?.line == 2 && error?.column == column, "\(String(describing: error))")
  }

  @Test(arguments: [
    (
      "(assert_return (invoke \"f\" (v128 1)))", 29,
      "unexpected token v128, expected the kind of a value, such as i32.const"
    ),
    ("(assert_return (v128 1))", 17, "unexpected token v128, expected invoke or get"),
    ("(assert 1)", 2, "unknown operator assert, expected a command, such as assert_return"),
    ("(assert_invalid (func) \"\")", 17, "unexpected token (, expected '(module'"),
  ])
  func scriptsSayWhatWasExpected(text: String, column: Int, message: String) {
    let error = #expect(throws: TextError.self) { try Script.parse(Array("(module)\n\(text)".utf8)) }
    #expect(error?.message == message)
    #expect(error?.line == 2 && error?.column == column, "\(String(describing: error))")
  }

  @Test(
    arguments: [
      ([0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0], "unknown binary version: a component, not a module"),
      ([0, 0x61, 0x73, 0x6D, 2, 0, 0, 0], "unknown binary version 2"),
      ([0xFF, 0xFE, 0x28, 0], "magic header not detected: the file begins with a byte-order mark"),
      ([0xEF, 0xBB, 0xBF, 0x28], "magic header not detected: the file begins with a byte-order mark"),
    ] as [([UInt8], String)])
  func binariesSayWhatIsWrong(bytes: [UInt8], message: String) {
    let error = #expect(throws: ModuleError.self) { try ModuleDecoder.decode(bytes) }
    #expect(error?.message == message)
  }

  @Test(
    arguments: [(0x06, "try"), (0x07, "catch"), (0x09, "rethrow"), (0x18, "delegate"), (0x19, "catch_all")]
      as [(UInt8, String)])
  func legacyInstructionsAreCalledThat(opcode: UInt8, name: String) throws {
    var module = try ModuleParser.parse(Array("(func)".utf8)).module
    module.bytes[module.bodies[0].range.upperBound - 1] = opcode
    let error = #expect(throws: ModuleError.self) { try ModuleValidator.validate(module) }
    #expect(
      error?.message.contains("\(name) is a legacy exception instruction") == true, "\(String(describing: error))")
  }
}
