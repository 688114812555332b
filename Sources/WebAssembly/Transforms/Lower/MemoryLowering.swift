/// Turns a module with several memories into one with a single memory that does the same.
///
/// Every memory becomes a region of the combined memory. An access is compared with its own memory's size in bytes, in
/// 64-bit arithmetic, and one that fails traps by an access that is out of bounds of any memory. Sizes and bases that can
/// change are globals. Results and kinds of trap stay the same; growth may fail where the sum does not fit.
public enum MemoryLowering {
  /// - Parameter progress: is told, now and then, how many bytes of bodies have been written.
  /// - Throws: a ``ModuleError`` of the kind `unsupported` that names what cannot be lowered.
  public static func lower(
    _ validated: ValidatedModule, options: LoweringOptions = LoweringOptions(), progress: (Int) -> Void = { _ in }
  ) throws(ModuleError) -> LoweredModule {
    if validated.spaces.memories.count < 2, isPlain(validated.module) {
      guard options.reservations.isEmpty else {
        throw ModuleError(.unsupported, "the module has one memory at most, for which no room is reserved", at: 0)
      }
      return LoweredModule(
        module: validated.module, regions: [], remotes: [], scratch: 0, memory: validated.spaces.memories.first,
        droppedSections: [])
    }
    var lowering = try ModuleLowering(validated.module, validated.spaces, options)
    return try lowering.run(progress)
  }

  /// Whether the bodies can be read where there is no feature of several memories: also the index 0 can be written in its
  /// form.
  private static func isPlain(_ module: Module) -> Bool {
    var features = FeatureSet.all
    features.remove(.multiMemory)
    let table = DecodingTable(features: features)
    for body in module.bodies {
      var reader = InstructionReader(module.bytes, range: body.range, table: table)
      guard (try? reader.locals()) != nil else { return false }
      while !reader.isAtEnd {
        guard (try? reader.next()) != nil else { return false }
      }
    }
    return true
  }
}

/// One module with several memories on its way.
struct ModuleLowering {
  let old: Module
  let spaces: IndexSpaces
  let names: Names
  var new = Module()
  var rewriter: BodyRewriter
  var accesses: AccessLowering
  var droppedSections: [String] = []
  var usesSegments = false
  /// The names of labels, by their new numbers.
  private var labelNames: [(function: UInt32, label: UInt32, name: String)] = []
  private var addedTypes: [FunctionType: UInt32] = [:]
  var globalNames: [(index: UInt32, name: String)] = []
  /// The functions that are imported for remote memories, in the order of their indices.
  let accessorImports: [MemoryPlan.AccessorImport]
  let plan: MemoryPlan

  private var isCombined: Bool { layout.isCombined }
  var layout: MemoryLayout { accesses.code.layout }
  var remapping: IndexRemapping { rewriter.remapping }

  static func noMemory(_ memory: Int) -> ModuleError {
    ModuleError(.unsupported, "there is no memory \(memory) to reserve room for", at: 0)
  }

  init(_ module: Module, _ spaces: IndexSpaces, _ options: LoweringOptions) throws(ModuleError) {
    old = module
    self.spaces = spaces
    names = Names(module)
    for memory in options.reservations.keys where memory >= spaces.memories.count || memory < 0 {
      throw Self.noMemory(memory)
    }
    plan = try MemoryPlan(module, spaces, options)
    accessorImports = plan.accessorImports(after: UInt32(spaces.importedFunctionCount))
    var layout = plan.layout
    for (index, item) in accessorImports.enumerated() {
      layout.remotes[item.remote].accessors[item.accessor.rawValue] =
        UInt32(spaces.importedFunctionCount + index)
    }
    var next = UInt32(spaces.globals.count)
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
    let fault = (memory: next, address: next + 1, length: next + 2)
    var remapping = IndexRemapping()
    if !accessorImports.isEmpty {
      let imported = UInt32(spaces.importedFunctionCount)
      let added = UInt32(accessorImports.count)
      remapping.functions = (0..<UInt32(spaces.functions.count)).map { $0 < imported ? $0 : $0 + added }
    }
    var code = LoweringCode(layout: layout)
    code.isUnchecked = options.isUnchecked
    code.fault = fault
    code.scratch = layout.places.first { $0.memory == spaces.memories.count }
    new.types = module.types
    new.recursionGroups = module.recursionGroups
    // Blocks may need types of their own, and come after what imports need.
    let importTypes = Set(accessorImports.map(\.type)).count
    accesses = AccessLowering(
      code, firstFunction: UInt32(spaces.functions.count + accessorImports.count),
      firstType: UInt32(module.types.count + importTypes))
    rewriter = BodyRewriter(module.bytes, remapping: remapping, transform: accesses)
  }

  mutating func run(_ progress: (Int) -> Void) throws(ModuleError) -> LoweredModule {
    rewriter.reserve(times: 3)
    imports()
    new.functions = old.functions
    new.tags = old.tags
    new.start = old.start.map(remapping.function)
    for table in old.tables {
      new.tables.append(Table(type: table.type, initializer: try rewriter.copy(table.initializer)))
    }
    for global in old.globals {
      new.globals.append(Global(type: global.type, initializer: try rewriter.copy(global.initializer)))
    }
    for element in old.elements { new.elements.append(try rewriter.copy(element)) }
    let hints = try bodies(progress)
    for (results, _) in accesses.blockTypes.sorted(by: { $0.value < $1.value }) {
      appendType(FunctionType(parameters: [], results: results))
    }
    try data()
    new.memories = isCombined ? [layout.combined] : old.memories
    globals()
    try exports()
    functions()
    if old.dataCount != nil || usesSegments { new.dataCount = UInt32(truncatingIfNeeded: new.data.count) }
    try customSections(hints)
    new.bytes = rewriter.bytes
    rewriter.bytes = []
    new.placeCustomSections()
    return LoweredModule(
      module: new, regions: regions, remotes: remotes, scratch: accesses.code.scratch?.capacity ?? 0,
      memory: spaces.memories.isEmpty ? nil : layout.combined, droppedSections: droppedSections)
  }

  /// All imports but memories, and the functions that reach remote ones behind them.
  private mutating func imports() {
    new.imports = isCombined ? old.imports.filter { $0.type.kind != .memory } : old.imports
    for item in accessorImports {
      new.imports.append(
        Import(module: item.module, name: item.name, type: .function(typeIndex(item.type))))
    }
  }

  /// Rewrites all bodies. The result is the module's branch hints.
  private mutating func bodies(_ progress: (Int) -> Void) throws(ModuleError) -> BranchHints {
    let hints = BranchHints(old)
    var newHints = BranchHints()
    var nextHint = 0
    let imported = spaces.importedFunctionCount
    let hasLabelNames = names.count(of: .label) > 0
    new.bodies.reserveCapacity(old.bodies.count + 8)
    for (number, body) in old.bodies.enumerated() {
      let index = UInt32(imported + number)
      let type = old.types[Int(old.functions[number])].functionType
      while nextHint < hints.functions.count, hints.functions[nextHint].index < index { nextHint += 1 }
      let own =
        nextHint < hints.functions.count && hints.functions[nextHint].index == index
        ? hints.functions[nextHint].hints : []
      let result = try rewriter.rewrite(
        body, parameterCount: type?.parameters.count ?? 0, results: type?.results ?? [], hints: own, &accesses)
      new.bodies.append(result.body)
      if number % 64 == 0 { progress(rewriter.bytes.count) }
      if !result.hints.isEmpty {
        newHints.functions.append(BranchHints.Function(index: remapping.function(index), hints: result.hints))
      }
      guard hasLabelNames else { continue }
      for (label, name) in names.names(of: .label, in: index) where Int(label) < rewriter.labels.count {
        labelNames.append((remapping.function(index), rewriter.labels[Int(label)], name))
      }
    }
    return newHints
  }

  // MARK: What is added

  mutating func typeIndex(_ type: FunctionType) -> UInt32 {
    if let index = addedTypes[type] { return index }
    let index = appendType(type)
    addedTypes[type] = index
    return index
  }

  @discardableResult
  private mutating func appendType(_ type: FunctionType) -> UInt32 {
    let index = new.types.count
    new.types.append(SubType(composite: .function(type)))
    new.recursionGroups.append(RecursionGroup(range: index..<index + 1, isExplicit: false))
    return UInt32(index)
  }

  mutating func constantExpression(_ value: UInt64, _ type: ValueType) -> ConstantExpression {
    var output = BodyOutput()
    if type == .i64 { output.i64(value) } else { output.i32(UInt32(truncatingIfNeeded: value)) }
    output.write(.end)
    return ConstantExpression(range: rewriter.append(output.writer.bytes))
  }

  mutating func addGlobal(_ value: UInt64, _ type: ValueType, isMutable: Bool, name: String) -> UInt32 {
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
        _ = addGlobal(place.minimumByteCount, .i64, isMutable: true, name: "memory\(place.memory).size")
      }
      if place.baseGlobal != nil {
        _ = addGlobal(place.base, addressType, isMutable: true, name: "memory\(place.memory).base")
      }
    }
    guard isCombined else { return }
    _ = addGlobal(.max, .i32, isMutable: true, name: LoweredLayout.faultMemory)
    _ = addGlobal(0, .i64, isMutable: true, name: LoweredLayout.faultAddress)
    _ = addGlobal(0, .i64, isMutable: true, name: LoweredLayout.faultLength)
  }

  private mutating func functions() {
    for function in accesses.routines.functions {
      new.functions.append(typeIndex(function.type))
      new.bodies.append(FunctionBody(range: rewriter.append(function.body)))
    }
  }

  // MARK: Custom sections

  private mutating func customSections(_ hints: BranchHints) throws(ModuleError) {
    for section in old.customSections {
      let contents: Range<Int>
      switch section.name {
      case Names.sectionName: contents = rewriter.append(newNames())
      case BranchHints.sectionName:
        guard !hints.functions.isEmpty else { continue }
        contents = rewriter.append(hints.encode())
      case let name where CustomSection.refersToCode(name):
        droppedSections.append(name)
        continue
      default: contents = rewriter.copy(section.range)
      }
      new.customSections.append(CustomSection(name: section.name, range: contents, after: section.after))
    }
    guard isCombined else { return }
    let contents = rewriter.append(LoweredLayout(regions: regions.map(LoweredLayout.Region.init)).encode())
    new.customSections.append(CustomSection(name: LoweredLayout.sectionName, range: contents, after: .data))
  }

  private func newNames() -> Names {
    var result = names
    if isCombined {
      result.removeAll(of: .memory)
      result.setName("memory", of: .memory, 0)
    }
    if remapping.functions != nil {
      for space in [NameSpace.function, .local] {
        result.removeAll(of: space)
        for (outer, index, name) in names.names(of: space) {
          if space == .function {
            result.setName(name, of: space, remapping.function(index))
          } else {
            result.setName(name, of: space, index, in: remapping.function(outer))
          }
        }
      }
      for (number, item) in accessorImports.enumerated() {
        result.setName(item.name, of: .function, UInt32(spaces.importedFunctionCount + number))
      }
    }
    result.removeAll(of: .label)
    for item in labelNames { result.setName(item.name, of: .label, item.label, in: item.function) }
    for (number, function) in accesses.routines.functions.enumerated() {
      result.setName(function.name, of: .function, accesses.routines.firstIndex + UInt32(number))
    }
    for (index, name) in globalNames { result.setName(name, of: .global, index) }
    return result
  }
}
