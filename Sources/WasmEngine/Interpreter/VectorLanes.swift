// Operations that move lanes between shapes: extension, narrowing, tests and masks of all lanes, shuffles.

// Extension: each lane of one half in twice its width. Signed and unsigned differ in the operand's type.
extension Vector {
  @inline(__always)
  static func extendLow(_ a: SIMD16<Int8>) -> SIMD8<Int16> { SIMD8<Int16>(truncatingIfNeeded: a.lowHalf) }
  @inline(__always)
  static func extendLow(_ a: SIMD16<UInt8>) -> SIMD8<UInt16> { SIMD8<UInt16>(truncatingIfNeeded: a.lowHalf) }
  @inline(__always)
  static func extendLow(_ a: SIMD8<Int16>) -> SIMD4<Int32> { SIMD4<Int32>(truncatingIfNeeded: a.lowHalf) }
  @inline(__always)
  static func extendLow(_ a: SIMD8<UInt16>) -> SIMD4<UInt32> { SIMD4<UInt32>(truncatingIfNeeded: a.lowHalf) }
  @inline(__always)
  static func extendLow(_ a: SIMD4<Int32>) -> SIMD2<Int64> { SIMD2<Int64>(truncatingIfNeeded: a.lowHalf) }
  @inline(__always)
  static func extendLow(_ a: SIMD4<UInt32>) -> SIMD2<UInt64> { SIMD2<UInt64>(truncatingIfNeeded: a.lowHalf) }

  @inline(__always)
  static func extendHigh(_ a: SIMD16<Int8>) -> SIMD8<Int16> { SIMD8<Int16>(truncatingIfNeeded: a.highHalf) }
  @inline(__always)
  static func extendHigh(_ a: SIMD16<UInt8>) -> SIMD8<UInt16> { SIMD8<UInt16>(truncatingIfNeeded: a.highHalf) }
  @inline(__always)
  static func extendHigh(_ a: SIMD8<Int16>) -> SIMD4<Int32> { SIMD4<Int32>(truncatingIfNeeded: a.highHalf) }
  @inline(__always)
  static func extendHigh(_ a: SIMD8<UInt16>) -> SIMD4<UInt32> { SIMD4<UInt32>(truncatingIfNeeded: a.highHalf) }
  @inline(__always)
  static func extendHigh(_ a: SIMD4<Int32>) -> SIMD2<Int64> { SIMD2<Int64>(truncatingIfNeeded: a.highHalf) }
  @inline(__always)
  static func extendHigh(_ a: SIMD4<UInt32>) -> SIMD2<UInt64> { SIMD2<UInt64>(truncatingIfNeeded: a.highHalf) }
}

// Narrowing: the operand's lanes are signed in both variants (Core 3.0, 4.3.4, narrow).
extension Vector {
  /// i8x16.narrow_i16x8_s
  @inline(__always)
  static func narrowSigned(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD16<Int8> {
    let low = SIMD8<Int16>(repeating: Int16(Int8.min))
    let high = SIMD8<Int16>(repeating: Int16(Int8.max))
    return SIMD16<Int8>(
      lowHalf: SIMD8<Int8>(truncatingIfNeeded: a.clamped(lowerBound: low, upperBound: high)),
      highHalf: SIMD8<Int8>(truncatingIfNeeded: b.clamped(lowerBound: low, upperBound: high)))
  }

  /// i8x16.narrow_i16x8_u
  @inline(__always)
  static func narrowUnsigned(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD16<UInt8> {
    let low = SIMD8<Int16>(repeating: 0)
    let high = SIMD8<Int16>(repeating: Int16(UInt8.max))
    return SIMD16<UInt8>(
      lowHalf: SIMD8<UInt8>(truncatingIfNeeded: a.clamped(lowerBound: low, upperBound: high)),
      highHalf: SIMD8<UInt8>(truncatingIfNeeded: b.clamped(lowerBound: low, upperBound: high)))
  }

  /// i16x8.narrow_i32x4_s
  @inline(__always)
  static func narrowSigned(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD8<Int16> {
    let low = SIMD4<Int32>(repeating: Int32(Int16.min))
    let high = SIMD4<Int32>(repeating: Int32(Int16.max))
    return SIMD8<Int16>(
      lowHalf: SIMD4<Int16>(truncatingIfNeeded: a.clamped(lowerBound: low, upperBound: high)),
      highHalf: SIMD4<Int16>(truncatingIfNeeded: b.clamped(lowerBound: low, upperBound: high)))
  }

  /// i16x8.narrow_i32x4_u
  @inline(__always)
  static func narrowUnsigned(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD8<UInt16> {
    let low = SIMD4<Int32>(repeating: 0)
    let high = SIMD4<Int32>(repeating: Int32(UInt16.max))
    return SIMD8<UInt16>(
      lowHalf: SIMD4<UInt16>(truncatingIfNeeded: a.clamped(lowerBound: low, upperBound: high)),
      highHalf: SIMD4<UInt16>(truncatingIfNeeded: b.clamped(lowerBound: low, upperBound: high)))
  }
}

// Tests and masks of all lanes.
extension Vector {
  @inline(__always)
  static func allTrue(_ a: SIMD16<UInt8>) -> Bool {
    let zero = SIMD16<UInt8>(repeating: 0)
    let isZero = a .== zero
    return !anyTrue(bits(lanes(isZero)))
  }
  @inline(__always)
  static func allTrue(_ a: SIMD8<UInt16>) -> Bool {
    let zero = SIMD8<UInt16>(repeating: 0)
    let isZero = a .== zero
    return !anyTrue(bits(lanes(isZero)))
  }
  @inline(__always)
  static func allTrue(_ a: SIMD4<UInt32>) -> Bool {
    let zero = SIMD4<UInt32>(repeating: 0)
    let isZero = a .== zero
    return !anyTrue(bits(lanes(isZero)))
  }
  @inline(__always)
  static func allTrue(_ a: SIMD2<UInt64>) -> Bool { a[0] != 0 && a[1] != 0 }

  /// The same 128 bits in another shape.
  @inline(__always)
  static func bits<V: SIMD>(_ a: V) -> Bits { unsafeBitCast(a, to: Bits.self) }

  // The sign bits of a word's lanes are gathered in its top bits by a product whose partial products do not collide.

  /// i8x16.bitmask
  @inline(__always)
  static func bitmask8(_ a: Bits) -> UInt32 {
    let signs = (a &>> Bits(repeating: 7)) & Bits(repeating: 0x0101_0101_0101_0101)
    let low = (signs[0] &* 0x0102_0408_1020_4080) &>> 56
    let high = (signs[1] &* 0x0102_0408_1020_4080) &>> 56
    return UInt32(truncatingIfNeeded: low | high &<< 8)
  }

  /// i16x8.bitmask
  @inline(__always)
  static func bitmask16(_ a: Bits) -> UInt32 {
    let signs = (a &>> Bits(repeating: 15)) & Bits(repeating: 0x0001_0001_0001_0001)
    let low = (signs[0] &* 0x0001_0002_0004_0008) &>> 48
    let high = (signs[1] &* 0x0001_0002_0004_0008) &>> 48
    return UInt32(truncatingIfNeeded: low & 0xF | (high & 0xF) &<< 4)
  }

  /// i32x4.bitmask
  @inline(__always)
  static func bitmask32(_ a: Bits) -> UInt32 {
    let low = (a[0] &>> 31) & 1 | (a[0] &>> 63) &<< 1
    let high = (a[1] &>> 31) & 1 | (a[1] &>> 63) &<< 1
    return UInt32(truncatingIfNeeded: low | high &<< 2)
  }

  /// i64x2.bitmask
  @inline(__always)
  static func bitmask64(_ a: Bits) -> UInt32 {
    UInt32(truncatingIfNeeded: (a[0] &>> 63) | (a[1] &>> 63) &<< 1)
  }
}

// Replacing one lane.
extension Vector {
  @inline(__always)
  static func replaceLane(_ a: SIMD16<UInt8>, _ value: UInt8, _ lane: UInt32) -> SIMD16<UInt8> {
    let numbers = SIMD16<UInt8>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    let isLane = numbers .== SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: lane))
    return choose(isLane, SIMD16<UInt8>(repeating: value), a)
  }

  @inline(__always)
  static func replaceLane(_ a: SIMD8<UInt16>, _ value: UInt16, _ lane: UInt32) -> SIMD8<UInt16> {
    let numbers = SIMD8<UInt16>(0, 1, 2, 3, 4, 5, 6, 7)
    let isLane = numbers .== SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: lane))
    return choose(isLane, SIMD8<UInt16>(repeating: value), a)
  }

  @inline(__always)
  static func replaceLane(_ a: SIMD4<UInt32>, _ value: UInt32, _ lane: UInt32) -> SIMD4<UInt32> {
    let numbers = SIMD4<UInt32>(0, 1, 2, 3)
    let isLane = numbers .== SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: lane))
    return choose(isLane, SIMD4<UInt32>(repeating: value), a)
  }

  @inline(__always)
  static func replaceLane(_ a: SIMD2<UInt64>, _ value: UInt64, _ lane: UInt32) -> SIMD2<UInt64> {
    let numbers = SIMD2<UInt64>(0, 1)
    let isLane = numbers .== SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: lane))
    return choose(isLane, SIMD2<UInt64>(repeating: value), a)
  }

}

// Shuffles read single bytes from where the operands stand: the lowest processors have no instruction for them.
extension Vector {
  /// i8x16.swizzle: byte `indices[i]` of the 16 bytes at `a`, or 0 where the index is beyond them.
  @inline(__always)
  static func swizzle(_ a: UnsafeRawPointer, _ indices: Bits) -> Bits {
    Bits(swizzleWord(a, indices[0]), swizzleWord(a, indices[1]))
  }

  @inline(__always)
  private static func swizzleWord(_ a: UnsafeRawPointer, _ indices: UInt64) -> UInt64 {
    // Ones in the lanes whose index is beyond 15, which the sum with 0x70 (of the low seven bits) or bit 7 tells.
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let beyond = (((indices & low) &+ 0x7070_7070_7070_7070) | indices) & ~low
    let keep = ~((beyond &>> 7) &* 0xFF)
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      let index = Int(truncatingIfNeeded: (indices &>> shift) & 15)
      result |= UInt64(a.load(fromByteOffset: index, as: UInt8.self)) &<< shift
    }
    return result & keep
  }

  /// A vector of 16, 8, 4 or 2 lanes, each read at its own distance from `base`. This is i8x16.shuffle where whole lanes
  /// of that width stay together.
  @inline(__always)
  static func gather<Lane: FixedWidthInteger & UnsignedInteger>(
    _ base: UnsafeRawPointer, _ lane: Lane.Type, _ offset: (Int) -> Int
  ) -> Bits {
    let count = 8 / MemoryLayout<Lane>.size
    var low: UInt64 = 0
    var high: UInt64 = 0
    for index in 0..<count {
      let shift = UInt64(truncatingIfNeeded: index &* Lane.bitWidth)
      low |= UInt64(base.loadUnaligned(fromByteOffset: offset(index), as: Lane.self)) &<< shift
      high |= UInt64(base.loadUnaligned(fromByteOffset: offset(index &+ count), as: Lane.self)) &<< shift
    }
    return Bits(low, high)
  }
}
