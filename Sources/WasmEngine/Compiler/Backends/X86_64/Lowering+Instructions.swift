extension Lowering {
  mutating func lowerInstruction(_ value: IRValue) throws(CompilationRefusal) {
    let instruction = ir[value]
    switch instruction.operation {
    case .nothing, .parameter, .constant, .vectorConstant, .contextAddress, .zeroExtend, .result:
      break
    case .add: lowerAdd(value, instruction)
    case .sub where ir.constant(instruction.a) == 0 && !isFolded[instruction.b.index]: negate(value, instruction)
    case .sub, .and, .or, .xor:
      let operation: Arithmetic =
        switch instruction.operation {
        case .sub: .sub
        case .and: .and
        case .or: .or
        default: .xor
        }
      twoAddress(value, instruction, operation)
    case .mul: lowerMultiply(value, instruction)
    case .shl, .shrS, .shrU, .rotl, .rotr: lowerShift(value, instruction)
    case .divS, .divU, .remS, .remU: lowerDivision(value, instruction)
    case .mulHighS, .mulHighU: lowerMultiplyHigh(value, instruction)
    case .clz, .ctz, .popcnt:
      let kind: UInt8 = instruction.operation == .popcnt ? 0 : instruction.operation == .ctz ? 1 : 2
      let source = use(instruction.a)
      count(define(value), source, kind, size(instruction.type))
    case .extend:
      let from: OperandSize = instruction.aux == 8 ? .byte : instruction.aux == 16 ? .word : .double
      extend(value, use(instruction.a), from: from, isSigned: true, to: size(instruction.type))
    case .wrap:
      extend(value, use(instruction.a), from: .double, isSigned: false, to: .double)
    case .signExtend:
      extend(value, use(instruction.a), from: .double, isSigned: true, to: .quad)
    case .compare:
      let condition = lowerComparison(instruction)
      set(value, condition)
    case .floatCompare:
      lowerFloatSet(value, instruction)
    case .select: lowerSelect(value, instruction)
    case .load: lowerLoad(value, instruction)
    case .contextLoad: lowerLoad(value, instruction)
    case .store, .contextStore: lowerStore(instruction)
    case .boundsCheck: lowerBoundsCheck(value, instruction)
    case .indexCheck: lowerIndexCheck(value, instruction)
    case .trapIf:
      let kind = Trap.Kind(rawValue: UInt8(instruction.aux)) ?? .unreachable
      let reported = instruction.b.exists ? use(instruction.b) : .none
      trap(if: condition(of: instruction.a), kind, end: reported)
    case .interruptCheck:
      var check = MachineInstruction(.interruptCheck)
      check.a = use(instruction.a)
      check.sub = UInt8(instruction.aux)
      check.imm = check.sub == 0 ? trapSite(.interrupted) : 0
      emit(check)
    case .fuel:
      var fuel = MachineInstruction(.fuel)
      fuel.a = use(instruction.a)
      fuel.displacement = field(instruction.imm, "the fuel of a block")
      fuel.imm = trapSite(.outOfFuel)
      emit(fuel)
    case .call, .callRecord, .callRuntime, .tailCall, .tailCallRecord:
      try lowerCall(value, instruction)
    case .jump:
      lowerJump(Int(currentBlock.firstEdge))
    case .jumpOrCatch:
      let target = machineTarget(Int(currentBlock.firstEdge))
      machine.blocks[machine.blocks.count - 1].successors.0 = target
      emitJump(target)
    case .throwReference:
      machine.hasCalls = true
      let exception = VirtualRegister(Register.rsi)
      emitMove(exception, use(instruction.a))
      var thrown = MachineInstruction(.throwException)
      thrown.opcode = 1 << exception.id
      emit(thrown)
    case .branch: lowerBranch(instruction)
    case .branchTable: lowerBranchTable(instruction)
    case .return: lowerReturn(instruction)
    case .trap:
      var trap = MachineInstruction(.trap)
      trap.imm = trapSite(Trap.Kind(rawValue: UInt8(instruction.aux)) ?? .unreachable)
      emit(trap)
    case .vector:
      try lowerVector(value, instruction)
    default:
      lowerFloat(value, instruction)
    }
  }

  /// The block that is being lowered, which the last machine block was made for.
  private var currentBlock: IRBlock { ir.blocks[currentBlockIndex] }

  // MARK: Integers

  /// target = a, then target = target op b.
  private mutating func twoAddress(_ value: IRValue, _ instruction: IRInstruction, _ operation: Arithmetic) {
    let target = define(value)
    var result = MachineInstruction(.arithmetic)
    result.size = size(instruction.type)
    result.sub = operation.rawValue
    var (first, second) = (instruction.a, instruction.b)
    // The operand that nobody else wants can be overwritten without a copy.
    if operation != .sub, useCounts[first.index] > 1, useCounts[second.index] == 1, !isFolded[second.index],
      ir[second].operation != .constant
    {
      swap(&first, &second)
    }
    let left = use(first)
    setOperand(&result, second, immediate: true)
    emitMove(target, left)
    result.d = target
    result.a = target
    emit(result)
  }

  private mutating func negate(_ value: IRValue, _ instruction: IRInstruction) {
    let target = define(value)
    emitMove(target, use(instruction.b))
    var negation = MachineInstruction(.unary)
    negation.size = size(instruction.type)
    negation.sub = UnaryArithmetic.neg.rawValue
    negation.d = target
    negation.a = target
    emit(negation)
  }

  private mutating func lowerAdd(_ value: IRValue, _ instruction: IRInstruction) {
    // Three-operand forms as an address, where the first operand lives on or a shift can be part of it.
    let right = instruction.b
    if isFoldedArithmetic(instruction.a) || isFoldedArithmetic(right) {
      var address = MachineInstruction(.loadAddress)
      address.size = size(instruction.type)
      address.isMemory = true
      if let bits = shortConstant(right), ir[instruction.a].operation == .add {
        let inner = ir[instruction.a]
        address.displacement = Int32(bits)
        setSum(&address, inner.a, inner.b)
      } else {
        setSum(&address, instruction.a, right)
      }
      address.d = define(value)
      emit(address)
      return
    }
    guard !isFolded[right.index] else { return twoAddress(value, instruction, .add) }
    var lea = MachineInstruction(.loadAddress)
    lea.size = size(instruction.type)
    lea.isMemory = true
    if let bits = shortConstant(right) {
      guard useCounts[instruction.a.index] > 1, ir[instruction.a].operation != .constant else {
        return twoAddress(value, instruction, .add)
      }
      lea.b = use(instruction.a)
      lea.displacement = Int32(bits)
    } else if ir[right].operation != .constant, ir[instruction.a].operation != .constant,
      useCounts[instruction.a.index] > 1, useCounts[right.index] > 1
    {
      lea.b = use(instruction.a)
      lea.x = use(right)
    } else {
      return twoAddress(value, instruction, .add)
    }
    lea.d = define(value)
    emit(lea)
  }

  private func isFoldedArithmetic(_ value: IRValue) -> Bool {
    isFolded[value.index] && (ir[value].operation == .shl || ir[value].operation == .add)
  }

  /// Makes a sum, one of whose summands may be a folded shift, the base and index of an address.
  private mutating func setSum(_ address: inout MachineInstruction, _ first: IRValue, _ second: IRValue) {
    let (plain, scaled) = isFoldedArithmetic(second) ? (first, second) : (second, first)
    if isFoldedArithmetic(scaled) {
      address.x = use(ir[scaled].a)
      address.scale = UInt8(ir.constant(ir[scaled].b) ?? 0)
    } else {
      address.x = use(scaled)
    }
    if let bits = shortConstant(plain), address.displacement == 0 {
      address.displacement = Int32(bits)
    } else {
      address.b = use(plain)
    }
  }

  private mutating func lowerMultiply(_ value: IRValue, _ instruction: IRInstruction) {
    if let bits = shortConstant(instruction.b) {
      var multiply = MachineInstruction(.multiplyConstant)
      multiply.size = size(instruction.type)
      multiply.b = use(instruction.a)
      multiply.imm = bits
      multiply.d = define(value)
      emit(multiply)
      return
    }
    let target = define(value)
    var multiply = MachineInstruction(.multiply)
    multiply.size = size(instruction.type)
    let left = use(instruction.a)
    setOperand(&multiply, instruction.b)
    emitMove(target, left)
    multiply.d = target
    multiply.a = target
    emit(multiply)
  }

  private mutating func lowerShift(_ value: IRValue, _ instruction: IRInstruction) {
    let target = define(value)
    let size = size(instruction.type)
    if let count = ir.constant(instruction.b) {
      var shift = MachineInstruction(.shiftConstant)
      shift.size = size
      shift.imm = count & (size == .quad ? 63 : 31)
      shift.sub = shiftKind(instruction.operation).rawValue
      emitMove(target, use(instruction.a))
      shift.d = target
      shift.a = target
      emit(shift)
      return
    }
    if environment.processor.contains(.bmi2), instruction.operation != .rotl, instruction.operation != .rotr {
      var shift = MachineInstruction(.shiftFlagless)
      shift.size = size
      shift.sub = instruction.operation == .shl ? 0 : instruction.operation == .shrS ? 1 : 2
      shift.b = use(instruction.a)
      shift.a = use(instruction.b)
      shift.d = target
      emit(shift)
      return
    }
    let count = use(instruction.b)
    let source = use(instruction.a)
    shiftByCount(shiftKind(instruction.operation), target, source, by: count, size)
  }

  private func shiftKind(_ operation: IROperation) -> Shift {
    switch operation {
    case .shl: .shl
    case .shrS: .sar
    case .shrU: .shr
    case .rotl: .rol
    default: .ror
    }
  }

  private mutating func lowerDivision(_ value: IRValue, _ instruction: IRInstruction) {
    let size = size(instruction.type)
    let isSigned = instruction.operation == .divS || instruction.operation == .remS
    let isRemainder = instruction.operation == .remS || instruction.operation == .remU
    let known = ir.constant(instruction.b)
    let dividend = use(instruction.a)
    var divisor = use(instruction.b)
    if known == nil || known == 0 {
      var test = MachineInstruction(.test)
      test.size = size
      test.a = divisor
      test.b = divisor
      emit(test)
      trap(if: .equal, .integerDivideByZero)
    }
    let minusOne: Int64 = size == .quad ? -1 : 0xFFFF_FFFF
    if isSigned, known == nil || known == minusOne {
      if isRemainder {
        // The remainder by -1 is that by 1; the division by -1 could overflow.
        let one = machine.newRegister(isVector: false)
        emitConstant(one, 1)
        compareConstant(divisor, -1, size)
        var move = MachineInstruction(.moveIf)
        move.size = size
        move.sub = Condition.notEqual.rawValue
        move.d = one
        move.a = one
        move.b = divisor
        emit(move)
        divisor = one
      } else {
        // Traps if both the divisor is -1 and the dividend the least number.
        let first = machine.newRegister(isVector: false)
        let second = machine.newRegister(isVector: false)
        compareConstant(divisor, -1, size)
        setFlag(first, .equal)
        let least = machine.newRegister(isVector: false)
        emitConstant(least, size == .quad ? Int64.min : 0x8000_0000)
        var compare = MachineInstruction(.compare)
        compare.size = size
        compare.a = dividend
        compare.b = least
        emit(compare)
        setFlag(second, .equal)
        var test = MachineInstruction(.test)
        test.size = .double
        test.a = first
        test.b = second
        emit(test)
        trap(if: .notEqual, .integerOverflow)
      }
    }
    let rax = VirtualRegister(Register.rax)
    let rdx = VirtualRegister(Register.rdx)
    emitMove(rax, dividend)
    if isSigned {
      var extend = MachineInstruction(.signExtendAccumulator)
      extend.size = size
      extend.d = rdx
      extend.a = rax
      emit(extend)
    } else {
      emitConstant(rdx, 0)
    }
    var divide = MachineInstruction(.divide)
    divide.size = size
    divide.sub = (isSigned ? UnaryArithmetic.idiv : .div).rawValue
    divide.b = divisor
    emit(divide)
    emitMove(define(value), isRemainder ? rdx : rax)
  }

  private mutating func lowerMultiplyHigh(_ value: IRValue, _ instruction: IRInstruction) {
    let second = use(instruction.b)
    emitMove(VirtualRegister(Register.rax), use(instruction.a))
    var multiply = MachineInstruction(.multiplyWide)
    multiply.size = .quad
    multiply.sub = (instruction.operation == .mulHighS ? UnaryArithmetic.imul : .mul).rawValue
    multiply.b = second
    emit(multiply)
    emitMove(define(value), VirtualRegister(Register.rdx))
  }

  private mutating func extend(
    _ value: IRValue, _ source: VirtualRegister, from: OperandSize, isSigned: Bool, to size: OperandSize
  ) {
    var extend = MachineInstruction(.extend)
    extend.size = size
    extend.sub = from.rawValue | (isSigned ? 4 : 0)
    extend.b = source
    extend.d = define(value)
    emit(extend)
  }

  mutating func compareConstant(_ register: VirtualRegister, _ bits: Int64, _ size: OperandSize) {
    var compare = MachineInstruction(.compare)
    compare.size = size
    compare.a = register
    compare.usesImmediate = true
    compare.imm = bits
    emit(compare)
  }

  // MARK: Memory

  private mutating func lowerLoad(_ value: IRValue, _ instruction: IRInstruction) {
    if instruction.type.inVectorRegister {
      if instruction.type == .v128, lowerVectorLoad(value, instruction) { return }
      var load = MachineInstruction(.vectorLoad)
      load.sub = instruction.type == .f32 ? 0 : instruction.type == .f64 ? 1 : 2
      setMemory(&load, instruction)
      load.d = define(value)
      emit(load)
      return
    }
    var load = MachineInstruction(.extend)
    load.size = size(instruction.type)
    let access = instruction.operation == .load ? IRAccess(rawValue: instruction.aux) ?? .full : .full
    switch access {
    case .full: load.sub = load.size.rawValue
    case .signed8: load.sub = OperandSize.byte.rawValue | 4
    case .unsigned8: load.sub = OperandSize.byte.rawValue
    case .signed16: load.sub = OperandSize.word.rawValue | 4
    case .unsigned16: load.sub = OperandSize.word.rawValue
    case .signed32: load.sub = OperandSize.double.rawValue | 4
    case .unsigned32: load.sub = OperandSize.double.rawValue
    default: break
    }
    setMemory(&load, instruction)
    load.d = define(value)
    emit(load)
  }

  private mutating func lowerStore(_ instruction: IRInstruction) {
    let isContext = instruction.operation == .contextStore
    let value = isContext ? instruction.b : instruction.c
    let type = ir.type(value)
    if !isContext, isFolded[value.index], let operation = Self.updates(ir[value].operation) {
      return lowerUpdate(instruction, operation)
    }
    var store = MachineInstruction(.store)
    if type.inVectorRegister {
      store = MachineInstruction(.vectorStore)
      store.sub = type == .f32 ? 0 : type == .f64 ? 1 : 2
      store.a = use(value)
    } else {
      let access = isContext ? IRAccess.full : IRAccess(rawValue: instruction.aux) ?? .full
      store.size =
        switch access {
        case .full: size(type)
        case .signed8, .unsigned8: .byte
        case .signed16, .unsigned16: .word
        default: .double
        }
      if let bits = shortConstant(value) {
        store.operation = .storeConstant
        store.imm = stored(bits, store.size)
      } else {
        store.a = use(value)
      }
    }
    setMemory(&store, instruction)
    emit(store)
  }

  /// What of a constant goes to memory: its lowest bits.
  private func stored(_ bits: Int64, _ size: OperandSize) -> Int64 {
    switch size {
    case .byte: bits & 0xFF
    case .word: bits & 0xFFFF
    case .double, .quad: bits
    }
  }

  /// A store of what an operation makes of the value that is there. Where it faults it is the load that does.
  private mutating func lowerUpdate(_ store: IRInstruction, _ operation: Arithmetic) {
    let change = ir[store.c]
    let isFirst = isFolded[change.a.index] && ir[change.a].operation == .load && ir[change.a].b == store.b
    let (load, other) = isFirst ? (change.a, change.b) : (change.b, change.a)
    var update = MachineInstruction(.arithmeticMemory)
    update.sub = operation.rawValue
    update.size =
      switch (IRAccess(rawValue: store.aux) ?? .full).width(change.type) {
      case 1: .byte
      case 2: .word
      case 4: .double
      default: .quad
      }
    if let bits = shortConstant(other) {
      update.usesImmediate = true
      update.imm = stored(bits, update.size)
    } else {
      update.a = use(other)
    }
    setMemory(&update, store, at: ir.positions[load.index])
    emit(update)
  }

  // MARK: Control

  private mutating func lowerBranch(_ instruction: IRInstruction) {
    let edge = Int(currentBlock.firstEdge)
    let taken = machineTarget(edge)
    let other = machineTarget(edge + 1)
    let block = machine.blocks.count - 1
    machine.blocks[block].successors = (taken, other)
    if isFolded[instruction.a.index], ir[instruction.a].operation == .floatCompare,
      lowerFloatBranch(ir[instruction.a], taken: taken, other: other)
    {
      return
    }
    let condition = condition(of: instruction.a)
    emitJump(if: condition, taken)
    emitJump(other)
  }

  mutating func emitJump(if condition: Condition, _ target: Int32) {
    var jump = MachineInstruction(.jumpIf)
    jump.sub = condition.rawValue
    jump.imm = Int64(target)
    emit(jump)
  }

  mutating func emitJump(_ target: Int32) {
    var jump = MachineInstruction(.jump)
    jump.imm = Int64(target)
    emit(jump)
  }

  private mutating func lowerBranchTable(_ instruction: IRInstruction) {
    let edges = Int(currentBlock.firstEdge)..<Int(currentBlock.firstEdge + currentBlock.edgeCount)
    if edges.count == 1 { return lowerJump(edges.lowerBound) }
    let targets = edges.map { machineTarget($0) }
    let block = machine.blocks.count - 1
    machine.blocks[block].poolStart = Int32(machine.successorPool.count)
    machine.blocks[block].poolCount = Int32(targets.count)
    machine.successorPool.append(contentsOf: targets)
    let index = use(instruction.a)
    let safe = environment.guardsSpeculation ? beginClamp(index, to: 0, .double) : nil
    compareConstant(index, Int64(targets.count - 1), .double)
    emitJump(if: .aboveOrEqual, targets[targets.count - 1])
    if let safe { clamp(safe, if: .aboveOrEqual) }
    machine.jumpTables.append(Array(targets.dropLast()))
    var jump = MachineInstruction(.jumpTable)
    jump.a = safe?.value ?? index
    jump.d = machine.newRegister(isVector: false)
    jump.imm = Int64(machine.jumpTables.count - 1)
    emit(jump)
  }
}
