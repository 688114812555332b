/// Turns a module with several memories into one with a single memory that does the same.
///
/// Every memory becomes a region of the combined memory. An access is compared with its own memory's size in bytes, in
/// 64-bit arithmetic, and one that fails traps by an access that is out of bounds of any memory. Sizes and bases that can
/// change are globals. Results and kinds of trap stay the same; growth may fail where the sum does not fit.
public enum MemoryLowering {
  /// - Throws: a ``ModuleError`` of the kind `unsupported` that names what cannot be lowered.
  public static func lower(
    _ validated: ValidatedModule, options: LoweringOptions = LoweringOptions()
  ) throws(ModuleError) -> LoweredModule {
    var lowering = try ModuleLowering(validated.module, validated.spaces, options)
    return try lowering.run()
  }
}

/// One module on its way.
struct ModuleLowering {
  let old: Module
  let spaces: IndexSpaces
  let names: Names
  var new = Module()
  var rewriter: BodyRewriter
  var accesses: AccessLowering
  var droppedSections: [String] = []
  var usesSegments = false
  private var addedTypes: [FunctionType: UInt32] = [:]
  private var globalNames: [(index: UInt32, name: String)] = []

  var layout: MemoryLayout { accesses.code.layout }
  var isCombined: Bool { layout.places.count > 1 }

  init(_ module: Module, _ spaces: IndexSpaces, _ options: LoweringOptions) throws(ModuleError) {
    old = module
    self.spaces = spaces
    names = Names(module)
    var exported = [Bool](repeating: false, count: spaces.memories.count)
    for export in module.exports where export.kind == .memory { exported[Int(export.index)] = true }
    if spaces.memories.count > 1, spaces.importedMemoryCount > 0 { throw Self.importRefusal(module) }
    for memory in options.reservations.keys where memory >= spaces.memories.count || memory < 0 {
      throw ModuleError(.unsupported, "there is no memory \(memory) to reserve room for", at: 0)
    }
    var layout: MemoryLayout
    switch spaces.memories.count {
    case 0:
      layout = MemoryLayout(only: MemoryType(limits: Limits(minimum: 0)))
    case 1:
      layout = MemoryLayout(only: spaces.memories[0])
    default:
      let use = try MemoryUse(module, memoryCount: spaces.memories.count)
      layout = try MemoryLayout(spaces.memories, use: use, exported: exported, reservations: options.reservations)
    }
    new.globals = []
    var next = UInt32(spaces.globals.count)
    if spaces.memories.count > 1 {
      for index in layout.places.indices {
        if layout.places[index].isGrowable && !layout.places[index].isNative {
          layout.places[index].sizeGlobal = next
          next += 1
        }
        if !layout.places[index].hasConstantBase {
          layout.places[index].baseGlobal = next
          next += 1
        }
      }
    }
    var code = LoweringCode(layout: layout)
    code.isUnchecked = options.isUnchecked
    accesses = AccessLowering(code, firstFunction: UInt32(spaces.functions.count))
    rewriter = BodyRewriter(module.bytes, remapping: IndexRemapping(), transform: accesses)
  }

  private static func importRefusal(_ module: Module) -> ModuleError {
    let imported = module.imports.first { $0.type.kind == .memory }
    let name = imported.map { "\"\($0.module)\" \"\($0.name)\"" } ?? ""
    return ModuleError(
      .unsupported, "the imported memory \(name) cannot be lowered: its owner and this module would not share it", at: 0
    )
  }

  mutating func run() throws(ModuleError) -> LoweredModule {
    rewriter.bytes.reserveCapacity(old.bytes.count + old.bytes.count / 4 + 4096)
    new.types = old.types
    new.recursionGroups = old.recursionGroups
    new.imports = old.imports
    new.functions = old.functions
    new.tags = old.tags
    new.exports = old.exports
    new.start = old.start
    for table in old.tables {
      new.tables.append(Table(type: table.type, initializer: try copy(table.initializer)))
    }
    for global in old.globals {
      new.globals.append(Global(type: global.type, initializer: try rewriter.copy(global.initializer)))
    }
    for element in old.elements { new.elements.append(try copy(element)) }
    let hints = try bodies()
    try data()
    if isCombined {
      new.memories = [layout.combined]
      globals()
      try exports()
    } else {
      new.memories = old.memories
    }
    functions()
    if old.dataCount != nil || usesSegments { new.dataCount = UInt32(truncatingIfNeeded: new.data.count) }
    try customSections(hints)
    new.bytes = rewriter.bytes
    rewriter.bytes = []
    return LoweredModule(
      module: new, regions: regions, memory: spaces.memories.isEmpty ? nil : layout.combined,
      droppedSections: droppedSections)
  }

  private mutating func copy(_ expression: ConstantExpression?) throws(ModuleError) -> ConstantExpression? {
    guard let expression else { return nil }
    return try rewriter.copy(expression)
  }

  private mutating func copy(_ element: ElementSegment) throws(ModuleError) -> ElementSegment {
    var element = element
    if case .active(let table, let offset) = element.mode {
      element.mode = .active(index: table, offset: try rewriter.copy(offset))
    }
    if case .expressions(let expressions) = element.items {
      var copies: [ConstantExpression] = []
      copies.reserveCapacity(expressions.count)
      for expression in expressions { copies.append(try rewriter.copy(expression)) }
      element.items = .expressions(copies)
    }
    return element
  }

  /// Rewrites all bodies. The result is the module's branch hints.
  private mutating func bodies() throws(ModuleError) -> BranchHints {
    let hints = BranchHints(old)
    var newHints = BranchHints()
    var nextHint = 0
    let imported = spaces.importedFunctionCount
    new.bodies.reserveCapacity(old.bodies.count + 8)
    for (number, body) in old.bodies.enumerated() {
      let index = UInt32(imported + number)
      let type = old.types[Int(old.functions[number])].functionType
      while nextHint < hints.functions.count, hints.functions[nextHint].index < index { nextHint += 1 }
      let own =
        nextHint < hints.functions.count && hints.functions[nextHint].index == index
        ? hints.functions[nextHint].hints : []
      let result = try rewriter.rewrite(body, parameterCount: type?.parameters.count ?? 0, hints: own, &accesses)
      new.bodies.append(result.body)
      if !result.hints.isEmpty {
        newHints.functions.append(BranchHints.Function(index: index, hints: result.hints))
      }
    }
    return newHints
  }

  // MARK: What is added

  mutating func typeIndex(_ type: FunctionType) -> UInt32 {
    if let index = addedTypes[type] { return index }
    let index = new.types.count
    new.types.append(SubType(composite: .function(type)))
    new.recursionGroups.append(RecursionGroup(range: index..<index + 1, isExplicit: false))
    addedTypes[type] = UInt32(index)
    return UInt32(index)
  }

  mutating func constantExpression(_ value: UInt64, _ type: ValueType) -> ConstantExpression {
    var output = BodyOutput()
    if type == .i64 { output.i64(value) } else { output.i32(UInt32(truncatingIfNeeded: value)) }
    output.write(.end)
    return ConstantExpression(range: rewriter.append(output.writer.bytes))
  }

  private mutating func global(_ value: UInt64, _ type: ValueType, isMutable: Bool, name: String) -> UInt32 {
    let index = UInt32(spaces.importedGlobalCount + new.globals.count)
    new.globals.append(
      Global(type: GlobalType(value: type, isMutable: isMutable), initializer: constantExpression(value, type)))
    globalNames.append((index, name))
    return index
  }

  /// The sizes and bases, in the order in which their indices were given.
  private mutating func globals() {
    let addressType = accesses.code.addressType
    for place in layout.places {
      if place.sizeGlobal != nil {
        _ = global(place.minimumByteCount, .i64, isMutable: true, name: "memory\(place.memory).size")
      }
      if place.baseGlobal != nil {
        _ = global(place.base, addressType, isMutable: true, name: "memory\(place.memory).base")
      }
    }
  }

  private mutating func functions() {
    for function in accesses.routines.functions {
      new.functions.append(typeIndex(function.type))
      new.bodies.append(FunctionBody(range: rewriter.append(function.body)))
    }
  }

  // MARK: Exports

  /// An exported memory becomes `NAME.base`, `NAME.size` and `NAME.grow`, and the combined memory is exported. The one
  /// that begins at 0 keeps its name for it: its addresses are those of the combined memory.
  private mutating func exports() throws(ModuleError) {
    var exports: [Export] = []
    var taken = Set(old.exports.map(\.name))
    var constantBases: [Int: UInt32] = [:]
    var hasMemory = false
    for export in old.exports {
      guard export.kind == .memory else {
        exports.append(export)
        continue
      }
      hasMemory = true
      let place = accesses.code.place(export.index)
      if place.base == 0 && place.hasConstantBase && layout.placeOfMemory[place.memory] == 0 {
        exports.append(Export(name: export.name, kind: .memory, index: 0))
      }
      let base: UInt32
      if let global = place.baseGlobal ?? constantBases[place.memory] {
        base = global
      } else {
        base = global(place.base, accesses.code.addressType, isMutable: false, name: "memory\(place.memory).base")
        constantBases[place.memory] = base
      }
      let grow = accesses.routines.index(.grow(export.index))
      for (suffix, kind, index) in [
        (".base", ExternalKind.global, base), (".size", .global, place.sizeGlobal ?? 0), (".grow", .function, grow),
      ] {
        try Self.take(export.name + suffix, &taken)
        exports.append(Export(name: export.name + suffix, kind: kind, index: index))
      }
    }
    if hasMemory {
      try Self.take(LoweredModule.exportName, &taken)
      exports.append(Export(name: LoweredModule.exportName, kind: .memory, index: 0))
    }
    new.exports = exports
  }

  private static func take(_ name: String, _ taken: inout Set<String>) throws(ModuleError) {
    guard taken.insert(name).inserted else {
      throw ModuleError(.unsupported, "the export \"\(name)\" is needed for a memory, but exists already", at: 0)
    }
  }

  // MARK: Custom sections

  private mutating func customSections(_ hints: BranchHints) throws(ModuleError) {
    for section in old.customSections {
      let contents: Range<Int>
      switch section.name {
      case Names.sectionName: contents = rewriter.append(isCombined ? newNames().encode() : names.encode())
      case BranchHints.sectionName:
        guard !hints.functions.isEmpty else { continue }
        contents = rewriter.append(hints.encode())
      case let name where Self.refersToCode(name):
        droppedSections.append(name)
        continue
      default: contents = rewriter.copy(section.range)
      }
      new.customSections.append(CustomSection(name: section.name, range: contents, after: section.after))
    }
  }

  /// Sections that hold positions in code, which are no longer right.
  private static func refersToCode(_ name: String) -> Bool {
    name.hasPrefix(".debug_") || name.hasPrefix("reloc.") || name.hasPrefix("metadata.code.") || name == "linking"
      || name == "sourceMappingURL" || name == "external_debug_info"
  }

  private func newNames() -> Names {
    var names = names
    names.removeAll(of: .memory)
    names.setName("memory", of: .memory, 0)
    for (number, function) in accesses.routines.functions.enumerated() {
      names.setName(function.name, of: .function, accesses.routines.firstIndex + UInt32(number))
    }
    for (index, name) in globalNames { names.setName(name, of: .global, index) }
    return names
  }

  // MARK: Report

  private var regions: [LoweredModule.Region] {
    guard isCombined else { return [] }
    return layout.places.enumerated().map { number, place in
      let growth: LoweredModule.Growth =
        if !place.isGrowable { .never } else if place.isFixed { .reserved } else {
          number == layout.places.count - 1 ? .atEnd : .relocating
        }
      let exports = old.exports.filter { $0.kind == .memory && $0.index == UInt32(place.memory) }.map(\.name)
      return LoweredModule.Region(
        memory: place.memory, name: names.name(of: .memory, UInt32(place.memory)), base: place.base,
        capacity: place.capacity, growth: growth, moves: !place.hasConstantBase, needsNoChecks: place.isNative,
        exports: exports)
    }
  }
}
