import WasmEngine
import WebAssembly

/// Everything that `inspect` tells, ready to be written as text or JSON.
struct InspectionReport {
  struct Memory {
    var index: Int
    var name: String?
    /// Module and name of the import, or nil for a memory of the module's own.
    var importedFrom: (module: String, name: String)?
    var exports: [String]
    var type: MemoryType
    /// What the default policy gives to a memory of this type.
    var accessClass: AccessClass?
    /// How many instructions of the module work on it.
    var instructions: Int
  }

  let file: String
  let size: Int
  let isText: Bool
  let module: Module
  let spaces: IndexSpaces
  let names: Names
  let survey: ModuleSurvey
  let memories: [Memory]

  /// - Parameter accessClass: What the default policy gives to a memory of a type.
  init(_ file: ModuleFile, accessClass: (MemoryType) -> AccessClass?) throws(ModuleError) {
    self.file = file.name
    size = file.size
    isText = file.positions != nil
    // Sections have sizes only in the binary format.
    module = isText ? try ModuleDecoder.decode(ModuleEncoder.encode(file.module)) : file.module
    spaces = IndexSpaces(module)
    names = Names(forPeople: module)
    survey = try ModuleSurvey(module, spaces)
    let imports = module.imports.filter { $0.type.kind == .memory }.map { ($0.module, $0.name) }
    var exports: [[String]] = Array(repeating: [], count: spaces.memories.count)
    for export in module.exports where export.kind == .memory { exports[Int(export.index)].append(export.name) }
    var memories: [Memory] = []
    for (index, type) in spaces.memories.enumerated() {
      memories.append(
        Memory(
          index: index, name: names.name(of: .memory, UInt32(clamping: index)),
          importedFrom: index < imports.count ? imports[index] : nil,
          exports: exports[index],
          type: type, accessClass: accessClass(type), instructions: survey.memoryInstructions[index]))
    }
    self.memories = memories
  }

  /// The bytes of all function bodies, their sizes included.
  var codeSize: Int { module.sections.first { $0.id == .code }?.range.count ?? 0 }
  var dataSize: Int { module.data.reduce(0) { $0 + $1.range.count } }

  /// The sections' names as people know them.
  ///
  /// - Parameter custom: How the name of a custom section is written.
  func sectionNames(_ custom: (String) -> String) -> [String] {
    var customs = module.customSections.makeIterator()
    return module.sections.map { section in
      switch section.id {
      case .custom: customs.next().map { "custom " + custom($0.name) } ?? "custom"
      case .dataCount: "data count"
      default: "\(section.id)"
      }
    }
  }

  /// The type of an import or export in words.
  func type(_ kind: ExternalKind, _ index: Int) -> String {
    switch kind {
    case .function: functionType(spaces.functions, index)
    case .tag: functionType(spaces.tags, index)
    case .table: spaces.tables.indices.contains(index) ? "\(spaces.tables[index])" : "unknown"
    case .memory: spaces.memories.indices.contains(index) ? "\(spaces.memories[index])" : "unknown"
    case .global: spaces.globals.indices.contains(index) ? "\(spaces.globals[index])" : "unknown"
    }
  }

  private func functionType(_ types: [UInt32], _ index: Int) -> String {
    guard types.indices.contains(index), Int(types[index]) < module.types.count else { return "unknown" }
    return module.types[Int(types[index])].functionType.map { "\($0)" } ?? "unknown"
  }

  /// The imports with the index that each has in its space.
  var imports: [(item: Import, index: Int)] {
    var counts: [ExternalKind: Int] = [:]
    return module.imports.map { item in
      defer { counts[item.type.kind, default: 0] += 1 }
      return (item, counts[item.type.kind, default: 0])
    }
  }
}
