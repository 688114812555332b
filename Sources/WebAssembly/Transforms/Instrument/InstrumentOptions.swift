/// What ``Instrumentation`` is asked to observe.
public struct InstrumentOptions: Sendable {
  /// How stores are kept.
  public enum Stores: String, Sendable, Hashable, CaseIterable {
    /// An undo log of the bytes that were there before.
    case log
    /// A byte for each page, 1 where something has been written.
    case pages
  }

  public var stores: Stores?
  /// Whether the undo log begins with the instance, and not with the first mark.
  public var logsFromStart = false
  /// Whether a mark keeps the mutable globals that the module defines, and a rollback restores them.
  public var savesGlobals = true
  /// The size of the pages of ``Stores/pages`` as a power of two.
  public var pageSizeLog2: UInt8 = 12
  /// Whether every access is recorded in a ring of records.
  public var tracesMemory = false
  /// The number of records that the ring holds; it is rounded up to a power of two.
  public var traceCapacity: UInt32 = 1 << 20
  /// Whether entries of functions and calls are counted.
  public var countsCalls = false
  /// Whether the blocks that are reached are noted.
  public var covers = false
  /// The memories to observe; nil stands for all.
  public var memories: Set<UInt32>?
  /// The maximum of the secondary memory, in pages of 64 KiB: at most 65535.
  public var maximumPages: UInt64 = 65535
  /// What the names of all exports that are added begin with.
  public var prefix = "polymnia."

  public init() {}

  /// The name under which the secondary memory is exported.
  public var memoryName: String { prefix + "instrument" }
  /// The name of the exported function `[] -> [i32]` that makes a mark; its result is 0 where the log has no room.
  public var markName: String { prefix + "mark" }
  /// The name of the exported function `[i32] -> [i32]` that undoes all stores since a mark; its result is 0 if it did.
  public var rollbackName: String { prefix + "rollback" }
  /// The name of the exported function `[] -> []` that forgets marks, log and pages.
  public var resetName: String { prefix + "reset" }
}

/// A module that observes itself.
public struct InstrumentedModule: Sendable {
  public var module: Module
  /// The index of the secondary memory.
  public var memoryIndex: UInt32
  public var memory: MemoryType
  /// The bytes of the secondary memory before the undo log.
  public var fixedByteCount: UInt64
  /// The names of the exports that were added.
  public var exports: [String]
  /// The number of instructions that write and are observed, of accesses that are traced, of calls that are counted, and
  /// of blocks that are noted.
  public var storeCount: Int
  public var accessCount: Int
  public var callCount: Int
  public var blockCount: Int
  /// What a rollback does not undo although the module does it, in words.
  public var warnings: [String]
  /// Custom sections that were dropped because their contents would no longer be true.
  public var droppedSections: [String]
}
