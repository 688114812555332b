import WebAssembly

/// What `objdump` shows: the sections of a binary with their places, and bodies with theirs.
struct ObjectDump {
  struct Section {
    /// As people know it: `code`, or the name of a custom section.
    var name: String
    var isCustom: Bool
    var id: SectionID
    /// Where the section begins, with its code and size.
    var start: Int
    var range: Range<Int>
    /// How many entries it has; nil where it is no list.
    var count: Int?

    var title: String { isCustom ? "custom \(quoted: name)" : name }
  }

  let file: String
  let module: Module
  let spaces: IndexSpaces
  let names: Names
  private let functions: FunctionLookup
  let sections: [Section]
  private let sectionPlaces: [ExactName: [Int]]

  /// - Parameter file: a module from text is encoded, since only a binary has places.
  init(_ file: ModuleFile) throws(ModuleError) {
    self.file = file.name
    module = file.positions == nil ? file.module : try ModuleDecoder.decode(ModuleEncoder.encode(file.module))
    spaces = IndexSpaces(module)
    names = Names(forPeople: module)
    functions = FunctionLookup(module, names)
    var customs = module.customSections.makeIterator()
    var sections: [Section] = []
    var start = 8
    for section in module.sections {
      let custom = section.id == .custom ? customs.next() : nil
      let name = custom?.name ?? (section.id == .dataCount ? "data count" : "\(section.id)")
      sections.append(
        Section(
          name: name, isCustom: section.id == .custom, id: section.id, start: start, range: section.range,
          count: Self.count(section.id, module)))
      start = section.range.upperBound
    }
    self.sections = sections
    sectionPlaces = Dictionary(grouping: sections.indices) { [sections] in ExactName(sections[$0].name) }
  }

  private static func count(_ id: SectionID, _ module: Module) -> Int? {
    switch id {
    case .type: module.types.count
    case .import: module.imports.count
    case .function: module.functions.count
    case .table: module.tables.count
    case .memory: module.memories.count
    case .tag: module.tags.count
    case .global: module.globals.count
    case .export: module.exports.count
    case .element: module.elements.count
    case .code: module.bodies.count
    case .data: module.data.count
    case .custom, .start, .dataCount: nil
    }
  }

  /// The sections of a name.
  func sections(named name: String) -> [Section] { (sectionPlaces[ExactName(name)] ?? []).map { sections[$0] } }

  /// The number of a function that is given by its index, its name or an export, among those that the module defines;
  /// negative for an imported one.
  func function(_ text: String) -> Int? {
    let count = UInt32(clamping: spaces.functions.count)
    let index = UInt32(text) ?? functions.exported(as: text) ?? functions.named(text)
    guard let index, index < count else { return nil }
    return Int(index) - spaces.importedFunctionCount
  }

  func functionTitle(_ number: Int) -> String {
    let index = spaces.importedFunctionCount + number
    return names.name(of: .function, UInt32(clamping: index)).map { "\(index) $\(name: $0)" } ?? "\(index)"
  }

  static func hexadecimal(_ value: Int, digits: Int = 6) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  static func padded(_ text: String, to width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? space + text : text + space
  }
}
