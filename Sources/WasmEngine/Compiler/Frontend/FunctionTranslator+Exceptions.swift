import WebAssembly

/// Exceptions (Core 3.0, 4.6.9). A call in guarded code ends its block: one edge goes on behind it, the other goes to the
/// handler, which is one block for each try_table. It takes the locals that the guarded code assigns as parameters and the
/// exception from the store, and finds the clause. What no clause catches goes on to the handler around it, or is thrown
/// again.
extension FunctionTranslator {
  mutating func startTryTable(_ instruction: Instruction) {
    enter(.tryTable, instruction.blockType)
    controls[controls.count - 1].clauses = tryTables.count
    tryTables.append(instruction)
    controls[controls.count - 1].outerTry = innermostTry
    guard instruction.vectorCount > 0 else { return }
    innermostTry = controls.count - 1
    // All that throws in a block goes on at one place, so calls that stand in front stay in a block of their own.
    let next = IREdge(
      target: IRBlockID(ir.blocks.count), argumentStart: UInt32(ir.arguments.count), argumentCount: 0)
    endBlock(IRInstruction(.jump, .none), edges: [next])
    startBlock()
  }

  /// Behind a call: an exception that comes out of it is caught where the code is guarded.
  mutating func endGuardedCall() {
    guard innermostTry >= 0 else { return }
    let next = IREdge(
      target: IRBlockID(ir.blocks.count), argumentStart: UInt32(ir.arguments.count), argumentCount: 0)
    endBlock(IRInstruction(.jumpOrCatch, .none), edges: [next, handlerEdge(at: ir.edges.count + 1)])
    startBlock()
  }

  /// An edge to the handler of the innermost guarded code, which will have the number `index`.
  private mutating func handlerEdge(at index: Int) -> IREdge {
    let start = ir.arguments.count
    for local in assigned.locals(of: controls[innermostTry].construct) { ir.arguments.append(locals[Int(local)]) }
    pending.append((index, controls[innermostTry].exceptions))
    controls[innermostTry].exceptions = pending.count - 1
    return IREdge(
      target: IRBlockID(0), argumentStart: UInt32(start), argumentCount: UInt32(ir.arguments.count - start))
  }

  mutating func translateThrow(_ instruction: Instruction) {
    let type = environment.functionType(environment.module.spaces.tags[Int(instruction.index)])
    let types = type.parameters.map { IRType($0) }
    let payload = Array(stack[(stack.count - types.count)...])
    stack.removeLast(types.count)
    let slotCount = types.reduce(0) { $0 + ($1 == .v128 ? 2 : 1) }
    let exception = runtimeCall(
      .makeException, .i64, [constant(.i64, Int64(instruction.index)), constant(.i64, Int64(slotCount))],
      canTrap: false, changesState: false)
    trapIf(compare(.equal, exception, constant(.i64, 0)), .outOfMemory)
    var offset = ExceptionRecord.slotsOffset
    for (value, type) in zip(payload, types) {
      // Slots hold 32-bit values with a clear upper half, as everywhere.
      let word =
        switch type {
        case .i32: zeroExtend(value)
        case .f32: zeroExtend(make(IRInstruction(.reinterpret, .i32, value)))
        default: value
        }
      append(IRInstruction(.contextStore, .none, exception, word, imm: Int64(offset)))
      offset += type == .v128 ? 16 : 8
    }
    throwReference(exception)
  }

  /// Throws an exception that is not null.
  mutating func throwReference(_ exception: IRValue) {
    let edges = innermostTry >= 0 ? [handlerEdge(at: ir.edges.count)] : []
    endBlock(IRInstruction(.throwReference, .none, exception), edges: edges)
  }

  /// Ends guarded code: makes its handler, after which the construct ends as a block does.
  mutating func endTryTable(_ reader: InstructionReader) {
    let depth = controls.count - 1
    innermostTry = controls[depth].outerTry
    if controls[depth].exceptions >= 0 {
      if current != nil { branch(to: 0) }
      makeHandler(reader)
    }
    controls[depth].kind = .block
  }

  private mutating func makeHandler(_ reader: InstructionReader) {
    let control = controls[controls.count - 1]
    startColdBlock()
    values.leave(control.mark)
    _ = merge(control.exceptions)
    for (place, local) in assigned.locals(of: control.construct).enumerated() { locals[Int(local)] = merged[place] }
    stack.removeSubrange(control.height...)
    forgetState()
    let store = contextLoad(.i64, VMContext.storeOffset, .invariant)
    let exception = contextLoad(.i64, StoreContext.pendingExceptionOffset, .globals, base: store)
    for clause in reader.catchClauses(of: tryTables[control.clauses]) {
      guard clause.kind.hasTag else {
        // Every exception: what stands behind is never reached.
        return catchException(exception, clause)
      }
      let tag = contextLoad(.i64, ExceptionRecord.tagOffset, .globals, base: exception)
      let expected = contextLoad(.i64, environment.layout.tag(Int(clause.tag)), .invariant)
      let none = UInt32(ir.arguments.count)
      let next = IRBlockID(ir.blocks.count)
      endBlock(
        IRInstruction(.branch, .none, compare(.equal, tag, expected)),
        edges: [
          IREdge(target: next, argumentStart: none, argumentCount: 0),
          IREdge(target: IRBlockID(next.index + 1), argumentStart: none, argumentCount: 0),
        ])
      let mark = values.mark
      startColdBlock()
      catchException(exception, clause)
      values.leave(mark)
      startColdBlock()
    }
    if innermostTry >= 0 {
      endBlock(IRInstruction(.jump, .none), edges: [handlerEdge(at: ir.edges.count)])
    } else {
      throwReference(exception)
    }
  }

  private mutating func startColdBlock() {
    startBlock()
    ir.blocks[ir.blocks.count - 1].isCold = true
  }

  /// Takes what a clause takes of an exception to the clause's label.
  private mutating func catchException(_ exception: IRValue, _ clause: CatchClause) {
    let height = stack.count
    if clause.kind.hasTag {
      var offset = ExceptionRecord.slotsOffset
      let type = environment.functionType(environment.module.spaces.tags[Int(clause.tag)])
      for parameter in type.parameters {
        let type = IRType(parameter)
        push(contextLoad(type, offset, .globals, base: exception))
        offset += type == .v128 ? 16 : 8
      }
    }
    if clause.kind.pushesReference { push(exception) }
    _ = runtimeCall(
      .exceptionCaught, .none, [exception, constant(.i64, clause.kind.pushesReference ? 1 : 0)], canTrap: false)
    // The label is counted from outside the try_table.
    branch(to: Int(clause.label) + 1)
    stack.removeSubrange(height...)
  }
}
