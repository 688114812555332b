import Testing
import WebAssembly

@testable import WasmEngine

@Suite struct ExportIndexTests {
  /// One é as one scalar and one as two: equal as strings of Swift.
  @Test(arguments: [1, 40]) func namesAreToldApartByTheirBytes(count: Int) {
    let exports =
      (0..<count).map { Export(name: "f\($0)", kind: .function, index: UInt32($0)) } + [
        Export(name: "caf\u{E9}", kind: .memory, index: 1), Export(name: "cafe\u{301}", kind: .memory, index: 2),
      ]
    let index = ExportIndex(exports)
    #expect(index.find("caf\u{E9}")?.index == 1)
    #expect(index.find("cafe\u{301}")?.index == 2)
    #expect(index.find("f\(count - 1)")?.index == UInt32(count - 1))
    #expect(index.find("f") == nil)
    #expect(index.find("") == nil)
  }
}
