// Instructions that are no blocks, with their immediates (Core 3.0, 6.5.2 to 6.5.9).

extension TextParser {
  /// Writes an instruction whose operator has been read.
  mutating func plainInstruction(_ row: OperatorSyntax) throws(TextError) {
    switch row.immediates {
    case .none:
      if row.opcode == .select, isOpen(.result) {
        try resultTypes()
        writer.select(results)
      } else {
        writer.opcode(row.opcode)
      }
    case .local:
      writer.opcode(row.opcode)
      writer.output.u32(try local())
    case .label:
      writer.opcode(row.opcode)
      writer.output.u32(try label())
    case .i32:
      writer.opcode(row.opcode)
      writer.output.s32(Int32(truncatingIfNeeded: try integerConstant(bits: 32)))
    case .i64:
      writer.opcode(row.opcode)
      writer.output.s64(Int64(bitPattern: try integerConstant(bits: 64)))
    case .f32:
      writer.opcode(row.opcode)
      writer.output.word(try floatConstant(bits: 32), bytes: 4)
    case .f64:
      writer.opcode(row.opcode)
      writer.output.word(try floatConstant(bits: 64), bytes: 8)
    case .memoryArgument:
      writer.opcode(row.opcode)
      try memoryArgument(memory: isIndex ? index(.memory) : 0, naturalAlignment: row.width)
    case .memoryArgumentAndLane:
      writer.opcode(row.opcode)
      try memoryArgumentAndLane(row)
    case .function, .type, .tag, .global, .element, .data, .table, .memory:
      writer.opcode(row.opcode)
      writer.output.u32(try oneIndex(row.immediates))
    case .labels:
      labelIndices.removeAll(keepingCapacity: true)
      repeat { labelIndices.append(try label()) } while isIndex
      let last = labelIndices.removeLast()
      writer.branchTable(labels: labelIndices, default: last)
    case .typeAndTable, .typeAndField, .typeAndCount, .typeAndData, .typeAndElement, .typeAndType, .tableAndTable,
      .elementAndTable, .memoryAndMemory, .dataAndMemory:
      try twoIndices(row)
    case .lane:
      writer.opcode(row.opcode)
      writer.output.byte(try laneIndex())
    case .lanes:
      try shuffleLanes(row)
    case .v128:
      try vectorConstant(row)
    case .heapType:
      try heapTypeImmediate(row)
    case .castLabel:
      let label = try label()
      let source = try referenceType()
      let target = try referenceType()
      var instruction = Instruction(row.opcode, index: label)
      instruction.castSource = source
      instruction.castTarget = target
      writer.write(instruction)
    case .fence:
      writer.opcode(row.opcode)
      writer.output.byte(0)
    case .blockType, .tryTable, .valueTypes:
      throw unexpected(at: position - 1)
    }
  }

  // MARK: Indices

  private mutating func local() throws(TextError) -> UInt32 {
    guard isIndex else { throw unexpected("the local's index or identifier") }
    guard kind == .identifier else { return try natural32() }
    guard let index = locals.index(of: tokens[position].value) else { throw unknown("local") }
    position += 1
    return index
  }

  mutating func label() throws(TextError) -> UInt32 {
    guard isIndex else { throw unexpected("the label's index or identifier") }
    guard kind == .identifier else { return try natural32() }
    guard let index = labels.index(of: tokens[position].value) else { throw unknown("label") }
    position += 1
    return index
  }

  private mutating func oneIndex(_ immediates: ImmediateKind) throws(TextError) -> UInt32 {
    switch immediates {
    case .function: return try index(.function)
    case .type: return try index(.type)
    case .tag: return try index(.tag)
    case .global: return try index(.global)
    case .element: return try index(.element)
    case .table: return isIndex ? try index(.table) : 0
    case .memory: return isIndex ? try index(.memory) : 0
    default: return try dataIndex()
    }
  }

  private mutating func dataIndex() throws(TextError) -> UInt32 {
    usesDataIndex = true
    return try index(.data)
  }

  private mutating func twoIndices(_ row: OperatorSyntax) throws(TextError) {
    let first: UInt32
    let second: UInt32
    switch row.immediates {
    case .typeAndTable:
      second = isIndex ? try index(.table) : 0
      first = try typeUse(named: false)
    case .typeAndField:
      first = try index(.type)
      second = try field(of: first)
    case .typeAndCount:
      first = try index(.type)
      second = try natural32()
    case .typeAndData:
      first = try index(.type)
      second = try dataIndex()
    case .typeAndElement:
      first = try index(.type)
      second = try index(.element)
    case .typeAndType:
      first = try index(.type)
      second = try index(.type)
    case .tableAndTable:
      first = isIndex ? try index(.table) : 0
      second = previousIsIndex ? try index(.table) : 0
    case .memoryAndMemory:
      first = isIndex ? try index(.memory) : 0
      second = previousIsIndex ? try index(.memory) : 0
    case .elementAndTable:
      // One index alone is the segment.
      second = isIndexPair ? try index(.table) : 0
      first = try index(.element)
    default:
      second = isIndexPair ? try index(.memory) : 0
      first = try dataIndex()
    }
    writer.opcode(row.opcode)
    writer.output.u32(first)
    writer.output.u32(second)
  }

  private var previousIsIndex: Bool {
    tokens[position - 1].kind == .natural || tokens[position - 1].kind == .identifier
  }

  private var isIndexPair: Bool {
    isIndex && (tokens[position + 1].kind == .natural || tokens[position + 1].kind == .identifier)
  }

  private mutating func field(of type: UInt32) throws(TextError) -> UInt32 {
    guard kind == .identifier else { return try natural32() }
    guard let index = fieldIndices[FieldKey(type: type, symbol: tokens[position].value)] else {
      throw unknown("field")
    }
    position += 1
    return index
  }

  // MARK: Memory arguments

  /// `offset=` and `align=`, and writes the whole argument.
  private mutating func memoryArgument(memory: UInt32, naturalAlignment: UInt8) throws(TextError) {
    var offset: UInt64 = 0
    var alignment = UInt32(naturalAlignment)
    if kind == .offsetEquals {
      offset = try number(after: "offset=")
      position += 1
    }
    if kind == .alignEquals {
      let bytes = try number(after: "align=")
      guard bytes.nonzeroBitCount == 1 else { throw error("alignment must be a power of two", at: position) }
      alignment = UInt32(bytes.trailingZeroBitCount)
      position += 1
    }
    // Bit 6 says that an index follows (Core 3.0, 5.4.6).
    if memory == 0 {
      writer.output.u32(alignment)
    } else {
      writer.output.u32(alignment | 0x40)
      writer.output.u32(memory)
    }
    writer.output.u64(offset)
  }

  private func number(after prefix: StaticString) throws(TextError) -> UInt64 {
    let range = tokens[position].range.dropFirst(prefix.utf8CodeUnitCount)
    guard let value = IntegerLiteral.unsigned(source, range, bits: 64) else {
      throw error("i64 constant out of range", at: position)
    }
    return value
  }

  /// The last number is the lane, so that a number alone is no memory.
  private mutating func memoryArgumentAndLane(_ row: OperatorSyntax) throws(TextError) {
    var memory: UInt32 = 0
    if kind == .identifier {
      memory = try index(.memory)
    } else if kind == .natural {
      switch tokens[position + 1].kind {
      case .natural, .offsetEquals, .alignEquals: memory = try index(.memory)
      default: break
      }
    }
    try memoryArgument(memory: memory, naturalAlignment: row.width)
    writer.output.byte(try laneIndex())
  }

  private mutating func laneIndex() throws(TextError) -> UInt8 {
    guard kind == .natural else { throw unexpected("the number of a lane") }
    guard let value = IntegerLiteral.unsigned(source, tokens[position].range, bits: 8) else {
      throw error("i8 constant out of range", at: position)
    }
    position += 1
    return UInt8(truncatingIfNeeded: value)
  }

  // MARK: Constants

  mutating func integerConstant(bits: Int) throws(TextError) -> UInt64 {
    switch kind {
    case .natural, .integer:
      guard let value = IntegerLiteral.integer(source, tokens[position].range, bits: bits) else { fallthrough }
      position += 1
      return value
    case .float:
      let text = String(decoding: source[tokens[position].range].prefix(60), as: UTF8.self)
      throw error("constant out of range: expected an integer of \(bits) bits, not \(name: text)", at: position)
    default:
      throw unexpected("an integer of \(bits) bits")
    }
  }

  mutating func floatConstant(bits: Int) throws(TextError) -> UInt64 {
    guard kind == .float || kind == .natural || kind == .integer else {
      throw unexpected("a floating-point number of \(bits) bits")
    }
    let range = tokens[position].range
    let value =
      bits == 32 ? FloatLiteral.single(source, range).map(UInt64.init) : FloatLiteral.double(source, range)
    guard let value else { throw error("constant out of range", at: position) }
    position += 1
    return value
  }

  private var isNumber: Bool { kind == .natural || kind == .integer || kind == .float }

  private mutating func vectorConstant(_ row: OperatorSyntax) throws(TextError) {
    writer.opcode(row.opcode)
    try vectorLanes()
  }

  /// Writes a vector's shape and lanes as its bytes.
  mutating func vectorLanes() throws(TextError) {
    guard kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value),
      let shape = VectorShape(keyword)
    else { throw unexpected(VectorShape.examples) }
    position += 1
    let first = position
    while isNumber { position += 1 }
    guard position - first == 128 / shape.bits else {
      if kind == .unknown { throw unexpected("a number") }
      throw error("wrong number of lane literals", at: first - 1)
    }
    position = first
    for _ in 0..<128 / shape.bits {
      let lane = shape.isFloat ? try floatConstant(bits: shape.bits) : try integerConstant(bits: shape.bits)
      writer.output.word(lane, bytes: shape.bits / 8)
    }
  }

  private mutating func shuffleLanes(_ row: OperatorSyntax) throws(TextError) {
    let first = position
    while isNumber { position += 1 }
    guard position - first == 16 else { throw error("invalid lane length", at: first - 1) }
    position = first
    writer.opcode(row.opcode)
    for _ in 0..<16 {
      guard kind == .natural else { throw error("i8 constant out of range", at: position) }
      writer.output.byte(try laneIndex())
    }
  }

  // MARK: References

  private mutating func heapTypeImmediate(_ row: OperatorSyntax) throws(TextError) {
    if row.opcode == .refNull {
      let type = try heapType()
      writer.opcode(.refNull)
      writer.output.heapType(type)
      return
    }
    let type = try referenceType()
    switch row.opcode {
    case .refTest: writer.opcode(type.isNullable ? .refTestNullable : .refTest)
    default: writer.opcode(type.isNullable ? .refCastNullable : .refCast)
    }
    writer.output.heapType(type.heapType)
  }
}

/// How a vector constant is written.
struct VectorShape {
  /// What messages expect in place of something that is none.
  static let examples = "the shape of a vector, such as i32x4"

  /// The width of a lane.
  var bits: Int
  var isFloat: Bool

  init?(_ keyword: Keyword) {
    switch keyword {
    case .i8x16: (bits, isFloat) = (8, false)
    case .i16x8: (bits, isFloat) = (16, false)
    case .i32x4: (bits, isFloat) = (32, false)
    case .i64x2: (bits, isFloat) = (64, false)
    case .f32x4: (bits, isFloat) = (32, true)
    case .f64x2: (bits, isFloat) = (64, true)
    default: return nil
    }
  }
}
