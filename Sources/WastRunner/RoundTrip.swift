import WebAssembly

/// Takes modules from one format to the other and back.
enum RoundTrip {
  /// Checks that a module survives: text → binary → text → binary with equal bytes; binary → text → binary → text with
  /// equal texts, since a binary need not be in shortest form.
  static func check(_ module: ScriptModule, features: FeatureSet) throws {
    let first: Module
    switch module.form {
    case .binary:
      first = try module.module(features: features)
    case .text, .quote:
      first = try decode(ModuleEncoder.encode(try module.module(features: features)), "the binary", features)
    }
    let text = try ModulePrinter.text(first)
    let bytes = ModuleEncoder.encode(try parse(text, features))
    let second = try decode(bytes, "the binary of the text", features)
    switch module.form {
    case .binary:
      let again = try ModulePrinter.text(second)
      if again != text { throw difference(Array(text.utf8), Array(again.utf8), "text of the text's binary") }
    case .text, .quote:
      if bytes != first.bytes { throw difference(first.bytes, bytes, "binary of the binary's text") }
    }
  }

  private static func decode(
    _ bytes: [UInt8], _ what: String, _ features: FeatureSet
  ) throws(ScriptRunner.Mismatch) -> Module {
    do {
      return try ModuleDecoder.decode(bytes, features: features)
    } catch {
      throw ScriptRunner.Mismatch(expected: "\(what) is decoded", got: "\(error)")
    }
  }

  private static func parse(_ text: String, _ features: FeatureSet) throws(ScriptRunner.Mismatch) -> Module {
    do {
      return try ModuleParser.parse(Array(text.utf8), features: features).module
    } catch {
      throw ScriptRunner.Mismatch(expected: "the printed text is parsed", got: "\(error)")
    }
  }

  private static func difference(_ expected: [UInt8], _ actual: [UInt8], _ what: String) -> ScriptRunner.Mismatch {
    let common = zip(expected, actual).prefix { $0 == $1 }.count
    return ScriptRunner.Mismatch(
      expected: "the \(what) is the same, \(expected.count) bytes",
      got: "\(actual.count) bytes, different from byte \(common) on")
  }
}
