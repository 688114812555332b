/// What is wrong with a text, and where.
public struct TextError: Error, Hashable, Sendable {
  /// What is wrong, beginning with the words that the official scripts expect.
  public var message: String
  /// The line, counted from 1.
  public var line: Int
  /// The column in characters, counted from 1.
  public var column: Int
  /// The line itself, or the part of a very long one that surrounds the column.
  public var sourceLine: String
  /// How many characters of ``sourceLine`` stand before the column.
  public var caret: Int

  init(_ message: String, in source: [UInt8], at offset: Int) {
    self.message = message
    let place = SourcePlace(of: offset, in: source)
    line = place.line
    column = place.column
    sourceLine = place.excerpt
    caret = place.caret
  }
}

extension TextError: CustomStringConvertible {
  public var description: String {
    let indent = String(repeating: " ", count: caret)
    return "\(line):\(column): error: \(message)\n  \(sourceLine)\n  \(indent)^"
  }
}

/// A place in a text as people count it.
struct SourcePlace {
  var line: Int
  var column: Int
  var excerpt: String
  var caret: Int

  /// The place of a byte offset. Lines end with LF, CR or both (Core 3.0, 6.3.1).
  init(of offset: Int, in source: [UInt8]) {
    let offset = max(0, min(offset, source.count))
    line = 1
    var lineStart = 0
    var index = 0
    while index < offset {
      let byte = source[index]
      index += 1
      if byte == UInt8(ascii: "\n") || (byte == UInt8(ascii: "\r") && !Self.isLineFeed(source, at: index)) {
        line += 1
        lineStart = index
      }
    }
    column = 1 + Self.characters(source, lineStart..<offset)
    // At most 60 characters before and 100 bytes after the place.
    var first = lineStart
    while Self.characters(source, first..<offset) > 60 {
      first += 1
      while first < offset && source[first] & 0xC0 == 0x80 { first += 1 }
      if offset - first > 400 { first = offset - 240 }
    }
    var last = offset
    while last < source.count && source[last] != UInt8(ascii: "\n") && source[last] != UInt8(ascii: "\r")
      && (last - offset < 100 || source[last] & 0xC0 == 0x80) && last - offset < 104
    {
      last += 1
    }
    let shown = String(decoding: source[first..<last], as: UTF8.self)
    excerpt = String(shown.unicodeScalars.map { $0.isHiddenInNames && $0 != "\\" ? " " : Character($0) })
    caret = Self.characters(source, first..<offset)
  }

  private static func isLineFeed(_ source: [UInt8], at index: Int) -> Bool {
    index < source.count && source[index] == UInt8(ascii: "\n")
  }

  private static func characters(_ source: [UInt8], _ range: Range<Int>) -> Int {
    var count = 0
    for index in range where source[index] & 0xC0 != 0x80 { count += 1 }
    return count
  }
}

/// Where the instructions of a module that was parsed from text stand in that text.
public struct TextPositions: Sendable {
  /// Offsets in the module's bytes at which instructions begin, ascending.
  var offsets: [UInt32] = []
  /// The place of each in the source, in bytes.
  var sources: [UInt32] = []
  var source: [UInt8] = []

  /// The line and the column, both counted from 1, of the instruction that contains an offset in
  /// ``Module/bytes``; nil where no instruction begins at or before it.
  public func position(ofOffset offset: Int) -> (line: Int, column: Int)? {
    guard let start = sourceOffset(ofOffset: offset) else { return nil }
    let place = SourcePlace(of: start, in: source)
    return (place.line, place.column)
  }

  fileprivate func sourceOffset(ofOffset offset: Int) -> Int? {
    var low = 0
    var high = offsets.count
    while low < high {
      let middle = (low + high) / 2
      if Int(offsets[middle]) <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? Int(sources[low - 1]) : nil
  }

  /// An error at the instruction that contains an offset in ``Module/bytes``; nil where no instruction begins at or
  /// before it.
  public func error(_ message: String, atOffset offset: Int) -> TextError? {
    sourceOffset(ofOffset: offset).map { TextError(message, in: source, at: $0) }
  }
}

/// The places of instructions in a text, for many questions: what ``TextPositions`` looks for, this knows.
public struct TextLines: Sendable {
  private let positions: TextPositions
  /// Where each line begins.
  private var starts: [UInt32] = [0]

  public init(_ positions: TextPositions) {
    self.positions = positions
    let source = positions.source
    for (index, byte) in source.enumerated() {
      let isEnd =
        byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r") && (index + 1 == source.count || source[index + 1] != UInt8(ascii: "\n"))
      if isEnd { starts.append(UInt32(index + 1)) }
    }
  }

  /// See ``TextPositions/position(ofOffset:)``.
  public func position(ofOffset offset: Int) -> (line: Int, column: Int)? {
    guard let place = positions.sourceOffset(ofOffset: offset) else { return nil }
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if Int(starts[middle]) <= place { low = middle + 1 } else { high = middle }
    }
    let start = Int(starts[max(low - 1, 0)])
    return (low, 1 + positions.source[start..<place].count { $0 & 0xC0 != 0x80 })
  }
}
