/// Validates function bodies and constant expressions, one after the other, by the algorithm of Core 3.0, A.3.
///
/// All its arrays are reused from one function to the next, so that it needs memory in proportion to the largest function.
struct FunctionValidator {
  let context: ValidationContext
  let rules: [OperatorRule]
  var reader: InstructionReader
  var stack = OperandStack()
  var frames: [ControlFrame] = []
  /// The locals' types, those that are not initialized yet marked with ``uninitialized``.
  var locals: [ValueType] = []
  /// The locals that have been initialized and were not at the beginning, in that order.
  var initializations: [UInt32] = []
  /// The types of the signatures, and after ``ValidationContext/signatureTypes`` those of the current function's blocks.
  var types: [ValueType]
  var firstUses = FirstUses()

  /// Where the current instruction begins, and the height of the stack before it took the operands that are being taken.
  var instructionOffset = 0
  var instructionHeight = 0

  var blockCount: UInt32 = 0
  var instructionCount: UInt32 = 0
  var maximumNesting = 0

  /// Whether it is a constant expression that is being validated.
  var isConstant = false
  /// How many globals a constant expression can see.
  var visibleGlobals = 0
  /// The functions that constant expressions refer to.
  var referencedFunctions: [UInt32] = []

  /// Set in a local's type while it may not be read.
  static let uninitialized: UInt32 = 1 << 31

  init(_ context: ValidationContext) {
    self.context = context
    rules = OperatorRule.table(context.features)
    types = context.signatureTypes
    reader = InstructionReader(context.module.bytes, range: 0..<0, table: context.decoding)
  }

  // MARK: Functions

  /// Validates the body of a defined function.
  ///
  /// - Parameter index: The index among the defined functions, less than the number of bodies.
  mutating func validate(_ index: Int) throws(ModuleError) -> ValidatedModule.FunctionSummary {
    let range = context.module.bodies[index].range
    guard range.count <= context.limits.functionSize else {
      throw ModuleError(
        .limitExceeded, "function of \(range.count) bytes, the limit is \(context.limits.functionSize)",
        at: range.lowerBound)
    }
    let type = context.module.functions[index]
    let signature = context.signatures[Int(type)]
    begin(range, signature: signature)
    locals.removeAll(keepingCapacity: true)
    for position in 0..<Int(signature.parameters.count) {
      locals.append(types[Int(signature.parameters.start) + position])
    }
    try declareLocals()
    let start = reader.position
    try instructions()
    return ValidatedModule.FunctionSummary(
      instructionsStart: start, maximumHeight: UInt32(truncatingIfNeeded: stack.maximumHeight),
      maximumNesting: UInt32(truncatingIfNeeded: maximumNesting), blockCount: blockCount,
      instructionCount: instructionCount)
  }

  private mutating func begin(_ range: Range<Int>, signature: Signature) {
    reader.reader.position = min(range.lowerBound, context.module.bytes.count)
    reader.reader.end = min(range.upperBound, context.module.bytes.count)
    stack.reset()
    frames.removeAll(keepingCapacity: true)
    frames.append(
      ControlFrame(kind: .function, signature: signature, outerBase: 0, outerIsUnreachable: false, initializations: 0))
    initializations.removeAll(keepingCapacity: true)
    if types.count > context.signatureTypes.count {
      types.removeLast(types.count - context.signatureTypes.count)
    }
    blockCount = 0
    instructionCount = 0
    maximumNesting = 0
  }

  private mutating func declareLocals() throws(ModuleError) {
    let start = reader.position
    let parameters = locals.count
    var total: UInt64 = 0
    for _ in 0..<(try reader.reader.u32()) {
      let at = reader.position
      let count = try reader.reader.u32()
      total += UInt64(count)
      guard total <= UInt64(UInt32.max) else { throw ModuleError(.malformed, "too many locals", at: at) }
      let type = try reader.reader.valueType()
      guard total + UInt64(parameters) <= UInt64(context.limits.locals) else { continue }
      try context.check(type, typeCount: context.canonicalTypes.count, at: at)
      let isDefaultable = type.referenceType?.isNullable ?? true
      let local = ValueType(rawValue: context.canonical(type).rawValue | (isDefaultable ? 0 : Self.uninitialized))
      locals.append(contentsOf: repeatElement(local, count: Int(count)))
    }
    guard total + UInt64(parameters) <= UInt64(context.limits.locals) else {
      throw ModuleError(
        .limitExceeded, "\(total + UInt64(parameters)) locals and parameters, the limit is \(context.limits.locals)",
        at: start)
    }
  }

  // MARK: Constant expressions

  /// Validates a constant expression (Core 3.0, 3.4.13) of an expected type.
  mutating func validate(
    _ expression: ConstantExpression, type: ValueType, visibleGlobals: Int
  ) throws(ModuleError) {
    isConstant = true
    self.visibleGlobals = visibleGlobals
    begin(expression.range, signature: .empty)
    if type.rawValue <= 5 {
      frames[0].signature.results = TypeRange(start: type.rawValue, count: 1)
    } else {
      frames[0].signature.results = TypeRange(start: UInt32(types.count), count: 1)
      types.append(type)
    }
    try instructions()
  }

  // MARK: Instructions

  /// Validates instructions up to the end of the outermost block, which must be the end of the bytes.
  private mutating func instructions() throws(ModuleError) {
    let bytes = context.module.bytes
    let input = bytes.span.extracting(first: reader.reader.end)
    while !frames.isEmpty {
      if !isConstant { frequentInstructions(input) }
      if reader.isAtEnd { throw ModuleError(.malformed, ByteReader.pastEnd, at: reader.position) }
      try step(try reader.next())
    }
    if !reader.isAtEnd { throw ModuleError(.malformed, "section size mismatch", at: reader.position) }
  }

  mutating func step(_ instruction: Instruction) throws(ModuleError) {
    let rule = rules[Int(instruction.opcode.rawValue)]
    instructionOffset = Int(instruction.offset)
    instructionHeight = stack.height
    instructionCount &+= 1
    if rule.feature != 0 { firstUses.note(rule.feature, at: instruction.offset) }
    if isConstant { try requireConstant(instruction) }
    switch rule.kind {
    case .plain:
      try apply(rule)
    case .access, .atomicAccess:
      try access(instruction, rule)
    case .laneAccess:
      try access(instruction, rule)
      try requireLane(instruction.lane, count: 16 >> rule.width)
    case .lane:
      try requireLane(instruction.lane, count: rule.width)
      try apply(rule)
    case .special:
      try special(instruction)
    }
  }

  /// Takes an operator's fixed operands and leaves its result.
  @inline(__always)
  mutating func apply(_ rule: OperatorRule) throws(ModuleError) {
    var index = Int(rule.operandCount)
    while index > 0 {
      index -= 1
      guard take(rule.operand(index)) else { throw mismatch((0..<Int(rule.operandCount)).map { rule.operand($0) }) }
    }
    if rule.result != 0 { stack.push(rule.resultType) }
  }

  private mutating func special(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .nop: break
    case .unreachable: stack.markUnreachable()
    case .drop: try drop()
    case .select: try select()
    case .selectTyped: try selectTyped(instruction)
    case .localGet: try localGet(instruction.index)
    case .localSet: try localSet(instruction.index)
    case .localTee: try localTee(instruction.index)
    case .globalGet: try globalGet(instruction.index)
    case .globalSet: try globalSet(instruction.index)
    case .block, .loop, .if, .else, .end, .br, .brIf, .brTable, .return, .call, .callIndirect, .callRef, .returnCall,
      .returnCallIndirect, .returnCallRef, .throw, .throwRef, .tryTable, .brOnNull, .brOnNonNull, .brOnCast,
      .brOnCastFail:
      try control(instruction)
    case .memorySize, .memoryGrow, .memoryInit, .dataDrop, .memoryCopy, .memoryFill, .memoryDiscard:
      try memory(instruction)
    case .tableGet, .tableSet, .tableInit, .elemDrop, .tableCopy, .tableGrow, .tableSize, .tableFill:
      try table(instruction)
    case .i8x16Shuffle: try shuffle(instruction)
    case .i64Add128, .i64Sub128: try wide(operands: 4)
    case .i64MulWideS, .i64MulWideU: try wide(operands: 2)
    default: try reference(instruction)
    }
  }

  private mutating func wide(operands count: Int) throws(ModuleError) {
    try pop(Array(repeating: .i64, count: count))
    stack.push(.i64)
    stack.push(.i64)
  }

  // MARK: Parametric and variable instructions (Core 3.0, 3.4.4 and 3.4.5)

  private mutating func drop() throws(ModuleError) {
    if stack.height > stack.base {
      stack.height -= 1
    } else if !stack.isUnreachable {
      throw invalid("type mismatch: drop requires an operand but stack has []")
    }
  }

  private mutating func select() throws(ModuleError) {
    guard take(.i32) else { throw mismatch([.i32]) }
    let second = try popAny()
    let first = try popAny()
    guard !first.isReference, !second.isReference else {
      throw invalid(
        "type mismatch: select without a type requires numbers or vectors but stack has "
          + context.list([first, second]))
    }
    guard first == second || first == .bottom || second == .bottom else {
      throw invalid(
        "type mismatch: select requires two operands of one type but stack has " + context.list([first, second]))
    }
    stack.push(first == .bottom ? second : first)
  }

  private mutating func selectTyped(_ instruction: Instruction) throws(ModuleError) {
    guard instruction.vectorCount == 1, let type = reader.valueTypes(of: instruction).first else {
      throw invalid("invalid result arity: select with \(instruction.vectorCount) types")
    }
    try context.check(type, typeCount: context.canonicalTypes.count, at: instructionOffset)
    let expected = context.canonical(type)
    try pop(expected, expected, .i32)
    stack.push(expected)
  }

  private func local(_ index: UInt32) throws(ModuleError) -> ValueType {
    guard Int(index) < locals.count else { throw invalid("unknown local \(index): there are \(locals.count)") }
    return locals[Int(index)]
  }

  private mutating func localGet(_ index: UInt32) throws(ModuleError) {
    let type = try local(index)
    guard type.rawValue & Self.uninitialized == 0 else {
      throw invalid("uninitialized local \(index): its type has no default value")
    }
    stack.push(type)
  }

  private mutating func localSet(_ index: UInt32) throws(ModuleError) {
    let type = ValueType(rawValue: try local(index).rawValue & ~Self.uninitialized)
    try pop(type)
    initialize(index)
  }

  private mutating func localTee(_ index: UInt32) throws(ModuleError) {
    let type = ValueType(rawValue: try local(index).rawValue & ~Self.uninitialized)
    try pop(type)
    stack.push(type)
    initialize(index)
  }

  private mutating func initialize(_ index: UInt32) {
    let type = locals[Int(index)]
    guard type.rawValue & Self.uninitialized != 0 else { return }
    locals[Int(index)] = ValueType(rawValue: type.rawValue & ~Self.uninitialized)
    initializations.append(index)
  }

  private mutating func globalGet(_ index: UInt32) throws(ModuleError) {
    let count = isConstant ? visibleGlobals : context.globals.count
    if isConstant, Int(index) >= context.spaces.importedGlobalCount, !context.features.contains(.gc) {
      throw invalid("constant expression required: global \(index) is not imported, which needs the feature gc")
    }
    guard Int(index) < count else {
      throw invalid("unknown global \(index): there are \(count)" + (isConstant ? " that this expression can see" : ""))
    }
    let global = context.globals[Int(index)]
    if isConstant && global.isMutable { throw invalid("constant expression required: global \(index) is mutable") }
    stack.push(global.type)
  }

  private mutating func globalSet(_ index: UInt32) throws(ModuleError) {
    guard Int(index) < context.globals.count else {
      throw invalid("unknown global \(index): there are \(context.globals.count)")
    }
    let global = context.globals[Int(index)]
    guard global.isMutable else { throw invalid("immutable global \(index)") }
    try pop(global.type)
  }

  /// Only some instructions may stand in constant expressions (Core 3.0, 3.4.13).
  private mutating func requireConstant(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .i32Const, .i64Const, .f32Const, .f64Const, .v128Const, .globalGet, .refNull, .refFunc, .end, .refI31,
      .structNew, .structNewDefault, .arrayNew, .arrayNewDefault, .arrayNewFixed, .anyConvertExtern, .externConvertAny:
      return
    case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
      guard context.features.contains(.extendedConst) else { break }
      firstUses.note(.extendedConst, at: instruction.offset)
      return
    default:
      break
    }
    throw invalid("constant expression required: \(instruction.opcode.name) is not constant")
  }
}
