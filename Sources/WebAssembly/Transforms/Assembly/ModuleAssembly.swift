/// A module that was put together, and what has become of its parts.
struct AssembledModule {
  var module: Module
  /// From the indices of the parts to those of the module; what is not in it has `UInt32.max`.
  var compaction: IndexRemapping
  /// Custom sections that were left out, by source.
  var droppedSections: [(source: Int, name: String)] = []
  /// How many steps of instantiation the start function does.
  var deferredCount = 0
}

/// Writes the module that ``ModuleParts`` describe: what is alive, every body once.
struct ModuleAssembly {
  let parts: ModuleParts
  let spaces: IndexSpaces
  let live: Liveness
  let initialization: Initialization
  let compaction: IndexRemapping
  var new = Module()
  /// What has been written so far: the new module's `bytes`.
  var output: [UInt8] = []
  var hints = BranchHints()
  /// By new function index: whether a body takes a reference to it.
  private var isReferenced: [Bool] = []
  private var result: AssembledModule
  /// The functions that were added, with their names.
  private(set) var addedNames: [(index: UInt32, name: String)] = []

  init(_ parts: ModuleParts, _ spaces: IndexSpaces, _ live: Liveness, _ initialization: Initialization) {
    self.parts = parts
    self.spaces = spaces
    self.live = live
    self.initialization = initialization
    compaction = live.compaction
    result = AssembledModule(module: Module(), compaction: compaction)
  }

  /// - Parameter progress: is told how many bytes of code have been written.
  mutating func run(progress: (Int) -> Void = { _ in }) throws(ModuleError) -> AssembledModule {
    var room = 4096
    for source in parts.sources { room += source.module.bytes.count + source.module.bytes.count / 16 }
    output.reserveCapacity(room)
    declarations()
    try expressions()
    try bodies(progress: progress)
    data()
    try startFunction()
    try declareReferences()
    if parts.sources.contains(where: { $0.module.dataCount != nil }) || new.dataCount != nil {
      new.dataCount = UInt32(truncatingIfNeeded: new.data.count)
    }
    customSections()
    new.placeCustomSections()
    new.bytes = output
    output = []
    result.module = new
    return result
  }

  private func isAlive(_ space: Liveness.Space, _ index: Int) -> Bool { live[space, UInt32(index)] }

  // MARK: Declarations

  private mutating func declarations() {
    let old = parts.declarations
    for (number, range) in TypeRegistry.groups(of: old).enumerated() where !range.isEmpty {
      guard isAlive(.type, range.lowerBound) else { continue }
      let start = new.types.count
      for type in old.types[range] { new.types.append(compaction.subType(type)) }
      let isExplicit = number < old.recursionGroups.count && old.recursionGroups[number].isExplicit
      new.recursionGroups.append(RecursionGroup(range: start..<new.types.count, isExplicit: isExplicit))
    }
    var counts = [Int](repeating: 0, count: ExternalKind.allCases.count)
    for item in old.imports {
      let kind = item.type.kind
      let index = counts[Int(kind.rawValue)]
      counts[Int(kind.rawValue)] += 1
      guard isAlive(Self.space(kind), index) else { continue }
      new.imports.append(Import(module: item.module, name: item.name, type: compaction.importType(item.type)))
    }
    for (number, type) in old.functions.enumerated() where isAlive(.function, spaces.importedFunctionCount + number) {
      new.functions.append(compaction.type(type))
    }
    for (number, type) in old.memories.enumerated() where isAlive(.memory, spaces.importedMemoryCount + number) {
      new.memories.append(type)
    }
    for (number, type) in old.tags.enumerated() where isAlive(.tag, spaces.importedTagCount + number) {
      new.tags.append(compaction.type(type))
    }
    for export in old.exports {
      let index =
        switch export.kind {
        case .function: compaction.function(export.index)
        case .table: compaction.table(export.index)
        case .memory: compaction.memory(export.index)
        case .global: compaction.global(export.index)
        case .tag: compaction.tag(export.index)
        }
      new.exports.append(Export(name: export.name, kind: export.kind, index: index))
    }
  }

  static func space(_ kind: ExternalKind) -> Liveness.Space {
    switch kind {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }

  /// Everything that has constant expressions.
  private mutating func expressions() throws(ModuleError) {
    let old = parts.declarations
    for (number, table) in old.tables.enumerated() where isAlive(.table, spaces.importedTableCount + number) {
      var initializer: ConstantExpression?
      if let expression = table.initializer { initializer = try copy(expression) }
      new.tables.append(Table(type: compaction.tableType(table.type), initializer: initializer))
    }
    for (number, global) in old.globals.enumerated() where isAlive(.global, spaces.importedGlobalCount + number) {
      new.globals.append(
        Global(type: compaction.globalType(global.type), initializer: try copy(global.initializer)))
    }
    for (index, segment) in old.elements.enumerated() where isAlive(.element, index) {
      new.elements.append(try copy(segment))
    }
    for (index, segment) in old.data.enumerated() where isAlive(.data, index) {
      var segment = segment
      if case .active(let memory, let offset) = segment.mode {
        segment.mode = .active(index: compaction.memory(memory), offset: try copy(offset))
      }
      new.data.append(segment)
    }
  }

  private mutating func copy(_ segment: ElementSegment) throws(ModuleError) -> ElementSegment {
    var segment = segment
    segment.type = compaction.referenceType(segment.type)
    if case .active(let table, let offset) = segment.mode {
      segment.mode = .active(index: compaction.table(table), offset: try copy(offset))
    }
    switch segment.items {
    case .functions(let functions): segment.items = .functions(functions.map(compaction.function))
    case .expressions(let expressions):
      var copies: [ConstantExpression] = []
      copies.reserveCapacity(expressions.count)
      for expression in expressions { copies.append(try copy(expression)) }
      segment.items = .expressions(copies)
    }
    return segment
  }

  private mutating func copy(_ expression: ConstantExpression) throws(ModuleError) -> ConstantExpression {
    let start = output.count
    if compaction.isIdentity {
      output.append(contentsOf: parts.declarations.bytes[expression.range])
    } else {
      var reader = InstructionReader(parts.declarations.bytes, range: expression.range)
      var writer = InstructionWriter()
      while !reader.isAtEnd { compaction.write(try reader.next(), from: reader, to: &writer) }
      output.append(contentsOf: writer.bytes)
    }
    return ConstantExpression(range: start..<output.count)
  }

  // MARK: Bodies and data

  /// Keeps references to functions as they are, but for their indices, and notes them: each must be declared.
  private struct References: BodyTransform {
    let remapping: IndexRemapping
    var isReferenced: [Bool]

    func wants(_ row: Operator) -> Bool { row.opcode == .refFunc }

    mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {
      let function = remapping.function(instruction.index)
      isReferenced[Int(function)] = true
      output.write(.refFunc, function)
    }
  }

  private mutating func bodies(progress: (Int) -> Void) throws(ModuleError) {
    let count = live.count(of: .function) - live.deadCount(of: .function)
    isReferenced = Array(repeating: false, count: count)
    new.bodies.reserveCapacity(new.functions.count + 2)
    var number = 0
    let sources = parts.bodySources
    while number < sources.count {
      var end = number
      while end < sources.count && sources[end] == sources[number] { end += 1 }
      try bodies(number..<end, of: Int(sources[number]), progress: progress)
      number = end
    }
  }

  /// Rewrites the bodies of one source, which are all of its bodies in their order.
  private mutating func bodies(
    _ range: Range<Int>, of number: Int, progress: (Int) -> Void
  ) throws(ModuleError) {
    let source = parts.sources[number]
    let remapping = source.remapping.followed(by: compaction)
    var references = References(remapping: remapping, isReferenced: isReferenced)
    isReferenced = []
    var rewriter = BodyRewriter(source.module.bytes, remapping: remapping, transform: references)
    swap(&rewriter.bytes, &output)
    let hints = BranchHints(source.module).functions
    var nextHint = 0
    var imported = 0
    for item in source.module.imports where item.type.kind == .function { imported += 1 }
    let declarations = parts.declarations
    for body in range {
      let index = UInt32(imported + body - range.lowerBound)
      while nextHint < hints.count, hints[nextHint].index < index { nextHint += 1 }
      let own = nextHint < hints.count && hints[nextHint].index == index ? hints[nextHint].hints : []
      guard isAlive(.function, spaces.importedFunctionCount + body) else { continue }
      let type = declarations.types[Int(declarations.functions[body])].functionType
      let rewritten = try rewriter.rewrite(
        declarations.bodies[body], parameterCount: type?.parameters.count ?? 0, hints: own, &references)
      new.bodies.append(rewritten.body)
      if !rewritten.hints.isEmpty {
        let function = compaction.function(UInt32(spaces.importedFunctionCount + body))
        self.hints.functions.append(BranchHints.Function(index: function, hints: rewritten.hints))
      }
      if body & 0x3F == 0 { progress(rewriter.bytes.count) }
    }
    swap(&rewriter.bytes, &output)
    isReferenced = references.isReferenced
  }

  private mutating func data() {
    var next = 0
    for index in parts.declarations.data.indices where isAlive(.data, index) {
      let source = parts.sources[Int(parts.dataSources[index])]
      let start = output.count
      output.append(contentsOf: source.module.bytes[parts.declarations.data[index].range])
      new.data[next].range = start..<output.count
      next += 1
    }
  }

  // MARK: What is added

  private mutating func typeIndex(_ type: FunctionType) -> UInt32 {
    let wanted = SubType(composite: .function(type))
    for group in new.recursionGroups where group.range.count == 1 && new.types[group.range.lowerBound] == wanted {
      return UInt32(group.range.lowerBound)
    }
    let index = new.types.count
    new.types.append(wanted)
    new.recursionGroups.append(RecursionGroup(range: index..<index + 1, isExplicit: false))
    return UInt32(index)
  }

  /// Adds a function without parameters and results.
  private mutating func addFunction(_ instructions: [UInt8], name: String) -> UInt32 {
    let start = output.count
    output.append(0)
    output.append(contentsOf: instructions)
    output.append(UInt8(Opcode.end.rawValue))
    let index = UInt32(new.imports.count { $0.type.kind == .function } + new.functions.count)
    new.functions.append(typeIndex(FunctionType()))
    new.bodies.append(FunctionBody(range: start..<output.count))
    addedNames.append((index, name))
    isReferenced.append(false)
    return index
  }

  private mutating func startFunction() throws(ModuleError) {
    let first = initialization.firstDeferred(of: parts.effects, kept: live.effects)
    let steps = parts.effects.indices.filter { $0 >= first && live.effects[$0] }.map { parts.effects[$0] }
    if steps.isEmpty { return }
    if steps.count == 1, case .call(let function) = steps[0] {
      new.start = compaction.function(function)
      return
    }
    result.deferredCount = steps.count
    var code = BodyOutput()
    for step in steps { try write(step, &code) }
    new.start = addFunction(code.writer.bytes, name: "instantiate")
  }

  private mutating func write(_ step: ModuleParts.Effect, _ code: inout BodyOutput) throws(ModuleError) {
    switch step {
    case .element(let index):
      let segment = compaction.element(index)
      guard case .active(let table, let offset) = new.elements[Int(segment)].mode else { return }
      code.writer.output.bytes.append(contentsOf: output[offset.range].dropLast())
      code.i32(0)
      code.i32(UInt32(truncatingIfNeeded: new.elements[Int(segment)].items.count))
      code.writer.write(Instruction(.tableInit, index: segment, index2: table))
      code.write(.elemDrop, segment)
      new.elements[Int(segment)].mode = .passive
    case .data(let index):
      let segment = compaction.data(index)
      guard case .active(let memory, let offset) = new.data[Int(segment)].mode else { return }
      code.writer.output.bytes.append(contentsOf: output[offset.range].dropLast())
      code.i32(0)
      code.i32(UInt32(truncatingIfNeeded: new.data[Int(segment)].range.count))
      code.writer.write(Instruction(.memoryInit, index: segment, index2: memory))
      code.write(.dataDrop, segment)
      new.data[Int(segment)].mode = .passive
      new.dataCount = 0
    case .fill(let table, let value):
      let type = spaces.tables[Int(table)]
      constant(0, type.addressType, &code)
      let copied = try copy(value)
      code.writer.output.bytes.append(contentsOf: output[copied.range].dropLast())
      constant(type.limits.minimum, type.addressType, &code)
      code.write(.tableFill, compaction.table(table))
    case .check(let check):
      let type =
        check.isMemory ? spaces.memories[Int(check.index)].addressType : spaces.tables[Int(check.index)].addressType
      if check.isMemory {
        code.write(.memorySize, compaction.memory(check.index))
      } else {
        code.write(.tableSize, compaction.table(check.index))
      }
      constant(check.minimum, type, &code)
      code.write(type == .i64 ? .i64LtU : .i32LtU)
      var branch = Instruction(.if)
      branch.blockType = .empty
      code.writer.write(branch)
      code.write(.call, addFunction([UInt8(Opcode.unreachable.rawValue)], name: check.message))
      code.write(.end)
    case .call(let function):
      code.write(.call, compaction.function(function))
    }
  }

  private func constant(_ value: UInt64, _ type: AddressType, _ code: inout BodyOutput) {
    if type == .i64 { code.i64(value) } else { code.i32(UInt32(truncatingIfNeeded: value)) }
  }

  /// Functions that bodies take references to must occur outside of bodies (Core 3.0, 3.4.6: C.refs). Those that no longer
  /// do, because what named them is gone, are declared.
  private mutating func declareReferences() throws(ModuleError) {
    var missing = isReferenced
    for export in new.exports where export.kind == .function { missing[Int(export.index)] = false }
    var expressions = new.globals.map(\.initializer) + new.tables.compactMap(\.initializer)
    for segment in new.elements {
      switch segment.items {
      case .functions(let functions): for function in functions { missing[Int(function)] = false }
      case .expressions(let items): expressions += items
      }
    }
    for expression in expressions {
      var reader = InstructionReader(output, range: expression.range)
      while !reader.isAtEnd {
        let instruction = try reader.next()
        if instruction.opcode == .refFunc { missing[Int(instruction.index)] = false }
      }
    }
    let functions = missing.indices.filter { missing[$0] }.map { UInt32($0) }
    guard !functions.isEmpty else { return }
    new.elements.append(
      ElementSegment(
        type: ReferenceType(isNullable: false, heapType: .function), items: .functions(functions), mode: .declarative))
  }

  mutating func drop(_ section: String, of source: Int) { result.droppedSections.append((source, section)) }
}

extension IndexRemapping {
  /// One remapping after another.
  func followed(by next: IndexRemapping) -> IndexRemapping {
    func join(_ first: [UInt32]?, _ second: [UInt32]?) -> [UInt32]? {
      guard let first else { return second }
      guard let second else { return first }
      return first.map { Int($0) < second.count ? second[Int($0)] : $0 }
    }
    var result = IndexRemapping()
    result.types = join(types, next.types)
    result.functions = join(functions, next.functions)
    result.tables = join(tables, next.tables)
    result.memories = join(memories, next.memories)
    result.globals = join(globals, next.globals)
    result.tags = join(tags, next.tags)
    result.elements = join(elements, next.elements)
    result.data = join(data, next.data)
    return result
  }

  func tableType(_ type: TableType) -> TableType {
    var type = type
    type.element = referenceType(type.element)
    return type
  }

  func globalType(_ type: GlobalType) -> GlobalType {
    GlobalType(value: valueType(type.value), isMutable: type.isMutable)
  }

  func importType(_ type: ImportType) -> ImportType {
    switch type {
    case .function(let index): .function(self.type(index))
    case .table(let table): .table(tableType(table))
    case .memory: type
    case .global(let global): .global(globalType(global))
    case .tag(let index): .tag(self.type(index))
    }
  }

  func subType(_ old: SubType) -> SubType {
    func field(_ field: FieldType) -> FieldType {
      guard case .value(let value) = field.storage else { return field }
      return FieldType(storage: .value(valueType(value)), isMutable: field.isMutable)
    }
    let composite: CompositeType =
      switch old.composite {
      case .function(let function):
        .function(
          FunctionType(
            parameters: function.parameters.map(valueType), results: function.results.map(valueType)))
      case .structure(let fields): .structure(fields.map(field))
      case .array(let element): .array(field(element))
      }
    return SubType(isFinal: old.isFinal, supertypes: old.supertypes.map(type), composite: composite)
  }
}
