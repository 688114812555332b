/// The shapes of numbers (Core 3.0, 6.3.1 and 6.3.2).
enum NumberSyntax {
  /// The kind of number that stands in a range: `natural`, `integer`, `float`, or `unknown` if it is none.
  static func kind(of source: [UInt8], _ range: Range<Int>) -> Token.Kind {
    let end = range.upperBound
    var index = range.lowerBound
    guard index < end else { return .unknown }
    var integer = Token.Kind.natural
    if source[index] == UInt8(ascii: "+") || source[index] == UInt8(ascii: "-") {
      integer = .integer
      index += 1
    }
    guard index < end else { return .unknown }
    switch source[index] {
    case UInt8(ascii: "i"):
      return source[index..<end].elementsEqual("inf".utf8) ? .float : .unknown
    case UInt8(ascii: "n"):
      guard source[index..<end].starts(with: "nan".utf8) else { return .unknown }
      if index + 3 == end { return .float }
      guard source[index..<end].starts(with: "nan:0x".utf8) else { return .unknown }
      index += 6
      return digits(source, &index, end, hexadecimal: true) && index == end ? .float : .unknown
    default:
      break
    }
    let isHexadecimal = hasHexadecimalPrefix(source, index..<end)
    if isHexadecimal { index += 2 }
    guard digits(source, &index, end, hexadecimal: isHexadecimal) else { return .unknown }
    if index == end { return integer }
    if source[index] == UInt8(ascii: ".") {
      index += 1
      if index == end { return .float }
      if hexadecimalDigit(source[index]) != nil,
        isHexadecimal || source[index] <= UInt8(ascii: "9"),
        !digits(source, &index, end, hexadecimal: isHexadecimal)
      {
        return .unknown
      }
      if index == end { return .float }
    }
    let letter = source[index] | 0x20
    guard letter == (isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")) else { return .unknown }
    index += 1
    if index < end, source[index] == UInt8(ascii: "+") || source[index] == UInt8(ascii: "-") { index += 1 }
    return digits(source, &index, end, hexadecimal: false) && index == end ? .float : .unknown
  }

  static func hasHexadecimalPrefix(_ source: [UInt8], _ range: Range<Int>) -> Bool {
    range.count > 2 && source[range.lowerBound] == UInt8(ascii: "0")
      && source[range.lowerBound + 1] == UInt8(ascii: "x")
  }

  /// Reads digits, single underscores between them; false where there is no digit.
  private static func digits(_ source: [UInt8], _ index: inout Int, _ end: Int, hexadecimal: Bool) -> Bool {
    var isAfterDigit = false
    while index < end {
      let byte = source[index]
      if byte == UInt8(ascii: "_") {
        guard isAfterDigit else { return false }
        isAfterDigit = false
      } else if hexadecimal ? hexadecimalDigit(byte) != nil : byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
        isAfterDigit = true
      } else {
        break
      }
      index += 1
    }
    return isAfterDigit
  }

  /// The value of hexadecimal digits with underscores, no higher than `UInt64.max`; nil where they are malformed.
  static func hexadecimalDigits(_ source: [UInt8], _ range: Range<Int>) -> UInt64? {
    var index = range.lowerBound
    guard digits(source, &index, range.upperBound, hexadecimal: true), index == range.upperBound else { return nil }
    var value: UInt64 = 0
    for byte in source[range] {
      guard let digit = hexadecimalDigit(byte) else { continue }
      value = value >> 60 == 0 ? value << 4 | UInt64(digit) : .max
    }
    return value
  }
}

/// The values of integers. The ranges hold tokens of the kinds `natural` and `integer`.
enum IntegerLiteral {
  /// The value of digits, or nil above 64 bits.
  private static func magnitude(_ source: [UInt8], _ range: Range<Int>) -> UInt64? {
    var value: UInt64 = 0
    if NumberSyntax.hasHexadecimalPrefix(source, range) {
      for byte in source[range.dropFirst(2)] where byte != UInt8(ascii: "_") {
        guard let digit = hexadecimalDigit(byte), value >> 60 == 0 else { return nil }
        value = value << 4 | UInt64(digit)
      }
      return value
    }
    for byte in source[range] where byte != UInt8(ascii: "_") {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte &- UInt8(ascii: "0")))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// An unsigned integer of `bits` bits, or nil where it is out of range.
  static func unsigned(_ source: [UInt8], _ range: Range<Int>, bits: Int) -> UInt64? {
    guard let value = magnitude(source, range), bits == 64 || value >> UInt64(bits) == 0 else { return nil }
    return value
  }

  /// An integer that is either signed or unsigned, as two's complement of `bits` bits; nil where it is out of range.
  static func integer(_ source: [UInt8], _ range: Range<Int>, bits: Int) -> UInt64? {
    let sign = source[range.lowerBound]
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return unsigned(source, range, bits: bits) }
    guard let value = magnitude(source, range.lowerBound + 1..<range.upperBound) else { return nil }
    let limit: UInt64 = 1 << UInt64(bits - 1)
    if sign == UInt8(ascii: "+") { return value < limit ? value : nil }
    guard value <= limit else { return nil }
    return (0 &- value) & (~0 >> UInt64(64 - bits))
  }
}
