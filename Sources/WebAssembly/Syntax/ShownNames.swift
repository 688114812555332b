// Names of a module, as they are shown to people.

extension DefaultStringInterpolation {
  /// A name from a module in a message: `"\(name: export.name)"`. What would change more than its own place on the line or
  /// the page (line ends, control characters of terminals, marks of writing direction) is shown by its code, so that no
  /// name can look like a message of ours; `.ci/lint` refuses names that come another way.
  public mutating func appendInterpolation(name: String) {
    guard name.unicodeScalars.contains(where: \.isHiddenInNames) else {
      appendLiteral(name)
      return
    }
    for scalar in name.unicodeScalars {
      switch scalar {
      case "\\": appendLiteral("\\\\")
      case "\n": appendLiteral("\\n")
      case "\r": appendLiteral("\\r")
      case "\t": appendLiteral("\\t")
      case let scalar where scalar.isHiddenInNames: appendLiteral("\\u{" + String(scalar.value, radix: 16) + "}")
      default: appendLiteral(String(scalar))
      }
    }
  }
}

extension DefaultStringInterpolation {
  /// A name from a module in quotation marks, where it may hold some itself.
  public mutating func appendInterpolation(quoted name: String) {
    appendLiteral("\"")
    // By scalars: a mark that combines with a quotation mark is one of Swift's characters with it.
    for (index, part) in name.unicodeScalars.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
      if index > 0 { appendLiteral("\\\"") }
      appendInterpolation(name: String(part))
    }
    appendLiteral("\"")
  }

  /// Names from a module, with commas between them.
  public mutating func appendInterpolation(names: some Sequence<String>) {
    var isFirst = true
    for name in names {
      if !isFirst { appendLiteral(", ") }
      appendInterpolation(name: name)
      isFirst = false
    }
  }
}

extension Unicode.Scalar {
  /// Whether a name that has the character is shown with it as an escape of the text format.
  public var isHiddenInNames: Bool {
    if value < 0x7F { return value < 0x20 || self == "\\" }
    return switch properties.generalCategory {
    // C0, C1 and DEL; separators of lines and paragraphs; format characters, marks of direction among them; what is no
    // character; spaces that are none of ASCII.
    case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator, .format, .surrogate, .unassigned, .privateUse:
      true
    default: false
    }
  }
}

extension Names {
  /// The names that people know the things of a module by: those of the name section, and for functions without one that
  /// of their first export. Not to be written back.
  public init(forPeople module: Module) {
    self.init(module)
    var exported: [(index: UInt32, name: String)] = []
    for export in module.exports where export.kind == .function && name(of: .function, export.index) == nil {
      exported.append((export.index, export.name))
    }
    if exported.isEmpty { return }
    // In the order of the functions, the first export of each first; names are added fastest in that order.
    let sorted = exported.enumerated().sorted { ($0.element.index, $0.offset) < ($1.element.index, $1.offset) }
    var merged = names(of: .function).map { (index: $0.index, name: $0.name) }[...]
    removeAll(of: .function)
    var last: UInt32?
    for (_, item) in sorted where item.index != last {
      last = item.index
      while let next = merged.first, next.index < item.index {
        setName(next.name, of: .function, next.index)
        merged.removeFirst()
      }
      setName(item.name, of: .function, item.index)
    }
    for item in merged { setName(item.name, of: .function, item.index) }
  }
}
