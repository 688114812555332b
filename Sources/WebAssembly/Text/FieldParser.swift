// The second pass over a module: its fields, in the order of the text (Core 3.0, 6.6).

extension TextParser {
  mutating func parseFields(until end: Int) throws(TextError) {
    // How many of each space there have been.
    var next = [UInt32](repeating: 0, count: Space.allCases.count)
    while position < end {
      try customAnnotations()
      let closing = Int(tokens[position].value)
      let keyword = openKeyword()
      position += 2
      switch keyword {
      case .type, .rec:
        position = closing
      case .import:
        try importField(&next)
      case .func:
        try functionField(&next)
      case .table:
        try tableField(&next)
      case .memory:
        try memoryField(&next)
      case .global:
        try globalField(&next)
      case .tag:
        try tagField(&next)
      case .export:
        try exportField()
      case .start:
        let field = position - 1
        let index = try index(.function)
        guard module.start == nil else { throw error("multiple start sections", at: field) }
        module.start = index
      case .elem:
        try elementField()
      case .data:
        try dataField()
      default:
        throw unexpected(at: position - 1)
      }
      try expect(.rightParenthesis)
    }
    try customAnnotations()
    // Only `memory.init` and its like need the section (Core 3.0, 5.5.16).
    if usesDataIndex { module.dataCount = UInt32(module.data.count) }
  }

  // MARK: Imports and exports

  private mutating func importField(_ next: inout [UInt32]) throws(TextError) {
    let module = try name()
    if isOpen(.item) { return try importGroup(module, &next) }
    let name = try name()
    try externalType(module, [name], &next)
  }

  /// `(item "name" type)+` or `(item "name")+ type`: imports from one module (the compact-import-section proposal).
  private mutating func importGroup(_ module: String, _ next: inout [UInt32]) throws(TextError) {
    try require(.compactImports, for: "a group of imports", at: position + 1)
    position += 2
    let first = try name()
    if kind == .leftParenthesis {
      try externalType(module, [first], &next)
      try expect(.rightParenthesis)
      while takeOpen(.item) {
        let name = try name()
        try externalType(module, [name], &next)
        try expect(.rightParenthesis)
      }
      return
    }
    try expect(.rightParenthesis)
    var names = [first]
    while takeOpen(.item) {
      names.append(try name())
      try expect(.rightParenthesis)
    }
    try externalType(module, names, &next)
  }

  /// The type in parentheses of one or several imports.
  private mutating func externalType(
    _ module: String, _ names: [String], _ next: inout [UInt32]
  ) throws(TextError) {
    try expect(.leftParenthesis)
    let space = try takeExternalSpace()
    _ = takeIdentifier()
    try importType(space, module, names, &next)
    try expect(.rightParenthesis)
  }

  private mutating func importType(
    _ space: Space, _ module: String, _ names: [String], _ next: inout [UInt32]
  ) throws(TextError) {
    let type: ImportType
    switch space {
    case .function:
      locals.beginFunction()
      type = .function(try typeUse(named: true))
      try bindParameters()
      for index in next[space.rawValue]..<next[space.rawValue] + UInt32(names.count) { nameLocals(of: index) }
    case .table:
      type = .table(try tableType())
    case .memory:
      type = .memory(try memoryType())
    case .global:
      type = .global(try globalType())
    default:
      type = .tag(try typeUse(named: true))
    }
    next[space.rawValue] += UInt32(names.count)
    for name in names { self.module.imports.append(Import(module: module, name: name, type: type)) }
  }

  /// `(export "name")*` behind the name of a definition.
  private mutating func inlineExports(_ kind: ExternalKind, _ index: UInt32) throws(TextError) {
    while takeOpen(.export) {
      let name = try name()
      try expect(.rightParenthesis)
      module.exports.append(Export(name: name, kind: kind, index: index))
    }
  }

  /// `(import "module" "name") type` in place of a definition; false where it does not come next.
  private mutating func inlineImport(_ space: Space, _ next: inout [UInt32]) throws(TextError) -> Bool {
    guard takeOpen(.import) else { return false }
    let module = try name()
    let name = try name()
    try expect(.rightParenthesis)
    try importType(space, module, [name], &next)
    return true
  }

  private mutating func exportField() throws(TextError) {
    let name = try name()
    try expect(.leftParenthesis)
    let space = try takeExternalSpace()
    let index = try index(space)
    try expect(.rightParenthesis)
    let kind: ExternalKind =
      switch space {
      case .function: .function
      case .table: .table
      case .memory: .memory
      case .global: .global
      default: .tag
      }
    module.exports.append(Export(name: name, kind: kind, index: index))
  }

  // MARK: Functions

  private mutating func functionField(_ next: inout [UInt32]) throws(TextError) {
    let field = position - 1
    _ = takeIdentifier()
    let index = next[Space.function.rawValue]
    try inlineExports(.function, index)
    if try inlineImport(.function, &next) { return }
    next[Space.function.rawValue] += 1
    locals.beginFunction()
    let type = try typeUse(named: true)
    if parameterSymbols.isEmpty {
      // The parameters of `(type x)` alone have indices, if no names.
      if Int(type) < module.types.count, let functionType = module.types[Int(type)].functionType {
        locals.skip(functionType.parameters.count)
      }
    } else {
      try bindParameters()
    }
    module.functions.append(type)
    let start = writer.output.bytes.count
    // What has no instruction, as a trap on the way in, is of the function.
    markInstruction(Int(tokens[field - 1].start))
    try localDeclarations()
    labels.beginFunction()
    currentHints.removeAll(keepingCapacity: true)
    try instructions()
    writer.opcode(.end)
    module.bodies.append(FunctionBody(range: start..<writer.output.bytes.count))
    if writer.output.bytes.count >= Int(UInt32.max) { throw error("module is too large", at: field) }
    try finishHints(of: index, body: start, field: field - 1)
    nameLocals(of: index)
    if emitNames {
      for (label, symbol) in labels.names { names.setName(symbols.text(symbol), of: .label, label, in: index) }
    }
  }

  private mutating func nameLocals(of function: UInt32) {
    guard emitNames else { return }
    for (local, symbol) in locals.names { names.setName(symbols.text(symbol), of: .local, local, in: function) }
  }

  /// `(local ...)*`, written as runs of equal types.
  private mutating func localDeclarations() throws(TextError) {
    var groups: [(count: UInt32, type: ValueType)] = []
    while takeOpen(.local) {
      let symbol = takeIdentifier()
      let name = try nameAnnotation()
      if symbol != 0 || name != nil {
        try bindLocal(symbol)
        if let name { locals.rename(name) }
        Self.append(try valueType(), to: &groups)
      } else {
        while let type = try valueTypeIfPresent() {
          locals.skip(1)
          Self.append(type, to: &groups)
        }
      }
      try expectEndOfTypes()
    }
    writer.locals(groups)
  }

  private static func append(_ type: ValueType, to groups: inout [(count: UInt32, type: ValueType)]) {
    if let last = groups.last, last.type == type {
      groups[groups.count - 1].count += 1
    } else {
      groups.append((1, type))
    }
  }

  private mutating func tagField(_ next: inout [UInt32]) throws(TextError) {
    _ = takeIdentifier()
    try inlineExports(.tag, next[Space.tag.rawValue])
    if try inlineImport(.tag, &next) { return }
    next[Space.tag.rawValue] += 1
    module.tags.append(try typeUse(named: true))
  }

  private mutating func globalField(_ next: inout [UInt32]) throws(TextError) {
    _ = takeIdentifier()
    try inlineExports(.global, next[Space.global.rawValue])
    if try inlineImport(.global, &next) { return }
    next[Space.global.rawValue] += 1
    let type = try globalType()
    module.globals.append(Global(type: type, initializer: try constantExpression()))
  }

  // MARK: Tables and element segments

  private mutating func tableField(_ next: inout [UInt32]) throws(TextError) {
    _ = takeIdentifier()
    let index = next[Space.table.rawValue]
    try inlineExports(.table, index)
    if try inlineImport(.table, &next) { return }
    next[Space.table.rawValue] += 1
    let addressType = addressType()
    if kind == .natural {
      let limits = try limitsOfType()
      let type = TableType(element: try referenceType(), limits: limits, addressType: addressType)
      if kind != .rightParenthesis {
        try require(.functionReferences, for: "the initializer of a table", at: position)
      }
      let initializer = kind == .rightParenthesis ? nil : try constantExpression()
      module.tables.append(Table(type: type, initializer: initializer))
      return
    }
    let element = try referenceType()
    guard takeOpen(.elem) else { throw unexpected("'(elem'") }
    let offset = zero(addressType)
    let items: ElementSegment.Items
    let type: ReferenceType
    if kind == .leftParenthesis {
      items = try elementExpressions()
      type = element
    } else if element.heapType == .function {
      items = try functionIndices()
      type = Self.functions
    } else {
      items = try functionReferences()
      type = element
    }
    try expect(.rightParenthesis)
    let count = UInt64(items.count)
    let limits = Limits(minimum: count, maximum: count)
    module.tables.append(
      Table(type: TableType(element: element, limits: limits, addressType: addressType)))
    module.elements.append(
      ElementSegment(type: type, items: items, mode: .active(index: index, offset: offset)))
  }

  /// The type of a list of function indices.
  private static let functions = ReferenceType(isNullable: false, heapType: .function)

  private mutating func elementField() throws(TextError) {
    _ = takeIdentifier()
    if kind == .natural, !features.contains(.multiMemory) {
      // The form of version 1.0, in which proposals without several memories are written: `(elem 0 (offset) ...)`.
      let mode = SegmentMode.active(index: try index(.table), offset: try offset())
      module.elements.append(ElementSegment(type: Self.functions, items: try functionIndices(), mode: mode))
    } else if take(.declare) {
      try require(.bulkMemory, for: "a declarative segment", at: position - 1)
      try elementList(mode: .declarative)
    } else if takeOpen(.table) {
      let table = try index(.table)
      try expect(.rightParenthesis)
      try elementList(mode: .active(index: table, offset: try offset()))
    } else if kind == .leftParenthesis && !isOpen(.ref) {
      let mode = SegmentMode.active(index: 0, offset: try offset())
      if isIndex || kind == .rightParenthesis {
        // `func` may be left out.
        module.elements.append(ElementSegment(type: Self.functions, items: try functionIndices(), mode: mode))
      } else {
        try elementList(mode: mode)
      }
    } else {
      try require(.bulkMemory, for: "a passive segment", at: position)
      try elementList(mode: .passive)
    }
  }

  private mutating func elementList(mode: SegmentMode) throws(TextError) {
    if take(.func) {
      module.elements.append(ElementSegment(type: Self.functions, items: try functionIndices(), mode: mode))
    } else {
      try require(.bulkMemory, for: "a segment of expressions", at: position)
      let type = try referenceType()
      module.elements.append(ElementSegment(type: type, items: try elementExpressions(), mode: mode))
    }
  }

  private mutating func functionIndices() throws(TextError) -> ElementSegment.Items {
    var indices: [UInt32] = []
    while isIndex { indices.append(try index(.function)) }
    return .functions(indices)
  }

  /// Function indices as expressions, for a table whose type is not that of all functions.
  private mutating func functionReferences() throws(TextError) -> ElementSegment.Items {
    var expressions: [ConstantExpression] = []
    while isIndex {
      let start = writer.output.bytes.count
      markInstruction(Int(tokens[position].start))
      writer.opcode(.refFunc)
      writer.output.u32(try index(.function))
      writer.opcode(.end)
      expressions.append(ConstantExpression(range: start..<writer.output.bytes.count))
    }
    return .expressions(expressions)
  }

  private mutating func elementExpressions() throws(TextError) -> ElementSegment.Items {
    var expressions: [ConstantExpression] = []
    while kind == .leftParenthesis {
      if takeOpen(.item) {
        expressions.append(try constantExpression())
        try expect(.rightParenthesis)
      } else {
        expressions.append(try foldedExpression())
      }
    }
    return .expressions(expressions)
  }

  // MARK: Expressions

  /// Instructions to the end of the parentheses, as a constant expression.
  private mutating func constantExpression() throws(TextError) -> ConstantExpression {
    let start = writer.output.bytes.count
    beginExpression()
    try instructions()
    writer.opcode(.end)
    return ConstantExpression(range: start..<writer.output.bytes.count)
  }

  /// One folded instruction as a constant expression.
  private mutating func foldedExpression() throws(TextError) -> ConstantExpression {
    let start = writer.output.bytes.count
    beginExpression()
    guard kind == .leftParenthesis else { throw unexpected("\(Token.Kind.leftParenthesis)") }
    try foldedInstruction()
    writer.opcode(.end)
    return ConstantExpression(range: start..<writer.output.bytes.count)
  }

  private mutating func beginExpression() {
    locals.beginFunction()
    labels.beginFunction()
    currentHints.removeAll(keepingCapacity: true)
  }

  /// `(offset ...)`, or one folded instruction.
  private mutating func offset() throws(TextError) -> ConstantExpression {
    guard takeOpen(.offset) else { return try foldedExpression() }
    let expression = try constantExpression()
    try expect(.rightParenthesis)
    return expression
  }

  /// The offset of a segment that stands in the definition of its memory or table.
  private mutating func zero(_ addressType: AddressType) -> ConstantExpression {
    let start = writer.output.bytes.count
    markInstruction(Int(tokens[position].start))
    writer.opcode(addressType == .i32 ? .i32Const : .i64Const)
    writer.output.byte(0)
    writer.opcode(.end)
    return ConstantExpression(range: start..<writer.output.bytes.count)
  }

  // MARK: Memories and data segments

  private mutating func memoryField(_ next: inout [UInt32]) throws(TextError) {
    _ = takeIdentifier()
    let index = next[Space.memory.rawValue]
    try inlineExports(.memory, index)
    if try inlineImport(.memory, &next) { return }
    next[Space.memory.rawValue] += 1
    let start = position
    let addressType = addressType()
    if kind == .natural {
      position = start
      module.memories.append(try memoryType())
      return
    }
    let pageSizeLog2 = try pageSize() ?? 16
    guard takeOpen(.data) else { throw unexpected("the size in pages or '(data'") }
    let offset = zero(addressType)
    let range = try dataContents()
    try expect(.rightParenthesis)
    let mask = pageSizeLog2 < 64 ? (1 << UInt64(pageSizeLog2)) - 1 : UInt64.max
    let count = UInt64(range.count)
    let pages = (count >> UInt64(pageSizeLog2)) + (count & mask == 0 ? 0 : 1)
    module.memories.append(
      MemoryType(
        limits: Limits(minimum: pages, maximum: pages), addressType: addressType, pageSizeLog2: pageSizeLog2))
    module.data.append(DataSegment(mode: .active(index: index, offset: offset), range: range))
  }

  private mutating func dataField() throws(TextError) {
    _ = takeIdentifier()
    var mode = SegmentMode.passive
    if kind == .natural, !features.contains(.multiMemory) {
      // The form of version 1.0: `(data 0 (offset) ...)`.
      mode = .active(index: try index(.memory), offset: try offset())
    } else if takeOpen(.memory) {
      let memory = try index(.memory)
      try expect(.rightParenthesis)
      mode = .active(index: memory, offset: try offset())
    } else if kind == .leftParenthesis, !isNumericValues {
      mode = .active(index: 0, offset: try offset())
    } else {
      try require(.bulkMemory, for: "a passive segment", at: position)
    }
    module.data.append(DataSegment(mode: mode, range: try dataContents()))
  }
}
