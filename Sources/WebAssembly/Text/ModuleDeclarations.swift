// The first pass over a module: which things there are, and their names.

extension TextParser {
  /// Counts the index spaces and binds identifiers, field by field.
  mutating func declareFields(until end: Int) throws(TextError) {
    var definition: String?
    while position < end {
      guard kind == .leftParenthesis else { throw unexpected("\(Token.Kind.leftParenthesis)") }
      let field = position
      let closing = Int(tokens[field].value)
      guard tokens[closing].kind == .rightParenthesis else {
        position = closing
        throw unexpected("\(Token.Kind.rightParenthesis)")
      }
      position += 1
      guard kind == .keyword else { throw unexpected("a field of the module, such as func") }
      let keyword = Keyword(rawValue: tokens[position].value) ?? .none
      position += 1
      switch keyword {
      case .type:
        try bind(.type)
      case .rec:
        while takeOpen(.type) {
          let closing = Int(tokens[position - 2].value)
          try bind(.type)
          position = closing + 1
        }
        guard position == closing else { throw unexpected("'(type' or ')'") }
      case .import:
        try checkImport(after: definition, at: field)
        try expect(.string)
        if isOpen(.item) {
          try declareImportGroup()
        } else {
          try expect(.string)
          try expect(.leftParenthesis)
          try bind(try takeExternalSpace())
        }
      case .func, .table, .memory, .global, .tag:
        position -= 1
        let space = try takeExternalSpace()
        try bind(space)
        if declaresImport() {
          try checkImport(after: definition, at: field)
        } else {
          definition = space.noun
          try declareInlineSegment(space, until: closing)
        }
      case .elem:
        try bind(.element)
      case .data:
        try bind(.data)
      case .export, .start:
        break
      default:
        position -= 1
        throw unexpected("a field of the module, such as func")
      }
      position = closing + 1
    }
  }

  /// `(item "name" type)+` or `(item "name")+ type` of a group of imports.
  private mutating func declareImportGroup() throws(TextError) {
    var items = 0
    while isOpen(.item) {
      let closing = Int(tokens[position].value)
      position += 2
      try expect(.string)
      if kind == .leftParenthesis {
        position += 1
        try bind(try takeExternalSpace())
      } else {
        items += 1
      }
      position = closing + 1
    }
    guard items > 0, kind == .leftParenthesis else { return }
    position += 1
    let space = try takeExternalSpace()
    guard kind != .identifier else { throw error("identifier not allowed", at: position) }
    for _ in 0..<items { try bind(space) }
  }

  /// The space of a keyword such as `func`, which comes next.
  mutating func takeExternalSpace() throws(TextError) -> Space {
    guard kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value),
      let space = Self.externalSpace(keyword)
    else { throw unexpected("func, table, memory, global or tag") }
    if space == .tag { try require(.exceptions, for: "a tag", at: position) }
    position += 1
    return space
  }

  /// The space of the things that a keyword imports, exports or defines.
  private static func externalSpace(_ keyword: Keyword) -> Space? {
    switch keyword {
    case .func: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    default: nil
    }
  }

  private mutating func bind(_ space: Space) throws(TextError) {
    let token = position
    let symbol = takeIdentifier()
    guard scopes[space.rawValue].bind(symbol, symbolCount: symbols.count) else {
      throw error("duplicate \(space.binder) $\(name: symbols.text(symbol))", at: token)
    }
    if let name = try nameAnnotation() { scopes[space.rawValue].rename(scopes[space.rawValue].count - 1, name) }
  }

  /// Imports have the first indices of their spaces, so that none may stand behind a definition (Core 3.0, 6.6.13).
  private func checkImport(after definition: String?, at field: Int) throws(TextError) {
    if let definition { throw error("import after \(definition)", at: field) }
  }

  /// Whether the field whose name has been read is an import: `(func $f (export "a") (import "m" "n") ...)`.
  private func declaresImport() -> Bool {
    var index = position
    while tokens[index].kind == .leftParenthesis, tokens[index + 1].kind == .keyword {
      if tokens[index + 1].value == Keyword.import.rawValue { return true }
      guard tokens[index + 1].value == Keyword.export.rawValue else { return false }
      index = Int(tokens[index].value) + 1
      if index >= tokens.count { return false }
    }
    return false
  }

  /// A table or memory with its contents defines a segment, which has no name.
  private mutating func declareInlineSegment(_ space: Space, until end: Int) throws(TextError) {
    guard space == .table || space == .memory else { return }
    let keyword = space == .table ? Keyword.elem : .data
    let segments = space == .table ? Space.element : .data
    var index = position
    while index < end {
      if tokens[index].kind == .leftParenthesis {
        if tokens[index + 1].kind == .keyword, tokens[index + 1].value == keyword.rawValue {
          _ = scopes[segments.rawValue].bind(0, symbolCount: 0)
          return
        }
        index = Int(tokens[index].value)
      }
      index += 1
    }
  }
}
