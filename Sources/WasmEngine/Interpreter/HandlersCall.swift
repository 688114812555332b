// Calls and returns (Core 3.0, 4.6.10). A call needs no native stack: the return address is in the frame's link.

/// Enters a function whose arguments stand below `newFrame - FrameLayout.linkSize`.
@inline(__always)
private func enter(
  _ record: UnsafeMutableRawPointer, in calleeContext: ContextPointer, _ newFrame: FramePointer, length: Int,
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer
) -> UInt64 {
  let code = record.load(fromByteOffset: FunctionRecord.interpreterCodeOffset, as: UnsafeMutableRawPointer.self)
  let store = VMContext(context).store
  let end = UInt(bitPattern: newFrame) &+ code.load(fromByteOffset: CodeHeader.frameSizeOffset, as: UInt.self)
  guard end <= UInt(store[StoreContext.valueStackLimitOffset]) else {
    return trap(.callStackExhausted, pc, fp, context)
  }
  guard store[StoreContext.interruptOffset] == 0 else { return interrupt(pc, fp, context) }
  newFrame.storeBytes(of: context, toByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
  newFrame.storeBytes(of: pc + length, toByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
  newFrame.storeBytes(of: fp, toByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
  newFrame.storeBytes(of: record, toByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self)
  return execute(UnsafeRawPointer(code + CodeHeader.size), newFrame, calleeContext)
}

/// Replaces the frame by that of another function: moves the arguments, keeps where it returns to.
@inline(__always)
private func replace(
  with record: UnsafeMutableRawPointer, in calleeContext: ContextPointer,
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer
) -> UInt64 {
  let code = record.load(fromByteOffset: FunctionRecord.interpreterCodeOffset, as: UnsafeMutableRawPointer.self)
  let newFrame = fp + operand(pc, 0)
  let store = VMContext(context).store
  let end = UInt(bitPattern: newFrame) &+ code.load(fromByteOffset: CodeHeader.frameSizeOffset, as: UInt.self)
  guard end <= UInt(store[StoreContext.valueStackLimitOffset]) else {
    return trap(.callStackExhausted, pc, fp, context)
  }
  guard store[StoreContext.interruptOffset] == 0 else { return interrupt(pc, fp, context) }
  let callerContext = fp.load(fromByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
  let returnAddress = fp.load(fromByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
  let callerFrame = fp.load(fromByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
  // The target lies below the source, so ascending order never overwrites what is still to be read.
  var target = fp + operand(pc, 1)
  var source = fp + operand(pc, 2)
  let last = source + operand(pc, 3) * FrameLayout.slotSize
  while source < last {
    UInt64.read(source).write(target)
    source += FrameLayout.slotSize
    target += FrameLayout.slotSize
  }
  newFrame.storeBytes(
    of: callerContext, toByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
  newFrame.storeBytes(of: returnAddress, toByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
  newFrame.storeBytes(of: callerFrame, toByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
  newFrame.storeBytes(of: record, toByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self)
  // The link keeps the context of the frame to return to; a host function is told by its own of the one that called it.
  let isHost = calleeContext != context && VMContext(calleeContext).word(VMContext.instanceOffset) == 0
  return execute(UnsafeRawPointer(code + CodeHeader.size), newFrame, isHost ? context : calleeContext)
}

@inline(__always)
private func contextOf(_ record: UnsafeMutableRawPointer) -> ContextPointer {
  record.load(fromByteOffset: FunctionRecord.contextOffset, as: UnsafeMutableRawPointer.self)
}

/// The record that call_indirect calls, if the table has one there of exactly the type.
@inline(__always)
private func element(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, first: Int, is64: Bool
) -> UnsafeMutableRawPointer? {
  let slot = fp + operand(pc, first)
  let index = is64 ? UInt64.read(slot) : UInt64(UInt32.read(slot))
  let table = context + operand(pc, first + 1)
  guard index < table.load(fromByteOffset: 8, as: UInt64.self) else { return nil }
  let elements = table.load(as: UnsafeMutablePointer<UInt>.self)
  guard let record = UnsafeMutableRawPointer(bitPattern: elements[Int(index)]),
    record.load(fromByteOffset: FunctionRecord.typeOffset, as: UInt32.self) == operand32(pc, first + 2)
  else { return nil }
  return record
}

/// The same where it is not that simple: a subtype, or what the trap is (Core 3.0, 4.6.10).
private func slowElement(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, first: Int, is64: Bool
) -> (record: UnsafeMutableRawPointer?, trap: Trap.Kind) {
  let slot = fp + operand(pc, first)
  let index = is64 ? UInt64.read(slot) : UInt64(UInt32.read(slot))
  let table = context + operand(pc, first + 1)
  guard index < table.load(fromByteOffset: 8, as: UInt64.self) else { return (nil, .undefinedElement) }
  let elements = table.load(as: UnsafeMutablePointer<UInt>.self)
  guard let record = UnsafeMutableRawPointer(bitPattern: elements[Int(index)]) else {
    VMContext(context).store[StoreContext.trapAddressOffset] = index
    return (nil, .uninitializedElement)
  }
  let type = FunctionRecord(record).typeID
  guard RuntimeCalls.isSubtype(VMContext(context), type, of: operand32(pc, first + 2)) else {
    return (nil, .indirectCallTypeMismatch)
  }
  return (record, .unreachable)
}

@inline(never)
private func callIndirectSlow(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool
) -> UInt64 {
  let element = slowElement(pc, fp, context, first: 1, is64: is64)
  guard let record = element.record else { return trap(element.trap, pc, fp, context) }
  return enter(record, in: contextOf(record), fp + operand(pc, 0), length: 24, pc, fp, context)
}

@inline(never)
private func returnCallIndirectSlow(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool
) -> UInt64 {
  let element = slowElement(pc, fp, context, first: 4, is64: is64)
  guard let record = element.record else { return trap(element.trap, pc, fp, context) }
  return replace(with: record, in: contextOf(record), pc, fp, context)
}

@inline(__always)
private func callIndirect(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool) -> UInt64 {
  guard let record = element(pc, fp, context, first: 1, is64: is64) else {
    return callIndirectSlow(pc, fp, context, is64: is64)
  }
  return enter(record, in: contextOf(record), fp + operand(pc, 0), length: 24, pc, fp, context)
}

@inline(__always)
private func returnCallIndirect(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool
) -> UInt64 {
  guard let record = element(pc, fp, context, first: 4, is64: is64) else {
    return returnCallIndirectSlow(pc, fp, context, is64: is64)
  }
  return replace(with: record, in: contextOf(record), pc, fp, context)
}

/// Goes on in the caller of the frame `fp`.
@inline(__always)
func leave(_ fp: FramePointer) -> UInt64 {
  execute(
    fp.load(fromByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self),
    fp.load(fromByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self),
    fp.load(fromByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self))
}

extension HandlerTable {
  func addCalls() {
    set(.call) { pc, fp, context in
      enter(context + operand(pc, 1), in: context, fp + operand(pc, 0), length: 16, pc, fp, context)
    }
    set(.callImported) { pc, fp, context in
      let record = VMContext(context).pointer(operand(pc, 1))
      return enter(record, in: contextOf(record), fp + operand(pc, 0), length: 16, pc, fp, context)
    }
    set(.callIndirect) { callIndirect($0, $1, $2, is64: false) }
    set(.callIndirect64) { callIndirect($0, $1, $2, is64: true) }
    set(.callReference) { pc, fp, context in
      guard let record = UnsafeMutableRawPointer(bitPattern: UInt(UInt64.read(fp + operand(pc, 1)))) else {
        return trap(.nullFunctionReference, pc, fp, context)
      }
      return enter(record, in: contextOf(record), fp + operand(pc, 0), length: 16, pc, fp, context)
    }
    set(.returnCall) { pc, fp, context in replace(with: context + operand(pc, 4), in: context, pc, fp, context) }
    set(.returnCallImported) { pc, fp, context in
      let record = VMContext(context).pointer(operand(pc, 4))
      return replace(with: record, in: contextOf(record), pc, fp, context)
    }
    set(.returnCallIndirect) { returnCallIndirect($0, $1, $2, is64: false) }
    set(.returnCallIndirect64) { returnCallIndirect($0, $1, $2, is64: true) }
    set(.returnCallReference) { pc, fp, context in
      guard let record = UnsafeMutableRawPointer(bitPattern: UInt(UInt64.read(fp + operand(pc, 4)))) else {
        return trap(.nullFunctionReference, pc, fp, context)
      }
      return replace(with: record, in: contextOf(record), pc, fp, context)
    }
    set(.return) { pc, fp, context in leave(fp) }
    set(.returnOne) { pc, fp, context in
      UInt64.read(fp + operand(pc, 0)).write(fp + operand(pc, 1))
      return leave(fp)
    }
    set(.returnConstant) { pc, fp, context in
      operand64(pc, 0).write(fp + operand(pc, 2))
      return leave(fp)
    }
    set(.exit) { pc, fp, context in ExecutionStatus.completed.rawValue }
    set(.translate) { translateAndEnter($0, $1, $2) }
    set(.host) { callHost($0, $1, $2) }
  }
}

/// The stub of a function that has not run yet in its instance.
@inline(never)
private func translateAndEnter(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  let record = FunctionRecord(
    fp.load(fromByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self))
  guard let code = Interpreter.translate(record) else { return trap(.outOfMemory, pc, fp, context) }
  record.interpreterCode = code
  let end = UInt(bitPattern: fp) &+ code.load(fromByteOffset: CodeHeader.frameSizeOffset, as: UInt.self)
  guard end <= UInt(VMContext(context).store[StoreContext.valueStackLimitOffset]) else {
    return trap(.callStackExhausted, pc, fp, context)
  }
  return execute(UnsafeRawPointer(code + CodeHeader.size), fp, context)
}

/// The stub of a host function. Its context is that of the instance that called it by a tail call, or its own: then the caller
/// is the frame to return to.
@inline(never)
private func callHost(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  let record = FunctionRecord(
    fp.load(fromByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self))
  let isTailCall = VMContext(context).word(VMContext.instanceOffset) != 0
  let callerContext =
    isTailCall ? context : fp.load(fromByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
  let store = VMContext(context).store
  store[StoreContext.lastFrameOffset] = UInt64(UInt(bitPattern: fp))
  store[StoreContext.lastPositionOffset] = UInt64(UInt(bitPattern: pc))
  store[StoreContext.valueStackTopOffset] = UInt64(UInt(bitPattern: fp))
  let slots = (fp - operand(pc, 0)).assumingMemoryBound(to: UInt64.self)
  switch RuntimeCalls.hostCall(record, caller: VMContext(callerContext), slots: slots) {
  case .completed:
    // As in machine code: who stops the execution from a host function need not wait for the next call.
    guard store[StoreContext.interruptOffset] == 0 else { return RuntimeCalls.interrupted(store).rawValue }
    return leave(fp)
  case .threw: return Interpreter.unwind(pc, fp, context)
  case let status: return status.rawValue
  }
}
