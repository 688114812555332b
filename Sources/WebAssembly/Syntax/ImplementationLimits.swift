/// The limits that this implementation puts on modules (Core 3.0, A.2). Exceeding one is a ``ModuleError`` of the kind
/// `limitExceeded`. Every limit can be changed; the defaults are those that web engines agreed on, where there are such.
/// A limit beyond what the implementation can do (``largest``) means that, and a negative one 0.
public struct ImplementationLimits: Hashable, Sendable {
  /// Bytes of a whole module. No more than 4 GiB - 1, since offsets are 32-bit words.
  public var moduleSize = 1 << 30
  public var types = 1_000_000
  public var recursionGroupSize = 1_000_000
  /// Length of the chain of declared supertypes.
  public var subtypingDepth = 63
  /// Defined and imported together.
  public var functions = 1_000_000
  public var imports = 1_000_000
  public var exports = 1_000_000
  public var globals = 1_000_000
  public var tags = 1_000_000
  public var dataSegments = 1_000_000
  public var elementSegments = 10_000_000
  public var elementSegmentItems = 10_000_000
  /// Defined and imported together.
  public var tables = 100_000
  /// Defined and imported together.
  public var memories = 100
  /// Bytes of one function body.
  public var functionSize = 7_654_321
  /// Of one function, parameters included.
  public var locals = 50_000
  public var parameters = 1_000
  public var results = 1_000
  public var structureFields = 10_000
  public var arrayNewFixedOperands = 10_000
  /// Targets of one br_table.
  public var branchTableTargets = 65_520
  /// Nesting of blocks in a function; in text also of folded expressions and of parentheses.
  public var nesting = 50_000
  /// Bytes of one name.
  public var nameSize = 100_000

  public init() {}

  /// What the implementation can do. Offsets in an instance's records are 31-bit numbers, which so many of everything stay
  /// below; the other numbers keep what a few bytes of a module can ask for within some hundred megabytes.
  public static let largest: ImplementationLimits = {
    var limits = ImplementationLimits()
    limits.moduleSize = Int(UInt32.max)
    limits.types = 1 << 24
    limits.recursionGroupSize = 1 << 24
    limits.subtypingDepth = 1 << 20
    limits.functions = 1 << 24
    limits.imports = 1 << 24
    limits.exports = 1 << 24
    limits.globals = 1 << 24
    limits.tags = 1 << 24
    limits.dataSegments = 1 << 24
    limits.elementSegments = 1 << 24
    limits.elementSegmentItems = 1 << 28
    limits.tables = 1 << 24
    limits.memories = 10_000
    limits.functionSize = Int(UInt32.max)
    limits.locals = 1 << 22
    limits.parameters = 1_000
    limits.results = 1_000
    limits.structureFields = 1 << 20
    limits.arrayNewFixedOperands = 1 << 20
    limits.branchTableTargets = 1 << 24
    limits.nesting = 1 << 22
    limits.nameSize = 1 << 30
    return limits
  }()

  /// Each of the limits, for what is done to all.
  static let all: [WritableKeyPath<ImplementationLimits, Int> & Sendable] = [
    \.moduleSize, \.types, \.recursionGroupSize, \.subtypingDepth, \.functions, \.imports, \.exports, \.globals, \.tags,
    \.dataSegments, \.elementSegments, \.elementSegmentItems, \.tables, \.memories, \.functionSize, \.locals,
    \.parameters, \.results, \.structureFields, \.arrayNewFixedOperands, \.branchTableTargets, \.nesting, \.nameSize,
  ]

  /// The limits as they hold.
  var effective: ImplementationLimits {
    // Most are the defaults, and key paths cost more than all else that is done to a small module.
    if self == Self.standard { return self }
    var limits = self
    for limit in Self.all { limits[keyPath: limit] = min(max(limits[keyPath: limit], 0), Self.largest[keyPath: limit]) }
    return limits
  }

  private static let standard = ImplementationLimits()
}
