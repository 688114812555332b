import WebAssembly

/// Takes nodes away from a program as long as something stays true of it.
struct Shrinker {
  let isInteresting: (Program) -> Bool

  func shrink(_ program: Program) -> Program {
    var best = program
    for index in best.functions.indices {
      var candidate = best
      let results = candidate.types[candidate.functions[index].type].results
      candidate.functions[index].body = results.map { Node(code: Program.constant($0, 0), result: $0) }
      if isInteresting(candidate) { best = candidate }
    }
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      var index = 0
      while index < count(best) {
        var next = 0
        while let candidate = replacement(best, index, next) {
          next += 1
          if isInteresting(candidate) {
            best = candidate
            hasChanged = true
            next = 0
          }
          if next > 8 { break }
        }
        index += 1
      }
    }
    return best
  }

  private func count(_ program: Program) -> Int {
    program.functions.reduce(0) { $0 + $1.body.reduce(0) { $0 + $1.size } }
  }

  /// The program with its node number `index` replaced by the `choice`-th of what can stand there.
  private func replacement(_ program: Program, _ index: Int, _ choice: Int) -> Program? {
    var result = program
    var left = index
    for function in result.functions.indices {
      for node in result.functions[function].body.indices {
        let size = result.functions[function].body[node].size
        if left < size {
          return replace(&result.functions[function].body[node], left, choice) ? result : nil
        }
        left -= size
      }
    }
    return nil
  }

  private func replace(_ node: inout Node, _ index: Int, _ choice: Int) -> Bool {
    if index == 0 {
      let choices = simpler(node)
      guard choice < choices.count else { return false }
      node = choices[choice]
      return true
    }
    var left = index - 1
    for operand in node.operands.indices {
      let size = node.operands[operand].size
      if left < size { return replace(&node.operands[operand], left, choice) }
      left -= size
    }
    for body in node.bodies.indices {
      for inner in node.bodies[body].indices {
        let size = node.bodies[body][inner].size
        if left < size { return replace(&node.bodies[body][inner], left, choice) }
        left -= size
      }
    }
    return false
  }

  private func simpler(_ node: Node) -> [Node] {
    guard let type = node.result else {
      return node.code.isEmpty && node.operands.isEmpty && node.bodies.isEmpty ? [] : [Node()]
    }
    let isLeaf = node.operands.isEmpty && node.bodies.isEmpty
    let isConstant =
      isLeaf && ([0x41, 0x42, 0x43, 0x44].contains(node.code.first ?? 0) || node.code.starts(with: [0xFD, 12]))
    if node.isFixed {
      // The whole of it may become a constant, which has known bits, but no part of it but what it is made of.
      return node.operands.count == 3 ? [Node(code: Program.constant(type, 0), result: type)] : []
    }
    var choices = isConstant ? [] : [Node(code: Program.constant(type, 0), result: type)]
    choices += node.operands.filter { $0.result == type }
    if !isConstant, !isLeaf { choices.append(Node(code: Program.constant(type, 1), result: type)) }
    return choices
  }
}
