import WebAssembly

/// Reads the text form of the intermediate representation that ``IRPrinter`` writes.
///
/// Values keep their numbers, so that printing what was read gives the same text. What is read has the right shape, with
/// values and blocks that exist; whether it makes sense is for ``IRVerifier``.
struct IRParser {
  private var lexer: IRLexer
  private var token: IRToken
  private var function = IRFunction()

  /// Instructions without a value get their numbers when all others are known.
  private struct Line {
    var value: IRValue?
    var instruction: IRInstruction
    var position: UInt32
  }

  private var lines: [[Line]] = []
  private var positions: [UInt32] = []
  private var isDefined: [Bool] = []
  private var valueReferences: [(value: IRValue, place: IRToken)] = []
  private var blockReferences: [(block: Int, place: IRToken)] = []
  private var edges: [IREdge] = []

  /// More values than any text that a person looks at; it keeps a wrong number from taking all memory.
  private static let valueLimit: UInt64 = 1 << 22

  static func parse(_ text: String) throws(IRTextError) -> IRFunction {
    var parser = try IRParser(text)
    try parser.parseFunction()
    try parser.finish()
    return parser.function
  }

  private init(_ text: String) throws(IRTextError) {
    lexer = IRLexer(text)
    token = try lexer.next()
  }

  // MARK: Tokens

  private func failure(_ message: String, at place: IRToken? = nil) -> IRTextError {
    let place = place ?? token
    return IRTextError(line: place.line, column: place.column, message: message)
  }

  private mutating func advance() throws(IRTextError) { token = try lexer.next() }

  private mutating func accept(_ sign: String) throws(IRTextError) -> Bool {
    guard token.kind == .sign(sign) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ sign: String) throws(IRTextError) {
    guard try accept(sign) else { throw failure("expected '\(sign)', found \(token.text)") }
  }

  private mutating func acceptWord(_ word: String) throws(IRTextError) -> Bool {
    guard token.kind == .word(word), !token.startsLine else { return false }
    try advance()
    return true
  }

  private mutating func word(_ what: String) throws(IRTextError) -> String {
    guard case .word(let word) = token.kind else { throw failure("expected \(what), found \(token.text)") }
    try advance()
    return word
  }

  private mutating func keyword(_ expected: String) throws(IRTextError) {
    guard token.kind == .word(expected) else { throw failure("expected '\(expected)', found \(token.text)") }
    try advance()
  }

  /// A number, as 64 bits.
  private mutating func number(_ what: String) throws(IRTextError) -> Int64 {
    guard case .number(let magnitude, let isNegative) = token.kind else {
      throw failure("expected \(what), found \(token.text)")
    }
    try advance()
    return Int64(bitPattern: isNegative ? 0 &- magnitude : magnitude)
  }

  private mutating func number(_ what: String, in range: ClosedRange<Int64>) throws(IRTextError) -> Int64 {
    let place = token
    let value = try number(what)
    guard range.contains(value) else { throw failure("\(what) is out of range", at: place) }
    return value
  }

  /// A word of a table.
  private mutating func choice<Case>(_ what: String, _ table: [String: Case]) throws(IRTextError) -> Case {
    let place = token
    let word = try word(what)
    guard let value = table[word] else { throw failure("no \(what) '\(word)'", at: place) }
    return value
  }

  /// The number behind a prefix, of `v12` or `block3`.
  private func numbered(_ prefix: String) -> UInt64? {
    guard case .word(let word) = token.kind, word.hasPrefix(prefix) else { return nil }
    let digits = word.dropFirst(prefix.count)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return UInt64(digits) ?? UInt64.max
  }

  private mutating func valueNumber() throws(IRTextError) -> IRValue {
    guard let number = numbered("v") else { throw failure("expected a value, found \(token.text)") }
    guard number < Self.valueLimit else { throw failure("the number of the value is too large") }
    try advance()
    return IRValue(Int(number))
  }

  /// A use of a value, or `_` for none.
  private mutating func operand() throws(IRTextError) -> IRValue {
    if try accept("_") { return .none }
    let place = token
    let value = try valueNumber()
    valueReferences.append((value, place))
    return value
  }

  private mutating func blockReference() throws(IRTextError) -> IRBlockID {
    let place = token
    guard let number = numbered("block"), number < Self.valueLimit else {
      throw failure("expected a block, found \(token.text)")
    }
    try advance()
    blockReferences.append((Int(number), place))
    return IRBlockID(Int(number))
  }

  private mutating func define(_ value: IRValue, at place: IRToken) throws(IRTextError) {
    while isDefined.count <= value.index {
      isDefined.append(false)
      function.instructions.append(IRInstruction(.nothing, .none))
      positions.append(0)
    }
    guard !isDefined[value.index] else { throw failure("v\(value.id) is defined twice", at: place) }
    isDefined[value.index] = true
  }

  // MARK: Structure

  private mutating func types(_ close: String) throws(IRTextError) -> [IRType] {
    var result: [IRType] = []
    if try accept(close) { return result }
    repeat { result.append(try choice("type", IRWords.types)) } while try accept(",")
    try expect(close)
    return result
  }

  private mutating func parseFunction() throws(IRTextError) {
    try keyword("function")
    if case .number = token.kind {
      function.index = UInt32(try number("the number of a function", in: 0...Int64(UInt32.max - 1)))
    }
    try expect("(")
    function.parameterTypes = try types(")")
    try expect("->")
    try expect("(")
    function.resultTypes = try types(")")
    while token.kind == .word("loop") { try parseLoop() }
    while token.kind != .end { try parseBlock() }
    if function.blocks.isEmpty { throw failure("a function has at least one block") }
  }

  private mutating func parseLoop() throws(IRTextError) {
    try advance()
    let place = token
    guard try number("the number of a loop") == Int64(function.loops.count) else {
      throw failure("expected loop \(function.loops.count)", at: place)
    }
    try expect("=")
    let header = try blockReference()
    try expect("..<")
    // The end may be behind the last block.
    let end = try blockReference()
    let endReference = blockReferences.removeLast()
    loopEnds.append(endReference)
    try keyword("preheader")
    let preheader = try blockReference()
    var parent: Int32 = -1
    if try acceptWord("in") {
      parent = Int32(try number("the number of a loop", in: 0...max(0, Int64(function.loops.count) - 1)))
    }
    function.loops.append(IRLoop(header: header, preheader: preheader, end: end, parent: parent))
  }

  /// The parameters of each block.
  private var parameters: [[IRValue]] = []
  private var loopEnds: [(block: Int, place: IRToken)] = []

  private mutating func parseBlock() throws(IRTextError) {
    let place = token
    guard let index = numbered("block") else { throw failure("expected a block, found \(token.text)") }
    guard index == UInt64(function.blocks.count) else {
      throw failure("expected block\(function.blocks.count)", at: place)
    }
    try advance()
    var block = IRBlock()
    parameters.append([])
    if try accept("("), try !accept(")") {
      repeat {
        let place = token
        let value = try valueNumber()
        try expect(":")
        let type = try choice("type", IRWords.types)
        try define(value, at: place)
        function.instructions[value.index] = IRInstruction(.parameter, type, imm: Int64(block.parameterCount))
        parameters[parameters.count - 1].append(value)
        block.parameterCount += 1
      } while try accept(",")
      try expect(")")
    }
    if try acceptWord("loop") {
      let place = token
      let loop = try number("the number of a loop")
      guard loop >= 0, loop < Int64(function.loops.count) else { throw failure("no loop \(loop)", at: place) }
      block.loop = Int32(loop)
    }
    if try acceptWord("depth") { block.loopDepth = UInt16(try number("a depth", in: 0...0xFFFF)) }
    if try acceptWord("cold") { block.isCold = true }
    try expect(":")
    lines.append([])
    while token.kind != .end, numbered("block") == nil {
      guard token.startsLine else { throw failure("expected the end of the line, found \(token.text)") }
      try parseInstruction(&block)
    }
    function.blocks.append(block)
  }

  private mutating func parseInstruction(_ block: inout IRBlock) throws(IRTextError) {
    let place = token
    var value: IRValue?
    if numbered("v") != nil {
      value = try valueNumber()
      try expect("=")
    }
    let operationPlace = token
    let name = try word("an operation")
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let operation = IRWords.operations[String(parts[0])], operation != .parameter, parts.count <= 2 else {
      throw failure("no operation '\(name)'", at: operationPlace)
    }
    var type = IRType.none
    if parts.count == 2 {
      guard let known = IRWords.types[String(parts[1])] else {
        throw failure("no type '\(parts[1])'", at: operationPlace)
      }
      type = known
    }
    var instruction = IRInstruction(operation, type)
    guard instruction.makesValue == (value != nil) else {
      throw failure(value == nil ? "'\(name)' needs a value to define" : "'\(name)' makes no value", at: place)
    }
    if let value { try define(value, at: place) }
    try parseFields(&instruction, value, &block)
    var position: UInt32 = 0
    if !token.startsLine, try accept("@") {
      position = UInt32(try number("an offset", in: 0...Int64(UInt32.max)))
    }
    guard token.startsLine || token.kind == .end else {
      throw failure("expected the end of the line, found \(token.text)")
    }
    lines[lines.count - 1].append(Line(value: value, instruction: instruction, position: position))
  }

  // MARK: Fields

  private mutating func parseFields(
    _ instruction: inout IRInstruction, _ value: IRValue?, _ block: inout IRBlock
  ) throws(IRTextError) {
    switch instruction.operation.shape {
    case .operands:
      try parseOperands(&instruction)
      if try acceptWord("aux") { instruction.aux = UInt16(try number("a number", in: 0...0xFFFF)) }
      if try acceptWord("imm") { instruction.imm = try number("a number") }
    case .compare:
      instruction.aux = try choice("condition", IRWords.conditions).rawValue
      try parseOperands(&instruction)
    case .floatCompare:
      instruction.aux = try choice("condition", IRWords.floatConditions).rawValue
      try parseOperands(&instruction)
    case .extend:
      instruction.aux = UInt16(try number("a number of bits", in: 0...64))
      try parseOperands(&instruction)
    case .signed:
      instruction.aux = try choice("signedness", ["signed": 1, "unsigned": 0])
      try parseOperands(&instruction)
    case .parameter:
      throw failure("parameters stand behind the number of their block")
    case .constant:
      let bits = try number("a constant")
      instruction.imm =
        instruction.type == .i32 && bits < 0 && bits >= Int64(Int32.min)
        ? bits.unsigned32 : bits
    case .vectorConstant:
      instruction.imm = try vector()
    case .contextAddress:
      instruction.imm = try number("an offset")
    case .vector: try parseVector(&instruction)
    case .contextLoad:
      instruction.aux = try choice("region", IRWords.regions).rawValue
      try parseContextPlace(&instruction)
    case .contextStore:
      try parseContextPlace(&instruction)
      try expect(",")
      instruction.b = try operand()
    case .load:
      instruction.aux = try choice("kind of access", IRWords.accesses).rawValue
      try parseMemoryPlace(&instruction)
    case .store:
      instruction.aux = try choice("kind of access", IRWords.accesses).rawValue
      try parseMemoryPlace(&instruction)
      try expect(",")
      instruction.c = try operand()
    case .boundsCheck: try parseBoundsCheck(&instruction)
    case .indexCheck:
      instruction.aux = UInt16(try choice("trap", IRWords.traps).rawValue)
      try parseOperands(&instruction)
    case .trapIf:
      instruction.aux = UInt16(try choice("trap", IRWords.traps).rawValue)
      instruction.a = try operand()
      if try accept(",") { instruction.b = try operand() }
    case .trap: instruction.aux = UInt16(try choice("trap", IRWords.traps).rawValue)
    case .result:
      instruction.a = try operand()
      try expect(",")
      instruction.imm = try number("the number of a result", in: 1...0xFFFF)
    case .call, .callRecord, .callRuntime, .tailCall, .tailCallRecord, .return:
      try parseCall(&instruction, value)
    case .throwReference:
      instruction.a = try operand()
      if try accept(",") { try parseEdges(&block) }
    case .jump, .branch, .branchTable:
      if instruction.operation == .branch || instruction.operation == .branchTable {
        instruction.a = try operand()
        try expect(",")
      }
      try parseEdges(&block)
      if instruction.operation == .branch {
        if try acceptWord("likely") {
          instruction.aux = 1
        } else if try acceptWord("unlikely") {
          instruction.aux = 2
        }
      }
    }
  }

  private mutating func parseOperands(_ instruction: inout IRInstruction) throws(IRTextError) {
    guard !token.startsLine, token.kind == .sign("_") || numbered("v") != nil else { return }
    instruction.a = try operand()
    guard try accept(",") else { return }
    instruction.b = try operand()
    guard try accept(",") else { return }
    instruction.c = try operand()
  }

  /// Two halves, as their place in the pool.
  private mutating func vector() throws(IRTextError) -> Int64 {
    let low = UInt64(bitPattern: try number("the low half of a vector"))
    let high = UInt64(bitPattern: try number("the high half of a vector"))
    let vector = SIMD2(low, high)
    if let index = function.vectors.firstIndex(of: vector) { return Int64(index) }
    function.vectors.append(vector)
    return Int64(function.vectors.count - 1)
  }

  private mutating func parseVector(_ instruction: inout IRInstruction) throws(IRTextError) {
    instruction.aux = try choice("vector instruction", IRWords.opcodes).rawValue
    try parseOperands(&instruction)
    if try acceptWord("lanes") {
      instruction.imm = try vector()
    } else if try acceptWord("lane") {
      instruction.imm = try number("a lane", in: 0...15)
    }
  }

  private mutating func displacement() throws(IRTextError) -> Int64 {
    if try accept("-") { return 0 &- (try number("a displacement")) }
    try expect("+")
    return try number("a displacement")
  }

  private mutating func parseContextPlace(_ instruction: inout IRInstruction) throws(IRTextError) {
    try expect("[")
    if token.kind == .word("context") { try advance() } else { instruction.a = try operand() }
    instruction.imm = try displacement()
    try expect("]")
  }

  /// The address of a load or store.
  private mutating func parseMemoryPlace(_ instruction: inout IRInstruction) throws(IRTextError) {
    var memory: Int64?
    if try !acceptWord("table") {
      try keyword("memory")
      memory = try number("a memory", in: 0...Int64(AccessPlace.largestMemory))
    }
    try expect("[")
    instruction.a = try operand()
    try expect("+")
    if numbered("v") != nil {
      instruction.b = try operand()
      try expect("+")
    }
    let distance = try number("a displacement", in: 0...Int64(Displacement.limit - 1))
    try expect("]")
    instruction.imm = (memory ?? Int64(AccessPlace.largestMemory) + 1) << 32 | distance
  }

  private mutating func parseBoundsCheck(_ instruction: inout IRInstruction) throws(IRTextError) {
    instruction.a = try operand()
    try expect("+")
    instruction.imm = try number("a number of bytes")
    try expect("<=")
    instruction.b = try operand()
    try keyword("memory")
    let memory = try number("a memory", in: 0...Int64(AccessPlace.largestMemory))
    try keyword("width")
    let width = try number("a width", in: 0...0xFF)
    instruction.c = IRValue(UInt32(memory) << 8 | UInt32(width))
    if try acceptWord("address64") { instruction.aux = 1 }
    if try acceptWord("fromZero") { instruction.aux |= 2 }
  }

  private mutating func parseCall(_ instruction: inout IRInstruction, _ value: IRValue?) throws(IRTextError) {
    var pooled: [IRValue] = []
    switch instruction.operation {
    case .call, .tailCall:
      try keyword("function")
      instruction.imm = try number("a function", in: 0...Int64(UInt32.max))
    case .callRecord, .tailCallRecord:
      pooled.append(try operand())
    case .callRuntime:
      instruction.imm = try choice("runtime function", IRWords.runtimeEntries).rawValue
    default:
      break
    }
    pooled += try arguments()
    instruction.a = IRValue(function.arguments.count)
    instruction.b = IRValue(pooled.count)
    function.arguments += pooled
    switch instruction.operation {
    case .call, .callRecord:
      instruction.aux = instruction.type == .none ? 0 : 1
      if try acceptWord("results") { try parseFurtherResults(&instruction, value) }
    case .callRuntime:
      if try acceptWord("traps") { instruction.aux = 1 }
    default:
      break
    }
  }

  /// Values follow a call at the numbers behind its own, each with its type, where they are used or not.
  private mutating func parseFurtherResults(_ call: inout IRInstruction, _ value: IRValue?) throws(IRTextError) {
    guard let value else { throw failure("a call with several results has a first one") }
    repeat {
      let type = try choice("type", IRWords.types)
      guard call.aux < UInt16.max else { throw failure("too many results") }
      furtherResults.append((IRValue(value.index + Int(call.aux)), type, value, Int64(call.aux)))
      call.aux += 1
    } while try accept(",")
  }

  private var furtherResults: [(result: IRValue, type: IRType, call: IRValue, index: Int64)] = []

  private mutating func arguments() throws(IRTextError) -> [IRValue] {
    var result: [IRValue] = []
    try expect("(")
    if try accept(")") { return result }
    repeat { result.append(try operand()) } while try accept(",")
    try expect(")")
    return result
  }

  private mutating func parseEdges(_ block: inout IRBlock) throws(IRTextError) {
    block.firstEdge = UInt32(function.edges.count)
    repeat {
      let target = try blockReference()
      let values = token.kind == .sign("(") ? try arguments() : []
      function.edges.append(
        IREdge(
          target: target, argumentStart: UInt32(function.arguments.count), argumentCount: UInt32(values.count)))
      function.arguments += values
    } while try accept(",")
    block.edgeCount = UInt32(function.edges.count) - block.firstEdge
  }

  // MARK: The end

  /// Gives numbers to instructions without a value, behind all others, and looks for what is referred to and not there.
  private mutating func finish() throws(IRTextError) {
    for further in furtherResults {
      while function.instructions.count <= further.result.index {
        isDefined.append(false)
        positions.append(0)
        function.instructions.append(IRInstruction(.nothing, .none))
      }
      if !isDefined[further.result.index] {
        function.instructions[further.result.index] =
          IRInstruction(.result, further.type, further.call, imm: further.index)
      }
    }
    for (value, place) in valueReferences where value.index >= isDefined.count || !isDefined[value.index] {
      throw failure("v\(value.id) is not defined", at: place)
    }
    for (block, place) in blockReferences where block >= function.blocks.count {
      throw failure("there is no block\(block)", at: place)
    }
    for (block, place) in loopEnds where block > function.blocks.count {
      throw failure("there is no block\(block)", at: place)
    }
    for (index, block) in lines.enumerated() {
      function.blocks[index].first = UInt32(function.order.count)
      function.order += parameters[index]
      for line in block {
        let value = line.value ?? IRValue(function.instructions.count)
        if line.value == nil {
          function.instructions.append(line.instruction)
          positions.append(line.position)
        } else {
          function.instructions[value.index] = line.instruction
          positions[value.index] = line.position
        }
        function.order.append(value)
      }
      function.blocks[index].end = UInt32(function.order.count)
    }
    function.positions = positions
  }
}
