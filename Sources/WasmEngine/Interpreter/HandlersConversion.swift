// Conversions (Core 3.0, 4.3.4). A reinterpretation leaves the slot as it is and has no handler.

extension HandlerTable {
  func addConversions() {
    set(.i32WrapI64) { unary($0, $1, $2) { (a: UInt64) in UInt32(truncatingIfNeeded: a) } }
    set(.i64ExtendI32S) { unary($0, $1, $2) { (a: Int32) in Int64(a) } }
    set(.i64ExtendI32U) { unary($0, $1, $2) { (a: UInt32) in UInt64(a) } }
    set(.i32TruncF32S) { trappingUnary($0, $1, $2) { (a: Float) in Numerics.truncateToInt32(a) } }
    set(.i32TruncSatF32S) { unary($0, $1, $2) { (a: Float) in Numerics.saturateToInt32(a) } }
    set(.f32ConvertI32S) { unary($0, $1, $2) { (a: Int32) in Float(a) } }
    set(.i32TruncF64S) { trappingUnary($0, $1, $2) { (a: Double) in Numerics.truncateToInt32(a) } }
    set(.i32TruncSatF64S) { unary($0, $1, $2) { (a: Double) in Numerics.saturateToInt32(a) } }
    set(.f64ConvertI32S) { unary($0, $1, $2) { (a: Int32) in Double(a) } }
    set(.i32TruncF32U) { trappingUnary($0, $1, $2) { (a: Float) in Numerics.truncateToUInt32(a) } }
    set(.i32TruncSatF32U) { unary($0, $1, $2) { (a: Float) in Numerics.saturateToUInt32(a) } }
    set(.f32ConvertI32U) { unary($0, $1, $2) { (a: UInt32) in Float(a) } }
    set(.i32TruncF64U) { trappingUnary($0, $1, $2) { (a: Double) in Numerics.truncateToUInt32(a) } }
    set(.i32TruncSatF64U) { unary($0, $1, $2) { (a: Double) in Numerics.saturateToUInt32(a) } }
    set(.f64ConvertI32U) { unary($0, $1, $2) { (a: UInt32) in Double(a) } }
    set(.i64TruncF32S) { trappingUnary($0, $1, $2) { (a: Float) in Numerics.truncateToInt64(a) } }
    set(.i64TruncSatF32S) { unary($0, $1, $2) { (a: Float) in Numerics.saturateToInt64(a) } }
    set(.f32ConvertI64S) { unary($0, $1, $2) { (a: Int64) in Float(a) } }
    set(.i64TruncF64S) { trappingUnary($0, $1, $2) { (a: Double) in Numerics.truncateToInt64(a) } }
    set(.i64TruncSatF64S) { unary($0, $1, $2) { (a: Double) in Numerics.saturateToInt64(a) } }
    set(.f64ConvertI64S) { unary($0, $1, $2) { (a: Int64) in Double(a) } }
    set(.i64TruncF32U) { trappingUnary($0, $1, $2) { (a: Float) in Numerics.truncateToUInt64(a) } }
    set(.i64TruncSatF32U) { unary($0, $1, $2) { (a: Float) in Numerics.saturateToUInt64(a) } }
    set(.f32ConvertI64U) { unary($0, $1, $2) { (a: UInt64) in Float(a) } }
    set(.i64TruncF64U) { trappingUnary($0, $1, $2) { (a: Double) in Numerics.truncateToUInt64(a) } }
    set(.i64TruncSatF64U) { unary($0, $1, $2) { (a: Double) in Numerics.saturateToUInt64(a) } }
    set(.f64ConvertI64U) { unary($0, $1, $2) { (a: UInt64) in Double(a) } }
    set(.f32DemoteF64) { unary($0, $1, $2) { (a: Double) in Float(a) } }
    set(.f64PromoteF32) { unary($0, $1, $2) { (a: Float) in Double(a) } }
  }
}
