// The contents of data segments: strings (Core 3.0, 6.6.12) and, with the feature numeric-values, numbers.

extension TextParser {
  /// Writes strings and lists of numbers into the module's bytes, as many as come.
  mutating func dataContents() throws(TextError) -> Range<Int> {
    let start = writer.output.bytes.count
    while true {
      if kind == .string {
        appendString(tokens[position].range, of: source, to: &writer.output.bytes)
        position += 1
      } else if kind == .leftParenthesis {
        try numericValues()
      } else {
        return start..<writer.output.bytes.count
      }
    }
  }

  /// Whether a list of numbers comes next.
  var isNumericValues: Bool {
    switch openKeyword() {
    case .i8, .i16, .i32, .i64, .f32, .f64, .v128: true
    default: false
    }
  }

  /// `(i16 1 -2 0xffff)` and its like: each number little-endian, in the width of its type, without padding.
  private mutating func numericValues() throws(TextError) {
    guard isNumericValues else { throw unexpected("the type of numbers, such as i32", at: position + 1) }
    try require(.numericValues, for: "a number in a data segment", at: position + 1)
    let type = openKeyword()
    position += 2
    while kind != .rightParenthesis {
      switch type {
      case .i8: try integer(bits: 8)
      case .i16: try integer(bits: 16)
      case .i32: try integer(bits: 32)
      case .i64: try integer(bits: 64)
      case .f32: writer.output.word(try floatConstant(bits: 32), bytes: 4)
      case .f64: writer.output.word(try floatConstant(bits: 64), bytes: 8)
      default:
        try require(.simd, for: "v128", at: position)
        try vectorLanes()
      }
    }
    position += 1
  }

  private mutating func integer(bits: Int) throws(TextError) {
    writer.output.word(try integerConstant(bits: bits), bytes: bits / 8)
  }
}
