import WebAssembly

extension FunctionTranslator {
  /// How many parameters and results a construct has.
  func arity(_ type: BlockType) -> (parameters: Int, results: Int) {
    switch type {
    case .empty: return (0, 0)
    case .value: return (0, 1)
    case .type(let index):
      let type = environment.functionType(index)
      return (type.parameters.count, type.results.count)
    }
  }

  /// In code that cannot be reached only the ends of constructs matter.
  mutating func skip(_ instruction: Instruction, _ reader: InstructionReader) throws(CompilationRefusal) {
    switch instruction.opcode {
    case .block, .loop, .if, .tryTable:
      skipping += 1
      nextConstruct += 1
    case .else:
      if skipping == 0 { startElse() }
    case .end:
      if skipping > 0 { skipping -= 1 } else { endConstruct(reader) }
    default:
      break
    }
  }

  /// Begins a construct.
  mutating func enter(_ kind: Control.Kind, _ type: BlockType) {
    let arity = arity(type)
    let construct = nextConstruct
    nextConstruct += 1
    let savedStart = savedLocals.count
    for local in assigned.locals(of: construct) { savedLocals.append(locals[Int(local)]) }
    controls.append(
      Control(
        kind: kind, construct: construct, height: stack.count - arity.parameters,
        parameterCount: arity.parameters, resultCount: arity.results, mark: values.mark, savedStart: savedStart,
        outerLoop: currentLoop))
  }

  mutating func startLoop(_ type: BlockType) throws(CompilationRefusal) {
    guard loopDepth < .max else { throw CompilationRefusal(reason: "its loops are nested too deep") }
    enter(.loop, type)
    let control = controls[controls.count - 1]
    let locals = assigned.locals(of: control.construct)
    // The header's parameters: the loop's own, then every local that the loop assigns.
    let arguments = UInt32(ir.arguments.count)
    ir.arguments.append(contentsOf: stack[control.height...])
    for local in locals { ir.arguments.append(self.locals[Int(local)]) }
    let preheader = current!
    let header = IRBlockID(ir.blocks.count)
    let edge = IREdge(
      target: header, argumentStart: arguments, argumentCount: UInt32(ir.arguments.count) - arguments)
    endBlock(IRInstruction(.jump, .none), edges: [edge])
    ir.loops.append(IRLoop(header: header, preheader: preheader, end: header, parent: currentLoop))
    currentLoop = Int32(ir.loops.count - 1)
    loopDepth += 1
    startBlock()
    controls[controls.count - 1].header = header
    for place in control.height..<stack.count { stack[place] = parameter(ir.type(stack[place]), of: header) }
    for local in locals { self.locals[Int(local)] = parameter(localTypes[Int(local)], of: header) }
    forgetState(growth: assigned.constructs[control.construct].hasCall)
  }

  /// A further parameter of a block.
  private mutating func parameter(_ type: IRType, of block: IRBlockID) -> IRValue {
    appendParameter(IRInstruction(.parameter, type, imm: Int64(ir.blocks[block.index].parameterCount)))
  }

  /// Ends the block that is being filled.
  mutating func endBlock(_ instruction: IRInstruction, edges: [IREdge]) {
    guard let block = current else { return }
    append(instruction)
    ir.blocks[block.index].end = UInt32(ir.order.count)
    ir.blocks[block.index].firstEdge = UInt32(ir.edges.count)
    ir.blocks[block.index].edgeCount = UInt32(edges.count)
    ir.edges.append(contentsOf: edges)
    current = nil
  }

  /// The edge of a branch to a label, with the values that it carries. An edge to the end of a construct waits for its
  /// block; `register` is to be called with its number once it is in the list of edges.
  mutating func edge(to depth: Int) -> IREdge {
    let control = controls[controls.count - 1 - depth]
    let count = control.kind == .loop ? control.parameterCount : control.resultCount
    let start = ir.arguments.count
    ir.arguments.append(contentsOf: stack[(stack.count - count)...])
    if control.construct >= 0 {
      for local in assigned.locals(of: control.construct) { ir.arguments.append(locals[Int(local)]) }
    }
    return IREdge(
      target: control.header ?? IRBlockID(0), argumentStart: UInt32(start),
      argumentCount: UInt32(ir.arguments.count - start))
  }

  mutating func registerPending(edge: Int, depth: Int) {
    let index = controls.count - 1 - depth
    guard controls[index].kind != .loop else { return }
    pending.append((edge, controls[index].pending))
    controls[index].pending = pending.count - 1
  }

  mutating func branch(to depth: Int) {
    let control = controls[controls.count - 1 - depth]
    if control.kind == .function { return returnResults() }
    if control.kind == .loop { interruptCheck() }
    let edge = edge(to: depth)
    registerPending(edge: ir.edges.count, depth: depth)
    endBlock(IRInstruction(.jump, .none), edges: [edge])
  }

  mutating func returnResults() {
    let count = controls[0].resultCount
    let arguments = pool(stack[(stack.count - count)...])
    endBlock(IRInstruction(.return, .none, IRValue(arguments.start), IRValue(arguments.count)), edges: [])
  }

  /// Branches if the condition holds, and goes on in a new block otherwise.
  mutating func branchIf(_ condition: IRValue, to depth: Int, likely: UInt16 = 0) {
    if let known = ir.constant(condition) {
      if known != 0 { branch(to: depth) }
      return
    }
    let control = controls[controls.count - 1 - depth]
    if control.kind == .loop { interruptCheck() }
    if control.kind == .function {
      // The return needs a block of its own.
      let target = IRBlockID(ir.blocks.count)
      let next = IRBlockID(ir.blocks.count + 1)
      let none = UInt32(ir.arguments.count)
      endBlock(
        IRInstruction(.branch, .none, condition, aux: likely),
        edges: [
          IREdge(target: target, argumentStart: none, argumentCount: 0),
          IREdge(target: next, argumentStart: none, argumentCount: 0),
        ])
      startBlock()
      returnResults()
      startBlock()
      return
    }
    let edge = edge(to: depth)
    let next = IRBlockID(ir.blocks.count)
    registerPending(edge: ir.edges.count, depth: depth)
    endBlock(
      IRInstruction(.branch, .none, condition, aux: likely),
      edges: [edge, IREdge(target: next, argumentStart: UInt32(ir.arguments.count), argumentCount: 0)])
    startBlock()
  }

  mutating func branchTable(_ index: IRValue, labels: [UInt32]) throws(CompilationRefusal) {
    let innermost = controls.count - 1
    var looks = false
    for label in labels { controls[innermost - Int(label)].tableEntries += 1 }
    for label in labels where controls[innermost - Int(label)].kind == .loop {
      // The blocks below look themselves.
      looks = looks || !needsRelay(Int(label))
    }
    if looks { interruptCheck() }
    var edges: [IREdge] = []
    var relayed: [UInt32] = []
    let first = ir.edges.count
    let none = UInt32(ir.arguments.count)
    for (place, label) in labels.enumerated() {
      if let relay = controls[innermost - Int(label)].relay {
        edges.append(IREdge(target: relay, argumentStart: none, argumentCount: 0))
      } else if needsRelay(Int(label)) {
        let relay = IRBlockID(ir.blocks.count + relayed.count)
        controls[innermost - Int(label)].relay = relay
        relayed.append(label)
        edges.append(IREdge(target: relay, argumentStart: none, argumentCount: 0))
      } else {
        edges.append(edge(to: Int(label)))
        registerPending(edge: first + place, depth: Int(label))
      }
    }
    for label in labels {
      controls[innermost - Int(label)].tableEntries = 0
      controls[innermost - Int(label)].relay = nil
    }
    endBlock(IRInstruction(.branchTable, .none, index), edges: edges)
    for label in relayed {
      let mark = values.mark
      startBlock()
      branch(to: Int(label))
      values.leave(mark)
    }
  }

  /// Whether a br_table reaches a label through a block of its own: one that takes values along and occurs several times,
  /// so that they are taken along once, or the function's end.
  private func needsRelay(_ depth: Int) -> Bool {
    let control = controls[controls.count - 1 - depth]
    return control.kind == .function || control.tableEntries > 1 && branchTakesValues(to: depth)
  }

  private func branchTakesValues(to depth: Int) -> Bool {
    let control = controls[controls.count - 1 - depth]
    if control.kind == .loop ? control.parameterCount > 0 : control.resultCount > 0 { return true }
    return control.construct >= 0 && !assigned.locals(of: control.construct).isEmpty
  }

  mutating func startIf(_ condition: IRValue, _ type: BlockType) {
    enter(.if, type)
    let next = IRBlockID(ir.blocks.count)
    let none = UInt32(ir.arguments.count)
    controls[controls.count - 1].elseEdge = ir.edges.count + 1
    // What the else branch finds on the stack.
    let height = controls[controls.count - 1].height
    savedLocals.append(contentsOf: stack[height...])
    endBlock(
      IRInstruction(.branch, .none, condition),
      edges: [
        IREdge(target: next, argumentStart: none, argumentCount: 0),
        IREdge(target: next, argumentStart: none, argumentCount: 0),
      ])
    startBlock()
  }

  /// Puts the operand stack and the locals back to what they were where the `if` began.
  private mutating func restore(_ control: Control) {
    let assigned = self.assigned.locals(of: control.construct)
    for (place, local) in assigned.enumerated() { locals[Int(local)] = savedLocals[control.savedStart + place] }
    stack.removeSubrange(control.height...)
    if control.kind == .if {
      let start = control.savedStart + assigned.count
      stack.append(contentsOf: savedLocals[start..<start + control.parameterCount])
    }
  }

  mutating func startElse() {
    let depth = controls.count - 1
    if current != nil { branch(to: 0) }
    let control = controls[depth]
    restore(control)
    controls[depth].kind = .else
    values.leave(control.mark)
    ir.edges[control.elseEdge].target = IRBlockID(ir.blocks.count)
    controls[depth].elseEdge = -1
    startBlock()
    forgetState(growth: assigned.constructs[control.construct].hasCall)
  }

  /// Ends the innermost construct: merges the paths that lead here.
  mutating func endConstruct(_ reader: InstructionReader) {
    let depth = controls.count - 1
    if controls[depth].kind == .function {
      if current != nil { returnResults() }
      controls.removeLast()
      return
    }
    if controls[depth].kind == .if { endIfWithoutElse() }
    if controls[depth].kind == .tryTable { endTryTable(reader) }
    let control = controls[depth]
    if control.kind == .loop {
      ir.loops[Int(currentLoop)].end = IRBlockID(ir.blocks.count)
      loopDepth -= 1
      currentLoop = control.outerLoop
      controls.removeLast()
      savedLocals.removeSubrange(control.savedStart...)
      // Code after the loop belongs to the outer one.
      if current != nil {
        let next = IREdge(
          target: IRBlockID(ir.blocks.count), argumentStart: UInt32(ir.arguments.count), argumentCount: 0)
        endBlock(IRInstruction(.jump, .none), edges: [next])
        startBlock()
      }
      return
    }
    if control.pending < 0 {
      // Nothing branches here: the code goes on in the same block, if it can.
      controls.removeLast()
      savedLocals.removeSubrange(control.savedStart...)
      return
    }
    if current != nil { branch(to: 0) }
    mergePaths(controls[depth])
    controls.removeLast()
    savedLocals.removeSubrange(control.savedStart...)
  }

  /// An `if` without `else`: the other path carries the parameters as results, and the locals unchanged.
  private mutating func endIfWithoutElse() {
    let depth = controls.count - 1
    let control = controls[depth]
    if current != nil { branch(to: 0) }
    let assigned = self.assigned.locals(of: control.construct)
    let start = ir.arguments.count
    let parameters = control.savedStart + assigned.count
    ir.arguments.append(contentsOf: savedLocals[parameters..<parameters + control.parameterCount])
    ir.arguments.append(contentsOf: savedLocals[control.savedStart..<control.savedStart + assigned.count])
    ir.edges[control.elseEdge].argumentStart = UInt32(start)
    ir.edges[control.elseEdge].argumentCount = UInt32(ir.arguments.count - start)
    registerPending(edge: control.elseEdge, depth: 0)
    controls[depth].kind = .block
  }

  /// Makes the block at a construct's end.
  private mutating func mergePaths(_ control: Control) {
    startBlock()
    values.leave(control.mark)
    let pathCount = merge(control.pending)
    stack.removeSubrange(control.height...)
    stack.append(contentsOf: merged[..<control.resultCount])
    for (place, local) in assigned.locals(of: control.construct).enumerated() {
      locals[Int(local)] = merged[control.resultCount + place]
    }
    if pathCount > 1 { forgetState(growth: assigned.constructs[control.construct].hasCall) }
  }

  /// Lets a list of pending edges end in the block that was just begun, and leaves in ``merged`` what the values are there
  /// that they bring. A value that is the same on all paths needs no parameter. Returns how many paths there are.
  mutating func merge(_ list: Int) -> Int {
    let block = IRBlockID(ir.blocks.count - 1)
    mergedEdges.removeAll(keepingCapacity: true)
    var link = list
    while link >= 0 {
      mergedEdges.append(pending[link].edge)
      link = pending[link].next
    }
    let first = ir.edges[mergedEdges[0]]
    let columns = Int(first.argumentCount)
    merged.removeAll(keepingCapacity: true)
    merged.append(contentsOf: ir.argumentSlice(first.argumentStart, first.argumentCount))
    differing.removeAll(keepingCapacity: true)
    if mergedEdges.count > 1 { findDiffering(columns) }
    for column in differing {
      merged[Int(column)] = parameter(ir.type(merged[Int(column)]), of: block)
    }
    for edge in mergedEdges {
      ir.edges[edge].target = block
      ir.edges[edge].argumentCount = UInt32(differing.count)
      var next = Int(ir.edges[edge].argumentStart)
      let start = next
      for column in differing {
        ir.arguments[next] = ir.arguments[start + Int(column)]
        next += 1
      }
    }
    return mergedEdges.count
  }

  /// Lists the columns in which the values of ``mergedEdges`` are not those of the first, which are in ``merged``.
  private mutating func findDiffering(_ columns: Int) {
    isDiffering.refill(false, count: columns)
    isDiffering.withUnsafeMutableBufferPointer { isDiffering in
      merged.withUnsafeBufferPointer { merged in
        ir.arguments.withUnsafeBufferPointer { arguments in
          for edge in mergedEdges.dropFirst() {
            let start = Int(ir.edges[edge].argumentStart)
            for column in 0..<columns where arguments[start + column] != merged[column] { isDiffering[column] = true }
          }
        }
      }
    }
    for column in 0..<columns where isDiffering[column] { differing.append(UInt32(column)) }
  }

  /// At the back edge of a loop, or after what may have taken long: leaves by a trap if the store's interrupt word is set.
  mutating func interruptCheck() {
    guard environment.isInterruptible else { return }
    let store = contextLoad(.i64, VMContext.storeOffset, .invariant)
    guard environment.usesGuardPages else {
      append(IRInstruction(.interruptCheck, .none, store))
      return
    }
    let page = contextLoad(.i64, StoreContext.interruptPageOffset, .invariant, base: store)
    append(IRInstruction(.interruptCheck, .none, page, aux: 1))
  }
}
