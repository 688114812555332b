/// A proposal that can be switched on and off by name.
public enum Feature: String, CaseIterable, Hashable, Sendable {
  case mutableGlobals = "mutable-globals"
  case signExtension = "sign-extension"
  case saturatingFloatToInt = "saturating-float-to-int"
  case multiValue = "multi-value"
  case bulkMemory = "bulk-memory"
  case referenceTypes = "reference-types"
  case simd = "simd"
  case relaxedSIMD = "relaxed-simd"
  case tailCall = "tail-call"
  case extendedConst = "extended-const"
  case multiMemory = "multi-memory"
  case memory64 = "memory64"
  case functionReferences = "function-references"
  case gc = "gc"
  case exceptions = "exceptions"
  case customAnnotations = "custom-annotations"
  case threads = "threads"
  case customPageSizes = "custom-page-sizes"
  case wideArithmetic = "wide-arithmetic"
  case memoryControl = "memory-control"
  case compactImports = "compact-imports"
  case numericValues = "numeric-values"

  /// The position among all features.
  var ordinal: Int {
    switch self {
    case .mutableGlobals: 0
    case .signExtension: 1
    case .saturatingFloatToInt: 2
    case .multiValue: 3
    case .bulkMemory: 4
    case .referenceTypes: 5
    case .simd: 6
    case .relaxedSIMD: 7
    case .tailCall: 8
    case .extendedConst: 9
    case .multiMemory: 10
    case .memory64: 11
    case .functionReferences: 12
    case .gc: 13
    case .exceptions: 14
    case .customAnnotations: 15
    case .threads: 16
    case .customPageSizes: 17
    case .wideArithmetic: 18
    case .memoryControl: 19
    case .compactImports: 20
    case .numericValues: 21
    }
  }

  /// Whether the feature is part of WebAssembly 3.0.
  public var isStandard: Bool {
    switch self {
    case .threads, .customPageSizes, .wideArithmetic, .memoryControl, .compactImports, .numericValues: false
    default: true
    }
  }

  /// One line for people.
  public var summary: String {
    switch self {
    case .mutableGlobals: "import and export of mutable globals"
    case .signExtension: "sign extension instructions"
    case .saturatingFloatToInt: "float to integer conversions that do not trap"
    case .multiValue: "blocks and functions with several results, blocks with parameters"
    case .bulkMemory: "memory.copy, memory.fill, passive segments"
    case .referenceTypes: "funcref and externref values, several tables"
    case .simd: "128-bit vectors"
    case .relaxedSIMD: "vector instructions whose results may differ between machines"
    case .tailCall: "return_call and return_call_indirect"
    case .extendedConst: "add, sub and mul in constant expressions"
    case .multiMemory: "several memories in a module"
    case .memory64: "memories and tables with 64-bit addresses"
    case .functionReferences: "typed function references"
    case .gc: "garbage-collected structures and arrays, recursive types, subtyping"
    case .exceptions: "tags, throw, try_table, exnref"
    case .customAnnotations: "annotations of custom sections in the text format"
    case .threads: "shared memories and atomic instructions"
    case .customPageSizes: "memories with pages of one byte"
    case .wideArithmetic: "128-bit addition, subtraction and multiplication"
    case .memoryControl: "memory.discard"
    case .compactImports: "imports from one module in a group"
    case .numericValues: "numbers in data segments of the text format"
    }
  }
}

/// A set of features.
public struct FeatureSet: Hashable, Sendable, ExpressibleByArrayLiteral {
  var bits: UInt32

  init(bits: UInt32) { self.bits = bits }

  public init(arrayLiteral elements: Feature...) {
    self.init(elements)
  }

  /// The set of the features of a sequence.
  public init(_ features: some Sequence<Feature>) {
    bits = 0
    for feature in features { insert(feature) }
  }

  private static func bit(_ feature: Feature) -> UInt32 { 1 << UInt32(feature.ordinal) }

  public func contains(_ feature: Feature) -> Bool { bits & Self.bit(feature) != 0 }
  public mutating func insert(_ feature: Feature) { bits |= Self.bit(feature) }
  public mutating func remove(_ feature: Feature) { bits &= ~Self.bit(feature) }

  func isSubset(of other: FeatureSet) -> Bool { bits & ~other.bits == 0 }
  func subtracting(_ other: FeatureSet) -> FeatureSet { FeatureSet(bits: bits & ~other.bits) }

  /// The features in the set, in the order of their declaration.
  public var features: [Feature] { Feature.allCases.filter(contains) }

  /// Everything that WebAssembly 3.0 has.
  public static let standard = FeatureSet(Feature.allCases.filter(\.isStandard))
  /// Everything that Polymnia knows.
  public static let all = FeatureSet(Feature.allCases)
}
