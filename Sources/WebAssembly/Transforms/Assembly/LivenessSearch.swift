/// Follows references from the roots of a module, each body read once. The work to do is a list, so that nothing recurses.
struct LivenessSearch {
  private(set) var result: Liveness
  private let parts: ModuleParts
  private let spaces: IndexSpaces
  private var work: [(space: Liveness.Space, index: UInt32)] = []
  /// By the opcode's raw value.
  private let immediates: [ImmediateKind]
  /// The recursion group of each type, by its place.
  private var groups: [UInt32] = []
  /// The active segments of each table and memory that write anything.
  private var elementsOfTable: [[UInt32]]
  private var dataOfMemory: [[UInt32]]
  /// The values that tables are filled with at instantiation.
  private var fills: [UInt32: ConstantExpression] = [:]

  init(_ parts: ModuleParts, _ spaces: IndexSpaces) {
    self.parts = parts
    self.spaces = spaces
    result = Liveness(parts, spaces, all: false)
    var immediates = [ImmediateKind](repeating: .none, count: Operator.opcodeLimit)
    for row in Operator.all { immediates[Int(row.opcode.rawValue)] = row.immediates }
    self.immediates = immediates
    for (number, range) in TypeRegistry.groups(of: parts.declarations).enumerated() {
      for _ in range { groups.append(UInt32(number)) }
    }
    elementsOfTable = Array(repeating: [], count: spaces.tables.count)
    dataOfMemory = Array(repeating: [], count: spaces.memories.count)
    for (index, segment) in parts.declarations.elements.enumerated() {
      guard case .active(let table, _) = segment.mode, segment.items.count > 0 else { continue }
      elementsOfTable[Int(table)].append(UInt32(index))
    }
    for case .fill(let table, let value) in parts.effects { fills[table] = value }
    for (index, segment) in parts.declarations.data.enumerated() {
      guard case .active(let memory, _) = segment.mode, !segment.range.isEmpty else { continue }
      dataOfMemory[Int(memory)].append(UInt32(index))
    }
  }

  mutating func run(_ initialization: Initialization) throws(ModuleError) {
    let module = parts.declarations
    for export in module.exports { markExport(export.kind, export.index) }
    for (place, effect) in parts.effects.enumerated() {
      switch effect {
      case .element(let index):
        if case .active(let table, _) = module.elements[Int(index)].mode,
          !initialization.isCertain[place]
            || (Int(table) < spaces.importedTableCount && module.elements[Int(index)].items.count > 0)
        {
          mark(.element, index)
        }
      case .data(let index):
        if case .active(let memory, _) = module.data[Int(index)].mode,
          !initialization.isCertain[place]
            || (Int(memory) < spaces.importedMemoryCount && !module.data[Int(index)].range.isEmpty)
        {
          mark(.data, index)
        }
      case .fill: break
      case .check(let check): mark(check.isMemory ? .memory : .table, check.index)
      case .call(let function): mark(.function, function)
      }
    }
    while let item = work.popLast() { try follow(item.space, item.index) }
  }

  private mutating func mark(_ space: Liveness.Space, _ index: UInt32) {
    if result.insert(space, index) { work.append((space, index)) }
  }

  private mutating func markExport(_ kind: ExternalKind, _ index: UInt32) {
    switch kind {
    case .function: mark(.function, index)
    case .table: mark(.table, index)
    case .memory: mark(.memory, index)
    case .global: mark(.global, index)
    case .tag: mark(.tag, index)
    }
  }

  private mutating func mark(_ type: HeapType) {
    if let index = type.typeIndex { mark(.type, index) }
  }

  private mutating func mark(_ type: ValueType) {
    if let reference = type.referenceType { mark(reference.heapType) }
  }

  private mutating func follow(_ space: Liveness.Space, _ index: UInt32) throws(ModuleError) {
    let module = parts.declarations
    switch space {
    case .type: follow(group: Int(groups[Int(index)]))
    case .function:
      mark(.type, spaces.functions[Int(index)])
      let number = Int(index) - spaces.importedFunctionCount
      if number >= 0 { try scan(body: number) }
    case .table:
      mark(spaces.tables[Int(index)].element.heapType)
      let number = Int(index) - spaces.importedTableCount
      if number >= 0, let initializer = module.tables[number].initializer { try scan(initializer) }
      for segment in elementsOfTable[Int(index)] { mark(.element, segment) }
      if let value = fills[index] { try scan(value) }
    case .memory:
      for segment in dataOfMemory[Int(index)] { mark(.data, segment) }
    case .global:
      mark(spaces.globals[Int(index)].value)
      let number = Int(index) - spaces.importedGlobalCount
      if number >= 0 { try scan(module.globals[number].initializer) }
    case .tag: mark(.type, spaces.tags[Int(index)])
    case .element:
      let segment = module.elements[Int(index)]
      mark(segment.type.heapType)
      if case .active(let table, let offset) = segment.mode {
        mark(.table, table)
        try scan(offset)
      }
      switch segment.items {
      case .functions(let functions): for function in functions { mark(.function, function) }
      case .expressions(let expressions): for expression in expressions { try scan(expression) }
      }
    case .data:
      if case .active(let memory, let offset) = module.data[Int(index)].mode {
        mark(.memory, memory)
        try scan(offset)
      }
    }
  }

  private mutating func follow(group number: Int) {
    let module = parts.declarations
    let range =
      number < module.recursionGroups.count ? module.recursionGroups[number].range : number..<number + 1
    for index in range {
      mark(.type, UInt32(index))
      let type = module.types[index]
      for supertype in type.supertypes { mark(.type, supertype) }
      switch type.composite {
      case .function(let function):
        for value in function.parameters { mark(value) }
        for value in function.results { mark(value) }
      case .structure(let fields):
        for case .value(let value) in fields.map(\.storage) { mark(value) }
      case .array(let field):
        if case .value(let value) = field.storage { mark(value) }
      }
    }
  }

  private mutating func scan(_ expression: ConstantExpression) throws(ModuleError) {
    var reader = InstructionReader(parts.declarations.bytes, range: expression.range)
    try scan(&reader, IndexRemapping())
  }

  private mutating func scan(body number: Int) throws(ModuleError) {
    let source = parts.sources[Int(parts.bodySources[number])]
    var reader = InstructionReader(source.module.bytes, range: parts.declarations.bodies[number].range)
    for group in try reader.locals() { mark(source.remapping.valueType(group.type)) }
    try scan(&reader, source.remapping)
  }

  private mutating func scan(
    _ reader: inout InstructionReader, _ remapping: IndexRemapping
  ) throws(ModuleError) {
    while !reader.isAtEnd {
      let instruction = try reader.next()
      let kind = immediates[Int(instruction.opcode.rawValue)]
      switch kind {
      case .none, .label, .labels, .local, .lane, .lanes, .i32, .i64, .f32, .f64, .v128, .fence: break
      case .function: mark(.function, remapping.function(instruction.index))
      case .global: mark(.global, remapping.global(instruction.index))
      case .memory, .memoryArgument, .memoryArgumentAndLane: mark(.memory, remapping.memory(instruction.index))
      case .blockType: mark(instruction.blockType, remapping)
      default: markRare(instruction, kind, reader, remapping)
      }
    }
  }

  private mutating func mark(_ type: BlockType, _ remapping: IndexRemapping) {
    switch type {
    case .empty: break
    case .value(let value): if value.isReference { mark(remapping.valueType(value)) }
    case .type(let index): mark(.type, remapping.type(index))
    }
  }

  private mutating func markRare(
    _ instruction: Instruction, _ kind: ImmediateKind, _ reader: InstructionReader, _ remapping: IndexRemapping
  ) {
    switch kind {
    case .type, .typeAndField, .typeAndCount: mark(.type, remapping.type(instruction.index))
    case .typeAndTable:
      mark(.type, remapping.type(instruction.index))
      mark(.table, remapping.table(instruction.index2))
    case .typeAndData:
      mark(.type, remapping.type(instruction.index))
      mark(.data, remapping.data(instruction.index2))
    case .typeAndElement:
      mark(.type, remapping.type(instruction.index))
      mark(.element, remapping.element(instruction.index2))
    case .typeAndType:
      mark(.type, remapping.type(instruction.index))
      mark(.type, remapping.type(instruction.index2))
    case .tag: mark(.tag, remapping.tag(instruction.index))
    case .tryTable:
      mark(instruction.blockType, remapping)
      for clause in reader.catchClauses(of: instruction) where clause.kind.hasTag {
        mark(.tag, remapping.tag(clause.tag))
      }
    case .valueTypes: for type in reader.valueTypes(of: instruction) { mark(remapping.valueType(type)) }
    case .table: mark(.table, remapping.table(instruction.index))
    case .tableAndTable:
      mark(.table, remapping.table(instruction.index))
      mark(.table, remapping.table(instruction.index2))
    case .elementAndTable:
      mark(.element, remapping.element(instruction.index))
      mark(.table, remapping.table(instruction.index2))
    case .element: mark(.element, remapping.element(instruction.index))
    case .memoryAndMemory:
      mark(.memory, remapping.memory(instruction.index))
      mark(.memory, remapping.memory(instruction.index2))
    case .dataAndMemory:
      mark(.data, remapping.data(instruction.index))
      mark(.memory, remapping.memory(instruction.index2))
    case .data: mark(.data, remapping.data(instruction.index))
    case .heapType: mark(remapping.heapType(instruction.heapType))
    case .castLabel:
      mark(remapping.heapType(instruction.castSource.heapType))
      mark(remapping.heapType(instruction.castTarget.heapType))
    case .none, .label, .labels, .local, .lane, .lanes, .i32, .i64, .f32, .f64, .v128, .fence, .function, .global,
      .memory, .memoryArgument, .memoryArgumentAndLane, .blockType:
      break
    }
  }
}
