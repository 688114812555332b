/// A module that was parsed from text.
public struct ParsedModule: Sendable {
  public var module: Module
  /// Where its instructions stand in the text.
  public var positions: TextPositions
}

/// Parses modules in the text format (Core 3.0, 6).
public enum ModuleParser {
  /// Parses a text: `(module ...)`, or the fields of a module without it; `(module binary "..."*)` and
  /// `(module quote "..."*)`, the forms of scripts whose strings hold a binary or a text, too.
  ///
  /// Bodies, expressions, data and custom sections are written into one buffer, which becomes ``Module/bytes``. With
  /// `emitNames`, identifiers and `@name` annotations become the custom section `name`. The result is not validated.
  public static func parse(
    _ source: [UInt8], features: FeatureSet = .all, limits: ImplementationLimits = .init(), emitNames: Bool = true
  ) throws(TextError) -> ParsedModule {
    let stream = try Lexer.tokens(of: source, features: features, limits: limits)
    var parser = TextParser(stream, features: features, limits: limits, emitNames: emitNames)
    if let other = try parser.moduleInStrings() { return other }
    return try parser.parse(isInScript: false)
  }

  /// Parses the module that stands in a range of a source. In a script, `definition` may follow `module`.
  static func parse(
    _ source: [UInt8], range: Range<Int>, features: FeatureSet, limits: ImplementationLimits, emitNames: Bool,
    isInScript: Bool
  ) throws(TextError) -> ParsedModule {
    let stream = try Lexer.tokens(of: source, range: range, features: features, limits: limits)
    var parser = TextParser(stream, features: features, limits: limits, emitNames: emitNames)
    return try parser.parse(isInScript: isInScript)
  }
}

/// The state of the parser of a module.
///
/// It goes over the tokens twice. The first time it finds the fields, counts the index spaces and binds their
/// identifiers, so that the second time, which does all the rest in the order of the text, every name is known.
struct TextParser {
  let source: [UInt8]
  let tokens: [Token]
  var symbols: SymbolTable
  let annotations: [Annotation]
  /// Whether each annotation has found its place.
  var isAnnotationUsed: [Bool]
  let features: FeatureSet
  let limits: ImplementationLimits
  let emitNames: Bool
  let operators = OperatorSyntax.all

  /// The index of the token that is read next.
  var position = 0
  var module = Module()
  var writer = InstructionWriter()
  var positions = TextPositions()
  var scopes = [NameScope](repeating: NameScope(), count: Space.allCases.count)
  var locals = LocalScope()
  var labels = LabelScope()
  /// The names of the module, of locals, labels and fields; those of the index spaces are added at the end.
  var names = Names()
  /// The index of a field, by its type's index and its symbol.
  var fieldIndices: [FieldKey: UInt32] = [:]
  /// The smallest index of each function type that stands alone, final and without supertypes.
  var functionTypeIndices: [FunctionType: UInt32] = [:]
  var customs: [PlacedCustomSection] = []
  var hints = BranchHints()
  var usesDataIndex = false

  // What the type use that was read last says.
  var parameters: [ValueType] = []
  var parameterSymbols: [UInt32] = []
  /// The names in `@name` annotations of parameters, as symbols; 0 where there is none.
  var parameterNames: [UInt32] = []
  var results: [ValueType] = []

  // What is used while instructions are read; see `TextParser.instructions`.
  var frames: [InstructionFrame] = []
  var pending: [UInt8] = []
  var labelIndices: [UInt32] = []
  /// Where the instructions of the current function that have hints begin in the module's bytes.
  var currentHints: [(offset: Int, isLikely: Bool)] = []

  struct FieldKey: Hashable {
    var type: UInt32
    var symbol: UInt32
  }

  init(_ stream: TokenStream, features: FeatureSet, limits: ImplementationLimits, emitNames: Bool) {
    source = stream.source
    tokens = stream.tokens
    symbols = stream.symbols
    annotations = stream.annotations
    isAnnotationUsed = [Bool](repeating: false, count: annotations.count)
    self.features = features
    self.limits = limits.effective
    self.emitNames = emitNames
    positions.source = source
  }

  mutating func parse(isInScript: Bool) throws(TextError) -> ParsedModule {
    var end = tokens.count - 2
    if kind == .leftParenthesis, tokens[position + 1].kind == .unknown,
      source[tokens[position + 1].range].elementsEqual("component".utf8)
    {
      throw error("unknown operator component: the text is a component, not a module", at: position + 1)
    }
    if isOpen(.module) {
      let closing = Int(tokens[position].value)
      position += 2
      if isInScript, isKeyword(.definition) { position += 1 }
      if kind == .identifier {
        names.module = symbols.text(tokens[position].value)
        position += 1
      }
      guard tokens[closing].kind == .rightParenthesis, tokens[closing + 1].kind == .endOfText else {
        let isClosed = tokens[closing].kind == .rightParenthesis
        position = isClosed ? closing + 1 : closing
        throw unexpected("\(isClosed ? Token.Kind.endOfText : .rightParenthesis)")
      }
      end = closing
    }
    if let name = try nameAnnotation(isModule: true) { names.module = symbols.text(name) }
    let first = position
    try declareFields(until: end)
    position = first
    try parseTypeFields(until: end)
    position = first
    try parseFields(until: end)
    try finishAnnotations()
    return try finish()
  }

  // MARK: Tokens

  var kind: Token.Kind {
    @inline(__always) get { tokens[position].kind }
  }

  /// Whether the next token is a keyword.
  @inline(__always)
  func isKeyword(_ keyword: Keyword) -> Bool {
    tokens[position].kind == .keyword && tokens[position].value == keyword.rawValue
  }

  /// Whether a parenthesis with a keyword comes next.
  @inline(__always)
  func isOpen(_ keyword: Keyword) -> Bool {
    tokens[position].kind == .leftParenthesis && tokens[position + 1].kind == .keyword
      && tokens[position + 1].value == keyword.rawValue
  }

  /// The keyword behind the parenthesis that comes next; `none` where there is none or it is an operator.
  func openKeyword() -> Keyword {
    guard kind == .leftParenthesis, tokens[position + 1].kind == .keyword else { return .none }
    return Keyword(rawValue: tokens[position + 1].value) ?? .none
  }

  /// Takes a parenthesis with a keyword if it comes next.
  mutating func takeOpen(_ keyword: Keyword) -> Bool {
    guard isOpen(keyword) else { return false }
    position += 2
    return true
  }

  /// Takes a keyword if it comes next.
  mutating func take(_ keyword: Keyword) -> Bool {
    guard isKeyword(keyword) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ expected: Token.Kind) throws(TextError) {
    guard kind == expected else { throw unexpected("\(expected)") }
    position += 1
  }

  mutating func expect(_ keyword: Keyword) throws(TextError) {
    guard isKeyword(keyword) else { throw unexpected("'\(keyword.text)'") }
    position += 1
  }

  /// The symbol of an identifier if one comes next, or 0.
  mutating func takeIdentifier() -> UInt32 {
    guard kind == .identifier else { return 0 }
    position += 1
    return tokens[position - 1].value
  }

  /// The error for the next token, in whose place something else has to stand.
  func unexpected(_ expected: String, at index: Int? = nil) -> TextError {
    var error = unexpected(at: index ?? position)
    error.message += ", expected \(expected)"
    return error
  }

  /// The error for a token that cannot stand where it does.
  func unexpected() -> TextError { unexpected(at: position) }

  func unexpected(at index: Int) -> TextError {
    let token = tokens[index]
    let text = String(decoding: source[token.range].prefix(60), as: UTF8.self)
    switch token.kind {
    case .unknown:
      let isLegacy = LegacyExceptions.words.contains(text)
      let legacy = isLegacy ? ": \(LegacyExceptions.refusal(of: text))" : ""
      return error("unknown operator \(name: text)\(legacy)", at: index)
    case .endOfText: return error("unexpected token: the text ends here", at: index)
    default: return error("unexpected token \(name: text)", at: index)
    }
  }

  func error(_ message: String, at index: Int) -> TextError {
    TextError(message, in: source, at: Int(tokens[min(index, tokens.count - 1)].start))
  }

  // MARK: Literals

  /// A natural number below 2^32.
  mutating func natural32() throws(TextError) -> UInt32 {
    guard kind == .natural else { throw unexpected("\(Token.Kind.natural)") }
    guard let value = IntegerLiteral.unsigned(source, tokens[position].range, bits: 32) else {
      throw error("i32 constant out of range", at: position)
    }
    position += 1
    return UInt32(truncatingIfNeeded: value)
  }

  /// A natural number below 2^64.
  mutating func natural64() throws(TextError) -> UInt64 {
    guard kind == .natural else { throw unexpected("\(Token.Kind.natural)") }
    guard let value = IntegerLiteral.unsigned(source, tokens[position].range, bits: 64) else {
      throw error("i64 constant out of range", at: position)
    }
    position += 1
    return value
  }

  /// A string that is a name.
  mutating func name() throws(TextError) -> String {
    guard kind == .string else { throw unexpected("\(Token.Kind.string)") }
    var bytes: [UInt8] = []
    appendString(tokens[position].range, of: source, to: &bytes)
    guard malformedUTF8(in: bytes, 0..<bytes.count) == nil else {
      throw error("malformed UTF-8 encoding", at: position)
    }
    position += 1
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Refuses what needs a feature that is off.
  func require(_ feature: Feature, for what: String, at index: Int) throws(TextError) {
    guard !features.contains(feature) else { return }
    throw error("\(what) needs the feature \(feature.rawValue)", at: index)
  }

  // MARK: Indices

  /// A number, or an identifier that an index space knows.
  mutating func index(_ space: Space) throws(TextError) -> UInt32 {
    guard isIndex else { throw unexpected("the \(space.noun)'s index or identifier") }
    guard kind == .identifier else { return try natural32() }
    guard let index = scopes[space.rawValue].index(of: tokens[position].value) else {
      throw unknown(space.noun)
    }
    position += 1
    return index
  }

  /// Whether an index comes next.
  var isIndex: Bool { kind == .natural || kind == .identifier }

  func unknown(_ noun: String) -> TextError {
    error("unknown \(noun) \(name: String(decoding: source[tokens[position].range], as: UTF8.self))", at: position)
  }
}
