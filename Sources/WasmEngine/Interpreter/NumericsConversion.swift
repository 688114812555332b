// Conversions from floating-point numbers to integers (Core 3.0, 4.3.4).
//
// A number is convertible where its integral part is in range. Each bound is written as the comparison that is exact in
// the operand's own format: an open one where the format has numbers between the limit and the limit ± 1, a closed one
// where it has none. NaN fails every comparison. The others (wrap, extend, convert, promote, demote, reinterpret) are
// Swift's initialisers `truncatingIfNeeded:`, `init(_:)` and `bitPattern:`, which round to nearest, ties to even.
extension Numerics {
  /// i32.trunc_f32_s
  @inline(__always)
  static func truncateToInt32(_ a: Float) -> Outcome<Int32> {
    guard a >= -0x1p31, a < 0x1p31 else { return .trap(unconvertible(a)) }
    return .value(Int32(a))
  }

  /// i32.trunc_f64_s
  @inline(__always)
  static func truncateToInt32(_ a: Double) -> Outcome<Int32> {
    guard a > -2147483649.0, a < 0x1p31 else { return .trap(unconvertible(a)) }
    return .value(Int32(a))
  }

  /// i32.trunc_f32_u
  @inline(__always)
  static func truncateToUInt32(_ a: Float) -> Outcome<UInt32> {
    guard a > -1, a < 0x1p32 else { return .trap(unconvertible(a)) }
    return .value(UInt32(a))
  }

  /// i32.trunc_f64_u
  @inline(__always)
  static func truncateToUInt32(_ a: Double) -> Outcome<UInt32> {
    guard a > -1, a < 0x1p32 else { return .trap(unconvertible(a)) }
    return .value(UInt32(a))
  }

  /// i64.trunc_f32_s
  @inline(__always)
  static func truncateToInt64(_ a: Float) -> Outcome<Int64> {
    guard a >= -0x1p63, a < 0x1p63 else { return .trap(unconvertible(a)) }
    return .value(Int64(a))
  }

  /// i64.trunc_f64_s
  @inline(__always)
  static func truncateToInt64(_ a: Double) -> Outcome<Int64> {
    guard a >= -0x1p63, a < 0x1p63 else { return .trap(unconvertible(a)) }
    return .value(Int64(a))
  }

  /// i64.trunc_f32_u
  @inline(__always)
  static func truncateToUInt64(_ a: Float) -> Outcome<UInt64> {
    guard a > -1, a < 0x1p64 else { return .trap(unconvertible(a)) }
    return .value(UInt64(a))
  }

  /// i64.trunc_f64_u
  @inline(__always)
  static func truncateToUInt64(_ a: Double) -> Outcome<UInt64> {
    guard a > -1, a < 0x1p64 else { return .trap(unconvertible(a)) }
    return .value(UInt64(a))
  }

  /// The trap of a number that has no integer.
  @inline(__always)
  private static func unconvertible<F: BinaryFloatingPoint>(_ a: F) -> Trap.Kind {
    a.isNaN ? .invalidConversionToInteger : .integerOverflow
  }

  /// i32.trunc_sat_f32_s
  @inline(__always)
  static func saturateToInt32(_ a: Float) -> Int32 {
    if a >= -0x1p31, a < 0x1p31 { return Int32(a) }
    return a.isNaN ? 0 : a < 0 ? .min : .max
  }

  /// i32.trunc_sat_f64_s
  @inline(__always)
  static func saturateToInt32(_ a: Double) -> Int32 {
    if a > -2147483649.0, a < 0x1p31 { return Int32(a) }
    return a.isNaN ? 0 : a < 0 ? .min : .max
  }

  /// i32.trunc_sat_f32_u
  @inline(__always)
  static func saturateToUInt32(_ a: Float) -> UInt32 {
    if a > -1, a < 0x1p32 { return UInt32(a) }
    return a > 0 ? .max : 0
  }

  /// i32.trunc_sat_f64_u
  @inline(__always)
  static func saturateToUInt32(_ a: Double) -> UInt32 {
    if a > -1, a < 0x1p32 { return UInt32(a) }
    return a > 0 ? .max : 0
  }

  /// i64.trunc_sat_f32_s
  @inline(__always)
  static func saturateToInt64(_ a: Float) -> Int64 {
    if a >= -0x1p63, a < 0x1p63 { return Int64(a) }
    return a.isNaN ? 0 : a < 0 ? .min : .max
  }

  /// i64.trunc_sat_f64_s
  @inline(__always)
  static func saturateToInt64(_ a: Double) -> Int64 {
    if a >= -0x1p63, a < 0x1p63 { return Int64(a) }
    return a.isNaN ? 0 : a < 0 ? .min : .max
  }

  /// i64.trunc_sat_f32_u
  @inline(__always)
  static func saturateToUInt64(_ a: Float) -> UInt64 {
    if a > -1, a < 0x1p64 { return UInt64(a) }
    return a > 0 ? .max : 0
  }

  /// i64.trunc_sat_f64_u
  @inline(__always)
  static func saturateToUInt64(_ a: Double) -> UInt64 {
    if a > -1, a < 0x1p64 { return UInt64(a) }
    return a > 0 ? .max : 0
  }
}
