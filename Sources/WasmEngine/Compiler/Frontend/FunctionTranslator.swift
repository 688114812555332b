import WebAssembly

/// What the compiler is told of the module and the engine, beyond the body.
struct CompilationEnvironment: Sendable {
  let module: ValidatedModule
  let layout: ContextLayout
  /// How each memory may be accessed.
  let accessClasses: [AccessClass]
  /// Whether accesses beyond a reserved memory may be left to fault.
  let usesGuardPages: Bool
  /// What machine code may use of the processor.
  let processor: ProcessorFeatures
  /// Whether checked addresses and indices are kept within bounds where a branch is mispredicted.
  let guardsSpeculation: Bool
  /// Whether loops look at the interrupt word.
  let isInterruptible: Bool
  /// Whether code uses up the fuel of its store.
  let metersFuel: Bool
  /// For each memory, whether nobody else can have it: defined here and not exported.
  let privateMemories: [Bool]
  /// Where the compiler is to be checked: what takes note of mistakes.
  var checks: CompilerChecks?

  init(
    module: ValidatedModule, accessClasses: [AccessClass], usesGuardPages: Bool,
    processor: ProcessorFeatures = .native, guardsSpeculation: Bool = true, isInterruptible: Bool = true,
    metersFuel: Bool = false
  ) {
    self.module = module
    layout = ContextLayout(module.spaces, typeCount: module.module.types.count)
    self.accessClasses = accessClasses
    // Accesses that may fault have 16 bits for their memory; tables and the page of interrupts have numbers of their own.
    self.usesGuardPages = usesGuardPages && accessClasses.count < AccessSite.interruptPage
    self.processor = processor.usable
    self.guardsSpeculation = guardsSpeculation
    self.isInterruptible = isInterruptible
    self.metersFuel = metersFuel
    var isPrivate = module.spaces.memories.indices.map { $0 >= module.spaces.importedMemoryCount }
    for export in module.module.exports where export.kind == .memory { isPrivate[Int(export.index)] = false }
    privateMemories = isPrivate
  }

  func functionType(_ index: UInt32) -> FunctionType {
    module.module.types[Int(index)].functionType ?? FunctionType()
  }
}

/// Why a function is left to the interpreter.
struct CompilationRefusal: Error {
  var reason: String
}

/// Makes the intermediate representation of a function from its body, in one pass after the one of ``AssignedLocals``
/// (Braun et al. 2013 make SSA form directly too; the structure of WebAssembly makes it simpler: what a merge may need
/// parameters for is known when it is reached).
struct FunctionTranslator: ~Copyable {
  let environment: CompilationEnvironment
  var ir = IRFunction()
  var values = ValueTable()
  var assigned = AssignedLocals()
  private var fuel = FuelCharges()
  private var budget = CompilationBudget.unlimited

  /// The operand stack of the body.
  var stack: [IRValue] = []
  /// The value of each local where code is being made.
  var locals: [IRValue] = []
  var localTypes: [IRType] = []
  var controls: [Control] = []
  /// The try_table instructions so far.
  var tryTables: [Instruction] = []
  var nextConstruct = 0
  /// The block that is being filled, if the place can be reached.
  var current: IRBlockID?
  /// How many constructs deep in code that cannot be reached.
  var skipping = 0
  var position: UInt32 = 0
  var loopDepth: UInt16 = 0
  var currentLoop: Int32 = -1
  /// The innermost try_table with clauses, among ``controls``.
  var innermostTry = -1

  // Epochs: numbers that stand for the state of something mutable. Two loads in one epoch give the same.
  var lastEpoch: UInt32 = 1
  var memoryEpochs: [UInt32] = []
  /// The least epoch of all memories.
  var memoryFloor: UInt32 = 1
  var sharedMemoryEpoch: UInt32 = 1
  var regionEpoch: [UInt32] = [0, 1, 1, 1]

  /// Edges that wait for their block, as linked lists.
  var pending: [(edge: Int, next: Int)] = []
  /// For each defined function, whether it is known that it cannot stand in place of its calls.
  var isKnownToStay: [Bool] = []

  // What a merge works with.
  var mergedEdges: [Int] = []
  var merged: [IRValue] = []
  var differing: [UInt32] = []
  var isDiffering: [Bool] = []

  /// The values that locals had at the beginning of constructs.
  var savedLocals: [IRValue] = []

  struct Control {
    enum Kind { case function, block, loop, `if`, `else`, tryTable }
    var kind: Kind
    var construct: Int
    /// The operand stack below the construct's parameters.
    var height: Int
    var parameterCount: Int
    var resultCount: Int
    var mark: Int
    var savedStart: Int
    /// The head of the list of pending edges to the end.
    var pending = -1
    var header: IRBlockID?
    /// The pending edge to the else branch.
    var elseEdge = -1
    var outerLoop: Int32
    /// How often the br_table at hand names it, and the block through which that goes there, if any.
    var tableEntries = 0
    var relay: IRBlockID?
    /// Of try_table: the instruction's place in ``tryTables``, the guarded code around it, and the head of the list of edges
    /// on which exceptions come.
    var clauses = -1
    var outerTry = -1
    var exceptions = -1
  }

  init(_ environment: CompilationEnvironment) {
    self.environment = environment
  }

  /// Translates a defined function, counted without imports.
  mutating func translate(_ function: Int) throws(CompilationRefusal) {
    reset()
    let module = environment.module.module
    let type = environment.functionType(module.functions[function])
    let summary = environment.module.functions[function]
    let body = module.bodies[function]
    guard body.range.upperBound <= InlinedPosition.mark else {
      throw CompilationRefusal(reason: "it stands beyond the first 2 GiB of the module")
    }
    var reader = InstructionReader(module.bytes, range: body.range)
    guard let groups = try? reader.locals() else { throw CompilationRefusal(reason: "unreadable body") }
    for parameter in type.parameters { localTypes.append(IRType(parameter)) }
    for group in groups { localTypes.append(contentsOf: repeatElement(IRType(group.type), count: Int(group.count))) }
    let limit = 32 * body.range.count + 65_536
    let keepsInstructions = body.range.count <= Self.largestKept
    guard
      assigned.read(reader, localCount: localTypes.count, limit: limit, keepsInstructions: keepsInstructions)
    else {
      throw CompilationRefusal(reason: "too many assignments in nested blocks")
    }
    budget = CompilationBudget(bodyBytes: body.range.count)
    ir.index = UInt32(environment.module.spaces.importedFunctionCount + function)
    ir.parameterTypes = type.parameters.map { IRType($0) }
    ir.resultTypes = type.results.map { IRType($0) }
    ir.instructions.reserveCapacity(Int(summary.instructionCount) * 2)

    startBlock()
    for (index, type) in ir.parameterTypes.enumerated() {
      locals.append(appendParameter(IRInstruction(.parameter, type, imm: Int64(index))))
    }
    for type in localTypes[ir.parameterTypes.count...] { locals.append(zero(type)) }
    controls.append(
      Control(
        kind: .function, construct: -1, height: 0, parameterCount: 0, resultCount: type.results.count, mark: 0,
        savedStart: 0, outerLoop: -1))
    if environment.metersFuel {
      do { try fuel.read(reader) } catch { throw CompilationRefusal(reason: "unreadable body") }
      position = UInt32(body.range.lowerBound)
      chargeFuel(behind: nil)
    }
    if keepsInstructions {
      for index in assigned.instructions.indices { try follow(assigned.instructions[index], reader) }
      return
    }
    while !reader.isAtEnd {
      guard let instruction = try? reader.next() else { throw CompilationRefusal(reason: "unreadable body") }
      try follow(instruction, reader)
    }
  }

  /// The largest body whose instructions are kept from the first read to the second, in bytes.
  private static let largestKept = 64 << 10

  /// Translates the next instruction.
  private mutating func follow(_ instruction: Instruction, _ reader: InstructionReader) throws(CompilationRefusal) {
    position = instruction.offset
    guard ir.arguments.count <= budget.arguments else {
      throw CompilationRefusal(reason: "too much for its size: values that branches take along")
    }
    guard ir.instructions.count <= budget.values else {
      throw CompilationRefusal(reason: "too much for its size: values")
    }
    if skipping > 0 || current == nil {
      try skip(instruction, reader)
    } else {
      try translate(instruction, reader)
    }
    if environment.metersFuel { chargeFuel(behind: instruction.offset) }
  }

  /// Takes what the code costs that begins behind an instruction, if a block begins there, from the store's fuel.
  private mutating func chargeFuel(behind offset: UInt32?) {
    guard let units = fuel.units(behind: offset), current != nil else { return }
    let store = contextLoad(.i64, VMContext.storeOffset, .invariant)
    append(IRInstruction(.fuel, .none, store, imm: Int64(units)))
  }

  private mutating func reset() {
    ir.reset()
    values.reset()
    stack.removeAll(keepingCapacity: true)
    locals.removeAll(keepingCapacity: true)
    localTypes.removeAll(keepingCapacity: true)
    controls.removeAll(keepingCapacity: true)
    tryTables.removeAll(keepingCapacity: true)
    pending.removeAll(keepingCapacity: true)
    savedLocals.removeAll(keepingCapacity: true)
    position = 0
    nextConstruct = 0
    current = nil
    skipping = 0
    loopDepth = 0
    currentLoop = -1
    innermostTry = -1
    // Epochs go on from function to function, so that those of memories need not be written anew for each.
    if lastEpoch > .max / 2 || memoryEpochs.isEmpty {
      lastEpoch = 0
      memoryEpochs.refill(0, count: environment.layout.memoryCount)
    }
    let epoch = newEpoch()
    memoryFloor = epoch
    sharedMemoryEpoch = epoch
    for region in 1..<4 { regionEpoch[region] = epoch }
  }

  // MARK: Making instructions

  /// Begins a block; code goes there from now on.
  mutating func startBlock() {
    var block = IRBlock()
    block.first = UInt32(ir.order.count)
    block.loopDepth = loopDepth
    block.loop = currentLoop
    ir.blocks.append(block)
    current = IRBlockID(ir.blocks.count - 1)
  }

  /// Appends an instruction to the block that is being filled, which is always the last.
  @discardableResult
  mutating func append(_ instruction: IRInstruction) -> IRValue {
    let value = IRValue(ir.instructions.count)
    ir.instructions.append(instruction)
    ir.positions.append(position)
    if current != nil { ir.order.append(value) }
    return value
  }

  /// Appends a parameter to the block that has just been begun.
  mutating func appendParameter(_ instruction: IRInstruction) -> IRValue {
    ir.blocks[ir.blocks.count - 1].parameterCount += 1
    return append(instruction)
  }

  /// A pure instruction, folded or merged with an earlier one where that is possible.
  mutating func make(_ instruction: IRInstruction, epoch: UInt32 = 0) -> IRValue {
    var instruction = instruction
    if let value = fold(&instruction) { return value }
    if let value = values.find(instruction, epoch: epoch) { return value }
    let value = append(instruction)
    values.insert(instruction, value, epoch: epoch)
    return value
  }

  mutating func constant(_ type: IRType, _ bits: Int64) -> IRValue {
    let bits = type == .i32 || type == .f32 ? bits.unsigned32 : bits
    return make(IRInstruction(.constant, type, imm: bits))
  }

  mutating func vectorConstant(_ low: UInt64, _ high: UInt64) -> IRValue {
    make(IRInstruction(.vectorConstant, .v128, imm: vectorIndex(low, high)))
  }

  mutating func zero(_ type: IRType) -> IRValue {
    type == .v128 ? vectorConstant(0, 0) : constant(type, 0)
  }

  mutating func push(_ value: IRValue) { stack.append(value) }
  mutating func pop() -> IRValue { stack.removeLast() }

  mutating func newEpoch() -> UInt32 {
    lastEpoch += 1
    return lastEpoch
  }

  /// Everything that a call, or the meeting of several paths, may have changed.
  ///
  /// - Parameter growth: Whether there was a call or a growth, so that memories and tables may have moved.
  mutating func forgetState(growth: Bool = true) {
    let epoch = newEpoch()
    memoryFloor = epoch
    sharedMemoryEpoch = epoch
    regionEpoch[Int(IRContextRegion.globals.rawValue)] = epoch
    guard growth else { return }
    regionEpoch[Int(IRContextRegion.memories.rawValue)] = epoch
    regionEpoch[Int(IRContextRegion.tables.rawValue)] = epoch
  }

  /// A word of the context, or of what `base` points to.
  mutating func contextLoad(_ type: IRType, _ offset: Int, _ region: IRContextRegion, base: IRValue = .none) -> IRValue
  {
    make(
      IRInstruction(.contextLoad, type, base, imm: Int64(offset), aux: region.rawValue),
      epoch: regionEpoch[Int(region.rawValue)])
  }

  mutating func pool(_ values: some Sequence<IRValue>) -> (start: UInt32, count: UInt32) {
    let start = ir.arguments.count
    ir.arguments.append(contentsOf: values)
    return (UInt32(start), UInt32(ir.arguments.count - start))
  }

  mutating func trapIf(_ condition: IRValue, _ kind: Trap.Kind, reporting value: IRValue = .none) {
    if let known = ir.constant(condition), known == 0 { return }
    append(IRInstruction(.trapIf, .none, condition, value, aux: UInt16(kind.rawValue)))
  }

  /// An index that is less than a count, or a trap.
  mutating func checkedIndex(_ index: IRValue, _ count: IRValue, _ kind: Trap.Kind) -> IRValue {
    let check = append(IRInstruction(.indexCheck, .i64, index, count, aux: UInt16(kind.rawValue)))
    return environment.guardsSpeculation ? check : index
  }

  mutating func compare(_ condition: IRCondition, _ a: IRValue, _ b: IRValue) -> IRValue {
    make(IRInstruction(.compare, .i32, a, b, aux: condition.rawValue))
  }

  mutating func zeroExtend(_ value: IRValue) -> IRValue { make(IRInstruction(.zeroExtend, .i64, value)) }
}
