import Testing

@testable import WebAssembly

/// Every module of the official scripts is what its script says: valid, invalid or malformed, with the expected words.
@Suite struct OfficialValidationTests {
  static let folders =
    ["core", "custom"]
    + ["threads", "custom-page-sizes", "wide-arithmetic", "compact-import-section"].map { "proposals/\($0)" }

  /// The scripts of a proposal assert that what other proposals add is an error.
  private func features(_ path: String) -> FeatureSet {
    var features = FeatureSet.standard
    switch path {
    case let path where path.hasPrefix("proposals/threads"):
      features.insert(.threads)
      // Written when there was one memory and one table.
      for feature in [Feature.multiMemory, .memory64, .referenceTypes] { features.remove(feature) }
    case let path where path.hasPrefix("proposals/custom-page-sizes"): features.insert(.customPageSizes)
    case let path where path.hasPrefix("proposals/wide-arithmetic"): features.insert(.wideArithmetic)
    case let path where path.hasPrefix("proposals/compact-import-section"): features.insert(.compactImports)
    default: break
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
