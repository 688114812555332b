// The shapes of handlers with an immediate operand, and of those that join a comparison and a branch.

/// `result, a, immediate` (4 bytes): the immediate is the second operand
@inline(__always)
func constantRight<A: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, Int32) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), Int32(truncatingIfNeeded: operand(pc, 2))).write(fp + operand(pc, 0))
  return next(pc, 3, fp, context)
}

/// `result, a, immediate` (8 bytes)
@inline(__always)
func constantRight64<A: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, UInt64) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), operand64(pc, 2)).write(fp + operand(pc, 0))
  return next(pc, 4, fp, context)
}

/// Where a branch goes, if it is one to a loop: the interrupt word has its say first.
@inline(__always)
func branch(_ displacement: Int, back: Bool, _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64
{
  if back, VMContext(context).store[StoreContext.interruptOffset] != 0 { return interrupt(pc, fp, context) }
  return execute(pc + displacement, fp, context)
}

/// Ends the execution because the interrupt word says so.
@inline(never)
func interrupt(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  let store = VMContext(context).store
  return trap(RuntimeCalls.store(store).interruptHandle.takeReason(store), pc, fp, context)
}

/// `a, displacement`
@inline(__always)
func branchIf<A: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, back: Bool = false, _ condition: (A) -> Bool
) -> UInt64 {
  if condition(A.read(fp + operand(pc, 0))) { return branch(operand(pc, 1), back: back, pc, fp, context) }
  return next(pc, 2, fp, context)
}

/// `a, b, displacement`
@inline(__always)
func branchIf<A: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, back: Bool = false, _ condition: (A, A) -> Bool
) -> UInt64 {
  if condition(A.read(fp + operand(pc, 0)), A.read(fp + operand(pc, 1))) {
    return branch(operand(pc, 2), back: back, pc, fp, context)
  }
  return next(pc, 3, fp, context)
}

/// `a, immediate, displacement`
@inline(__always)
func branchIfConstant<A: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, back: Bool = false, _ condition: (A, Int32) -> Bool
) -> UInt64 {
  if condition(A.read(fp + operand(pc, 0)), Int32(truncatingIfNeeded: operand(pc, 1))) {
    return branch(operand(pc, 2), back: back, pc, fp, context)
  }
  return next(pc, 3, fp, context)
}
