/// Decides, instruction by instruction, what a body becomes.
protocol BodyTransform {
  /// The operators that ``rewrite(_:into:)`` wants to see. All others stay as they are, but for their indices.
  func wants(_ row: Operator) -> Bool

  /// Writes what takes the place of an instruction. The operands lie on the stack as the instruction expects them, and
  /// what is written must leave its results. Indices that it writes are new ones.
  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError)

  /// Writes what stands before the first instruction of a body.
  mutating func begin(_ body: FunctionBody, into output: inout BodyOutput)

  /// The operators after which ``observe(_:into:)`` is called, whether they are rewritten or not.
  func observes(_ row: Operator) -> Bool

  /// Writes what follows an instruction. Indices that it writes are new ones.
  mutating func observe(_ instruction: Instruction, into output: inout BodyOutput)

  /// Writes what the branches to ``BodyOutput/trapLabel(_:)`` of a number lead to, which must not end; the body's own
  /// instructions come before it.
  mutating func writeTrap(_ number: Int, into output: inout BodyOutput)

  /// The type of a block without parameters that leaves these results, of which there are at least two.
  mutating func blockType(leaving results: [ValueType]) -> BlockType
}

extension BodyTransform {
  mutating func begin(_ body: FunctionBody, into output: inout BodyOutput) {}
  func observes(_ row: Operator) -> Bool { false }
  mutating func observe(_ instruction: Instruction, into output: inout BodyOutput) {}
  mutating func writeTrap(_ number: Int, into output: inout BodyOutput) { output.write(.unreachable) }
  mutating func blockType(leaving results: [ValueType]) -> BlockType { .empty }
}

/// Where a transform writes the instructions of one body.
struct BodyOutput {
  var writer = InstructionWriter()
  /// The number of parameters and declared locals of the body.
  fileprivate var localCount: UInt32 = 0
  /// The types of the locals that were added.
  fileprivate var added: [ValueType] = []
  /// The number of blocks that are open within the body.
  fileprivate var depth: UInt32 = 0
  /// The number of blocks that have been written.
  fileprivate var blockCount: UInt32 = 0
  /// How many traps there are after the body.
  fileprivate var trapCount = 0
  /// The number on top of the stack where the instruction that is rewritten comes right behind an integer constant.
  fileprivate(set) var constantOperand: UInt64?

  /// A local that belongs to the transform: the same one for the same type and number throughout a body. Its value holds
  /// only between instructions that one call of ``BodyTransform/rewrite(_:into:)`` writes.
  mutating func scratch(_ type: ValueType, _ number: Int = 0) -> UInt32 {
    var seen = 0
    for (place, candidate) in added.enumerated() where candidate == type {
      if seen == number { return localCount + UInt32(place) }
      seen += 1
    }
    while seen <= number {
      added.append(type)
      seen += 1
    }
    return localCount + UInt32(added.count - 1)
  }

  /// The label, for a branch without operands, of what ``BodyTransform/writeTrap(_:into:)`` writes after the body. It is
  /// right where the transform has opened no block of its own.
  ///
  /// - Parameter number: which of the body's traps it is; they are numbered from 0 on.
  mutating func trapLabel(_ number: Int) -> UInt32 {
    trapCount = max(trapCount, number + 1)
    return depth + 1 + UInt32(number)
  }

  /// Writes a `block`, `loop` or `if`. What opens blocks must come through here, so that labels keep their names.
  mutating func open(_ opcode: Opcode, _ type: BlockType = .empty) {
    var instruction = Instruction(opcode)
    instruction.blockType = type
    writer.write(instruction)
    blockCount += 1
  }

  mutating func write(_ opcode: Opcode) { writer.opcode(opcode) }
  mutating func write(_ opcode: Opcode, _ index: UInt32) { writer.write(Instruction(opcode, index: index)) }
  mutating func i32(_ value: UInt32) { writer.write(Instruction(.i32Const, index: 0, value: UInt64(value))) }
  mutating func i64(_ value: UInt64) { writer.write(Instruction(.i64Const, index: 0, value: value)) }
}

/// A reader of bodies joined to a writer: a transform sees the instructions that it wants, one after the other, and
/// writes others in their place, with locals of its own where it needs them. Everything between is copied as it is.
///
/// The bodies are written one behind the other to ``bytes``.
struct BodyRewriter {
  /// What has been written so far: a buffer that the new module's ranges refer to.
  var bytes: [UInt8] = []
  let remapping: IndexRemapping
  /// By label of the body that was rewritten last: its new label, by the numbers of the name section.
  private(set) var labels: [UInt32] = []
  private let source: [UInt8]
  private let treatments: [Treatment]
  private var output = BodyOutput()

  /// What happens to the instructions of an operator.
  private struct Treatment: OptionSet {
    var rawValue: UInt8
    /// The indices change.
    static let remapped = Treatment(rawValue: 1)
    /// The transform writes something else.
    static let shown = Treatment(rawValue: 2)
    static let opensBlock = Treatment(rawValue: 4)
    static let closesBlock = Treatment(rawValue: 8)
    /// The transform writes something behind it.
    static let observed = Treatment(rawValue: 16)
  }

  init(_ source: [UInt8], remapping: IndexRemapping, transform: some BodyTransform) {
    self.source = source
    self.remapping = remapping
    var treatments = [Treatment](repeating: [], count: Operator.opcodeLimit)
    for row in Operator.all {
      var treatment: Treatment = transform.wants(row) ? .shown : remapping.touches(row.immediates) ? .remapped : []
      switch row.opcode {
      case .block, .loop, .if, .tryTable: treatment.insert(.opensBlock)
      case .end: treatment.insert(.closesBlock)
      default: break
      }
      if transform.observes(row) { treatment.insert(.observed) }
      treatments[Int(row.opcode.rawValue)] = treatment
    }
    self.treatments = treatments
  }

  /// Reserves room for so many times the bytes of the source. Pages that are not written cost nothing, and to grow would
  /// cost the old bytes and the new at the same time.
  mutating func reserve(times: Int) { bytes.reserveCapacity(source.count * times + (1 << 16)) }

  /// Rewrites a body with its branch hints.
  ///
  /// - Parameters:
  ///   - parameterCount: the number of parameters of its function.
  ///   - results: the types of its function's results, which are asked for where the transform uses
  ///     ``BodyOutput/trapLabel(_:)``.
  /// - Returns: where the new body is in ``bytes``, and the hints with their new offsets.
  mutating func rewrite(
    _ body: FunctionBody, parameterCount: Int, results: @autoclosure () -> [ValueType] = [],
    hints: [BranchHints.Hint] = [], _ transform: inout some BodyTransform
  ) throws(ModuleError) -> (body: FunctionBody, hints: [BranchHints.Hint]) {
    var reader = InstructionReader(source, range: body.range)
    var locals = try reader.locals()
    output.writer.output.bytes.removeAll(keepingCapacity: true)
    output.added.removeAll(keepingCapacity: true)
    output.depth = 0
    output.blockCount = 0
    output.trapCount = 0
    labels.removeAll(keepingCapacity: true)
    output.localCount = locals.reduce(UInt32(truncatingIfNeeded: parameterCount)) { $0 &+ $1.count }
    var newHints: [BranchHints.Hint] = []
    transform.begin(body, into: &output)
    try instructions(&reader, transform: &transform, hints: hints[...], bodyStart: body.range.lowerBound, &newHints)
    var prefix = InstructionWriter()
    if output.trapCount > 0 { writeTraps(results(), &transform, &prefix) }

    for index in locals.indices { locals[index].type = remapping.valueType(locals[index].type) }
    for type in output.added { locals.append((1, type)) }
    var header = InstructionWriter()
    header.locals(locals)
    header.output.bytes.append(contentsOf: prefix.bytes)
    let start = bytes.count
    bytes.append(contentsOf: header.bytes)
    bytes.append(contentsOf: output.writer.output.bytes)
    for index in newHints.indices { newHints[index].offset += UInt32(truncatingIfNeeded: header.bytes.count) }
    return (FunctionBody(range: start..<bytes.count), newHints)
  }

  /// Puts the body into blocks: the innermost one has the labels of the body as a whole, and after each of the others is
  /// a trap.
  private mutating func writeTraps(
    _ results: [ValueType], _ transform: inout some BodyTransform, _ prefix: inout InstructionWriter
  ) {
    var block = Instruction(.block)
    for _ in 0..<output.trapCount { prefix.write(block) }
    block.blockType =
      switch results.count {
      case 0: .empty
      case 1: .value(remapping.valueType(results[0]))
      default: transform.blockType(leaving: results.map(remapping.valueType))
      }
    prefix.write(block)
    output.write(.return)
    output.write(.end)
    for number in 0..<output.trapCount {
      transform.writeTrap(number, into: &output)
      output.write(.end)
    }
    for index in labels.indices { labels[index] += UInt32(output.trapCount) + 1 }
  }

  /// Copies a constant expression with its indices remapped.
  mutating func copy(_ expression: ConstantExpression) throws(ModuleError) -> ConstantExpression {
    let start = bytes.count
    guard !remapping.isIdentity else {
      bytes.append(contentsOf: source[expression.range])
      return ConstantExpression(range: start..<bytes.count)
    }
    var reader = InstructionReader(source, range: expression.range)
    var writer = InstructionWriter()
    while !reader.isAtEnd {
      let instruction = try reader.next()
      remapping.write(instruction, from: reader, to: &writer)
    }
    bytes.append(contentsOf: writer.bytes)
    return ConstantExpression(range: start..<bytes.count)
  }

  /// Copies a constant expression, if there is one.
  mutating func copy(_ expression: ConstantExpression?) throws(ModuleError) -> ConstantExpression? {
    guard let expression else { return nil }
    return try copy(expression)
  }

  /// Copies an element segment with its indices remapped.
  mutating func copy(_ element: ElementSegment) throws(ModuleError) -> ElementSegment {
    var element = element
    if case .active(let table, let offset) = element.mode {
      element.mode = .active(index: remapping.table(table), offset: try copy(offset))
    }
    switch element.items {
    case .functions(let functions): element.items = .functions(functions.map(remapping.function))
    case .expressions(let expressions):
      var copies: [ConstantExpression] = []
      copies.reserveCapacity(expressions.count)
      for expression in expressions { copies.append(try copy(expression)) }
      element.items = .expressions(copies)
    }
    return element
  }

  /// Copies bytes as they are.
  mutating func copy(_ range: Range<Int>) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: source[range])
    return start..<bytes.count
  }

  /// Adds bytes that the source does not have.
  mutating func append(_ added: [UInt8]) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: added)
    return start..<bytes.count
  }

  /// Adds the contents of a name section, in place.
  mutating func append(_ names: Names) -> Range<Int> {
    let start = bytes.count
    var writer = ByteWriter()
    swap(&writer.bytes, &bytes)
    names.encode(to: &writer)
    swap(&writer.bytes, &bytes)
    return start..<bytes.count
  }

  /// Rewrites the instructions up to the end of the reader's range. `hints` and `newHints` count from the beginning of a
  /// body, but `newHints` leave its local declarations out.
  private mutating func instructions(
    _ reader: inout InstructionReader, transform: inout some BodyTransform, hints: ArraySlice<BranchHints.Hint>,
    bodyStart: Int, _ newHints: inout [BranchHints.Hint]
  ) throws(ModuleError) {
    var hints = hints
    var previous = Instruction(.nop)
    // Where the bytes begin that are copied as they are.
    var pending = reader.position
    while !reader.isAtEnd {
      let start = reader.position
      let instruction = try reader.next()
      let treatment = treatments[Int(instruction.opcode.rawValue)]
      if let hint = hints.first, bodyStart + Int(hint.offset) <= start {
        hints.removeFirst()
        if bodyStart + Int(hint.offset) == start {
          let offset = output.writer.output.bytes.count + (start - pending)
          newHints.append(BranchHints.Hint(offset: UInt32(truncatingIfNeeded: offset), isLikely: hint.isLikely))
        }
      }
      defer { previous = instruction }
      if treatment.isEmpty { continue }
      if treatment.contains(.opensBlock) {
        output.depth += 1
        labels.append(output.blockCount)
        output.blockCount += 1
      } else if treatment.contains(.closesBlock) {
        // The last one closes the body.
        output.depth &-= 1
      }
      if treatment.isDisjoint(with: [.remapped, .shown, .observed]) { continue }
      output.writer.output.bytes.append(contentsOf: source[pending..<start])
      if treatment.contains(.remapped) {
        remapping.write(instruction, from: reader, to: &output.writer)
      } else if treatment.contains(.shown) {
        output.constantOperand =
          previous.opcode == .i32Const || previous.opcode == .i64Const ? previous.value : nil
        try transform.rewrite(instruction, into: &output)
      } else {
        output.writer.output.bytes.append(contentsOf: source[start..<reader.position])
      }
      if treatment.contains(.observed) { transform.observe(instruction, into: &output) }
      pending = reader.position
    }
    output.writer.output.bytes.append(contentsOf: source[pending..<reader.position])
  }
}
