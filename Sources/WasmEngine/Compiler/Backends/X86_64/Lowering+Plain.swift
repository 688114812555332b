// What takes several instructions on processors that lack the one for it.
extension Lowering {
  // MARK: Integers

  /// A shift by a count in a register, which must be rcx.
  mutating func shiftByCount(
    _ shift: Shift, _ target: VirtualRegister, _ source: VirtualRegister, by count: VirtualRegister, _ size: OperandSize
  ) {
    emitMove(target, source)
    emitMove(VirtualRegister(Register.rcx), count)
    var result = MachineInstruction(.shift)
    result.size = size
    result.sub = shift.rawValue
    result.d = target
    result.a = target
    emit(result)
  }

  /// clz, ctz or popcnt, as ``MachineOperation/count`` numbers them.
  mutating func count(_ target: VirtualRegister, _ source: VirtualRegister, _ kind: UInt8, _ size: OperandSize) {
    let needed: ProcessorFeatures = [.popcnt, .bmi1, .lzcnt][Int(kind)]
    if environment.processor.contains(needed) {
      var count = MachineInstruction(.count)
      count.size = size
      count.sub = kind
      count.b = source
      count.d = target
      emit(count)
    } else if kind == 0 {
      countOnes(target, source, size)
    } else {
      countZeros(target, source, fromLowest: kind == 1, size)
    }
  }

  /// bsf and bsr set the zero flag if there is no bit, and leave the result open.
  private mutating func countZeros(
    _ target: VirtualRegister, _ source: VirtualRegister, fromLowest: Bool, _ size: OperandSize
  ) {
    let width: Int64 = size == .quad ? 64 : 32
    let none = machine.newRegister(isVector: false)
    // The index of the highest bit is turned round below, which makes the width of this.
    emitConstant(none, fromLowest ? width : 2 * width - 1)
    var scan = MachineInstruction(.bitScan)
    scan.size = size
    scan.sub = fromLowest ? 0 : 1
    scan.b = source
    scan.d = target
    emit(scan)
    var move = MachineInstruction(.moveIf)
    move.size = size
    move.sub = Condition.equal.rawValue
    move.d = target
    move.a = target
    move.b = none
    emit(move)
    if !fromLowest { arithmetic(.xor, target, width - 1, size) }
  }

  /// Pairs of bits, then of pairs, then of halves of bytes are added in place; a product adds the bytes (Warren, Hacker's
  /// Delight, 5-1).
  private mutating func countOnes(_ target: VirtualRegister, _ source: VirtualRegister, _ size: OperandSize) {
    func mask(_ byte: UInt64) -> Int64 {
      let all = byte &* 0x0101_0101_0101_0101
      return Int64(bitPattern: size == .quad ? all : all & 0xFFFF_FFFF)
    }
    func copy(_ register: VirtualRegister) -> VirtualRegister {
      let result = machine.newRegister(isVector: false)
      emitMove(result, register)
      return result
    }
    let sum = copy(source)
    var upper = copy(sum)
    shift(.shr, upper, by: 1, size)
    arithmetic(.and, upper, mask(0x55), size)
    arithmetic(.sub, sum, upper, size)
    upper = copy(sum)
    shift(.shr, upper, by: 2, size)
    arithmetic(.and, upper, mask(0x33), size)
    arithmetic(.and, sum, mask(0x33), size)
    arithmetic(.add, sum, upper, size)
    upper = copy(sum)
    shift(.shr, upper, by: 4, size)
    arithmetic(.add, sum, upper, size)
    arithmetic(.and, sum, mask(0x0F), size)
    let ones = machine.newRegister(isVector: false)
    emitConstant(ones, mask(0x01))
    var multiply = MachineInstruction(.multiply)
    multiply.size = size
    multiply.d = sum
    multiply.a = sum
    multiply.b = ones
    emit(multiply)
    shift(.shr, sum, by: size == .quad ? 56 : 24, size)
    emitMove(target, sum)
  }

  private mutating func shift(_ shift: Shift, _ target: VirtualRegister, by count: Int64, _ size: OperandSize) {
    var result = MachineInstruction(.shiftConstant)
    result.size = size
    result.sub = shift.rawValue
    result.imm = count
    result.d = target
    result.a = target
    emit(result)
  }

  private mutating func arithmetic(
    _ operation: Arithmetic, _ target: VirtualRegister, _ constant: Int64, _ size: OperandSize
  ) {
    if size == .quad, Int32(exactly: constant) == nil {
      let register = machine.newRegister(isVector: false)
      emitConstant(register, constant)
      return arithmetic(operation, target, register, size)
    }
    var result = MachineInstruction(.arithmetic)
    result.size = size
    result.sub = operation.rawValue
    result.usesImmediate = true
    result.imm = size == .quad ? constant : constant.signed32
    result.d = target
    result.a = target
    emit(result)
  }

  private mutating func arithmetic(
    _ operation: Arithmetic, _ target: VirtualRegister, _ second: VirtualRegister, _ size: OperandSize
  ) {
    var result = MachineInstruction(.arithmetic)
    result.size = size
    result.sub = operation.rawValue
    result.d = target
    result.a = target
    result.b = second
    emit(result)
  }

  // MARK: Vectors

  /// `operation`, one of the instructions that repeat the lowest lane, of a register.
  @discardableResult
  mutating func broadcast(
    _ operation: VectorUnary, _ source: VirtualRegister, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    if environment.processor.contains(.avx2) || operation.hasLegacyForm {
      return vector(operation, .register(source), into: target)
    }
    switch operation {
    case .vpbroadcastb: return vector(VectorBinary.pshufb, source, .constant(.zero), into: target)
    case .vpbroadcastw:
      let words = vector(VectorUnaryImmediate.pshuflw, .register(source), 0)
      return vector(VectorUnaryImmediate.pshufd, .register(words), 0, into: target)
    case .vpbroadcastd: return vector(VectorUnaryImmediate.pshufd, .register(source), 0, into: target)
    default: return vector(VectorUnaryImmediate.pshufd, .register(source), 0x44, into: target)
    }
  }

  /// As ``broadcast(_:_:into:)``, of what a load reads.
  mutating func broadcastLoad(
    _ operation: VectorUnary, _ access: IRInstruction, at place: UInt32? = nil, into target: VirtualRegister
  ) {
    var load = MachineInstruction(.vectorUnary)
    load.opcode = operation.rawValue
    setMemory(&load, access, at: place)
    if environment.processor.contains(.avx2) || operation.hasLegacyForm {
      load.d = target
      return emit(load)
    }
    switch operation {
    case .vpbroadcastb, .vpbroadcastw:
      load.operation = .extend
      load.size = .double
      load.sub = (operation == .vpbroadcastb ? OperandSize.byte : .word).rawValue
      load.d = machine.newRegister(isVector: false)
      emit(load)
      broadcast(operation, toVector(load.d, .double), into: target)
    case .vpbroadcastd:
      load.operation = .vectorLoad
      load.sub = 0
      load.d = newRegister(.v128)
      emit(load)
      broadcast(operation, load.d, into: target)
    default:
      load.opcode = VectorUnary.movddup.rawValue
      load.d = target
      emit(load)
    }
  }

  /// a > b for signed lanes of 64 bits.
  @discardableResult
  mutating func greater64(
    _ a: VirtualRegister, _ b: VectorOperand, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    if environment.processor.contains(.sse42) { return vector(VectorBinary.pcmpgtq, a, b, into: target) }
    // The upper halves decide; where they are equal, the upper half of b - a is the borrow of the lower ones.
    let b = register(of: b)
    let isEqual = vector(VectorBinary.pcmpeqd, a, .register(b))
    let difference = vector(VectorBinary.psubq, b, .register(a))
    let borrow = vector(VectorBinary.pand, isEqual, .register(difference))
    let isGreater = vector(VectorBinary.pcmpgtd, a, .register(b))
    let upper = vector(VectorBinary.por, borrow, .register(isGreater))
    return vector(VectorUnaryImmediate.pshufd, .register(upper), 0xF5, into: target)
  }

  private mutating func register(of operand: VectorOperand) -> VirtualRegister {
    switch operand {
    case .register(let register): return register
    case .constant(let bits): return vectorConstant(bits)
    case .value(let value):
      guard isFolded[value.index] else { return use(value) }
      var load = MachineInstruction(.vectorLoad)
      load.sub = 2
      setMemory(&load, ir[value], at: ir.positions[value.index])
      load.d = newRegister(.v128)
      emit(load)
      return load.d
    }
  }
}
