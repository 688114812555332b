import WebAssembly

// Vector instructions on floats that take several of the machine's (Core 3.0, 4.3.3 and 4.3.4 for each lane).
extension Lowering {
  mutating func lowerVectorFloat(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    switch opcode {
    case .f32x4Abs: maskLanes(value, instruction, .andps, Self.splat(0x7FFF_FFFF, 32))
    case .f64x2Abs: maskLanes(value, instruction, .andpd, SIMD2(repeating: 0x7FFF_FFFF_FFFF_FFFF))
    case .f32x4Neg: maskLanes(value, instruction, .xorps, Self.splat(0x8000_0000, 32))
    case .f64x2Neg: maskLanes(value, instruction, .xorpd, SIMD2(repeating: 1 << 63))
    case .f32x4Min: extremes(value, instruction, .minps, .orps, .addps, .cmpps, .vblendvps)
    case .f32x4Max: extremes(value, instruction, .maxps, .andps, .addps, .cmpps, .vblendvps)
    case .f64x2Min: extremes(value, instruction, .minpd, .orpd, .addpd, .cmppd, .vblendvpd)
    case .f64x2Max: extremes(value, instruction, .maxpd, .andpd, .addpd, .cmppd, .vblendvpd)
    case .i32x4TruncSatF32x4S: truncateSigned(value, instruction)
    case .i32x4TruncSatF32x4U: truncateUnsigned(value, instruction)
    case .i32x4TruncSatF64x2SZero:
      // The upper bound, or 0 for NaN: the minimum of NaN and that is that. What is too low converts to the least number.
      let a = use(instruction.a)
      let isNumber = vector(VectorBinaryImmediate.cmppd, a, .register(a), 0)
      let bound = vector(
        VectorBinary.andpd, isNumber, .constant(SIMD2(repeating: (0x1p31 - 1).bitPattern)))
      let bounded = vector(VectorBinary.minpd, a, .register(bound))
      vector(VectorUnary.cvttpd2dq, .register(bounded), into: define(value))
    case .i32x4TruncSatF64x2UZero:
      // Within bounds, NaN as 0; an integral number plus 2^52 has the integer in its low bits.
      let positive = vector(VectorBinary.maxpd, use(instruction.a), .constant(.zero))
      let bounded = vector(
        VectorBinary.minpd, positive, .constant(SIMD2(repeating: (0x1p32 - 1).bitPattern)))
      let integral = vector(VectorUnaryImmediate.roundpd, .register(bounded), 11)
      let sum = vector(VectorBinary.addpd, integral, .constant(SIMD2(repeating: (0x1p52).bitPattern)))
      vector(VectorBinaryImmediate.shufps, sum, .constant(.zero), 0x88, into: define(value))
    case .f32x4ConvertI32x4U:
      // Both halves are exact, so that only the sum rounds.
      let a = use(instruction.a)
      let low = vector(VectorBinary.pand, a, .constant(Self.splat(0xFFFF, 32)))
      let high = vector(VectorUnary.cvtdq2ps, .register(vector(VectorShift.psrld, a, by: 16)))
      let scaled = vector(
        VectorBinary.mulps, high, .constant(Self.splat(UInt64(Float(0x1p16).bitPattern), 32)))
      vector(
        VectorBinary.addps, scaled, .register(vector(VectorUnary.cvtdq2ps, .register(low))), into: define(value))
    case .f64x2ConvertLowI32x4U:
      // Under the upper half of 2^52 the integer makes the number 2^52 more.
      let number = vector(VectorBinary.unpcklps, use(instruction.a), .constant(Self.splat(0x4330_0000, 32)))
      vector(VectorBinary.subpd, number, .constant(SIMD2(repeating: (0x1p52).bitPattern)), into: define(value))
    default:
      return false
    }
    return true
  }

  private mutating func maskLanes(
    _ value: IRValue, _ instruction: IRInstruction, _ operation: VectorBinary, _ mask: SIMD2<UInt64>
  ) {
    vector(operation, use(instruction.a), .constant(mask), into: define(value))
  }

  /// min and max. The machine's return the second operand for NaN and for zeros of either sign: done both ways, the
  /// results are the same or zeros, which `join` makes the right one of. Of unordered lanes the sum is the quiet NaN.
  private mutating func extremes(
    _ value: IRValue, _ instruction: IRInstruction, _ extreme: VectorBinary, _ join: VectorBinary,
    _ add: VectorBinary, _ compare: VectorBinaryImmediate, _ blend: VectorBlend
  ) {
    let a = use(instruction.a)
    let b = use(instruction.b)
    let first = vector(extreme, a, .register(b))
    let second = vector(extreme, b, .register(a))
    let joined = vector(join, first, .register(second))
    let isUnordered = vector(compare, a, .register(b), 3)
    let sum = vector(add, a, .register(b))
    self.blend(blend, joined, sum, mask: isUnordered, into: define(value))
  }

  /// NaN becomes 0 first; what is too large converts to the least number, whose bits are then inverted.
  private mutating func truncateSigned(_ value: IRValue, _ instruction: IRInstruction) {
    let a = use(instruction.a)
    let isNumber = vector(VectorBinaryImmediate.cmpps, a, .register(a), 0)
    let number = vector(VectorBinary.andps, a, .register(isNumber))
    let integer = vector(VectorUnary.cvttps2dq, .register(number))
    let isLarge = vector(
      VectorBinaryImmediate.cmpps, number, .constant(Self.splat(UInt64(Float(0x1p31).bitPattern), 32)), 5)
    vector(VectorBinary.pxor, integer, .register(isLarge), into: define(value))
  }

  /// What is below 2^31 converts as it is, else to 2^31, to which the rest is added: between 0 and 2^31 - 1, which is also
  /// what it is if it does not fit.
  private mutating func truncateUnsigned(_ value: IRValue, _ instruction: IRInstruction) {
    let zero = vectorConstant(.zero)
    let limit = VectorOperand.constant(Self.splat(UInt64(Float(0x1p31).bitPattern), 32))
    let number = vector(VectorBinary.maxps, use(instruction.a), .register(zero))
    let integer = vector(VectorUnary.cvttps2dq, .register(number))
    let rest = vector(VectorBinary.subps, number, limit)
    let isLarge = vector(VectorBinaryImmediate.cmpps, rest, limit, 5)
    let converted = vector(VectorUnary.cvttps2dq, .register(rest))
    let bounded = vector(VectorBinary.pxor, converted, .register(isLarge))
    let positive = vector(VectorBinary.pmaxsd, bounded, .register(zero))
    vector(VectorBinary.paddd, integer, .register(positive), into: define(value))
  }
}
