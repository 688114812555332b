/// The index spaces of a module, imports first (Core 3.0, 2.5.1), as dense arrays.
public struct IndexSpaces: Sendable {
  /// The type index of every function.
  public var functions: [UInt32] = []
  public var tables: [TableType] = []
  public var memories: [MemoryType] = []
  public var globals: [GlobalType] = []
  /// The type index of every tag.
  public var tags: [UInt32] = []
  public var importedFunctionCount = 0
  public var importedTableCount = 0
  public var importedMemoryCount = 0
  public var importedGlobalCount = 0
  public var importedTagCount = 0

  /// The index spaces of a module.
  public init(_ module: Module) {
    for item in module.imports {
      switch item.type {
      case .function(let type): functions.append(type)
      case .table(let type): tables.append(type)
      case .memory(let type): memories.append(type)
      case .global(let type): globals.append(type)
      case .tag(let type): tags.append(type)
      }
    }
    importedFunctionCount = functions.count
    importedTableCount = tables.count
    importedMemoryCount = memories.count
    importedGlobalCount = globals.count
    importedTagCount = tags.count
    functions.append(contentsOf: module.functions)
    tables.append(contentsOf: module.tables.lazy.map(\.type))
    memories.append(contentsOf: module.memories)
    globals.append(contentsOf: module.globals.lazy.map(\.type))
    tags.append(contentsOf: module.tags)
  }
}
