/// An access of which it matters whether it is one of static data.
struct StaticAccess {
  /// Of the instruction, in bytes from the start of the module.
  var offset: Int
  var memory: UInt32
  /// Which of the instruction's addresses it is: 1 for the source of a copy.
  var operand = 0
  var address: UInt64
  /// Whether it certainly is one; else it may be.
  var isCertain: Bool
}

/// What constants come to the addresses that a body accesses.
struct AddressSummary {
  /// In ascending order of offsets.
  var accesses: [StaticAccess] = []
  /// Where an address of static data goes where it is not followed: to memory, to a global.
  var escape: Int?
  /// Whether the body is too entangled to be followed.
  var isUnsettled = false
}

/// What the bodies know of each other.
struct AddressSignatures {
  /// By function index, for those whose bodies are looked at: what comes to each parameter, and each result.
  var parameters: [UInt32: [AddressValue]] = [:]
  var results: [UInt32: [AddressValue]] = [:]
  /// The functions whose parameters or results have changed since they were asked for.
  var changed: Set<UInt32> = []

  mutating func pass(_ values: ArraySlice<AddressValue>, to function: UInt32, _ arithmetic: AddressArithmetic) {
    Self.join(values, into: &parameters[function], arithmetic) { changed.insert(function) }
  }

  private static func join(
    _ values: ArraySlice<AddressValue>, into list: inout [AddressValue]?, _ arithmetic: AddressArithmetic,
    _ change: () -> Void
  ) {
    guard let old = list, old.count == values.count else { return }
    var new = old
    for (place, value) in values.enumerated() { new[place] = arithmetic.join(old[place], value) }
    guard new != old else { return }
    list = new
    change()
  }

  /// - Returns: Whether the results have changed.
  mutating func yield(_ values: ArraySlice<AddressValue>, from function: UInt32, _ arithmetic: AddressArithmetic)
    -> Bool
  {
    var hasChanged = false
    Self.join(values, into: &results[function], arithmetic) { hasChanged = true }
    return hasChanged
  }
}

/// Follows the constants of one body through arithmetic, locals, blocks and calls to the addresses of its accesses.
///
/// After a block, a local that it assigns has the value from before the block or any that the block gives it; so it has from
/// the beginning of a loop on. What a loop assigns is known after the first reading; a few more settle it, however loops are
/// nested.
struct AddressFlow {
  private let module: Module
  private let spaces: IndexSpaces
  private let statics: StaticData
  private let arithmetic: AddressArithmetic
  /// The values of globals.
  private let globals: [AddressValue]
  private let stackPointer: UInt32?
  private let function: UInt32
  private let body: FunctionBody
  var signatures: AddressSignatures
  private(set) var summary = AddressSummary()
  /// Whether the function's results have changed.
  private(set) var hasNewResults = false

  // What holds for all readings.
  /// By block, counted from the first: what the locals that it assigns hold at its end and, in a loop, at its beginning.
  private var assigned: [[Int: AddressValue]] = []
  /// What comes to the parameters and results of blocks, one block after the other.
  private var blockValues: [AddressValue] = []
  private var hasChanged = false
  /// What is left to do: a body in which every branch takes many values would take too long.
  private var budget = 0

  // One reading.
  private struct Frame {
    var opcode: Opcode
    var height: Int
    /// Where its parameters and then its results are in the values of blocks.
    var start: Int
    var parameterCount: Int
    var resultCount: Int
    /// Its number.
    var block: Int
    var isDead = false
  }
  private var stack: [AddressValue] = []
  private var frames: [Frame] = []
  private var nextBlock = 0
  private var nextValue = 0
  private var locals: [AddressValue] = []

  /// The number of readings after which a body counts as too entangled.
  private static let mostReadings = 16

  init(
    _ function: UInt32, of module: Module, _ spaces: IndexSpaces, _ statics: StaticData,
    _ arithmetic: AddressArithmetic, globals: [AddressValue], stackPointer: UInt32?, signatures: AddressSignatures
  ) {
    self.function = function
    self.module = module
    self.spaces = spaces
    self.statics = statics
    self.arithmetic = arithmetic
    self.globals = globals
    self.stackPointer = stackPointer
    self.signatures = signatures
    body = module.bodies[Int(function) - spaces.importedFunctionCount]
  }

  private func type(ofFunction index: UInt32) -> FunctionType? {
    module.types[Int(spaces.functions[Int(index)])].functionType
  }

  /// Reads the body until nothing new comes of it.
  mutating func settle() throws(ModuleError) {
    var initial = signatures.parameters[function] ?? []
    var reader = InstructionReader(module.bytes, range: body.range)
    initial += repeatElement(.constant(0), count: try reader.locals().reduce(0) { $0 + Int($1.count) })
    budget = 1_000_000 + 256 * body.range.count
    var start = reader
    for _ in 0..<Self.mostReadings {
      hasChanged = false
      summary = AddressSummary()
      locals = initial
      try read(&start, from: reader)
      if budget < 0 { break }
      if !hasChanged { return }
    }
    summary = AddressSummary(isUnsettled: true)
  }

  private mutating func read(_ reader: inout InstructionReader, from start: InstructionReader) throws(ModuleError) {
    reader = start
    stack.removeAll(keepingCapacity: true)
    frames.removeAll(keepingCapacity: true)
    nextBlock = 0
    nextValue = 0
    open(.block, parameters: 0, results: type(ofFunction: function)?.results.count ?? 0)
    while !reader.isAtEnd {
      let instruction = try reader.next()
      step(instruction, reader)
      if budget < 0 { return }
    }
  }

  // MARK: The stack

  private mutating func pop() -> AddressValue {
    guard let frame = frames.last, stack.count > frame.height else {
      return frames.last?.isDead == false ? .unknown : .none
    }
    return stack.removeLast()
  }

  private mutating func pop(_ count: Int) -> [AddressValue] {
    var values: [AddressValue] = []
    for _ in 0..<count { values.append(pop()) }
    budget -= count
    return values.reversed()
  }

  private mutating func push(_ value: AddressValue) { stack.append(value) }

  private mutating func join(_ values: ArraySlice<AddressValue>, at start: Int) {
    budget -= values.count
    for (place, value) in values.enumerated() {
      let new = arithmetic.join(blockValues[start + place], value)
      if new != blockValues[start + place] {
        blockValues[start + place] = new
        hasChanged = true
      }
    }
  }

  // MARK: Control

  private mutating func open(_ opcode: Opcode, parameters: Int, results: Int) {
    let values = pop(parameters)
    let frame = Frame(
      opcode: opcode, height: stack.count, start: nextValue, parameterCount: parameters, resultCount: results,
      block: nextBlock)
    nextValue += parameters + results
    nextBlock += 1
    if blockValues.count < nextValue {
      blockValues += repeatElement(.none, count: nextValue - blockValues.count)
    }
    if assigned.count < nextBlock { assigned.append([:]) }
    join(values[...], at: frame.start)
    frames.append(frame)
    if opcode == .loop {
      for local in assigned[frame.block].keys { locals[local] = give(local, locals[local], in: frame) }
    }
    for place in 0..<parameters { push(opcode == .loop ? blockValues[frame.start + place] : values[place]) }
  }

  /// Notes that a local has a value at some place of a block, and returns all that it can have at its end.
  @discardableResult
  private mutating func give(_ local: Int, _ value: AddressValue, in frame: Frame) -> AddressValue {
    budget -= 1
    let old = assigned[frame.block][local]
    let new = old.map { arithmetic.join($0, value) } ?? value
    if new != old {
      assigned[frame.block][local] = new
      if frame.opcode == .loop { hasChanged = true }
    }
    return new
  }

  private func arity(_ type: BlockType) -> (parameters: Int, results: Int) {
    switch type {
    case .empty: (0, 0)
    case .value: (0, 1)
    case .type(let index):
      module.types[Int(index)].functionType.map { ($0.parameters.count, $0.results.count) } ?? (0, 0)
    }
  }

  /// Leaves the values of a label where they are, and joins them to what comes there.
  private mutating func branch(to label: UInt32) {
    guard Int(label) < frames.count else { return }
    let frame = frames[frames.count - 1 - Int(label)]
    let isLoop = frame.opcode == .loop
    let values = pop(isLoop ? frame.parameterCount : frame.resultCount)
    join(values[...], at: isLoop ? frame.start : frame.start + frame.parameterCount)
    for value in values { push(value) }
  }

  private mutating func die() {
    guard let frame = frames.last else { return }
    stack.removeLast(stack.count - frame.height)
    frames[frames.count - 1].isDead = true
  }

  private mutating func end() {
    guard let frame = frames.last else { return }
    if !frame.isDead {
      join(pop(frame.resultCount)[...], at: frame.start + frame.parameterCount)
    }
    if frame.opcode == .if {
      // Without an else the parameters are the results.
      let count = min(frame.parameterCount, frame.resultCount)
      join(blockValues[frame.start..<frame.start + count], at: frame.start + frame.parameterCount)
    }
    stack.removeLast(stack.count - frame.height)
    frames.removeLast()
    for (local, value) in assigned[frame.block] {
      // The outer block gives the local the value that it had before, and those that the inner one gives it.
      if let outer = frames.last { give(local, value, in: outer) }
      locals[local] = value
    }
    let results = frame.start + frame.parameterCount
    if frames.isEmpty {
      leave(blockValues[results..<results + frame.resultCount])
    } else {
      for place in 0..<frame.resultCount { push(blockValues[results + place]) }
    }
  }

  private mutating func leave(_ values: ArraySlice<AddressValue>) {
    if signatures.yield(values, from: function, arithmetic) { hasNewResults = true }
  }

  // MARK: Instructions

  private mutating func step(_ instruction: Instruction, _ reader: InstructionReader) {
    switch instruction.opcode {
    case .nop: break
    case .unreachable: die()
    case .block, .loop, .tryTable:
      let arity = arity(instruction.blockType)
      if instruction.opcode == .tryTable { catches(reader.catchClauses(of: instruction)) }
      open(instruction.opcode, parameters: arity.parameters, results: arity.results)
    case .if:
      _ = pop()
      let arity = arity(instruction.blockType)
      open(.if, parameters: arity.parameters, results: arity.results)
    case .else:
      guard let frame = frames.last else { return }
      if !frame.isDead { join(pop(frame.resultCount)[...], at: frame.start + frame.parameterCount) }
      stack.removeLast(stack.count - frame.height)
      frames[frames.count - 1].opcode = .else
      frames[frames.count - 1].isDead = false
      for (local, value) in assigned[frame.block] { locals[local] = value }
      for place in 0..<frame.parameterCount { push(blockValues[frame.start + place]) }
    case .end: end()
    case .br:
      branch(to: instruction.index)
      die()
    case .brIf:
      _ = pop()
      branch(to: instruction.index)
    case .brTable:
      _ = pop()
      var last: UInt32?
      for label in reader.labels(of: instruction) where label != last {
        budget -= 1
        branch(to: label)
        last = label
      }
      branch(to: instruction.index)
      die()
    case .return:
      branch(to: UInt32(frames.count - 1))
      die()
    case .throw, .throwRef:
      forget(instruction)
      die()
    case .call: call(instruction.index)
    case .returnCall:
      call(instruction.index)
      branch(to: UInt32(frames.count - 1))
      die()
    case .callIndirect, .callRef, .returnCallIndirect, .returnCallRef: callThroughReference(instruction)
    default: value(instruction)
    }
  }

  private mutating func catches(_ clauses: [CatchClause]) {
    for clause in clauses {
      // The label is counted from outside of the block that is opened now.
      guard Int(clause.label) < frames.count else { continue }
      let frame = frames[frames.count - 1 - Int(clause.label)]
      let isLoop = frame.opcode == .loop
      let count = isLoop ? frame.parameterCount : frame.resultCount
      join(
        Array(repeating: .unknown, count: count)[...], at: isLoop ? frame.start : frame.start + frame.parameterCount)
    }
  }

  private mutating func call(_ callee: UInt32) {
    guard let type = type(ofFunction: callee) else { return }
    let arguments = pop(type.parameters.count)
    signatures.pass(arguments[...], to: callee, arithmetic)
    let results = signatures.results[callee] ?? Array(repeating: .unknown, count: type.results.count)
    for result in results { push(result) }
  }

  private mutating func callThroughReference(_ instruction: Instruction) {
    _ = pop()
    guard let type = module.types[Int(instruction.index)].functionType else { return }
    _ = pop(type.parameters.count)
    for _ in type.results { push(.unknown) }
    if instruction.opcode == .returnCallIndirect || instruction.opcode == .returnCallRef {
      branch(to: UInt32(frames.count - 1))
      die()
    }
  }

  /// An instruction that is not followed: what lies on the stack may be among its operands.
  private mutating func forget(_ instruction: Instruction) {
    guard let frame = frames.last else { return }
    for value in stack[frame.height...] where arithmetic.isSuspicious(value) { escape(instruction) }
    stack.removeLast(stack.count - frame.height)
  }

  private mutating func escape(_ instruction: Instruction) {
    if summary.escape == nil { summary.escape = Int(instruction.offset) }
  }

  private mutating func value(_ instruction: Instruction) {
    switch instruction.opcode {
    case .i32Const, .i64Const: push(.constant(instruction.value))
    case .drop: _ = pop()
    case .select, .selectTyped:
      let operands = pop(3)
      push(arithmetic.join(operands[0], operands[1]))
    case .localGet: push(locals[Int(instruction.index)])
    case .localSet: set(Int(instruction.index), pop())
    case .localTee:
      let value = pop()
      set(Int(instruction.index), value)
      push(value)
    case .globalGet: push(globals[Int(instruction.index)])
    case .globalSet:
      let value = pop()
      if instruction.index != stackPointer, holdsAddress(value) { escape(instruction) }
    case .memorySize: push(.index)
    case .memoryGrow:
      _ = pop()
      push(.index)
    case .memoryFill:
      let operands = pop(3)
      access(operands[0], instruction, memory: instruction.index)
    case .memoryCopy:
      let operands = pop(3)
      access(operands[0], instruction, memory: instruction.index)
      access(operands[1], instruction, memory: instruction.index2, operand: 1)
    case .memoryInit:
      let operands = pop(3)
      access(operands[0], instruction, memory: instruction.index2)
    case .memoryDiscard:
      let operands = pop(2)
      access(operands[0], instruction, memory: instruction.index)
    case .tableGet, .refIsNull:
      _ = pop()
      push(.unknown)
    case .tableSet: _ = pop(2)
    case .tableSize, .refNull, .refFunc: push(.unknown)
    case .tableGrow:
      _ = pop(2)
      push(.unknown)
    case .tableFill, .tableCopy, .tableInit: _ = pop(3)
    default: plain(instruction)
    }
  }

  private mutating func set(_ local: Int, _ value: AddressValue) {
    if let frame = frames.last {
      // Branches out of the block may come before this.
      if assigned[frame.block][local] == nil { give(local, locals[local], in: frame) }
      give(local, value, in: frame)
    }
    locals[local] = value
  }

  /// An instruction whose type is in the table.
  private mutating func plain(_ instruction: Instruction) {
    let row = instruction.opcode.row
    guard let type = row.type else { return forget(instruction) }
    let operands = pop(type.operands.count)
    if row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane {
      let base = pop()
      let access = access(base, instruction, memory: instruction.index)
      // What is stored in static data is an address again as soon as it is read. Bytes are characters and the like.
      if row.width >= 1, access?.isCertain != true, operands.contains(where: holdsAddress) { escape(instruction) }
      let isSymbol = access.map { mayReadAddress($0, base) } ?? false
      for _ in type.results {
        push(row.width < 1 || row.width < 2 && !isSymbol ? .index : AddressValue(kind: .unknown, isSymbol: isSymbol))
      }
      return
    }
    if let result = compute(instruction, operands) { return push(result) }
    let isSymbol = operands.contains { arithmetic.isSuspicious($0) } || isSuspicious(instruction)
    for _ in type.results { push(AddressValue(kind: .unknown, isSymbol: isSymbol)) }
  }

  /// A constant of another type that holds such a number, or is one.
  private func isSuspicious(_ instruction: Instruction) -> Bool {
    switch instruction.opcode {
    case .v128Const: arithmetic.isPartNear(instruction.value) || arithmetic.isPartNear(instruction.value2)
    case .f32Const: isNear(Double(Float(bitPattern: UInt32(truncatingIfNeeded: instruction.value))))
    case .f64Const: isNear(Double(bitPattern: instruction.value))
    default: false
    }
  }

  /// Whether a number without its fraction can be an address of static data.
  private func isNear(_ number: Double) -> Bool {
    UInt64(exactly: number.rounded(.towardZero)).map { arithmetic.isNear($0) } ?? false
  }

  private func compute(_ instruction: Instruction, _ operands: [AddressValue]) -> AddressValue? {
    if operands.allSatisfy({ $0.kind == .constant && !$0.isSymbol && !$0.isPart }),
      let value = ConstantFolding.evaluate(instruction.opcode, operands.map(\.constant))
    {
      return .constant(value)
    }
    let is64Bit = instruction.opcode.row.type?.operands.first == .i64
    switch instruction.opcode {
    case .i32Add, .i64Add, .i32Xor, .i64Xor, .i32Or, .i64Or:
      return arithmetic.add(operands[0], operands[1], is64Bit: is64Bit)
    case .i32Sub, .i64Sub: return arithmetic.subtract(operands[0], operands[1], is64Bit: is64Bit)
    case .i32Mul, .i64Mul: return arithmetic.multiply(operands[0], operands[1], is64Bit: is64Bit)
    case .i32Shl, .i64Shl: return arithmetic.shiftLeft(operands[0], operands[1], is64Bit: is64Bit)
    case .i32And, .i64And: return arithmetic.and(operands[0], operands[1], is64Bit: is64Bit)
    case .i64ExtendI32U: return operands[0]
    case .i64ExtendI32S, .i64Extend32S:
      var value = operands[0]
      value.constant = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value.constant)))
      return value
    case .i32WrapI64:
      var value = operands[0]
      value.constant = AddressArithmetic.cut(value.constant, false)
      return value
    case .i32ShrU, .i32ShrS, .i64ShrU, .i64ShrS, .i32Rotl, .i32Rotr, .i64Rotl, .i64Rotr, .i32DivU, .i32DivS, .i64DivU,
      .i64DivS, .i32RemU, .i32RemS, .i64RemU, .i64RemS, .i32Clz, .i32Ctz, .i32Popcnt, .i64Clz, .i64Ctz, .i64Popcnt,
      .i32Extend8S, .i32Extend16S, .i64Extend8S, .i64Extend16S:
      return arithmetic.part(of: operands)
    case .i32Eqz, .i32Eq, .i32Ne, .i32LtS, .i32LtU, .i32GtS, .i32GtU, .i32LeS, .i32LeU, .i32GeS, .i32GeU, .i64Eqz,
      .i64Eq,
      .i64Ne, .i64LtS, .i64LtU, .i64GtS, .i64GtU, .i64LeS, .i64LeU, .i64GeS, .i64GeU, .f32Eq, .f32Ne, .f32Lt, .f32Gt,
      .f32Le, .f32Ge, .f64Eq, .f64Ne, .f64Lt, .f64Gt, .f64Le, .f64Ge:
      return .index
    default: return nil
    }
  }

  // MARK: Addresses

  /// Notes an access whose address is, or may be, one of static data.
  @discardableResult
  private mutating func access(
    _ base: AddressValue, _ instruction: Instruction, memory: UInt32, operand: Int = 0
  ) -> StaticAccess? {
    let row = instruction.opcode.row
    let hasOffset = row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane
    let offset = hasOffset ? instruction.memoryOffset : 0
    let address = base.constant &+ offset
    let isCertain: Bool
    switch base.kind {
    case .none, .stack: return nil
    case .constant: isCertain = true
    case .index:
      // Nothing in it is a pointer but the constant.
      guard base.isSymbol || address != 0 && statics.hasData(memory) else { return nil }
      isCertain = true
    case .unknown:
      guard
        base.isSymbol || statics.isNear(address, of: memory) || statics.isNear(base.constant, of: memory)
          || statics.isNear(offset, of: memory) || isFarBelow(base.constant) && statics.hasData(memory)
      else { return nil }
      isCertain = false
    }
    let access = StaticAccess(
      offset: Int(instruction.offset), memory: memory, operand: operand, address: address, isCertain: isCertain)
    summary.accesses.append(access)
    return access
  }

  /// Whether a constant is what is left of an object's address when an index that does not begin at 0, as a year does, has
  /// been taken from it. Pointers themselves have smaller distances.
  private func isFarBelow(_ constant: UInt64) -> Bool {
    let distance = Int64(Int32(truncatingIfNeeded: constant))
    return constant <= UInt64(UInt32.max) && (-65_536 ..< -256).contains(distance)
  }

  /// Whether a word of static data may be the address of other static data: variables can hold anything, tables hold what
  /// is in their segments.
  private func mayReadAddress(_ access: StaticAccess, _ base: AddressValue) -> Bool {
    base.kind == .constant || !statics.contains(access.address, of: access.memory)
      || statics.holdsAddresses(access.memory)
  }

  /// Whether a value may be the address of an object in a segment. What a program has without a segment does not count:
  /// every number could be such an address.
  private func holdsAddress(_ value: AddressValue) -> Bool {
    guard value.kind != .none, value.kind != .stack else { return false }
    if value.isSymbol { return true }
    let words = AddressArithmetic.parts(of: value.constant)
    return spaces.memories.indices.contains { memory in
      words.contains { statics.contains($0, of: UInt32(memory)) }
    }
  }
}
