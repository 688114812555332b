import WebAssembly

/// Selection for vector instructions (Core 3.0, 4.3.6). What one instruction does is in ``VectorSelection``; the sequences
/// for the rest are in this file and those beside it.
extension Lowering {
  /// The second operand of a vector operation.
  enum VectorOperand {
    case register(VirtualRegister)
    /// May be a load that is made part of the operation, or a constant.
    case value(IRValue)
    case constant(SIMD2<UInt64>)
  }

  mutating func lowerVector(_ value: IRValue, _ instruction: IRInstruction) throws(CompilationRefusal) {
    guard let opcode = Opcode(rawValue: instruction.aux) else { throw CompilationRefusal(reason: "vector") }
    if lowerSimpleVector(value, instruction, opcode) { return }
    if lowerVectorLane(value, instruction, opcode) { return }
    if lowerVectorInteger(value, instruction, opcode) { return }
    if lowerVectorWide(value, instruction, opcode) { return }
    if lowerVectorFloat(value, instruction, opcode) { return }
    if lowerVectorShift(value, instruction, opcode) { return }
    throw CompilationRefusal(reason: opcode.name)
  }

  // MARK: Operands

  mutating func setVectorOperand(_ instruction: inout MachineInstruction, _ operand: VectorOperand) {
    switch operand {
    case .register(let register):
      instruction.b = register
    case .constant(let bits):
      setPoolConstant(&instruction, bits)
    case .value(let value):
      if ir[value].operation == .vectorConstant {
        setPoolConstant(&instruction, ir.vectors[Int(ir[value].imm)])
      } else if isFolded[value.index] {
        setMemory(&instruction, ir[value], at: ir.positions[value.index])
      } else {
        instruction.b = use(value)
      }
    }
  }

  private mutating func setPoolConstant(_ instruction: inout MachineInstruction, _ bits: SIMD2<UInt64>) {
    instruction.isMemory = true
    instruction.isPoolConstant = true
    instruction.displacement = Int32(poolIndex(bits))
  }

  @discardableResult
  mutating func vector(
    _ operation: VectorBinary, _ a: VirtualRegister, _ b: VectorOperand, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    var result = MachineInstruction(.vectorBinary)
    result.opcode = operation.rawValue
    result.a = a
    setVectorOperand(&result, b)
    return finish(&result, target)
  }

  @discardableResult
  mutating func vector(
    _ operation: VectorUnary, _ b: VectorOperand, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    var result = MachineInstruction(.vectorUnary)
    result.opcode = operation.rawValue
    setVectorOperand(&result, b)
    return finish(&result, target)
  }

  @discardableResult
  mutating func vector(
    _ operation: VectorBinaryImmediate, _ a: VirtualRegister, _ b: VectorOperand, _ immediate: Int64,
    into target: VirtualRegister = .none
  ) -> VirtualRegister {
    var result = MachineInstruction(.vectorBinaryImmediate)
    result.opcode = operation.rawValue
    result.a = a
    result.imm = immediate
    setVectorOperand(&result, b)
    return finish(&result, target)
  }

  @discardableResult
  mutating func vector(
    _ operation: VectorUnaryImmediate, _ b: VectorOperand, _ immediate: Int64, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    var result = MachineInstruction(.vectorUnaryImmediate)
    result.opcode = operation.rawValue
    result.imm = immediate
    setVectorOperand(&result, b)
    return finish(&result, target)
  }

  @discardableResult
  mutating func vector(
    _ shift: VectorShift, _ a: VirtualRegister, by count: Int64, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    var result = MachineInstruction(.vectorShift)
    result.opcode = UInt32(shift.rawValue)
    result.a = a
    result.imm = count
    return finish(&result, target)
  }

  /// `b` in the lanes that are ones in `mask`, and `a` in those that are zeros.
  @discardableResult
  mutating func blend(
    _ operation: VectorBlend, _ a: VirtualRegister, _ b: VirtualRegister, mask: VirtualRegister,
    into target: VirtualRegister = .none
  ) -> VirtualRegister {
    guard environment.processor.contains(.avx) else {
      let chosen = vector(VectorBinary.pand, b, .register(mask))
      let others = vector(VectorBinary.pandn, mask, .register(a))
      return vector(VectorBinary.por, chosen, .register(others), into: target)
    }
    var result = MachineInstruction(.vectorBlend)
    result.opcode = operation.rawValue
    result.a = a
    result.b = b
    result.x = mask
    return finish(&result, target)
  }

  private mutating func finish(_ instruction: inout MachineInstruction, _ target: VirtualRegister) -> VirtualRegister {
    instruction.d = target.exists ? target : newRegister(.v128)
    emit(instruction)
    return instruction.d
  }

  mutating func vectorConstant(_ bits: SIMD2<UInt64>) -> VirtualRegister {
    let register = newRegister(.v128)
    emitVectorConstant(register, bits)
    return register
  }

  /// All lanes the same.
  static func splat(_ value: UInt64, _ bits: Int) -> SIMD2<UInt64> {
    var word = value
    var width = bits
    while width < 64 {
      word |= word << UInt64(width)
      width *= 2
    }
    return SIMD2(word, word)
  }

  static let ones = SIMD2<UInt64>(repeating: UInt64.max)

  // MARK: One instruction

  private mutating func lowerSimpleVector(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    if let (operation, isTurned) = VectorSelection.binary(opcode) {
      var (left, right) = isTurned ? (instruction.b, instruction.a) : (instruction.a, instruction.b)
      // A constant is best in memory.
      if ir[left].operation == .vectorConstant, !isFolded[right.index], VectorSelection.commutes(opcode) {
        swap(&left, &right)
      }
      let first = use(left)
      if operation == .pcmpgtq {
        greater64(first, .value(right), into: define(value))
      } else {
        vector(operation, first, .value(right), into: define(value))
      }
      return true
    }
    if let (operation, predicate) = VectorSelection.comparison(opcode) {
      vector(operation, use(instruction.a), .value(instruction.b), predicate, into: define(value))
      return true
    }
    if let operation = VectorSelection.unary(opcode) {
      vector(operation, .value(instruction.a), into: define(value))
      return true
    }
    if let operation = VectorSelection.unaryOfLow(opcode) {
      vector(operation, .register(use(instruction.a)), into: define(value))
      return true
    }
    if let (operation, mode) = VectorSelection.rounding(opcode) {
      vector(operation, .value(instruction.a), mode, into: define(value))
      return true
    }
    return false
  }

  // MARK: Lanes

  private mutating func lowerVectorLane(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    if let operation = VectorSelection.splat(opcode) {
      lowerSplat(value, instruction, operation)
      return true
    }
    switch opcode {
    case .i8x16ExtractLaneS: extractLane(value, instruction, .byte, isSigned: true)
    case .i8x16ExtractLaneU: extractLane(value, instruction, .byte)
    case .i16x8ExtractLaneS: extractLane(value, instruction, .word, isSigned: true)
    case .i16x8ExtractLaneU: extractLane(value, instruction, .word)
    case .i32x4ExtractLane: extractLane(value, instruction, .double)
    case .i64x2ExtractLane: extractLane(value, instruction, .quad)
    case .f32x4ExtractLane, .f64x2ExtractLane:
      let source = use(instruction.a)
      if instruction.imm == 0 {
        emitMove(define(value), source)
      } else {
        let control = opcode == .f64x2ExtractLane ? 0xEE : instruction.imm
        vector(VectorUnaryImmediate.pshufd, .register(source), control, into: define(value))
      }
    case .i8x16ReplaceLane, .i16x8ReplaceLane, .i32x4ReplaceLane, .i64x2ReplaceLane:
      insertLane(value, instruction, VectorSelection.laneSize(opcode) ?? .double)
    case .f32x4ReplaceLane:
      if isFolded[instruction.b.index] {
        insertLane(value, instruction, .double)
      } else {
        let source = use(instruction.b)
        vector(
          VectorBinaryImmediate.insertps, use(instruction.a), .register(source), instruction.imm << 4,
          into: define(value))
      }
    case .f64x2ReplaceLane:
      if isFolded[instruction.b.index] {
        insertLane(value, instruction, .quad)
      } else if instruction.imm == 0 {
        let source = use(instruction.b)
        vector(
          VectorBinaryImmediate.pblendw, use(instruction.a), .register(source), 0x0F, into: define(value))
      } else {
        let source = use(instruction.b)
        vector(VectorBinary.unpcklpd, use(instruction.a), .register(source), into: define(value))
      }
    default:
      return false
    }
    return true
  }

  private mutating func lowerSplat(_ value: IRValue, _ instruction: IRInstruction, _ operation: VectorUnary) {
    let lane = instruction.a
    if isFolded[lane.index] {
      return broadcastLoad(operation, ir[lane], at: ir.positions[lane.index], into: define(value))
    }
    let source = use(lane)
    let vector = ir.type(lane).inVectorRegister ? source : toVector(source, ir.type(lane) == .i64 ? .quad : .double)
    broadcast(operation, vector, into: define(value))
  }

  /// The bits of an integer as the lowest lane.
  mutating func toVector(_ source: VirtualRegister, _ size: OperandSize) -> VirtualRegister {
    var move = MachineInstruction(.toVector)
    move.size = size
    move.b = source
    move.d = newRegister(.v128)
    emit(move)
    return move.d
  }

  private mutating func extractLane(
    _ value: IRValue, _ instruction: IRInstruction, _ size: OperandSize, isSigned: Bool = false
  ) {
    let source = use(instruction.a)
    let target = isSigned ? newRegister(.i32) : define(value)
    var extract = MachineInstruction(.extractLane)
    if instruction.imm == 0, size == .double || size == .quad { extract = MachineInstruction(.fromVector) }
    extract.size = size
    extract.a = source
    extract.imm = instruction.imm
    extract.d = target
    emit(extract)
    guard isSigned else { return }
    var extend = MachineInstruction(.extend)
    extend.size = .double
    extend.sub = size.rawValue | 4
    extend.b = target
    extend.d = define(value)
    emit(extend)
  }

  private mutating func insertLane(_ value: IRValue, _ instruction: IRInstruction, _ size: OperandSize) {
    var insert = MachineInstruction(.insertLane)
    insert.size = size
    insert.imm = instruction.imm
    insert.a = use(instruction.a)
    if isFolded[instruction.b.index] {
      setMemory(&insert, ir[instruction.b], at: ir.positions[instruction.b.index])
    } else {
      insert.b = use(instruction.b)
    }
    insert.d = define(value)
    emit(insert)
  }

  // MARK: Tests

  /// The flags of a test of all lanes; the result is the condition under which it is true.
  mutating func lowerVectorTest(_ instruction: IRInstruction) -> Condition? {
    guard let opcode = Opcode(rawValue: instruction.aux) else { return nil }
    let compare: VectorBinary
    switch opcode {
    case .v128AnyTrue:
      vectorFlags(use(instruction.a))
      return .notEqual
    case .i8x16AllTrue: compare = .pcmpeqb
    case .i16x8AllTrue: compare = .pcmpeqw
    case .i32x4AllTrue: compare = .pcmpeqd
    case .i64x2AllTrue: compare = .pcmpeqq
    default: return nil
    }
    vectorFlags(vector(compare, use(instruction.a), .constant(.zero)))
    return .equal
  }

  private mutating func vectorFlags(_ register: VirtualRegister) {
    var test = MachineInstruction(.vectorCompare)
    test.opcode = VectorUnary.ptest.rawValue
    test.a = register
    test.b = register
    emit(test)
  }

  /// Whether an instruction is a test of all lanes, whose flags a branch can use.
  func isVectorTest(_ instruction: IRInstruction) -> Bool {
    guard instruction.operation == .vector, let opcode = Opcode(rawValue: instruction.aux) else { return false }
    switch opcode {
    case .v128AnyTrue, .i8x16AllTrue, .i16x8AllTrue, .i32x4AllTrue, .i64x2AllTrue: return true
    default: return false
    }
  }

  mutating func bitmask(_ value: IRValue, _ source: VirtualRegister, _ kind: UInt8) {
    var signs = MachineInstruction(.signs)
    signs.sub = kind
    signs.a = source
    signs.d = define(value)
    emit(signs)
  }

  // MARK: Loads

  /// A load of a vector that is not simply 16 bytes. False for one that is.
  mutating func lowerVectorLoad(_ value: IRValue, _ instruction: IRInstruction) -> Bool {
    guard instruction.operation == .load, let access = IRAccess(rawValue: instruction.aux) else { return false }
    let operation: VectorUnary
    switch access {
    case .extend8Signed: operation = .pmovsxbw
    case .extend8Unsigned: operation = .pmovzxbw
    case .extend16Signed: operation = .pmovsxwd
    case .extend16Unsigned: operation = .pmovzxwd
    case .extend32Signed: operation = .pmovsxdq
    case .extend32Unsigned: operation = .pmovzxdq
    case .splat8, .splat16, .splat32, .splat64:
      let repeats: VectorUnary =
        switch access {
        case .splat8: .vpbroadcastb
        case .splat16: .vpbroadcastw
        case .splat32: .vpbroadcastd
        default: .vpbroadcastq
        }
      broadcastLoad(repeats, instruction, into: define(value))
      return true
    case .zero32, .zero64:
      var load = MachineInstruction(.vectorLoad)
      load.sub = access == .zero32 ? 0 : 1
      setMemory(&load, instruction)
      load.d = define(value)
      emit(load)
      return true
    default: return false
    }
    var load = MachineInstruction(.vectorUnary)
    load.opcode = operation.rawValue
    setMemory(&load, instruction)
    load.d = define(value)
    emit(load)
    return true
  }
}
