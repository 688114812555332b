extension AccessLowering {
  /// An access to a memory that stays outside. The bytes go by way of the scratch room, where the instruction itself is
  /// executed, so that every kind of access needs the same few functions of the host.
  mutating func remoteAccess(
    _ instruction: Instruction, operands: [ValueType], _ place: MemoryLayout.Place, _ output: inout BodyOutput
  ) {
    let type = place.type.addressType
    let row = instruction.opcode.row
    let address = output.scratch(type.valueType)
    let locals = Self.locals(for: operands, besides: type.valueType, &output)
    for local in locals.reversed() { output.write(.localSet, local) }
    output.write(.localTee, address)
    let (end, overflow) = instruction.memoryOffset.addingReportingOverflow(1 << UInt64(row.width))
    guard !overflow, end <= MemoryLayout.largest << 1 else {
      output.write(.drop)
      return trap(fault(instruction, inLocal: address, place), &output)
    }
    compare(end: end, place, &output)
    trapIf(fault(instruction, inLocal: address, place), &output)
    if instruction.memoryOffset != 0 {
      output.write(.localGet, address)
      Self.add(instruction.memoryOffset, type, &output)
      output.write(.localSet, address)
    }
    var access = instruction
    access.index = 0
    access.memoryOffset = 0
    if row.type.map({ !$0.results.isEmpty }) ?? false {
      fetch(row.width, address, besides: operands, place, &output)
      code.scratchBase(&output)
      for local in locals { output.write(.localGet, local) }
      output.writer.write(access)
    } else {
      code.scratchBase(&output)
      for local in locals { output.write(.localGet, local) }
      output.writer.write(access)
      put(row.width, address, besides: operands, place, &output)
    }
  }

  private static func add(_ offset: UInt64, _ type: AddressType, _ output: inout BodyOutput) {
    if type == .i64 { output.i64(offset) } else { output.i32(UInt32(truncatingIfNeeded: offset)) }
    output.write(type == .i64 ? .i64Add : .i32Add)
  }

  /// Two locals for words that are neither the address nor an operand.
  private static func words(
    _ type: AddressType, besides operands: [ValueType], _ output: inout BodyOutput
  ) -> (UInt32, UInt32) {
    let first = operands.count { $0 == .i64 } + (type == .i64 ? 1 : 0)
    return (output.scratch(.i64, first), output.scratch(.i64, first + 1))
  }

  /// Brings bytes into the scratch room. The host is called before any of them is written, since it may call back.
  private func fetch(
    _ width: UInt8, _ address: UInt32, besides operands: [ValueType], _ place: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    guard width > 3 else {
      code.scratchBase(&output)
      output.write(.localGet, address)
      code.call(.load(width: width), of: place, &output)
      return code.plain(MemoryAccessor.plainStore(width: width), &output)
    }
    let words = Self.words(place.type.addressType, besides: operands, &output)
    output.write(.localGet, address)
    code.call(.load64, of: place, &output)
    output.write(.localSet, words.0)
    output.write(.localGet, address)
    Self.add(8, place.type.addressType, &output)
    code.call(.load64, of: place, &output)
    output.write(.localSet, words.1)
    for (word, offset) in [(words.0, UInt64(0)), (words.1, 8)] {
      code.scratchBase(&output)
      output.write(.localGet, word)
      code.plain(.i64Store, offset: offset, &output)
    }
  }

  /// Takes bytes from the scratch room to the memory.
  private func put(
    _ width: UInt8, _ address: UInt32, besides operands: [ValueType], _ place: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    guard width > 3 else {
      output.write(.localGet, address)
      code.scratchBase(&output)
      code.plain(MemoryAccessor.plainLoad(width: width), &output)
      return code.call(.store(width: width), of: place, &output)
    }
    let words = Self.words(place.type.addressType, besides: operands, &output)
    for (word, offset) in [(words.0, UInt64(0)), (words.1, 8)] {
      code.scratchBase(&output)
      code.plain(.i64Load, offset: offset, &output)
      output.write(.localSet, word)
    }
    output.write(.localGet, address)
    output.write(.localGet, words.0)
    code.call(.store64, of: place, &output)
    output.write(.localGet, address)
    Self.add(8, place.type.addressType, &output)
    output.write(.localGet, words.1)
    code.call(.store64, of: place, &output)
  }
}
