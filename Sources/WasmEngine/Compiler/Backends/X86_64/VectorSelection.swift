import WebAssembly

/// The vector instructions that the processor has as they are, for which a load can be part of the instruction.
enum VectorSelection {
  /// The one instruction for two operands; with `isTurned` the second one comes first.
  static func binary(_ opcode: Opcode) -> (operation: VectorBinary, isTurned: Bool)? {
    switch opcode {
    case .v128Andnot: (.pandn, true)
    // Both return their second operand for NaN and for zeros of either sign, which is the first one of pmin and pmax.
    case .f32x4Pmin: (.minps, true)
    case .f32x4Pmax: (.maxps, true)
    case .f64x2Pmin: (.minpd, true)
    case .f64x2Pmax: (.maxpd, true)
    default: (integerBinary(opcode) ?? floatBinary(opcode)).map { ($0, false) }
    }
  }

  private static func integerBinary(_ opcode: Opcode) -> VectorBinary? {
    switch opcode {
    case .v128And: .pand
    case .v128Or: .por
    case .v128Xor: .pxor
    case .i8x16Eq: .pcmpeqb
    case .i16x8Eq: .pcmpeqw
    case .i32x4Eq: .pcmpeqd
    case .i64x2Eq: .pcmpeqq
    case .i8x16GtS: .pcmpgtb
    case .i16x8GtS: .pcmpgtw
    case .i32x4GtS: .pcmpgtd
    case .i64x2GtS: .pcmpgtq
    case .i8x16NarrowI16x8S: .packsswb
    case .i8x16NarrowI16x8U: .packuswb
    case .i16x8NarrowI32x4S: .packssdw
    case .i16x8NarrowI32x4U: .packusdw
    case .i8x16Add: .paddb
    case .i8x16AddSatS: .paddsb
    case .i8x16AddSatU: .paddusb
    case .i8x16Sub: .psubb
    case .i8x16SubSatS: .psubsb
    case .i8x16SubSatU: .psubusb
    case .i8x16MinS: .pminsb
    case .i8x16MinU: .pminub
    case .i8x16MaxS: .pmaxsb
    case .i8x16MaxU: .pmaxub
    case .i8x16AvgrU: .pavgb
    case .i16x8Add: .paddw
    case .i16x8AddSatS: .paddsw
    case .i16x8AddSatU: .paddusw
    case .i16x8Sub: .psubw
    case .i16x8SubSatS: .psubsw
    case .i16x8SubSatU: .psubusw
    case .i16x8Mul: .pmullw
    case .i16x8MinS: .pminsw
    case .i16x8MinU: .pminuw
    case .i16x8MaxS: .pmaxsw
    case .i16x8MaxU: .pmaxuw
    case .i16x8AvgrU: .pavgw
    case .i32x4Add: .paddd
    case .i32x4Sub: .psubd
    case .i32x4Mul: .pmulld
    case .i32x4MinS: .pminsd
    case .i32x4MinU: .pminud
    case .i32x4MaxS: .pmaxsd
    case .i32x4MaxU: .pmaxud
    case .i32x4DotI16x8S: .pmaddwd
    case .i64x2Add: .paddq
    case .i64x2Sub: .psubq
    default: nil
    }
  }

  private static func floatBinary(_ opcode: Opcode) -> VectorBinary? {
    switch opcode {
    case .f32x4Add: .addps
    case .f32x4Sub: .subps
    case .f32x4Mul: .mulps
    case .f32x4Div: .divps
    case .f64x2Add: .addpd
    case .f64x2Sub: .subpd
    case .f64x2Mul: .mulpd
    case .f64x2Div: .divpd
    default: nil
    }
  }

  /// Whether the operands may change places.
  static func commutes(_ opcode: Opcode) -> Bool {
    guard let (operation, isTurned) = binary(opcode), !isTurned else { return false }
    switch operation {
    case .pcmpgtb, .pcmpgtw, .pcmpgtd, .pcmpgtq, .packsswb, .packuswb, .packssdw, .packusdw, .psubb, .psubw, .psubd,
      .psubq, .psubsb, .psubsw, .psubusb, .psubusw, .subps, .subpd, .divps, .divpd:
      return false
    default:
      return true
    }
  }

  /// A comparison of floats: the predicate of cmpps or cmppd.
  static func comparison(_ opcode: Opcode) -> (operation: VectorBinaryImmediate, predicate: Int64)? {
    switch opcode {
    case .f32x4Eq: (.cmpps, 0)
    case .f32x4Lt: (.cmpps, 1)
    case .f32x4Le: (.cmpps, 2)
    case .f32x4Ne: (.cmpps, 4)
    case .f64x2Eq: (.cmppd, 0)
    case .f64x2Lt: (.cmppd, 1)
    case .f64x2Le: (.cmppd, 2)
    case .f64x2Ne: (.cmppd, 4)
    default: nil
    }
  }

  static func unary(_ opcode: Opcode) -> VectorUnary? {
    switch opcode {
    case .i8x16Abs: .pabsb
    case .i16x8Abs: .pabsw
    case .i32x4Abs: .pabsd
    case .f32x4Sqrt: .sqrtps
    case .f64x2Sqrt: .sqrtpd
    case .f32x4ConvertI32x4S: .cvtdq2ps
    case .f32x4DemoteF64x2Zero: .cvtpd2ps
    default: nil
    }
  }

  /// As ``unary(_:)``, for what reads the lower half of its operand alone; 16 bytes are not loaded for it.
  static func unaryOfLow(_ opcode: Opcode) -> VectorUnary? {
    switch opcode {
    case .i16x8ExtendLowI8x16S: .pmovsxbw
    case .i16x8ExtendLowI8x16U: .pmovzxbw
    case .i32x4ExtendLowI16x8S: .pmovsxwd
    case .i32x4ExtendLowI16x8U: .pmovzxwd
    case .i64x2ExtendLowI32x4S: .pmovsxdq
    case .i64x2ExtendLowI32x4U: .pmovzxdq
    case .f64x2ConvertLowI32x4S: .cvtdq2pd
    case .f64x2PromoteLowF32x4: .cvtps2pd
    default: nil
    }
  }

  /// Rounding, by the mode of roundps and roundpd (8: no exception for inexact results).
  static func rounding(_ opcode: Opcode) -> (operation: VectorUnaryImmediate, mode: Int64)? {
    switch opcode {
    case .f32x4Nearest: (.roundps, 8)
    case .f32x4Floor: (.roundps, 9)
    case .f32x4Ceil: (.roundps, 10)
    case .f32x4Trunc: (.roundps, 11)
    case .f64x2Nearest: (.roundpd, 8)
    case .f64x2Floor: (.roundpd, 9)
    case .f64x2Ceil: (.roundpd, 10)
    case .f64x2Trunc: (.roundpd, 11)
    default: nil
    }
  }

  static func splat(_ opcode: Opcode) -> VectorUnary? {
    switch opcode {
    case .i8x16Splat: .vpbroadcastb
    case .i16x8Splat: .vpbroadcastw
    case .i32x4Splat, .f32x4Splat: .vpbroadcastd
    case .i64x2Splat: .vpbroadcastq
    case .f64x2Splat: .movddup
    default: nil
    }
  }

  /// The width of the lane that an instruction puts into a vector or repeats.
  static func laneSize(_ opcode: Opcode) -> OperandSize? {
    switch opcode {
    case .i8x16Splat, .i8x16ReplaceLane: .byte
    case .i16x8Splat, .i16x8ReplaceLane: .word
    case .i32x4Splat, .i32x4ReplaceLane, .f32x4Splat, .f32x4ReplaceLane: .double
    case .i64x2Splat, .i64x2ReplaceLane, .f64x2Splat, .f64x2ReplaceLane: .quad
    default: nil
    }
  }

  /// Whether each lane of the result is all ones or all zeros.
  static func makesMask(_ opcode: Opcode) -> Bool {
    let raw = opcode.rawValue
    return raw >= Opcode.i8x16Eq.rawValue && raw <= Opcode.f64x2Ge.rawValue
      || raw >= Opcode.i64x2Eq.rawValue && raw <= Opcode.i64x2GeS.rawValue
  }

  /// Whether a load of an operand can be part of the instruction, and of which: true for the first.
  static func memoryOperand(_ opcode: Opcode) -> Bool? {
    if let (_, isTurned) = binary(opcode) { return isTurned }
    if comparison(opcode) != nil { return false }
    if unary(opcode) != nil || rounding(opcode) != nil { return true }
    return nil
  }
}
