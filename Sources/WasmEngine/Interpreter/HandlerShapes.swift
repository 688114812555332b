// The shapes that most handlers have. A handler is a closure that calls one of these with what it computes; all of it is
// inlined. In each, `pc`, `fp` and `context` are the handler's own parameters.

/// `result, a`
@inline(__always)
func unary<A: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1))).write(fp + operand(pc, 0))
  return next(pc, 2, fp, context)
}

/// `result, a, b`
@inline(__always)
func binary<A: SlotValue, B: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, B) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), B.read(fp + operand(pc, 2))).write(fp + operand(pc, 0))
  return next(pc, 3, fp, context)
}

/// `result, a, b, c`
@inline(__always)
func ternary<A: SlotValue, B: SlotValue, C: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, B, C) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), B.read(fp + operand(pc, 2)), C.read(fp + operand(pc, 3)))
    .write(fp + operand(pc, 0))
  return next(pc, 4, fp, context)
}

/// `result, a, immediate` (4 bytes): a lane index, for instance
@inline(__always)
func unaryWithImmediate<A: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, UInt32) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), operand32(pc, 2)).write(fp + operand(pc, 0))
  return next(pc, 3, fp, context)
}

/// `result, a, b, immediate` (4 bytes): a lane index, for instance
@inline(__always)
func binaryWithImmediate<A: SlotValue, B: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, B, UInt32) -> R
) -> UInt64 {
  operation(A.read(fp + operand(pc, 1)), B.read(fp + operand(pc, 2)), operand32(pc, 3)).write(fp + operand(pc, 0))
  return next(pc, 4, fp, context)
}

/// `result, a`, where the operation can trap
@inline(__always)
func trappingUnary<A: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A) -> Numerics.Outcome<R>
) -> UInt64 {
  switch operation(A.read(fp + operand(pc, 1))) {
  case .value(let value):
    value.write(fp + operand(pc, 0))
    return next(pc, 2, fp, context)
  case .trap(let kind):
    return trap(kind, pc, fp, context)
  }
}

/// `result, a, b`, where the operation can trap
@inline(__always)
func trappingBinary<A: SlotValue, B: SlotValue, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (A, B) -> Numerics.Outcome<R>
) -> UInt64 {
  switch operation(A.read(fp + operand(pc, 1)), B.read(fp + operand(pc, 2))) {
  case .value(let value):
    value.write(fp + operand(pc, 0))
    return next(pc, 3, fp, context)
  case .trap(let kind):
    return trap(kind, pc, fp, context)
  }
}

/// The address operands of an instruction that accesses a memory: `…, address, …, record, offset`. In the table's variant
/// `.slots` the address is an i32 and the offset 4 bytes; in `.address64` the address is an i64 and the offset 8 bytes.
@inline(__always)
func effectiveAddress(
  _ pc: CodePointer, _ fp: FramePointer, address: Int, offset: Int, is64: Bool
) -> (value: UInt64, overflow: Bool) {
  if is64 {
    let (value, overflow) = UInt64.read(fp + operand(pc, address)).addingReportingOverflow(operand64(pc, offset))
    return (value, overflow)
  }
  return (UInt64(UInt32.read(fp + operand(pc, address))) &+ UInt64(operand32(pc, offset)), false)
}

// What follows cuts an address that is within bounds to an `Int`: memories have far fewer than 2^63 bytes, so that truncating
// loses nothing, and a check for that would cost each access.

/// Whether `width` bytes at an effective address lie within `count` bytes.
@inline(__always)
func isInBounds(_ address: (value: UInt64, overflow: Bool), _ width: Int, _ count: UInt64, is64: Bool) -> Bool {
  let end = address.value &+ UInt64(width)
  // With a 32-bit address the sum has at most 34 bits.
  return end <= count && (!is64 || (!address.overflow && end >= UInt64(width)))
}

/// `result, address, record, offset`: reads an `M` and makes the result of it
@inline(__always)
func load<M, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool, _ operation: (M) -> R
) -> UInt64 {
  let address = effectiveAddress(pc, fp, address: 1, offset: 3, is64: is64)
  let record = operand(pc, 2)
  let width = MemoryLayout<M>.size
  guard isInBounds(address, width, (context + record).load(fromByteOffset: 8, as: UInt64.self), is64: is64) else {
    return memoryTrap(pc, fp, context, record, address.value, UInt64(width))
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  operation((base + Int(truncatingIfNeeded: address.value)).loadUnaligned(as: M.self)).write(fp + operand(pc, 0))
  return next(pc, is64 ? 5 : 4, fp, context)
}

/// `address, value, record, offset`: writes what the operation makes of the value
@inline(__always)
func store<V: SlotValue, M>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool, _ operation: (V) -> M
) -> UInt64 {
  let address = effectiveAddress(pc, fp, address: 0, offset: 3, is64: is64)
  let record = operand(pc, 2)
  let width = MemoryLayout<M>.size
  // Stores go by the writable byte count, the third word of the record.
  guard isInBounds(address, width, (context + record).load(fromByteOffset: 16, as: UInt64.self), is64: is64) else {
    return memoryTrap(pc, fp, context, record, address.value, UInt64(width))
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  (base + Int(truncatingIfNeeded: address.value)).storeBytes(of: operation(V.read(fp + operand(pc, 1))), as: M.self)
  return next(pc, is64 ? 5 : 4, fp, context)
}

/// `result, address, vector, record, offset, lane` (4 bytes): reads an `M` and puts it into a vector
@inline(__always)
func loadLane<M, V: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, is64: Bool, _ operation: (V, M, UInt32) -> V
) -> UInt64 {
  let address = effectiveAddress(pc, fp, address: 1, offset: 4, is64: is64)
  let record = operand(pc, 3)
  let width = MemoryLayout<M>.size
  guard isInBounds(address, width, (context + record).load(fromByteOffset: 8, as: UInt64.self), is64: is64) else {
    return memoryTrap(pc, fp, context, record, address.value, UInt64(width))
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  let value = (base + Int(truncatingIfNeeded: address.value)).loadUnaligned(as: M.self)
  let lane = operand32(pc, is64 ? 6 : 5)
  operation(V.read(fp + operand(pc, 2)), value, lane).write(fp + operand(pc, 0))
  return next(pc, is64 ? 7 : 6, fp, context)
}

/// `result, a, b, record, offset`: the address is the 32-bit sum of two operands
@inline(__always)
func loadSum<M, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (M) -> R
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 1)) &+ UInt32.read(fp + operand(pc, 2))
  return loadAt(pc, fp, context, sum, record: 3, words: 5, operation)
}

/// `result, a, b, shift, record, offset`: the address is a + (b << shift), in 32 bits
@inline(__always)
func loadScaled<M, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (M) -> R
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 1)) &+ (UInt32.read(fp + operand(pc, 2)) &<< operand32(pc, 3))
  return loadAt(pc, fp, context, sum, record: 4, words: 6, operation)
}

@inline(__always)
private func loadAt<M, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ sum: UInt32, record: Int, words: Int,
  _ operation: (M) -> R
) -> UInt64 {
  let address = UInt64(sum) &+ UInt64(operand32(pc, record + 1))
  let record = operand(pc, record)
  let width = UInt64(MemoryLayout<M>.size)
  guard address &+ width <= (context + record).load(fromByteOffset: 8, as: UInt64.self) else {
    return memoryTrap(pc, fp, context, record, address, width)
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  operation((base + Int(truncatingIfNeeded: address)).loadUnaligned(as: M.self)).write(fp + operand(pc, 0))
  return next(pc, words, fp, context)
}

/// `a, b, value, record, offset`: the address is the 32-bit sum of two operands
@inline(__always)
func storeSum<V: SlotValue, M>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (V) -> M
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 0)) &+ UInt32.read(fp + operand(pc, 1))
  return storeAt(pc, fp, context, sum, value: 2, operation)
}

/// `a, b, shift, value, record, offset`: the address is a + (b << shift), in 32 bits
@inline(__always)
func storeScaled<V: SlotValue, M>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (V) -> M
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 0)) &+ (UInt32.read(fp + operand(pc, 1)) &<< operand32(pc, 2))
  return storeAt(pc, fp, context, sum, value: 3, operation)
}

@inline(__always)
private func storeAt<V: SlotValue, M>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ sum: UInt32, value: Int,
  _ operation: (V) -> M
) -> UInt64 {
  let address = UInt64(sum) &+ UInt64(operand32(pc, value + 2))
  let record = operand(pc, value + 1)
  let width = UInt64(MemoryLayout<M>.size)
  guard address &+ width <= (context + record).load(fromByteOffset: 16, as: UInt64.self) else {
    return memoryTrap(pc, fp, context, record, address, width)
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  (base + Int(truncatingIfNeeded: address)).storeBytes(of: operation(V.read(fp + operand(pc, value))), as: M.self)
  return next(pc, value + 3, fp, context)
}

/// `result, record, address` (4 bytes): the effective address is known
@inline(__always)
func loadFixed<M: BitwiseCopyable, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (M) -> R
) -> UInt64 {
  let address = UInt64(operand32(pc, 2))
  let record = operand(pc, 1)
  let width = UInt64(MemoryLayout<M>.size)
  guard address &+ width <= (context + record).load(fromByteOffset: 8, as: UInt64.self) else {
    return memoryTrap(pc, fp, context, record, address, width)
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  operation((base + Int(truncatingIfNeeded: address)).loadUnaligned(as: M.self)).write(fp + operand(pc, 0))
  return next(pc, 3, fp, context)
}

/// `value, record, address` (4 bytes): the effective address is known
@inline(__always)
func storeFixed<V: SlotValue, M: BitwiseCopyable>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (V) -> M
) -> UInt64 {
  let address = UInt64(operand32(pc, 2))
  let record = operand(pc, 1)
  let width = UInt64(MemoryLayout<M>.size)
  guard address &+ width <= (context + record).load(fromByteOffset: 16, as: UInt64.self) else {
    return memoryTrap(pc, fp, context, record, address, width)
  }
  let base = (context + record).load(as: UnsafeMutableRawPointer.self)
  (base + Int(truncatingIfNeeded: address)).storeBytes(of: operation(V.read(fp + operand(pc, 0))), as: M.self)
  return next(pc, 3, fp, context)
}

/// `result, a, constant, record, offset`: the address is the 32-bit sum of an operand and a constant
@inline(__always)
func loadDisplaced<M: BitwiseCopyable, R: SlotValue>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (M) -> R
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 1)) &+ operand32(pc, 2)
  return loadAt(pc, fp, context, sum, record: 3, words: 5, operation)
}

/// `a, constant, value, record, offset`: the address is the 32-bit sum of an operand and a constant
@inline(__always)
func storeDisplaced<V: SlotValue, M: BitwiseCopyable>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ operation: (V) -> M
) -> UInt64 {
  let sum = UInt32.read(fp + operand(pc, 0)) &+ operand32(pc, 1)
  return storeAt(pc, fp, context, sum, value: 2, operation)
}
