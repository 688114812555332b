/// A custom section and where it goes.
struct PlacedCustomSection {
  var name: String
  /// The range of its contents in the module's bytes.
  var range: Range<Int>
  /// Twice the ordinal of a section, plus one for a place behind it.
  var rank: Int

  /// The sections that are not custom in the order of the binary format (Core 3.0, 5.5.2), from 1.
  static let order: [SectionID] = [
    .type, .import, .function, .table, .memory, .tag, .global, .export, .start, .element, .dataCount, .code, .data,
  ]

  static func rank(_ section: SectionID, isAfter: Bool) -> Int {
    2 * ((order.firstIndex(of: section) ?? 0) + 1) + (isAfter ? 1 : 0)
  }

  static let first = 0
  static let last = 2 * order.count + 3
  /// Behind what is placed after a section, before what is placed last: by convention some sections follow the names.
  static let names = last - 1
}

// Annotations that become custom sections (Core 3.0, 7.4).

extension TextParser {
  /// The annotations that stand immediately before a token, as indices.
  private func annotations(before token: Int) -> Range<Int> {
    var low = 0
    var high = annotations.count
    while low < high {
      let middle = (low + high) / 2
      if annotations[middle].nextToken < token { low = middle + 1 } else { high = middle }
    }
    while high < annotations.count && annotations[high].nextToken == token { high += 1 }
    return low..<high
  }

  private func error(_ message: String, in annotation: Annotation) -> TextError {
    TextError("@\(annotation.kind.identifier) annotation: \(message)", in: source, at: annotation.start)
  }

  /// The tokens of an annotation's contents.
  private func contents(_ annotation: Annotation) throws(TextError) -> [Token] {
    try Lexer.tokens(of: source, range: annotation.contents, features: features, limits: limits).tokens
  }

  private func bytes(_ token: Token) -> [UInt8] {
    var bytes: [UInt8] = []
    appendString(token.range, of: source, to: &bytes)
    return bytes
  }

  // MARK: Names

  /// The name in a `@name` annotation that stands before the next token, as a symbol.
  mutating func nameAnnotation(isModule: Bool = false) throws(TextError) -> UInt32? {
    if annotations.isEmpty { return nil }
    var result: UInt32?
    for index in annotations(before: position) where annotations[index].kind == .name {
      let annotation = annotations[index]
      guard result == nil else {
        throw error(isModule ? "multiple module names" : "multiple names", in: annotation)
      }
      let tokens = try contents(annotation)
      guard tokens[0].kind == .string, tokens[1].kind == .endOfText else {
        throw error("unexpected token", in: annotation)
      }
      let name = bytes(tokens[0])
      guard malformedUTF8(in: name, 0..<name.count) == nil else {
        throw error("malformed UTF-8 encoding", in: annotation)
      }
      isAnnotationUsed[index] = true
      result = symbols.intern(name, 0..<name.count)
    }
    return result
  }

  // MARK: Custom sections

  /// Takes the `@custom` annotations that stand before the next field or behind the last one.
  mutating func customAnnotations() throws(TextError) {
    if annotations.isEmpty { return }
    for index in annotations(before: position) where annotations[index].kind == .custom {
      isAnnotationUsed[index] = true
      try customSection(annotations[index])
    }
  }

  private mutating func customSection(_ annotation: Annotation) throws(TextError) {
    let tokens = try contents(annotation)
    guard tokens[0].kind == .string else { throw error("missing section name", in: annotation) }
    let name = bytes(tokens[0])
    guard malformedUTF8(in: name, 0..<name.count) == nil else {
      throw error("malformed UTF-8 encoding", in: annotation)
    }
    var rank = PlacedCustomSection.last
    var index = 1
    if tokens[1].kind == .leftParenthesis {
      rank = try placement(tokens, annotation)
      index = 5
    }
    let start = writer.output.bytes.count
    while tokens[index].kind == .string {
      appendString(tokens[index].range, of: source, to: &writer.output.bytes)
      index += 1
    }
    guard tokens[index].kind == .endOfText else { throw error("unexpected token", in: annotation) }
    customs.append(
      PlacedCustomSection(
        name: String(decoding: name, as: UTF8.self), range: start..<writer.output.bytes.count, rank: rank))
  }

  /// `(before section)` or `(after section)` at the tokens 1 to 4.
  private func placement(_ tokens: [Token], _ annotation: Annotation) throws(TextError) -> Int {
    func keyword(_ index: Int) -> Keyword {
      guard index < tokens.count, tokens[index].kind == .keyword else { return .none }
      return Keyword(rawValue: tokens[index].value) ?? .none
    }
    let isAfter = keyword(2) == .after
    guard isAfter || keyword(2) == .before else { throw error("malformed placement", in: annotation) }
    let section: SectionID
    switch keyword(3) {
    case .first where !isAfter, .last where isAfter:
      guard tokens[4].kind == .rightParenthesis else { throw error("unexpected token", in: annotation) }
      return isAfter ? PlacedCustomSection.last : PlacedCustomSection.first
    case .type: section = .type
    case .import: section = .import
    case .func: section = .function
    case .table: section = .table
    case .memory: section = .memory
    case .tag: section = .tag
    case .global: section = .global
    case .export: section = .export
    case .start: section = .start
    case .elem: section = .element
    case .datacount: section = .dataCount
    case .code: section = .code
    case .data: section = .data
    default: throw error("malformed section kind", in: annotation)
    }
    guard tokens[4].kind == .rightParenthesis else { throw error("unexpected token", in: annotation) }
    return PlacedCustomSection.rank(section, isAfter: isAfter)
  }

  // MARK: Branch hints

  /// The hint that stands before the next token: whether the branch is likely. Whether it is a branch that follows is
  /// for ``BranchHints/check(in:features:)`` to say.
  mutating func branchHint() throws(TextError) -> Bool? {
    if annotations.isEmpty { return nil }
    var result: Bool?
    for index in annotations(before: position) where annotations[index].kind == .branchHint {
      let annotation = annotations[index]
      guard result == nil else { throw error("duplicate annotation", in: annotation) }
      let tokens = try contents(annotation)
      guard tokens[0].kind == .string, tokens[1].kind == .endOfText else {
        throw error("unexpected token", in: annotation)
      }
      let value = bytes(tokens[0])
      guard value == [0] || value == [1] else { throw error("invalid branch hint", in: annotation) }
      isAnnotationUsed[index] = true
      result = value == [1]
    }
    return result
  }

  /// Keeps the hints of a function, and refuses those in it that no instruction has taken.
  mutating func finishHints(of function: UInt32, body: Int, field: Int) throws(TextError) {
    if annotations.isEmpty { return }
    for index in annotations(before: field).upperBound..<annotations.count {
      let annotation = annotations[index]
      if annotation.nextToken > Int(tokens[field].value) { break }
      if annotation.kind == .branchHint, !isAnnotationUsed[index] { throw error("invalid target", in: annotation) }
    }
    if currentHints.isEmpty { return }
    hints.functions.append(
      BranchHints.Function(
        index: function,
        hints: currentHints.map { BranchHints.Hint(offset: UInt32($0.offset - body), isLikely: $0.isLikely) }))
  }

  // MARK: The end of the module

  /// Refuses annotations that no place has taken, and makes the custom sections.
  mutating func finishAnnotations() throws(TextError) {
    for (annotation, isUsed) in zip(annotations, isAnnotationUsed) where !isUsed {
      if annotation.kind == .branchHint { throw error("not in a function", in: annotation) }
      throw TextError("misplaced @\(annotation.kind.identifier) annotation", in: source, at: annotation.start)
    }
    if !hints.functions.isEmpty {
      // Before the code that they are about.
      custom(BranchHints.sectionName, hints.encode(), rank: PlacedCustomSection.rank(.code, isAfter: false))
    }
    // A name section that the text has as a custom section takes the place of the one that its identifiers make.
    if emitNames, !customs.contains(where: { $0.name == Names.sectionName }) {
      for (space, names) in Self.spaces {
        for (index, symbol) in scopes[space.rawValue].names {
          self.names.setName(symbols.text(symbol), of: names, index)
        }
      }
      if !names.isEmpty {
        custom(Names.sectionName, names.encode(), rank: PlacedCustomSection.names)
      }
    }
    let present = Set(presentSections())
    // By rank, and in the order of the text where ranks are equal.
    let sorted = customs.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
    for (_, section) in sorted {
      let after = PlacedCustomSection.order.last { id in
        present.contains(id) && PlacedCustomSection.rank(id, isAfter: false) < section.rank
      }
      module.customSections.append(CustomSection(name: section.name, range: section.range, after: after))
    }
  }

  private static let spaces: [(Space, NameSpace)] = [
    (.function, .function), (.type, .type), (.table, .table), (.memory, .memory), (.global, .global),
    (.element, .element), (.data, .data), (.tag, .tag),
  ]

  private mutating func custom(_ name: String, _ contents: [UInt8], rank: Int) {
    let start = writer.output.bytes.count
    writer.output.bytes.append(contentsOf: contents)
    customs.append(PlacedCustomSection(name: name, range: start..<writer.output.bytes.count, rank: rank))
  }

  /// The sections that the encoder will write.
  private func presentSections() -> [SectionID] {
    var sections: [SectionID] = []
    if !module.recursionGroups.isEmpty { sections.append(.type) }
    if !module.imports.isEmpty { sections.append(.import) }
    if !module.functions.isEmpty { sections += [.function, .code] }
    if !module.tables.isEmpty { sections.append(.table) }
    if !module.memories.isEmpty { sections.append(.memory) }
    if !module.tags.isEmpty { sections.append(.tag) }
    if !module.globals.isEmpty { sections.append(.global) }
    if !module.exports.isEmpty { sections.append(.export) }
    if module.start != nil { sections.append(.start) }
    if !module.elements.isEmpty { sections.append(.element) }
    if module.dataCount != nil { sections.append(.dataCount) }
    if !module.data.isEmpty { sections.append(.data) }
    return sections
  }
}
