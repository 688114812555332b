extension Specializer {
  /// Copies functions, and what they call, for other memories.
  ///
  /// - Returns: the new index of each root; its own where it touches no memory that changes.
  mutating func copy(
    _ roots: [UInt32], memories: [UInt32], suffix: String
  ) throws(TransformError) -> [UInt32] {
    let reached = try reached(from: roots)
    let isChanging = changing(reached, memories: memories)
    if stackPointer == nil {
      // A module without names: the global that looks like one.
      let candidate = reached.filter { isChanging[Int($0)] }.compactMap { surveys[$0]?.stackGlobal }.first
      if let candidate, spaces.globals[Int(candidate)].isMutable { stackPointer = candidate }
    }
    for function in reached { try check(function, memories: memories) { isChanging[Int($0)] } }
    let addresses = try addresses(in: reached, roots: roots, memories: memories)
    for function in reached where isChanging[Int(function)] {
      guard let summary = addresses[function] else { continue }
      try checkAddresses(of: function, summary, memories: memories)
    }
    let copied = reached.filter { isChanging[Int($0)] }
    shared.formUnion(reached.filter { !isChanging[Int($0)] })
    var remapping = IndexRemapping()
    remapping.memories = memories
    var functions: [UInt32] = spaces.functions.indices.map { UInt32($0) }
    let first = UInt32(spaces.importedFunctionCount + new.functions.count)
    for (place, function) in copied.enumerated() { functions[Int(function)] = first + UInt32(place) }
    remapping.functions = functions
    remapping.globals = try stackGlobals(copied, memories: memories, suffix: suffix)
    do throws(ModuleError) {
      try write(copied, remapping, addresses, suffix: suffix)
    } catch {
      throw TransformError(error)
    }
    return roots.map { functions[Int($0)] }
  }

  /// The globals' indices where the copies have a stack pointer of their own.
  private mutating func stackGlobals(
    _ copied: [UInt32], memories: [UInt32], suffix: String
  ) throws(TransformError) -> [UInt32]? {
    guard case .at(let address) = options.stack, let stackPointer,
      copied.contains(where: { surveys[$0]?.globals.contains(stackPointer) ?? false }),
      // The stack lies in the first memory that changes: programs with several have it in their memory 0.
      let target = memories.indices.first(where: { memories[$0] != UInt32($0) }).map({ memories[$0] })
    else { return nil }
    let type = spaces.globals[Int(stackPointer)]
    guard type.value == .i64 || address <= UInt64(UInt32.max) else {
      throw TransformError("the stack cannot begin at \(address): addresses have 32 bits")
    }
    let own: UInt32
    if let existing = stackPointers[target] {
      own = existing
    } else {
      own = UInt32(spaces.importedGlobalCount + new.globals.count)
      var writer = InstructionWriter()
      writer.write(Instruction(type.value == .i64 ? .i64Const : .i32Const, index: 0, value: address))
      writer.opcode(.end)
      let start = new.bytes.count
      new.bytes.append(contentsOf: writer.bytes)
      new.globals.append(Global(type: type, initializer: ConstantExpression(range: start..<new.bytes.count)))
      newNames.setName((names.name(of: .global, stackPointer) ?? "stack_pointer") + suffix, of: .global, own)
      stackPointers[target] = own
    }
    var globals: [UInt32] = spaces.globals.indices.map { UInt32($0) }
    globals[Int(stackPointer)] = own
    return globals
  }

  private mutating func write(
    _ copied: [UInt32], _ remapping: IndexRemapping, _ addresses: [UInt32: AddressSummary], suffix: String
  ) throws(ModuleError) {
    var transform = CopiedAccesses(remapping: remapping)
    var rewriter = BodyRewriter(old.bytes, remapping: remapping, transform: transform)
    rewriter.bytes = new.bytes
    new.bytes = []
    let hintsByFunction = Dictionary(hints.functions.map { ($0.index, $0.hints) }) { first, _ in first }
    for function in copied {
      let number = Int(function) - spaces.importedFunctionCount
      let type = old.functions[number]
      transform.staying = []
      if options.staticData == .stay, let summary = addresses[function] {
        transform.staying = summary.accesses.filter(\.isCertain)[...]
      }
      let own = hintsByFunction[function] ?? []
      let index = UInt32(spaces.importedFunctionCount + new.functions.count)
      let result = try rewriter.rewrite(
        old.bodies[number], parameterCount: old.types[Int(type)].functionType?.parameters.count ?? 0, hints: own,
        &transform)
      new.functions.append(type)
      new.bodies.append(result.body)
      if !result.hints.isEmpty { newHints.append(BranchHints.Function(index: index, hints: result.hints)) }
      if let name = names.name(of: .function, function) {
        newNames.setName(name + suffix, of: .function, index)
      }
      for space in [NameSpace.local, .label] {
        for (inner, name) in names.names(of: space, in: function) {
          newNames.setName(name, of: space, inner, in: index)
        }
      }
      copyCount += 1
    }
    new.bytes = rewriter.bytes
  }

  /// Adds a function that chooses among others by the index of a memory, its first parameter.
  mutating func dispatcher(
    for root: Root, _ cases: [(memory: UInt32, function: UInt32)]
  ) throws(TransformError) -> UInt32 {
    guard var type = old.types[Int(spaces.functions[Int(root.index)])].functionType else {
      throw TransformError("'\(name: root.name)' has no function type")
    }
    let operandCount = type.parameters.count
    type.parameters.insert(.i32, at: 0)
    var writer = InstructionWriter()
    writer.locals([])
    MemorySwitch.write(operand: 0, memories: cases.map(\.memory), &writer) { memory, writer in
      for operand in 0..<operandCount { writer.write(Instruction(.localGet, index: UInt32(operand + 1))) }
      guard let function = cases.first(where: { $0.memory == memory })?.function else { return }
      writer.write(Instruction(.call, index: function))
      writer.opcode(.return)
    }
    writer.opcode(.end)
    let start = new.bytes.count
    new.bytes.append(contentsOf: writer.bytes)
    let index = UInt32(spaces.importedFunctionCount + new.functions.count)
    new.functions.append(new.typeIndex(type))
    new.bodies.append(FunctionBody(range: start..<new.bytes.count))
    newNames.setName(root.name + "@*", of: .function, index)
    return index
  }

  /// Exports a function under the name that was asked for, or the usual one.
  mutating func add(_ function: UInt32, for root: Root, usual: String) throws(TransformError) {
    let name = options.exportNames[ExactName(root.request)] ?? usual
    guard exportNames.insert(ExactName(name)).inserted else {
      throw TransformError("there is an export \(quoted: name) already", remedy: .otherExportName)
    }
    new.exports.append(Export(name: name, kind: .function, index: function))
    added.append(
      SpecializedModule.Function(
        original: root.name, exportName: name, index: Int(function), replacesImport: false))
  }
}

/// Leaves some accesses on their memory, and references to functions as they are: what is called through them keeps its
/// memories.
private struct CopiedAccesses: BodyTransform {
  let remapping: IndexRemapping
  /// In ascending order of offsets.
  var staying: ArraySlice<StaticAccess> = []

  init(remapping: IndexRemapping) { self.remapping = remapping }

  func wants(_ row: Operator) -> Bool {
    switch row.immediates {
    case .memoryArgument, .memoryArgumentAndLane, .memory, .memoryAndMemory, .dataAndMemory: true
    default: row.opcode == .refFunc
    }
  }

  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {
    guard instruction.opcode != .refFunc else { return output.writer.write(instruction) }
    var new = remapping.instruction(instruction)
    while let access = staying.first, access.offset == Int(instruction.offset) {
      staying.removeFirst()
      if access.operand == 1 || instruction.opcode == .memoryInit {
        new.index2 = instruction.index2
      } else {
        new.index = instruction.index
      }
    }
    output.writer.write(new)
  }
}
