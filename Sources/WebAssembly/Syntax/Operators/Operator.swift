/// The immediates that follow an operator, in the order of the binary format.
public enum ImmediateKind: UInt8, Sendable {
  case none
  /// block, loop, if
  case blockType
  /// A label: br, br_if, br_on_null
  case label
  /// br_table: a vector of labels, then the default label
  case labels
  case function
  case type
  /// call_indirect: type, then table
  case typeAndTable
  case typeAndField
  case typeAndCount
  case typeAndData
  case typeAndElement
  /// array.copy: destination type, source type
  case typeAndType
  case tag
  /// Block type, then catch clauses
  case tryTable
  /// The annotated select
  case valueTypes
  case local
  case global
  case table
  /// table.copy: destination, source
  case tableAndTable
  /// table.init: element segment first, then table
  case elementAndTable
  case element
  case memory
  /// memory.copy: destination, source
  case memoryAndMemory
  /// memory.init: data segment first, then memory
  case dataAndMemory
  case data
  /// Flags, memory index, offset
  case memoryArgument
  case memoryArgumentAndLane
  case lane
  /// The sixteen lanes of i8x16.shuffle
  case lanes
  case i32, i64, f32, f64, v128
  case heapType
  /// br_on_cast: cast flags, label, source heap type, target heap type
  case castLabel
  /// The zero byte of atomic.fence
  case fence
}

/// The type of an operator whose operands and results are the same wherever it stands.
///
/// For operators with a memory argument the address operand, whose type is that of the memory, comes before `operands`
/// and is not listed in them.
public struct OperatorType: Sendable {
  public var operands: [ValueType]
  public var results: [ValueType]

  static func constant(_ type: ValueType) -> OperatorType { OperatorType(operands: [], results: [type]) }
  static func unary(_ type: ValueType) -> OperatorType { OperatorType(operands: [type], results: [type]) }
  static func binary(_ type: ValueType) -> OperatorType { OperatorType(operands: [type, type], results: [type]) }
  static func ternary(_ type: ValueType) -> OperatorType {
    OperatorType(operands: [type, type, type], results: [type])
  }
  static func compare(_ type: ValueType) -> OperatorType { OperatorType(operands: [type, type], results: [.i32]) }
  static func convert(_ from: ValueType, _ to: ValueType) -> OperatorType {
    OperatorType(operands: [from], results: [to])
  }
  static func replaceLane(_ type: ValueType) -> OperatorType {
    OperatorType(operands: [.v128, type], results: [.v128])
  }
  static let shift = OperatorType(operands: [.v128, .i32], results: [.v128])
  static func wide(_ count: Int) -> OperatorType {
    OperatorType(operands: Array(repeating: .i64, count: count), results: [.i64, .i64])
  }
  static func load(_ type: ValueType) -> OperatorType { OperatorType(operands: [], results: [type]) }
  static func store(_ type: ValueType) -> OperatorType { OperatorType(operands: [type], results: []) }
  static let loadLane = OperatorType(operands: [.v128], results: [.v128])
  static let storeLane = OperatorType(operands: [.v128], results: [])
  static func atomicReadModifyWrite(_ type: ValueType) -> OperatorType {
    OperatorType(operands: [type], results: [type])
  }
  static func atomicCompareExchange(_ type: ValueType) -> OperatorType {
    OperatorType(operands: [type, type], results: [type])
  }
  static let atomicNotify = OperatorType(operands: [.i32], results: [.i32])
  static func atomicWait(_ type: ValueType) -> OperatorType {
    OperatorType(operands: [type, .i64], results: [.i32])
  }
  static let effect = OperatorType(operands: [], results: [])
}

/// A row of the operator table: everything that is known of an operator but how it is executed.
public struct Operator: Sendable {
  public let opcode: Opcode
  /// The name in the text format.
  public let name: String
  public let immediates: ImmediateKind
  /// nil where the type depends on the context, and the validator has a rule of its own.
  public let type: OperatorType?
  /// For memory accesses, the logarithm of the number of bytes accessed (Core 3.0, 3.2.5: natural alignment).
  public let width: UInt8
  /// The feature that the operator belongs to, or nil for what WebAssembly 1.0 has.
  public let feature: Feature?

  init(
    _ opcode: Opcode, _ name: String, _ immediates: ImmediateKind = .none, type: OperatorType? = nil, width: UInt8 = 0,
    in feature: Feature? = nil
  ) {
    self.opcode = opcode
    self.name = name
    self.immediates = immediates
    self.type = type
    self.width = width
    self.feature = feature
  }

  /// The features without which the operator is unknown: its own, and that of its operands or of its kind of call.
  public var requiredFeatures: FeatureSet {
    var set = FeatureSet(feature.map { [$0] } ?? [])
    if feature == .relaxedSIMD { set.insert(.simd) }
    if opcode == .returnCallRef { set.insert(.tailCall) }
    return set
  }

  /// All operators.
  public static let all: [Operator] = [
    control, parametric, table, memory, integer1, integer2, float1, float2, reference, vector1, vector2, vector3,
    vector4, vector5, relaxedVector, atomic1, atomic2,
  ].flatMap { $0 }

  /// One more than the highest raw value of an opcode.
  public static let opcodeLimit = 0x600

  /// The index into ``all`` by the opcode's raw value; -1 where no operator has it.
  static let indexByOpcode: [Int16] = {
    var table = [Int16](repeating: -1, count: opcodeLimit)
    for (index, row) in all.enumerated() { table[Int(row.opcode.rawValue)] = Int16(index) }
    return table
  }()

  /// The row of an opcode given by its raw value, or nil where there is none.
  public static func row(rawValue: Int) -> Operator? {
    guard rawValue < opcodeLimit, indexByOpcode[rawValue] >= 0 else { return nil }
    return all[Int(indexByOpcode[rawValue])]
  }
}

extension Opcode {
  /// The operator's row in the table.
  public var row: Operator { Operator.all[Int(Operator.indexByOpcode[Int(rawValue)])] }
  /// The name in the text format.
  public var name: String { row.name }
}
