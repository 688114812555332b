// The commands of scripts.

extension TextParser {
  mutating func script() throws(TextError) -> Script {
    var script = Script()
    var lines = LineCounter(source: source)
    if kind == .leftParenthesis, isModuleField(openKeyword()) {
      // The fields of a module without the module.
      let module = ScriptModule(
        name: nil, form: .text(0..<source.count), line: lines.line(at: Int(tokens[0].start)), source: source)
      script.commands.append(ScriptCommand(kind: .module(module), line: module.line))
      return script
    }
    while kind != .endOfText {
      script.commands.append(try command(&lines, threads: 0))
    }
    return script
  }

  private func isModuleField(_ keyword: Keyword) -> Bool {
    switch keyword {
    case .type, .rec, .import, .func, .table, .memory, .global, .tag, .export, .start, .elem, .data: true
    default: false
    }
  }

  /// Threads in threads are parsed and run by recursion.
  private static var threadNesting: Int { 100 }

  /// - Parameter threads: how many threads the command stands in.
  private mutating func command(_ lines: inout LineCounter, threads: Int) throws(TextError) -> ScriptCommand {
    let start = position
    let line = lines.line(at: Int(tokens[start].start))
    let keyword = openKeyword()
    let kind: ScriptCommand.Kind
    switch keyword {
    case .module:
      return ScriptCommand(kind: try moduleCommand(line), line: line)
    case .invoke, .get:
      return ScriptCommand(kind: .action(try action()), line: line)
    case .register:
      position += 2
      let name = try name()
      kind = .register(name: name, instance: takeName())
    case .assertReturn:
      position += 2
      let action = try action()
      var results: [ScriptResult] = []
      while self.kind == .leftParenthesis {
        results.append(isOpen(.either) ? try either() : try result())
      }
      kind = .assertReturn(action, results)
    case .assertException:
      position += 2
      kind = .assertException(try action())
    case .assertExhaustion:
      position += 2
      let action = try action()
      kind = .assertExhaustion(action, message: try name())
    case .assertTrap where tokens[position + 2].kind == .leftParenthesis && !isModuleOpen(at: position + 2):
      position += 2
      let action = try action()
      kind = .assertTrap(action, message: try name())
    case .assertTrap, .assertUnlinkable, .assertMalformed, .assertInvalid, .assertMalformedCustom,
      .assertInvalidCustom:
      position += 2
      let module = try scriptModule(line).module
      // The message may be missing where an older script asserts no more than that there is an error.
      let message = self.kind == .string ? try name() : ""
      switch keyword {
      case .assertTrap: kind = .assertModuleTrap(module, message: message)
      case .assertUnlinkable: kind = .assertUnlinkable(module, message: message)
      case .assertMalformed: kind = .assertMalformed(module, message: message)
      case .assertInvalid: kind = .assertInvalid(module, message: message)
      case .assertMalformedCustom: kind = .assertMalformedCustom(module, message: message)
      default: kind = .assertInvalidCustom(module, message: message)
      }
    case .thread:
      guard threads < Self.threadNesting else { throw error("nesting is too deep", at: position) }
      kind = try threadCommand(&lines, threads: threads)
    case .wait:
      position += 2
      guard let thread = takeName() else { throw unexpected("the identifier of a thread") }
      kind = .wait(thread: thread)
    default:
      throw unexpected("a command, such as assert_return", at: self.kind == .leftParenthesis ? position + 1 : position)
    }
    try expect(.rightParenthesis)
    return ScriptCommand(kind: kind, line: line)
  }

  private func isModuleOpen(at index: Int) -> Bool {
    tokens[index + 1].kind == .keyword && tokens[index + 1].value == Keyword.module.rawValue
  }

  /// An identifier without its `$` if one comes next.
  private mutating func takeName() -> String? {
    let symbol = takeIdentifier()
    return symbol == 0 ? nil : symbols.text(symbol)
  }

  // MARK: Modules

  private mutating func moduleCommand(_ line: Int) throws(TextError) -> ScriptCommand.Kind {
    if tokens[position + 2].kind == .keyword, tokens[position + 2].value == Keyword.instance.rawValue {
      position += 3
      let name = takeName()
      let definition = takeName()
      try expect(.rightParenthesis)
      return .instance(name: name, definition: definition)
    }
    let (module, isDefinition) = try scriptModule(line)
    return isDefinition ? .definition(module) : .module(module)
  }

  /// `(module definition? $id? ...)`, `(module definition? $id? binary "..."*)` or the same with `quote`.
  private mutating func scriptModule(_ line: Int) throws(TextError) -> (module: ScriptModule, isDefinition: Bool) {
    guard isOpen(.module) else { throw unexpected("'(module'") }
    let opening = position
    let closing = Int(tokens[opening].value)
    position += 2
    let isDefinition = take(.definition)
    let name = takeName()
    let form: ScriptModule.Form
    if isKeyword(.binary) || isKeyword(.quote) {
      let isBinary = isKeyword(.binary)
      position += 1
      var bytes: [UInt8] = []
      while kind == .string {
        appendString(tokens[position].range, of: source, to: &bytes)
        position += 1
      }
      form = isBinary ? .binary(bytes) : .quote(bytes)
    } else {
      position = closing
      form = .text(Int(tokens[opening].start)..<Int(tokens[closing].end))
    }
    try expect(.rightParenthesis)
    return (ScriptModule(name: name, form: form, line: line, source: source), isDefinition)
  }

  // MARK: Threads

  /// `(thread $id? (shared (module $id))* command*)`; the closing parenthesis is the caller's.
  private mutating func threadCommand(
    _ lines: inout LineCounter, threads: Int
  ) throws(TextError) -> ScriptCommand.Kind {
    position += 2
    let name = takeName()
    var shared: [String] = []
    while takeOpen(.shared) {
      try expect(.leftParenthesis)
      try expect(.module)
      guard let module = takeName() else { throw unexpected("the identifier of a module") }
      shared.append(module)
      try expect(.rightParenthesis)
      try expect(.rightParenthesis)
    }
    var commands: [ScriptCommand] = []
    while kind == .leftParenthesis { commands.append(try command(&lines, threads: threads + 1)) }
    return .thread(name: name, shared: shared, commands: commands)
  }

  // MARK: Actions and values

  private static let valueExamples = "the kind of a value, such as i32.const"

  private mutating func action() throws(TextError) -> ScriptAction {
    if takeOpen(.get) {
      let instance = takeName()
      let action = ScriptAction.get(instance: instance, name: try name())
      try expect(.rightParenthesis)
      return action
    }
    guard takeOpen(.invoke) else {
      throw unexpected("invoke or get", at: kind == .leftParenthesis ? position + 1 : position)
    }
    let instance = takeName()
    let name = try name()
    var arguments: [ScriptValue] = []
    while kind == .leftParenthesis { arguments.append(try value()) }
    try expect(.rightParenthesis)
    return .invoke(instance: instance, name: name, arguments: arguments)
  }

  private mutating func value() throws(TextError) -> ScriptValue {
    let at = position
    switch try result() {
    case .i32(let value): return .i32(value)
    case .i64(let value): return .i64(value)
    case .f32(.bits(let bits)): return .f32(UInt32(truncatingIfNeeded: bits))
    case .f64(.bits(let bits)): return .f64(bits)
    case .null(let type?): return .null(type)
    case .external(let number): return .external(number)
    case .host(let number): return .host(number)
    case .v128(let width, let lanes):
      var words: [UInt64] = [0, 0]
      for (index, lane) in lanes.enumerated() {
        guard case .bits(let bits) = lane else { throw unexpected("an argument", at: at) }
        words[index * width / 64] |= bits << UInt64(index * width % 64)
      }
      return .v128(words[0], words[1])
    default:
      throw unexpected("an argument", at: at)
    }
  }

  private mutating func either() throws(TextError) -> ScriptResult {
    position += 2
    var results: [ScriptResult] = []
    while kind == .leftParenthesis { results.append(try result()) }
    try expect(.rightParenthesis)
    return .either(results)
  }

  private mutating func result() throws(TextError) -> ScriptResult {
    try expect(.leftParenthesis)
    guard kind == .keyword else { throw unexpected(Self.valueExamples) }
    let result: ScriptResult
    if let keyword = Keyword(rawValue: tokens[position].value) {
      position += 1
      result = try reference(keyword)
    } else {
      let row = operators[Int(tokens[position].value - KeywordTable.firstOperator)]
      position += 1
      switch row.opcode {
      case .i32Const: result = .i32(UInt32(truncatingIfNeeded: try integerConstant(bits: 32)))
      case .i64Const: result = .i64(try integerConstant(bits: 64))
      case .f32Const: result = .f32(try number(width: 32))
      case .f64Const: result = .f64(try number(width: 64))
      case .v128Const: result = try vector()
      case .refNull: result = .null(kind == .rightParenthesis ? nil : try heapType())
      case .refFunc:
        if isIndex { position += 1 }
        result = .reference(.function)
      case .refI31: result = .reference(.i31)
      case .refEq: result = .reference(.eq)
      default: throw unexpected(Self.valueExamples, at: position - 1)
      }
    }
    try expect(.rightParenthesis)
    return result
  }

  private mutating func reference(_ keyword: Keyword) throws(TextError) -> ScriptResult {
    switch keyword {
    case .refExtern: return kind == .natural ? .external(try natural32()) : .reference(.external)
    case .refHost: return .host(try natural32())
    case .refAny: return .reference(.any)
    case .refStruct: return .reference(.structure)
    case .refArray: return .reference(.array)
    case .refExn: return .reference(.exception)
    default: throw unexpected(Self.valueExamples, at: position - 1)
    }
  }

  private mutating func number(width: Int) throws(TextError) -> ScriptNumber {
    if take(.nanCanonical) { return .canonicalNaN }
    if take(.nanArithmetic) { return .arithmeticNaN }
    return .bits(try floatConstant(bits: width))
  }

  private mutating func vector() throws(TextError) -> ScriptResult {
    guard kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value),
      let shape = VectorShape(keyword)
    else { throw unexpected(VectorShape.examples) }
    position += 1
    var lanes: [ScriptNumber] = []
    for _ in 0..<128 / shape.bits {
      lanes.append(shape.isFloat ? try number(width: shape.bits) : .bits(try integerConstant(bits: shape.bits)))
    }
    return .v128(laneWidth: shape.bits, lanes: lanes)
  }
}

/// Counts lines up to offsets that do not descend.
private struct LineCounter {
  let source: [UInt8]
  private var offset = 0
  private var line = 1

  init(source: [UInt8]) { self.source = source }

  /// The line at an offset, counted from 1.
  mutating func line(at target: Int) -> Int {
    while offset < target {
      let byte = source[offset]
      offset += 1
      if byte == UInt8(ascii: "\n") {
        line += 1
      } else if byte == UInt8(ascii: "\r"), offset >= source.count || source[offset] != UInt8(ascii: "\n") {
        line += 1
      }
    }
    return line
  }
}
