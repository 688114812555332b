import WebAssembly

/// An instance (Core 3.0, 4.2.6): its context, and the objects that the context's records are copies of.
final class InstanceData {
  /// The store owns the instance.
  unowned let store: Store
  let module: CompiledModule
  let context: VMContext
  /// Own and imported ones in index order.
  var memories: [LinearMemory] = []
  /// The set of the module's code that is right for the memories.
  var machine: ModuleMachineCode?
  var tables: [TableInstance] = []
  var globals: [GlobalInstance] = []
  var tags: [TagInstance] = []
  private let segments: UnsafeMutableRawPointer
  private let dataCount: Int
  private let elementCount: Int

  init(_ module: CompiledModule, store: Store) {
    self.store = store
    self.module = module
    let size = module.layout.size
    let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    context = VMContext(base)
    dataCount = module.module.data.count
    elementCount = module.module.elements.count
    let segmentBytes = max((dataCount + elementCount) * VMContext.segmentRecordSize, 1)
    segments = .allocate(byteCount: segmentBytes, alignment: 16)
    segments.initializeMemory(as: UInt8.self, repeating: 0, count: segmentBytes)
    base.storeBytes(of: store.context.base, toByteOffset: VMContext.storeOffset, as: UnsafeMutableRawPointer.self)
    base.storeBytes(
      of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: VMContext.instanceOffset,
      as: UnsafeMutableRawPointer.self)
    base.storeBytes(
      of: base + module.layout.tableRecords, toByteOffset: VMContext.tablesOffset, as: UnsafeMutableRawPointer.self)
    base.storeBytes(of: segments, toByteOffset: VMContext.dataSegmentsOffset, as: UnsafeMutableRawPointer.self)
    base.storeBytes(
      of: segments + dataCount * VMContext.segmentRecordSize, toByteOffset: VMContext.elementSegmentsOffset,
      as: UnsafeMutableRawPointer.self)
    for (index, segment) in module.module.data.enumerated() {
      let record = dataRecord(index)
      record.storeBytes(of: UInt64(segment.range.lowerBound), as: UInt64.self)
      record.storeBytes(of: UInt64(segment.range.count), toByteOffset: 8, as: UInt64.self)
    }
    for (index, id) in module.typeIDs.enumerated() {
      base.storeBytes(of: id, toByteOffset: module.layout.typeID(index), as: UInt32.self)
    }
    initializeFunctionRecords()
  }

  deinit {
    for index in 0..<elementCount {
      UnsafeMutableRawPointer(bitPattern: elementRecord(index).load(as: UInt.self))?.deallocate()
    }
    segments.deallocate()
    context.base.deallocate()
  }

  private func initializeFunctionRecords() {
    let layout = module.layout
    let pieces = module.machine == nil ? nil : MachineCode.pieces
    if let pieces {
      context.base.storeBytes(
        of: pieces.trapExit, toByteOffset: VMContext.trapExitOffset, as: UnsafeRawPointer.self)
      context.base.storeBytes(
        of: pieces.throwExit, toByteOffset: VMContext.throwExitOffset, as: UnsafeRawPointer.self)
    }
    for index in layout.importedFunctionCount..<layout.functionCount {
      let record = FunctionRecord(context.base + layout.functionRecord(index))
      record.context = context
      record.typeID = module.spaces.functions[index]
      record.index = UInt32(index)
      if let pieces,
        let type = module.validated.module.types[Int(module.validated.spaces.functions[index])].functionType
      {
        record.machineCode = UInt(bitPattern: pieces.lazyStub)
        record.interpreterCode = Tier.hostStub(type)
      } else {
        record.interpreterCode = Tier.lazyStub
      }
    }
  }

  /// The record of a function, imported or defined.
  func functionRecord(_ index: Int) -> FunctionRecord {
    let layout = module.layout
    return layout.isImportedFunction(index)
      ? FunctionRecord(context.pointer(layout.importedFunction(index)))
      : FunctionRecord(context.base + layout.functionRecord(index))
  }

  func dataRecord(_ index: Int) -> UnsafeMutableRawPointer { segments + index * VMContext.segmentRecordSize }

  func elementRecord(_ index: Int) -> UnsafeMutableRawPointer {
    segments + (dataCount + index) * VMContext.segmentRecordSize
  }

  /// Keeps the references of an element segment. May be done once for each segment.
  func setElements(_ words: [UInt64], of index: Int) {
    guard !words.isEmpty else { return }
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: words.count)
    memory.initialize(from: words, count: words.count)
    let record = elementRecord(index)
    record.storeBytes(of: memory, as: UnsafeMutablePointer<UInt64>.self)
    record.storeBytes(of: UInt64(words.count), toByteOffset: 8, as: UInt64.self)
  }

  /// What an export stands for.
  func external(_ kind: ExternalKind, _ index: Int) -> ExternalValue {
    switch kind {
    case .function: .function(Function(record: functionRecord(index), store: store))
    case .table: .table(Table(instance: tables[index], store: store))
    case .memory: .memory(Memory(instance: memories[index], store: store))
    case .global: .global(Global(instance: globals[index], store: store))
    case .tag: .tag(Tag(instance: tags[index], store: store))
    }
  }
}
