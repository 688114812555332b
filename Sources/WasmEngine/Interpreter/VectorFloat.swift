// Floating-point vector operations (Core 3.0, 4.3.6 with 4.3.3 for each lane). Addition, subtraction, multiplication and
// division are the operators of the SIMD types; fabs and fneg are bit operations.

extension Vector {
  /// fmin of each lane: NaN if either is; −0 is less than +0.
  @inline(__always)
  static func minimum(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Bits {
    select(bits(a), bits(b), less: a .< b, greater: a .> b, equal: a .== b, either: bits(a) | bits(b), bits(a + b))
  }

  @inline(__always)
  static func minimum(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Bits {
    select(bits(a), bits(b), less: a .< b, greater: a .> b, equal: a .== b, either: bits(a) | bits(b), bits(a + b))
  }

  /// fmax of each lane: NaN if either is; +0 is greater than −0.
  @inline(__always)
  static func maximum(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Bits {
    select(bits(a), bits(b), less: a .> b, greater: a .< b, equal: a .== b, either: bits(a) & bits(b), bits(a + b))
  }

  @inline(__always)
  static func maximum(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Bits {
    select(bits(a), bits(b), less: a .> b, greater: a .< b, equal: a .== b, either: bits(a) & bits(b), bits(a + b))
  }

  /// `a` in the lanes `less`, `b` in those `greater`; of equal lanes, which differ in the sign of zero at most, `either`;
  /// of the unordered ones `sum`, which is the quiet NaN.
  @inline(__always)
  private static func select<Mask: SIMD>(
    _ a: Bits, _ b: Bits, less: SIMDMask<Mask>, greater: SIMDMask<Mask>, equal: SIMDMask<Mask>, either: Bits,
    _ sum: Bits
  ) -> Bits {
    let isLess = bits(lanes(less))
    let isGreater = bits(lanes(greater))
    let isEqual = bits(lanes(equal))
    let ordered = (a & isLess) | (b & isGreater) | (either & isEqual)
    return ordered | (sum & ~(isLess | isGreater | isEqual))
  }

  /// fpmin of each lane: `b` where it is less, else `a`.
  @inline(__always)
  static func pseudoMinimum<V: SIMD>(_ a: V, _ b: V) -> V where V.Scalar: FloatingPoint {
    a.replacing(with: b, where: b .< a)
  }

  /// fpmax of each lane: `b` where `a` is less, else `a`.
  @inline(__always)
  static func pseudoMaximum<V: SIMD>(_ a: V, _ b: V) -> V where V.Scalar: FloatingPoint {
    a.replacing(with: b, where: a .< b)
  }

  /// fsqrt of each lane
  @inline(__always)
  static func squareRoot(_ a: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(a[0].squareRoot(), a[1].squareRoot(), a[2].squareRoot(), a[3].squareRoot())
  }

  @inline(__always)
  static func squareRoot(_ a: SIMD2<Double>) -> SIMD2<Double> { SIMD2(a[0].squareRoot(), a[1].squareRoot()) }
}

// Rounding to integral numbers. Adding the power of two from which on all numbers are integral (2²³, 2⁵²) makes the
// processor round the magnitude to the nearest even; subtracting it again is exact. From there the other directions are
// at most 1 away. The operand's sign is put back last, so that zeros keep it; larger magnitudes are left alone, and NaNs
// made quiet.
extension Vector {
  @inline(__always)
  static func nearest(_ a: SIMD4<Float>) -> Bits { integral(a, nearestMagnitude(magnitude(a))) }

  @inline(__always)
  static func trunc(_ a: SIMD4<Float>) -> Bits {
    let size = magnitude(a)
    let near = nearestMagnitude(size)
    return integral(a, near - ones(near .> size))
  }

  @inline(__always)
  static func floor(_ a: SIMD4<Float>) -> Bits {
    let near = withSign(of: a, nearestMagnitude(magnitude(a)))
    return integral(a, near - ones(near .> a))
  }

  @inline(__always)
  static func ceil(_ a: SIMD4<Float>) -> Bits {
    let near = withSign(of: a, nearestMagnitude(magnitude(a)))
    return integral(a, near + ones(near .< a))
  }

  @inline(__always)
  private static func magnitude(_ a: SIMD4<Float>) -> SIMD4<Float> {
    unsafeBitCast(bits(a) & Bits(repeating: 0x7FFF_FFFF_7FFF_FFFF), to: SIMD4<Float>.self)
  }

  @inline(__always)
  private static func nearestMagnitude(_ a: SIMD4<Float>) -> SIMD4<Float> {
    (a + SIMD4(repeating: 0x1p23)) - SIMD4(repeating: 0x1p23)
  }

  @inline(__always)
  private static func withSign(of a: SIMD4<Float>, _ magnitude: SIMD4<Float>) -> SIMD4<Float> {
    unsafeBitCast(bits(magnitude) | (bits(a) & Bits(repeating: 0x8000_0000_8000_0000)), to: SIMD4<Float>.self)
  }

  /// 1 in the lanes of the mask, else 0.
  @inline(__always)
  private static func ones(_ mask: SIMDMask<SIMD4<Int32>>) -> SIMD4<Float> {
    unsafeBitCast(bits(lanes(mask)) & bits(SIMD4<Float>(repeating: 1)), to: SIMD4<Float>.self)
  }

  @inline(__always)
  private static func integral(_ a: SIMD4<Float>, _ rounded: SIMD4<Float>) -> Bits {
    let isSmall = bits(lanes(magnitude(a) .< SIMD4(repeating: 0x1p23)))
    let quiet = bits(lanes(a .!= a)) & Bits(repeating: 0x0040_0000_0040_0000)
    return (bits(withSign(of: a, rounded)) & isSmall) | ((bits(a) | quiet) & ~isSmall)
  }

  @inline(__always)
  static func nearest(_ a: SIMD2<Double>) -> Bits { integral(a, nearestMagnitude(magnitude(a))) }

  @inline(__always)
  static func trunc(_ a: SIMD2<Double>) -> Bits {
    let size = magnitude(a)
    let near = nearestMagnitude(size)
    return integral(a, near - ones(near .> size))
  }

  @inline(__always)
  static func floor(_ a: SIMD2<Double>) -> Bits {
    let near = withSign(of: a, nearestMagnitude(magnitude(a)))
    return integral(a, near - ones(near .> a))
  }

  @inline(__always)
  static func ceil(_ a: SIMD2<Double>) -> Bits {
    let near = withSign(of: a, nearestMagnitude(magnitude(a)))
    return integral(a, near + ones(near .< a))
  }

  @inline(__always)
  private static func magnitude(_ a: SIMD2<Double>) -> SIMD2<Double> {
    unsafeBitCast(bits(a) & Bits(repeating: 0x7FFF_FFFF_FFFF_FFFF), to: SIMD2<Double>.self)
  }

  @inline(__always)
  private static func nearestMagnitude(_ a: SIMD2<Double>) -> SIMD2<Double> {
    (a + SIMD2(repeating: 0x1p52)) - SIMD2(repeating: 0x1p52)
  }

  @inline(__always)
  private static func withSign(of a: SIMD2<Double>, _ magnitude: SIMD2<Double>) -> SIMD2<Double> {
    unsafeBitCast(bits(magnitude) | (bits(a) & Bits(repeating: 0x8000_0000_0000_0000)), to: SIMD2<Double>.self)
  }

  @inline(__always)
  private static func ones(_ mask: SIMDMask<SIMD2<Int64>>) -> SIMD2<Double> {
    unsafeBitCast(bits(lanes(mask)) & bits(SIMD2<Double>(repeating: 1)), to: SIMD2<Double>.self)
  }

  @inline(__always)
  private static func integral(_ a: SIMD2<Double>, _ rounded: SIMD2<Double>) -> Bits {
    let isSmall = bits(lanes(magnitude(a) .< SIMD2(repeating: 0x1p52)))
    let quiet = bits(lanes(a .!= a)) & Bits(repeating: 0x0008_0000_0000_0000)
    return (bits(withSign(of: a, rounded)) & isSmall) | ((bits(a) | quiet) & ~isSmall)
  }
}

// Conversions (Core 3.0, 4.3.4 for each lane). Those to integers saturate.
extension Vector {
  /// i32x4.trunc_sat_f32x4_s
  @inline(__always)
  static func saturateToInt32(_ a: SIMD4<Float>) -> SIMD4<UInt32> {
    SIMD4(lowHalf: saturateSigned(promoteLow(a)), highHalf: saturateSigned(promoteHigh(a)))
  }

  /// i32x4.trunc_sat_f32x4_u
  @inline(__always)
  static func saturateToUInt32(_ a: SIMD4<Float>) -> SIMD4<UInt32> {
    SIMD4(lowHalf: saturateUnsigned(promoteLow(a)), highHalf: saturateUnsigned(promoteHigh(a)))
  }

  /// i32x4.trunc_sat_f64x2_s_zero
  @inline(__always)
  static func saturateToInt32(_ a: SIMD2<Double>) -> SIMD4<UInt32> {
    SIMD4(lowHalf: saturateSigned(a), highHalf: SIMD2(repeating: 0))
  }

  /// i32x4.trunc_sat_f64x2_u_zero
  @inline(__always)
  static func saturateToUInt32(_ a: SIMD2<Double>) -> SIMD4<UInt32> {
    SIMD4(lowHalf: saturateUnsigned(a), highHalf: SIMD2(repeating: 0))
  }

  // An integral f64 plus 2⁵² (plus 2⁵¹ where it may be negative) has the integer, in two's complement, in its low bits.

  @inline(__always)
  private static func saturateSigned(_ a: SIMD2<Double>) -> SIMD2<UInt32> {
    let integral = truncClamped(a, low: -0x1p31, high: 0x1p31 - 1) + SIMD2(repeating: 0x1.8p52)
    return SIMD2<UInt32>(truncatingIfNeeded: bits(integral))
  }

  @inline(__always)
  private static func saturateUnsigned(_ a: SIMD2<Double>) -> SIMD2<UInt32> {
    let integral = truncClamped(a, low: 0, high: 0x1p32 - 1) + SIMD2(repeating: 0x1p52)
    return SIMD2<UInt32>(truncatingIfNeeded: bits(integral))
  }

  /// The integral parts of numbers clamped to a range; 0 of NaN.
  @inline(__always)
  private static func truncClamped(_ a: SIMD2<Double>, low: Double, high: Double) -> SIMD2<Double> {
    let clamped = pseudoMaximum(pseudoMinimum(a, SIMD2(repeating: high)), SIMD2(repeating: low))
    let number = unsafeBitCast(bits(clamped) & bits(lanes(a .== a)), to: SIMD2<Double>.self)
    let size = magnitude(number)
    let near = nearestMagnitude(size)
    return withSign(of: number, near - ones(near .> size))
  }

  @inline(__always)
  private static func promoteHigh(_ a: SIMD4<Float>) -> SIMD2<Double> { SIMD2(Double(a[2]), Double(a[3])) }

  /// f32x4.demote_f64x2_zero
  @inline(__always)
  static func demote(_ a: SIMD2<Double>) -> SIMD4<Float> { SIMD4(Float(a[0]), Float(a[1]), 0, 0) }

  /// f64x2.promote_low_f32x4
  @inline(__always)
  static func promoteLow(_ a: SIMD4<Float>) -> SIMD2<Double> { SIMD2(Double(a[0]), Double(a[1])) }

  /// f64x2.convert_low_i32x4_s
  @inline(__always)
  static func convertLow(_ a: SIMD4<Int32>) -> SIMD2<Double> { SIMD2(Double(a[0]), Double(a[1])) }

  /// f64x2.convert_low_i32x4_u
  @inline(__always)
  static func convertLow(_ a: SIMD4<UInt32>) -> SIMD2<Double> { SIMD2(Double(a[0]), Double(a[1])) }
}
