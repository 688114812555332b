/// One module that does what several did, and what has become of them.
public struct LinkedModule: Sendable {
  /// An import that was bound to an export of an earlier module.
  public struct Binding: Sendable, Hashable {
    /// The module that imports.
    public var importer: String
    /// The names of the import, after renaming.
    public var module: String
    public var name: String
    public var kind: ExternalKind
    /// The minimum that is checked when the linked module is instantiated, because earlier start functions may grow the
    /// memory or table to it.
    public var checkedMinimum: UInt64?
  }

  /// A memory of the linked module.
  public struct Memory: Sendable, Hashable {
    public var index: Int
    public var type: MemoryType
    /// The module that owns it or, if none does, the first that imports it; and the index that it has there.
    public var module: String
    public var oldIndex: Int
    public var name: String?
    /// From where it is imported.
    public var importedFrom: Import?
    /// The names under which it is exported.
    public var exports: [String]
  }

  /// A custom section that was left out.
  public struct DroppedSection: Sendable, Hashable {
    public var module: String
    public var name: String
    /// Because it describes code that has changed; otherwise because a later module has another one of the name.
    public var describesCode: Bool
  }

  /// Not validated yet.
  public var module: Module
  public var bindings: [Binding]
  public var memories: [Memory]
  public var removed: RemovedItems
  /// How many types and imports were the same as others.
  public var mergedTypes: Int
  public var mergedImports: Int
  /// How many steps of instantiation the start function does, because the engine would do them in another order.
  public var startStepCount: Int
  public var droppedSections: [DroppedSection]
  /// The modules whose initializer neither the start function calls nor the host can; of several that export the same one
  /// the first.
  public var uninitialized: [String]
  /// The modules of which nothing is left.
  public var unused: [String]
}
