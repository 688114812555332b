import Testing

@testable import WasmEngine

@Suite("Numerics of scalars")
struct NumericsTests {
  private func value<T>(_ outcome: Numerics.Outcome<T>) -> T? {
    if case .value(let value) = outcome { return value }
    return nil
  }

  private func trap<T>(_ outcome: Numerics.Outcome<T>) -> Trap.Kind? {
    if case .trap(let kind) = outcome { return kind }
    return nil
  }

  private let signalling32 = Float(bitPattern: 0x7FA0_0001)
  private let signalling64 = Double(bitPattern: 0x7FF4_0000_0000_0001)

  @Test("Division traps on zero and on the one quotient that is out of range")
  func division() {
    #expect(trap(Numerics.divideSigned(Int32(1), 0)) == .integerDivideByZero)
    #expect(trap(Numerics.divideSigned(Int64.min, -1)) == .integerOverflow)
    #expect(value(Numerics.divideSigned(Int32.min, 1)) == .min)
    #expect(value(Numerics.divideSigned(Int32(-7), 2)) == -3)
    #expect(trap(Numerics.divideUnsigned(UInt64(0), 0)) == .integerDivideByZero)
    #expect(value(Numerics.divideUnsigned(UInt32.max, 2)) == 0x7FFF_FFFF)
  }

  @Test("A remainder has the dividend's sign, and that of the overflowing quotient is 0")
  func remainder() {
    #expect(value(Numerics.remainderSigned(Int32.min, -1)) == 0)
    #expect(value(Numerics.remainderSigned(Int64(-7), 2)) == -1)
    #expect(value(Numerics.remainderSigned(Int64(7), -2)) == 1)
    #expect(trap(Numerics.remainderSigned(Int64(7), 0)) == .integerDivideByZero)
    #expect(trap(Numerics.remainderUnsigned(UInt32(7), 0)) == .integerDivideByZero)
  }

  @Test("Rotations take their count modulo the width, 0 included")
  func rotation() {
    #expect(Numerics.rotateLeft(UInt32(0x8000_0001), 0) == 0x8000_0001)
    #expect(Numerics.rotateLeft(UInt32(0x8000_0001), 33) == 3)
    #expect(Numerics.rotateRight(UInt64(1), 65) == 1 << 63)
    #expect(Numerics.rotateRight(UInt64(1), 64) == 1)
  }

  @Test("Bit counts of zero are the width")
  func counts() {
    #expect(Numerics.countLeadingZeros(UInt32(0)) == 32)
    #expect(Numerics.countTrailingZeros(UInt64(0)) == 64)
    #expect(Numerics.countOnes(UInt64.max) == 64)
  }

  @Test("Wide arithmetic carries between the halves")
  func wide() {
    #expect(Numerics.add128((.max, 0), (1, 0)) == (0, 1))
    #expect(Numerics.add128((.max, .max), (1, 0)) == (0, 0))
    #expect(Numerics.sub128((0, 1), (1, 0)) == (.max, 0))
    #expect(Numerics.sub128((0, 0), (1, 0)) == (.max, .max))
    #expect(Numerics.multiplyWideSigned(-1, 1) == (.max, .max))
    #expect(Numerics.multiplyWideSigned(.min, .min) == (0, 1 << 62))
    #expect(Numerics.multiplyWideUnsigned(.max, .max) == (1, .max - 1))
  }

  @Test("Minimum and maximum tell zeros by their sign")
  func zeros() {
    #expect(Numerics.minimum(Float(0), -0.0).sign == .minus)
    #expect(Numerics.minimum(-0.0, Float(0)).sign == .minus)
    #expect(Numerics.maximum(-0.0, 0.0).sign == .plus)
    #expect(Numerics.maximum(0.0, -0.0).sign == .plus)
    #expect(Numerics.maximum(-0.0, -0.0).sign == .minus)
  }

  @Test("Minimum, maximum and rounding turn every NaN into a quiet one")
  func quietNaNs() {
    let results32 = [
      Numerics.minimum(signalling32, 1), Numerics.minimum(1, signalling32), Numerics.maximum(signalling32, 1),
      Numerics.maximum(1, signalling32), Numerics.ceil(signalling32), Numerics.floor(signalling32),
      Numerics.trunc(signalling32), Numerics.nearest(signalling32),
    ]
    for result in results32 { #expect(result.bitPattern & 0x7FC0_0000 == 0x7FC0_0000) }
    let results64 = [
      Numerics.minimum(signalling64, 1), Numerics.minimum(1, signalling64), Numerics.maximum(signalling64, 1),
      Numerics.maximum(1, signalling64), Numerics.ceil(signalling64), Numerics.floor(signalling64),
      Numerics.trunc(signalling64), Numerics.nearest(signalling64),
    ]
    for result in results64 { #expect(result.bitPattern & 0x7FF8 << 48 == 0x7FF8 << 48) }
  }

  @Test("Nearest rounds halves to even and keeps the sign of zero")
  func nearest() {
    #expect(Numerics.nearest(2.5) == 2)
    #expect(Numerics.nearest(Float(3.5)) == 4)
    #expect(Numerics.nearest(-0.5).bitPattern == (-0.0).bitPattern)
    #expect(Numerics.nearest(4503599627370497.5) == 4503599627370498)
  }

  @Test("Sign operations change nothing else, in signalling NaNs too")
  func signs() {
    #expect(Numerics.negate(UInt32(0x7FA0_0001)) == 0xFFA0_0001)
    #expect(Numerics.absolute(UInt32(0xFFA0_0001)) == 0x7FA0_0001)
    #expect(Numerics.negate(UInt64(0x7FF4_0000_0000_0001)) == 0xFFF4_0000_0000_0001)
    #expect(Numerics.copySign(UInt64(0x7FF4_0000_0000_0001), 1 << 63) == 0xFFF4_0000_0000_0001)
    #expect(Numerics.copySign(UInt32(0xBF80_0000), 0) == 0x3F80_0000)
  }

  @Test("Truncation to 32 bits traps from exactly the first number that has no integer")
  func truncation32() {
    #expect(value(Numerics.truncateToInt32(Float(-2147483648))) == .min)
    #expect(trap(Numerics.truncateToInt32(Float(-2147483904))) == .integerOverflow)
    #expect(trap(Numerics.truncateToInt32(Float(2147483648))) == .integerOverflow)
    #expect(value(Numerics.truncateToInt32(-2147483648.9)) == .min)
    #expect(trap(Numerics.truncateToInt32(-2147483649.0)) == .integerOverflow)
    #expect(value(Numerics.truncateToInt32(2147483647.9)) == .max)
    #expect(trap(Numerics.truncateToInt32(2147483648.0)) == .integerOverflow)
    #expect(value(Numerics.truncateToUInt32(-0.9)) == 0)
    #expect(trap(Numerics.truncateToUInt32(-1.0)) == .integerOverflow)
    #expect(value(Numerics.truncateToUInt32(4294967295.9)) == .max)
    #expect(trap(Numerics.truncateToUInt32(4294967296.0)) == .integerOverflow)
    #expect(trap(Numerics.truncateToUInt32(Float(4294967296))) == .integerOverflow)
    #expect(trap(Numerics.truncateToInt32(Float.nan)) == .invalidConversionToInteger)
    #expect(trap(Numerics.truncateToUInt32(-Double.infinity)) == .integerOverflow)
  }

  @Test("Truncation to 64 bits traps from exactly the first number that has no integer")
  func truncation64() {
    #expect(value(Numerics.truncateToInt64(Float(-0x1p63))) == .min)
    #expect(trap(Numerics.truncateToInt64(Float(-0x1p63).nextDown)) == .integerOverflow)
    #expect(value(Numerics.truncateToInt64(-0x1p63)) == .min)
    #expect(trap(Numerics.truncateToInt64((-0x1p63).nextDown)) == .integerOverflow)
    #expect(value(Numerics.truncateToInt64(0x1p63.nextDown)) == 0x7FFF_FFFF_FFFF_FC00)
    #expect(trap(Numerics.truncateToInt64(0x1p63)) == .integerOverflow)
    #expect(value(Numerics.truncateToUInt64(0x1p64.nextDown)) == 0xFFFF_FFFF_FFFF_F800)
    #expect(trap(Numerics.truncateToUInt64(0x1p64)) == .integerOverflow)
    #expect(value(Numerics.truncateToUInt64(Float(0x1p63))) == 1 << 63)
    #expect(trap(Numerics.truncateToUInt64(signalling64)) == .invalidConversionToInteger)
  }

  @Test("Saturating truncation clamps, and makes 0 of NaN")
  func saturation() {
    #expect(Numerics.saturateToInt32(Float.nan) == 0)
    #expect(Numerics.saturateToInt32(Float(-3e9)) == .min)
    #expect(Numerics.saturateToInt32(2147483647.5) == .max)
    #expect(Numerics.saturateToInt32(-2147483648.5) == .min)
    #expect(Numerics.saturateToUInt32(-Float.infinity) == 0)
    #expect(Numerics.saturateToUInt32(Double.nan) == 0)
    #expect(Numerics.saturateToUInt32(5e9) == .max)
    #expect(Numerics.saturateToInt64(-Double.infinity) == .min)
    #expect(Numerics.saturateToInt64(0x1p63) == .max)
    #expect(Numerics.saturateToUInt64(Float(0x1p64)) == .max)
    #expect(Numerics.saturateToUInt64(-0.5) == 0)
  }
}
