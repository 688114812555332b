import WebAssembly

/// Evaluates constant expressions (Core 3.0, 3.4.16), which are valid.
struct ConstantEvaluator {
  /// A value as the 16 bytes of a global.
  struct Cell {
    var low: UInt64 = 0
    var high: UInt64 = 0
  }

  let instance: InstanceData
  private var stack: [Cell] = []

  init(_ instance: InstanceData) { self.instance = instance }

  mutating func evaluate(_ expression: ConstantExpression) throws(ModuleError) -> Cell {
    var reader = InstructionReader(instance.module.module.bytes, range: expression.range)
    stack.removeAll(keepingCapacity: true)
    while !reader.isAtEnd {
      let instruction = try reader.next()
      switch instruction.opcode {
      case .end: break
      case .i32Const, .i64Const, .f32Const, .f64Const: stack.append(Cell(low: instruction.value))
      case .v128Const: stack.append(Cell(low: instruction.value, high: instruction.value2))
      case .refNull: stack.append(Cell())
      case .refFunc: stack.append(Cell(low: instance.functionRecord(Int(instruction.index)).word))
      case .globalGet:
        let cell = instance.globals[Int(instruction.index)].cell
        stack.append(Cell(low: cell[0], high: cell[1]))
      case .i32Add: binary { UInt64(UInt32(truncatingIfNeeded: $0 &+ $1)) }
      case .i32Sub: binary { UInt64(UInt32(truncatingIfNeeded: $0 &- $1)) }
      case .i32Mul: binary { UInt64(UInt32(truncatingIfNeeded: $0 &* $1)) }
      case .i64Add: binary { $0 &+ $1 }
      case .i64Sub: binary { $0 &- $1 }
      case .i64Mul: binary { $0 &* $1 }
      default:
        throw ModuleError(
          .unsupported, "\(instruction.opcode.name) in a constant expression", at: Int(instruction.offset))
      }
    }
    return stack.last ?? Cell()
  }

  private mutating func binary(_ operation: (UInt64, UInt64) -> UInt64) {
    guard let right = stack.popLast(), let left = stack.popLast() else { return }
    stack.append(Cell(low: operation(left.low, right.low)))
  }
}
