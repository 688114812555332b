import WasmEngine
import WebAssembly

/// Compares results with what a script expects of them.
enum ResultMatching {
  static func matches(_ values: [Value], _ expected: [ScriptResult]) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy(matches)
  }

  static func matches(_ value: Value, _ expected: ScriptResult) -> Bool {
    switch (expected, value) {
    case (.either(let alternatives), _): alternatives.contains { matches(value, $0) }
    case (.i32(let bits), .i32(let number)): UInt32(bitPattern: number) == bits
    case (.i64(let bits), .i64(let number)): UInt64(bitPattern: number) == bits
    case (.f32(let pattern), .f32(let number)): pattern.matches(UInt64(number.bitPattern), width: 32)
    case (.f64(let pattern), .f64(let number)): pattern.matches(number.bitPattern, width: 64)
    case (.v128(let width, let lanes), .v128(let vector)): matches(vector, width, lanes)
    case (.null(nil), _): value.isNull
    case (.null(let type?), _): value.isNull && isSameHierarchy(value, .null(type))
    case (.reference(.function), .funcref(_?)): true
    case (.reference(.external), .externref(_?)): true
    case (.reference(.exception), .exnref(_?)): true
    case (.external(let number), .externref(let reference?)): reference.value as? UInt32 == number
    default: false
    }
  }

  private static func matches(_ vector: V128, _ width: Int, _ lanes: [ScriptNumber]) -> Bool {
    let mask: UInt64 = width == 64 ? .max : 1 << UInt64(width) - 1
    for (index, lane) in lanes.enumerated() {
      let word = index * width < 64 ? vector.low : vector.high
      guard lane.matches(word >> UInt64(index * width % 64) & mask, width: width) else { return false }
    }
    return true
  }

  private static func isSameHierarchy(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.funcref, .funcref), (.externref, .externref), (.exnref, .exnref), (.anyref, .anyref): true
    default: false
    }
  }

  // MARK: Text

  static func text(_ values: [Value]) -> String {
    values.isEmpty ? "nothing" : values.map(text).joined(separator: " ")
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .f32(let number) where number.isNaN: "f32:nan:" + hexadecimal(UInt64(number.bitPattern))
    case .f64(let number) where number.isNaN: "f64:nan:" + hexadecimal(number.bitPattern)
    case .v128(let vector): "v128:" + hexadecimal(vector.high, digits: 16) + "_" + digits(vector.low, 16)
    default: "\(value)"
    }
  }

  static func text(_ expected: [ScriptResult]) -> String {
    expected.isEmpty ? "nothing" : expected.map(text).joined(separator: " ")
  }

  private static func text(_ result: ScriptResult) -> String {
    switch result {
    case .i32(let bits): "i32:\(Int32(bitPattern: bits))"
    case .i64(let bits): "i64:\(Int64(bitPattern: bits))"
    case .f32(let number): "f32:" + text(number) { "\(Float(bitPattern: UInt32(truncatingIfNeeded: $0)))" }
    case .f64(let number): "f64:" + text(number) { "\(Double(bitPattern: $0))" }
    case .v128(let width, let lanes):
      "v128:" + lanes.reversed().map { text($0) { digits($0, width / 4) } }.joined(separator: "_")
    case .null(let type): type.map { "ref.null \($0)" } ?? "ref.null"
    case .reference(let type): "ref.\(type)"
    case .external(let number): "ref.extern \(number)"
    case .host(let number): "ref.host \(number)"
    case .either(let alternatives): "either(" + alternatives.map(text).joined(separator: " | ") + ")"
    }
  }

  private static func text(_ number: ScriptNumber, _ print: (UInt64) -> String) -> String {
    switch number {
    case .bits(let bits): print(bits)
    case .canonicalNaN: "nan:canonical"
    case .arithmeticNaN: "nan:arithmetic"
    }
  }

  private static func hexadecimal(_ value: UInt64, digits count: Int = 0) -> String { "0x" + digits(value, count) }

  private static func digits(_ value: UInt64, _ count: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
}

extension ScriptAction {
  /// As the script writes it, without the arguments.
  var text: String {
    let (instance, name) =
      switch self {
      case .invoke(let instance, let name, _): (instance, name)
      case .get(let instance, let name): (instance, name)
      }
    return (instance.map { "$\(name: $0) " } ?? "") + "\(quoted: name)"
  }
}
