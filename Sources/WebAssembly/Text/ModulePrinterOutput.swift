/// Tokens of the text format (Core 3.0, 6.3).
extension TextPrinter {
  mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }

  mutating func decimal(_ value: UInt64) {
    if value < 10 {
      output.append(0x30 | UInt8(truncatingIfNeeded: value))
      return
    }
    let start = output.count
    var rest = value
    while rest > 0 {
      output.append(0x30 | UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    }
    var low = start
    var high = output.count - 1
    while low < high {
      output.swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  mutating func decimal(_ value: Int64) {
    if value < 0 { output.append(UInt8(ascii: "-")) }
    decimal(value.magnitude)
  }

  mutating func hexadecimalDigits(_ value: UInt64) {
    var shift = value == 0 ? 0 : (63 - value.leadingZeroBitCount) / 4 * 4
    output.append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: "x")])
    while shift >= 0 {
      output.append(Self.digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xF))
      shift -= 4
    }
  }

  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  /// A string literal of UTF-8 text, which stays readable.
  mutating func string(_ utf8: String.UTF8View) { Self.text(utf8, &output) }

  /// Characters that cannot be seen, or that change the order of others, are escaped.
  static func text(_ utf8: some Sequence<UInt8>, _ output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    if utf8.allSatisfy({ $0 < 0x80 }) {
      for byte in utf8 { stringElement(byte, &output) }
    } else {
      for scalar in String(decoding: Array(utf8), as: UTF8.self).unicodeScalars { element(scalar, &output) }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func element(_ scalar: Unicode.Scalar, _ output: inout [UInt8]) {
    if scalar.isASCII { return stringElement(UInt8(scalar.value), &output) }
    if scalar.isHiddenInNames {
      output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
    } else {
      output.append(contentsOf: UTF8.encode(scalar)!)
    }
  }

  /// A string literal of any bytes.
  mutating func longString(_ range: Range<Int>, to sink: ([UInt8]) -> Void) {
    output.append(UInt8(ascii: "\""))
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + Self.chunk, range.upperBound)
      for byte in source.bytes[start..<end] { Self.stringElement(byte, &output) }
      flush(to: sink)
      start = end
    }
    output.append(UInt8(ascii: "\""))
  }

  static func stringElement(_ byte: UInt8, _ output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      output.append(UInt8(ascii: "\\"))
      output.append(byte)
    case 0x20..<0x7F:
      output.append(byte)
    default:
      output.append(UInt8(ascii: "\\"))
      output.append(digit(byte >> 4))
      output.append(digit(byte & 0xF))
    }
  }

  /// The bits of an f32, exactly: the shortest decimal that is rounded to it.
  mutating func single(_ bits: UInt32) {
    let value = Float(bitPattern: bits)
    if value.isNaN {
      nan(isNegative: bits >> 31 != 0, payload: UInt64(bits & 0x7F_FFFF), canonical: 0x40_0000)
    } else {
      write(value.description)
    }
  }

  /// The bits of an f64, exactly: the shortest decimal that is rounded to it.
  mutating func double(_ bits: UInt64) {
    let value = Double(bitPattern: bits)
    if value.isNaN {
      nan(isNegative: bits >> 63 != 0, payload: bits & 0xF_FFFF_FFFF_FFFF, canonical: 0x8_0000_0000_0000)
    } else {
      write(value.description)
    }
  }

  private mutating func nan(isNegative: Bool, payload: UInt64, canonical: UInt64) {
    write(isNegative ? "-nan" : "nan")
    guard payload != canonical else { return }
    write(":")
    hexadecimalDigits(payload)
  }

  /// A space, then the identifier of an index or else the index.
  mutating func index(_ space: NameSpace, _ index: UInt32) {
    output.append(UInt8(ascii: " "))
    if identifiers[Int(space.rawValue)].write(index, &output) { return }
    decimal(UInt64(index))
  }

  /// What stands after the keyword of a definition: its identifier if it has one, and its index for people.
  mutating func bindingIdentifier(_ space: NameSpace, _ index: UInt32) {
    if identifiers[Int(space.rawValue)].has(index) {
      output.append(UInt8(ascii: " "))
      _ = identifiers[Int(space.rawValue)].write(index, &output)
    }
    guard options.hasComments else { return }
    write(" (;")
    decimal(UInt64(index))
    write(";)")
  }
}
