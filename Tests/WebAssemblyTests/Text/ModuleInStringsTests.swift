import Testing

@testable import WebAssembly

/// `(module binary ...)` and `(module quote ...)` outside of scripts.
@Suite struct ModuleInStringsTests {
  @Test(arguments: [
    #"(module binary "\00asm" "\01\00\00\00" "\05\03\01\00\01")"#,
    #"(module $m binary "\00asm\01\00\00\00\05\03\01\00\01")"#,
    #"(module quote "(memory " "1)")"#, #"(module $m quote "(module $n (memory 1))")"#,
  ])
  func theModuleIsThatOfTheStrings(text: String) throws {
    let module = try ModuleParser.parse(Array(text.utf8)).module
    #expect(module.memories.map(\.limits.minimum) == [1])
  }

  @Test(arguments: [
    (#"(module binary "\00asm")"#, "in the binary: malformed module: unexpected end"),
    (#"(module quote "(memory" " x)")"#, "in the quotation, 1:9: unknown operator x"),
    (#"(module quote "(module quote \22\22)")"#, "in the quotation, 1:9: unexpected token quote"),
    (#"(module binary "\00asm\01\00\00\00" (memory 1))"#, "unexpected token ("),
    (#"(module quote "") (module)"#, "unexpected token ("), (#"(module quote "" "#, "unexpected token"),
  ])
  func errorsAreThoseOfTheStrings(text: String, message: String) {
    let error = #expect(throws: TextError.self) { try ModuleParser.parse(Array(text.utf8)) }
    #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
  }
}
