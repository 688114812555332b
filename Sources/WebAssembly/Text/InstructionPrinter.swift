/// What the printer knows of each opcode, dense for speed.
struct OperatorTexts: Sendable {
  struct Entry {
    var name: [UInt8]
    var immediates: ImmediateKind
    var width: UInt8
  }

  let entries: [Entry]

  static let shared = OperatorTexts()

  private init() {
    var entries = [Entry](
      repeating: Entry(name: [], immediates: .none, width: 0), count: Operator.opcodeLimit)
    for row in Operator.all {
      entries[Int(row.opcode.rawValue)] = Entry(
        name: Array(row.name.utf8), immediates: row.immediates, width: row.width)
    }
    self.entries = entries
  }
}

/// Instructions in the text format (Core 3.0, 6.5).
extension TextPrinter {
  /// A label of an open block: its name's number, or -1.
  typealias Label = Int32

  /// A constant expression: folded if it is one instruction, in a clause with the keyword if it is not and there is one,
  /// else flat.
  mutating func expression(_ expression: ConstantExpression, keyword: String? = nil) throws(ModuleError) {
    var reader = InstructionReader(source.bytes, range: expression.range)
    let first = try reader.next()
    var isSingle = first.opcode != .end && !first.opcode.opensBlock
    if isSingle { isSingle = try reader.next().opcode == .end && reader.isAtEnd }
    write(isSingle || keyword == nil ? " " : " (")
    if isSingle {
      write("(")
    } else if let keyword {
      write(keyword)
      write(" ")
    }
    reader = InstructionReader(source.bytes, range: expression.range)
    var nesting = BlockNesting(limit: limits.nesting)
    var depth = 0
    var isFirst = true
    while true {
      let instruction = try reader.next()
      if try nesting.isClosed(by: instruction) { break }
      if instruction.opcode.opensBlock { depth += 1 }
      if instruction.opcode == .end { depth -= 1 }
      if !isFirst { write(" ") }
      isFirst = false
      write(instruction, reader: reader, labels: [], function: 0)
    }
    if isSingle || keyword != nil { write(")") }
  }

  /// What follows the index of a function definition: type, locals, instructions.
  mutating func function(
    _ index: UInt32, type: UInt32, body: Range<Int>, hints: [BranchHints.Hint], to sink: ([UInt8]) -> Void
  ) throws(ModuleError) {
    var reader = InstructionReader(source.bytes, range: body)
    let groups = try reader.locals()
    let parameters = definedFunctionType(type)?.parameters.count ?? 0
    guard groups.reduce(parameters, { $0 + Int($1.count) }) <= limits.locals else {
      throw ModuleError(
        .limitExceeded, "number of locals exceeds the limit of \(limits.locals)", at: body.lowerBound)
    }
    makeLocalIdentifiers(of: index, type: type, locals: groups)
    functionType(type, hasNames: true)
    if groups.contains(where: { $0.count > 0 }) {
      write("\n   ")
      let types = groups.flatMap { Array(repeating: $0.type, count: Int($0.count)) }
      namedTypes(types, from: UInt32(truncatingIfNeeded: parameters), keyword: "local")
    }
    try instructions(&reader, of: index, body: body, hints: hints[...], to: sink)
  }

  private mutating func instructions(
    _ reader: inout InstructionReader, of function: UInt32, body: Range<Int>, hints: ArraySlice<BranchHints.Hint>,
    to sink: ([UInt8]) -> Void
  ) throws(ModuleError) {
    var hints = hints
    var nesting = BlockNesting(limit: limits.nesting)
    var labels: [Label] = []
    let hasLabelNames = !names.entries(of: .label, in: function).isEmpty
    var blocks: Int32 = 0
    while true {
      let instruction = try reader.next()
      if try nesting.isClosed(by: instruction) { break }
      let opcode = instruction.opcode
      if opcode == .end { labels.removeLast() }
      indent(opcode == .else ? labels.count - 1 : labels.count)
      if let hint = hints.first, Int(hint.offset) == Int(instruction.offset) - body.lowerBound {
        hints = hints.dropFirst()
        write(hint.isLikely ? "(@metadata.code.branch_hint \"\\01\") " : "(@metadata.code.branch_hint \"\\00\") ")
      }
      if opcode.opensBlock {
        // The label is bound before the block's own immediates, but those of try_table are outside of it.
        let label = hasLabelNames ? blocks : -1
        blocks &+= 1
        output.append(contentsOf: operators.entries[Int(opcode.rawValue)].name)
        block(instruction, label: label, reader: reader, labels: labels, function: function)
        labels.append(label)
        if options.hasComments {
          write(" ;; label = @")
          decimal(UInt64(labels.count))
        }
      } else {
        write(instruction, reader: reader, labels: labels, function: function)
      }
      flush(to: sink)
    }
    guard reader.isAtEnd else { throw ModuleError(.malformed, "section size mismatch", at: reader.position) }
  }

  /// A new line, indented by the nesting as far as that helps.
  private mutating func indent(_ depth: Int) {
    output.append(UInt8(ascii: "\n"))
    for _ in 0..<min(depth, 40) &+ 2 {
      output.append(UInt8(ascii: " "))
      output.append(UInt8(ascii: " "))
    }
  }

  /// What follows the keyword of a block: its name, type and clauses.
  private mutating func block(
    _ instruction: Instruction, label: Label, reader: InstructionReader, labels: [Label], function: UInt32
  ) {
    if let name = labelName(label, in: function) {
      output.append(UInt8(ascii: " "))
      IdentifierTable.append(name, to: &output)
    }
    blockType(instruction.blockType)
    guard instruction.opcode == .tryTable else { return }
    for clause in reader.catchClauses(of: instruction) {
      write(" (")
      write(clause.kind.keyword)
      if clause.kind.hasTag { index(.tag, clause.tag) }
      self.label(clause.label, labels: labels, function: function)
      write(")")
    }
  }

  private func labelName(_ label: Label, in function: UInt32) -> [UInt8]? {
    guard label >= 0, let name = names.utf8(of: .label, UInt32(label), in: function), !name.isEmpty else { return nil }
    return Array(name)
  }

  /// A space and a label: by name if no block within it has the same, which is looked for among a few only.
  private mutating func label(_ index: UInt32, labels: [Label], function: UInt32) {
    write(" ")
    let target = labels.count - 1 - Int(index)
    if target >= 0, index < 64, let name = labelName(labels[target], in: function),
      !labels[(target + 1)...].contains(where: { labelName($0, in: function) == name })
    {
      IdentifierTable.append(name, to: &output)
      return
    }
    decimal(UInt64(index))
    if options.hasComments && target >= 0 && !labels.isEmpty {
      write(" (;@")
      decimal(UInt64(target + 1))
      write(";)")
    }
  }

  private mutating func blockType(_ type: BlockType) {
    switch type {
    case .empty: break
    case .value(let type):
      write(" (result ")
      valueType(type)
      write(")")
    case .type(let index):
      write(" ")
      typeUse(index)
    }
  }

  /// An instruction with its immediates.
  mutating func write(_ instruction: Instruction, reader: InstructionReader, labels: [Label], function: UInt32) {
    let row = operators.entries[Int(instruction.opcode.rawValue)]
    output.append(contentsOf: row.name)
    switch row.immediates {
    case .none, .fence: break
    case .local:
      write(" ")
      if !locals.write(instruction.index, &output) { decimal(UInt64(instruction.index)) }
    case .i32:
      write(" ")
      decimal(Int64(Int32(truncatingIfNeeded: instruction.value)))
    case .i64:
      write(" ")
      decimal(Int64(bitPattern: instruction.value))
    case .memoryArgument:
      memoryArgument(instruction, natural: row.width)
    case .label: label(instruction.index, labels: labels, function: function)
    case .function: index(.function, instruction.index)
    case .global: index(.global, instruction.index)
    default: otherImmediates(row, instruction, reader: reader, labels: labels, function: function)
    }
  }

  private mutating func otherImmediates(
    _ row: OperatorTexts.Entry, _ instruction: Instruction, reader: InstructionReader, labels: [Label], function: UInt32
  ) {
    let first = instruction.index
    let second = instruction.index2
    switch row.immediates {
    case .blockType, .tryTable:
      block(instruction, label: -1, reader: reader, labels: labels, function: function)
    case .labels:
      for target in reader.labels(of: instruction) { label(target, labels: labels, function: function) }
      label(first, labels: labels, function: function)
    case .valueTypes:
      write(" (result")
      for type in reader.valueTypes(of: instruction) {
        write(" ")
        valueType(type)
      }
      write(")")
    case .type: index(.type, first)
    case .tag: index(.tag, first)
    case .element: index(.element, first)
    case .data: index(.data, first)
    case .table: defaulted(.table, first)
    case .memory: defaulted(.memory, first)
    case .typeAndTable:
      defaulted(.table, second)
      write(" ")
      typeUse(first)
    case .typeAndField:
      index(.type, first)
      write(" ")
      if fields[first]?.write(second, &output) != true { decimal(UInt64(second)) }
    case .typeAndCount:
      index(.type, first)
      write(" ")
      decimal(UInt64(second))
    case .typeAndData: pair(.type, first, .data, second)
    case .typeAndElement: pair(.type, first, .element, second)
    case .typeAndType: pair(.type, first, .type, second)
    case .tableAndTable: both(.table, first, second)
    case .memoryAndMemory: both(.memory, first, second)
    case .elementAndTable:
      defaulted(.table, second)
      index(.element, first)
    case .dataAndMemory:
      defaulted(.memory, second)
      index(.data, first)
    default: values(row, instruction, labels: labels, function: function)
    }
  }

  private mutating func values(
    _ row: OperatorTexts.Entry, _ instruction: Instruction, labels: [Label], function: UInt32
  ) {
    switch row.immediates {
    case .memoryArgumentAndLane:
      memoryArgument(instruction, natural: row.width)
      write(" ")
      decimal(UInt64(instruction.lane))
    case .lane:
      write(" ")
      decimal(UInt64(instruction.lane))
    case .lanes:
      for lane in 0..<16 {
        let word = lane < 8 ? instruction.value : instruction.value2
        write(" ")
        decimal(word >> UInt64(lane % 8 * 8) & 0xFF)
      }
    case .v128:
      write(" i32x4")
      for word in [instruction.value, instruction.value2] {
        write(" ")
        hexadecimalDigits(word & 0xFFFF_FFFF)
        write(" ")
        hexadecimalDigits(word >> 32)
      }
    case .f32:
      write(" ")
      single(UInt32(truncatingIfNeeded: instruction.value))
    case .f64:
      write(" ")
      double(instruction.value)
    case .heapType:
      switch instruction.opcode {
      case .refNull: heapType(instruction.heapType)
      case .refTestNullable, .refCastNullable: cast(instruction.heapType, isNullable: true)
      default: cast(instruction.heapType, isNullable: false)
      }
    case .castLabel:
      label(instruction.index, labels: labels, function: function)
      cast(instruction.castSource.heapType, isNullable: instruction.castSource.isNullable)
      cast(instruction.castTarget.heapType, isNullable: instruction.castTarget.isNullable)
    default: break
    }
  }

  private mutating func cast(_ type: HeapType, isNullable: Bool) {
    write(" ")
    referenceType(ReferenceType(isNullable: isNullable, heapType: type))
  }

  private mutating func pair(_ space: NameSpace, _ first: UInt32, _ otherSpace: NameSpace, _ second: UInt32) {
    index(space, first)
    index(otherSpace, second)
  }

  /// An index that may be left out if it is 0, and is, where there is nothing to choose from.
  private mutating func defaulted(_ space: NameSpace, _ number: UInt32) {
    let count = space == .memory ? spaces.memories.count : spaces.tables.count
    if number != 0 || (count > 1 && (showsAllIndices || identifiers[Int(space.rawValue)].has(0))) {
      index(space, number)
    }
  }

  private mutating func both(_ space: NameSpace, _ first: UInt32, _ second: UInt32) {
    let count = space == .memory ? spaces.memories.count : spaces.tables.count
    let shows = showsAllIndices || identifiers[Int(space.rawValue)].has(0)
    guard first != 0 || second != 0 || (count > 1 && shows) else { return }
    index(space, first)
    index(space, second)
  }

  private mutating func memoryArgument(_ instruction: Instruction, natural: UInt8) {
    defaulted(.memory, instruction.index)
    if instruction.memoryOffset != 0 {
      write(" offset=")
      decimal(instruction.memoryOffset)
    }
    if instruction.alignment != natural {
      write(" align=")
      decimal(UInt64(1) << UInt64(instruction.alignment))
    }
  }
}

extension CatchClause.Kind {
  /// The keyword of the text format.
  var keyword: String {
    switch self {
    case .catch: "catch"
    case .catchRef: "catch_ref"
    case .catchAll: "catch_all"
    case .catchAllRef: "catch_all_ref"
    }
  }
}
