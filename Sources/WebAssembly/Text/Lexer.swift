/// Cuts a text into tokens (Core 3.0, 6.3).
struct Lexer {
  let source: [UInt8]
  private let end: Int
  private var position: Int
  private let hasAnnotations: Bool
  private let nesting: Int
  private let classes = Lexer.classes
  private let keywords = KeywordTable.shared

  private var tokens: [Token] = []
  private var symbols = SymbolTable()
  private var annotations: [Annotation] = []
  /// The indices of the parentheses that are open.
  private var open: [Int] = []

  /// The tokens of a range of a source.
  static func tokens(
    of source: [UInt8], range: Range<Int>? = nil, features: FeatureSet = .all, limits: ImplementationLimits = .init()
  ) throws(TextError) -> TokenStream {
    guard source.count < Int(UInt32.max) else {
      throw TextError("text is too large", in: [], at: 0)
    }
    let range = (range ?? 0..<source.count).clamped(to: 0..<source.count)
    if source[range].starts(with: [0xEF, 0xBB, 0xBF]) {
      throw TextError(
        "illegal character: the text begins with a byte-order mark, which the format does not allow", in: source,
        at: range.lowerBound)
    }
    if let offset = malformedUTF8(in: source, range) {
      throw TextError("malformed UTF-8 encoding", in: source, at: offset)
    }
    var lexer = Lexer(source, range, features, limits)
    try lexer.run()
    return TokenStream(
      source: source, tokens: lexer.tokens, symbols: lexer.symbols, annotations: lexer.annotations)
  }

  private init(_ source: [UInt8], _ range: Range<Int>, _ features: FeatureSet, _ limits: ImplementationLimits) {
    self.source = source
    position = range.lowerBound
    end = range.upperBound
    hasAnnotations = features.contains(.customAnnotations)
    nesting = limits.effective.nesting
  }

  // MARK: Characters

  private static let isIdentifierCharacter: UInt8 = 1
  private static let isSpace: UInt8 = 2

  private static let classes: [UInt8] = {
    var classes = [UInt8](repeating: 0, count: 256)
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { classes[Int(byte)] = isIdentifierCharacter }
    for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { classes[Int(byte)] = isIdentifierCharacter }
    for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { classes[Int(byte)] = isIdentifierCharacter }
    for byte in "!#$%&'*+-./:<=>?@\\^_`|~".utf8 { classes[Int(byte)] = isIdentifierCharacter }
    for byte in " \t\n\r".utf8 { classes[Int(byte)] = isSpace }
    return classes
  }()

  @inline(__always)
  private func isIdentifierCharacter(at index: Int) -> Bool {
    index < end && classes[Int(source[index])] == Self.isIdentifierCharacter
  }

  @inline(__always)
  private func byte(at index: Int) -> UInt8 { index < end ? source[index] : 0 }

  private func error(_ message: String, at offset: Int) -> TextError { TextError(message, in: source, at: offset) }

  // MARK: Tokens

  private mutating func append(_ kind: Token.Kind, _ start: Int, _ end: Int, value: UInt32 = 0) {
    tokens.append(Token(kind: kind, start: UInt32(start), end: UInt32(end), value: value))
  }

  private mutating func run() throws(TextError) {
    tokens.reserveCapacity((end - position) / 5 + 4)
    while position < end {
      let start = position
      let byte = source[position]
      if classes[Int(byte)] == Self.isSpace {
        position += 1
        continue
      }
      switch byte {
      case UInt8(ascii: "("):
        switch self.byte(at: position + 1) {
        case UInt8(ascii: ";"): try blockComment()
        case UInt8(ascii: "@") where hasAnnotations: try annotation()
        default:
          guard open.count < nesting else { throw error("nesting is too deep", at: start) }
          open.append(tokens.count)
          position += 1
          append(.leftParenthesis, start, position)
        }
      case UInt8(ascii: ")"):
        if let opening = open.popLast() { tokens[opening].value = UInt32(tokens.count) }
        position += 1
        append(.rightParenthesis, start, position)
      case UInt8(ascii: ";"):
        guard self.byte(at: position + 1) == UInt8(ascii: ";") else {
          position += 1
          append(.unknown, start, position)
          continue
        }
        lineComment()
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
        position += 1
        append(.unknown, start, position)
      case UInt8(ascii: "\""):
        position = try stringEnd(position)
        if try !reservedRest(start) { append(.string, start, position) }
      default:
        guard classes[Int(byte)] == Self.isIdentifierCharacter else {
          throw error("illegal character", at: position)
        }
        try word()
      }
    }
    // Two, so that the parser can look one token ahead of any.
    for opening in open { tokens[opening].value = UInt32(tokens.count) }
    append(.endOfText, end, end)
    append(.endOfText, end, end)
  }

  /// A token that begins with an identifier character.
  private mutating func word() throws(TextError) {
    let start = position
    position += 1
    while isIdentifierCharacter(at: position) { position += 1 }
    let first = source[start]
    if first == UInt8(ascii: "$") {
      try identifier(start)
      return
    }
    if try reservedRest(start) { return }
    switch first {
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      if let code = keywords.find(source, start..<position) {
        append(.keyword, start, position, value: code)
      } else {
        append(kindOfUnknownWord(start..<position), start, position)
      }
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
      append(NumberSyntax.kind(of: source, start..<position), start, position)
    default:
      append(.unknown, start, position)
    }
  }

  private func kindOfUnknownWord(_ range: Range<Int>) -> Token.Kind {
    if NumberSyntax.kind(of: source, range) == .float { return .float }
    for (prefix, kind) in [("offset=", Token.Kind.offsetEquals), ("align=", .alignEquals)] {
      let length = prefix.utf8.count
      if source[range].starts(with: prefix.utf8) {
        let number = range.lowerBound + length..<range.upperBound
        return NumberSyntax.kind(of: source, number) == .natural ? kind : .unknown
      }
    }
    return .unknown
  }

  /// The rest of a token that begins with `$`, whose characters before ``position`` have been read.
  private mutating func identifier(_ start: Int) throws(TextError) {
    if position == start + 1 {
      // `$"..."`; a quotation that is no string leaves a bare `$`.
      guard hasAnnotations, byte(at: position) == UInt8(ascii: "\""), let end = try? stringEnd(position) else {
        throw error("empty identifier", at: start)
      }
      let quotation = position..<end
      position = end
      if try reservedRest(start) { return }
      var name: [UInt8] = []
      appendString(quotation, of: source, to: &name)
      if name.isEmpty { throw error("empty identifier", at: start) }
      guard malformedUTF8(in: name, 0..<name.count) == nil else {
        throw error("malformed UTF-8 encoding", at: start)
      }
      append(.identifier, start, position, value: symbols.intern(name, 0..<name.count))
      return
    }
    if try reservedRest(start) { return }
    append(.identifier, start, position, value: symbols.intern(source, start + 1..<position))
  }

  /// Makes one reserved token of what has been read since `start` and the identifier characters and strings that follow
  /// it without a space; false where there are none.
  private mutating func reservedRest(_ start: Int) throws(TextError) -> Bool {
    guard position < end else { return false }
    if source[position] != UInt8(ascii: "\"") && !isIdentifierCharacter(at: position) { return false }
    while position < end {
      if source[position] == UInt8(ascii: "\"") {
        position = try stringEnd(position)
      } else if isIdentifierCharacter(at: position) {
        position += 1
      } else {
        break
      }
    }
    append(.unknown, start, position)
    return true
  }

  // MARK: Strings

  /// Where the string that begins at `start` ends; checks its escapes (Core 3.0, 6.3.3).
  private func stringEnd(_ start: Int) throws(TextError) -> Int {
    var index = start + 1
    while index < end {
      let byte = source[index]
      if byte == UInt8(ascii: "\"") { return index + 1 }
      if byte < 0x20 || byte == 0x7F {
        let isLineEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        throw error(isLineEnd ? "unclosed string literal" : "illegal control character in string literal", at: index)
      }
      index += 1
      if byte != UInt8(ascii: "\\") { continue }
      guard index < end else { break }
      switch source[index] {
      case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "\\"), UInt8(ascii: "'"),
        UInt8(ascii: "\""):
        index += 1
      case UInt8(ascii: "u"):
        index = try unicodeEscapeEnd(index)
      case let digit where hexadecimalDigit(digit) != nil && hexadecimalDigit(self.byte(at: index + 1)) != nil:
        index += 2
      default:
        throw error("illegal escape", at: index - 1)
      }
    }
    throw error("unclosed string literal", at: start)
  }

  /// Where the escape `u{...}` ends, whose `u` is at `start`.
  private func unicodeEscapeEnd(_ start: Int) throws(TextError) -> Int {
    var index = start + 1
    guard byte(at: index) == UInt8(ascii: "{") else { throw error("illegal escape", at: start - 1) }
    index += 1
    let digits = index
    while byte(at: index) != UInt8(ascii: "}") && index < end { index += 1 }
    guard index < end, let value = NumberSyntax.hexadecimalDigits(source, digits..<index),
      Unicode.Scalar(UInt32(truncatingIfNeeded: min(value, 0x11_0000))) != nil
    else { throw error("illegal escape", at: start - 1) }
    return index + 1
  }

  // MARK: White space

  private mutating func lineComment() {
    while position < end && source[position] != UInt8(ascii: "\n") && source[position] != UInt8(ascii: "\r") {
      position += 1
    }
  }

  private mutating func blockComment() throws(TextError) {
    let start = position
    var depth = 0
    while position < end {
      let byte = source[position]
      if byte == UInt8(ascii: "("), self.byte(at: position + 1) == UInt8(ascii: ";") {
        depth += 1
        position += 2
      } else if byte == UInt8(ascii: ";"), self.byte(at: position + 1) == UInt8(ascii: ")") {
        depth -= 1
        position += 2
        if depth == 0 { return }
      } else {
        position += 1
      }
    }
    throw error("unclosed comment", at: start)
  }

  /// Skips an annotation, and keeps those that the module parser knows (Core 3.0, 6.3.5).
  private mutating func annotation() throws(TextError) {
    let start = position
    position += 2
    let name: [UInt8]
    if byte(at: position) == UInt8(ascii: "\"") {
      guard let end = try? stringEnd(position) else { throw error("empty annotation id", at: start) }
      var decoded: [UInt8] = []
      appendString(position..<end, of: source, to: &decoded)
      name = decoded
      position = end
      guard malformedUTF8(in: name, 0..<name.count) == nil else {
        throw error("malformed UTF-8 encoding", at: start)
      }
    } else {
      let first = position
      while isIdentifierCharacter(at: position) { position += 1 }
      name = Array(source[first..<position])
    }
    if name.isEmpty { throw error("empty annotation id", at: start) }
    let contents = position
    try annotationContents(start)
    let text = String(decoding: name, as: UTF8.self)
    for kind in [Annotation.Kind.custom, .name, .branchHint] where kind.identifier == text {
      annotations.append(
        Annotation(kind: kind, start: start, contents: contents..<position - 1, nextToken: tokens.count))
    }
  }

  /// Reads to the end of an annotation: any tokens in balanced parentheses.
  private mutating func annotationContents(_ start: Int) throws(TextError) {
    var depth = 1
    while position < end {
      let byte = source[position]
      switch byte {
      case UInt8(ascii: "("):
        if self.byte(at: position + 1) == UInt8(ascii: ";") {
          try blockComment()
        } else {
          depth += 1
          position += 1
        }
      case UInt8(ascii: ")"):
        depth -= 1
        position += 1
        if depth == 0 { return }
      case UInt8(ascii: ";"):
        if self.byte(at: position + 1) == UInt8(ascii: ";") { lineComment() } else { position += 1 }
      case UInt8(ascii: "\""):
        position = try stringEnd(position)
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
        position += 1
      default:
        guard classes[Int(byte)] != 0 else { throw error("illegal character", at: position) }
        position += 1
      }
    }
    throw error("unclosed annotation", at: start)
  }
}

/// Appends what a string stands for; `range` includes its quotation marks, and its escapes have been checked.
func appendString(_ range: Range<Int>, of source: [UInt8], to bytes: inout [UInt8]) {
  var index = range.lowerBound + 1
  let end = range.upperBound - 1
  while index < end {
    let byte = source[index]
    index += 1
    guard byte == UInt8(ascii: "\\"), index < end else {
      bytes.append(byte)
      continue
    }
    let escaped = source[index]
    index += 1
    switch escaped {
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(escaped)
    case UInt8(ascii: "u"):
      var value: UInt32 = 0
      index += 1
      while index < end && source[index] != UInt8(ascii: "}") {
        if let digit = hexadecimalDigit(source[index]) { value = value << 4 | UInt32(digit) }
        index += 1
      }
      index += 1
      if let scalar = Unicode.Scalar(value) {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    default:
      guard index < end, let high = hexadecimalDigit(escaped), let low = hexadecimalDigit(source[index]) else { return }
      bytes.append(high << 4 | low)
      index += 1
    }
  }
}

/// Where the first byte that breaks UTF-8 (Unicode 3.9, table 3-7) stands in a range, or nil.
func malformedUTF8(in bytes: [UInt8], _ range: Range<Int>) -> Int? {
  var index = range.lowerBound
  let end = range.upperBound
  while index < end {
    let byte = bytes[index]
    if byte < 0x80 {
      index &+= 1
      continue
    }
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch byte {
    case 0xC2...0xDF: count = 1
    case 0xE0: (count, second) = (2, 0xA0...0xBF)
    case 0xED: (count, second) = (2, 0x80...0x9F)
    case 0xE1...0xEF: count = 2
    case 0xF0: (count, second) = (3, 0x90...0xBF)
    case 0xF4: (count, second) = (3, 0x80...0x8F)
    case 0xF1...0xF3: count = 3
    default: return index
    }
    guard end - index > count, second.contains(bytes[index + 1]) else { return index }
    for next in index + 2..<index + count + 1 where bytes[next] & 0xC0 != 0x80 { return index }
    index += count + 1
  }
  return nil
}

/// The value of a hexadecimal digit, or nil.
@inline(__always)
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
