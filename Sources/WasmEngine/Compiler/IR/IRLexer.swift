/// A mistake in the text form of the intermediate representation.
struct IRTextError: Error, Equatable, CustomStringConvertible {
  /// Both count from 1; columns are bytes.
  var line: Int
  var column: Int
  var message: String

  var description: String { "\(line):\(column): \(message)" }
}

/// A word, number or sign of the text form.
struct IRToken {
  enum Kind: Equatable {
    case word(String)
    case number(magnitude: UInt64, isNegative: Bool)
    /// A sign: one of `( ) [ ] , : = + - @ _ <= ..<`.
    case sign(String)
    case end
  }

  var kind: Kind
  var line: Int
  var column: Int
  /// Whether it is the first of its line.
  var startsLine: Bool

  var text: String {
    switch kind {
    case .word(let word): "'\(word)'"
    case .number(let magnitude, let isNegative): "'\(isNegative ? "-" : "")\(magnitude)'"
    case .sign(let sign): "'\(sign)'"
    case .end: "the end"
    }
  }
}

/// Cuts the text form into tokens.
struct IRLexer {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var lineStart = 0
  private var startsLine = true

  init(_ text: String) { bytes = Array(text.utf8) }

  private func peek(_ distance: Int = 0) -> UInt8 {
    position + distance < bytes.count ? bytes[position + distance] : 0
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == 0x5F || byte == 0x2E || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x0A:
        position += 1
        line += 1
        lineStart = position
        startsLine = true
      case 0x20, 0x09, 0x0D:
        position += 1
      case UInt8(ascii: ";"):
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      default:
        return
      }
    }
  }

  mutating func next() throws(IRTextError) -> IRToken {
    skipSpace()
    let column = position - lineStart + 1
    let isFirst = startsLine
    startsLine = false
    let kind = try scan(column)
    return IRToken(kind: kind, line: line, column: column, startsLine: isFirst)
  }

  private mutating func scan(_ column: Int) throws(IRTextError) -> IRToken.Kind {
    guard position < bytes.count else { return .end }
    let byte = peek()
    if Self.isDigit(byte) || (byte == UInt8(ascii: "-") && Self.isDigit(peek(1))) { return try number(column) }
    if byte == UInt8(ascii: "."), peek(1) == byte, peek(2) == UInt8(ascii: "<") { return sign(3) }
    if byte == UInt8(ascii: "<"), peek(1) == UInt8(ascii: "=") { return sign(2) }
    if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: ">") { return sign(2) }
    if byte == UInt8(ascii: "_"), !Self.isWord(peek(1)) { return sign(1) }
    if Self.isWord(byte) {
      let start = position
      while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
      return .word(String(decoding: bytes[start..<position], as: UTF8.self))
    }
    if "()[],:=+-@".utf8.contains(byte) { return sign(1) }
    throw IRTextError(line: line, column: column, message: "unexpected character")
  }

  private mutating func sign(_ count: Int) -> IRToken.Kind {
    defer { position += count }
    return .sign(String(decoding: bytes[position..<position + count], as: UTF8.self))
  }

  private mutating func number(_ column: Int) throws(IRTextError) -> IRToken.Kind {
    let isNegative = peek() == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let isHexadecimal = peek() == UInt8(ascii: "0") && peek(1) == UInt8(ascii: "x")
    if isHexadecimal { position += 2 }
    let start = position
    while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let magnitude = UInt64(digits, radix: isHexadecimal ? 16 : 10),
      !isNegative || magnitude <= UInt64(Int64.max) + 1
    else {
      throw IRTextError(line: line, column: column, message: "not a number of 64 bits")
    }
    return .number(magnitude: magnitude, isNegative: isNegative)
  }
}
