/// Writes the primitive values of the binary format, every integer in its shortest form (Core 3.0, 5.2).
public struct ByteWriter: Sendable {
  public var bytes: [UInt8] = []

  public init() {}

  @inline(__always)
  public mutating func byte(_ value: UInt8) { bytes.append(value) }

  public mutating func u32(_ value: UInt32) { u64(UInt64(value)) }

  @inline(__always)
  public mutating func u64(_ value: UInt64) {
    if value < 0x80 { bytes.append(UInt8(truncatingIfNeeded: value)) } else { long(value) }
  }

  private mutating func long(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  public mutating func s32(_ value: Int32) { s64(Int64(value)) }

  public mutating func s64(_ value: Int64) {
    var value = value
    while value < -64 || value > 63 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value) & 0x7F)
  }

  /// The low `count` bytes of a word, little-endian.
  public mutating func word(_ value: UInt64, bytes count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  public mutating func name(_ name: String) {
    let utf8 = name.utf8
    u32(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  public mutating func heapType(_ type: HeapType) {
    if let code = type.abstractCode { byte(code) } else if let index = type.typeIndex { s64(Int64(index)) }
  }

  public mutating func referenceType(_ type: ReferenceType) {
    if type.isNullable, let code = type.heapType.abstractCode {
      byte(code)
    } else {
      byte(type.isNullable ? 0x63 : 0x64)
      heapType(type.heapType)
    }
  }

  public mutating func valueType(_ type: ValueType) {
    switch type {
    case .i32: byte(0x7F)
    case .i64: byte(0x7E)
    case .f32: byte(0x7D)
    case .f64: byte(0x7C)
    case .v128: byte(0x7B)
    default:
      if let type = type.referenceType { referenceType(type) }
    }
  }

  public mutating func blockType(_ type: BlockType) {
    switch type {
    case .empty: byte(0x40)
    case .value(let type): valueType(type)
    case .type(let index): s64(Int64(index))
    }
  }
}

/// Writes instructions, the inverse of ``InstructionReader``.
public struct InstructionWriter: Sendable {
  public var output = ByteWriter()
  private let immediates = DecodingTable.all.entries

  public init() {}

  /// What has been written.
  public var bytes: [UInt8] { output.bytes }

  /// Writes the local declarations at the beginning of a function body.
  public mutating func locals(_ groups: [(count: UInt32, type: ValueType)]) {
    output.u32(UInt32(groups.count))
    for group in groups {
      output.u32(group.count)
      output.valueType(group.type)
    }
  }

  /// Writes an operator without its immediates.
  public mutating func opcode(_ opcode: Opcode) {
    let raw = UInt32(opcode.rawValue)
    switch raw {
    case ..<0x100:
      output.byte(UInt8(raw))
    case ..<0x200:
      output.byte(0xFB)
      output.u32(raw - 0x100)
    case ..<0x300:
      output.byte(0xFC)
      output.u32(raw - 0x200)
    case ..<0x500:
      output.byte(0xFD)
      output.u32(raw - 0x300)
    default:
      output.byte(0xFE)
      output.u32(raw - 0x500)
    }
  }

  /// Writes an instruction whose immediates are no vector. For the others see ``branchTable(labels:default:)``,
  /// ``select(_:)`` and ``tryTable(_:clauses:)``.
  public mutating func write(_ instruction: Instruction) {
    opcode(instruction.opcode)
    switch immediates[Int(instruction.opcode.rawValue)].immediates {
    case .none, .labels, .valueTypes, .tryTable:
      break
    case .blockType:
      output.blockType(instruction.blockType)
    case .label, .function, .type, .tag, .local, .global, .table, .element, .memory, .data:
      output.u32(instruction.index)
    case .typeAndTable, .typeAndField, .typeAndCount, .typeAndData, .typeAndElement, .typeAndType, .tableAndTable,
      .elementAndTable, .memoryAndMemory, .dataAndMemory:
      output.u32(instruction.index)
      output.u32(instruction.index2)
    case .memoryArgument:
      memoryArgument(instruction)
    case .memoryArgumentAndLane:
      memoryArgument(instruction)
      output.byte(instruction.lane)
    case .lane:
      output.byte(instruction.lane)
    case .lanes, .v128:
      output.word(instruction.value, bytes: 8)
      output.word(instruction.value2, bytes: 8)
    case .i32:
      output.s32(Int32(truncatingIfNeeded: instruction.value))
    case .i64:
      output.s64(Int64(bitPattern: instruction.value))
    case .f32:
      output.word(instruction.value, bytes: 4)
    case .f64:
      output.word(instruction.value, bytes: 8)
    case .heapType:
      output.heapType(instruction.heapType)
    case .castLabel:
      let source = instruction.castSource
      let target = instruction.castTarget
      output.byte((source.isNullable ? 1 : 0) | (target.isNullable ? 2 : 0))
      output.u32(instruction.index)
      output.heapType(source.heapType)
      output.heapType(target.heapType)
    case .fence:
      output.byte(0)
    }
  }

  private mutating func memoryArgument(_ instruction: Instruction) {
    let alignment = UInt32(instruction.alignment)
    if instruction.index == 0 {
      output.u32(alignment)
    } else {
      output.u32(alignment | 0x40)
      output.u32(instruction.index)
    }
    output.u64(instruction.memoryOffset)
  }

  public mutating func branchTable(labels: [UInt32], default label: UInt32) {
    opcode(.brTable)
    output.u32(UInt32(labels.count))
    for label in labels { output.u32(label) }
    output.u32(label)
  }

  public mutating func select(_ types: [ValueType]) {
    opcode(.selectTyped)
    output.u32(UInt32(types.count))
    for type in types { output.valueType(type) }
  }

  public mutating func tryTable(_ type: BlockType, clauses: [CatchClause]) {
    opcode(.tryTable)
    output.blockType(type)
    output.u32(UInt32(clauses.count))
    for clause in clauses {
      output.byte(clause.kind.rawValue)
      if clause.kind.hasTag { output.u32(clause.tag) }
      output.u32(clause.label)
    }
  }
}
