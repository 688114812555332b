import Testing

@testable import WebAssembly

@Suite struct InstructionTests {
  @Test func everyOpcodeHasOneRowAndBack() {
    #expect(Operator.all.count == Opcode.allCases.count)
    for opcode in Opcode.allCases { #expect(opcode.row.opcode == opcode) }
  }

  @Test func everyInstructionWithoutVectorImmediatesIsReadAsItWasWritten() throws {
    for row in Operator.all where ![.labels, .valueTypes, .tryTable].contains(row.immediates) {
      var writer = InstructionWriter()
      let instruction = Instruction(row.opcode, index: 5, index2: 7, value: 0, value2: 0)
      writer.write(instruction)
      var reader = InstructionReader(writer.bytes, range: 0..<writer.bytes.count)
      let read = try reader.next()
      #expect(read.opcode == row.opcode)
      #expect(reader.isAtEnd)
      var again = InstructionWriter()
      again.write(read)
      #expect(again.bytes == writer.bytes)
    }
  }

  @Test func integersAreCheckedForLengthAndRange() {
    func error(_ bytes: [UInt8], signed: Bool) -> String? {
      var reader = ByteReader(bytes)
      do {
        if signed { _ = try reader.s32() } else { _ = try reader.u32() }
        return nil
      } catch { return error.message }
    }
    #expect(error([0x80, 0x80, 0x80, 0x80, 0x10], signed: false) == "integer too large")
    #expect(error([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], signed: false) == "integer representation too long")
    #expect(error([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], signed: false) == nil)
    #expect(error([0x80, 0x80, 0x80, 0x80, 0x70], signed: true) == "integer too large")
    #expect(error([0x80, 0x80, 0x80, 0x80, 0x78], signed: true) == nil)
    #expect(error([0x80], signed: true) == "unexpected end of section or function")
  }
}
