import WebAssembly

/// Chooses machine instructions for the intermediate representation: one pass in order, in which values that only one
/// instruction uses are made part of it (comparisons of branches, loads of arithmetic, shifts of addresses).
///
/// Every 32-bit integer in a register has its upper half clear: all 32-bit operations do that, so a zero extension costs
/// nothing.
struct Lowering: ~Copyable {
  let environment: CompilationEnvironment
  var machine = MachineFunction()
  var ir = IRFunction()

  var registers: [VirtualRegister] = []
  var useCounts: [UInt32] = []
  /// Values that are made part of their only user.
  var isFolded: [Bool] = []
  var machineBlocks: [Int32] = []
  var splitBlocks: [Int32] = []
  /// By block how many edges lead there.
  private var entries: [Int32] = []
  /// By value how many effects come before it.
  private var effects: [UInt32] = []
  var position: UInt32 = 0
  var currentBlockIndex = 0
  var trapSites: [UInt64: Int] = [:]
  /// How functions are called, by their types' indices, as far as that was asked for.
  var layouts: [CallLayout?] = []
  /// The moves of arguments to where a call wants them.
  var argumentMoves: [(place: VirtualRegister, source: VirtualRegister)] = []
  /// The bytes of arguments that callers of this function push.
  var incomingStackBytes = 0
  /// What did not fit into the field that there is for it, which leaves the function to the interpreter.
  private var refusal: CompilationRefusal?

  static let context = VirtualRegister(Register.r15)
  static let frame = VirtualRegister(Register.rbp)
  static let stackPointer = VirtualRegister(Register.rsp)
  static let record = VirtualRegister(Register.r11)

  init(_ environment: CompilationEnvironment) { self.environment = environment }

  /// Lowers the function in ``ir`` to ``machine``.
  mutating func lower() throws(CompilationRefusal) {
    machine.reset()
    machine.inlined.append(contentsOf: ir.inlined)
    machine.looksAtEntry = ir.looksAtEntry == true
    trapSites.removeAll(keepingCapacity: true)
    refusal = nil
    registers.refill(.none, count: ir.instructions.count)
    countUses()
    numberBlocks()
    for index in ir.blocks.indices { try lowerBlock(index) }
    if let refusal { throw refusal }
  }

  /// A number for a field of 32 bits; where it has more, the function is refused once it is lowered.
  mutating func field(_ value: some BinaryInteger, _ what: StaticString) -> Int32 {
    if let value = Int32(exactly: value) { return value }
    refusal = CompilationRefusal(reason: "\(what) does not fit 32 bits")
    return 0
  }

  private mutating func countUses() {
    useCounts.refill(0, count: ir.instructions.count)
    isFolded.refill(false, count: ir.instructions.count)
    for block in ir.blocks {
      for value in ir.instructions(of: block) {
        ir.forEachOperand(ir[value]) { useCounts[$0.index] += 1 }
      }
      for edge in ir.edges(of: block) {
        for argument in ir.argumentSlice(edge.argumentStart, edge.argumentCount) { useCounts[argument.index] += 1 }
      }
    }
    findFolded()
  }

  /// Which values are computed by their only user, in the same block, with nothing between that could matter.
  private mutating func findFolded() {
    var effects: [UInt32] = []
    swap(&effects, &self.effects)
    defer { swap(&effects, &self.effects) }
    effects.refill(0, count: ir.instructions.count)
    var effect: UInt32 = 0
    for block in ir.blocks {
      effect += 1
      for value in ir.instructions(of: block) {
        let instruction = ir[value]
        // What may fault keeps its place among others that may.
        if instruction.operation == .load, guardedMemory(of: instruction) != nil { effect += 1 }
        effects[value.index] = effect
        if instruction.operation.hasEffect, instruction.operation != .load { effect += 1 }
        switch instruction.operation {
        case .branch, .trapIf, .select:
          // A trap check is an effect of its own: the comparison before it is still good.
          let condition = instruction.a
          if useCounts[condition.index] == 1 {
            let source = ir[condition]
            let isComparison =
              source.operation == .compare || source.operation == .floatCompare || source.operation == .and
              || isVectorTest(source)
            if isComparison, effects[condition.index] != 0, sameBlock(effects[condition.index], block, effects) {
              isFolded[condition.index] = true
              // A load that is part of the comparison does not move with it.
              if effects[condition.index] != effects[value.index] { keepOperands(of: source) }
            }
          }
        case .add where foldsAddress(value, instruction):
          break
        case .add, .sub, .and, .or, .xor, .mul, .compare, .fadd, .fsub, .fmul, .fdiv:
          let right = instruction.b
          if instruction.operation == .compare, dissolvesOperand(instruction), effects[instruction.a.index] != 0,
            sameBlock(effects[instruction.a.index], block, effects)
          {
            isFolded[instruction.a.index] = true
            if effects[instruction.a.index] != effects[value.index] { keepOperands(of: ir[instruction.a]) }
          } else if foldsLoad(right, instruction, effects[right.index], now: effects[value.index]) {
            isFolded[right.index] = true
          } else if instruction.operation != .compare, instruction.operation != .sub, instruction.operation != .fsub,
            instruction.operation != .fdiv,
            foldsLoad(instruction.a, instruction, effects[instruction.a.index], now: effects[value.index])
          {
            isFolded[instruction.a.index] = true
            ir.instructions[value.index].a = instruction.b
            ir.instructions[value.index].b = instruction.a
          }
        case .vector:
          foldVectorOperand(value, instruction, effects)
        case .store where foldsUpdate(instruction, effects, now: effects[value.index]):
          break
        case .load, .store:
          if instruction.b.exists, useCounts[instruction.b.index] == 1, isScaledIndex(instruction.b) {
            isFolded[instruction.b.index] = true
          }
        default:
          break
        }
      }
    }
  }

  /// Whether a comparison with zero makes what it compares, which nobody else wants, part of itself: an intersection, whose
  /// bits are tested, or a comparison of floats that one condition tells, which is turned round.
  private func dissolvesOperand(_ comparison: IRInstruction) -> Bool {
    guard useCounts[comparison.a.index] == 1, ir.constant(comparison.b) == 0 else { return false }
    let source = ir[comparison.a]
    let condition = IRCondition(rawValue: comparison.aux)
    switch source.operation {
    case .and: return condition == .equal || condition == .notEqual
    case .floatCompare:
      return condition == .equal && source.aux != IRFloatCondition.equal.rawValue
        && source.aux != IRFloatCondition.notEqual.rawValue
    default: return false
    }
  }

  /// What is computed by its user, later than where it stands, is so without the loads that were made part of it.
  private mutating func keepOperands(of instruction: IRInstruction) {
    if instruction.operation == .compare, isFolded[instruction.a.index] {
      let inner = ir[instruction.a]
      if inner.operation == .and || inner.operation == .floatCompare { return keepOperands(of: inner) }
    }
    if instruction.a.exists { isFolded[instruction.a.index] = false }
    if instruction.b.exists { isFolded[instruction.b.index] = false }
  }

  /// Folds what an addition can do as an address in one instruction: (x + y) + c, x + (y << n).
  private mutating func foldsAddress(_ value: IRValue, _ instruction: IRInstruction) -> Bool {
    if shortConstant(instruction.b) != nil {
      let inner = ir[instruction.a]
      if inner.operation == .add, useCounts[instruction.a.index] == 1, inner.type == instruction.type,
        ir[inner.b].operation != .constant, !isFolded[inner.b.index] || ir[inner.b].operation == .shl,
        !isFolded[inner.a.index] || ir[inner.a].operation == .shl
      {
        isFolded[instruction.a.index] = true
        return true
      }
    }
    return foldsShift(instruction.b, instruction) || foldsShift(instruction.a, instruction)
  }

  /// Folds an operand of an addition that is shifted as far as an address can be scaled.
  private mutating func foldsShift(_ operand: IRValue, _ instruction: IRInstruction) -> Bool {
    let shift = ir[operand]
    guard shift.operation == .shl, shift.type == instruction.type, useCounts[operand.index] == 1,
      let count = ir.constant(shift.b), count >= 1, count <= 3, instruction.a != instruction.b
    else { return false }
    isFolded[operand.index] = true
    return true
  }

  /// Folds what a store writes back to where it was loaded from, changed by one operation, into one instruction.
  private mutating func foldsUpdate(_ store: IRInstruction, _ effects: [UInt32], now: UInt32) -> Bool {
    let change = ir[store.c]
    guard Self.updates(change.operation) != nil, useCounts[store.c.index] == 1, change.type.isInteger else {
      return false
    }
    return foldsUpdate(store, change, of: change.a, change.b, effects, now: now)
      || foldsUpdate(store, change, of: change.b, change.a, effects, now: now)
  }

  private mutating func foldsUpdate(
    _ store: IRInstruction, _ change: IRInstruction, of source: IRValue, _ other: IRValue, _ effects: [UInt32],
    now: UInt32
  ) -> Bool {
    let load = ir[source]
    guard load.operation == .load, useCounts[source.index] == 1, effects[source.index] == now,
      load.a == store.a, load.b == store.b, load.imm == store.imm, source != other,
      !isFolded[other.index] || ir[other].operation == .constant,
      IRAccess(rawValue: load.aux)?.width(load.type) == IRAccess(rawValue: store.aux)?.width(change.type),
      change.operation != .sub || source == change.a
    else { return false }
    isFolded[source.index] = true
    isFolded[store.c.index] = true
    if store.b.exists, useCounts[store.b.index] == 2, isScaledIndex(store.b) { isFolded[store.b.index] = true }
    return true
  }

  /// The operation on memory for one on values, if there is one.
  static func updates(_ operation: IROperation) -> Arithmetic? {
    switch operation {
    case .add: .add
    case .sub: .sub
    case .and: .and
    case .or: .or
    case .xor: .xor
    default: nil
    }
  }

  /// Whether a value is y << n with a y of 32 bits, so that no bit is lost: an index that an address can scale.
  func isScaledIndex(_ value: IRValue) -> Bool {
    let index = ir[value]
    guard index.operation == .shl, index.type == .i64, let count = ir.constant(index.b), count <= 3 else {
      return false
    }
    return ir[index.a].operation == .zeroExtend
  }

  /// Whether a comparison stands in the block that is being looked at: its number is from this block's numbers on.
  private func sameBlock(_ effect: UInt32, _ block: IRBlock, _ effects: [UInt32]) -> Bool {
    guard block.first + block.parameterCount < block.end else { return false }
    return effect >= effects[ir.order[Int(block.first + block.parameterCount)].index]
  }

  private func foldsLoad(_ value: IRValue, _ user: IRInstruction, _ effect: UInt32, now: UInt32) -> Bool {
    guard useCounts[value.index] == 1, effect == now, effect != 0 else { return false }
    let instruction = ir[value]
    if user.operation == .vector { return foldsIntoVector(instruction, user) }
    let type = user.operation == .compare ? ir.type(user.a) : user.type
    guard instruction.type == type else { return false }
    switch instruction.operation {
    case .load: return instruction.aux == IRAccess.full.rawValue
    case .contextLoad: return true
    default: return false
    }
  }

  /// Makes a load part of the vector instruction that uses it.
  private mutating func foldVectorOperand(_ value: IRValue, _ instruction: IRInstruction, _ effects: [UInt32]) {
    guard let opcode = Opcode(rawValue: instruction.aux) else { return }
    let now = effects[value.index]
    if VectorSelection.laneSize(opcode) != nil {
      let lane = VectorSelection.splat(opcode) != nil ? instruction.a : instruction.b
      if foldsLoad(lane, instruction, effects[lane.index], now: now) { isFolded[lane.index] = true }
      return
    }
    guard let isFirst = VectorSelection.memoryOperand(opcode) else { return }
    let (operand, other) = isFirst ? (instruction.a, instruction.b) : (instruction.b, instruction.a)
    if foldsLoad(operand, instruction, effects[operand.index], now: now) {
      isFolded[operand.index] = true
    } else if VectorSelection.commutes(opcode), foldsLoad(other, instruction, effects[other.index], now: now) {
      isFolded[other.index] = true
      ir.instructions[value.index].a = instruction.b
      ir.instructions[value.index].b = instruction.a
    }
  }

  private func foldsIntoVector(_ load: IRInstruction, _ user: IRInstruction) -> Bool {
    guard let opcode = Opcode(rawValue: user.aux) else { return false }
    if load.operation == .contextLoad { return load.type == .v128 }
    guard load.operation == .load, let access = IRAccess(rawValue: load.aux) else { return false }
    switch VectorSelection.laneSize(opcode) {
    case .byte: return access == .unsigned8 || access == .signed8
    case .word: return access == .unsigned16 || access == .signed16
    case .double, .quad: return access == .full
    case nil: return access == .full && load.type == .v128
    }
  }

  private mutating func numberBlocks() {
    machineBlocks.removeAll(keepingCapacity: true)
    splitBlocks.refill(-1, count: ir.edges.count)
    var next: Int32 = 0
    entries.refill(0, count: ir.blocks.count)
    for edge in ir.edges { entries[edge.target.index] += 1 }
    for block in ir.blocks {
      machineBlocks.append(next)
      next += 1
      let exceptionEdge = ir.exceptionEdge(of: block)
      guard block.edgeCount > 1 || exceptionEdge != nil else { continue }
      for edge in Int(block.firstEdge)..<Int(block.firstEdge + block.edgeCount)
      where ir.edges[edge].argumentCount > 0 || entries[ir.edges[edge].target.index] > 1 || edge == exceptionEdge {
        splitBlocks[edge] = next
        next += 1
      }
    }
    machineBlocks.append(next)
  }

  // MARK: Registers and operands

  @inline(__always)
  mutating func newRegister(_ type: IRType) -> VirtualRegister { machine.newRegister(isVector: type.inVectorRegister) }

  /// The register of a value; constants are made anew at every use.
  mutating func use(_ value: IRValue) -> VirtualRegister {
    let instruction = ir[value]
    switch instruction.operation {
    case .constant:
      return materialize(instruction.imm, instruction.type)
    case .vectorConstant:
      let register = newRegister(.v128)
      emitVectorConstant(register, ir.vectors[Int(instruction.imm)])
      return register
    case .contextAddress:
      let register = newRegister(.i64)
      var lea = MachineInstruction(.loadAddress)
      lea.size = .quad
      lea.isMemory = true
      lea.d = register
      lea.b = Self.context
      lea.displacement = field(instruction.imm, "an offset in the context")
      emit(lea)
      return register
    case .zeroExtend:
      // The same register: its upper half is clear.
      if !registers[value.index].exists { return use(instruction.a) }
    default:
      break
    }
    if !registers[value.index].exists { registers[value.index] = newRegister(instruction.type) }
    return registers[value.index]
  }

  /// The register that a value is to be made in.
  mutating func define(_ value: IRValue) -> VirtualRegister {
    if !registers[value.index].exists { registers[value.index] = newRegister(ir[value].type) }
    return registers[value.index]
  }

  mutating func materialize(_ bits: Int64, _ type: IRType) -> VirtualRegister {
    let register = newRegister(type)
    if type.inVectorRegister {
      emitVectorConstant(register, SIMD2(UInt64(bitPattern: bits), 0))
    } else {
      emitConstant(register, bits)
    }
    return register
  }

  mutating func emit(_ instruction: consuming MachineInstruction) {
    // An access that became part of another instruction keeps its own.
    if instruction.memory == .max { instruction.position = position }
    machine.instructions.append(instruction)
  }

  mutating func emitMove(_ target: VirtualRegister, _ source: VirtualRegister) {
    var move = MachineInstruction(.move)
    move.d = target
    move.a = source
    emit(move)
  }

  mutating func emitConstant(_ target: VirtualRegister, _ bits: Int64) {
    var move = MachineInstruction(.moveConstant)
    move.d = target
    move.imm = bits
    emit(move)
  }

  mutating func emitVectorConstant(_ target: VirtualRegister, _ bits: SIMD2<UInt64>) {
    var move = MachineInstruction(.moveVectorConstant)
    move.d = target
    move.imm = bits == .zero ? -1 : Int64(poolIndex(bits))
    emit(move)
  }

  mutating func poolIndex(_ bits: SIMD2<UInt64>) -> Int {
    // A function has few constants; the last ones are the likeliest. Of many, some are there twice.
    let first = max(0, machine.constants.count - 64)
    if let index = machine.constants[first...].lastIndex(of: bits) { return index }
    machine.constants.append(bits)
    return machine.constants.count - 1
  }

  /// An integer constant that fits the 32-bit field of an instruction of its size.
  func shortConstant(_ value: IRValue) -> Int64? {
    guard let bits = ir.constant(value), ir.type(value).isInteger else { return nil }
    return ir.type(value) == .i32 ? bits.signed32 : Int32(exactly: bits).map { Int64($0) }
  }

  func size(_ type: IRType) -> OperandSize { type == .i32 || type == .f32 ? .double : .quad }

  /// Makes `value` the second operand: memory if it is a folded load, a constant if `immediate` allows it, else a register.
  mutating func setOperand(_ instruction: inout MachineInstruction, _ value: IRValue, immediate: Bool = false) {
    if immediate, let bits = shortConstant(value) {
      instruction.usesImmediate = true
      instruction.imm = bits
      return
    }
    if isFolded[value.index] { return setMemory(&instruction, ir[value], at: ir.positions[value.index]) }
    if ir[value].operation == .constant, ir[value].type.isFloat {
      instruction.isMemory = true
      instruction.isPoolConstant = true
      instruction.displacement = Int32(poolIndex(SIMD2(UInt64(bitPattern: ir[value].imm), 0)))
      return
    }
    instruction.b = use(value)
  }

  /// Makes the address of a load or store the memory operand.
  ///
  /// - Parameter place: The position of the access in the module, where it is not the current one.
  mutating func setMemory(_ instruction: inout MachineInstruction, _ access: IRInstruction, at place: UInt32? = nil) {
    instruction.isMemory = true
    if let memory = guardedMemory(of: access) {
      let type = access.operation == .load ? access.type : ir.type(access.c)
      instruction.memory = memory
      instruction.accessWidth = UInt8((IRAccess(rawValue: access.aux) ?? .full).width(type))
      instruction.position = place ?? position
    }
    if access.operation == .contextLoad || access.operation == .contextStore {
      instruction.b = access.a.exists ? use(access.a) : Self.context
      instruction.displacement = field(access.imm, "an offset in the context")
      return
    }
    instruction.b = use(access.a)
    instruction.displacement = field(access.place?.displacement.value ?? .max, "an offset in a memory")
    guard access.b.exists else { return }
    if isFolded[access.b.index], isScaledIndex(access.b) {
      instruction.x = use(ir[access.b].a)
      instruction.scale = UInt8(ir.constant(ir[access.b].b) ?? 0)
      return
    }
    instruction.x = use(access.b)
  }

  /// The memory of a load or store that is left to fault.
  func guardedMemory(of access: IRInstruction) -> UInt16? {
    guard environment.usesGuardPages, access.operation == .load || access.operation == .store,
      let memory = access.place?.memory, Int(memory) < environment.accessClasses.count,
      environment.accessClasses[Int(memory)] == .reserved
    else { return nil }
    // There are fewer memories where guard pages are used.
    return UInt16(memory)
  }

  // MARK: Traps

  mutating func trapSite(_ kind: Trap.Kind, memory: UInt32 = 0, width: UInt8 = 0) -> Int64 {
    machine.trapSites.append(TrapSite(kind: kind, position: position, memory: memory, width: width))
    return Int64(machine.trapSites.count - 1)
  }

  mutating func trap(
    if condition: Condition, _ kind: Trap.Kind, end: VirtualRegister = .none, memory: UInt32 = 0, width: UInt8 = 0
  ) {
    var trap = MachineInstruction(.trapIf)
    trap.sub = condition.rawValue
    trap.a = end
    trap.imm = trapSite(kind, memory: memory, width: width)
    emit(trap)
  }

  // MARK: Blocks

  private mutating func lowerBlock(_ index: Int) throws(CompilationRefusal) {
    let block = ir.blocks[index]
    currentBlockIndex = index
    var target = MachineBlock(first: Int32(machine.instructions.count))
    target.loopDepth = block.loopDepth
    target.isCold = block.isCold
    let exceptionEdge = ir.exceptionEdge(of: block)
    if let exceptionEdge { target.landing = splitBlocks[exceptionEdge] }
    if block.loop >= 0, ir.loops[Int(block.loop)].header.index == index {
      target.loopEnd = machineBlocks[ir.loops[Int(block.loop)].end.index]
    }
    if index == 0 {
      position = 0
      lowerParameters(block)
    } else {
      target.parameters.start = Int32(machine.registerPool.count)
      for parameter in ir.parameters(of: block) { machine.registerPool.append(define(parameter)) }
      target.parameters.count = Int32(block.parameterCount)
    }
    machine.blocks.append(target)
    for value in ir.instructions(of: block) {
      position = ir.positions[value.index]
      if isFolded[value.index] { continue }
      try lowerInstruction(value)
    }
    // The terminator has set the successors; the split blocks follow.
    machine.blocks[Int(machineBlocks[index])].end = Int32(machine.instructions.count)
    for edge in Int(block.firstEdge)..<Int(block.firstEdge + block.edgeCount) where splitBlocks[edge] >= 0 {
      var split = MachineBlock(first: Int32(machine.instructions.count))
      split.loopDepth = min(block.loopDepth, ir.blocks[ir.edges[edge].target.index].loopDepth)
      split.isLanding = edge == exceptionEdge
      split.isCold = block.isCold || split.isLanding
      machine.blocks.append(split)
      lowerJump(edge)
      machine.blocks[machine.blocks.count - 1].end = Int32(machine.instructions.count)
    }
  }

  private mutating func lowerParameters(_ block: IRBlock) {
    let layout = CallLayout(parameters: ir.parameterTypes, results: ir.resultTypes)
    incomingStackBytes = layout.stackBytes
    for (parameter, place) in zip(ir.parameters(of: block), layout.arguments) where useCounts[parameter.index] > 0 {
      if case .register(let register) = place { emitMove(define(parameter), register) }
    }
    for (parameter, place) in zip(ir.parameters(of: block), layout.arguments) where useCounts[parameter.index] > 0 {
      if case .stack(let offset) = place { loadFromStack(parameter, Self.frame, 16 + offset) }
    }
  }

  /// The jump at the end of a block with one successor, which carries the values of its parameters.
  mutating func lowerJump(_ edge: Int) {
    let target = ir.edges[edge]
    let start = machine.registerPool.count
    for index in Int(target.argumentStart)..<Int(target.argumentStart + target.argumentCount) {
      let argument = use(ir.arguments[index])
      machine.registerPool.append(argument)
    }
    let block = machine.blocks.count - 1
    machine.blocks[block].arguments = (Int32(start), Int32(target.argumentCount))
    machine.blocks[block].successors.0 = machineBlocks[target.target.index]
    var jump = MachineInstruction(.jump)
    jump.imm = Int64(machineBlocks[target.target.index])
    emit(jump)
  }

  /// The machine block that an edge leads to: its own, or the target itself.
  func machineTarget(_ edge: Int) -> Int32 {
    splitBlocks[edge] >= 0 ? splitBlocks[edge] : machineBlocks[ir.edges[edge].target.index]
  }
}
