import Testing
import WebAssembly

/// Every module of the official scripts is read, and every malformed text refused in the words that they expect.
@Suite(.enabled(if: OfficialScripts.exist, Comment(rawValue: OfficialScripts.absence)))
struct OfficialScriptTextTests {
  static let folders = [
    "core", "custom", "proposals/threads", "proposals/custom-page-sizes", "proposals/wide-arithmetic",
    "proposals/compact-import-section",
  ]

  /// A module that stands in a command, and the message if its text is malformed.
  private struct Sample {
    var module: ScriptModule
    var message: String?
    var line: Int
  }

  private func samples(_ commands: [ScriptCommand]) -> [Sample] {
    commands.compactMap { command in
      switch command.kind {
      case .module(let module), .definition(let module), .assertModuleTrap(let module, _),
        .assertUnlinkable(let module, _), .assertInvalid(let module, _), .assertInvalidCustom(let module, _):
        Sample(module: module, message: nil, line: command.line)
      case .assertMalformed(let module, let message), .assertMalformedCustom(let module, let message):
        Sample(module: module, message: message, line: command.line)
      default:
        nil
      }
    }
  }

  @Test(arguments: OfficialScripts.paths(folders))
  func modulesAreReadAndMalformedOnesRefused(_ path: String) throws {
    let features = OfficialScripts.features(path)
    let script = try Script.parse(try OfficialScripts.source(path), features: features)
    for sample in samples(script.commands) where sample.module.text != nil {
      let place = "\(path):\(sample.line)"
      do {
        _ = try sample.module.module(features: features)
        if let message = sample.message { Issue.record("\(place): read, but expected: \(message)") }
      } catch {
        let text = (error as? TextError)?.message ?? "\(error)"
        if let message = sample.message {
          if !text.hasPrefix(message) { Issue.record("\(place): \(text), but expected: \(message)") }
        } else {
          Issue.record("\(place): \(error)")
        }
      }
    }
  }
}
