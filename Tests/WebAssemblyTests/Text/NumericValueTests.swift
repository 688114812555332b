import Testing

@testable import WebAssembly

/// Numbers in data segments: the feature numeric-values.
@Suite struct NumericValueTests {
  private func contents(_ list: String) throws -> [UInt8] {
    let module = try ModuleParser.parse(Array("(module (data \(list)))".utf8)).module
    #expect(module.data.count == 1)
    return Array(module.bytes[module.data[0].range])
  }

  @Test(
    arguments: [
      ("", []),
      ("(i8)", []),
      ("(i8 1 -1 0xff -128 +127)", [1, 0xFF, 0xFF, 0x80, 0x7F]),
      ("(i16 1 -2 0xffff -32768)", [1, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0, 0x80]),
      ("(i32 0x1234_5678 -1)", [0x78, 0x56, 0x34, 0x12, 0xFF, 0xFF, 0xFF, 0xFF]),
      ("(i64 -2)", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
      ("(f32 1 -0.0 nan:0x200000)", [0, 0, 0x80, 0x3F, 0, 0, 0, 0x80, 0, 0, 0xA0, 0x7F]),
      ("(f64 -inf)", [0, 0, 0, 0, 0, 0, 0xF0, 0xFF]),
      ("(v128 i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)", Array(0..<16)),
      (
        "(v128 i32x4 1 2 3 4 f64x2 0 1)",
        [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0] + Array(repeating: 0, count: 14) + [0xF0, 0x3F]
      ),
      (#""a" (i8 1) "b" "c" (i16 2)"#, [0x61, 1, 0x62, 0x63, 2, 0]),
    ] as [(String, [UInt8])])
  func numbersAreLittleEndianOneAfterAnother(list: String, bytes: [UInt8]) throws {
    #expect(try contents(list) == bytes)
  }

  @Test(arguments: [
    ("(i8 256)", "constant out of range"), ("(i8 -129)", "constant out of range"),
    ("(i16 65536)", "constant out of range"),
    ("(i32 0x1_0000_0000)", "constant out of range"), ("(i64 0x1_0000_0000_0000_0000)", "constant out of range"),
    ("(f32 1e39)", "constant out of range"), ("(i8 1.5)", "constant out of range"), ("(i8 \"a\")", "unexpected token"),
    ("(v128 i32x4 1 2 3)", "wrong number of lane literals"), ("(v128 1 2 3 4)", "unexpected token"),
    ("(i7 1)", "unknown operator"),
    ("(i8 (i8 1))", "unexpected token"), ("(i8 $x)", "unexpected token"), ("(i8 1", "unexpected token"),
  ])
  func whatIsNoneOfTheTypeIsRefused(list: String, message: String) {
    let error = #expect(throws: TextError.self) {
      try ModuleParser.parse(Array("(module (memory 1) (data (i32.const 0) \(list)))".utf8))
    }
    #expect(error?.message.hasPrefix(message) == true, "\(list): \(String(describing: error))")
  }

  @Test func everyKindOfSegmentTakesThem() throws {
    let text = """
      (module
        (memory (data (i32 1) "a"))
        (memory $b (data "b"))
        (data (memory $b) (i32.const 4) (i8 2))
        (data (offset (i32.const 8)) (i8 3))
        (data $p (i8 4)))
      """
    let module = try ModuleParser.parse(Array(text.utf8)).module
    _ = try ModuleValidator.validate(module)
    #expect(module.data.map { Array(module.bytes[$0.range]) } == [[1, 0, 0, 0, 0x61], [0x62], [2], [3], [4]])
    #expect(module.memories.map(\.limits.minimum) == [1, 1])
    #expect(try !ModulePrinter.text(module).contains("(i8"))
  }
}
