/// A token of the text format (Core 3.0, 6.3).
struct Token {
  enum Kind: UInt8 {
    case leftParenthesis, rightParenthesis
    /// An unsigned integer.
    case natural
    /// An integer with a sign.
    case integer
    case float
    case string
    case identifier
    case keyword
    /// `offset=` and `align=` with their number.
    case offsetEquals, alignEquals
    /// A reserved token, or a keyword that nothing uses.
    case unknown
    case endOfText
  }

  var kind: Kind
  /// The token's range in the source.
  var start: UInt32
  var end: UInt32
  /// Of a left parenthesis the index of the token that closes it; of an identifier its symbol; of a keyword its
  /// ``Keyword`` code, or ``KeywordTable/firstOperator`` plus its row in ``Operator/all``.
  var value: UInt32

  var range: Range<Int> { Int(start)..<Int(end) }
}

extension Token.Kind: CustomStringConvertible {
  /// What messages call it where it is expected.
  var description: String {
    switch self {
    case .leftParenthesis: "'('"
    case .rightParenthesis: "')'"
    case .natural: "a number without a sign"
    case .integer: "an integer"
    case .float: "a floating-point number"
    case .string: "a string"
    case .identifier: "an identifier"
    case .keyword: "a keyword"
    case .offsetEquals: "'offset='"
    case .alignEquals: "'align='"
    case .unknown: "another word"
    case .endOfText: "the end of the text"
    }
  }
}

/// An annotation whose contents mean something to the module parser (Core 3.0, 6.3.5).
struct Annotation {
  enum Kind: UInt8 {
    case custom, name, branchHint

    /// The annotation's identifier.
    var identifier: String {
      switch self {
      case .custom: "custom"
      case .name: "name"
      case .branchHint: "metadata.code.branch_hint"
      }
    }
  }

  var kind: Kind
  /// Where the annotation begins in the source.
  var start: Int
  /// What stands between its identifier and its closing parenthesis.
  var contents: Range<Int>
  /// The index of the token that follows.
  var nextToken: Int
}

/// The tokens of a text and what belongs to them.
struct TokenStream {
  let source: [UInt8]
  /// Ends with two tokens of the kind `endOfText`.
  var tokens: [Token]
  var symbols: SymbolTable
  var annotations: [Annotation]
}
