/// Puts looks at the interrupt word where there would be more than ``LookBudget`` allows without one. The back edges of loops
/// have theirs from the front end.
enum InterruptLooks {
  static func run(_ function: inout IRFunction, _ environment: CompilationEnvironment) {
    guard environment.isInterruptible else {
      function.looksAtEntry = false
      return
    }
    // A look in a loop that counts makes the loop last longer, so that what has been put in is read again. Each time a look
    // has room that the next time does not ask for.
    for round in (1...mostRounds).reversed() {
      let plan = LookPlan(function, reserve: round * LookPlan.lookUnits)
      function.looksAtEntry = plan.looksAtEntry
      let looks = plan.lacking + plan.endless.flatMap { backEdges(to: $0, function) }
      if looks.isEmpty { return }
      insert(looks, into: &function, environment)
    }
    function.lacksLooks = true
  }

  private static let mostRounds = 4

  /// In front of the branches back to the header of a loop.
  private static func backEdges(to header: Int, _ function: IRFunction) -> [LookPlan.Place] {
    (header..<function.loops[Int(function.blocks[header].loop)].end.index).compactMap { index in
      let block = function.blocks[index]
      guard function.edges(of: block).contains(where: { $0.target.index == header }) else { return nil }
      return LookPlan.Place(block: index, index: Int(block.end) - 1)
    }
  }

  /// A block that gets looks moves behind the others.
  private static func insert(
    _ looks: [LookPlan.Place], into function: inout IRFunction, _ environment: CompilationEnvironment
  ) {
    let looks = looks.sorted { ($0.block, $0.index) < ($1.block, $1.index) }
    var next = 0
    while next < looks.count {
      let index = looks[next].block
      let block = function.blocks[index]
      function.blocks[index].first = UInt32(function.order.count)
      for place in Int(block.first)..<Int(block.end) {
        if next < looks.count, looks[next].block == index, looks[next].index == place {
          appendLook(at: function.order[place], to: &function, environment)
          next += 1
        }
        function.order.append(function.order[place])
      }
      function.blocks[index].end = UInt32(function.order.count)
    }
  }

  private static func appendLook(
    at place: IRValue, to function: inout IRFunction, _ environment: CompilationEnvironment
  ) {
    let position = function.positions[place.index]
    func append(_ instruction: IRInstruction) -> IRValue {
      let value = IRValue(function.instructions.count)
      function.instructions.append(instruction)
      function.positions.append(position)
      function.order.append(value)
      return value
    }
    func load(_ base: IRValue, _ offset: Int) -> IRInstruction {
      IRInstruction(.contextLoad, .i64, base, imm: Int64(offset), aux: IRContextRegion.invariant.rawValue)
    }
    let store = append(load(.none, VMContext.storeOffset))
    guard environment.usesGuardPages else {
      _ = append(IRInstruction(.interruptCheck, .none, store))
      return
    }
    let page = append(load(store, StoreContext.interruptPageOffset))
    _ = append(IRInstruction(.interruptCheck, .none, page, aux: 1))
  }
}
