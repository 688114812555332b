/// Prints modules in the text format (Core 3.0, 6): flat instructions, one a line, every type use explicit.
///
/// The text is read back to the same bytes, if those were minimal: type definitions and recursion groups, the custom
/// sections with their places, and names. Names become identifiers. Where identifiers alone would not give the same name
/// section again (a name that is used twice, an index that does not exist, a section at another place than the last),
/// that section also stands in the text as a custom section, and then it is this one that counts.
public enum ModulePrinter {
  public struct Options: Sendable {
    /// Whether names are printed as identifiers, rather than indices only.
    public var usesNames = true
    /// Whether comments tell indices of definitions and targets of branches.
    public var hasComments = true

    public init() {}
  }

  /// Prints a module to a sink, which gets the text in pieces and in order.
  ///
  /// - Throws: a ``ModuleError`` of the kind `malformed` at a body that is malformed, or `limitExceeded` where nesting or
  ///   locals go beyond `limits`. What came before it has been printed by then.
  public static func print(
    _ module: Module, options: Options = Options(), limits: ImplementationLimits = ImplementationLimits(),
    to sink: ([UInt8]) -> Void
  ) throws(ModuleError) {
    var printer = TextPrinter(module, options: options, limits: limits)
    try printer.module(to: sink)
    sink(printer.output)
  }

  /// The whole text of a module.
  public static func text(
    _ module: Module, options: Options = Options(), limits: ImplementationLimits = ImplementationLimits()
  ) throws(ModuleError) -> String {
    var bytes: [UInt8] = []
    try print(module, options: options, limits: limits) { bytes.append(contentsOf: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The state of printing a module.
struct TextPrinter {
  var output: [UInt8] = []
  let source: Module
  let spaces: IndexSpaces
  let options: ModulePrinter.Options
  let limits: ImplementationLimits
  let names: Names
  /// The identifiers of what is not nested, by the code of the name space.
  var identifiers: [IdentifierTable]
  /// Those of the fields of structures, by type.
  var fields: [UInt32: IdentifierTable] = [:]
  var locals = IdentifierTable()
  /// The custom sections that the text says in another way.
  var expressedSections: Set<Int> = []
  /// The custom sections from this one on stand behind the name section that the identifiers give.
  var firstTrailingSection = Int.max
  var hints = BranchHints()
  let operators = OperatorTexts.shared
  /// Whether the index 0 of a memory or table is printed where there are others.
  var showsAllIndices = false

  /// When this much has been printed it goes to the sink.
  static let chunk = 1 << 16

  init(_ module: Module, options: ModulePrinter.Options, limits: ImplementationLimits) {
    source = module
    spaces = IndexSpaces(module)
    self.options = options
    self.limits = limits.effective
    names = options.usesNames ? Names(module) : Names()
    identifiers = Array(repeating: IdentifierTable(), count: 12)
    makeIdentifiers()
    expressBranchHints()
  }

  mutating func flush(to sink: ([UInt8]) -> Void) {
    guard output.count >= Self.chunk else { return }
    sink(output)
    output.removeAll(keepingCapacity: true)
  }

  mutating func module(to sink: ([UInt8]) -> Void) throws(ModuleError) {
    write("(module")
    if let name = names.module, !name.isEmpty {
      write(" ")
      IdentifierTable.append(Array(name.utf8), to: &output)
    }
    write("\n")
    for group in source.recursionGroups {
      recursionGroup(group)
      flush(to: sink)
    }
    try imports(to: sink)
    try definitions(to: sink)
    try functions(to: sink)
    try dataSegments(to: sink)
    customSections(to: sink)
    write(")\n")
  }

  private mutating func imports(to sink: ([UInt8]) -> Void) throws(ModuleError) {
    var counts: [UInt32] = Array(repeating: 0, count: ExternalKind.allCases.count)
    for item in source.imports {
      let kind = item.type.kind
      let index = counts[Int(kind.rawValue)]
      counts[Int(kind.rawValue)] += 1
      write("  (import ")
      string(item.module.utf8)
      write(" ")
      string(item.name.utf8)
      write(" ")
      begin(kind, index)
      switch item.type {
      case .function(let type):
        makeLocalIdentifiers(of: index, type: type, locals: [])
        functionType(type, hasNames: true)
      case .table(let type): tableType(type)
      case .memory(let type): memoryType(type)
      case .global(let type): globalType(type)
      case .tag(let type): typeUse(type)
      }
      write("))\n")
      flush(to: sink)
    }
  }

  /// The keyword and identifier of an import or definition, up to the space before its type.
  private mutating func begin(_ kind: ExternalKind, _ index: UInt32) {
    write("(")
    write(kind.keyword)
    bindingIdentifier(kind.nameSpace, index)
    write(" ")
  }

  private mutating func definitions(to sink: ([UInt8]) -> Void) throws(ModuleError) {
    for (number, table) in source.tables.enumerated() {
      write("  ")
      begin(.table, UInt32(truncatingIfNeeded: spaces.importedTableCount + number))
      tableType(table.type)
      if let initializer = table.initializer { try expression(initializer) }
      write(")\n")
      flush(to: sink)
    }
    for (number, type) in source.memories.enumerated() {
      write("  ")
      begin(.memory, UInt32(truncatingIfNeeded: spaces.importedMemoryCount + number))
      memoryType(type)
      write(")\n")
      flush(to: sink)
    }
    for (number, type) in source.tags.enumerated() {
      write("  ")
      begin(.tag, UInt32(truncatingIfNeeded: spaces.importedTagCount + number))
      typeUse(type)
      write(")\n")
      flush(to: sink)
    }
    for (number, global) in source.globals.enumerated() {
      write("  ")
      begin(.global, UInt32(truncatingIfNeeded: spaces.importedGlobalCount + number))
      globalType(global.type)
      try expression(global.initializer)
      write(")\n")
      flush(to: sink)
    }
    for export in source.exports {
      write("  (export ")
      string(export.name.utf8)
      write(" (")
      write(export.kind.keyword)
      index(export.kind.nameSpace, export.index)
      write("))\n")
      flush(to: sink)
    }
    if let start = source.start {
      write("  (start")
      index(.function, start)
      write(")\n")
    }
    for number in source.elements.indices {
      try elementSegment(number)
      flush(to: sink)
    }
  }

  private mutating func elementSegment(_ number: Int) throws(ModuleError) {
    let segment = source.elements[number]
    write("  (elem")
    bindingIdentifier(.element, UInt32(truncatingIfNeeded: number))
    switch segment.mode {
    case .active(let table, let offset):
      if table != 0 {
        write(" (table")
        index(.table, table)
        write(")")
      }
      try expression(offset, keyword: "offset")
    case .declarative: write(" declare")
    case .passive: break
    }
    switch segment.items {
    case .functions(let functions):
      write(" func")
      for function in functions { index(.function, function) }
    case .expressions(let expressions):
      write(" ")
      referenceType(segment.type)
      for item in expressions { try expression(item, keyword: "item") }
    }
    write(")\n")
  }

  private mutating func functions(to sink: ([UInt8]) -> Void) throws(ModuleError) {
    var hinted = hints.functions[...]
    for (number, type) in source.functions.enumerated() {
      let index = UInt32(truncatingIfNeeded: spaces.importedFunctionCount + number)
      write("  ")
      begin(.function, index)
      guard source.bodies.indices.contains(number) else { throw missingBody(index) }
      var hints: [BranchHints.Hint] = []
      if let first = hinted.first, first.index == index {
        hints = first.hints
        hinted = hinted.dropFirst()
      }
      do throws(ModuleError) {
        try function(index, type: type, body: source.bodies[number].range, hints: hints, to: sink)
      } catch {
        var error = error
        error.function = index
        throw error
      }
      write(")\n")
      flush(to: sink)
    }
  }

  private func missingBody(_ index: UInt32) -> ModuleError {
    ModuleError(
      .malformed, "function and code section have inconsistent lengths", at: source.bytes.count, function: index)
  }

  private mutating func dataSegments(to sink: ([UInt8]) -> Void) throws(ModuleError) {
    for (number, segment) in source.data.enumerated() {
      write("  (data")
      bindingIdentifier(.data, UInt32(truncatingIfNeeded: number))
      if case .active(let memory, let offset) = segment.mode {
        if memory != 0 {
          write(" (memory")
          index(.memory, memory)
          write(")")
        }
        try expression(offset, keyword: "offset")
      }
      write(" ")
      longString(segment.range, to: sink)
      write(")\n")
      flush(to: sink)
    }
  }

  private mutating func customSections(to sink: ([UInt8]) -> Void) {
    for (number, section) in source.customSections.enumerated() where !expressedSections.contains(number) {
      write("  (@custom ")
      string(section.name.utf8)
      if number > firstTrailingSection {
        write(" (after last) ")
      } else if let order = section.after?.order, let after = lastSection(where: { $0.order <= order }) {
        // A section without contents has no place in the text.
        write(" (after ")
        write(after.keyword)
        write(") ")
      } else {
        write(" (before first) ")
      }
      longString(section.range, to: sink)
      write(")\n")
      flush(to: sink)
    }
  }
}

extension ExternalKind {
  /// The keyword of the text format.
  var keyword: String {
    switch self {
    case .function: "func"
    case .table: "table"
    case .memory: "memory"
    case .global: "global"
    case .tag: "tag"
    }
  }

  var nameSpace: NameSpace {
    switch self {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }
}

extension SectionID {
  /// The keyword by which `@custom` annotations name the section.
  var keyword: String {
    switch self {
    case .custom: "custom"
    case .type: "type"
    case .import: "import"
    case .function: "func"
    case .table: "table"
    case .memory: "memory"
    case .global: "global"
    case .export: "export"
    case .start: "start"
    case .element: "elem"
    case .code: "code"
    case .data: "data"
    case .dataCount: "datacount"
    case .tag: "tag"
    }
  }
}
