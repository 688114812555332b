/// Takes out instructions and block parameters whose values nothing uses.
enum DeadCode {
  static func run(_ function: inout IRFunction) {
    var isLive = [Bool](repeating: false, count: function.instructions.count)
    var work: [IRValue] = []
    let incoming = IncomingEdges(function)
    var owner = [UInt32](repeating: 0, count: function.instructions.count)
    for (index, block) in function.blocks.enumerated() {
      for parameter in function.parameters(of: block) { owner[parameter.index] = UInt32(index) }
      for value in function.instructions(of: block) where function[value].operation.hasEffect {
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
      if index > 0 { removeParameters(&function, index, incoming[index], isLive) }
      let block = function.blocks[index]
      var kept = Int(block.first + block.parameterCount)
      for place in kept..<Int(block.end) {
        let value = function.order[place]
        guard isLive[value.index] else { continue }
        function.order[kept] = value
        kept += 1
      }
      function.blocks[index].end = UInt32(kept)
    }
  }

  /// Takes out the parameters of a block that nothing uses, and what the edges to it bring for them.
  private static func removeParameters(
    _ function: inout IRFunction, _ index: Int, _ incoming: ArraySlice<Int32>, _ isLive: [Bool]
  ) {
    let block = function.blocks[index]
    let first = Int(block.first)
    let count = Int(block.parameterCount)
    let live = function.parameters(of: block).reduce(0) { $0 + (isLive[$1.index] ? 1 : 0) }
    guard live < count else { return }
    for edge in incoming {
      let start = Int(function.edges[Int(edge)].argumentStart)
      var kept = start
      for place in 0..<count where isLive[function.order[first + place].index] {
        function.arguments[kept] = function.arguments[start + place]
        kept += 1
      }
      function.edges[Int(edge)].argumentCount = UInt32(live)
    }
    // What is left moves up to the instructions.
    var kept = first + count
    for place in stride(from: count - 1, through: 0, by: -1) {
      let parameter = function.order[first + place]
      guard isLive[parameter.index] else { continue }
      kept -= 1
      function.order[kept] = parameter
      function[parameter].imm = Int64(kept - (first + count - live))
    }
    function.blocks[index].first = UInt32(kept)
    function.blocks[index].parameterCount = UInt32(live)
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
