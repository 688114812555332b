/// Moves what a loop computes anew each time, though it cannot differ, in front of the loop.
///
/// Blocks are in reverse postorder and the blocks of a loop stand together, so one pass in order suffices: the operands of
/// an instruction have moved before it is looked at.
enum LoopInvariants {
  static func run(_ function: inout IRFunction) {
    guard !function.loops.isEmpty else { return }
    let clobbers = loopClobbers(function)
    var home = [UInt32](repeating: 0, count: function.instructions.count)
    // Arms of one loop may each have computed the same; in front of the loop once is enough.
    var replacement: [IRValue] = function.instructions.indices.map { IRValue($0) }
    var hasReplaced = false
    // What has moved to the end of each block, the last first, as linked lists.
    var moved = [IRValue](repeating: .none, count: function.blocks.count)
    var next = [IRValue](repeating: .none, count: function.instructions.count)
    for index in function.blocks.indices {
      for parameter in function.blocks[index].parameters { home[parameter.index] = UInt32(index) }
      let innermost = function.blocks[index].loop
      if innermost < 0 {
        for value in function.blocks[index].instructions { home[value.index] = UInt32(index) }
        continue
      }
      var kept = 0
      for place in function.blocks[index].instructions.indices {
        let value = function.blocks[index].instructions[place]
        var instruction = function[value]
        if hasReplaced {
          function.replaceOperands(of: &instruction, by: replacement)
          function[value] = instruction
        }
        guard mayMove(instruction) else {
          home[value.index] = UInt32(index)
          function.blocks[index].instructions[kept] = value
          kept += 1
          continue
        }
        var target = -1
        var loop = innermost
        while loop >= 0 {
          let range = function.loops[Int(loop)]
          let region = instruction.operation == .contextLoad ? Int(instruction.aux) : 0
          if region != 0, clobbers[Int(loop)] & (1 << UInt8(region)) != 0 { break }
          var isInvariant = true
          function.forEachOperand(instruction) { operand in
            let block = home[operand.index]
            if block >= range.header.id, block < range.end.id { isInvariant = false }
          }
          guard isInvariant else { break }
          target = range.preheader.index
          loop = range.parent
        }
        if target >= 0 {
          home[value.index] = UInt32(target)
          var other = moved[target]
          var steps = 0
          while other.exists, steps < 96, !function[other].isSame(as: instruction) {
            other = next[other.index]
            steps += 1
          }
          if other.exists, steps < 96 {
            replacement[value.index] = other
            hasReplaced = true
          } else {
            next[value.index] = moved[target]
            moved[target] = value
          }
        } else {
          home[value.index] = UInt32(index)
          function.blocks[index].instructions[kept] = value
          kept += 1
        }
      }
      function.blocks[index].instructions.removeSubrange(kept...)
    }
    if hasReplaced { function.replaceAll(by: replacement) }
    var values: [IRValue] = []
    for index in function.blocks.indices where moved[index].exists {
      values.removeAll(keepingCapacity: true)
      var value = moved[index]
      while value.exists {
        values.append(value)
        value = next[value.index]
      }
      let end = function.blocks[index].instructions.count - 1
      function.blocks[index].instructions.insert(contentsOf: values.reversed(), at: end)
    }
  }

  /// Comparisons stay where their branch is, since there they cost no register; constants are made where they are used.
  private static func mayMove(_ instruction: IRInstruction) -> Bool {
    switch instruction.operation {
    case .constant, .compare, .floatCompare, .contextAddress: false
    case .contextLoad: true
    default: instruction.operation.isPure
    }
  }

  /// For each loop a bit set of the regions of the context that something in it may change.
  private static func loopClobbers(_ function: IRFunction) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: function.loops.count)
    for block in function.blocks where block.loop >= 0 {
      var bits: UInt8 = 0
      for value in block.instructions {
        let operation = function[value].operation
        if operation.isCall || operation == .throwReference { bits = 0b1110 }
        if operation == .contextStore { bits |= 1 << UInt8(IRContextRegion.globals.rawValue) }
      }
      guard bits != 0 else { continue }
      var loop = block.loop
      while loop >= 0, result[Int(loop)] & bits != bits {
        result[Int(loop)] |= bits
        loop = function.loops[Int(loop)].parent
      }
    }
    return result
  }
}
