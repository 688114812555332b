/// Moves what a loop computes anew each time, though it cannot differ, in front of the loop.
///
/// Blocks are in reverse postorder and the blocks of a loop stand together, so one pass in order suffices: the operands of
/// an instruction have moved before it is looked at.
enum LoopInvariants {
  static func run(_ function: inout IRFunction) {
    guard !function.loops.isEmpty else { return }
    let clobbers = loopClobbers(function)
    let nest = LoopNest(function)
    var home = [UInt32](repeating: 0, count: function.instructions.count)
    // Arms of one loop may each have computed the same; in front of the loop once is enough.
    var replacement: [IRValue] = function.instructions.indices.map { IRValue($0) }
    var hasReplaced = false
    // What has moved to the end of each block, the last first, as linked lists.
    var moved = [IRValue](repeating: .none, count: function.blocks.count)
    var next = [IRValue](repeating: .none, count: function.instructions.count)
    for index in function.blocks.indices {
      let block = function.blocks[index]
      let innermost = block.loop
      let begin = Int(block.first + (innermost < 0 ? 0 : block.parameterCount))
      for place in Int(block.first)..<(innermost < 0 ? Int(block.end) : begin) {
        home[function.order[place].index] = UInt32(index)
      }
      if innermost < 0 { continue }
      var kept = begin
      for place in begin..<Int(block.end) {
        let value = function.order[place]
        var instruction = function[value]
        if hasReplaced {
          function.replaceOperands(of: &instruction, by: replacement)
          function[value] = instruction
        }
        guard mayMove(instruction) else {
          home[value.index] = UInt32(index)
          function.order[kept] = value
          kept += 1
          continue
        }
        let region = instruction.operation == .contextLoad ? Int(instruction.aux) : 0
        let outermost = nest.outermost(from: Int(innermost)) { loop in
          if region != 0, clobbers[loop] & (1 << UInt8(region)) != 0 { return false }
          let range = function.loops[loop]
          var isInvariant = true
          function.forEachOperand(instruction) { operand in
            let block = home[operand.index]
            if block >= range.header.id, block < range.end.id { isInvariant = false }
          }
          return isInvariant
        }
        let target = outermost.map { function.loops[$0].preheader.index } ?? -1
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
          function.order[kept] = value
          kept += 1
        }
      }
      function.blocks[index].end = UInt32(kept)
    }
    if hasReplaced { function.replaceAll(by: replacement) }
    // A block that takes something in moves behind the others.
    for index in function.blocks.indices where moved[index].exists {
      let block = function.blocks[index]
      function.blocks[index].first = UInt32(function.order.count)
      for place in Int(block.first)..<Int(block.end) - 1 { function.order.append(function.order[place]) }
      let start = function.order.count
      var value = moved[index]
      while value.exists {
        function.order.append(value)
        value = next[value.index]
      }
      function.order[start...].reverse()
      function.order.append(function.order[Int(block.end) - 1])
      function.blocks[index].end = UInt32(function.order.count)
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
      for value in function.instructions(of: block) {
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
