import WebAssembly

/// Which features the scripts of a folder want, and which folders are run.
///
/// The scripts of a proposal are written against the release that it builds on, and assert that what other proposals add
/// is an error, so the set follows from the folder.
public enum SuiteFeatures {
  /// A folder of the official scripts by its name, wherever it lies.
  struct Suite {
    var folder: String
    var features: FeatureSet
    /// Whether a folder that contains this one runs it too.
    var isRunUnnamed = true
  }

  /// The innermost folder in a script's path that stands here decides; where none does, everything is on.
  static let suites = [
    Suite(folder: "core", features: .standard),
    Suite(folder: "custom", features: .standard),
    // Written when there was one memory and one table.
    Suite(
      folder: "threads",
      features: .standard.adding(.threads).removing(.multiMemory).removing(.memory64).removing(.referenceTypes)),
    Suite(folder: "custom-page-sizes", features: .standard.adding(.customPageSizes)),
    Suite(folder: "wide-arithmetic", features: .standard.adding(.wideArithmetic)),
    Suite(folder: "compact-import-section", features: .standard.adding(.compactImports)),
    Suite(folder: "custom-descriptors", features: .standard, isRunUnnamed: false),
    Suite(folder: "legacy", features: .standard, isRunUnnamed: false),
  ]

  /// The features for the script at a path.
  public static func features(forScript path: String) -> FeatureSet {
    let folders = path.split(separator: "/").dropLast().reversed()
    for folder in folders {
      if let suite = suites.first(where: { $0.folder == folder }) { return suite.features }
    }
    return .all
  }

  /// Whether a folder that was met on the way, and not named, is entered.
  static func entersUnnamed(_ folder: String) -> Bool {
    suites.first { $0.folder == folder }?.isRunUnnamed ?? true
  }
}

extension FeatureSet {
  fileprivate func adding(_ feature: Feature) -> FeatureSet {
    var set = self
    set.insert(feature)
    return set
  }

  fileprivate func removing(_ feature: Feature) -> FeatureSet {
    var set = self
    set.remove(feature)
    return set
  }
}
