/// What the reader knows of each opcode under a set of features, dense for speed. Made once for a module.
public struct DecodingTable: Sendable {
  struct Entry {
    var opcode: Opcode
    var immediates: ImmediateKind
    var isKnown: Bool
  }

  let entries: [Entry]
  public let features: FeatureSet
  let hasMultiMemory: Bool
  let types: KnownTypes

  /// The table for a set of features: operators of other features are unknown to it.
  public init(features: FeatureSet = .all) {
    self.features = features
    hasMultiMemory = features.contains(.multiMemory)
    types = KnownTypes(features)
    var entries = [Entry](
      repeating: Entry(opcode: .nop, immediates: .none, isKnown: false), count: Operator.opcodeLimit)
    for row in Operator.all {
      let isKnown = row.requiredFeatures.isSubset(of: features)
      entries[Int(row.opcode.rawValue)] = Entry(opcode: row.opcode, immediates: row.immediates, isKnown: isKnown)
    }
    self.entries = entries
  }

  /// The table with every feature.
  public static let all = DecodingTable()
}

/// Reads the instructions of a body or a constant expression, one after the other.
///
/// It checks everything that makes bytes malformed but the nesting of blocks, which is its user's to follow.
public struct InstructionReader: Sendable {
  var reader: ByteReader
  let table: DecodingTable

  /// A reader of the instructions in a range of a module's bytes.
  public init(_ bytes: [UInt8], range: Range<Int>, table: DecodingTable = .all) {
    reader = ByteReader(bytes, range: range)
    reader.types = table.types
    self.table = table
  }

  /// Where the next instruction begins, in bytes from the start of the module.
  public var position: Int { reader.position }
  public var isAtEnd: Bool { reader.isAtEnd }

  /// Reads the local declarations at the beginning of a function body: runs of equal types.
  public mutating func locals() throws(ModuleError) -> [(count: UInt32, type: ValueType)] {
    let groups = try reader.u32()
    var result: [(count: UInt32, type: ValueType)] = []
    var total: UInt64 = 0
    for _ in 0..<groups {
      let at = reader.position
      let count = try reader.u32()
      total += UInt64(count)
      guard total <= UInt64(UInt32.max) else { throw ModuleError(.malformed, "too many locals", at: at) }
      result.append((count, try reader.valueType()))
    }
    return result
  }

  /// The next instruction. At the end of the range it throws; ask ``isAtEnd`` first.
  public mutating func next() throws(ModuleError) -> Instruction {
    let start = reader.position
    let first = try reader.byte()
    var code = Int(first)
    if first >= 0xFB && first != 0xFF {
      let sub = try reader.u32()
      let page =
        switch first {
        case 0xFB: 0x100
        case 0xFC: 0x200
        case 0xFD: 0x300
        default: 0x500
        }
      let limit: UInt32 = first == 0xFD ? 0x200 : 0x100
      guard sub < limit else {
        throw ModuleError(
          .malformed, "illegal opcode \(twoDigits(Int(first))) \(twoDigits(Int(sub)))", at: start)
      }
      code = page &+ Int(sub)
    }
    let entry = table.entries[code]
    guard entry.isKnown else { throw unknown(code, at: start) }
    var instruction = Instruction(entry.opcode, offset: UInt32(truncatingIfNeeded: start))
    switch entry.immediates {
    case .none:
      break
    case .local, .label, .function, .type, .tag, .global, .table, .element, .data:
      instruction.index = try reader.u32()
    case .memory:
      if table.hasMultiMemory {
        instruction.index = try reader.u32()
      } else if try reader.byte() != 0 {
        throw ModuleError(.malformed, "zero byte expected", at: reader.position - 1)
      }
    case .memoryArgument:
      try memoryArgument(&instruction)
    case .i32:
      instruction.value = UInt64(UInt32(bitPattern: try reader.s32()))
    case .i64:
      instruction.value = UInt64(bitPattern: try reader.s64())
    case .f32:
      instruction.value = try reader.word(bytes: 4)
    case .f64:
      instruction.value = try reader.word(bytes: 8)
    case .blockType:
      instruction.blockType = try reader.blockType()
    default:
      try otherImmediates(entry.immediates, &instruction)
    }
    return instruction
  }

  private func unknown(_ code: Int, at offset: Int) -> ModuleError {
    if let row = Operator.row(rawValue: code),
      let feature = row.requiredFeatures.subtracting(table.features).features.first
    {
      return ModuleError(
        .malformed, "illegal opcode: \(row.name) needs the feature \(feature.rawValue)", at: offset)
    }
    if let name = LegacyExceptions.name(of: code) {
      return ModuleError(
        .malformed, "illegal opcode \(twoDigits(code)): \(LegacyExceptions.refusal(of: name))", at: offset)
    }
    let text =
      switch code {
      case ..<0x100: twoDigits(code)
      case ..<0x200: "fb \(twoDigits(code - 0x100))"
      case ..<0x300: "fc \(twoDigits(code - 0x200))"
      case ..<0x500: "fd \(twoDigits(code - 0x300))"
      default: "fe \(twoDigits(code - 0x500))"
      }
    return ModuleError(.malformed, "illegal opcode \(text)", at: offset)
  }

  @inline(__always)
  private mutating func memoryArgument(_ instruction: inout Instruction) throws(ModuleError) {
    let at = reader.position
    let flags = try reader.u32()
    if flags >= 0x40 {
      guard flags < 0x80, table.hasMultiMemory else {
        throw ModuleError(.malformed, "malformed memop flags", at: at)
      }
      instruction.index = try reader.u32()
    }
    instruction.alignment = UInt8(truncatingIfNeeded: flags & 0x3F)
    instruction.memoryOffset = try reader.u64()
  }

  @inline(never)
  private mutating func otherImmediates(
    _ kind: ImmediateKind, _ instruction: inout Instruction
  ) throws(ModuleError) {
    switch kind {
    case .labels:
      let at = reader.position
      let count = try reader.u32()
      guard Int(count) <= reader.end - reader.position else {
        throw ModuleError(.malformed, ByteReader.pastEnd, at: at)
      }
      instruction.vectorOffset = reader.position
      instruction.vectorCount = Int(count)
      for _ in 0..<count { _ = try reader.u32() }
      instruction.index = try reader.u32()
    case .typeAndTable, .typeAndField, .typeAndCount, .typeAndData, .typeAndElement, .typeAndType, .tableAndTable,
      .elementAndTable:
      instruction.index = try reader.u32()
      instruction.index2 = try reader.u32()
    case .memoryAndMemory:
      if table.hasMultiMemory {
        instruction.index = try reader.u32()
        instruction.index2 = try reader.u32()
      } else {
        for _ in 0..<2 where try reader.byte() != 0 {
          throw ModuleError(.malformed, "zero byte expected", at: reader.position - 1)
        }
      }
    case .dataAndMemory:
      instruction.index = try reader.u32()
      if table.hasMultiMemory {
        instruction.index2 = try reader.u32()
      } else if try reader.byte() != 0 {
        throw ModuleError(.malformed, "zero byte expected", at: reader.position - 1)
      }
    case .memoryArgumentAndLane:
      try memoryArgument(&instruction)
      instruction.lane = try reader.byte()
    case .lane:
      instruction.lane = try reader.byte()
    case .lanes, .v128:
      instruction.value = try reader.word(bytes: 8)
      instruction.value2 = try reader.word(bytes: 8)
    case .heapType:
      instruction.heapType = try reader.heapType()
    case .castLabel:
      let at = reader.position
      let flags = try reader.byte()
      guard flags < 4 else { throw ModuleError(.malformed, "malformed br_on_cast flags", at: at) }
      instruction.index = try reader.u32()
      let source = try reader.heapType()
      let target = try reader.heapType()
      instruction.castSource = ReferenceType(isNullable: flags & 1 != 0, heapType: source)
      instruction.castTarget = ReferenceType(isNullable: flags & 2 != 0, heapType: target)
    case .tryTable:
      instruction.blockType = try reader.blockType()
      let at = reader.position
      let count = try reader.u32()
      guard Int(count) <= reader.end - reader.position else {
        throw ModuleError(.malformed, ByteReader.pastEnd, at: at)
      }
      instruction.vectorOffset = reader.position
      instruction.vectorCount = Int(count)
      for _ in 0..<count { _ = try reader.catchClause() }
    case .valueTypes:
      let at = reader.position
      let count = try reader.u32()
      guard Int(count) <= reader.end - reader.position else {
        throw ModuleError(.malformed, ByteReader.pastEnd, at: at)
      }
      instruction.vectorOffset = reader.position
      instruction.vectorCount = Int(count)
      for _ in 0..<count { _ = try reader.valueType() }
    case .fence:
      if try reader.byte() != 0 { throw ModuleError(.malformed, "zero byte expected", at: reader.position - 1) }
    default:
      break
    }
  }

  /// The labels of a br_table but the default one, which is ``Instruction/index``.
  public func labels(of instruction: Instruction) -> [UInt32] {
    vector(of: instruction) { (reader: inout ByteReader) throws(ModuleError) in try reader.u32() }
  }

  /// The types of an annotated select.
  public func valueTypes(of instruction: Instruction) -> [ValueType] {
    vector(of: instruction) { (reader: inout ByteReader) throws(ModuleError) in try reader.valueType() }
  }

  /// The clauses of a try_table.
  public func catchClauses(of instruction: Instruction) -> [CatchClause] {
    vector(of: instruction) { (reader: inout ByteReader) throws(ModuleError) in try reader.catchClause() }
  }

  private func vector<Element>(
    of instruction: Instruction, _ read: (inout ByteReader) throws(ModuleError) -> Element
  ) -> [Element] {
    var reader = reader
    reader.position = instruction.vectorOffset
    var result: [Element] = []
    result.reserveCapacity(instruction.vectorCount)
    for _ in 0..<instruction.vectorCount {
      // `next` has read these bytes once, so that they cannot fail here.
      guard let element = try? read(&reader) else { break }
      result.append(element)
    }
    return result
  }
}

/// A byte as the official scripts write it.
private func twoDigits(_ value: Int) -> String {
  let digits = String(value, radix: 16)
  return digits.count < 2 ? "0" + digits : digits
}

extension ByteReader {
  mutating func blockType() throws(ModuleError) -> BlockType {
    guard position < end else { throw ModuleError(.malformed, Self.pastEnd, at: position) }
    let byte = bytes[position]
    if byte == 0x40 {
      position += 1
      return .empty
    }
    // A value type's code is a negative single-byte s33.
    if byte & 0xC0 == 0x40 { return .value(try valueType()) }
    let at = position
    let index = try s33()
    guard index >= 0 else { throw ModuleError(.malformed, "malformed block type", at: at) }
    return .type(UInt32(truncatingIfNeeded: index))
  }

  mutating func catchClause() throws(ModuleError) -> CatchClause {
    let at = position
    guard let kind = CatchClause.Kind(rawValue: try byte()) else {
      throw ModuleError(.malformed, "malformed catch clause", at: at)
    }
    let tag = kind.hasTag ? try u32() : 0
    return CatchClause(kind: kind, tag: tag, label: try u32())
  }
}
