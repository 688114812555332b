import WebAssembly

/// Says what is wrong with a function in the intermediate representation. It runs between passes where the engine checks
/// its compiler (``Engine/Configuration/checksCompiler``).
///
/// What must hold: blocks end in the one instruction that ends them, in an order in which every edge goes forward but those
/// to the header of a loop around them; loops are ranges of blocks, nested, entered from their preheader alone; every value
/// is made once, where it dominates its uses, and has the type that its users expect; edges bring what their target's
/// parameters want; every access of a memory stays within it or faults; once it is decided where the function looks at the
/// interrupt word, no path goes too long without (``LookBudget``).
struct IRVerifier {
  let function: IRFunction
  /// What signatures of calls are compared with, where it is known.
  let environment: CompilationEnvironment?
  private(set) var mistakes: [String] = []
  /// For each value the block that makes it and its place there; parameters have the place -1.
  private var home: [(block: Int32, place: Int32)] = []

  /// A function that is all wrong need not say so for each value.
  private static let limit = 32

  /// The mistakes, the first of them; empty if there are none.
  static func mistakes(in function: IRFunction, _ environment: CompilationEnvironment? = nil) -> [String] {
    var verifier = IRVerifier(function, environment)
    // Nothing else can be looked at while ranges lead outside their arrays.
    guard verifier.checkRanges() else { return verifier.mistakes }
    verifier.checkBlocks()
    verifier.checkLoops()
    verifier.checkDefinitions()
    guard verifier.mistakes.isEmpty else { return verifier.mistakes }
    let dominators = Dominators(function)
    verifier.checkUses(dominators)
    verifier.checkEdges()
    verifier.checkAccesses(dominators)
    for (index, block) in function.blocks.enumerated() {
      for value in function.instructions(of: block) { verifier.checkTypes(value, index) }
    }
    if verifier.mistakes.isEmpty { verifier.checkLooks() }
    return verifier.mistakes
  }

  private init(_ function: IRFunction, _ environment: CompilationEnvironment?) {
    self.function = function
    self.environment = environment
  }

  mutating func report(_ block: Int, _ value: IRValue? = nil, _ message: String) {
    guard mistakes.count < Self.limit else { return }
    guard let value else { return mistakes.append("block\(block): \(message)") }
    let text = IRPrinter.print(value, in: function, block: function.blocks[block])
    mistakes.append("block\(block): \(text): \(message)")
  }

  // MARK: Structure

  /// Whether all numbers are inside what they count.
  private mutating func checkRanges() -> Bool {
    let values = function.instructions.count
    if function.positions.count != values { mistakes.append("\(values) values, \(function.positions.count) positions") }
    guard !function.blocks.isEmpty else {
      mistakes.append("no blocks")
      return false
    }
    func isValue(_ value: IRValue) -> Bool { value.index < values }
    func areArguments(_ start: UInt32, _ count: UInt32) -> Bool {
      Int(start) + Int(count) <= function.arguments.count && function.argumentSlice(start, count).allSatisfy(isValue)
    }
    for (index, block) in function.blocks.enumerated() {
      let bad = "block\(index): "
      guard block.first + block.parameterCount <= block.end, Int(block.end) <= function.order.count else {
        mistakes.append(bad + "values that do not exist")
        continue
      }
      guard Int(block.firstEdge) + Int(block.edgeCount) <= function.edges.count else {
        mistakes.append(bad + "edges that do not exist")
        continue
      }
      for edge in function.edges(of: block) {
        if edge.target.index >= function.blocks.count { mistakes.append(bad + "an edge to no block") }
        if !areArguments(edge.argumentStart, edge.argumentCount) { mistakes.append(bad + "an edge with no values") }
      }
      if block.loop >= Int32(function.loops.count) || block.loop < -1 { mistakes.append(bad + "in no loop") }
      for value in function.order[Int(block.first)..<Int(block.end)] {
        guard isValue(value) else {
          mistakes.append(bad + "v\(value.id) does not exist")
          continue
        }
        let instruction = function[value]
        if instruction.hasPooledArguments {
          if !areArguments(instruction.a.id, instruction.b.id) { mistakes.append(bad + "v\(value.id): no arguments") }
        } else {
          function.forEachOperand(instruction) { operand in
            if !isValue(operand) { mistakes.append(bad + "v\(value.id): an operand that does not exist") }
          }
        }
      }
    }
    for (index, loop) in function.loops.enumerated() {
      if loop.header.index >= loop.end.index || loop.end.index > function.blocks.count
        || loop.preheader.index >= function.blocks.count || loop.parent >= Int32(index)
      {
        mistakes.append("a loop outside the function")
      }
    }
    return mistakes.isEmpty
  }

  private mutating func checkBlocks() {
    for (index, block) in function.blocks.enumerated() {
      guard let last = function.last(of: block), function[last].operation.endsBlock else {
        report(index, nil, "does not end")
        continue
      }
      for value in function.instructions(of: block).dropLast() where function[value].operation.endsBlock {
        report(index, value, "ends the block before its last instruction")
      }
      let wanted: ClosedRange<UInt32> =
        switch function[last].operation {
        case .jump: 1...1
        case .branch: 2...2
        case .branchTable: 1...UInt32.max
        case .jumpOrCatch: 2...2
        case .throwReference: 0...1
        default: 0...0
        }
      if !wanted.contains(block.edgeCount) { report(index, last, "\(block.edgeCount) edges") }
      if function.exceptionEdge(of: block) != nil {
        // All that throws in a block goes on at one place.
        let calls = function.instructions(of: block).count { function[$0].operation.mayThrow }
        let expected = function[last].operation == .jumpOrCatch ? 1 : 0
        if calls != expected {
          report(index, last, "\(calls) calls whose exceptions go on here, should be \(expected)")
        }
      }
      for edge in function.edges(of: block) {
        if edge.target.index == 0 { report(index, nil, "an edge to the entry") }
        if edge.target.index <= index,
          !function.loops.contains(where: { $0.header == edge.target && index < $0.end.index })
        {
          report(index, nil, "an edge back to block\(edge.target.id), which is not the header of a loop around it")
        }
      }
    }
  }

  private mutating func checkLoops() {
    var innermost = [Int32](repeating: -1, count: function.blocks.count)
    var depths = [UInt16](repeating: 0, count: function.blocks.count)
    for (index, loop) in function.loops.enumerated() {
      let range = loop.header.index..<loop.end.index
      if loop.parent >= 0 {
        let parent = function.loops[Int(loop.parent)]
        if parent.header.index > range.lowerBound || parent.end.index < range.upperBound {
          report(range.lowerBound, nil, "loop \(index) is not within its parent")
        }
      }
      // A loop comes behind those around it, so that the last one is the innermost.
      if innermost[range.lowerBound] != loop.parent {
        report(range.lowerBound, nil, "loop \(index) has another parent")
      }
      for block in range {
        innermost[block] = Int32(index)
        depths[block] &+= 1
      }
      if range.contains(loop.preheader.index) { report(loop.preheader.index, nil, "a preheader inside its loop") }
      if function.blocks[loop.preheader.index].edgeCount != 1 {
        report(loop.preheader.index, nil, "a preheader with more ways out than one")
      }
    }
    for (source, block) in function.blocks.enumerated() {
      for edge in function.edges(of: block) {
        var loop = innermost[edge.target.index]
        while loop >= 0 {
          let entered = function.loops[Int(loop)]
          if source >= entered.header.index, source < entered.end.index { break }
          if edge.target != entered.header || source != entered.preheader.index {
            report(source, nil, "an edge into loop \(loop) that is not from its preheader to its header")
          }
          loop = entered.parent
        }
      }
    }
    for (index, block) in function.blocks.enumerated() {
      if block.loop != innermost[index] { report(index, nil, "in loop \(block.loop), should be \(innermost[index])") }
      if block.loopDepth != depths[index] {
        report(index, nil, "loop depth \(block.loopDepth), should be \(depths[index])")
      }
    }
  }

  private mutating func checkDefinitions() {
    home = Array(repeating: (-1, -1), count: function.instructions.count)
    for (index, block) in function.blocks.enumerated() {
      for (place, value) in function.parameters(of: block).enumerated() {
        if home[value.index].block >= 0 { report(index, value, "is made twice") }
        home[value.index] = (Int32(index), -1)
        let instruction = function[value]
        if instruction.operation != .parameter || instruction.imm != Int64(place) || instruction.type == .none {
          report(index, value, "is not parameter \(place)")
        }
      }
      for (place, value) in function.instructions(of: block).enumerated() {
        if home[value.index].block >= 0 { report(index, value, "is made twice") }
        home[value.index] = (Int32(index), Int32(place))
        if function[value].operation == .parameter { report(index, value, "a parameter among instructions") }
      }
    }
    let entry = function.parameters(of: function.blocks[0]).map { function.type($0) }
    if entry != function.parameterTypes { report(0, nil, "the parameters are not those of the function") }
  }

  private mutating func checkLooks() {
    guard let looksAtEntry = function.looksAtEntry, !function.lacksLooks, environment?.isInterruptible != false
    else { return }
    let plan = LookPlan(function)
    if plan.looksAtEntry, !looksAtEntry { report(0, nil, "does not look at the interrupt word when it is entered") }
    for header in plan.endless { report(header, nil, "a loop without a look at the interrupt word") }
    for place in plan.lacking {
      report(place.block, function.order[place.index], "too long a path without a look at the interrupt word")
    }
  }

  // MARK: Uses

  private mutating func checkUses(_ dominators: Dominators) {
    for (index, block) in function.blocks.enumerated() where dominators.isReachable(index) {
      for (place, value) in function.instructions(of: block).enumerated() {
        function.forEachOperand(function[value]) { operand in
          check(operand, isAvailableIn: index, before: place, user: value, dominators)
        }
      }
      let exceptionEdge = function.exceptionEdge(of: block)
      for (place, edge) in function.edges(of: block).enumerated() {
        var end = function.instructions(of: block).count
        if Int(block.firstEdge) + place == exceptionEdge { end = endAtException(block) }
        for argument in function.argumentSlice(edge.argumentStart, edge.argumentCount) {
          check(argument, isAvailableIn: index, before: end, user: function.last(of: block), dominators)
        }
      }
    }
  }

  private mutating func check(
    _ operand: IRValue, isAvailableIn block: Int, before place: Int, user: IRValue?, _ dominators: Dominators
  ) {
    let home = home[operand.index]
    guard home.block >= 0 else { return report(block, user, "v\(operand.id) is made nowhere") }
    if !function[operand].makesValue { return report(block, user, "v\(operand.id) is no value") }
    if !isMade(operand, before: place, in: block, dominators) {
      report(block, user, "v\(operand.id) of block\(home.block) does not dominate this use")
    }
  }

  private func isMade(_ value: IRValue, before place: Int, in block: Int, _ dominators: Dominators) -> Bool {
    let home = home[value.index]
    return Int(home.block) == block ? Int(home.place) < place : dominators.dominates(Int(home.block), block)
  }

  /// Whether an instruction is executed on every path to another one.
  func isBefore(_ first: IRValue, _ second: IRValue, _ dominators: Dominators) -> Bool {
    let user = home[second.index]
    return isMade(first, before: Int(user.place), in: Int(user.block), dominators)
  }

  /// How far a block has come when an exception leaves it: a call that throws has no result.
  private func endAtException(_ block: IRBlock) -> Int {
    guard let last = function.last(of: block), function[last].operation == .jumpOrCatch else {
      return function.instructions(of: block).count
    }
    return function.instructions(of: block).lastIndex { function[$0].operation.isCall }.map {
      $0 - Int(block.first + block.parameterCount)
    }
      ?? function.instructions(of: block).count
  }

  private mutating func checkEdges() {
    for (index, block) in function.blocks.enumerated() {
      for edge in function.edges(of: block) {
        let parameters = function.parameters(of: function.blocks[edge.target.index])
        let arguments = function.argumentSlice(edge.argumentStart, edge.argumentCount)
        guard parameters.count == arguments.count else {
          report(
            index, nil, "\(arguments.count) values for the \(parameters.count) parameters of block\(edge.target.id)")
          continue
        }
        for (parameter, argument) in zip(parameters, arguments)
        where function.type(parameter) != function.type(argument) {
          report(index, nil, "v\(argument.id) has another type than v\(parameter.id) of block\(edge.target.id)")
        }
      }
    }
  }
}
