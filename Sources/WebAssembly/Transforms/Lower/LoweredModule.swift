/// What ``MemoryLowering`` is asked for.
public struct LoweringOptions: Sendable {
  /// By memory index: the number of its own pages to keep room for, so that nothing moves when it grows up to it.
  public var reservations: [Int: UInt64] = [:]
  /// Leaves out the checks that keep the memories apart. An access out of bounds of its memory then reaches another one.
  public var isUnchecked = false

  public init() {}
}

/// A module with one memory, and what has become of the memories that it had.
public struct LoweredModule: Sendable {
  /// How a memory lies in the combined one.
  public struct Region: Sendable, Hashable {
    public var memory: Int
    public var name: String?
    /// Where it begins at instantiation, in bytes.
    public var base: UInt64
    /// The room that it has at instantiation, in bytes.
    public var capacity: UInt64
    public var growth: Growth
    /// Whether its base changes when a memory below it grows.
    public var moves: Bool
    /// Whether accesses are left to the combined memory's own bounds checks.
    public var needsNoChecks: Bool
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

  public var module: Module
  /// In ascending order of bases.
  public var regions: [Region]
  public var memory: MemoryType?
  /// Custom sections that were dropped because their contents would no longer be true.
  public var droppedSections: [String]
  /// The name under which the combined memory is exported, where a memory was.
  public static let exportName = "lowered-memory"
}
