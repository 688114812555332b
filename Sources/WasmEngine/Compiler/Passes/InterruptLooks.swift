/// Puts looks at the interrupt word where there would be more than ``LookBudget`` allows without one. The back edges of loops
/// have theirs from the front end.
enum InterruptLooks {
  static func run(_ function: inout IRFunction, _ environment: CompilationEnvironment) {
    guard environment.isInterruptible else {
      function.looksAtEntry = false
      return
    }
    let plan = LookPlan(function)
    function.looksAtEntry = plan.looksAtEntry
    insert(plan.lacking, into: &function, environment)
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
