/// What the instruction parser has to know of an operator.
struct OperatorSyntax {
  var opcode: Opcode
  var immediates: ImmediateKind
  var width: UInt8
  /// The features that it needs.
  var features: FeatureSet

  /// In the order of ``Operator/all``.
  static let all: [OperatorSyntax] = Operator.all.map { row in
    OperatorSyntax(
      opcode: row.opcode, immediates: row.immediates, width: row.width, features: row.requiredFeatures)
  }
}

/// Something that has begun and not ended while instructions are read.
struct InstructionFrame {
  enum Kind: UInt8 {
    // Flat: these end with `end`.
    case flatBlock, flatIf, flatElse
    // Folded: these end with a parenthesis.
    /// The instructions of a folded block, loop or try_table.
    case block
    /// The operands of a folded instruction.
    case operands
    /// The condition of a folded `if`.
    case condition
    case thenBranch, elseBranch
    /// What may follow the branches of a folded `if`.
    case afterThen, afterElse
  }

  var kind: Kind
  /// Where the instruction, if it is written after its operands, begins in `TextParser.pending`.
  var pendingStart = 0
  /// Where the instruction begins in the source.
  var start: UInt32 = 0
  /// The label of a folded `if`, which its condition does not see.
  var label: UInt32 = 0
  var hint: Bool?
}

// Instructions, flat and folded (Core 3.0, 6.5). What is open is kept in `frames`, so that nesting costs no recursion.

extension TextParser {
  /// Reads instructions up to the parenthesis that closes around them.
  mutating func instructions() throws(TextError) {
    while true {
      if frames.isEmpty {
        if kind == .rightParenthesis { return }
        try sequence()
      } else {
        try step()
      }
    }
  }

  /// Reads one folded instruction.
  mutating func foldedInstruction() throws(TextError) {
    try beginFolded()
    while !frames.isEmpty { try step() }
  }

  /// Notes that an instruction is about to be written.
  mutating func markInstruction(_ start: Int) {
    positions.offsets.append(UInt32(truncatingIfNeeded: writer.output.bytes.count))
    positions.sources.append(UInt32(truncatingIfNeeded: start))
  }

  private mutating func markInstruction(_ start: UInt32, hint: Bool?) {
    if let hint { currentHints.append((writer.output.bytes.count, hint)) }
    positions.offsets.append(UInt32(truncatingIfNeeded: writer.output.bytes.count))
    positions.sources.append(start)
  }

  private mutating func push(_ frame: InstructionFrame) throws(TextError) {
    guard frames.count < limits.nesting else { throw error("nesting is too deep", at: position) }
    frames.append(frame)
  }

  /// An instruction where any may stand.
  private mutating func sequence() throws(TextError) {
    switch kind {
    case .leftParenthesis: try beginFolded()
    case .keyword: try flatInstruction()
    default: throw noInstruction()
    }
  }

  /// Goes on with what the innermost frame expects.
  private mutating func step() throws(TextError) {
    let top = frames.count - 1
    let closes = kind == .rightParenthesis
    switch frames[top].kind {
    case .flatBlock, .flatIf, .flatElse:
      try sequence()
    case .block:
      guard closes else {
        try sequence()
        return
      }
      endBlock()
    case .thenBranch, .elseBranch:
      guard closes else {
        try sequence()
        return
      }
      position += 1
      frames.removeLast()
    case .operands:
      guard closes else {
        guard kind == .leftParenthesis else { throw unexpected("'(' or ')'") }
        try beginFolded()
        return
      }
      position += 1
      writePending(frames[top])
      frames.removeLast()
    case .condition:
      if isOpen(.then) {
        position += 2
        writePending(frames[top])
        labels.push(frames[top].label, symbolCount: symbols.count)
        frames[top].kind = .afterThen
        try push(InstructionFrame(kind: .thenBranch))
      } else {
        guard kind == .leftParenthesis else { throw unexpected("the condition or '(then'") }
        try beginFolded()
      }
    case .afterThen:
      if !closes {
        guard kind == .leftParenthesis, operatorIndex(at: position + 1).map({ operators[$0].opcode }) == .else else {
          throw unexpected("'(else' or ')'", at: kind == .leftParenthesis ? position + 1 : position)
        }
        markInstruction(Int(tokens[position].start))
        writer.opcode(.else)
        position += 2
        frames[top].kind = .afterElse
        try push(InstructionFrame(kind: .elseBranch))
      } else {
        endBlock()
      }
    case .afterElse:
      guard closes else { throw unexpected("\(Token.Kind.rightParenthesis)") }
      endBlock()
    }
  }

  /// Writes the end of a folded block at its parenthesis.
  private mutating func endBlock() {
    markInstruction(Int(tokens[position].start))
    writer.opcode(.end)
    position += 1
    labels.pop()
    frames.removeLast()
  }

  private mutating func writePending(_ frame: InstructionFrame) {
    markInstruction(frame.start, hint: frame.hint)
    writer.output.bytes.append(contentsOf: pending[frame.pendingStart...])
    pending.removeSubrange(frame.pendingStart...)
  }

  /// Takes back what has been written since `start`, to be written after the operands.
  private mutating func makePending(since start: Int) -> Int {
    let pendingStart = pending.count
    pending.append(contentsOf: writer.output.bytes[start...])
    writer.output.bytes.removeSubrange(start...)
    return pendingStart
  }

  /// The row of the operator that a token names, or nil.
  private func operatorIndex(at index: Int) -> Int? {
    let token = tokens[index]
    guard token.kind == .keyword, token.value >= KeywordTable.firstOperator else { return nil }
    return Int(token.value - KeywordTable.firstOperator)
  }

  /// The error for what stands in place of an instruction.
  private func noInstruction() -> TextError { kind == .unknown ? unexpected() : unexpected("an instruction") }

  /// The operator that comes next, whose token is taken.
  private mutating func takeOperator() throws(TextError) -> OperatorSyntax {
    guard let index = operatorIndex(at: position) else { throw noInstruction() }
    let row = operators[index]
    guard row.features.isSubset(of: features) else {
      let features = row.features.subtracting(features).features.map(\.rawValue).joined(separator: " ")
      throw error("unknown operator \(row.opcode.name), which needs the feature \(features)", at: position)
    }
    position += 1
    return row
  }

  // MARK: Flat instructions

  private mutating func flatInstruction() throws(TextError) {
    let start = tokens[position].start
    let hint = try branchHint()
    let at = position
    let row = try takeOperator()
    switch row.opcode {
    case .block, .loop, .if, .tryTable:
      let label = takeIdentifier()
      markInstruction(start, hint: hint)
      try blockStart(row.opcode)
      labels.push(label, symbolCount: symbols.count)
      try push(InstructionFrame(kind: row.opcode == .if ? .flatIf : .flatBlock))
    case .else:
      guard let frame = frames.last, frame.kind == .flatIf else { throw unexpected(at: at) }
      try endLabel()
      markInstruction(start, hint: hint)
      writer.opcode(.else)
      frames[frames.count - 1].kind = .flatElse
    case .end:
      guard let frame = frames.last, frame.kind == .flatBlock || frame.kind == .flatIf || frame.kind == .flatElse
      else { throw unexpected(at: at) }
      try endLabel()
      markInstruction(start, hint: hint)
      writer.opcode(.end)
      labels.pop()
      frames.removeLast()
    default:
      markInstruction(start, hint: hint)
      try plainInstruction(row)
    }
  }

  /// The label that may follow `else` and `end`, which must be that of the block.
  private mutating func endLabel() throws(TextError) {
    guard kind == .identifier else { return }
    guard tokens[position].value == labels.innermost else { throw error("mismatching label", at: position) }
    position += 1
  }

  /// The block type and, of try_table, the catch clauses.
  private mutating func blockStart(_ opcode: Opcode) throws(TextError) {
    let type = try blockType()
    if opcode == .tryTable {
      writer.tryTable(type, clauses: try catchClauses())
    } else {
      writer.opcode(opcode)
      writer.output.blockType(type)
    }
  }

  private mutating func catchClauses() throws(TextError) -> [CatchClause] {
    var clauses: [CatchClause] = []
    while true {
      let kind: CatchClause.Kind
      switch openKeyword() {
      case .catch: kind = .catch
      case .catchRef: kind = .catchRef
      case .catchAll: kind = .catchAll
      case .catchAllRef: kind = .catchAllRef
      default: return clauses
      }
      position += 2
      let tag = kind.hasTag ? try index(.tag) : 0
      clauses.append(CatchClause(kind: kind, tag: tag, label: try label()))
      try expect(.rightParenthesis)
    }
  }

  // MARK: Folded instructions

  private mutating func beginFolded() throws(TextError) {
    let start = tokens[position].start
    var hint = try branchHint()
    let opening = position
    position += 1
    if hint == nil { hint = try branchHint() }
    guard kind == .keyword else { throw noInstruction() }
    let at = position
    let row = try takeOperator()
    switch row.opcode {
    case .block, .loop, .tryTable:
      let label = takeIdentifier()
      markInstruction(start, hint: hint)
      try blockStart(row.opcode)
      labels.push(label, symbolCount: symbols.count)
      try push(InstructionFrame(kind: .block))
    case .if:
      let label = takeIdentifier()
      let written = writer.output.bytes.count
      try blockStart(.if)
      let pendingStart = makePending(since: written)
      try push(
        InstructionFrame(kind: .condition, pendingStart: pendingStart, start: start, label: label, hint: hint))
    case .else, .end:
      throw unexpected(at: at)
    default:
      let written = writer.output.bytes.count
      try plainInstruction(row)
      if kind == .rightParenthesis, Int(tokens[opening].value) == position {
        position += 1
        positions.offsets.append(UInt32(truncatingIfNeeded: written))
        positions.sources.append(start)
        if let hint { currentHints.append((written, hint)) }
      } else {
        let pendingStart = makePending(since: written)
        try push(InstructionFrame(kind: .operands, pendingStart: pendingStart, start: start, hint: hint))
      }
    }
  }
}
