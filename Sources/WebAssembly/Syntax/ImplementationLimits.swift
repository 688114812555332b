/// The limits that this implementation puts on modules (Core 3.0, A.2). Exceeding one is a ``ModuleError`` of the kind
/// `limitExceeded`. Every limit can be changed; the defaults are those that web engines agreed on, where there are such.
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
}
