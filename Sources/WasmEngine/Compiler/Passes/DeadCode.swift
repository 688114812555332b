/// Takes out instructions and block parameters whose values nothing uses.
enum DeadCode {
  static func run(_ function: inout IRFunction) {
    var isLive = [Bool](repeating: false, count: function.instructions.count)
    var work: [IRValue] = []
    let incoming = IncomingEdges(function)
    var owner = [UInt32](repeating: 0, count: function.instructions.count)
    for (index, block) in function.blocks.enumerated() {
      for parameter in block.parameters { owner[parameter.index] = UInt32(index) }
      for value in block.instructions where function[value].operation.hasEffect {
        isLive[value.index] = true
        work.append(value)
      }
    }
    while let value = work.popLast() {
      let instruction = function[value]
      if instruction.operation == .parameter {
        let place = Int(instruction.imm)
        for edge in incoming[Int(owner[value.index])] {
          let edge = Int(edge)
          let argument = function.arguments[Int(function.edges[edge].argumentStart) + place]
          if !isLive[argument.index] {
            isLive[argument.index] = true
            work.append(argument)
          }
        }
        continue
      }
      function.forEachOperand(instruction) { operand in
        if !isLive[operand.index] {
          isLive[operand.index] = true
          work.append(operand)
        }
      }
    }
    for index in function.blocks.indices {
      function.blocks[index].instructions.removeAll { !isLive[$0.index] }
      guard index > 0, function.blocks[index].parameters.contains(where: { !isLive[$0.index] }) else { continue }
      let kept = function.blocks[index].parameters.indices.filter {
        isLive[function.blocks[index].parameters[$0].index]
      }
      for edge in incoming[index] {
        let edge = Int(edge)
        let start = Int(function.edges[edge].argumentStart)
        for (place, old) in kept.enumerated() { function.arguments[start + place] = function.arguments[start + old] }
        function.edges[edge].argumentCount = UInt32(kept.count)
      }
      function.blocks[index].parameters = kept.map { function.blocks[index].parameters[$0] }
      for (place, parameter) in function.blocks[index].parameters.enumerated() {
        function[parameter].imm = Int64(place)
      }
    }
  }
}

/// The edges to each block.
struct IncomingEdges {
  private var starts: [Int32]
  private var edges: [Int32]

  init(_ function: borrowing IRFunction) {
    starts = Array(repeating: 0, count: function.blocks.count + 1)
    edges = Array(repeating: 0, count: function.edges.count)
    for edge in function.edges { starts[edge.target.index] += 1 }
    var sum: Int32 = 0
    for block in starts.indices {
      sum += starts[block]
      starts[block] = sum
    }
    // Filled from behind, each block's place moves to where its edges begin.
    for index in stride(from: function.edges.count - 1, through: 0, by: -1) {
      let target = function.edges[index].target.index
      starts[target] -= 1
      edges[Int(starts[target])] = Int32(index)
    }
  }

  subscript(_ block: Int) -> ArraySlice<Int32> { edges[Int(starts[block])..<Int(starts[block + 1])] }
}
