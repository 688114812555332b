/// What constant expressions of integers come to, where that is known before instantiation.
struct ConstantValues {
  private let bytes: [UInt8]
  /// By global index; nil where it is not known.
  private var globals: [UInt64?]

  init(_ module: Module, _ spaces: IndexSpaces) throws(ModuleError) {
    bytes = module.bytes
    globals = Array(repeating: nil, count: spaces.importedGlobalCount)
    globals.reserveCapacity(spaces.globals.count)
    for global in module.globals {
      let value = try value(of: global.initializer)
      globals.append(global.type.isMutable ? nil : value)
    }
  }

  /// The value of an expression of type i32 (zero-extended) or i64, or nil.
  func value(of expression: ConstantExpression) throws(ModuleError) -> UInt64? {
    try Self.value(of: expression, in: bytes, globals: globals)
  }

  static func value(
    of expression: ConstantExpression, in bytes: [UInt8], globals: [UInt64?] = []
  ) throws(ModuleError) -> UInt64? {
    var stack: [UInt64] = []
    var reader = InstructionReader(bytes, range: expression.range)
    while !reader.isAtEnd {
      let instruction = try reader.next()
      switch instruction.opcode {
      case .end: break
      case .i32Const, .i64Const: stack.append(instruction.value)
      case .globalGet:
        let index = Int(instruction.index)
        guard index < globals.count, let value = globals[index] else { return nil }
        stack.append(value)
      case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
        guard let right = stack.popLast(), let left = stack.popLast() else { return nil }
        stack.append(compute(instruction.opcode, left, right))
      default: return nil
      }
    }
    return stack.last
  }

  private static func compute(_ opcode: Opcode, _ left: UInt64, _ right: UInt64) -> UInt64 {
    switch opcode {
    case .i32Add: UInt64(UInt32(truncatingIfNeeded: left &+ right))
    case .i32Sub: UInt64(UInt32(truncatingIfNeeded: left &- right))
    case .i32Mul: UInt64(UInt32(truncatingIfNeeded: left &* right))
    case .i64Add: left &+ right
    case .i64Sub: left &- right
    default: left &* right
    }
  }
}
