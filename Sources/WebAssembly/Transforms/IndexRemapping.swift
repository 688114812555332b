/// New indices for old ones, in every index space of a module (Core 3.0, 2.5.1).
///
/// A space that is nil keeps its indices; so does an index beyond the end of its list.
public struct IndexRemapping: Sendable {
  public var types: [UInt32]?
  public var functions: [UInt32]?
  public var tables: [UInt32]?
  public var memories: [UInt32]?
  public var globals: [UInt32]?
  public var tags: [UInt32]?
  public var elements: [UInt32]?
  public var data: [UInt32]?

  public init() {}

  /// Whether no index changes.
  public var isIdentity: Bool {
    types == nil && functions == nil && tables == nil && memories == nil && globals == nil && tags == nil
      && elements == nil && data == nil
  }

  @inline(__always)
  static func index(_ index: UInt32, _ map: [UInt32]?) -> UInt32 {
    guard let map, Int(index) < map.count else { return index }
    return map[Int(index)]
  }

  public func type(_ index: UInt32) -> UInt32 { Self.index(index, types) }
  public func function(_ index: UInt32) -> UInt32 { Self.index(index, functions) }
  public func table(_ index: UInt32) -> UInt32 { Self.index(index, tables) }
  public func memory(_ index: UInt32) -> UInt32 { Self.index(index, memories) }
  public func global(_ index: UInt32) -> UInt32 { Self.index(index, globals) }
  public func tag(_ index: UInt32) -> UInt32 { Self.index(index, tags) }
  public func element(_ index: UInt32) -> UInt32 { Self.index(index, elements) }
  public func data(_ index: UInt32) -> UInt32 { Self.index(index, data) }

  public func heapType(_ heapType: HeapType) -> HeapType {
    heapType.typeIndex.map { .concrete(type($0)) } ?? heapType
  }

  public func referenceType(_ reference: ReferenceType) -> ReferenceType {
    ReferenceType(isNullable: reference.isNullable, heapType: heapType(reference.heapType))
  }

  public func valueType(_ value: ValueType) -> ValueType {
    value.referenceType.map { .reference(referenceType($0)) } ?? value
  }

  public func blockType(_ block: BlockType) -> BlockType {
    switch block {
    case .empty: .empty
    case .value(let value): .value(valueType(value))
    case .type(let index): .type(type(index))
    }
  }

  /// The instruction with new indices. Vector immediates (labels aside) are left to ``write(_:from:to:)``.
  public func instruction(_ old: Instruction) -> Instruction {
    var new = old
    switch old.opcode.row.immediates {
    case .function: new.index = function(old.index)
    case .type: new.index = type(old.index)
    case .table: new.index = table(old.index)
    case .memory, .memoryArgument, .memoryArgumentAndLane: new.index = memory(old.index)
    case .global: new.index = global(old.index)
    case .tag: new.index = tag(old.index)
    case .element: new.index = element(old.index)
    case .data: new.index = data(old.index)
    case .typeAndTable:
      new.index = type(old.index)
      new.index2 = table(old.index2)
    case .typeAndField, .typeAndCount: new.index = type(old.index)
    case .typeAndData:
      new.index = type(old.index)
      new.index2 = data(old.index2)
    case .typeAndElement:
      new.index = type(old.index)
      new.index2 = element(old.index2)
    case .typeAndType:
      new.index = type(old.index)
      new.index2 = type(old.index2)
    case .tableAndTable:
      new.index = table(old.index)
      new.index2 = table(old.index2)
    case .memoryAndMemory:
      new.index = memory(old.index)
      new.index2 = memory(old.index2)
    case .elementAndTable:
      new.index = element(old.index)
      new.index2 = table(old.index2)
    case .dataAndMemory:
      new.index = data(old.index)
      new.index2 = memory(old.index2)
    case .blockType, .tryTable: new.blockType = blockType(old.blockType)
    case .heapType: new.heapType = heapType(old.heapType)
    case .castLabel:
      new.castSource = referenceType(old.castSource)
      new.castTarget = referenceType(old.castTarget)
    case .none, .label, .labels, .valueTypes, .local, .lane, .lanes, .i32, .i64, .f32, .f64, .v128, .fence: break
    }
    return new
  }

  /// Writes an instruction that was read from `reader` with new indices, whatever its immediates.
  public func write(_ old: Instruction, from reader: InstructionReader, to writer: inout InstructionWriter) {
    switch old.opcode {
    case .brTable: writer.branchTable(labels: reader.labels(of: old), default: old.index)
    case .selectTyped: writer.select(reader.valueTypes(of: old).map(valueType))
    case .tryTable:
      let clauses = reader.catchClauses(of: old).map { clause in
        var clause = clause
        if clause.kind.hasTag { clause.tag = tag(clause.tag) }
        return clause
      }
      writer.tryTable(blockType(old.blockType), clauses: clauses)
    default: writer.write(instruction(old))
    }
  }

  /// Whether an operator has immediates that may change.
  func touches(_ immediates: ImmediateKind) -> Bool {
    switch immediates {
    case .function: functions != nil
    case .type, .typeAndField, .typeAndCount, .typeAndType, .heapType, .castLabel, .blockType, .valueTypes: types != nil
    case .tryTable: types != nil || tags != nil
    case .typeAndTable: types != nil || tables != nil
    case .typeAndData: types != nil || data != nil
    case .typeAndElement: types != nil || elements != nil
    case .table, .tableAndTable: tables != nil
    case .elementAndTable: elements != nil || tables != nil
    case .element: elements != nil
    case .memory, .memoryAndMemory, .memoryArgument, .memoryArgumentAndLane: memories != nil
    case .dataAndMemory: data != nil || memories != nil
    case .data: data != nil
    case .global: globals != nil
    case .tag: tags != nil
    case .none, .label, .labels, .local, .lane, .lanes, .i32, .i64, .f32, .f64, .v128, .fence: false
    }
  }
}
