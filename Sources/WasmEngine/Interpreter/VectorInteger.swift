/// What the vector instructions compute (Core 3.0, 4.3.6), as pure functions over the lanes' own SIMD types.
///
/// Operations that are one operator of Swift's SIMD types (wrapping arithmetic, bitwise logic, comparisons) stand in the
/// handlers as they are. The others are written here so that the compiler makes straight-line vector code of them for
/// the lowest processor that the package is built for, without a call, a check or a loop over lanes.
enum Vector {
  /// The 128 bits, of no particular shape.
  typealias Bits = SIMD2<UInt64>

  /// The result of a comparison: all ones in each lane where it holds.
  @inline(__always)
  static func lanes<Storage>(_ mask: SIMDMask<Storage>) -> Storage { unsafeBitCast(mask, to: Storage.self) }

  /// v128.bitselect: bits of `a` where `mask` has ones, else of `b`.
  @inline(__always)
  static func bitselect(_ a: Bits, _ b: Bits, _ mask: Bits) -> Bits { b ^ ((a ^ b) & mask) }

  /// v128.any_true
  @inline(__always)
  static func anyTrue(_ a: Bits) -> Bool { (a[0] | a[1]) != 0 }
}

// Saturating, rounding and averaging arithmetic.
extension Vector {
  /// i8x16.add_sat_s
  @inline(__always)
  static func addSaturating(_ a: SIMD16<Int8>, _ b: SIMD16<Int8>) -> SIMD16<Int8> {
    let sum = a &+ b
    // The sum has overflowed where its sign is neither operand's; the bound then has the operands' sign.
    let overflow = ((a ^ sum) & (b ^ sum)) &>> SIMD16(repeating: 7)
    let bound = (a &>> SIMD16(repeating: 7)) ^ SIMD16(repeating: Int8.max)
    return sum ^ ((sum ^ bound) & overflow)
  }

  /// i8x16.add_sat_u
  @inline(__always)
  static func addSaturating(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> {
    let sum = a &+ b
    return sum | SIMD16<UInt8>(truncatingIfNeeded: lanes(sum .< a))
  }

  /// i16x8.add_sat_s
  @inline(__always)
  static func addSaturating(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
    let sum = a &+ b
    let overflow = ((a ^ sum) & (b ^ sum)) &>> SIMD8(repeating: 15)
    let bound = (a &>> SIMD8(repeating: 15)) ^ SIMD8(repeating: Int16.max)
    return sum ^ ((sum ^ bound) & overflow)
  }

  /// i16x8.add_sat_u
  @inline(__always)
  static func addSaturating(_ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>) -> SIMD8<UInt16> {
    let sum = a &+ b
    return sum | SIMD8<UInt16>(truncatingIfNeeded: lanes(sum .< a))
  }

  /// i8x16.sub_sat_s
  @inline(__always)
  static func subtractSaturating(_ a: SIMD16<Int8>, _ b: SIMD16<Int8>) -> SIMD16<Int8> {
    let difference = a &- b
    let overflow = ((a ^ b) & (a ^ difference)) &>> SIMD16(repeating: 7)
    let bound = (a &>> SIMD16(repeating: 7)) ^ SIMD16(repeating: Int8.max)
    return difference ^ ((difference ^ bound) & overflow)
  }

  /// i8x16.sub_sat_u
  @inline(__always)
  static func subtractSaturating(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> {
    (a &- b) & SIMD16<UInt8>(truncatingIfNeeded: lanes(a .> b))
  }

  /// i16x8.sub_sat_s
  @inline(__always)
  static func subtractSaturating(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
    let difference = a &- b
    let overflow = ((a ^ b) & (a ^ difference)) &>> SIMD8(repeating: 15)
    let bound = (a &>> SIMD8(repeating: 15)) ^ SIMD8(repeating: Int16.max)
    return difference ^ ((difference ^ bound) & overflow)
  }

  /// i16x8.sub_sat_u
  @inline(__always)
  static func subtractSaturating(_ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>) -> SIMD8<UInt16> {
    (a &- b) & SIMD8<UInt16>(truncatingIfNeeded: lanes(a .> b))
  }

  /// i8x16.avgr_u
  @inline(__always)
  static func average(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> {
    (a | b) &- ((a ^ b) &>> SIMD16(repeating: 1))
  }

  /// i16x8.avgr_u
  @inline(__always)
  static func average(_ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>) -> SIMD8<UInt16> {
    (a | b) &- ((a ^ b) &>> SIMD8(repeating: 1))
  }

  /// i16x8.q15mulr_sat_s
  @inline(__always)
  static func multiplyQ15(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
    let rounding = SIMD4<Int32>(repeating: 0x4000)
    let shift = SIMD4<Int32>(repeating: 15)
    let low = (extendLow(a) &* extendLow(b) &+ rounding) &>> shift
    let high = (extendHigh(a) &* extendHigh(b) &+ rounding) &>> shift
    // Only −1 times −1 is out of range: it comes to 0x8000, the least number, whose complement is the greatest.
    let product = SIMD8<Int16>(
      lowHalf: SIMD4<Int16>(truncatingIfNeeded: low), highHalf: SIMD4<Int16>(truncatingIfNeeded: high))
    return product ^ lanes(product .== SIMD8<Int16>(repeating: Int16.min))
  }
}

// Minimum, maximum, absolute value, population count.
extension Vector {
  /// The lanes of `a` where the mask holds, else those of `b`.
  @inline(__always)
  static func choose<V: SIMD, Storage>(_ mask: SIMDMask<Storage>, _ a: V, _ b: V) -> V {
    unsafeBitCast(bitselect(bits(a), bits(b), bits(lanes(mask))), to: V.self)
  }

  @inline(__always)
  static func minimum(_ a: SIMD16<Int8>, _ b: SIMD16<Int8>) -> SIMD16<Int8> { choose(a .< b, a, b) }
  @inline(__always)
  static func minimum(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> { choose(a .< b, a, b) }
  @inline(__always)
  static func minimum(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> { choose(a .< b, a, b) }
  @inline(__always)
  static func minimum(_ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>) -> SIMD8<UInt16> { choose(a .< b, a, b) }
  @inline(__always)
  static func minimum(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD4<Int32> { choose(a .< b, a, b) }
  @inline(__always)
  static func minimum(_ a: SIMD4<UInt32>, _ b: SIMD4<UInt32>) -> SIMD4<UInt32> { choose(a .< b, a, b) }

  @inline(__always)
  static func maximum(_ a: SIMD16<Int8>, _ b: SIMD16<Int8>) -> SIMD16<Int8> { choose(a .> b, a, b) }
  @inline(__always)
  static func maximum(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> SIMD16<UInt8> { choose(a .> b, a, b) }
  @inline(__always)
  static func maximum(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> { choose(a .> b, a, b) }
  @inline(__always)
  static func maximum(_ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>) -> SIMD8<UInt16> { choose(a .> b, a, b) }
  @inline(__always)
  static func maximum(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD4<Int32> { choose(a .> b, a, b) }
  @inline(__always)
  static func maximum(_ a: SIMD4<UInt32>, _ b: SIMD4<UInt32>) -> SIMD4<UInt32> { choose(a .> b, a, b) }

  /// iabs: the least number is its own absolute value.
  @inline(__always)
  static func absolute(_ a: SIMD16<Int8>) -> SIMD16<Int8> {
    let sign = a &>> SIMD16(repeating: 7)
    return (a ^ sign) &- sign
  }

  @inline(__always)
  static func absolute(_ a: SIMD8<Int16>) -> SIMD8<Int16> {
    let sign = a &>> SIMD8(repeating: 15)
    return (a ^ sign) &- sign
  }

  @inline(__always)
  static func absolute(_ a: SIMD4<Int32>) -> SIMD4<Int32> {
    let sign = a &>> SIMD4(repeating: 31)
    return (a ^ sign) &- sign
  }

  @inline(__always)
  static func absolute(_ a: SIMD2<Int64>) -> SIMD2<Int64> {
    let sign = a &>> SIMD2(repeating: 63)
    return (a ^ sign) &- sign
  }

  /// i8x16.popcnt
  @inline(__always)
  static func countOnes(_ a: SIMD16<UInt8>) -> SIMD16<UInt8> {
    let pairs = a &- ((a &>> SIMD16(repeating: 1)) & SIMD16(repeating: 0x55))
    let quads = (pairs & SIMD16(repeating: 0x33)) &+ ((pairs &>> SIMD16(repeating: 2)) & SIMD16(repeating: 0x33))
    return (quads &+ (quads &>> SIMD16(repeating: 4))) & SIMD16(repeating: 0x0F)
  }
}

// Products and sums of wider lanes.
extension Vector {
  /// i32x4.dot_i16x8_s: wraps where all four factors are the least number.
  @inline(__always)
  static func dot(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD4<Int32> {
    let even = SIMD4<Int32>(truncatingIfNeeded: a.evenHalf) &* SIMD4<Int32>(truncatingIfNeeded: b.evenHalf)
    let odd = SIMD4<Int32>(truncatingIfNeeded: a.oddHalf) &* SIMD4<Int32>(truncatingIfNeeded: b.oddHalf)
    return even &+ odd
  }

  /// i16x8.extadd_pairwise_i8x16_s
  @inline(__always)
  static func addPairwise(_ a: SIMD16<Int8>) -> SIMD8<Int16> {
    SIMD8<Int16>(truncatingIfNeeded: a.evenHalf) &+ SIMD8<Int16>(truncatingIfNeeded: a.oddHalf)
  }

  /// i16x8.extadd_pairwise_i8x16_u
  @inline(__always)
  static func addPairwise(_ a: SIMD16<UInt8>) -> SIMD8<UInt16> {
    SIMD8<UInt16>(truncatingIfNeeded: a.evenHalf) &+ SIMD8<UInt16>(truncatingIfNeeded: a.oddHalf)
  }

  /// i32x4.extadd_pairwise_i16x8_s
  @inline(__always)
  static func addPairwise(_ a: SIMD8<Int16>) -> SIMD4<Int32> {
    SIMD4<Int32>(truncatingIfNeeded: a.evenHalf) &+ SIMD4<Int32>(truncatingIfNeeded: a.oddHalf)
  }

  /// i32x4.extadd_pairwise_i16x8_u
  @inline(__always)
  static func addPairwise(_ a: SIMD8<UInt16>) -> SIMD4<UInt32> {
    SIMD4<UInt32>(truncatingIfNeeded: a.evenHalf) &+ SIMD4<UInt32>(truncatingIfNeeded: a.oddHalf)
  }
}
