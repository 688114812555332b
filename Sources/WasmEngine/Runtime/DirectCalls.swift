import WebAssembly

/// The functions that a body calls directly.
enum DirectCalls {
  /// The calls in the order of the code, and of each whether it is on all ways through the function.
  ///
  /// What is called in front of an `unreachable` does not return; such calls report errors, happen rarely if ever, and are
  /// left out.
  ///
  /// - Parameter reader: A reader of the body.
  static func find(in reader: InstructionReader) -> [(function: UInt32, isCertain: Bool)] {
    var reader = reader
    var result: [(function: UInt32, isCertain: Bool)] = []
    guard (try? reader.locals()) != nil else { return [] }
    // For each block around the code whether it is a loop; and the outermost of them behind whose end all ways that began
    // before it meet again, counted from the function's own.
    var loops = [false]
    var meeting = Int.max
    func branch(_ label: UInt32) {
      let target = loops.count - 1 - Int(label)
      // The first time around, a loop is gone through to its end.
      if target >= 0, !loops[target] { meeting = min(meeting, target) }
    }
    var last: UInt32?
    while !reader.isAtEnd, let instruction = try? reader.next() {
      if let last, instruction.opcode != .unreachable { result.append((last, meeting == Int.max)) }
      last = nil
      switch instruction.opcode {
      case .block, .loop, .if, .tryTable:
        loops.append(instruction.opcode == .loop)
        if instruction.opcode == .if { meeting = min(meeting, loops.count - 1) }
      case .end:
        if meeting >= loops.count - 1 { meeting = Int.max }
        _ = loops.popLast()
      case .br, .brIf, .brOnNull, .brOnNonNull: branch(instruction.index)
      case .brTable:
        for label in reader.labels(of: instruction) { branch(label) }
        branch(instruction.index)
      case .return: meeting = 0
      case .call, .returnCall: last = instruction.index
      default: break
      }
    }
    return result
  }
}
