// Relaxed vector instructions (Core 3.0, 5.4.10).
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let relaxedVector: [Operator] = [
    Operator(.i8x16RelaxedSwizzle, "i8x16.relaxed_swizzle", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.i32x4RelaxedTruncF32x4S, "i32x4.relaxed_trunc_f32x4_s", type: .unary(.v128), in: .relaxedSIMD),
    Operator(.i32x4RelaxedTruncF32x4U, "i32x4.relaxed_trunc_f32x4_u", type: .unary(.v128), in: .relaxedSIMD),
    Operator(.i32x4RelaxedTruncF64x2SZero, "i32x4.relaxed_trunc_f64x2_s_zero", type: .unary(.v128), in: .relaxedSIMD),
    Operator(.i32x4RelaxedTruncF64x2UZero, "i32x4.relaxed_trunc_f64x2_u_zero", type: .unary(.v128), in: .relaxedSIMD),
    Operator(.f32x4RelaxedMadd, "f32x4.relaxed_madd", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.f32x4RelaxedNmadd, "f32x4.relaxed_nmadd", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.f64x2RelaxedMadd, "f64x2.relaxed_madd", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.f64x2RelaxedNmadd, "f64x2.relaxed_nmadd", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.i8x16RelaxedLaneselect, "i8x16.relaxed_laneselect", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.i16x8RelaxedLaneselect, "i16x8.relaxed_laneselect", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.i32x4RelaxedLaneselect, "i32x4.relaxed_laneselect", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.i64x2RelaxedLaneselect, "i64x2.relaxed_laneselect", type: .ternary(.v128), in: .relaxedSIMD),
    Operator(.f32x4RelaxedMin, "f32x4.relaxed_min", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.f32x4RelaxedMax, "f32x4.relaxed_max", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.f64x2RelaxedMin, "f64x2.relaxed_min", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.f64x2RelaxedMax, "f64x2.relaxed_max", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.i16x8RelaxedQ15mulrS, "i16x8.relaxed_q15mulr_s", type: .binary(.v128), in: .relaxedSIMD),
    Operator(.i16x8RelaxedDotI8x16I7x16S, "i16x8.relaxed_dot_i8x16_i7x16_s", type: .binary(.v128), in: .relaxedSIMD),
    Operator(
      .i32x4RelaxedDotI8x16I7x16AddS, "i32x4.relaxed_dot_i8x16_i7x16_add_s", type: .ternary(.v128), in: .relaxedSIMD),
  ]
}
