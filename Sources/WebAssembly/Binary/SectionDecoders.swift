extension SectionDecoder {
  mutating func contents(of id: SectionID, after last: SectionID?) throws(ModuleError) {
    switch id {
    case .custom: try customSection(after: last)
    case .type: try typeSection()
    case .import: try importSection()
    case .function: try functionSection()
    case .table: try tableSection()
    case .memory: try memorySection()
    case .tag: try tagSection()
    case .global: try globalSection()
    case .export: try exportSection()
    case .start: module.start = try input.reader.u32()
    case .element: try elementSection()
    case .dataCount: module.dataCount = try input.reader.u32()
    case .code: try codeSection()
    case .data: try dataSection()
    }
  }

  /// The number of elements of a vector (Core 3.0, 5.1.3), each of which has at least one byte.
  private mutating func count(
    of things: StaticString, already: Int = 0, limit: Int
  ) throws(ModuleError) -> Int {
    let at = input.reader.position
    let count = Int(try input.reader.length())
    guard count <= limit - already else {
      throw ModuleError(.limitExceeded, "number of \(things) exceeds the limit of \(limit)", at: at)
    }
    return count
  }

  private mutating func name() throws(ModuleError) -> String {
    let at = input.reader.position
    let name = try input.reader.name()
    guard name.utf8.count <= limits.nameSize else {
      throw ModuleError(.limitExceeded, "name exceeds the limit of \(limits.nameSize) bytes", at: at)
    }
    return name
  }

  private mutating func customSection(after last: SectionID?) throws(ModuleError) {
    let name = try name()
    let range = input.reader.position..<input.reader.end
    module.customSections.append(CustomSection(name: name, range: range, after: last))
    input.reader.position = range.upperBound
  }

  private mutating func importSection() throws(ModuleError) {
    let count = try count(of: "imports", limit: limits.imports)
    module.imports.reserveCapacity(count)
    var counts = [Int](repeating: 0, count: ExternalKind.allCases.count)
    for _ in 0..<count {
      let group = try name()
      let first = try name()
      // What stands in place of a kind after an empty name begins a group of the compact-import-section proposal.
      let code = features.contains(.compactImports) && first.isEmpty ? input.reader.peek() : nil
      if code == 0x7F || code == 0x7E { module.hadImportGroups = true }
      switch code {
      case 0x7F:
        _ = try input.reader.byte()
        for _ in 0..<(try importCount()) {
          try add(Import(module: group, name: try name(), type: try importType()), &counts)
        }
      case 0x7E:
        _ = try input.reader.byte()
        let type = try importType()
        for _ in 0..<(try importCount()) { try add(Import(module: group, name: try name(), type: type), &counts) }
      default:
        try add(Import(module: group, name: first, type: try importType()), &counts)
      }
    }
  }

  /// The number of imports in a group.
  private mutating func importCount() throws(ModuleError) -> Int {
    try count(of: "imports", already: module.imports.count, limit: limits.imports)
  }

  private mutating func add(_ item: Import, _ counts: inout [Int]) throws(ModuleError) {
    counts[Int(item.type.kind.rawValue)] += 1
    let (limit, things) = limit(of: item.type.kind)
    guard counts[Int(item.type.kind.rawValue)] <= limit else { throw exceeded(limit, things) }
    guard module.imports.count < limits.imports else { throw exceeded(limits.imports, "imports") }
    module.imports.append(item)
  }

  private func exceeded(_ limit: Int, _ things: StaticString) -> ModuleError {
    ModuleError(.limitExceeded, "number of \(things) exceeds the limit of \(limit)", at: input.reader.position)
  }

  private func limit(of kind: ExternalKind) -> (Int, StaticString) {
    switch kind {
    case .function: (limits.functions, "functions")
    case .table: (limits.tables, "tables")
    case .memory: (limits.memories, "memories")
    case .global: (limits.globals, "globals")
    case .tag: (limits.tags, "tags")
    }
  }

  /// The number of definitions of a kind; the limit counts imports too.
  private mutating func definitionCount(of kind: ExternalKind) throws(ModuleError) -> Int {
    let (limit, things) = limit(of: kind)
    var imported = 0
    for item in module.imports where item.type.kind == kind { imported += 1 }
    return try count(of: things, already: imported, limit: limit)
  }

  private mutating func importType() throws(ModuleError) -> ImportType {
    let at = input.reader.position
    guard let kind = ExternalKind(rawValue: try input.reader.byte()), isEnabled(kind) else {
      throw ModuleError(.malformed, "malformed import kind", at: at)
    }
    switch kind {
    case .function: return .function(try input.reader.u32())
    case .table: return .table(try tableType())
    case .memory: return .memory(try memoryType())
    case .global: return .global(try globalType())
    case .tag: return .tag(try tagType())
    }
  }

  private func isEnabled(_ kind: ExternalKind) -> Bool { kind != .tag || features.contains(.exceptions) }

  private mutating func functionSection() throws(ModuleError) {
    let count = try definitionCount(of: .function)
    module.functions.reserveCapacity(count)
    for _ in 0..<count { module.functions.append(try input.reader.u32()) }
  }

  private mutating func tableSection() throws(ModuleError) {
    for _ in 0..<(try definitionCount(of: .table)) {
      // 0x40 0x00 begins a table with an initializer (Core 3.0, 5.5.7).
      guard features.contains(.functionReferences), input.reader.peek() == 0x40 else {
        module.tables.append(Table(type: try tableType()))
        continue
      }
      _ = try input.reader.byte()
      try input.reader.zero()
      let type = try tableType()
      module.tables.append(Table(type: type, initializer: try expression()))
    }
  }

  private mutating func memorySection() throws(ModuleError) {
    for _ in 0..<(try definitionCount(of: .memory)) { module.memories.append(try memoryType()) }
  }

  private mutating func tagSection() throws(ModuleError) {
    for _ in 0..<(try definitionCount(of: .tag)) { module.tags.append(try tagType()) }
  }

  private mutating func globalSection() throws(ModuleError) {
    let count = try definitionCount(of: .global)
    module.globals.reserveCapacity(count)
    for _ in 0..<count {
      let type = try globalType()
      module.globals.append(Global(type: type, initializer: try expression()))
    }
  }

  private mutating func exportSection() throws(ModuleError) {
    let count = try count(of: "exports", limit: limits.exports)
    module.exports.reserveCapacity(count)
    for _ in 0..<count {
      let name = try name()
      let at = input.reader.position
      guard let kind = ExternalKind(rawValue: try input.reader.byte()), isEnabled(kind) else {
        throw ModuleError(.malformed, "malformed export kind", at: at)
      }
      module.exports.append(Export(name: name, kind: kind, index: try input.reader.u32()))
    }
  }

  private mutating func codeSection() throws(ModuleError) {
    let count = try count(of: "functions", limit: limits.functions)
    module.bodies.reserveCapacity(count)
    for _ in 0..<count {
      let at = input.reader.position
      let range = try input.reader.span()
      guard range.count <= limits.functionSize else {
        throw ModuleError(
          .limitExceeded, "function body exceeds the limit of \(limits.functionSize) bytes", at: at)
      }
      module.bodies.append(FunctionBody(range: range))
    }
  }

  private mutating func dataSection() throws(ModuleError) {
    let count = try count(of: "data segments", limit: limits.dataSegments)
    module.data.reserveCapacity(count)
    for _ in 0..<count {
      let at = input.reader.position
      let mode: SegmentMode
      switch try input.reader.u32() {
      case 0: mode = .active(index: 0, offset: try expression())
      case 1 where features.contains(.bulkMemory): mode = .passive
      case 2 where features.contains(.bulkMemory):
        let memory = try input.reader.u32()
        mode = .active(index: memory, offset: try expression())
      default: throw ModuleError(.malformed, "malformed data segment kind", at: at)
      }
      module.data.append(DataSegment(mode: mode, range: try input.reader.span()))
    }
  }

  private mutating func elementSection() throws(ModuleError) {
    let count = try count(of: "element segments", limit: limits.elementSegments)
    for _ in 0..<count { module.elements.append(try elementSegment()) }
  }

  /// The kinds are three bits (Core 3.0, 5.5.12): not active; explicit table or declarative; expressions.
  private mutating func elementSegment() throws(ModuleError) -> ElementSegment {
    let at = input.reader.position
    let kind = try input.reader.u32()
    guard kind < 8, kind == 0 || features.contains(.bulkMemory) else {
      throw ModuleError(.malformed, "malformed elements segment kind", at: at)
    }
    let mode: SegmentMode
    switch kind & 3 {
    case 0: mode = .active(index: 0, offset: try expression())
    case 1: mode = .passive
    case 2:
      let table = try input.reader.u32()
      mode = .active(index: table, offset: try expression())
    default: mode = .declarative
    }
    var type = ReferenceType(isNullable: kind & 4 != 0, heapType: .function)
    if kind & 3 != 0 {
      if kind & 4 == 0 {
        let at = input.reader.position
        guard try input.reader.byte() == 0 else { throw ModuleError(.malformed, "malformed element kind", at: at) }
      } else {
        type = try input.reader.referenceType()
      }
    }
    let count = try count(of: "elements of a segment", limit: limits.elementSegmentItems)
    if kind & 4 == 0 {
      var functions: [UInt32] = []
      functions.reserveCapacity(count)
      for _ in 0..<count { functions.append(try input.reader.u32()) }
      return ElementSegment(type: type, items: .functions(functions), mode: mode)
    }
    var expressions: [ConstantExpression] = []
    expressions.reserveCapacity(count)
    for _ in 0..<count { expressions.append(try expression()) }
    return ElementSegment(type: type, items: .expressions(expressions), mode: mode)
  }

  /// Finds the end of a constant expression. That only constant instructions stand in it is a matter of validation.
  mutating func expression() throws(ModuleError) -> ConstantExpression {
    let start = input.position
    var nesting = BlockNesting(limit: limits.nesting)
    while !(try nesting.isClosed(by: try input.next())) {}
    return ConstantExpression(range: start..<input.position)
  }
}

extension ByteReader {
  func peek() -> UInt8? { position < end ? bytes[position] : nil }

  mutating func zero() throws(ModuleError) {
    let at = position
    guard try byte() == 0 else { throw ModuleError(.malformed, "zero byte expected", at: at) }
  }

  /// A number of elements or bytes that follow. The number's own bytes are counted as the official scripts want it:
  /// whether all elements are there shows when they are read.
  mutating func length() throws(ModuleError) -> UInt32 {
    let at = position
    let length = try u32()
    guard Int(length) <= end - at else { throw ModuleError(.malformed, "length out of bounds", at: at) }
    return length
  }

  /// A vector of bytes, as their range.
  mutating func span() throws(ModuleError) -> Range<Int> {
    let length = Int(try length())
    guard length <= end - position else { throw ModuleError(.malformed, Self.pastEnd, at: end) }
    let range = position..<position + length
    position = range.upperBound
    return range
  }

  /// A name: UTF-8 without surrogates and in shortest form (Core 3.0, 5.2.4).
  mutating func name() throws(ModuleError) -> String {
    let range = try span()
    guard let name = String(validating: bytes[range], as: UTF8.self) else {
      throw ModuleError(.malformed, "malformed UTF-8 encoding", at: range.lowerBound)
    }
    return name
  }
}
