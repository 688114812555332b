/// A module that is valid. Only the validator makes one.
public struct ValidatedModule: Sendable {
  public let module: Module
  public let spaces: IndexSpaces
  public let features: FeatureSet
  public let limits: ImplementationLimits

  /// What validation found out about a function.
  public struct FunctionSummary: Hashable, Sendable {
    /// Where the instructions begin, after the declarations of locals, in bytes from the start of ``Module/bytes``.
    public let instructionsStart: Int
    /// The most operands that are on the stack at a time.
    public let maximumHeight: UInt32
    /// The most blocks that are open at a time, the body itself not counted.
    public let maximumNesting: UInt32
    /// The number of block, loop, if and try_table instructions.
    public let blockCount: UInt32
    /// The number of instructions, every `else` and `end` included.
    public let instructionCount: UInt32
  }

  /// One per defined function.
  public let functions: [FunctionSummary]
  let firstUses: FirstUses

  /// The offset of the first instruction that uses a feature, over all bodies and constant expressions, in bytes from the
  /// start of ``Module/bytes``; nil where none does. So an engine can refuse what it cannot run.
  ///
  /// Only instructions count, not declarations: for `gc` those that allocate or access objects, test or cast references
  /// (`struct.*`, `array.*`, `ref.i31`, `i31.get_*`, `ref.test`, `ref.cast`, `br_on_cast*`, `ref.eq` and the conversions
  /// between `any` and `extern`), not types or nulls.
  public func firstUse(of feature: Feature) -> Int? { firstUses.offset(of: feature) }

  init(_ context: ValidationContext, functions: [FunctionSummary], firstUses: FirstUses) {
    module = context.module
    spaces = context.spaces
    features = context.features
    limits = context.limits
    self.functions = functions
    self.firstUses = firstUses
  }
}

/// What ``ModuleValidator/validateFunctions(_:)`` found out about a range of functions, for
/// ``ModuleValidator/finish(_:)``.
public struct FunctionSummaries: Sendable {
  let range: Range<Int>
  let functions: [ValidatedModule.FunctionSummary]
  let firstUses: FirstUses
  let validator: ModuleValidator.Identity
}
