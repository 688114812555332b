/// The sequences of instructions that both accesses and routines are made of.
struct LoweringCode {
  var layout: MemoryLayout
  var isUnchecked = false

  var is64Bit: Bool { layout.combined.addressType == .i64 }
  var addressType: ValueType { layout.combined.addressType.valueType }

  /// The room that the combined memory keeps for what goes to and comes from remote memories.
  var scratch: MemoryLayout.Place?

  /// The globals that tell which access has trapped: its memory, address and length.
  var fault: (memory: UInt32, address: UInt32, length: UInt32) = (0, 0, 0)

  func place(_ memory: UInt32) -> MemoryLayout.Place { layout.place(of: Int(memory)) }

  /// Pushes a constant of the combined memory's address type.
  func constant(_ value: UInt64, _ output: inout BodyOutput) {
    if is64Bit { output.i64(value) } else { output.i32(UInt32(truncatingIfNeeded: value)) }
  }

  /// Turns an address or a count of a memory on top of the stack into one of the combined memory.
  func widen(_ type: AddressType, _ output: inout BodyOutput) {
    if type == .i32 && is64Bit { output.write(.i64ExtendI32U) }
  }

  /// The other way round.
  func narrow(to type: AddressType, _ output: inout BodyOutput) {
    if type == .i32 && is64Bit { output.write(.i32WrapI64) }
  }

  /// Turns a combined address on top of the stack into an i64.
  func toI64(_ output: inout BodyOutput) { if !is64Bit { output.write(.i64ExtendI32U) } }
  func fromI64(_ output: inout BodyOutput) { if !is64Bit { output.write(.i32WrapI64) } }

  /// Pushes a memory's size in bytes as an i64.
  func byteCount(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    if place.isRemote {
      call(.size, of: place, &output)
      if place.type.addressType == .i32 { output.write(.i64ExtendI32U) }
      output.i64(UInt64(place.type.pageSizeLog2))
      output.write(.i64Shl)
    } else if let global = place.sizeGlobal {
      output.write(.globalGet, global)
    } else if place.isNative && place.isGrowable {
      output.write(.memorySize, 0)
      toI64(&output)
      output.i64(MemoryLayout.pageSizeLog2)
      output.write(.i64Shl)
      output.i64(place.base)
      output.write(.i64Sub)
    } else {
      output.i64(place.minimumByteCount)
    }
  }

  /// Pushes a memory's base in the combined memory's address type.
  func base(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    if let global = place.baseGlobal { output.write(.globalGet, global) } else { constant(place.base, &output) }
  }

  /// Pushes the combined address of the address in a local.
  func address(inLocal local: UInt32, _ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    output.write(.localGet, local)
    widen(place.type.addressType, &output)
    base(place, &output)
    output.write(is64Bit ? .i64Add : .i32Add)
  }

  /// Pushes a local of an address type as an i64.
  func wide(_ local: UInt32, _ type: AddressType, _ output: inout BodyOutput) {
    output.write(.localGet, local)
    if type == .i32 { output.write(.i64ExtendI32U) }
  }

  /// Pushes whether `count` bytes from `start` on leave a memory; both are locals. Nothing in it can wrap.
  func exceeds(
    _ start: UInt32, count: UInt32, _ countType: AddressType, _ place: MemoryLayout.Place, _ output: inout BodyOutput
  ) {
    let type = place.type.addressType
    if type == .i32 {
      wide(start, type, &output)
      wide(count, countType, &output)
      output.write(.i64Add)
      byteCount(place, &output)
      output.write(.i64GtU)
    } else {
      // count > size or start > size - count
      wide(count, countType, &output)
      byteCount(place, &output)
      output.write(.i64GtU)
      wide(start, type, &output)
      byteCount(place, &output)
      wide(count, countType, &output)
      output.write(.i64Sub)
      output.write(.i64GtU)
      output.write(.i32Or)
    }
  }

  /// An access that no memory of the combined type can hold: its address alone is the highest, and the offset adds more.
  func trapOutOfBounds(_ output: inout BodyOutput) {
    constant(.max, &output)
    var load = Instruction(.i32Load8U)
    load.memoryOffset = is64Bit ? .max : UInt64(UInt32.max)
    output.writer.write(load)
    output.write(.drop)
    output.write(.unreachable)
  }

  func ifTrue(_ type: BlockType = .empty, _ output: inout BodyOutput) { output.open(.if, type) }

  // MARK: Remote memories

  func call(_ accessor: MemoryAccessor, of place: MemoryLayout.Place, _ output: inout BodyOutput) {
    // Every accessor that is used has been found before.
    output.write(.call, place.accessors[accessor.rawValue] ?? 0)
  }

  /// Reads or writes at an address of the scratch room.
  func plain(_ opcode: Opcode, offset: UInt64 = 0, _ output: inout BodyOutput) {
    var access = Instruction(opcode)
    access.memoryOffset = offset
    output.writer.write(access)
  }

  /// Pushes where the scratch room begins.
  func scratchBase(_ output: inout BodyOutput) { if let scratch { base(scratch, &output) } }
}
