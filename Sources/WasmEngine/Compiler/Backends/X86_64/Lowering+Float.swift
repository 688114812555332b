extension Lowering {
  mutating func lowerFloat(_ value: IRValue, _ instruction: IRInstruction) {
    let isDouble = instruction.type == .f64
    switch instruction.operation {
    case .fadd: vectorBinary(value, instruction, isDouble ? .addsd : .addss)
    case .fsub: vectorBinary(value, instruction, isDouble ? .subsd : .subss)
    case .fmul: vectorBinary(value, instruction, isDouble ? .mulsd : .mulss)
    case .fdiv: vectorBinary(value, instruction, isDouble ? .divsd : .divss)
    case .fmin, .fmax:
      let right = use(instruction.b)
      let left = use(instruction.a)
      let target = define(value)
      emitMove(target, left)
      var extreme = MachineInstruction(.floatExtreme)
      extreme.size = size(instruction.type)
      extreme.sub = instruction.operation == .fmax ? 1 : 0
      extreme.d = target
      extreme.a = target
      extreme.b = right
      emit(extreme)
    case .fabs:
      maskBits(define(value), use(instruction.a), .andps, isDouble ? 0x7FFF_FFFF_FFFF_FFFF : 0x7FFF_FFFF)
    case .fneg:
      maskBits(define(value), use(instruction.a), .xorps, isDouble ? 1 << 63 : 1 << 31)
    case .fcopysign:
      let magnitude = newRegister(instruction.type)
      let sign = newRegister(instruction.type)
      maskBits(magnitude, use(instruction.a), .andps, isDouble ? 0x7FFF_FFFF_FFFF_FFFF : 0x7FFF_FFFF)
      maskBits(sign, use(instruction.b), .andps, isDouble ? 1 << 63 : 1 << 31)
      var or = MachineInstruction(.vectorBinary)
      or.opcode = VectorBinary.orps.rawValue
      or.a = magnitude
      or.b = sign
      or.d = define(value)
      emit(or)
    case .fsqrt: vectorUnaryScalar(value, instruction, isDouble ? .sqrtsd : .sqrtss)
    case .demote: vectorUnaryScalar(value, instruction, .cvtsd2ss)
    case .promote: vectorUnaryScalar(value, instruction, .cvtss2sd)
    case .fnearest: round(value, instruction, 8)
    case .ffloor: round(value, instruction, 9)
    case .fceil: round(value, instruction, 10)
    case .ftrunc: round(value, instruction, 11)
    case .convert: lowerConvert(value, instruction)
    case .truncate: lowerTruncate(value, instruction)
    case .truncateSaturating:
      var truncate = MachineInstruction(.truncateSaturating)
      truncate.size = size(instruction.type)
      truncate.sub = (ir.type(instruction.a) == .f64 ? 1 : 0) | (instruction.aux == 1 ? 2 : 0)
      truncate.b = use(instruction.a)
      truncate.d = define(value)
      emit(truncate)
    default:
      lowerReinterpret(value, instruction)
    }
  }

  private mutating func vectorBinary(_ value: IRValue, _ instruction: IRInstruction, _ operation: VectorBinary) {
    var result = MachineInstruction(.vectorBinary)
    result.opcode = operation.rawValue
    result.a = use(instruction.a)
    setOperand(&result, instruction.b)
    result.d = define(value)
    emit(result)
  }

  /// target = source op the mask in the constant pool.
  private mutating func maskBits(
    _ target: VirtualRegister, _ source: VirtualRegister, _ operation: VectorBinary, _ mask: UInt64
  ) {
    var result = MachineInstruction(.vectorBinary)
    result.opcode = operation.rawValue
    result.a = source
    result.isMemory = true
    result.isPoolConstant = true
    result.displacement = Int32(poolIndex(SIMD2(mask, 0)))
    result.d = target
    emit(result)
  }

  /// A scalar operation with one operand, whose three-operand form takes the upper lanes from the operand itself.
  private mutating func vectorUnaryScalar(_ value: IRValue, _ instruction: IRInstruction, _ operation: VectorBinary) {
    var result = MachineInstruction(.vectorBinary)
    result.opcode = operation.rawValue
    result.a = use(instruction.a)
    result.b = result.a
    result.d = define(value)
    emit(result)
  }

  private mutating func round(_ value: IRValue, _ instruction: IRInstruction, _ mode: Int64) {
    var result = MachineInstruction(.vectorBinaryImmediate)
    result.opcode = (instruction.type == .f64 ? VectorBinaryImmediate.roundsd : .roundss).rawValue
    result.a = use(instruction.a)
    result.b = result.a
    result.imm = mode
    result.d = define(value)
    emit(result)
  }

  private mutating func lowerReinterpret(_ value: IRValue, _ instruction: IRInstruction) {
    let source = use(instruction.a)
    let from = ir.type(instruction.a)
    var move = MachineInstruction(from.inVectorRegister ? .fromVector : .toVector)
    move.size = size(from)
    if from.inVectorRegister { move.a = source } else { move.b = source }
    move.d = define(value)
    emit(move)
  }

  // MARK: Comparisons

  /// Emits a comparison of floats that one condition can test; nil for (in)equality, which needs two. Of unordered operands
  /// the machine says below, equal and parity, so that "above" alone is false for NaN.
  mutating func lowerFloatComparison(_ instruction: IRInstruction) -> Condition? {
    guard let condition = IRFloatCondition(rawValue: instruction.aux) else { return nil }
    switch condition {
    case .greater, .greaterOrEqual:
      emitFloatComparison(instruction.a, instruction.b)
      return condition == .greater ? .above : .aboveOrEqual
    case .less, .lessOrEqual:
      emitFloatComparison(instruction.b, instruction.a)
      return condition == .less ? .above : .aboveOrEqual
    default:
      return nil
    }
  }

  private mutating func emitFloatComparison(_ first: IRValue, _ second: IRValue) {
    var compare = MachineInstruction(.vectorCompare)
    compare.opcode = (ir.type(first) == .f64 ? VectorUnary.ucomisd : .ucomiss).rawValue
    compare.a = use(first)
    setOperand(&compare, second)
    emit(compare)
  }

  mutating func lowerFloatSet(_ value: IRValue, _ instruction: IRInstruction) {
    lowerFloatSet(define(value), instruction)
  }

  mutating func lowerFloatSet(_ target: VirtualRegister, _ instruction: IRInstruction) {
    if let condition = lowerFloatComparison(instruction) { return setFlag(target, condition) }
    let isEqual = instruction.aux == IRFloatCondition.equal.rawValue
    emitFloatComparison(instruction.a, instruction.b)
    let ordered = newRegister(.i32)
    setFlag(ordered, isEqual ? .noParity : .parity)
    setFlag(target, isEqual ? .equal : .notEqual)
    var combine = MachineInstruction(.arithmetic)
    combine.size = .double
    combine.sub = (isEqual ? Arithmetic.and : .or).rawValue
    combine.d = target
    combine.a = target
    combine.b = ordered
    emit(combine)
  }

  /// Branches on the (in)equality of floats by two jumps. False for other conditions, for which one will do.
  mutating func lowerFloatBranch(_ instruction: IRInstruction, taken: Int32, other: Int32) -> Bool {
    guard let condition = IRFloatCondition(rawValue: instruction.aux), condition == .equal || condition == .notEqual
    else { return false }
    emitFloatComparison(instruction.a, instruction.b)
    if condition == .equal {
      emitJump(if: .parity, other)
      emitJump(if: .equal, taken)
    } else {
      emitJump(if: .parity, taken)
      emitJump(if: .notEqual, taken)
    }
    emitJump(other)
    return true
  }

  // MARK: Conversions

  private mutating func lowerConvert(_ value: IRValue, _ instruction: IRInstruction) {
    let from = ir.type(instruction.a)
    let isDouble: UInt8 = instruction.type == .f64 ? 1 : 0
    if from == .i64, instruction.aux == 0 {
      var convert = MachineInstruction(.convertUnsigned64)
      convert.sub = isDouble
      convert.b = use(instruction.a)
      convert.d = define(value)
      emit(convert)
      return
    }
    // An unsigned i32 is a non-negative i64.
    var convert = MachineInstruction(.convertToFloat)
    convert.size = from == .i32 && instruction.aux == 1 ? .double : .quad
    convert.sub = isDouble
    convert.b = use(instruction.a)
    convert.d = define(value)
    emit(convert)
  }

  /// The bounds between which a float can be converted: the first is excluded where `excludesLower`.
  private static func bounds(isDouble: Bool, _ type: IRType, isSigned: Bool) -> (Double, Bool, Double) {
    switch (type, isSigned) {
    case (.i32, true): isDouble ? (-2_147_483_649, true, 0x1p31) : (-0x1p31, false, 0x1p31)
    case (.i32, false): (-1, true, 0x1p32)
    case (_, true): (-0x1p63, false, 0x1p63)
    default: (-1, true, 0x1p64)
    }
  }

  private mutating func lowerTruncate(_ value: IRValue, _ instruction: IRInstruction) {
    let isDouble = ir.type(instruction.a) == .f64
    let isSigned = instruction.aux == 1
    let source = use(instruction.a)
    let (lower, excludesLower, upper) = Self.bounds(isDouble: isDouble, instruction.type, isSigned: isSigned)
    func bits(_ value: Double) -> Int64 {
      isDouble ? Int64(bitPattern: value.bitPattern) : Int64(Float(value).bitPattern)
    }
    var compare = MachineInstruction(.vectorCompare)
    compare.opcode = (isDouble ? VectorUnary.ucomisd : .ucomiss).rawValue
    compare.a = source
    compare.isMemory = true
    compare.isPoolConstant = true
    compare.displacement = Int32(poolIndex(SIMD2(UInt64(bitPattern: bits(lower)), 0)))
    emit(compare)
    trap(if: .parity, .invalidConversionToInteger)
    trap(if: excludesLower ? .belowOrEqual : .below, .integerOverflow)
    compare.displacement = Int32(poolIndex(SIMD2(UInt64(bitPattern: bits(upper)), 0)))
    emit(compare)
    trap(if: .aboveOrEqual, .integerOverflow)
    if instruction.type == .i64, !isSigned {
      var truncate = MachineInstruction(.truncateUnsigned64)
      truncate.sub = isDouble ? 1 : 0
      truncate.b = source
      truncate.d = define(value)
      emit(truncate)
      return
    }
    var truncate = MachineInstruction(.convertToInteger)
    truncate.size = instruction.type == .i32 && isSigned ? .double : .quad
    truncate.sub = isDouble ? 1 : 0
    truncate.b = source
    truncate.d = define(value)
    emit(truncate)
  }
}
