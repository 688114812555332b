import WebAssembly

// Vector instructions between lanes of one width and of twice that, and shifts.
extension Lowering {
  mutating func lowerVectorWide(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    switch opcode {
    case .i16x8ExtendHighI8x16S: extendHigh(use(instruction.a), 8, isSigned: true, into: define(value))
    case .i16x8ExtendHighI8x16U: extendHigh(use(instruction.a), 8, isSigned: false, into: define(value))
    case .i32x4ExtendHighI16x8S: extendHigh(use(instruction.a), 16, isSigned: true, into: define(value))
    case .i32x4ExtendHighI16x8U: extendHigh(use(instruction.a), 16, isSigned: false, into: define(value))
    case .i64x2ExtendHighI32x4S: extendHigh(use(instruction.a), 32, isSigned: true, into: define(value))
    case .i64x2ExtendHighI32x4U: extendHigh(use(instruction.a), 32, isSigned: false, into: define(value))
    case .i16x8ExtaddPairwiseI8x16S:
      // The first operand's bytes are unsigned, the second one's signed.
      let a = use(instruction.a)
      vector(VectorBinary.pmaddubsw, vectorConstant(Self.splat(1, 8)), .register(a), into: define(value))
    case .i16x8ExtaddPairwiseI8x16U:
      vector(VectorBinary.pmaddubsw, use(instruction.a), .constant(Self.splat(1, 8)), into: define(value))
    case .i32x4ExtaddPairwiseI16x8S:
      vector(VectorBinary.pmaddwd, use(instruction.a), .constant(Self.splat(1, 16)), into: define(value))
    case .i32x4ExtaddPairwiseI16x8U:
      // 2^15 is taken off each summand, so that it is signed, and put back twice.
      let signed = vector(VectorBinary.pxor, use(instruction.a), .constant(Self.splat(0x8000, 16)))
      let sum = vector(VectorBinary.pmaddwd, signed, .constant(Self.splat(1, 16)))
      vector(VectorBinary.paddd, sum, .constant(Self.splat(0x1_0000, 32)), into: define(value))
    case .i16x8ExtmulLowI8x16S: multiplyBytes(value, instruction, .pmovsxbw)
    case .i16x8ExtmulLowI8x16U: multiplyBytes(value, instruction, .pmovzxbw)
    case .i16x8ExtmulHighI8x16S: multiplyHighBytes(value, instruction, isSigned: true)
    case .i16x8ExtmulHighI8x16U: multiplyHighBytes(value, instruction, isSigned: false)
    case .i32x4ExtmulLowI16x8S: multiplyWords(value, instruction, .pmulhw, .punpcklwd)
    case .i32x4ExtmulLowI16x8U: multiplyWords(value, instruction, .pmulhuw, .punpcklwd)
    case .i32x4ExtmulHighI16x8S: multiplyWords(value, instruction, .pmulhw, .punpckhwd)
    case .i32x4ExtmulHighI16x8U: multiplyWords(value, instruction, .pmulhuw, .punpckhwd)
    case .i64x2ExtmulLowI32x4S: multiplyDoubles(value, instruction, .pmuldq, 0x50)
    case .i64x2ExtmulLowI32x4U: multiplyDoubles(value, instruction, .pmuludq, 0x50)
    case .i64x2ExtmulHighI32x4S: multiplyDoubles(value, instruction, .pmuldq, 0xFA)
    case .i64x2ExtmulHighI32x4U: multiplyDoubles(value, instruction, .pmuludq, 0xFA)
    default:
      return false
    }
    return true
  }

  /// The lanes of the upper half, of 8, 16 or 32 bits, at twice the width.
  @discardableResult
  private mutating func extendHigh(
    _ source: VirtualRegister, _ bits: Int, isSigned: Bool, into target: VirtualRegister = .none
  ) -> VirtualRegister {
    switch (bits, isSigned) {
    case (8, true):
      return vector(
        VectorShift.psraw, vector(VectorBinary.punpckhbw, source, .register(source)), by: 8, into: target)
    case (16, true):
      return vector(
        VectorShift.psrad, vector(VectorBinary.punpckhwd, source, .register(source)), by: 16, into: target)
    case (8, false): return vector(VectorBinary.punpckhbw, source, .register(vectorConstant(.zero)), into: target)
    case (16, false): return vector(VectorBinary.punpckhwd, source, .register(vectorConstant(.zero)), into: target)
    case (_, false): return vector(VectorBinary.punpckhdq, source, .register(vectorConstant(.zero)), into: target)
    default:
      let upper = vector(VectorUnaryImmediate.pshufd, .register(source), 0xEE)
      return vector(VectorUnary.pmovsxdq, .register(upper), into: target)
    }
  }

  private mutating func multiplyBytes(_ value: IRValue, _ instruction: IRInstruction, _ extend: VectorUnary) {
    let a = vector(extend, .register(use(instruction.a)))
    let b = instruction.b == instruction.a ? a : vector(extend, .register(use(instruction.b)))
    vector(VectorBinary.pmullw, a, .register(b), into: define(value))
  }

  private mutating func multiplyHighBytes(_ value: IRValue, _ instruction: IRInstruction, isSigned: Bool) {
    let a = extendHigh(use(instruction.a), 8, isSigned: isSigned)
    let b = instruction.b == instruction.a ? a : extendHigh(use(instruction.b), 8, isSigned: isSigned)
    vector(VectorBinary.pmullw, a, .register(b), into: define(value))
  }

  private mutating func multiplyWords(
    _ value: IRValue, _ instruction: IRInstruction, _ upper: VectorBinary, _ unpack: VectorBinary
  ) {
    let a = use(instruction.a)
    let b = use(instruction.b)
    let low = vector(VectorBinary.pmullw, a, .register(b))
    let high = vector(upper, a, .register(b))
    vector(unpack, low, .register(high), into: define(value))
  }

  private mutating func multiplyDoubles(
    _ value: IRValue, _ instruction: IRInstruction, _ multiply: VectorBinary, _ control: Int64
  ) {
    let a = vector(VectorUnaryImmediate.pshufd, .register(use(instruction.a)), control)
    let b =
      instruction.b == instruction.a
      ? a : vector(VectorUnaryImmediate.pshufd, .register(use(instruction.b)), control)
    vector(multiply, a, .register(b), into: define(value))
  }

  // MARK: Shifts

  private enum Direction { case left, arithmetic, right }

  mutating func lowerVectorShift(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    let (bits, direction): (Int64, Direction)
    switch opcode {
    case .i8x16Shl: (bits, direction) = (8, .left)
    case .i8x16ShrS: (bits, direction) = (8, .arithmetic)
    case .i8x16ShrU: (bits, direction) = (8, .right)
    case .i16x8Shl: (bits, direction) = (16, .left)
    case .i16x8ShrS: (bits, direction) = (16, .arithmetic)
    case .i16x8ShrU: (bits, direction) = (16, .right)
    case .i32x4Shl: (bits, direction) = (32, .left)
    case .i32x4ShrS: (bits, direction) = (32, .arithmetic)
    case .i32x4ShrU: (bits, direction) = (32, .right)
    case .i64x2Shl: (bits, direction) = (64, .left)
    case .i64x2ShrS: (bits, direction) = (64, .arithmetic)
    case .i64x2ShrU: (bits, direction) = (64, .right)
    default: return false
    }
    let a = use(instruction.a)
    if let known = ir.constant(instruction.b) {
      let count = known & (bits - 1)
      if count == 0 {
        emitMove(define(value), a)
      } else {
        shift(define(value), a, bits, direction, by: count)
      }
      return true
    }
    let masked = newRegister(.i32)
    emitMove(masked, use(instruction.b))
    arithmetic(.and, masked, bits - 1)
    if bits == 8, direction == .arithmetic {
      // As the upper halves of words.
      arithmetic(.add, masked, 8)
      let count = toVector(masked, .double)
      let low = vector(VectorBinary.psraw, vector(VectorBinary.punpcklbw, a, .register(a)), .register(count))
      let high = vector(VectorBinary.psraw, vector(VectorBinary.punpckhbw, a, .register(a)), .register(count))
      vector(VectorBinary.packsswb, low, .register(high), into: define(value))
      return true
    }
    shift(define(value), a, bits, direction, by: toVector(masked, .double))
    return true
  }

  private mutating func arithmetic(_ operation: Arithmetic, _ target: VirtualRegister, _ constant: Int64) {
    var result = MachineInstruction(.arithmetic)
    result.size = .double
    result.sub = operation.rawValue
    result.usesImmediate = true
    result.imm = constant
    result.d = target
    result.a = target
    emit(result)
  }

  /// A shift by a known count between 1 and the width less 1.
  private mutating func shift(
    _ target: VirtualRegister, _ a: VirtualRegister, _ bits: Int64, _ direction: Direction, by count: Int64
  ) {
    switch (bits, direction) {
    case (8, .left):
      let shifted = vector(VectorShift.psllw, a, by: count)
      vector(
        VectorBinary.pand, shifted, .constant(Self.splat((0xFF << UInt64(count)) & 0xFF, 8)), into: target)
    case (8, .right):
      let shifted = vector(VectorShift.psrlw, a, by: count)
      vector(VectorBinary.pand, shifted, .constant(Self.splat(0xFF >> UInt64(count), 8)), into: target)
    case (8, .arithmetic):
      // The sign bit, where it is after the shift: x ^ s - s extends it.
      let sign = VectorOperand.constant(Self.splat(0x80 >> UInt64(count), 8))
      let shifted = vector(VectorShift.psrlw, a, by: count)
      let kept = vector(VectorBinary.pand, shifted, .constant(Self.splat(0xFF >> UInt64(count), 8)))
      vector(VectorBinary.psubb, vector(VectorBinary.pxor, kept, sign), sign, into: target)
    case (16, .left): vector(VectorShift.psllw, a, by: count, into: target)
    case (16, .arithmetic): vector(VectorShift.psraw, a, by: count, into: target)
    case (16, .right): vector(VectorShift.psrlw, a, by: count, into: target)
    case (32, .left): vector(VectorShift.pslld, a, by: count, into: target)
    case (32, .arithmetic): vector(VectorShift.psrad, a, by: count, into: target)
    case (32, .right): vector(VectorShift.psrld, a, by: count, into: target)
    case (_, .left): vector(VectorShift.psllq, a, by: count, into: target)
    case (_, .right): vector(VectorShift.psrlq, a, by: count, into: target)
    default:
      let sign = VectorOperand.constant(SIMD2(repeating: (1 << 63) >> UInt64(count)))
      let shifted = vector(VectorShift.psrlq, a, by: count)
      vector(VectorBinary.psubq, vector(VectorBinary.pxor, shifted, sign), sign, into: target)
    }
  }

  /// A shift by a count in a vector register, less than the width.
  private mutating func shift(
    _ target: VirtualRegister, _ a: VirtualRegister, _ bits: Int64, _ direction: Direction, by count: VirtualRegister
  ) {
    let operand = VectorOperand.register(count)
    switch (bits, direction) {
    case (8, .left), (8, .right):
      // The bits that come from the neighbours are taken out by a byte of ones that is shifted likewise.
      let operation: VectorBinary = direction == .left ? .psllw : .psrlw
      let shifted = vector(operation, a, operand)
      let ones = vector(operation, vectorConstant(Self.splat(0x00FF, 16)), operand)
      vector(VectorBinary.pand, shifted, .register(broadcast(.vpbroadcastb, ones)), into: target)
    case (16, .left): vector(VectorBinary.psllw, a, operand, into: target)
    case (16, .arithmetic): vector(VectorBinary.psraw, a, operand, into: target)
    case (16, .right): vector(VectorBinary.psrlw, a, operand, into: target)
    case (32, .left): vector(VectorBinary.pslld, a, operand, into: target)
    case (32, .arithmetic): vector(VectorBinary.psrad, a, operand, into: target)
    case (32, .right): vector(VectorBinary.psrld, a, operand, into: target)
    case (_, .left): vector(VectorBinary.psllq, a, operand, into: target)
    case (_, .right): vector(VectorBinary.psrlq, a, operand, into: target)
    default:
      let sign = vector(VectorBinary.psrlq, vectorConstant(SIMD2(repeating: 1 << 63)), operand)
      let shifted = vector(VectorBinary.psrlq, a, operand)
      vector(
        VectorBinary.psubq, vector(VectorBinary.pxor, shifted, .register(sign)), .register(sign), into: target)
    }
  }
}
