// Floating-point operations (Core 3.0, 4.3.3).
//
// A NaN result need not be a particular one: it must be canonical where every NaN operand is, and otherwise have the top
// bit of its payload set (4.3.3.2, NaN propagation). The processor's addition, multiplication, division, square root,
// promotion and demotion do that by themselves, so +, -, *, / and conversions stand in the handlers as they are. What is
// here is what Swift's own operations define differently, or not at all.
extension Numerics {
  /// fmin: NaN if either operand is; −0 is less than +0.
  @inline(__always)
  static func minimum<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F {
    if a < b { return a }
    if b < a { return b }
    // Equal: only zeros can differ, and the negative one is wanted. Unordered: the sum is the quiet NaN.
    return a == b ? (a.sign == .minus ? a : b) : a + b
  }

  /// fmax: NaN if either operand is; +0 is greater than −0.
  @inline(__always)
  static func maximum<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F {
    if a > b { return a }
    if b > a { return b }
    return a == b ? (a.sign == .minus ? b : a) : a + b
  }

  /// fceil
  @inline(__always)
  static func ceil<F: BinaryFloatingPoint>(_ a: F) -> F { a.rounded(.up) }

  /// ffloor
  @inline(__always)
  static func floor<F: BinaryFloatingPoint>(_ a: F) -> F { a.rounded(.down) }

  /// ftrunc
  @inline(__always)
  static func trunc<F: BinaryFloatingPoint>(_ a: F) -> F { a.rounded(.towardZero) }

  /// fnearest: halves go to the even neighbour.
  @inline(__always)
  static func nearest<F: BinaryFloatingPoint>(_ a: F) -> F { a.rounded(.toNearestOrEven) }

  // fabs, fneg and fcopysign change the sign bit and nothing else, in NaNs too: they work on the bits.

  /// fabs of the bits of an f32
  @inline(__always)
  static func absolute(_ a: UInt32) -> UInt32 { a & 0x7FFF_FFFF }

  /// fabs of the bits of an f64
  @inline(__always)
  static func absolute(_ a: UInt64) -> UInt64 { a & 0x7FFF_FFFF_FFFF_FFFF }

  /// fneg of the bits of an f32
  @inline(__always)
  static func negate(_ a: UInt32) -> UInt32 { a ^ 0x8000_0000 }

  /// fneg of the bits of an f64
  @inline(__always)
  static func negate(_ a: UInt64) -> UInt64 { a ^ 0x8000_0000_0000_0000 }

  /// fcopysign of the bits of two f32: the magnitude of the first with the sign of the second
  @inline(__always)
  static func copySign(_ a: UInt32, _ b: UInt32) -> UInt32 { (a & 0x7FFF_FFFF) | (b & 0x8000_0000) }

  /// fcopysign of the bits of two f64: the magnitude of the first with the sign of the second
  @inline(__always)
  static func copySign(_ a: UInt64, _ b: UInt64) -> UInt64 {
    (a & 0x7FFF_FFFF_FFFF_FFFF) | (b & 0x8000_0000_0000_0000)
  }
}
