import Foundation
import Testing

@testable import WebAssembly

/// Every module of the official scripts is read back as it was written, in both directions.
@Suite struct RoundTripTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let testsuite = root.appending(path: "../shared/testsuite").standardizedFileURL
  private static let folders = [
    "core", "custom", "proposals/threads", "proposals/custom-page-sizes", "proposals/wide-arithmetic",
    "proposals/compact-import-section",
  ]

  private static func scripts() -> [URL] {
    folders.flatMap { folder in
      let files = FileManager.default.enumerator(at: testsuite.appending(path: folder), includingPropertiesForKeys: nil)
      return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "wast" }
    }.sorted { $0.path < $1.path }
  }

  private static func modules(_ commands: [ScriptCommand]) -> [ScriptModule] {
    var modules: [ScriptModule] = []
    for command in commands {
      switch command.kind {
      case .module(let module), .definition(let module), .assertModuleTrap(let module, _),
        .assertUnlinkable(let module, _), .assertInvalid(let module, _), .assertInvalidCustom(let module, _):
        modules.append(module)
      case .thread(_, _, let commands): modules += Self.modules(commands)
      default: break
      }
    }
    return modules
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: testsuite.path), "the official scripts are not there"))
  func everyModuleOfTheOfficialScriptsIsReadBack() throws {
    var count = 0
    var binaries = 0
    for script in Self.scripts() {
      let source = [UInt8](try Data(contentsOf: script))
      for module in Self.modules(try Script.parse(source).commands) {
        // Some of the invalid ones are malformed under all features.
        guard let first = try? module.module(emitNames: true) else { continue }
        let place = "\(script.path):\(module.line)"
        let bytes = ModuleEncoder.encode(first)
        let decoded = try ModuleDecoder.decode(bytes)
        #expect(ModuleEncoder.encode(decoded) == bytes, "\(place)")
        guard BodyScanner.firstMalformation(in: decoded) == nil else { continue }
        let text = try ModulePrinter.text(decoded)
        let parsed = try ModuleParser.parse(Array(text.utf8))
        let again = ModuleEncoder.encode(parsed.module)
        count += 1
        if case .binary = module.form {
          // A binary need not be minimal, but its text is the same from then on.
          binaries += 1
          #expect(try ModulePrinter.text(try ModuleDecoder.decode(again)) == text, "\(place)")
        } else {
          #expect(again == bytes, "\(place)")
        }
      }
    }
    #expect(count > 4000)
    #expect(binaries > 100)
  }
}
