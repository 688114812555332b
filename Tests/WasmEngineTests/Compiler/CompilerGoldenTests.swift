import Foundation
import Testing
import WebAssembly

@testable import WasmEngine

/// Each file below `Golden/compiler` is a stage of the compiler with what goes in and what comes out.
///
///     ; What the case shows.
///     $ pass dead-code            a pass, on the text of the intermediate representation
///     $ ir loop-invariants 1      function 1 of the module after this stage
///     $ asm 1                     its machine code
///     --- module
///     (module …)
///     --- in
///     function …
///     --- out
///
/// A pass needs a module only where its function calls others or has memories. `POLYMNIA_BLESS=1` takes the present output
/// as expected.
@Suite struct CompilerGoldenTests {
  static let files: [URL] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Golden/compiler")
      .standardizedFileURL
    let found = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return found.filter { $0.pathExtension == "test" }.sorted { $0.path < $1.path }
  }()

  /// A file, cut into its heading and its parts.
  private struct Case {
    var heading = ""
    var parts: [(title: String, contents: String)] = []

    init(_ text: String) {
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        if line.hasPrefix("--- ") {
          parts.append((String(line.dropFirst(4)), ""))
        } else if parts.isEmpty {
          heading += line + "\n"
        } else {
          parts[parts.count - 1].contents += line + "\n"
        }
      }
    }

    var words: [String] {
      let line = heading.split(separator: "\n").first { $0.hasPrefix("$ ") } ?? ""
      return line.dropFirst(2).split(separator: " ").map(String.init)
    }

    subscript(title: String) -> String? { parts.first { $0.title == title }?.contents }

    /// The text of the file with another output.
    func text(output: String) -> String {
      var text = heading
      for part in parts where part.title != "out" { text += "--- \(part.title)\n\(part.contents)" }
      return text + "--- out\n\(output)"
    }
  }

  @Test func thereAreCases() {
    #expect(!Self.files.isEmpty)
    // Every pass has one.
    for pass in Pipeline.passes {
      #expect(Self.files.contains { $0.lastPathComponent.hasPrefix(pass.name) }, "no case of \(pass.name)")
    }
  }

  @Test(arguments: files.map(\.lastPathComponent))
  func stageDoesWhatItsFileSays(name: String) throws {
    let url = try #require(Self.files.first { $0.lastPathComponent == name })
    let golden = Case(try String(contentsOf: url, encoding: .utf8))
    // Machine code depends on the processor.
    if golden.words.first == "asm", !ProcessorFeatures.native.isSuperset(of: Self.processor) { return }
    let output = try run(golden)
    if ProcessInfo.processInfo.environment["POLYMNIA_BLESS"] == "1" {
      try golden.text(output: output).write(to: url, atomically: true, encoding: .utf8)
      return
    }
    #expect(output == golden["out"])
  }

  private static let processor: ProcessorFeatures = [.sse42, .avx, .avx2, .bmi1, .bmi2, .lzcnt, .popcnt]

  private func run(_ golden: Case) throws -> String {
    let words = golden.words
    let stages = try CompilerStages(text: golden["module"] ?? "(module)") { $0.processor = Self.processor }
    try #require(words.count >= 2)
    switch words[0] {
    case "pass":
      let pass = try #require(Pipeline.passes.first { $0.name == words[1] }, "no pass \(words[1])")
      let text = try #require(golden["in"])
      var ir = try IRParser.parse(text)
      #expect(IRVerifier.mistakes(in: ir, stages.environment) == [])
      pass.run(&ir, stages.environment)
      #expect(IRVerifier.mistakes(in: ir, stages.environment) == [])
      return IRPrinter.print(ir)
    case "ir":
      try #require(words.count == 3)
      let function = try #require(Int(words[2]))
      let all = stages.stages(function)
      let stage = try #require(all.first { $0.name == words[1] })
      return IRPrinter.print(stage.ir, positions: false)
    case "asm":
      let function = try #require(Int(words[1]))
      return try CompilerInspector(stages.module).machineCode(of: function)
    default:
      Issue.record("neither pass, ir nor asm")
      return ""
    }
  }
}
