import WebAssembly

extension Store {
  /// Instantiates a module with imports in the order in which it declares them (Core 3.0, 4.7.2).
  ///
  /// - Parameter policies: How to keep memories that the module defines, by memory index; the engine's policy holds for
  ///   the others.
  /// - Throws: ``LinkError`` before anything has happened; ``UsageError`` for handles of other stores, and where a resource
  ///   is refused; ``Trap`` of a segment or the start function, and what else the start function throws. Writes of earlier
  ///   segments stay.
  @discardableResult
  public func instantiate(
    _ module: CompiledModule, imports: [ExternalValue] = [], policies: [Int: MemoryPolicy] = [:]
  ) throws -> Instance {
    guard module.engine === engine else { throw UsageError.wrongEngine }
    guard imports.count == module.module.imports.count else {
      throw UsageError.importCount(expected: module.module.imports.count, actual: imports.count)
    }
    for value in imports where value.store !== self { throw UsageError.wrongStore }
    try ImportMatching(module, engine).check(imports)
    guard stack != nil else { throw UsageError.resourceRefused("the store's stack") }
    if let limiter, !limiter(.instance(count: instances.count + 1)) {
      throw UsageError.resourceRefused("instance")
    }
    var instantiator = Instantiator(module, in: self)
    instantiator.take(imports)
    try instantiator.allocate(policies)
    // From here on others can come to refer to the instance, even if what follows fails.
    instances.append(instantiator.instance)
    do {
      try instantiator.run()
    } catch {
      if !instantiator.isShared { forget(instantiator.instance) }
      throw error
    }
    return Instance(data: instantiator.instance, store: self)
  }

  /// Lets go of an instance that nothing refers to.
  private func forget(_ instance: InstanceData) {
    let start = UInt(bitPattern: instance.context.base)
    let context = start..<start + UInt(instance.module.layout.size)
    for memory in instance.memories { memory.unregister(context) }
    for table in instance.tables { table.unregister(context) }
    if instances.last === instance { instances.removeLast() }
  }
}

/// The steps of instantiation after the imports have been matched.
private struct Instantiator {
  let instance: InstanceData
  let module: Module
  let layout: ContextLayout
  let compiled: CompiledModule
  let store: Store
  var evaluator: ConstantEvaluator
  /// Whether anything but the store may refer to the instance: a function of it was put into a table of others, or code of
  /// it ran.
  var isShared = false

  init(_ compiled: CompiledModule, in store: Store) {
    self.compiled = compiled
    self.store = store
    module = compiled.module
    layout = compiled.layout
    instance = InstanceData(compiled, store: store)
    evaluator = ConstantEvaluator(instance)
  }

  private var base: UnsafeMutableRawPointer { instance.context.base }

  /// Puts the imports into the index spaces.
  mutating func take(_ imports: [ExternalValue]) {
    var functions = 0
    for value in imports {
      switch value {
      case .function(let function):
        base.storeBytes(of: function.record.word, toByteOffset: layout.importedFunction(functions), as: UInt64.self)
        functions += 1
      case .table(let table): instance.tables.append(table.instance)
      case .memory(let memory): instance.memories.append(memory.instance)
      case .global(let global):
        base.storeBytes(
          of: UInt64(UInt(bitPattern: global.instance.cell)),
          toByteOffset: layout.importedGlobal(instance.globals.count), as: UInt64.self)
        instance.globals.append(global.instance)
      case .tag(let tag): instance.tags.append(tag.instance)
      }
    }
  }

  /// Makes what the module defines. Nobody sees it yet, and where a resource is refused it goes again.
  mutating func allocate(_ policies: [Int: MemoryPolicy]) throws {
    let spaces = compiled.spaces
    for index in spaces.importedTagCount..<spaces.tags.count {
      instance.tags.append(TagInstance(typeID: spaces.tags[index], of: compiled.types))
    }
    for index in 0..<spaces.tags.count {
      base.storeBytes(of: instance.tags[index].identity, toByteOffset: layout.tag(index), as: UInt64.self)
    }
    for index in spaces.importedGlobalCount..<spaces.globals.count {
      let global = GlobalInstance(spaces.globals[index], cell: base + layout.definedGlobal(index))
      let cell = try evaluator.evaluate(module.globals[index - spaces.importedGlobalCount].initializer)
      global.cell[0] = cell.low
      global.cell[1] = cell.high
      instance.globals.append(global)
    }
    for index in spaces.importedMemoryCount..<spaces.memories.count {
      instance.memories.append(try store.makeMemory(spaces.memories[index], policy: policies[index]))
    }
    for index in spaces.importedTableCount..<spaces.tables.count {
      let initializer = module.tables[index - spaces.importedTableCount].initializer
      let word = try initializer.map { try evaluator.evaluate($0).low } ?? 0
      instance.tables.append(try store.makeTable(spaces.tables[index], filledWith: word))
    }
    for (index, segment) in module.elements.enumerated() {
      if case .declarative = segment.mode { continue }
      instance.setElements(try words(of: segment), of: index)
    }
    // Only now, when nothing can fail any more, do memories and tables get to know the context.
    instance.machine = compiled.machine(for: instance.memories, in: store)
    instance.machine?.enter(into: instance)
    for (index, memory) in instance.memories.enumerated() { memory.register(base + layout.memory(index)) }
    for (index, table) in instance.tables.enumerated() { table.register(base + layout.table(index)) }
  }

  private mutating func words(of segment: ElementSegment) throws -> [UInt64] {
    switch segment.items {
    case .functions(let indices): return indices.map { instance.functionRecord(Int($0)).word }
    case .expressions(let expressions):
      var words: [UInt64] = []
      words.reserveCapacity(expressions.count)
      for expression in expressions { words.append(try evaluator.evaluate(expression).low) }
      return words
    }
  }

  /// Active segments in order, elements before data, then the start function.
  mutating func run() throws {
    for (index, segment) in module.elements.enumerated() {
      guard case .active(let table, let offset) = segment.mode else { continue }
      let start = try evaluator.evaluate(offset).low
      if Int(table) < compiled.spaces.importedTableCount { isShared = true }
      let status = RuntimeCalls.tableInit(
        instance.context, table, segment: UInt32(index), to: start, from: 0, count: UInt64(segment.items.count))
      guard status == .completed else { throw Trap(kind: .outOfBoundsTableAccess) }
      RuntimeCalls.elemDrop(instance.context, segment: UInt32(index))
    }
    for (index, segment) in module.data.enumerated() {
      guard case .active(let memory, let offset) = segment.mode else { continue }
      let start = try evaluator.evaluate(offset).low
      let record = instance.context.memoryRecord(memory)
      let count = UInt64(segment.range.count)
      // Not the writable bytes: this is where a read-only memory gets its contents.
      guard RuntimeCalls.contains(record.byteCount, start, count) else {
        let fault = Trap.MemoryFault(memoryIndex: Int(memory), address: start, length: count)
        throw Trap(kind: .outOfBoundsMemoryAccess, memoryFault: fault)
      }
      RuntimeCalls.copyBytes(
        instance.context, of: instance.dataRecord(index), from: 0, to: record.contents + Int(start), count: count)
      RuntimeCalls.dataDrop(instance.context, segment: UInt32(index))
    }
    if let start = module.start {
      isShared = true
      let slots = try store.takeSlots(1)
      defer { store.returnSlots(slots) }
      try store.call(instance.functionRecord(Int(start)), slots: slots)
    }
  }
}
