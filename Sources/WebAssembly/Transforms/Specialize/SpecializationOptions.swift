/// How copies of functions for other memories are to be made.
public struct SpecializationOptions: Sendable {
  /// What a shadow stack, on which compiled programs keep variables that have addresses, becomes in a copy.
  public enum Stack: Sendable, Hashable {
    /// A function that uses it is refused.
    case refused
    /// The same addresses, in the other memory. They must be free there.
    case shared
    /// A stack pointer of the copies' own, which begins at an address of the other memory and goes down.
    case at(UInt64)
  }

  /// What becomes of accesses to static data: those whose addresses are constants, or computed from a constant and numbers
  /// that are no pointers.
  public enum StaticData: Sendable, Hashable {
    /// A function that has one is refused.
    case refused
    /// They stay on the memory that they are on.
    case stay
    /// They move to the other memory as all accesses do.
    case move
  }

  public var stack = Stack.refused
  public var staticData = StaticData.refused
  /// Takes an address that may be one of static data, or may not, for one of the other memory; without it a function with
  /// such an access is refused.
  public var assumesRelocatable = false
  /// The stack pointer's name in the name section, of its import or export, or its index.
  public var stackPointer = "__stack_pointer"
  /// Allows calls through tables and references. What they call works on the memories that it has.
  public var allowsIndirectCalls = false
  /// Allows calls of imports. What they call works on the memories that it knows.
  public var allowsImports = false
  /// By function: the name under which the new one is exported, if not the usual one.
  public var exportNames: [ExactName: String] = [:]

  public init() {}
}

/// A module with copies of functions that work on other memories.
public struct SpecializedModule: Sendable {
  /// A function that has been added.
  public struct Function: Sendable, Hashable {
    /// The function that it is a copy of, or chooses among copies of.
    public var original: String
    public var exportName: String
    public var index: Int
    /// Whether an import from ``FunctionSpecialization/moduleName`` of the same name has been replaced by it.
    public var replacesImport: Bool
  }

  public var module: Module
  /// In the order in which they were asked for.
  public var functions: [Function]
  /// The number of copies that were made, those of called functions included.
  public var copyCount: Int
  /// The functions that the copies share with the originals, because they touch no memory that changes.
  public var sharedCount: Int
  /// What copies call that keeps working on the memories that it has.
  public var notes: [String]
  /// Custom sections that were dropped because their contents would no longer be true.
  public var droppedSections: [String]
}
