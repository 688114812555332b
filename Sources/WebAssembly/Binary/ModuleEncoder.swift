/// Encodes modules in the binary format (Core 3.0, 5.5), everything in its shortest form.
///
/// Where the format has several forms for the same, it takes the shortest: the lowest kind of a segment, no `sub final`
/// without supertypes, no limits flag for the standard page size, no section without contents. Bodies and constant
/// expressions are copied as they are. So the encoding of a decoded module equals its bytes if they were minimal, and
/// decoding an encoded module gives a module of the same meaning.
public enum ModuleEncoder {
  /// The binary of a module.
  ///
  /// - Parameter compactsImports: Whether successive imports from one module are written as groups, which needs a reader
  ///   with the feature ``Feature/compactImports``.
  public static func encode(_ module: Module, compactsImports: Bool = false) -> [UInt8] {
    var output = ByteWriter()
    output.bytes.reserveCapacity(module.bytes.count + 64)
    encode(module, compactsImports: compactsImports, &output) { _ in }
    return output.bytes
  }

  /// The binary of a module, handed on in pieces from front to back, so that it is never there as a whole.
  public static func encode(_ module: Module, compactsImports: Bool = false, _ take: ([UInt8]) -> Void) {
    var output = ByteWriter()
    encode(module, compactsImports: compactsImports, &output) { output in
      guard output.bytes.count >= 1 << 18 else { return }
      take(output.bytes)
      output.bytes.removeAll(keepingCapacity: true)
    }
    take(output.bytes)
  }

  /// - Parameter flush: May take what has been written so far.
  private static func encode(
    _ module: Module, compactsImports: Bool, _ output: inout ByteWriter, _ flush: (inout ByteWriter) -> Void
  ) {
    output.word(0x1_6D73_6100, bytes: 8)
    customSections(of: module, after: nil, &output, flush)
    for id in SectionID.inOrder {
      section(id, of: module, compactsImports: compactsImports, &output, flush)
      flush(&output)
      customSections(of: module, after: id, &output, flush)
    }
  }

  private static func customSections(
    of module: Module, after: SectionID?, _ output: inout ByteWriter, _ flush: (inout ByteWriter) -> Void
  ) {
    for section in module.customSections where section.after == after {
      flush(&output)
      let name = section.name.utf8.count
      output.byte(SectionID.custom.rawValue)
      output.u32(UInt32(truncatingIfNeeded: ByteWriter.size(ofU32: name) + name + section.range.count))
      output.name(section.name)
      output.bytes.append(contentsOf: module.bytes[section.range])
    }
  }

  private static func section(
    _ id: SectionID, of module: Module, compactsImports: Bool, _ output: inout ByteWriter,
    _ flush: (inout ByteWriter) -> Void
  ) {
    switch id {
    case .custom: return
    case .code: return codeSection(of: module, &output, flush)
    case .data: return dataSection(of: module, &output, flush)
    default: break
    }
    var contents = ByteWriter()
    switch id {
    case .type: contents.recursionGroups(of: module)
    case .import:
      if compactsImports {
        contents.importGroups(module.imports)
      } else {
        contents.vector(module.imports) { $0.importDescription($1) }
      }
    case .function: contents.vector(module.functions) { $0.u32($1) }
    case .table: contents.vector(module.tables) { $0.table($1, of: module) }
    case .memory: contents.vector(module.memories) { $0.memoryType($1) }
    case .tag: contents.vector(module.tags) { $0.tagType($1) }
    case .global:
      contents.vector(module.globals) {
        $0.globalType($1.type)
        $0.expression($1.initializer, of: module)
      }
    case .export:
      contents.vector(module.exports) {
        $0.name($1.name)
        $0.byte($1.kind.rawValue)
        $0.u32($1.index)
      }
    case .start: if let start = module.start { contents.u32(start) }
    case .element: contents.vector(module.elements) { $0.elementSegment($1, of: module) }
    case .dataCount: if let count = module.dataCount { contents.u32(count) }
    case .custom, .code, .data: break
    }
    guard !contents.bytes.isEmpty else { return }
    output.byte(id.rawValue)
    output.u32(UInt32(truncatingIfNeeded: contents.bytes.count))
    output.bytes.append(contentsOf: contents.bytes)
  }

  /// The bodies are most of a module, so that they go to the output at once.
  private static func codeSection(
    of module: Module, _ output: inout ByteWriter, _ flush: (inout ByteWriter) -> Void
  ) {
    guard !module.bodies.isEmpty else { return }
    var size = ByteWriter.size(ofU32: module.bodies.count)
    for body in module.bodies { size += ByteWriter.size(ofU32: body.range.count) + body.range.count }
    output.byte(SectionID.code.rawValue)
    output.u32(UInt32(truncatingIfNeeded: size))
    output.vector(module.bodies) {
      $0.span(module.bytes[$1.range])
      flush(&$0)
    }
  }

  private static func dataSection(
    of module: Module, _ output: inout ByteWriter, _ flush: (inout ByteWriter) -> Void
  ) {
    guard !module.data.isEmpty else { return }
    var size = ByteWriter.size(ofU32: module.data.count)
    var head = ByteWriter()
    for segment in module.data {
      head.bytes.removeAll(keepingCapacity: true)
      head.dataSegmentMode(segment.mode, of: module)
      size += head.bytes.count + ByteWriter.size(ofU32: segment.range.count) + segment.range.count
    }
    output.byte(SectionID.data.rawValue)
    output.u32(UInt32(truncatingIfNeeded: size))
    output.vector(module.data) {
      $0.dataSegmentMode($1.mode, of: module)
      $0.span(module.bytes[$1.range])
      flush(&$0)
    }
  }
}

extension ByteWriter {
  /// The number of bytes that a u32 takes.
  static func size(ofU32 value: Int) -> Int {
    var size = 1
    var rest = value >> 7
    while rest > 0 {
      size += 1
      rest >>= 7
    }
    return size
  }

  /// The elements with their number before them, or nothing if there are none.
  mutating func vector<Element>(_ elements: [Element], _ write: (inout ByteWriter, Element) -> Void) {
    guard !elements.isEmpty else { return }
    u32(UInt32(truncatingIfNeeded: elements.count))
    for element in elements { write(&self, element) }
  }

  /// Bytes with their number before them.
  mutating func span(_ contents: ArraySlice<UInt8>) {
    u32(UInt32(truncatingIfNeeded: contents.count))
    bytes.append(contentsOf: contents)
  }

  mutating func expression(_ expression: ConstantExpression, of module: Module) {
    bytes.append(contentsOf: module.bytes[expression.range])
  }

  /// All of a data segment but its contents.
  fileprivate mutating func dataSegmentMode(_ mode: SegmentMode, of module: Module) {
    switch mode {
    case .active(index: 0, let offset):
      u32(0)
      expression(offset, of: module)
    case .active(let memory, let offset):
      u32(2)
      u32(memory)
      expression(offset, of: module)
    case .passive, .declarative:
      u32(1)
    }
  }

  mutating func recursionGroups(of module: Module) {
    guard !module.recursionGroups.isEmpty else { return }
    u32(UInt32(truncatingIfNeeded: module.recursionGroups.count))
    for group in module.recursionGroups {
      if group.isExplicit || group.range.count != 1 {
        byte(0x4E)
        u32(UInt32(truncatingIfNeeded: group.range.count))
      }
      for type in module.types[group.range] { subType(type) }
    }
  }

  private mutating func subType(_ type: SubType) {
    if !type.isFinal || !type.supertypes.isEmpty {
      byte(type.isFinal ? 0x4F : 0x50)
      u32(UInt32(truncatingIfNeeded: type.supertypes.count))
      for supertype in type.supertypes { u32(supertype) }
    }
    switch type.composite {
    case .function(let type):
      byte(0x60)
      valueTypes(type.parameters)
      valueTypes(type.results)
    case .structure(let fields):
      byte(0x5F)
      u32(UInt32(truncatingIfNeeded: fields.count))
      for field in fields { fieldType(field) }
    case .array(let field):
      byte(0x5E)
      fieldType(field)
    }
  }

  private mutating func valueTypes(_ types: [ValueType]) {
    u32(UInt32(truncatingIfNeeded: types.count))
    for type in types { valueType(type) }
  }

  private mutating func fieldType(_ field: FieldType) {
    switch field.storage {
    case .i8: byte(0x78)
    case .i16: byte(0x77)
    case .value(let type): valueType(type)
    }
    byte(field.isMutable ? 1 : 0)
  }

  /// Imports from one module that follow each other as groups, of one type as far as the types are the same.
  fileprivate mutating func importGroups(_ imports: [Import]) {
    var groups: [ArraySlice<Import>] = []
    var rest = imports[...]
    while let first = rest.first {
      let group = rest.prefix { $0.module.utf8.elementsEqual(first.module.utf8) }
      var count = group.prefix { $0.type == first.type }.count
      if count == 1 {
        // Up to the next two of one type.
        let pairs = zip(group, group.dropFirst())
        count = pairs.prefix { $0.type != $1.type }.count
        if count == group.count - 1 { count = group.count }
      }
      groups.append(group.prefix(count))
      rest = rest.dropFirst(count)
    }
    vector(groups) { $0.importGroup($1) }
  }

  /// The forms of the compact-import-section proposal; an import alone in the form that all readers know.
  private mutating func importGroup(_ group: ArraySlice<Import>) {
    guard let first = group.first else { return }
    if group.count == 1 { return importDescription(first) }
    let isUniform = group.allSatisfy { $0.type == first.type }
    name(first.module)
    name("")
    byte(isUniform ? 0x7E : 0x7F)
    if isUniform { importType(first.type) }
    u32(UInt32(truncatingIfNeeded: group.count))
    for item in group {
      name(item.name)
      if !isUniform { importType(item.type) }
    }
  }

  mutating func importDescription(_ item: Import) {
    name(item.module)
    name(item.name)
    importType(item.type)
  }

  private mutating func importType(_ type: ImportType) {
    byte(type.kind.rawValue)
    switch type {
    case .function(let type): u32(type)
    case .table(let type): tableType(type)
    case .memory(let type): memoryType(type)
    case .global(let type): globalType(type)
    case .tag(let type): tagType(type)
    }
  }

  mutating func table(_ table: Table, of module: Module) {
    if let initializer = table.initializer {
      byte(0x40)
      byte(0)
      tableType(table.type)
      expression(initializer, of: module)
    } else {
      tableType(table.type)
    }
  }

  mutating func tableType(_ type: TableType) {
    referenceType(type.element)
    byte((type.limits.maximum != nil ? 1 : 0) | (type.addressType == .i64 ? 4 : 0))
    limits(type.limits)
  }

  mutating func memoryType(_ type: MemoryType) {
    var flags: UInt8 = type.limits.maximum != nil ? 1 : 0
    if type.isShared { flags |= 2 }
    if type.addressType == .i64 { flags |= 4 }
    if type.pageSizeLog2 != 16 { flags |= 8 }
    byte(flags)
    limits(type.limits)
    if type.pageSizeLog2 != 16 { u32(UInt32(type.pageSizeLog2)) }
  }

  private mutating func limits(_ limits: Limits) {
    u64(limits.minimum)
    if let maximum = limits.maximum { u64(maximum) }
  }

  mutating func globalType(_ type: GlobalType) {
    valueType(type.value)
    byte(type.isMutable ? 1 : 0)
  }

  mutating func tagType(_ index: UInt32) {
    byte(0)
    u32(index)
  }

  mutating func elementSegment(_ segment: ElementSegment, of module: Module) {
    var kind: UInt32
    switch segment.mode {
    case .active(index: 0, _): kind = 0
    case .passive: kind = 1
    case .active: kind = 2
    case .declarative: kind = 3
    }
    if case .expressions = segment.items {
      // Kind 4 has no place for a type: it is that of funcref.
      if kind == 0 && segment.type != .function { kind = 2 }
      kind |= 4
    }
    u32(kind)
    if case .active(let table, let offset) = segment.mode {
      if kind & 3 == 2 { u32(table) }
      expression(offset, of: module)
    }
    if kind & 3 != 0 {
      if kind & 4 == 0 { byte(0) } else { referenceType(segment.type) }
    }
    switch segment.items {
    case .functions(let functions):
      u32(UInt32(truncatingIfNeeded: functions.count))
      for function in functions { u32(function) }
    case .expressions(let expressions):
      u32(UInt32(truncatingIfNeeded: expressions.count))
      for item in expressions { expression(item, of: module) }
    }
  }
}
