import Testing

@testable import WebAssembly

@Suite struct BodyScannerTests {
  @Test func blocksMustClose() {
    #expect(malformation(function([0x02, 0x40, 0x0B, 0x0B])) == nil)
    #expect(malformation(function([0x02, 0x40, 0x0B])) == "unexpected end of section or function")
    #expect(malformation(function([0x0B, 0x0B])) == "section size mismatch")
    #expect(malformation(function([0x05, 0x0B])) == "END opcode expected")
    #expect(malformation(function([0x41, 0, 0x04, 0x40, 0x05, 0x0B, 0x0B])) == nil)
    #expect(malformation(function([0x41, 0, 0x04, 0x40, 0x05, 0x05, 0x0B, 0x0B])) == "END opcode expected")
  }

  @Test func aBodyThatIsTooLongForItsSizeIsToldFromOneThatIsCutShort() {
    let types = section(.type, [1, 0x60, 0, 0])
    let functions = section(.function, [1, 0])
    // The `end` that is missing is the first byte of the next section.
    #expect(
      malformation(binary(types, functions, [10, 4, 1, 2, 0, 1], [11, 1, 0])) == "section size mismatch")
    #expect(
      malformation(binary(types, functions, [10, 4, 1, 2, 0, 1])) == "unexpected end of section or function")
  }

  @Test func opcodesAndLocalsAreChecked() {
    #expect(malformation(function([0xFF, 0x0B])) == "illegal opcode ff")
    #expect(malformation(function([0xFC, 0x7F, 0x0B])) == "illegal opcode fc 7f")
    let types = section(.type, [1, 0x60, 0, 0])
    let functions = section(.function, [1, 0])
    let locals: [UInt8] = [2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 1, 0x7F, 0x0B]
    #expect(malformation(binary(types, functions, section(.code, [1, 10] + locals))) == "too many locals")
  }

  @Test func theErrorNamesItsFunction() throws {
    let bytes = binary(
      section(.type, [1, 0x60, 0, 0]), section(.import, [1, 0, 0, 0, 0]), section(.function, [2, 0, 0]),
      section(.code, [2, 2, 0, 0x0B, 3, 0, 0xFF, 0x0B]))
    let error = BodyScanner.firstMalformation(in: try ModuleDecoder.decode(bytes))
    #expect(error?.function == 2)
    #expect(error?.offset == bytes.count - 2)
  }

  @Test func deepNestingIsALimitAndNoCrash() throws {
    let depth = 60_000
    let body = [0] + (0..<depth).flatMap { _ in [0x02, 0x40] as [UInt8] } + [UInt8](repeating: 0x0B, count: depth + 1)
    var code = ByteWriter()
    code.u32(1)
    code.span(body[...])
    var contents = ByteWriter()
    contents.byte(SectionID.code.rawValue)
    contents.span(code.bytes[...])
    let module = try ModuleDecoder.decode(
      binary(section(.type, [1, 0x60, 0, 0]), section(.function, [1, 0]), contents.bytes))
    #expect(throws: ModuleError.self) { try BodyScanner.scan(module.bodies[0], of: module) }
    #expect(BodyScanner.firstMalformation(in: module) == nil)
  }
}
