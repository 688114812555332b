import WebAssembly

/// What a look through all of a module finds.
struct ModuleSurvey {
  /// The features that the module cannot do without.
  private(set) var features: FeatureSet = []
  /// How many instructions there are on each memory, by its index.
  private(set) var memoryInstructions: [Int]
  private(set) var instructionCount = 0

  /// Reads every body and constant expression.
  ///
  /// - Throws: a ``ModuleError`` where one is malformed.
  init(_ module: Module, _ spaces: IndexSpaces) throws(ModuleError) {
    memoryInstructions = Array(repeating: 0, count: spaces.memories.count)
    declarations(of: module, spaces)
    for expression in Self.expressions(of: module) {
      var reader = InstructionReader(module.bytes, range: expression.range)
      while !reader.isAtEnd { note(try reader.next(), isConstant: true) }
    }
    for body in module.bodies {
      var reader = InstructionReader(module.bytes, range: body.range)
      for group in try reader.locals() { note(group.type) }
      while !reader.isAtEnd {
        note(try reader.next(), isConstant: false)
        instructionCount += 1
      }
    }
  }

  private static func expressions(of module: Module) -> [ConstantExpression] {
    var expressions = module.globals.map(\.initializer) + module.tables.compactMap(\.initializer)
    for mode in module.data.map(\.mode) + module.elements.map(\.mode) {
      if case .active(_, let offset) = mode { expressions.append(offset) }
    }
    for segment in module.elements {
      if case .expressions(let items) = segment.items { expressions += items }
    }
    return expressions
  }

  private mutating func declarations(of module: Module, _ spaces: IndexSpaces) {
    if module.recursionGroups.contains(where: \.isExplicit) { features.insert(.gc) }
    if module.hadImportGroups { features.insert(.compactImports) }
    for type in module.types {
      if !type.isFinal || !type.supertypes.isEmpty { features.insert(.gc) }
      switch type.composite {
      case .function(let type):
        if type.results.count > 1 { features.insert(.multiValue) }
        for value in type.parameters + type.results { note(value) }
      case .structure(let fields):
        features.insert(.gc)
        for case .value(let value) in fields.map(\.storage) { note(value) }
      case .array(let field):
        features.insert(.gc)
        if case .value(let value) = field.storage { note(value) }
      }
    }
    if spaces.memories.count > 1 { features.insert(.multiMemory) }
    for memory in spaces.memories {
      if memory.addressType == .i64 { features.insert(.memory64) }
      if memory.isShared { features.insert(.threads) }
      if memory.pageSizeLog2 != 16 { features.insert(.customPageSizes) }
    }
    if spaces.tables.count > 1 { features.insert(.referenceTypes) }
    for table in spaces.tables {
      if table.addressType == .i64 { features.insert(.memory64) }
      if table.element != .function { note(.reference(table.element)) }
    }
    for table in module.tables where table.initializer != nil { features.insert(.functionReferences) }
    for global in spaces.globals { note(global.value) }
    if !spaces.tags.isEmpty { features.insert(.exceptions) }
    for item in module.imports {
      if case .global(let type) = item.type, type.isMutable { features.insert(.mutableGlobals) }
    }
    for export in module.exports where export.kind == .global {
      let index = Int(export.index)
      if spaces.globals.indices.contains(index), spaces.globals[index].isMutable { features.insert(.mutableGlobals) }
    }
    for segment in module.data where segment.mode == .passive { features.insert(.bulkMemory) }
    for segment in module.elements {
      switch segment.mode {
      case .passive: features.insert(.bulkMemory)
      case .declarative: features.insert(.referenceTypes)
      case .active: break
      }
      if segment.type != .function && segment.type != ReferenceType(isNullable: false, heapType: .function) {
        note(.reference(segment.type))
      }
    }
  }

  private mutating func note(_ type: ValueType) {
    if type.isVector { features.insert(.simd) }
    guard let reference = type.referenceType else { return }
    switch reference.heapType {
    case .function, .external: features.insert(reference.isNullable ? .referenceTypes : .functionReferences)
    case .exception, .noException: features.insert(.exceptions)
    case .any, .none, .eq, .i31, .structure, .array, .noFunction, .noExternal: features.insert(.gc)
    default: features.insert(.functionReferences)
    }
  }

  private mutating func note(_ instruction: Instruction, isConstant: Bool) {
    let row = instruction.opcode.row
    if let feature = row.feature { features.insert(feature) }
    switch row.immediates {
    case .memory, .memoryArgument, .memoryArgumentAndLane: count(instruction.index)
    case .dataAndMemory: count(instruction.index2)
    case .memoryAndMemory:
      count(instruction.index)
      if instruction.index2 != instruction.index { count(instruction.index2) }
    case .blockType, .tryTable:
      switch instruction.blockType {
      case .empty: break
      case .value(let type): note(type)
      case .type: features.insert(.multiValue)
      }
    case .typeAndTable:
      if instruction.index2 != 0 { features.insert(.referenceTypes) }
    default: break
    }
    switch instruction.opcode {
    case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
      if isConstant { features.insert(.extendedConst) }
    default: break
    }
  }

  private mutating func count(_ memory: UInt32) {
    if Int(memory) < memoryInstructions.count { memoryInstructions[Int(memory)] += 1 }
  }
}
