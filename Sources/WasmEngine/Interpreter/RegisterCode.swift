// The law of this folder: a function becomes a stream of instructions over the slots of a frame. An instruction is the
// address of its handler (8 bytes) and then its operands, each 4 or 8 bytes, without padding. A handler does its work and
// ends in a call of the next instruction's handler, which an optimised build turns into a jump.
//
// | operand | bytes | what |
// | --- | --- | --- |
// | slot | 4 | signed offset in bytes from the frame pointer |
// | displacement | 4 | signed distance in bytes from the start of this instruction to its target |
// | record | 4 | offset in bytes of a memory, table, global or function record from the context pointer |
// | immediate | 4 or 8 | a constant |
//
// Results stand before operands, operands in the order of the stack, immediates last: `i32.add` is `result, a, b`.
//
// A frame, slots of 8 bytes growing upwards; the frame pointer points behind the link:
//
//     parameters (results overwrite them) | link | locals | operand stack
//
// i32 and f32 stand in the low half of a slot and are always written with the high half zero (a narrow store before a wide
// load would stall). A v128 is two slots. References are one slot. A handler reads all its operands before it writes
// a result, since the result may have the slot of an operand.

/// The start of the instruction that is executed.
typealias CodePointer = UnsafeRawPointer
/// The first slot behind the link of the frame that is executed.
typealias FramePointer = UnsafeMutableRawPointer
/// The ``VMContext`` of the frame that is executed.
typealias ContextPointer = UnsafeMutableRawPointer

/// What executes one instruction. The result is an ``ExecutionStatus``'s raw value (and in debug builds also
/// ``FrameLayout/goOn``).
typealias Handler = @convention(c) (CodePointer, FramePointer, ContextPointer) -> UInt64

/// Where things stand relative to a frame pointer.
enum FrameLayout {
  static let slotSize = 8
  /// The four words of the link, just below the frame pointer.
  static let linkSize = 32
  static let callerContextOffset = -32
  static let returnOffset = -24
  static let callerFrameOffset = -16
  /// The record of the function that the frame belongs to.
  static let functionOffset = -8

  /// What a handler of a debug build returns to the loop that calls the next one.
  static let goOn: UInt64 = 1 << 32
}

/// What ``FunctionRecord/interpreterCode`` points to: a header, then the instructions.
enum CodeHeader {
  /// Bytes that the frame needs above the frame pointer, as a 64-bit word.
  static let frameSizeOffset = 0
  /// The ``TranslatedFunction`` that the code belongs to, unretained, or null for a stub.
  static let functionOffset = 8
  static let size = 16
}

/// The operand of 4 bytes at a distance of `index` times 4 bytes from the first, as an offset.
@inline(__always)
func operand(_ pc: CodePointer, _ index: Int) -> Int {
  Int(pc.loadUnaligned(fromByteOffset: 8 + index * 4, as: Int32.self))
}

/// The same, as an unsigned number.
@inline(__always)
func operand32(_ pc: CodePointer, _ index: Int) -> UInt32 {
  pc.loadUnaligned(fromByteOffset: 8 + index * 4, as: UInt32.self)
}

/// The operand of 8 bytes at a distance of `index` times 4 bytes from the first.
@inline(__always)
func operand64(_ pc: CodePointer, _ index: Int) -> UInt64 {
  pc.loadUnaligned(fromByteOffset: 8 + index * 4, as: UInt64.self)
}

/// Goes on with the instruction at `pc`. The last thing that a handler does.
@inline(__always)
func execute(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  #if DEBUG
    let store = VMContext(context).store
    store[StoreContext.loopCodeOffset] = UInt64(UInt(bitPattern: pc))
    store[StoreContext.loopFrameOffset] = UInt64(UInt(bitPattern: fp))
    store[StoreContext.loopContextOffset] = UInt64(UInt(bitPattern: context))
    return FrameLayout.goOn
  #else
    return unsafeBitCast(pc.loadUnaligned(as: UInt.self), to: Handler.self)(pc, fp, context)
  #endif
}

/// Goes on behind this instruction, which has `words` times 4 bytes of operands.
@inline(__always)
func next(_ pc: CodePointer, _ words: Int, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  execute(pc + (8 + words * 4), fp, context)
}

/// Ends the execution with a trap at the instruction `pc`.
@inline(__always)
func trap(_ kind: Trap.Kind, _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
  recordTrap(pc, fp, context, UInt64(kind.rawValue))
}

/// The handler's own parameters come first, so that they stay in their registers on the way that does not trap.
@inline(never)
private func recordTrap(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ kind: UInt64
) -> UInt64 {
  let store = VMContext(context).store
  store[StoreContext.lastFrameOffset] = UInt64(UInt(bitPattern: fp))
  store[StoreContext.lastPositionOffset] = UInt64(UInt(bitPattern: pc))
  store[StoreContext.trapKindOffset] = kind
  return ExecutionStatus.trapped.rawValue
}

/// Ends the execution with a trap, where the memory access at `pc` to `length` bytes is out of bounds. `record` is the
/// offset of the memory's record in the context.
@inline(never)
func memoryTrap(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ record: Int, _ address: UInt64,
  _ length: UInt64
) -> UInt64 {
  let store = VMContext(context).store
  store[StoreContext.trapIndexOffset] = UInt64((record - VMContext.headerSize) / VMContext.memoryRecordSize)
  store[StoreContext.trapAddressOffset] = address
  store[StoreContext.trapLengthOffset] = length
  return trap(.outOfBoundsMemoryAccess, pc, fp, context)
}
