// Instructions that the runtime carries out: bulk operations, growth, tables, exceptions.

// What a handler here does is a function of its own, so that the handlers stay so small that the optimiser does not merge
// them: a merged handler no longer ends in a jump.

/// Goes on behind the instruction unless it came to an end.
@inline(__always)
private func next(
  _ status: UInt64, _ pc: CodePointer, _ words: Int, _ fp: FramePointer, _ context: ContextPointer
) -> UInt64 {
  status == ExecutionStatus.completed.rawValue ? next(pc, words, fp, context) : status
}

/// Runs a piece of the runtime that may trap, with what a backtrace needs in place.
@inline(__always)
private func runtime(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ body: (VMContext) -> ExecutionStatus
) -> UInt64 {
  let store = VMContext(context).store
  store[StoreContext.lastFrameOffset] = UInt64(UInt(bitPattern: fp))
  store[StoreContext.lastPositionOffset] = UInt64(UInt(bitPattern: pc))
  // The host may be asked before something grows, and it may call the guest: behind the whole of this frame.
  let record = FunctionRecord(fp.load(fromByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self))
  let frameSize = record.interpreterCode.load(fromByteOffset: CodeHeader.frameSizeOffset, as: Int.self)
  store[StoreContext.valueStackTopOffset] = UInt64(UInt(bitPattern: fp + frameSize))
  return body(VMContext(context)).rawValue
}

/// The operand at an index, as the slot of an address, index or count of either type.
@inline(__always)
private func address(_ pc: CodePointer, _ fp: FramePointer, _ index: Int, is64: Bool) -> UInt64 {
  is64 ? UInt64.read(fp + operand(pc, index)) : UInt64(UInt32.read(fp + operand(pc, index)))
}

/// The result of a growth, all ones where it failed.
@inline(__always)
private func writeAddress(_ value: UInt64, _ pc: CodePointer, _ fp: FramePointer, is64: Bool) {
  (is64 ? value : value & 0xFFFF_FFFF).write(fp + operand(pc, 0))
}

extension HandlerTable {
  func addRuntimeCalls() {
    addMemoryCalls()
    addTableCalls()
    addExceptions()
    addWideArithmetic()
  }

  private func addMemoryCalls() {
    // `result, record, shift`
    set(.memorySize) { pc, fp, context in
      let count = (context + operand(pc, 1)).load(fromByteOffset: 8, as: UInt64.self)
      (count >> UInt64(operand32(pc, 2))).write(fp + operand(pc, 0))
      return next(pc, 3, fp, context)
    }
    set(.memoryGrow) { next(memoryGrow($0, $1, $2), $0, 4, $1, $2) }
    set(.memoryCopy) { next(memoryCopy($0, $1, $2), $0, 6, $1, $2) }
    set(.memoryFill) { next(memoryFill($0, $1, $2), $0, 5, $1, $2) }
    set(.memoryInit) { next(memoryInit($0, $1, $2), $0, 6, $1, $2) }
    set(.dataDrop) { next(dataDrop($0, $1, $2), $0, 1, $1, $2) }
    set(.memoryDiscard) { next(memoryDiscard($0, $1, $2), $0, 4, $1, $2) }
  }

  private func addTableCalls() {
    set(.tableGet) { next(tableGet($0, $1, $2), $0, 4, $1, $2) }
    set(.tableSet) { next(tableSet($0, $1, $2), $0, 4, $1, $2) }
    set(.tableGrow) { next(tableGrow($0, $1, $2), $0, 5, $1, $2) }
    set(.tableFill) { next(tableFill($0, $1, $2), $0, 5, $1, $2) }
    set(.tableCopy) { next(tableCopy($0, $1, $2), $0, 6, $1, $2) }
    set(.tableInit) { next(tableInit($0, $1, $2), $0, 6, $1, $2) }
    set(.elemDrop) { next(elemDrop($0, $1, $2), $0, 1, $1, $2) }
  }

  private func addExceptions() {
    // `tag, first slot, count of slots`
    set(.throw) { pc, fp, context in
      let store = VMContext(context).store
      store[StoreContext.lastFrameOffset] = UInt64(UInt(bitPattern: fp))
      store[StoreContext.lastPositionOffset] = UInt64(UInt(bitPattern: pc))
      let word = RuntimeCalls.makeException(
        VMContext(context), tag: operand32(pc, 0),
        slots: (fp + operand(pc, 1)).assumingMemoryBound(to: UInt64.self), count: operand32(pc, 2))
      guard word != 0 else { return trap(.outOfMemory, pc, fp, context) }
      store[StoreContext.pendingExceptionOffset] = word
      return Interpreter.unwind(pc, fp, context)
    }
    // `a`
    set(.throwRef) { pc, fp, context in
      let word = UInt64.read(fp + operand(pc, 0))
      guard word != 0 else { return trap(.nullExceptionReference, pc, fp, context) }
      let store = VMContext(context).store
      store[StoreContext.pendingExceptionOffset] = word
      store[StoreContext.lastFrameOffset] = UInt64(UInt(bitPattern: fp))
      store[StoreContext.lastPositionOffset] = UInt64(UInt(bitPattern: pc))
      return Interpreter.unwind(pc, fp, context)
    }
  }

  private func addWideArithmetic() {
    // `result (two slots), a low, a high, b low, b high`
    set(.i64Add128) { wide($0, $1, $2) { Numerics.add128($0, $1) } }
    set(.i64Sub128) { wide($0, $1, $2) { Numerics.sub128($0, $1) } }
    // `result (two slots), a, b`
    set(.i64MulWideS) { pc, fp, context in
      let product = Numerics.multiplyWideSigned(
        Int64.read(fp + operand(pc, 1)), Int64.read(fp + operand(pc, 2)))
      product.low.write(fp + operand(pc, 0))
      product.high.write(fp + operand(pc, 0) + 8)
      return next(pc, 3, fp, context)
    }
    set(.i64MulWideU) { pc, fp, context in
      let product = Numerics.multiplyWideUnsigned(
        UInt64.read(fp + operand(pc, 1)), UInt64.read(fp + operand(pc, 2)))
      product.low.write(fp + operand(pc, 0))
      product.high.write(fp + operand(pc, 0) + 8)
      return next(pc, 3, fp, context)
    }
  }
}

@inline(__always)
private func wide(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer,
  _ operation: (Numerics.Wide, Numerics.Wide) -> Numerics.Wide
) -> UInt64 {
  let a = (low: UInt64.read(fp + operand(pc, 1)), high: UInt64.read(fp + operand(pc, 2)))
  let b = (low: UInt64.read(fp + operand(pc, 3)), high: UInt64.read(fp + operand(pc, 4)))
  let result = operation(a, b)
  result.low.write(fp + operand(pc, 0))
  result.high.write(fp + operand(pc, 0) + 8)
  return next(pc, 5, fp, context)
}

/// `result, delta, memory, is64`
@inline(never)
private func memoryGrow(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 3) != 0
    let old = RuntimeCalls.memoryGrow(instance, operand32(pc, 2), by: address(pc, fp, 1, is64: is64))
    writeAddress(old, pc, fp, is64: is64)
    return .completed
  }
}

/// `to, from, count, target memory, source memory, is64 (bit 0 to, 1 from, 2 count)`
@inline(never)
private func memoryCopy(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 5)
    return RuntimeCalls.memoryCopy(
      instance, operand32(pc, 3), operand32(pc, 4), to: address(pc, fp, 0, is64: is64 & 1 != 0),
      from: address(pc, fp, 1, is64: is64 & 2 != 0), count: address(pc, fp, 2, is64: is64 & 4 != 0))
  }
}

/// `at, value, count, memory, is64`
@inline(never)
private func memoryFill(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 4) != 0
    return RuntimeCalls.memoryFill(
      instance, operand32(pc, 3), at: address(pc, fp, 0, is64: is64), value: UInt32.read(fp + operand(pc, 1)),
      count: address(pc, fp, 2, is64: is64))
  }
}

/// `to, from, count, memory, segment, is64`
@inline(never)
private func memoryInit(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    return RuntimeCalls.memoryInit(
      instance, operand32(pc, 3), segment: operand32(pc, 4),
      to: address(pc, fp, 0, is64: operand32(pc, 5) != 0), from: address(pc, fp, 1, is64: false),
      count: address(pc, fp, 2, is64: false))
  }
}

/// `segment`
@inline(never)
private func dataDrop(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    RuntimeCalls.dataDrop(instance, segment: operand32(pc, 0))
    return .completed
  }
}

/// `at, count, memory, is64`
@inline(never)
private func memoryDiscard(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 3) != 0
    return RuntimeCalls.memoryDiscard(
      instance, operand32(pc, 2), at: address(pc, fp, 0, is64: is64), count: address(pc, fp, 1, is64: is64))
  }
}

/// `result, index, table, is64`
@inline(never)
private func tableGet(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    return RuntimeCalls.tableGet(
      instance, operand32(pc, 2), at: address(pc, fp, 1, is64: operand32(pc, 3) != 0),
      into: (fp + operand(pc, 0)).assumingMemoryBound(to: UInt64.self))
  }
}

/// `index, value, table, is64`
@inline(never)
private func tableSet(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    return RuntimeCalls.tableSet(
      instance, operand32(pc, 2), at: address(pc, fp, 0, is64: operand32(pc, 3) != 0),
      UInt64.read(fp + operand(pc, 1)))
  }
}

/// `result, value, delta, table, is64`
@inline(never)
private func tableGrow(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 4) != 0
    let old = RuntimeCalls.tableGrow(
      instance, operand32(pc, 3), by: address(pc, fp, 2, is64: is64), filledWith: UInt64.read(fp + operand(pc, 1)))
    writeAddress(old, pc, fp, is64: is64)
    return .completed
  }
}

/// `at, value, count, table, is64`
@inline(never)
private func tableFill(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 4) != 0
    return RuntimeCalls.tableFill(
      instance, operand32(pc, 3), at: address(pc, fp, 0, is64: is64), UInt64.read(fp + operand(pc, 1)),
      count: address(pc, fp, 2, is64: is64))
  }
}

/// `to, from, count, target table, source table, is64 (bit 0 to, 1 from, 2 count)`
@inline(never)
private func tableCopy(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    let is64 = operand32(pc, 5)
    return RuntimeCalls.tableCopy(
      instance, operand32(pc, 3), operand32(pc, 4), to: address(pc, fp, 0, is64: is64 & 1 != 0),
      from: address(pc, fp, 1, is64: is64 & 2 != 0), count: address(pc, fp, 2, is64: is64 & 4 != 0))
  }
}

/// `to, from, count, table, segment, is64`
@inline(never)
private func tableInit(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    return RuntimeCalls.tableInit(
      instance, operand32(pc, 3), segment: operand32(pc, 4),
      to: address(pc, fp, 0, is64: operand32(pc, 5) != 0), from: address(pc, fp, 1, is64: false),
      count: address(pc, fp, 2, is64: false))
  }
}

/// `segment`
@inline(never)
private func elemDrop(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  runtime(pc, fp, context) { instance in
    RuntimeCalls.elemDrop(instance, segment: operand32(pc, 0))
    return .completed
  }
}
