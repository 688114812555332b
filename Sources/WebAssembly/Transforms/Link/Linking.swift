/// Modules on their way into one.
struct Linking {
  let inputs: [LinkInput]
  let options: LinkOptions

  /// An item of an index space while not all imports are known: the number among the imports of its kind, or among the
  /// definitions.
  struct Item: Hashable {
    var isImport: Bool
    var number: UInt32
  }

  /// Every index space of every module: by module, by kind, by index.
  var items: [[[Item]]] = []
  /// The types of all modules, each once. Canonical ids are their indices.
  var registry = TypeRegistry()
  var types: [SubType] = []
  var recursionGroups: [RecursionGroup] = []
  /// The new index of each type of each module.
  var typeMaps: [[UInt32]] = []
  /// By kind: the imports that stay, with new type indices.
  var imports: [[Import]] = Array(repeating: [], count: ExternalKind.allCases.count)
  /// The imports of all kinds, in the order in which modules first have them.
  var importOrder: [(kind: ExternalKind, item: Item)] = []
  /// By kind: the types of what is defined, with new type indices.
  var definitions: [[ImportType]] = Array(repeating: [], count: ExternalKind.allCases.count)
  /// Before the steps of each module: what must be checked.
  var checks: [[(item: Item, check: ModuleParts.SizeCheck)]] = []
  var bindings: [LinkedModule.Binding] = []
  /// The initializers that the host cannot call, and the modules whose is called by nobody either.
  var initializers: Set<Item> = []
  var uninitialized: [String] = []
  var mergedTypes = 0
  var mergedImports = 0
  /// The exports of each module by name, filled when they are first asked for.
  var exportsByName: [[[UInt8]: Export]?]
  var importsByName: [ImportKey: Item] = [:]
  let moduleNumbers: [[UInt8]: Int]
  /// The first rename of each, by its position among all.
  let renames: [RenameKey: Int]
  /// By the number among the defined globals: an instruction that makes the value, where one does.
  var globalForms: [[UInt8]?] = []
  /// Which memories and tables each module's code grows, filled when first asked for.
  var growth: [Set<GrownItem>?]

  struct ImportKey: Hashable {
    var module: [UInt8]
    var name: [UInt8]
    /// nil for memories and tables, whose limits are put together.
    var type: ImportType?
    var kind: ExternalKind
  }

  /// What a rename is for: a module, or one of its items.
  struct RenameKey: Hashable {
    var module: ExactName
    var name: ExactName?
  }

  struct GrownItem: Hashable {
    var isMemory: Bool
    var item: Item
  }

  init(_ inputs: [LinkInput], _ options: LinkOptions) throws(LinkFailure) {
    self.inputs = inputs
    self.options = options
    exportsByName = Array(repeating: nil, count: inputs.count)
    growth = Array(repeating: nil, count: inputs.count)
    checks = Array(repeating: [], count: inputs.count)
    var numbers: [[UInt8]: Int] = [:]
    for (number, input) in inputs.enumerated() {
      guard numbers.updateValue(number, forKey: Array(input.name.utf8)) == nil else {
        throw LinkFailure(.duplicateModule, in: input.name, nil, "there are two modules of this name")
      }
    }
    moduleNumbers = numbers
    renames = Dictionary(
      options.renames.enumerated().map { position, rename in
        (RenameKey(module: ExactName(rename.module), name: rename.name.map { ExactName($0) }), position)
      }, uniquingKeysWith: min)
  }

  /// Finds out what every index of every module means.
  mutating func bind() throws(LinkFailure) {
    for number in inputs.indices {
      let module = inputs[number].module.module
      addTypes(of: module)
      items.append(Array(repeating: [], count: ExternalKind.allCases.count))
      for item in module.imports {
        let bound = try bind(item, of: number)
        items[number][Int(item.type.kind.rawValue)].append(bound)
      }
      let map = remapping(types: typeMaps[number])
      for type in module.functions { define(.function(map.type(type)), in: number) }
      for table in module.tables { define(.table(map.tableType(table.type)), in: number) }
      for memory in module.memories { define(.memory(memory), in: number) }
      for global in module.globals { define(.global(map.globalType(global.type)), in: number) }
      for tag in module.tags { define(.tag(map.type(tag)), in: number) }
    }
  }

  func remapping(types: [UInt32]) -> IndexRemapping {
    var remapping = IndexRemapping()
    remapping.types = types
    return remapping
  }

  private mutating func addTypes(of module: Module) {
    var map: [UInt32] = []
    map.reserveCapacity(module.types.count)
    for (number, range) in TypeRegistry.groups(of: module).enumerated() {
      let before = registry.count
      registry.register(range, of: module.types, map: &map)
      guard registry.count > before else {
        mergedTypes += range.count
        continue
      }
      let remapping = remapping(types: map)
      for type in module.types[range] { types.append(remapping.subType(type)) }
      let isExplicit = number < module.recursionGroups.count && module.recursionGroups[number].isExplicit
      recursionGroups.append(RecursionGroup(range: before..<types.count, isExplicit: isExplicit))
    }
    typeMaps.append(map)
  }

  private mutating func define(_ type: ImportType, in number: Int) {
    let kind = Int(type.kind.rawValue)
    items[number][kind].append(Item(isImport: false, number: UInt32(definitions[kind].count)))
    definitions[kind].append(type)
  }

  /// The new index of an item, once all imports are known.
  func index(_ item: Item, _ kind: ExternalKind) -> UInt32 {
    item.isImport ? item.number : UInt32(imports[Int(kind.rawValue)].count) + item.number
  }

  func type(_ item: Item, _ kind: ExternalKind) -> ImportType {
    item.isImport
      ? imports[Int(kind.rawValue)][Int(item.number)].type : definitions[Int(kind.rawValue)][Int(item.number)]
  }

  mutating func export(_ name: [UInt8], of number: Int) -> Export? {
    if exportsByName[number] == nil {
      var table: [[UInt8]: Export] = [:]
      for export in inputs[number].module.module.exports { table[Array(export.name.utf8)] = export }
      exportsByName[number] = table
    }
    return exportsByName[number]?[name]
  }

  // MARK: Exports

  /// The exports of the linked module, with the item that each is.
  mutating func exports() throws(LinkFailure) -> [(name: String, kind: ExternalKind, item: Item)] {
    var result: [(name: String, kind: ExternalKind, item: Item)] = []
    var taken: [[UInt8]: (kind: ExternalKind, item: Item)] = [:]
    func add(_ name: String, _ export: Export, of number: Int) throws(LinkFailure) {
      let item = items[number][Int(export.kind.rawValue)][Int(export.index)]
      if let other = taken[Array(name.utf8)] {
        if other.kind == export.kind && other.item == item { return }
        throw LinkFailure(
          .duplicateExport, in: inputs[number].name, export.name,
          "the export \(quoted: name) is there already, and is something else")
      }
      taken[Array(name.utf8)] = (export.kind, item)
      result.append((name, export.kind, item))
    }
    let last = inputs.count - 1
    switch options.defaultExports {
    case .none: break
    case .last:
      if last >= 0 { for export in inputs[last].module.module.exports { try add(export.name, export, of: last) } }
    case .all:
      let isShared = sharedExportNames()
      for number in inputs.indices {
        for export in inputs[number].module.module.exports {
          let isPrefixed = number != last && isShared.contains(Array(export.name.utf8))
          try add(isPrefixed ? inputs[number].name + "." + export.name : export.name, export, of: number)
        }
      }
    }
    for request in options.exports {
      guard let number = moduleNumbers[Array(request.module.utf8)] else {
        throw LinkFailure(.unknownExport, in: request.module, request.name, "no module of this name is linked")
      }
      guard let export = export(Array(request.name.utf8), of: number) else {
        throw LinkFailure(
          .unknownExport, in: request.module, request.name, "it does not export \(quoted: request.name)")
      }
      try add(request.newName, export, of: number)
    }
    return result
  }

  /// Names under which several modules export different things.
  private func sharedExportNames() -> Set<[UInt8]> {
    var seen: [[UInt8]: (kind: ExternalKind, item: Item)] = [:]
    var shared: Set<[UInt8]> = []
    for number in inputs.indices {
      for export in inputs[number].module.module.exports {
        let name = Array(export.name.utf8)
        let item = items[number][Int(export.kind.rawValue)][Int(export.index)]
        if let other = seen[name] {
          if other.kind != export.kind || other.item != item { shared.insert(name) }
        } else {
          seen[name] = (export.kind, item)
        }
      }
    }
    return shared
  }
}
