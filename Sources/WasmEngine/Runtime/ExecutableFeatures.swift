import WebAssembly

/// What the engine can run. Everything that validates can be instantiated but what is listed here.
enum ExecutableFeatures {
  /// Features whose instructions are refused when a module is compiled.
  static let refused: [(feature: Feature, what: String)] = [
    (.threads, "atomic instructions"),
    (.relaxedSIMD, "relaxed vector instructions"),
    (.gc, "instructions on structures, arrays and casts"),
  ]

  static func check(_ validated: ValidatedModule) throws(ModuleError) {
    for (feature, what) in refused {
      if let offset = validated.firstUse(of: feature) {
        throw ModuleError(.unsupported, "\(what) (feature \(feature.rawValue)) cannot be executed yet", at: offset)
      }
    }
  }
}
