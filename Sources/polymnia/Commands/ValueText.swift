import WasmEngine
import WebAssembly

/// Values as the command reads and writes them.
enum ValueText {
  /// The value that an argument stands for, or nil where it does not fit the type: integers signed or unsigned, decimal
  /// or hexadecimal; floats also hexadecimal, `inf`, `nan`, `nan:0x…`; vectors as the 128-bit number that `0x…` writes;
  /// references only `null`.
  static func parse(_ text: String, as type: ValueType) -> Value? {
    switch type {
    case .i32: integer(text, as: Int32.self, unsigned: UInt32.self).map(Value.i32)
    case .i64: integer(text, as: Int64.self, unsigned: UInt64.self).map(Value.i64)
    case .f32: float(text, nan: nan32).map(Value.f32)
    case .f64: float(text, nan: nan64).map(Value.f64)
    case .v128: vector(text).map(Value.v128)
    default:
      if text == "null", let reference = type.referenceType, reference.isNullable {
        .null(reference.heapType)
      } else {
        nil
      }
    }
  }

  /// Integers signed, floats in the fewest digits that read back as the same number.
  static func print(_ value: Value) -> String {
    switch value {
    case .i32(let value): String(value)
    case .i64(let value): String(value)
    case .f32(let value): print(value)
    case .f64(let value): print(value)
    case .v128(let value): "0x" + digits(value.high) + digits(value.low)
    case .funcref(let function):
      // The name is the engine's to know; a reference shows its type.
      function.map { "function of type \($0.type)" } ?? "null"
    case .externref(let reference): reference == nil ? "null" : "external reference"
    case .exnref(let reference): reference == nil ? "null" : "exception reference"
    case .anyref: "null"
    }
  }

  private static func print(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value.sign == .minus ? "-inf" : "inf" }
    return value.description
  }

  private static func digits(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func integer<Signed: FixedWidthInteger, Unsigned: FixedWidthInteger>(
    _ text: String, as: Signed.Type, unsigned: Unsigned.Type
  ) -> Signed? {
    let isNegative = text.hasPrefix("-")
    let magnitude = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
    let isHexadecimal = magnitude.hasPrefix("0x") || magnitude.hasPrefix("0X")
    let digits = isHexadecimal ? magnitude.dropFirst(2) : magnitude
    // The initializers take a sign, which must not follow another one.
    guard let first = digits.first, first.isHexDigit else { return nil }
    let radix = isHexadecimal ? 16 : 10
    if isNegative { return Signed("-" + digits, radix: radix) }
    return Unsigned(digits, radix: radix).map { Signed(truncatingIfNeeded: $0) }
  }

  private static func float<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: String, nan: (UInt64, Bool) -> Number?
  ) -> Number? {
    let isNegative = text.hasPrefix("-")
    let magnitude = isNegative || text.hasPrefix("+") ? String(text.dropFirst()) : text
    if magnitude == "nan" { return nan(1 << UInt64(clamping: Number.significandBitCount - 1), isNegative) }
    if magnitude.hasPrefix("nan:0x") {
      return UInt64(magnitude.dropFirst(6), radix: 16).flatMap { nan($0, isNegative) }
    }
    if magnitude == "inf" { return isNegative ? -Number.infinity : Number.infinity }
    // Other words that the initializer knows are not numbers here.
    guard magnitude.first.map({ $0.isNumber || $0 == "." }) == true else { return nil }
    return Number(text)
  }

  private static func nan32(_ payload: UInt64, isNegative: Bool) -> Float? {
    guard payload > 0, payload < 1 << 23 else { return nil }
    return Float(bitPattern: UInt32(clamping: payload) | 0x7F80_0000 | (isNegative ? 1 << 31 : 0))
  }

  private static func nan64(_ payload: UInt64, isNegative: Bool) -> Double? {
    guard payload > 0, payload < 1 << 52 else { return nil }
    return Double(bitPattern: payload | 0x7FF0_0000_0000_0000 | (isNegative ? 1 << 63 : 0))
  }

  private static func vector(_ text: String) -> V128? {
    guard text.hasPrefix("0x"), text.count > 2, text.count <= 34, text.dropFirst(2).allSatisfy(\.isHexDigit) else {
      return nil
    }
    let digits = String(repeating: "0", count: 34 - text.count) + text.dropFirst(2)
    guard let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16) else {
      return nil
    }
    return V128(low: low, high: high)
  }
}
