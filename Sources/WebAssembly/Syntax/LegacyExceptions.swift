/// The instructions for exceptions from before WebAssembly 3.0, which are only known to be refused by their name.
enum LegacyExceptions {
  static func name(of code: Int) -> String? {
    switch code {
    case 0x06: "try"
    case 0x07: "catch"
    case 0x09: "rethrow"
    case 0x18: "delegate"
    case 0x19: "catch_all"
    default: nil
    }
  }

  /// Those that no instruction or clause of WebAssembly 3.0 has the word of.
  static let words: Set<String> = ["try", "rethrow", "delegate"]

  static func refusal(of word: String) -> String {
    "\(word) is a legacy exception instruction, in whose place WebAssembly 3.0 has try_table"
  }
}
