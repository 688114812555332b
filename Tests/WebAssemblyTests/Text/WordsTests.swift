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
