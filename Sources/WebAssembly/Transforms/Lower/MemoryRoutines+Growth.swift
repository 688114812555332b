extension MemoryRoutines {
  func grow(_ place: MemoryLayout.Place) -> AddedFunction {
    let type = place.type.addressType
    var output = BodyOutput()
    if place.isNative { growNative(place, &output) } else { growKept(place, &output) }
    return AddedFunction(
      "memory\(place.memory).grow", [type.valueType], [type.valueType], locals: [.i64, .i64, .i64], output)
  }

  /// Returns -1 from a growth where the condition on top of the stack holds.
  private func failIf(_ type: AddressType, _ output: inout BodyOutput) {
    code.ifTrue(.empty, &output)
    if type == .i64 { output.i64(.max) } else { output.i32(.max) }
    output.write(.return)
    output.write(.end)
  }

  /// The combined memory grows by as much, and its maximum is this memory's.
  private func growNative(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let type = place.type.addressType
    output.write(.localGet, 0)
    code.widen(type, &output)
    output.write(.memoryGrow, 0)
    code.toI64(&output)
    output.write(.localSet, 1)
    output.write(.localGet, 1)
    output.i64(code.is64Bit ? .max : UInt64(UInt32.max))
    output.write(.i64Eq)
    failIf(type, &output)
    output.write(.localGet, 1)
    output.i64(place.base >> MemoryLayout.pageSizeLog2)
    output.write(.i64Sub)
    if type == .i32 { output.write(.i32WrapI64) }
  }

  /// Locals: 0 the pages to add, 1 the pages before, 2 the bytes after, 3 the combined memory's growth in pages.
  private func growKept(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let type = place.type.addressType
    let shift = UInt64(place.type.pageSizeLog2)
    code.byteCount(place, &output)
    output.i64(shift)
    output.write(.i64ShrU)
    output.write(.localSet, 1)
    code.wide(0, type, &output)
    output.i64(place.maximumPageCount)
    output.write(.localGet, 1)
    output.write(.i64Sub)
    output.write(.i64GtU)
    failIf(type, &output)
    output.write(.localGet, 1)
    code.wide(0, type, &output)
    output.write(.i64Add)
    output.i64(shift)
    output.write(.i64Shl)
    output.write(.localSet, 2)
    if !place.isFixed { makeRoom(place, &output) }
    if let global = place.sizeGlobal {
      output.write(.localGet, 2)
      output.write(.globalSet, global)
    }
    output.write(.localGet, 1)
    if type == .i32 { output.write(.i32WrapI64) }
  }

  /// Sees to it that local 2 bytes fit below the next memory, which moves if they do not.
  private func makeRoom(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let number = code.layout.placeOfMemory[place.memory]
    let later = code.layout.places[(number + 1)...]
    // What is missing, in bytes, as a signed number.
    code.base(place, &output)
    code.toI64(&output)
    output.write(.localGet, 2)
    output.write(.i64Add)
    if let next = later.first { code.base(next, &output) } else { output.write(.memorySize, 0) }
    code.toI64(&output)
    if later.isEmpty {
      output.i64(MemoryLayout.pageSizeLog2)
      output.write(.i64Shl)
    }
    output.write(.i64Sub)
    output.write(.localTee, 3)
    output.i64(0)
    output.write(.i64GtS)
    code.ifTrue(.empty, &output)
    output.write(.localGet, 3)
    output.i64(MemoryLayout.pageSize - 1)
    output.write(.i64Add)
    output.i64(MemoryLayout.pageSizeLog2)
    output.write(.i64ShrU)
    output.write(.localTee, 3)
    code.fromI64(&output)
    output.write(.memoryGrow, 0)
    code.constant(.max, &output)
    output.write(code.is64Bit ? .i64Eq : .i32Eq)
    failIf(place.type.addressType, &output)
    if let next = later.first, let last = later.last { moveUp(later, from: next, to: last, &output) }
    output.write(.end)
  }

  /// Moves the memories from `next` to `last` up by local 3 pages, and zeroes what they leave.
  private func moveUp(
    _ later: ArraySlice<MemoryLayout.Place>, from next: MemoryLayout.Place, to last: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    let add: Opcode = code.is64Bit ? .i64Add : .i32Add
    output.write(.localGet, 3)
    output.i64(MemoryLayout.pageSizeLog2)
    output.write(.i64Shl)
    output.write(.localSet, 3)
    code.base(next, &output)
    output.write(.localGet, 3)
    code.fromI64(&output)
    output.write(add)
    code.base(next, &output)
    code.base(last, &output)
    if last.isFixed {
      code.constant(last.capacity, &output)
    } else {
      code.byteCount(last, &output)
      output.i64(MemoryLayout.pageSize - 1)
      output.write(.i64Add)
      output.i64(~(MemoryLayout.pageSize - 1))
      output.write(.i64And)
      code.fromI64(&output)
    }
    output.write(add)
    code.base(next, &output)
    output.write(code.is64Bit ? .i64Sub : .i32Sub)
    output.writer.write(Instruction(.memoryCopy, index: 0, index2: 0))
    code.base(next, &output)
    output.i32(0)
    output.write(.localGet, 3)
    code.fromI64(&output)
    output.write(.memoryFill, 0)
    for place in later {
      guard let global = place.baseGlobal else { continue }
      output.write(.globalGet, global)
      output.write(.localGet, 3)
      code.fromI64(&output)
      output.write(add)
      output.write(.globalSet, global)
    }
  }
}
