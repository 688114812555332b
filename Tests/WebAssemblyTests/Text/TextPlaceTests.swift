import Testing

@testable import WebAssembly

/// A module from text has the layout of its binary.
@Suite struct TextPlaceTests {
  static let text = """
    (module
      (func $f (param i32) (result i32)
        (i32.load (local.get 0)))
      (memory 1)
      (data (i32.const 5) "abc")
      (table 2 funcref)
      (global $g i32
        (i32.const 7))
      (elem (i32.const 1) $f)
      (func (export "g")
        (drop (call $f (i32.const 1)))))
    """

  @Test func bytesAndRangesAreThoseOfTheBinary() throws {
    let parsed = try ModuleParser.parse(Array(Self.text.utf8))
    let binary = ModuleEncoder.encode(parsed.module)
    #expect(parsed.module.bytes == binary)
    let decoded = try ModuleDecoder.decode(binary)
    #expect(parsed.module.bodies == decoded.bodies)
    #expect(parsed.module.globals == decoded.globals)
    #expect(parsed.module.data == decoded.data)
    #expect(parsed.module.elements == decoded.elements)
    #expect(parsed.module.customSections == decoded.customSections)
  }

  @Test func instructionsKeepTheirLines() throws {
    let parsed = try ModuleParser.parse(Array(Self.text.utf8))
    let module = parsed.module
    func place(_ offset: Int) -> [Int] {
      parsed.positions.position(ofOffset: offset).map { [$0.line, $0.column] } ?? []
    }
    #expect(place(module.globals[0].initializer.range.lowerBound) == [8, 5])
    // After the local declarations.
    #expect(place(module.bodies[0].range.lowerBound + 1) == [3, 15])
    #expect(place(module.bodies[0].range.lowerBound + 3) == [3, 5])
    #expect(place(module.bodies[1].range.lowerBound + 1) == [11, 20])
    #expect(place(module.bodies[1].range.lowerBound + 3) == [11, 11])
    guard case .active(_, let offset) = module.data[0].mode else { throw CancellationError() }
    #expect(place(offset.range.lowerBound) == [5, 9])
    #expect(place(0) == [])
  }
}
