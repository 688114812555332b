/// Takes out instructions and block parameters whose values nothing uses.
enum DeadCode {
  static func run(_ function: inout IRFunction) {
    var values = Values(count: function.instructions.count)
    let incoming = IncomingEdges(function)
    // From behind, what a value is used by comes before the value itself, but for what goes around loops.
    for index in function.blocks.indices.reversed() {
      let block = function.blocks[index]
      let firstInstruction = Int(block.first + block.parameterCount)
      for place in stride(from: Int(block.end) - 1, through: Int(block.first), by: -1) {
        let value = function.order[place]
        if place < firstInstruction {
          values.owners[value.index] = UInt32(index)
        } else if function[value].operation.hasEffect {
          values.isLive[value.index] = true
        }
        values.isPassed[value.index] = true
        if values.isLive[value.index] { values.markOperands(of: value, function, incoming) }
      }
      while let value = values.work.popLast() { values.markOperands(of: value, function, incoming) }
    }
    let isLive = values.isLive
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

  /// What is known of each value.
  private struct Values {
    var isLive: [Bool]
    /// Whether the pass has come by it.
    var isPassed: [Bool]
    /// Of a parameter that was passed, the block.
    var owners: [UInt32]
    /// What turned out to be live when it had been passed.
    var work: [IRValue] = []

    init(count: Int) {
      isLive = Array(repeating: false, count: count)
      isPassed = isLive
      owners = Array(repeating: 0, count: count)
    }

    mutating func markOperands(of value: IRValue, _ function: borrowing IRFunction, _ incoming: IncomingEdges) {
      let instruction = function[value]
      if instruction.operation == .parameter {
        let place = Int(instruction.imm)
        for edge in incoming[Int(owners[value.index])] {
          mark(function.arguments[Int(function.edges[Int(edge)].argumentStart) + place])
        }
      } else {
        function.forEachOperand(instruction) { mark($0) }
      }
    }

    @inline(__always)
    private mutating func mark(_ value: IRValue) {
      guard !isLive[value.index] else { return }
      isLive[value.index] = true
      if isPassed[value.index] { work.append(value) }
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
