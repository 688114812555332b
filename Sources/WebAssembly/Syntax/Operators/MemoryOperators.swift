// Memory instructions (Core 3.0, 5.4.5), and `memory.discard` of the memory-control proposal.
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let memory: [Operator] = [
    Operator(.i32Load, "i32.load", .memoryArgument, type: .load(.i32), width: 2),
    Operator(.i64Load, "i64.load", .memoryArgument, type: .load(.i64), width: 3),
    Operator(.f32Load, "f32.load", .memoryArgument, type: .load(.f32), width: 2),
    Operator(.f64Load, "f64.load", .memoryArgument, type: .load(.f64), width: 3),
    Operator(.i32Load8S, "i32.load8_s", .memoryArgument, type: .load(.i32), width: 0),
    Operator(.i32Load8U, "i32.load8_u", .memoryArgument, type: .load(.i32), width: 0),
    Operator(.i32Load16S, "i32.load16_s", .memoryArgument, type: .load(.i32), width: 1),
    Operator(.i32Load16U, "i32.load16_u", .memoryArgument, type: .load(.i32), width: 1),
    Operator(.i64Load8S, "i64.load8_s", .memoryArgument, type: .load(.i64), width: 0),
    Operator(.i64Load8U, "i64.load8_u", .memoryArgument, type: .load(.i64), width: 0),
    Operator(.i64Load16S, "i64.load16_s", .memoryArgument, type: .load(.i64), width: 1),
    Operator(.i64Load16U, "i64.load16_u", .memoryArgument, type: .load(.i64), width: 1),
    Operator(.i64Load32S, "i64.load32_s", .memoryArgument, type: .load(.i64), width: 2),
    Operator(.i64Load32U, "i64.load32_u", .memoryArgument, type: .load(.i64), width: 2),
    Operator(.i32Store, "i32.store", .memoryArgument, type: .store(.i32), width: 2),
    Operator(.i64Store, "i64.store", .memoryArgument, type: .store(.i64), width: 3),
    Operator(.f32Store, "f32.store", .memoryArgument, type: .store(.f32), width: 2),
    Operator(.f64Store, "f64.store", .memoryArgument, type: .store(.f64), width: 3),
    Operator(.i32Store8, "i32.store8", .memoryArgument, type: .store(.i32), width: 0),
    Operator(.i32Store16, "i32.store16", .memoryArgument, type: .store(.i32), width: 1),
    Operator(.i64Store8, "i64.store8", .memoryArgument, type: .store(.i64), width: 0),
    Operator(.i64Store16, "i64.store16", .memoryArgument, type: .store(.i64), width: 1),
    Operator(.i64Store32, "i64.store32", .memoryArgument, type: .store(.i64), width: 2),
    Operator(.memorySize, "memory.size", .memory),
    Operator(.memoryGrow, "memory.grow", .memory),
    Operator(.memoryInit, "memory.init", .dataAndMemory, in: .bulkMemory),
    Operator(.dataDrop, "data.drop", .data, type: .effect, in: .bulkMemory),
    Operator(.memoryCopy, "memory.copy", .memoryAndMemory, in: .bulkMemory),
    Operator(.memoryFill, "memory.fill", .memory, in: .bulkMemory),
    Operator(.memoryDiscard, "memory.discard", .memory, in: .memoryControl),
  ]
}
