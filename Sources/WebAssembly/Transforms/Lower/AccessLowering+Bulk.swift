extension AccessLowering {
  /// A bulk instruction of a known number of bytes is written in place: where it is small, the engine makes single moves of
  /// it. Whether it was one.
  mutating func bulk(_ instruction: Instruction, count: UInt64, _ output: inout BodyOutput) -> Bool {
    let places: [MemoryLayout.Place]
    switch instruction.opcode {
    case .memoryFill: places = [code.place(instruction.index)]
    case .memoryCopy: places = [code.place(instruction.index), code.place(instruction.index2)]
    case .memoryInit: places = [code.place(instruction.index2)]
    default: return false
    }
    if places.contains(where: \.isRemote) { return false }
    output.write(.drop)
    // The second operand is an address only of a copy.
    let types = [places[0].type.addressType.valueType, places.count > 1 ? places[1].type.addressType.valueType : .i32]
    let locals = [output.scratch(types[0]), output.scratch(types[1], types[0] == types[1] ? 1 : 0)]
    for local in locals.reversed() { output.write(.localSet, local) }
    for (local, place) in zip(locals, places) { checkRange(local, count: count, place, &output) }
    code.address(inLocal: locals[0], places[0], &output)
    if places.count > 1 {
      code.address(inLocal: locals[1], places[1], &output)
    } else {
      output.write(.localGet, locals[1])
    }
    if instruction.opcode == .memoryInit {
      output.i32(UInt32(truncatingIfNeeded: count))
      output.writer.write(Instruction(.memoryInit, index: instruction.index, index2: 0))
    } else {
      code.constant(count, &output)
      output.write(instruction.opcode, 0)
    }
    return true
  }

  /// Traps where a known number of bytes from the address in a local on leaves a memory.
  private mutating func checkRange(
    _ local: UInt32, count: UInt64, _ place: MemoryLayout.Place, _ output: inout BodyOutput
  ) {
    if code.isUnchecked { return }
    let isConstant = place.sizeGlobal == nil && !(place.isNative && place.isGrowable)
    if count > MemoryLayout.largest || isConstant && count > place.minimumByteCount {
      output.i32(1)
    } else if isConstant {
      let highest = place.minimumByteCount - count
      if place.type.addressType == .i32 && highest >= UInt64(UInt32.max) { return }
      output.write(.localGet, local)
      if place.type.addressType == .i64 { output.i64(highest) } else { output.i32(UInt32(highest)) }
      output.write(place.type.addressType == .i64 ? .i64GtU : .i32GtU)
    } else {
      output.write(.localGet, local)
      compare(end: count, place, &output)
    }
    trapIf(
      Fault(memory: place.memory, addressType: place.type.addressType, local: local, offset: 0, length: count), &output)
  }
}
