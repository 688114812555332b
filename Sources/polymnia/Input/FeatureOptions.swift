import ArgumentParser
import WebAssembly

/// `--features` and `--max-input`, which every command has.
struct FeatureOptions: ParsableArguments {
  @Option(
    name: .customLong("features"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Switch features on and off; 'help' lists them. All are on by default.", valueName: "+a,-b"))
  var changes: [Many<String>] = []

  @Option(
    help: ArgumentHelp("Refuse files of more bytes as input. K, M and G may follow.", valueName: "bytes"))
  var maxInput = ByteCount(InputFile.defaultLimit)

  mutating func validate() throws {
    InputFile.limit.store(maxInput.value, ordering: .relaxed)
    let change = try change
    if changes.all().contains("help") { throw CleanExit.message(Self.list(change(.all))) }
  }

  /// Whether `--features` was given at all.
  var isDefault: Bool { changes.isEmpty }

  /// The features that are on.
  var set: FeatureSet {
    get throws { try change(.all) }
  }

  /// What the option does to a set of features.
  var change: @Sendable (FeatureSet) -> FeatureSet {
    get throws {
      var steps: [(feature: Feature, isOn: Bool)] = []
      for item in changes.all().filter({ $0 != "help" }).flatMap({ $0.parts(between: ",") }) where !item.isEmpty {
        let isOn = item.unicodeScalars.first != "-"
        let hasSign = !isOn || item.unicodeScalars.first == "+"
        let name = String(item.unicodeScalars.dropFirst(hasSign ? 1 : 0))
        let features = name == "all" ? Feature.allCases : Feature(rawValue: name).map { [$0] } ?? []
        guard !features.isEmpty else {
          throw ValidationError("Unknown feature '\(name: name)'. '--features help' lists the features.")
        }
        steps += features.map { ($0, isOn) }
      }
      return { [steps] base in
        var set = base
        for step in steps {
          if step.isOn { set.insert(step.feature) } else { set.remove(step.feature) }
        }
        return set
      }
    }
  }

  private static func list(_ selected: FeatureSet) -> String {
    let width = Feature.allCases.map(\.rawValue.count).max() ?? 0
    return Feature.allCases.map { feature in
      let padding = String(repeating: " ", count: width - feature.rawValue.count)
      let state = selected.contains(feature) ? "+" : "-"
      let origin = feature.isStandard ? "3.0     " : "proposal"
      return "\(state)\(feature.rawValue)\(padding)  \(origin)  \(feature.summary)"
    }.joined(separator: "\n")
  }
}
