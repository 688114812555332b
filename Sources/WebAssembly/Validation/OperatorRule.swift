/// The typing rule of an operator in nine bytes, made from its row in the operator table, so that the validator's loop
/// touches no row and no array of types.
struct OperatorRule: Sendable {
  enum Kind: UInt8, Sendable {
    /// The type depends on the context; ``FunctionValidator/special(_:)`` knows it.
    case special
    /// Fixed operands and results, whatever the immediates.
    case plain
    /// A memory access: the address, then the operands.
    case access
    /// An atomic access, whose alignment must be the natural one.
    case atomicAccess
    /// A memory access with a lane index.
    case laneAccess
    /// Fixed operands and results, and a lane index to check.
    case lane
  }

  /// What ``FunctionValidator/frequentInstructions(_:)`` does with an operator.
  enum Frequent: UInt8, Sendable {
    /// Nothing: it is rare, or its feature is off.
    case none
    case localGet, localSet, localTee, globalGet, globalSet
    case i32Const, i64Const, f32Const, f64Const
    case unary, binary, load, store
    case block, loop, `if`, `else`, end
    case br, brIf, `return`, unreachable, call, callIndirect
    case drop, select
  }

  var kind = Kind.special
  var frequent = Frequent.none
  /// At most three; for accesses without the address.
  var operandCount: UInt8 = 0
  /// The raw values of the operands' types. Only numbers and vectors occur.
  var operand0: UInt8 = 0
  var operand1: UInt8 = 0
  var operand2: UInt8 = 0
  /// The raw value of the result's type, 0 where there is none.
  var result: UInt8 = 0
  /// The logarithm of the natural alignment; for `lane` the number of lanes.
  var width: UInt8 = 0
  /// One more than the feature's ``Feature/ordinal``, 0 for what WebAssembly 1.0 has.
  var feature: UInt8 = 0

  /// The rules by the raw values of opcodes.
  static func table(_ features: FeatureSet) -> [OperatorRule] {
    if features == .all { return all }
    var rules = all
    for row in Operator.all {
      if !row.requiredFeatures.isSubset(of: features) { rules[Int(row.opcode.rawValue)].frequent = .none }
    }
    return rules
  }

  private static let all: [OperatorRule] = {
    var rules = [OperatorRule](repeating: OperatorRule(), count: Operator.opcodeLimit)
    for row in Operator.all {
      var rule = OperatorRule(row)
      rule.frequent = rule.frequent(row.opcode)
      rules[Int(row.opcode.rawValue)] = rule
    }
    return rules
  }()

  private init() {}

  private init(_ row: Operator) {
    if let feature = row.feature { self.feature = UInt8(feature.ordinal + 1) }
    guard let type = row.type, type.operands.count <= 3, type.results.count <= 1 else { return }
    switch row.immediates {
    case .none, .i32, .i64, .f32, .f64, .v128, .fence: kind = .plain
    case .memoryArgument: kind = row.feature == .threads ? .atomicAccess : .access
    case .memoryArgumentAndLane: kind = .laneAccess
    case .lane: kind = .lane
    default: return
    }
    operandCount = UInt8(type.operands.count)
    if type.operands.count > 0 { operand0 = UInt8(type.operands[0].rawValue) }
    if type.operands.count > 1 { operand1 = UInt8(type.operands[1].rawValue) }
    if type.operands.count > 2 { operand2 = UInt8(type.operands[2].rawValue) }
    if let result = type.results.first { self.result = UInt8(result.rawValue) }
    width = kind == .lane ? Self.laneCount(row.name) : row.width
  }

  private func frequent(_ opcode: Opcode) -> Frequent {
    switch opcode {
    case .localGet: .localGet
    case .localSet: .localSet
    case .localTee: .localTee
    case .globalGet: .globalGet
    case .globalSet: .globalSet
    case .i32Const: .i32Const
    case .i64Const: .i64Const
    case .f32Const: .f32Const
    case .f64Const: .f64Const
    case .block: .block
    case .loop: .loop
    case .if: .if
    case .else: .else
    case .end: .end
    case .br: .br
    case .brIf: .brIf
    case .return: .return
    case .unreachable: .unreachable
    case .call: .call
    case .callIndirect: .callIndirect
    case .drop: .drop
    case .select: .select
    default:
      if opcode.rawValue > 0xFF {
        .none
      } else if kind == .access {
        result != 0 ? .load : .store
      } else if kind == .plain, operandCount == 2, operand0 == operand1 {
        .binary
      } else {
        kind == .plain && operandCount == 1 ? .unary : .none
      }
    }
  }

  /// The number of lanes of the shape that a name begins with.
  private static func laneCount(_ name: String) -> UInt8 {
    if name.hasPrefix("i8x16") { return 16 }
    if name.hasPrefix("i16x8") { return 8 }
    return name.hasPrefix("i32x4") || name.hasPrefix("f32x4") ? 4 : 2
  }

  func operand(_ index: Int) -> ValueType {
    ValueType(rawValue: UInt32(index == 0 ? operand0 : index == 1 ? operand1 : operand2))
  }

  var resultType: ValueType { ValueType(rawValue: UInt32(result)) }
}

/// For each feature, where it is first used.
struct FirstUses: Sendable {
  /// By one more than the feature's ordinal; `none` where it is not used.
  private var offsets = [UInt32](repeating: FirstUses.none, count: Feature.allCases.count + 1)

  static let none = UInt32.max

  init() {}

  /// - Parameter feature: One more than its ordinal.
  @inline(__always)
  mutating func note(_ feature: UInt8, at offset: UInt32) {
    if offsets[Int(feature)] > offset { offsets[Int(feature)] = offset }
  }

  mutating func note(_ feature: Feature, at offset: UInt32) { note(UInt8(feature.ordinal + 1), at: offset) }

  mutating func merge(_ other: FirstUses) {
    for index in offsets.indices { offsets[index] = min(offsets[index], other.offsets[index]) }
  }

  func offset(of feature: Feature) -> Int? {
    let offset = offsets[feature.ordinal + 1]
    return offset == Self.none ? nil : Int(offset)
  }
}
