import WebAssembly

/// For every block, loop and if of a body, in the order in which they begin: the locals that are assigned inside. A first
/// read of the body finds them, so that no block needs a table of all locals.
struct AssignedLocals {
  struct Construct {
    /// The range of its locals in ``locals``.
    var start: UInt32 = 0
    var count: UInt32 = 0
    /// Whether it contains a call or a growth of a memory or table.
    var hasCall = false
  }

  private(set) var constructs: [Construct] = []
  private(set) var locals: [UInt32] = []

  /// The instructions that were read, where they were to be kept.
  private(set) var instructions: [Instruction] = []

  private var open: [(construct: Int, log: Int)] = []
  /// Assignments in the order of the body, without those that the construct has already.
  private var log: [UInt32] = []
  /// For each local, the entry of the log that names it last.
  private var seen: [UInt32] = []

  /// Reads the instructions; the reader stands behind the local declarations. False where a construct's locals would take
  /// more than `limit` entries in all.
  ///
  /// - Parameter keepsInstructions: Whether the second read is to find the instructions in ``instructions``, which is
  ///   faster than to decode them again.
  mutating func read(
    _ reader: InstructionReader, localCount: Int, limit: Int, keepsInstructions: Bool = false
  ) -> Bool {
    var reader = reader
    constructs.removeAll(keepingCapacity: true)
    locals.removeAll(keepingCapacity: true)
    open.removeAll(keepingCapacity: true)
    log.removeAll(keepingCapacity: true)
    seen.refill(0, count: localCount)
    instructions.removeAll(keepingCapacity: true)
    var stamp: UInt32 = 0
    while !reader.isAtEnd {
      guard let instruction = try? reader.next() else { return false }
      if keepsInstructions { instructions.append(instruction) }
      switch instruction.opcode {
      case .block, .loop, .if, .tryTable:
        open.append((constructs.count, log.count))
        constructs.append(Construct())
      case .localSet, .localTee:
        log.append(instruction.index)
      case .call, .callIndirect, .callRef, .memoryGrow, .tableGrow, .throw, .throwRef:
        if let last = open.last { constructs[last.construct].hasCall = true }
      case .end:
        guard let (construct, start) = open.popLast() else { break }
        // What is assigned in here, each local once. The shortened log is what the outer construct sees.
        stamp += 1
        let first = locals.count
        for index in start..<log.count {
          let local = log[index]
          if seen[Int(local)] != stamp {
            seen[Int(local)] = stamp
            locals.append(local)
          }
        }
        guard locals.count <= limit else { return false }
        constructs[construct].start = UInt32(first)
        constructs[construct].count = UInt32(locals.count - first)
        log.removeSubrange(start...)
        log.append(contentsOf: locals[first...])
        if constructs[construct].hasCall, let outer = open.last { constructs[outer.construct].hasCall = true }
      default:
        break
      }
    }
    return true
  }

  func locals(of construct: Int) -> ArraySlice<UInt32> {
    let range = constructs[construct]
    return locals[Int(range.start)..<Int(range.start + range.count)]
  }
}
