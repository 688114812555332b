/// Extensions of the x86-64 instruction set that compiled code uses where the processor has them, and does without where
/// not. What it cannot do without is SSE4.1.
public struct ProcessorFeatures: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// 64-bit comparisons of vectors.
  public static let sse42 = ProcessorFeatures(rawValue: 1 << 0)
  /// Instructions on vectors and floats with three operands, and memory operands of any alignment.
  public static let avx = ProcessorFeatures(rawValue: 1 << 1)
  /// Repeating a lane. Only together with ``avx``.
  public static let avx2 = ProcessorFeatures(rawValue: 1 << 2)
  /// Counting zeros from the lowest bit (TZCNT).
  public static let bmi1 = ProcessorFeatures(rawValue: 1 << 3)
  /// Shifts by a count in any register.
  public static let bmi2 = ProcessorFeatures(rawValue: 1 << 4)
  /// Counting zeros from the highest bit.
  public static let lzcnt = ProcessorFeatures(rawValue: 1 << 5)
  /// Counting ones.
  public static let popcnt = ProcessorFeatures(rawValue: 1 << 6)

  /// None of them.
  public static let baseline: ProcessorFeatures = []

  /// What this machine has.
  public static let native: ProcessorFeatures = {
    #if arch(x86_64) && os(Linux)
      guard let processor = Processor.current else { return .baseline }
      var features = named.reduce(into: ProcessorFeatures.baseline) { features, row in
        if processor.has(row.bit) { features.insert(row.feature) }
      }
      if !processor.keepsWideVectors { features.subtract([.avx, .avx2]) }
      if !features.contains(.avx) { features.remove(.avx2) }
      return features
    #else
      return .baseline
    #endif
  }()

  /// The names of the features, in the order in which they are listed.
  public static var names: [String] { named.map { String($0.name) } }

  /// Features by name, divided by commas: `sse42,avx`; `native` is all that this machine has, `baseline` none. nil where
  /// there is no such name.
  public init?(names: String) {
    var features = ProcessorFeatures.baseline
    for name in names.split(separator: ",", omittingEmptySubsequences: false) {
      switch name {
      case "baseline": break
      case "native": features.formUnion(.native)
      default:
        guard let row = Self.named.first(where: { $0.name == name }) else { return nil }
        features.insert(row.feature)
      }
    }
    self = features
  }

  /// What of these features this machine has, as far as they can be used together.
  var usable: ProcessorFeatures {
    var features = intersection(.native)
    if !features.contains(.avx) { features.remove(.avx2) }
    return features
  }

  /// Whether this processor can run what the compiler makes, SSSE3 and SSE4.1 among it.
  static let hasFloor: Bool = {
    #if arch(x86_64) && os(Linux)
      guard let processor = Processor.current else { return false }
      return processor.has(.ssse3) && processor.has(.sse41)
    #else
      return false
    #endif
  }()

  /// Each feature with its name and where the processor says that it has it.
  private static let named: [(feature: ProcessorFeatures, name: Substring, bit: Processor.Bit)] = [
    (.sse42, "sse42", .sse42), (.avx, "avx", .avx), (.avx2, "avx2", .avx2), (.bmi1, "bmi1", .bmi1),
    (.bmi2, "bmi2", .bmi2), (.lzcnt, "lzcnt", .lzcnt), (.popcnt, "popcnt", .popcnt),
  ]
}
