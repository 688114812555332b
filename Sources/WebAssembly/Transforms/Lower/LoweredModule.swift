/// What becomes of imported memories in a module that is lowered.
public enum ImportedMemories: String, Sendable, Hashable, CaseIterable {
  /// They become part of the combined memory, which the module owns; the host finds them by exports.
  case own
  /// They stay where they are: the module imports functions that access, size and grow them.
  case accessors
}

/// What ``MemoryLowering`` is asked for.
public struct LoweringOptions: Sendable {
  /// By memory index: the number of its own pages to keep room for, so that nothing moves when it grows up to it.
  public var reservations: [Int: UInt64] = [:]
  /// Whether memories that state a maximum are given room up to it, as long as the rooms come to 1 GiB at most.
  public var reservesMaxima = true
  /// Leaves out the checks that keep the memories apart. An access out of bounds of its memory then reaches another one.
  public var isUnchecked = false
  public var imports = ImportedMemories.own

  public init() {}
}

/// A module with one memory, and what has become of the memories that it had.
public struct LoweredModule: Sendable {
  /// How a memory lies in the combined one.
  public struct Region: Sendable, Hashable {
    public var memory: Int
    /// Further imports of the same memory.
    public var aliases: [Int]
    public var name: String?
    /// The names of the import that it was, with a dot between them.
    public var importedAs: String?
    /// Where it begins at instantiation, in bytes.
    public var base: UInt64
    /// Its size at instantiation, in bytes.
    public var byteCount: UInt64
    /// The room that it has at instantiation, in bytes.
    public var capacity: UInt64
    public var growth: Growth
    /// Whether its base changes when a memory below it grows.
    public var moves: Bool
    /// Whether accesses are left to the combined memory's own bounds checks.
    public var needsNoChecks: Bool
    /// The index of the global that holds its base, where that can change.
    public var baseGlobal: UInt32?
    /// The index of the global that holds its size in bytes as an i64, where that can change. Where there is none although
    /// it grows, it ends where the combined memory ends.
    public var sizeGlobal: UInt32?
    /// The names under which the host finds it: as `NAME.base`, `NAME.size` and `NAME.grow`.
    public var exports: [String]
  }

  public enum Growth: String, Sendable, Hashable {
    /// Nothing grows it.
    case never
    /// Within the room that is reserved for it.
    case reserved
    /// At the end of the combined memory.
    case atEnd = "at the end"
    /// Moving what lies above it.
    case relocating
  }

  /// A memory that stays where it is, and is reached by functions of the host.
  public struct Remote: Sendable, Hashable {
    public var memory: Int
    public var name: String?
    public var type: MemoryType
    public var module: String
    /// What the names of the functions begin with.
    public var importName: String
    /// The names of the functions, each behind ``importName`` and a dot.
    public var functions: [String]
  }

  public var module: Module
  /// In ascending order of bases.
  public var regions: [Region]
  public var remotes: [Remote]
  /// The room that the combined memory keeps for itself, in bytes: what goes to and comes from remote memories.
  public var scratch: UInt64
  public var memory: MemoryType?
  /// Custom sections that were dropped because their contents would no longer be true.
  public var droppedSections: [String]
  /// The name under which the combined memory is exported, where a memory was.
  public static let exportName = "lowered-memory"
}
