import Testing

@testable import WebAssembly

/// Every module of the official scripts is what its script says: valid, invalid or malformed, with the expected words.
@Suite struct OfficialValidationTests {
  static let folders =
    ["core", "custom"] + ["threads", "custom-page-sizes", "wide-arithmetic"].map { "proposals/\($0)" }

  private func features(_ path: String) -> FeatureSet {
    var features = OfficialScripts.features(path)
    // The scripts of threads are those of a time with one memory and one table.
    if path.hasPrefix("proposals/threads") {
      features.remove(.multiMemory)
      features.remove(.referenceTypes)
    }
    return features
  }

  @Test(
    .enabled(if: OfficialScripts.exist, Comment(rawValue: OfficialScripts.absence)),
    arguments: OfficialScripts.paths(folders))
  func everyModuleIsWhatTheScriptSays(path: String) throws {
    let features = features(path)
    let script = try Script.parse(try OfficialScripts.source(path), features: features)
    for command in script.commands { check(command, features, path) }
  }

  private func check(_ command: ScriptCommand, _ features: FeatureSet, _ path: String) {
    switch command.kind {
    case .module(let module), .definition(let module), .assertModuleTrap(let module, _),
      .assertUnlinkable(let module, _):
      let outcome = outcome(module, features)
      #expect(outcome == nil, "\(path):\(command.line)")
    case .assertInvalid(let module, let message):
      let outcome = outcome(module, features)
      #expect(
        outcome?.kind == .invalid && outcome?.message.hasPrefix(message) == true,
        "\(path):\(command.line) expects \(message), not \(String(describing: outcome))")
    case .assertMalformed(let module, let message):
      let outcome = outcome(module, features)
      #expect(
        outcome?.kind == .malformed && outcome?.message.hasPrefix(message) == true,
        "\(path):\(command.line) expects \(message), not \(String(describing: outcome))")
    case .thread(_, _, let commands):
      for command in commands { check(command, features, path) }
    default:
      break
    }
  }

  /// The error that a module ends with, or nil for a valid one. Errors in text are malformed.
  private func outcome(_ module: ScriptModule, _ features: FeatureSet) -> ModuleError? {
    do {
      _ = try ModuleValidator.validate(try module.module(features: features), features: features)
      return nil
    } catch let error as ModuleError {
      return error
    } catch let error as TextError {
      return ModuleError(.malformed, error.message, at: 0)
    } catch {
      return ModuleError(.unsupported, "\(error)", at: 0)
    }
  }
}
