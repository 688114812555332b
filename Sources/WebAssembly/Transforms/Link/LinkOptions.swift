/// A module to be linked, and the name under which others import from it.
public struct LinkInput: Sendable {
  public var name: String
  public var module: ValidatedModule

  public init(name: String, module: ValidatedModule) {
    self.name = name
    self.module = module
  }
}

/// What ``ModuleLinker`` is asked for.
public struct LinkOptions: Sendable {
  /// Which exports the linked module has without being asked for them one by one.
  public enum DefaultExports: Sendable, Hashable {
    /// Those of the last module: the application.
    case last
    /// Those of all modules. The last one's keep their names; a name that several others have, or that the last one has
    /// too, gets its module's name before it: `renderer.draw`.
    case all
    case none
  }

  /// An export to add: what a module exports, under the same or another name.
  public struct ExportRequest: Sendable, Hashable {
    public var module: String
    public var name: String
    public var newName: String

    public init(module: String, name: String, as newName: String? = nil) {
      self.module = module
      self.name = name
      self.newName = newName ?? name
    }
  }

  /// Other names for imports, put in before they are bound: of all imports from a module, or of one.
  public struct ImportRename: Sendable, Hashable {
    public var module: String
    /// nil for all imports from the module.
    public var name: String?
    public var newModule: String
    /// nil where the name stays.
    public var newName: String?

    public init(module: String, name: String? = nil, newModule: String, newName: String? = nil) {
      self.module = module
      self.name = name
      self.newModule = newModule
      self.newName = newName
    }
  }

  /// The function that sets a module up that is no program (WASI, application binary interface: reactors).
  public static let initializerName = "_initialize"

  public var defaultExports = DefaultExports.last
  public var exports: [ExportRequest] = []
  /// Tried in order; the first that fits an import counts.
  public var renames: [ImportRename] = []
  /// Whether the linked module's start function calls what modules export as ``initializerName``, each after the module's
  /// own start function. What the linked module itself exports under that name is left to the host.
  public var callsInitializers = false
  /// Whether what nothing can come to is removed.
  public var removesDeadCode = true

  public init() {}
}
