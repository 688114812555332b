import WebAssembly

/// Counts how often each instruction of a module is executed: in a copy of it, a counter behind each piece of code without
/// branches is a global of the module's own.
struct ExecutionCounts {
  /// For each counter, the operators that are executed as often as it counts.
  private(set) var pieces: [[Opcode]] = []

  /// A body with counters. The locals stay as they are.
  mutating func count(_ body: [UInt8], firstGlobal: Int) -> [UInt8] {
    var reader = InstructionReader(body, range: 0..<body.count)
    guard (try? reader.locals()) != nil else { return body }
    var result = Array(body[..<reader.position])
    var isOpen = false
    while !reader.isAtEnd {
      let start = reader.position
      guard let instruction = try? reader.next() else { return body }
      let opcode = instruction.opcode
      if !isOpen, opcode != .end, opcode != .else {
        result += Self.increment(firstGlobal + pieces.count)
        pieces.append([])
        isOpen = true
      }
      if isOpen, opcode != .end, opcode != .else { pieces[pieces.count - 1].append(opcode) }
      result += body[start..<reader.position]
      if Self.endsPiece(opcode) { isOpen = false }
    }
    return result
  }

  private static func increment(_ global: Int) -> [UInt8] {
    BodyGenerator.bytes(0x23, global) + [0x42, 1, 0x7C] + BodyGenerator.bytes(0x24, global)
  }

  /// Whether what comes next may be executed less often, or more often: branches, calls and all that may trap.
  private static func endsPiece(_ opcode: Opcode) -> Bool {
    switch opcode.row.immediates {
    case .blockType, .label, .labels, .tryTable, .function, .type, .typeAndTable, .tag, .memoryArgument,
      .memoryArgumentAndLane, .table, .tableAndTable, .elementAndTable, .memory, .memoryAndMemory, .dataAndMemory:
      return true
    default: break
    }
    switch opcode {
    case .end, .else, .return, .unreachable, .throwRef, .refAsNonNull, .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i64DivS,
      .i64DivU, .i64RemS, .i64RemU:
      return true
    default:
      return opcode.name.contains(".trunc_f")
    }
  }

  /// The operators that both tiers have, which are to be executed: all but those of features that are refused.
  static let expected: [Operator] = Operator.all.filter { row in
    ![.end, .else].contains(row.opcode)
      && ![Feature.threads, .relaxedSIMD, .gc].contains { $0 == row.feature }
  }
}
