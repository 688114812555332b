// The parts of the linked module, once every index is known.

extension Linking {
  mutating func parts(
    exports: [(name: String, kind: ExternalKind, item: Item)]
  ) throws(LinkFailure) -> ModuleParts {
    var module = Module()
    module.types = types
    module.recursionGroups = recursionGroups
    // Memories and tables have their last limits only now.
    module.imports = importOrder.map { imports[Int($0.kind.rawValue)][Int($0.item.number)] }
    module.exports = exports.map { Export(name: $0.name, kind: $0.kind, index: index($0.item, $0.kind)) }
    var parts = ModuleParts(declarations: module, sources: [], bodySources: [], dataSources: [], effects: [])
    let ofHost = exports.first { $0.kind == .function && $0.name == LinkOptions.initializerName }?.item
    for number in inputs.indices {
      do throws(ModuleError) {
        try append(number, to: &parts)
        initialize(number, ofHost: ofHost, &parts)
      } catch {
        throw LinkFailure(.unsupported, in: inputs[number].name, nil, error.description)
      }
    }
    return parts
  }

  private func remapping(of number: Int, elements: Int, data: Int) -> IndexRemapping {
    let module = inputs[number].module.module
    func map(_ kind: ExternalKind) -> [UInt32] { items[number][Int(kind.rawValue)].map { index($0, kind) } }
    var remapping = IndexRemapping()
    remapping.types = typeMaps[number]
    remapping.functions = map(.function)
    remapping.tables = map(.table)
    remapping.memories = map(.memory)
    remapping.globals = map(.global)
    remapping.tags = map(.tag)
    remapping.elements = module.elements.indices.map { UInt32(elements + $0) }
    remapping.data = module.data.indices.map { UInt32(data + $0) }
    return remapping.withoutIdentities
  }

  private mutating func append(_ number: Int, to parts: inout ModuleParts) throws(ModuleError) {
    let module = inputs[number].module.module
    let elements = parts.declarations.elements.count
    let data = parts.declarations.data.count
    let remapping = remapping(of: number, elements: elements, data: data)
    let source = UInt32(parts.sources.count)
    parts.sources.append(ModuleParts.Source(module: module, remapping: remapping, name: inputs[number].name))
    for (target, check) in checks[number] {
      var check = check
      check.index = index(target, check.isMemory ? .memory : .table)
      parts.effects.append(.check(check))
    }
    try appendTables(of: number, remapping, to: &parts)
    for global in module.globals {
      let initializer = try copy(global.initializer, of: number, remapping, to: &parts.declarations.bytes)
      globalForms.append(
        global.type.isMutable ? nil : try form(of: initializer.expression, in: parts.declarations.bytes))
      parts.declarations.globals.append(
        Global(type: remapping.globalType(global.type), initializer: initializer.expression))
    }
    parts.declarations.functions += module.functions.map(remapping.type)
    parts.declarations.bodies += module.bodies
    parts.bodySources += repeatElement(source, count: module.bodies.count)
    parts.declarations.memories += module.memories
    parts.declarations.tags += module.tags.map(remapping.type)
    for segment in module.elements {
      let copied = try copy(segment, of: number, remapping, to: &parts.declarations.bytes)
      parts.declarations.elements.append(copied)
    }
    for segment in module.data {
      var segment = segment
      segment.mode = try copy(segment.mode, remapping.memory, of: number, remapping, to: &parts.declarations.bytes)
      parts.declarations.data.append(segment)
    }
    parts.dataSources += repeatElement(source, count: module.data.count)
    for effect in ModuleParts.effects(of: module) {
      switch effect {
      case .element(let index): parts.effects.append(.element(remapping.element(index)))
      case .data(let index): parts.effects.append(.data(remapping.data(index)))
      case .call(let function): parts.effects.append(.call(remapping.function(function)))
      case .fill, .check: break
      }
    }
  }

  /// Calls a module's initializer, unless it is called already or the host can do it.
  private mutating func initialize(_ number: Int, ofHost: Item?, _ parts: inout ModuleParts) {
    guard let export = export(Array(LinkOptions.initializerName.utf8), of: number), export.kind == .function else {
      return
    }
    let item = items[number][Int(ExternalKind.function.rawValue)][Int(export.index)]
    guard item != ofHost, case .function(let type) = self.type(item, .function),
      types[Int(type)].functionType == FunctionType()
    else { return }
    guard initializers.insert(item).inserted else { return }
    guard options.callsInitializers else { return uninitialized.append(inputs[number].name) }
    parts.effects.append(.call(index(item, .function)))
  }

  /// Initializers of tables see only imported globals, since the section of tables comes before that of globals. Where one
  /// needs a global that is no longer imported, and that is not simply a constant, the table is filled at instantiation.
  private mutating func appendTables(
    of number: Int, _ remapping: IndexRemapping, to parts: inout ModuleParts
  ) throws(ModuleError) {
    let imported = inputs[number].module.spaces.importedTableCount
    for (place, table) in inputs[number].module.module.tables.enumerated() {
      var copy = Table(type: remapping.tableType(table.type))
      if let initializer = table.initializer {
        let copied = try self.copy(initializer, of: number, remapping, to: &parts.declarations.bytes)
        if !copied.readsDefinedGlobal {
          copy.initializer = copied.expression
        } else if table.type.element.isNullable {
          let index = remapping.table(UInt32(imported + place))
          parts.effects.append(.fill(table: index, value: copied.expression))
        } else {
          throw ModuleError(
            .unsupported,
            "the initial value of table \(imported + place), which has no null, is that of another module's global",
            at: initializer.range.lowerBound)
        }
      }
      parts.declarations.tables.append(copy)
    }
  }

  private func copy(
    _ segment: ElementSegment, of number: Int, _ remapping: IndexRemapping, to output: inout [UInt8]
  ) throws(ModuleError) -> ElementSegment {
    var segment = segment
    segment.type = remapping.referenceType(segment.type)
    segment.mode = try copy(segment.mode, remapping.table, of: number, remapping, to: &output)
    switch segment.items {
    case .functions(let functions): segment.items = .functions(functions.map(remapping.function))
    case .expressions(let expressions):
      var copies: [ConstantExpression] = []
      copies.reserveCapacity(expressions.count)
      for expression in expressions {
        copies.append(try copy(expression, of: number, remapping, to: &output).expression)
      }
      segment.items = .expressions(copies)
    }
    return segment
  }

  private func copy(
    _ mode: SegmentMode, _ target: (UInt32) -> UInt32, of number: Int, _ remapping: IndexRemapping,
    to output: inout [UInt8]
  ) throws(ModuleError) -> SegmentMode {
    guard case .active(let index, let offset) = mode else { return mode }
    return .active(
      index: target(index), offset: try copy(offset, of: number, remapping, to: &output).expression)
  }

  // MARK: Constant expressions

  /// Copies an expression with new indices. Globals that were imported and no longer are become their constant values,
  /// which every engine takes where it would take an imported global.
  private func copy(
    _ expression: ConstantExpression, of number: Int, _ remapping: IndexRemapping, to output: inout [UInt8]
  ) throws(ModuleError) -> (expression: ConstantExpression, readsDefinedGlobal: Bool) {
    let start = output.count
    let imported = inputs[number].module.spaces.importedGlobalCount
    var readsDefinedGlobal = false
    var reader = InstructionReader(inputs[number].module.module.bytes, range: expression.range)
    var writer = InstructionWriter()
    while !reader.isAtEnd {
      let instruction = try reader.next()
      if instruction.opcode == .globalGet, instruction.index < imported {
        let item = items[number][Int(ExternalKind.global.rawValue)][Int(instruction.index)]
        if !item.isImport {
          if let form = globalForms[Int(item.number)] {
            writer.output.bytes.append(contentsOf: form)
            continue
          }
          readsDefinedGlobal = true
        }
      }
      remapping.write(instruction, from: reader, to: &writer)
    }
    output.append(contentsOf: writer.bytes)
    return (ConstantExpression(range: start..<output.count), readsDefinedGlobal)
  }

  /// One instruction that makes the value of a global's initializer wherever it stands, or nil.
  private func form(
    of expression: ConstantExpression, in bytes: [UInt8]
  ) throws(ModuleError) -> [UInt8]? {
    var reader = InstructionReader(bytes, range: expression.range)
    let first = try reader.next()
    let end = reader.position
    if try reader.next().opcode == .end {
      switch first.opcode {
      case .i32Const, .i64Const, .f32Const, .f64Const, .v128Const, .refNull, .refFunc: break
      // A global of the linked module that is not an import may be read here, but not everywhere.
      case .globalGet where Int(first.index) < imports[Int(ExternalKind.global.rawValue)].count: break
      // What makes an object makes another one each time.
      default: return nil
      }
      return Array(bytes[expression.range.lowerBound..<end])
    }
    guard first.opcode == .i32Const || first.opcode == .i64Const,
      let value = try ConstantValues.value(of: expression, in: bytes)
    else { return nil }
    var writer = InstructionWriter()
    writer.write(Instruction(first.opcode, index: 0, value: value))
    return writer.bytes
  }

  // MARK: The linked module

  func assemble(_ parts: ModuleParts, progress: (Int) -> Void) throws(ModuleError) -> LinkedModule {
    let spaces = IndexSpaces(parts.declarations)
    let initialization = try Initialization(parts, spaces)
    let live =
      options.removesDeadCode
      ? try Liveness.reachable(in: parts, spaces, initialization) : Liveness(parts, spaces, all: true)
    var assembly = ModuleAssembly(parts, spaces, live, initialization)
    let assembled = try assembly.run(progress: progress)
    let removedImports = parts.declarations.imports.count - assembled.module.imports.count
    return LinkedModule(
      module: assembled.module, bindings: bindings, memories: memories(parts, assembled),
      removed: RemovedItems(live, imports: removedImports), mergedTypes: mergedTypes, mergedImports: mergedImports,
      startStepCount: assembled.deferredCount,
      droppedSections: assembled.droppedSections.map { source, name in
        LinkedModule.DroppedSection(
          module: inputs[source].name, name: name,
          describesCode: CustomSection(name: name, range: 0..<0, after: nil).describesCode)
      }, uninitialized: uninitialized, unused: inputs.indices.filter { !isUsed($0, live) }.map { inputs[$0].name })
  }

  /// Whether anything that a module defines is left; where it defines nothing, anything of what it passes on.
  private func isUsed(_ number: Int, _ live: Liveness) -> Bool {
    let spaces = inputs[number].module.spaces
    let kinds = [
      (ExternalKind.function, spaces.importedFunctionCount), (.table, spaces.importedTableCount),
      (.memory, spaces.importedMemoryCount), (.global, spaces.importedGlobalCount), (.tag, spaces.importedTagCount),
    ]
    func all(_ kind: ExternalKind) -> [Item] { items[number][Int(kind.rawValue)] }
    let definesNothing = kinds.allSatisfy { kind, imported in all(kind).count == imported }
    return kinds.contains { kind, imported in
      all(kind)[(definesNothing ? 0 : imported)...].contains { live[ModuleAssembly.space(kind), index($0, kind)] }
    }
  }

  private func memories(_ parts: ModuleParts, _ assembled: AssembledModule) -> [LinkedModule.Memory] {
    let new = assembled.module
    let spaces = IndexSpaces(new)
    let names = Names(new)
    var result: [LinkedModule.Memory?] = Array(repeating: nil, count: spaces.memories.count)
    let imports = new.imports.filter { $0.type.kind == .memory }
    var exports: [[String]] = Array(repeating: [], count: spaces.memories.count)
    for export in new.exports where export.kind == .memory { exports[Int(export.index)].append(export.name) }
    for number in inputs.indices {
      let remapping = parts.sources[number].remapping
      for old in items[number][Int(ExternalKind.memory.rawValue)].indices {
        let index = Int(assembled.compaction.memory(remapping.memory(UInt32(old))))
        guard index < result.count, result[index] == nil else { continue }
        result[index] = LinkedModule.Memory(
          index: index, type: spaces.memories[index], module: inputs[number].name, oldIndex: old,
          name: names.name(of: .memory, UInt32(index)), importedFrom: index < imports.count ? imports[index] : nil,
          exports: exports[index])
      }
    }
    return result.compactMap(\.self)
  }
}

extension IndexRemapping {
  /// The same without the lists that change nothing.
  var withoutIdentities: IndexRemapping {
    func drop(_ map: [UInt32]?) -> [UInt32]? {
      guard let map, !map.indices.allSatisfy({ map[$0] == UInt32($0) }) else { return nil }
      return map
    }
    var result = IndexRemapping()
    result.types = drop(types)
    result.functions = drop(functions)
    result.tables = drop(tables)
    result.memories = drop(memories)
    result.globals = drop(globals)
    result.tags = drop(tags)
    result.elements = drop(elements)
    result.data = drop(data)
    return result
  }
}
