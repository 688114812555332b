import Testing

@testable import WebAssembly

@Suite struct LiteralTests {
  private func kind(_ text: String) -> Token.Kind {
    let bytes = Array(text.utf8)
    return NumberSyntax.kind(of: bytes, 0..<bytes.count)
  }

  private func single(_ text: String) -> UInt32? {
    let bytes = Array(text.utf8)
    return FloatLiteral.single(bytes, 0..<bytes.count)
  }

  private func double(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    return FloatLiteral.double(bytes, 0..<bytes.count)
  }

  private func integer(_ text: String, _ bits: Int) -> UInt64? {
    let bytes = Array(text.utf8)
    return IntegerLiteral.integer(bytes, 0..<bytes.count, bits: bits)
  }

  @Test func numbersAreToldFromWords() {
    for text in ["0", "1_000", "0xFf_0", "00"] { #expect(kind(text) == .natural, "\(text)") }
    for text in ["+0", "-1_2", "-0x8"] { #expect(kind(text) == .integer, "\(text)") }
    for text in [
      "0.", "1.5", "1e5", "1.e+5", "1.5E-5", "-0x1.p1", "0x1p-5", "0xa.Bp+1_0", "inf", "-inf", "+nan", "nan:0x1_f",
    ] { #expect(kind(text) == .float, "\(text)") }
    for text in [
      "", "+", "_1", "1_", "1__0", "0x", "0x_1", "1x", "0xg", ".5", "1._5", "1_.5", "1.5_", "1e", "1e+", "1e_1", "1p1",
      "0x1p", "0x1e+1", "0x1pa", "infinity", "nan:", "nan:1", "nan:0x", "NaN", "+-1", "1.5.5", "0X1",
    ] { #expect(kind(text) == .unknown, "\(text)") }
  }

  @Test func integersAreCheckedAgainstTheirWidth() {
    #expect(integer("4294967295", 32) == 0xFFFF_FFFF)
    #expect(integer("4294967296", 32) == nil)
    #expect(integer("-2147483648", 32) == 0x8000_0000)
    #expect(integer("-2147483649", 32) == nil)
    #expect(integer("+2147483647", 32) == 0x7FFF_FFFF)
    #expect(integer("-0x80", 8) == 0x80)
    #expect(integer("-0x81", 8) == nil)
    #expect(integer("0xffff_ffff_ffff_ffff", 64) == .max)
    #expect(integer("18446744073709551615", 64) == .max)
    #expect(integer("18446744073709551616", 64) == nil)
    #expect(integer("0x1_0000_0000_0000_0000", 64) == nil)
    #expect(integer("-9223372036854775808", 64) == 1 << 63)
    #expect(integer("-9223372036854775809", 64) == nil)
    #expect(integer("-0", 64) == 0)
  }

  @Test func floatsAreRoundedOnceAndToEven() {
    // Halfway between two singles, and a little to either side of it; through a double the sides would be lost.
    #expect(single("16777217") == Float(16_777_216).bitPattern)
    #expect(single("16777217.0000000000000000000000000001") == Float(16_777_218).bitPattern)
    #expect(single("16777218.9999999999999999999999999999") == Float(16_777_218).bitPattern)
    #expect(single("16777219") == Float(16_777_220).bitPattern)
    #expect(single("0x1.000001p0") == 0x3F80_0000)
    #expect(single("0x1.0000010000000000000000000000000000001p0") == 0x3F80_0001)
    #expect(single("0x1.000003p0") == 0x3F80_0002)
    #expect(single("0x1.0000050000000000000000000p0") == 0x3F80_0002)
    #expect(double("9007199254740993") == 9_007_199_254_740_992.0.bitPattern)
    #expect(double("9007199254740993.00000000000000000000000000000001") == 9_007_199_254_740_994.0.bitPattern)
    #expect(double("9007199254740995") == 9_007_199_254_740_996.0.bitPattern)
    let zeros = String(repeating: "0", count: 5_000)
    #expect(double("9007199254740993.\(zeros)1") == 9_007_199_254_740_994.0.bitPattern)
    #expect(double("9007199254740993\(zeros)e-5000") == 9_007_199_254_740_992.0.bitPattern)
    #expect(double("0.\(zeros)9007199254740993e5016") == 9_007_199_254_740_992.0.bitPattern)
    #expect(double("1_0.5e0_1") == 105.0.bitPattern)
    #expect(double("-0.1") == (-0.1).bitPattern)
    #expect(single("3.14159265358979") == Float.pi.bitPattern + 1)
  }

  @Test func smallFloatsBecomeSubnormalOrZero() {
    #expect(double("4.9406564584124654e-324") == 1)
    #expect(double("2.4703282292062327e-324") == 0)
    #expect(double("2.4703282292062328e-324") == 1)
    #expect(double("2.2250738585072011e-308") == 0xF_FFFF_FFFF_FFFF)
    #expect(double("0x1p-1074") == 1)
    #expect(double("0x1p-1075") == 0)
    #expect(double("0x1.8p-1074") == 2)
    #expect(double("0x1.0000000000000000000000000001p-1075") == 1)
    #expect(double("-1e-99999999999999999999999999") == 1 << 63)
    #expect(double("0e99999999999999999999999999") == 0)
    #expect(double("0x0p99999999999999999999999999") == 0)
    #expect(single("0x1p-149") == 1)
    #expect(single("0x1p-150") == 0)
    #expect(single("7.0064923216240853546186479164495e-46") == 0)
    #expect(single("7.0064923216240853546186479164496e-46") == 1)
    #expect(single("1.1754943157898258e-38") == 0x80_0000)
  }

  @Test func largeFloatsAreOutOfRange() {
    #expect(single("340282356779733661637539395458142568447") == Float.greatestFiniteMagnitude.bitPattern)
    #expect(single("340282356779733661637539395458142568448") == nil)
    #expect(single("0x1.fffffefffffffffffffp127") == Float.greatestFiniteMagnitude.bitPattern)
    #expect(single("0x1.ffffffp127") == nil)
    #expect(double("0x1.fffffffffffff7ffffffffffp1023") == Double.greatestFiniteMagnitude.bitPattern)
    #expect(double("0x1.fffffffffffff8p1023") == nil)
    #expect(double("1.797693134862315807e308") == Double.greatestFiniteMagnitude.bitPattern)
    #expect(double("1.797693134862315808e308") == nil)
    #expect(double("1e309") == nil)
    #expect(double("1e99999999999999999999999999") == nil)
    #expect(double("0x1p99999999999999999999999999") == nil)
    #expect(single("1e39") == nil)
  }

  @Test func payloadsOfNaNsAreKept() {
    #expect(single("nan") == 0x7FC0_0000)
    #expect(single("-nan:0x1") == 0xFF80_0001)
    #expect(single("nan:0x7f_ffff") == 0x7FFF_FFFF)
    #expect(single("nan:0x80_0000") == nil)
    #expect(single("nan:0x0") == nil)
    #expect(double("nan:0xf_ffff_ffff_ffff") == 0x7FFF_FFFF_FFFF_FFFF)
    #expect(double("nan:0x10_0000_0000_0000") == nil)
    #expect(double("-inf") == (-Double.infinity).bitPattern)
  }

  @Test func decimalsAgreeWithTheirHexadecimalForm() {
    // What the standard library prints reads back to the same number, in both notations.
    var state: UInt64 = 42
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state ^ state >> 29)
      if value.isFinite {
        #expect(double("\(value)") == value.bitPattern)
        let significand = String(value.significandBitPattern | (value.isNormal ? 1 << 52 : 0), radix: 16)
        let exponent = Int(value.exponentBitPattern) - (value.isNormal ? 1075 : 1074)
        let sign = value.sign == .minus ? "-" : ""
        #expect(double("\(sign)0x\(significand)p\(exponent)") == value.bitPattern)
      }
      let narrow = Float(bitPattern: UInt32(truncatingIfNeeded: state >> 32))
      if narrow.isFinite {
        #expect(single("\(narrow)") == narrow.bitPattern)
        // A single's exact value, printed as a double, rounds to itself.
        #expect(single("\(Double(narrow))") == narrow.bitPattern)
      }
    }
  }
}
