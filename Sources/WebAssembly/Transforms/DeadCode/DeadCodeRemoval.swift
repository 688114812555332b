/// Removes what nothing can come to: functions, tables, memories, globals, tags, types, segments and imports that neither
/// the exports nor the steps of instantiation use, however indirectly.
///
/// What a module does stays the same. Active segments that write to an imported memory or table are kept, and so are those
/// that may trap because they are not certain to fit. The embedder need no longer supply imports that are removed.
public enum DeadCodeRemoval {
  /// A module without dead code.
  ///
  /// - Parameter progress: Is told, now and then, how many bytes have been written.
  /// - Throws: a ``ModuleError``, which a valid module does not make.
  public static func remove(
    from validated: ValidatedModule, progress: (Int) -> Void = { _ in }
  ) throws(ModuleError) -> PrunedModule {
    let parts = ModuleParts(validated.module)
    let initialization = try Initialization(parts, validated.spaces)
    let live = try Liveness.reachable(in: parts, validated.spaces, initialization)
    var assembly = ModuleAssembly(parts, validated.spaces, live, initialization)
    let assembled = try assembly.run(progress: progress)
    return PrunedModule(
      module: assembled.module, removed: RemovedItems(live, imports: Self.removedImports(validated, assembled.module)),
      remapping: assembled.compaction, droppedSections: assembled.droppedSections.map(\.name))
  }

  private static func removedImports(_ old: ValidatedModule, _ new: Module) -> Int {
    old.module.imports.count - new.imports.count
  }
}

/// A module that dead code was removed from.
public struct PrunedModule: Sendable {
  public var module: Module
  public var removed: RemovedItems
  /// From old indices to new ones; what was removed has `UInt32.max`.
  public var remapping: IndexRemapping
  /// Custom sections that were dropped because they describe the old code.
  public var droppedSections: [String]
}

/// How many items of each kind were removed, imports among them.
public struct RemovedItems: Sendable, Hashable {
  public var types = 0
  public var functions = 0
  public var tables = 0
  public var memories = 0
  public var globals = 0
  public var tags = 0
  public var elementSegments = 0
  public var dataSegments = 0
  /// How many of these were imports.
  public var imports = 0

  public init() {}

  init(_ live: Liveness, imports: Int) {
    types = live.deadCount(of: .type)
    functions = live.deadCount(of: .function)
    tables = live.deadCount(of: .table)
    memories = live.deadCount(of: .memory)
    globals = live.deadCount(of: .global)
    tags = live.deadCount(of: .tag)
    elementSegments = live.deadCount(of: .element)
    dataSegments = live.deadCount(of: .data)
    self.imports = imports
  }

  public var isEmpty: Bool { self == RemovedItems() }
}
