import Testing

@testable import WebAssembly

@Suite struct ModuleEncoderTests {
  @Test func integersAreWrittenInTheirShortestForm() throws {
    let bytes = binary(
      [5, 0x86, 0x00, 1, 1, 0x81, 0x00, 0x82, 0x00], [7, 0x87, 0x80, 0x00, 1, 1, 0x6D, 2, 0x80, 0x80, 0x00])
    let encoded = ModuleEncoder.encode(try ModuleDecoder.decode(bytes))
    #expect(encoded == binary([5, 4, 1, 1, 1, 2], [7, 5, 1, 1, 0x6D, 2, 0]))
  }

  @Test func theShortestKindOfSegmentIsTaken() throws {
    let offset: [UInt8] = [0x41, 0, 0x0B]
    let item: [UInt8] = [0xD0, 0x70, 0x0B]
    let bytes = binary(
      section(.element, [2, 2, 0] + offset + [0, 0, 6, 0] + offset + [0x70, 1] + item),
      section(.data, [1, 2, 0] + offset + [0]))
    let encoded = ModuleEncoder.encode(try ModuleDecoder.decode(bytes))
    #expect(
      encoded
        == binary(
          section(.element, [2, 0] + offset + [0, 4] + offset + [1] + item), section(.data, [1, 0] + offset + [0])))
  }

  @Test func abbreviationsOfTypesAreTaken() throws {
    let bytes = binary(section(.type, [3, 0x4F, 0, 0x60, 0, 0, 0x60, 1, 0x63, 0x70, 0, 0x4E, 0]))
    let encoded = ModuleEncoder.encode(try ModuleDecoder.decode(bytes))
    #expect(encoded == binary(section(.type, [3, 0x60, 0, 0, 0x60, 1, 0x70, 0, 0x4E, 0])))
  }

  @Test func emptySectionsAreLeftOutAndCustomOnesKeepTheirPlaces() throws {
    let bytes = binary(
      customSection("0", []), section(.type, [1, 0x60, 0, 0]), customSection("1", [1]), section(.memory, [0]),
      customSection("2", [2]), section(.dataCount, [0]), customSection("3", [3]), customSection("4", []))
    let encoded = ModuleEncoder.encode(try ModuleDecoder.decode(bytes))
    #expect(
      encoded
        == binary(
          customSection("0", []), section(.type, [1, 0x60, 0, 0]), customSection("1", [1]), customSection("2", [2]),
          section(.dataCount, [0]), customSection("3", [3]), customSection("4", [])))
  }
}
