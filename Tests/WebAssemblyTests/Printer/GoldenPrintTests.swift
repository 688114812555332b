import Foundation
import Testing

@testable import WebAssembly

/// The printer's output for the texts in `Golden/print`, each beside its input as `NAME.expected`.
///
/// `POLYMNIA_BLESS=1 swift test --filter Golden` makes what is printed now the expectation.
@Suite struct GoldenPrintTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/print")

  private static var inputs: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".wat") }.sorted()
  }

  @Test(arguments: inputs) func theTextIsPrintedAsExpected(_ input: String) throws {
    let source = [UInt8](try Data(contentsOf: Self.folder.appending(path: input)))
    let bytes = ModuleEncoder.encode(try ModuleParser.parse(source).module)
    let text = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
    #expect(ModuleEncoder.encode(try ModuleParser.parse(Array(text.utf8)).module) == bytes)
    let expected = Self.folder.appending(path: input.dropLast(4) + ".expected")
    if ProcessInfo.processInfo.environment["POLYMNIA_BLESS"] == "1" {
      try Data(text.utf8).write(to: expected)
    } else {
      #expect(text == (try String(contentsOf: expected, encoding: .utf8)))
    }
  }

  @Test func thereAreTexts() { #expect(Self.inputs.count >= 4) }
}
