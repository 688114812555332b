/// The values of floating-point literals, rounded once, to nearest with ties to even (Core 3.0, 6.3.2).
enum FloatLiteral {
  /// A binary format of IEEE 754.
  private struct Format {
    /// Bits of the significand without the hidden one.
    let significandBits: Int
    /// The highest exponent, which is also the exponents' bias.
    let bias: Int

    var infinity: UInt64 { UInt64(2 * bias + 1) << UInt64(significandBits) }

    static let single = Format(significandBits: 23, bias: 127)
    static let double = Format(significandBits: 52, bias: 1023)

    /// The number `(significand + t) * 2^exponent`, where 0 < t < 1 if `isInexact` and t = 0 if not; nil above the
    /// highest finite one. An inexact significand has at least 60 bits.
    func round(_ significand: UInt64, isInexact: Bool, exponent: Int) -> UInt64? {
      if significand == 0 { return 0 }
      let shift = significand.leadingZeroBitCount
      let normal = significand << UInt64(shift)
      let exponent = exponent - shift + 63
      if exponent > bias { return nil }
      let lowest = 1 - bias
      // The number of low bits of `normal` that have no place in the result.
      let dropped = 63 - significandBits + max(0, lowest - exponent)
      if dropped > 64 { return 0 }
      var result = dropped == 64 ? 0 : normal >> UInt64(dropped)
      let remainder = dropped == 64 ? normal : normal & (1 << UInt64(dropped) - 1)
      let half: UInt64 = 1 << UInt64(dropped - 1)
      if remainder > half || (remainder == half && (isInexact || result & 1 == 1)) { result += 1 }
      // The hidden bit adds one to the exponent field, and so does a carry out of the significand.
      if exponent >= lowest { result += UInt64(exponent - lowest) << UInt64(significandBits) }
      return result < infinity ? result : nil
    }
  }

  /// The bits of an f32; nil where the number is out of range. The range holds a number in any of its shapes.
  static func single(_ source: [UInt8], _ range: Range<Int>) -> UInt32? {
    bits(source, range, .single).map { UInt32(truncatingIfNeeded: $0) }
  }

  /// The bits of an f64; nil where the number is out of range. The range holds a number in any of its shapes.
  static func double(_ source: [UInt8], _ range: Range<Int>) -> UInt64? {
    bits(source, range, .double)
  }

  private static func bits(_ source: [UInt8], _ range: Range<Int>, _ format: Format) -> UInt64? {
    var start = range.lowerBound
    let end = range.upperBound
    var sign: UInt64 = 0
    if source[start] == UInt8(ascii: "-") || source[start] == UInt8(ascii: "+") {
      if source[start] == UInt8(ascii: "-") { sign = (format.infinity << 1) & ~format.infinity }
      start += 1
    }
    let magnitude: UInt64?
    switch source[start] {
    case UInt8(ascii: "i"):
      magnitude = format.infinity
    case UInt8(ascii: "n"):
      magnitude = nan(source, start..<end, format)
    default:
      magnitude =
        NumberSyntax.hasHexadecimalPrefix(source, start..<end)
        ? hexadecimal(source, start + 2..<end, format) : decimal(source, start..<end, format)
    }
    return magnitude.map { $0 | sign }
  }

  private static func nan(_ source: [UInt8], _ range: Range<Int>, _ format: Format) -> UInt64? {
    if range.count == 3 { return format.infinity | 1 << UInt64(format.significandBits - 1) }
    guard let payload = NumberSyntax.hexadecimalDigits(source, range.lowerBound + 6..<range.upperBound),
      payload > 0, payload >> UInt64(format.significandBits) == 0
    else { return nil }
    return format.infinity | payload
  }

  /// The exponent that begins at an index, no further from 0 than 2^40.
  private static func exponent(_ source: [UInt8], _ range: Range<Int>) -> Int {
    var value = 0
    for byte in source[range] where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1 << 40)
    }
    return range.isEmpty || source[range.lowerBound] != UInt8(ascii: "-") ? value : -value
  }

  private static func hexadecimal(_ source: [UInt8], _ range: Range<Int>, _ format: Format) -> UInt64? {
    var significand: UInt64 = 0
    var isInexact = false
    var exponent = 0
    var isFraction = false
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = source[index]
      index += 1
      if let digit = hexadecimalDigit(byte) {
        if significand >> 60 == 0 {
          significand = significand << 4 | UInt64(digit)
          if isFraction { exponent -= 4 }
        } else {
          if digit != 0 { isInexact = true }
          if !isFraction { exponent += 4 }
        }
      } else if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte != UInt8(ascii: "_") {
        exponent += self.exponent(source, index..<range.upperBound)
        break
      }
    }
    return format.round(significand, isInexact: isInexact, exponent: exponent)
  }

  // MARK: Decimal

  private static let doublePowers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
  private static let singlePowers: [Float] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]

  /// More digits than this decide nothing but whether the number is above a midpoint; the longest midpoint between two
  /// doubles has 767.
  private static let significantDigits = 800

  private static func decimal(_ source: [UInt8], _ range: Range<Int>, _ format: Format) -> UInt64? {
    // The number is `digits * 10^exponent`; digits without leading zeros.
    var digits: [UInt8] = []
    var small: UInt64 = 0
    var exponent = 0
    var isInexact = false
    var isFraction = false
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = source[index]
      index += 1
      if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
        if isFraction { exponent -= 1 }
        if digits.isEmpty && byte == UInt8(ascii: "0") { continue }
        if digits.count < significantDigits {
          digits.append(byte)
          if digits.count < 19 { small = small * 10 + UInt64(byte - UInt8(ascii: "0")) }
        } else {
          if byte != UInt8(ascii: "0") { isInexact = true }
          exponent += 1
        }
      } else if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte != UInt8(ascii: "_") {
        exponent += self.exponent(source, index..<range.upperBound)
        break
      }
    }
    if digits.isEmpty { return 0 }
    if let result = exact(small, digits.count, exponent, format) { return result }
    // 0.1 * 10^scale <= number < 10^scale
    let scale = digits.count + exponent
    if scale > 400 { return nil }
    if scale < -400 { return 0 }
    if isInexact {
      digits.append(UInt8(ascii: "1"))
      exponent -= 1
    }
    let text = String(decoding: digits, as: UTF8.self) + "e" + String(exponent)
    // The standard library rounds correctly to either type.
    if format.significandBits == 23 {
      guard let value = Float(text), value.isFinite else { return nil }
      return UInt64(value.bitPattern)
    }
    guard let value = Double(text), value.isFinite else { return nil }
    return value.bitPattern
  }

  /// Numbers for which one operation on exact operands gives the rounded result (Clinger 1990, section 4).
  private static func exact(_ digits: UInt64, _ count: Int, _ exponent: Int, _ format: Format) -> UInt64? {
    if format.significandBits == 23 {
      guard count <= 7, digits <= 1 << 24, abs(exponent) <= 10 else { return nil }
      let power = singlePowers[abs(exponent)]
      return UInt64((exponent < 0 ? Float(digits) / power : Float(digits) * power).bitPattern)
    }
    guard count <= 15, abs(exponent) <= 22 else { return nil }
    let power = doublePowers[abs(exponent)]
    return (exponent < 0 ? Double(digits) / power : Double(digits) * power).bitPattern
  }
}
