import WebAssembly

// Vector instructions on integers that take several of the machine's.
extension Lowering {
  mutating func lowerVectorInteger(_ value: IRValue, _ instruction: IRInstruction, _ opcode: Opcode) -> Bool {
    switch opcode {
    case .v128Not:
      vector(VectorBinary.pxor, use(instruction.a), .constant(Self.ones), into: define(value))
    case .v128Bitselect: lowerBitselect(value, instruction)
    case .i8x16Ne: negated(value, instruction, .pcmpeqb)
    case .i16x8Ne: negated(value, instruction, .pcmpeqw)
    case .i32x4Ne: negated(value, instruction, .pcmpeqd)
    case .i64x2Ne: negated(value, instruction, .pcmpeqq)
    case .i8x16GeS: greaterOrEqual(value, instruction, .pmaxsb, .pcmpeqb)
    case .i8x16GeU: greaterOrEqual(value, instruction, .pmaxub, .pcmpeqb)
    case .i16x8GeS: greaterOrEqual(value, instruction, .pmaxsw, .pcmpeqw)
    case .i16x8GeU: greaterOrEqual(value, instruction, .pmaxuw, .pcmpeqw)
    case .i32x4GeS: greaterOrEqual(value, instruction, .pmaxsd, .pcmpeqd)
    case .i32x4GeU: greaterOrEqual(value, instruction, .pmaxud, .pcmpeqd)
    case .i8x16GtU: greater(value, instruction, .pminub, .pcmpeqb)
    case .i16x8GtU: greater(value, instruction, .pminuw, .pcmpeqw)
    case .i32x4GtU: greater(value, instruction, .pminud, .pcmpeqd)
    case .i64x2GeS:
      // Not less.
      let a = use(instruction.a)
      let isLess = greater64(use(instruction.b), .register(a))
      vector(VectorBinary.pxor, isLess, .constant(Self.ones), into: define(value))
    case .i8x16Neg: negate(value, instruction, .psubb)
    case .i16x8Neg: negate(value, instruction, .psubw)
    case .i32x4Neg: negate(value, instruction, .psubd)
    case .i64x2Neg: negate(value, instruction, .psubq)
    case .i64x2Abs:
      let a = use(instruction.a)
      let sign = greater64(vectorConstant(.zero), .register(a))
      vector(VectorBinary.psubq, vector(VectorBinary.pxor, a, .register(sign)), .register(sign), into: define(value))
    case .i8x16Popcnt: lowerPopulationCount(value, instruction)
    case .v128AnyTrue, .i8x16AllTrue, .i16x8AllTrue, .i32x4AllTrue, .i64x2AllTrue:
      if let condition = lowerVectorTest(instruction) { setFlag(define(value), condition) }
    case .i8x16Bitmask: bitmask(value, use(instruction.a), 0)
    case .i16x8Bitmask:
      // Saturation keeps the sign; the upper half is zero.
      bitmask(value, vector(VectorBinary.packsswb, use(instruction.a), .constant(.zero)), 0)
    case .i32x4Bitmask: bitmask(value, use(instruction.a), 1)
    case .i64x2Bitmask: bitmask(value, use(instruction.a), 2)
    case .i64x2Mul: lowerMultiply64(value, instruction)
    case .i16x8Q15mulrSatS:
      // The one product that does not fit, of the least number with itself, comes out as that number.
      let b = use(instruction.b)
      let product = vector(VectorBinary.pmulhrsw, use(instruction.a), .register(b))
      let isLeast = vector(VectorBinary.pcmpeqw, product, .constant(Self.splat(0x8000, 16)))
      vector(VectorBinary.pxor, product, .register(isLeast), into: define(value))
    case .i8x16Swizzle: lowerSwizzle(value, instruction)
    case .i8x16Shuffle: lowerShuffle(value, instruction)
    default:
      return false
    }
    return true
  }

  /// (a ∧ mask) ∨ (b ∧ ¬mask); where the mask comes from a comparison, its bytes are all ones or zeros.
  private mutating func lowerBitselect(_ value: IRValue, _ instruction: IRInstruction) {
    let mask = use(instruction.c)
    let a = use(instruction.a)
    let b = use(instruction.b)
    let source = ir[instruction.c]
    if source.operation == .vector, let opcode = Opcode(rawValue: source.aux), VectorSelection.makesMask(opcode) {
      blend(.vpblendvb, b, a, mask: mask, into: define(value))
      return
    }
    let chosen = vector(VectorBinary.pand, a, .register(mask))
    let others = vector(VectorBinary.pandn, mask, .register(b))
    vector(VectorBinary.por, chosen, .register(others), into: define(value))
  }

  private mutating func negated(_ value: IRValue, _ instruction: IRInstruction, _ compare: VectorBinary) {
    let a = use(instruction.a)
    let isEqual = vector(compare, a, .value(instruction.b))
    vector(VectorBinary.pxor, isEqual, .constant(Self.ones), into: define(value))
  }

  /// a >= b where the greater one of the two is a.
  private mutating func greaterOrEqual(
    _ value: IRValue, _ instruction: IRInstruction, _ maximum: VectorBinary, _ equal: VectorBinary
  ) {
    let a = use(instruction.a)
    let greater = vector(maximum, a, .value(instruction.b))
    vector(equal, greater, .register(a), into: define(value))
  }

  /// a > b where the lesser one of the two is not a.
  private mutating func greater(
    _ value: IRValue, _ instruction: IRInstruction, _ minimum: VectorBinary, _ equal: VectorBinary
  ) {
    let a = use(instruction.a)
    let lesser = vector(minimum, a, .value(instruction.b))
    let isNot = vector(equal, lesser, .register(a))
    vector(VectorBinary.pxor, isNot, .constant(Self.ones), into: define(value))
  }

  private mutating func negate(_ value: IRValue, _ instruction: IRInstruction, _ subtract: VectorBinary) {
    let a = use(instruction.a)
    vector(subtract, vectorConstant(.zero), .register(a), into: define(value))
  }

  /// The counts of both halves of each byte, from a table.
  private mutating func lowerPopulationCount(_ value: IRValue, _ instruction: IRInstruction) {
    let a = use(instruction.a)
    let low = vector(VectorBinary.pand, a, .constant(Self.splat(0x0F, 8)))
    let high = vector(VectorBinary.pand, vector(VectorShift.psrlw, a, by: 4), .constant(Self.splat(0x0F, 8)))
    let table = vectorConstant(SIMD2(0x0302_0201_0201_0100, 0x0403_0302_0302_0201))
    let lowCount = vector(VectorBinary.pshufb, table, .register(low))
    let highCount = vector(VectorBinary.pshufb, table, .register(high))
    vector(VectorBinary.paddb, lowCount, .register(highCount), into: define(value))
  }

  /// The low 64 bits of products, from those of halves: low·low + (high·low + low·high) · 2^32.
  private mutating func lowerMultiply64(_ value: IRValue, _ instruction: IRInstruction) {
    let a = use(instruction.a)
    let b = use(instruction.b)
    let first = vector(VectorBinary.pmuludq, vector(VectorShift.psrlq, a, by: 32), .register(b))
    let second = vector(VectorBinary.pmuludq, vector(VectorShift.psrlq, b, by: 32), .register(a))
    let cross = vector(VectorShift.psllq, vector(VectorBinary.paddq, first, .register(second)), by: 32)
    let low = vector(VectorBinary.pmuludq, a, .register(b))
    vector(VectorBinary.paddq, low, .register(cross), into: define(value))
  }
}
