/// What a module does with each of its memories, found by one pass over its bodies.
struct MemoryUse {
  /// The number of instructions that access each memory.
  var accesses: [Int]
  /// Whether a `memory.grow` names the memory.
  var grows: [Bool]

  /// - Throws: a ``ModuleError`` of the kind `unsupported` where an instruction cannot be lowered.
  init(_ module: Module, memoryCount: Int) throws(ModuleError) {
    accesses = [Int](repeating: 0, count: memoryCount)
    grows = [Bool](repeating: false, count: memoryCount)
    guard memoryCount > 1 else { return }
    for body in module.bodies {
      var reader = InstructionReader(module.bytes, range: body.range)
      _ = try reader.locals()
      while !reader.isAtEnd {
        let instruction = try reader.next()
        let memory = Int(instruction.index)
        switch instruction.opcode {
        case .memoryGrow:
          if memory < memoryCount { grows[memory] = true }
        case .memoryDiscard:
          throw ModuleError(.unsupported, "memory.discard cannot be lowered", at: Int(instruction.offset))
        case .i32Load, .i64Load, .f32Load, .f64Load, .i32Load8S, .i32Load8U, .i32Load16S, .i32Load16U, .i64Load8S,
          .i64Load8U, .i64Load16S, .i64Load16U, .i64Load32S, .i64Load32U, .i32Store, .i64Store, .f32Store, .f64Store,
          .i32Store8, .i32Store16, .i64Store8, .i64Store16, .i64Store32, .v128Load, .v128Store:
          if memory < memoryCount { accesses[memory] += 1 }
        default: break
        }
      }
    }
  }
}
