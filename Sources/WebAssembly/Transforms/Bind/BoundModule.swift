/// What ``MemoryBinding`` is asked for.
public struct BindingOptions: Sendable {
  /// The memories to add. They take the place of declarations of the same memory that the module carries itself. A memory
  /// that an import refers to and nothing declares has one page, can grow, and is not exported.
  public var memories: [MemoryDeclaration] = []

  public init() {}
}

/// A module whose imports from `multi_memory` have become instructions.
public struct BoundModule: Sendable {
  /// A memory of the new module.
  public struct Memory: Sendable, Hashable {
    /// The number by which imports refer to it.
    public var number: Int
    /// Its index in the new module. It differs from the number where memories are imported behind others that are not.
    public var index: Int
    public var name: String?
    public var type: MemoryType
    public var isNew: Bool
    public var importedFrom: MemoryDeclaration.ImportName?
    /// The names under which binding exports it.
    public var exports: [String]
    /// The number of calls that became instructions on it.
    public var instructionCount: Int
  }

  /// An import that is there no more.
  public struct BoundImport: Sendable, Hashable {
    public var name: String
    /// The calls that became the instruction itself, or with `*` a call of ``functionName``.
    public var callCount: Int
    /// The function that stands where the import was used as a reference, was exported, or has the memory's index as an
    /// operand.
    public var functionName: String?
  }

  public var module: Module
  /// In order of numbers.
  public var memories: [Memory]
  /// In the order in which they stood in the module.
  public var imports: [BoundImport]
  /// Functions that do nothing but call a bound import, and whose callers have the instruction in their place.
  public var inlinedFunctionCount: Int
  /// Custom sections that were dropped because their contents would no longer be true.
  public var droppedSections: [String]
}
