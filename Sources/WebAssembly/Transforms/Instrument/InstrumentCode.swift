extension InstrumentPlan {
  /// Writes an access to the secondary memory at the address on the stack.
  func access(_ opcode: Opcode, _ offset: UInt32, _ output: inout BodyOutput) {
    var instruction = Instruction(opcode, index: memory, value: UInt64(offset))
    // All that is kept there is aligned.
    instruction.alignment = opcode == .v128Store || opcode == .v128Load ? 3 : opcode.row.width
    output.writer.write(instruction)
  }

  /// Pushes a number of the header.
  ///
  /// - Parameter forStore: whether the address for a ``store(_:_:)`` that follows is to lie below it.
  func load(_ offset: UInt32, _ output: inout BodyOutput, forStore: Bool = false) {
    if forStore { output.i32(0) }
    output.i32(0)
    access(.i32Load, offset, &output)
  }

  /// Stores the number on the stack in the header; below it lies the address, which is 0.
  func store(_ offset: UInt32, _ output: inout BodyOutput) { access(.i32Store, offset, &output) }

  /// Pushes the size of a memory of the program in bytes, as an i64.
  func byteCount(_ index: UInt32, _ output: inout BodyOutput) {
    let type = memories[Int(index)]
    output.write(.memorySize, index)
    if type.addressType == .i32 { output.write(.i64ExtendI32U) }
    guard type.pageSizeLog2 > 0 else { return }
    output.i64(UInt64(type.pageSizeLog2))
    output.write(.i64Shl)
  }
}

extension BodyOutput {
  mutating func ifTrue() { open(.if) }

  /// Returns where the condition on the stack holds, with a constant if the function has a result.
  mutating func returnIf(_ result: UInt32?) {
    ifTrue()
    if let result { i32(result) }
    write(.return)
    write(.end)
  }

  /// Pushes a local of an address type as an i64.
  mutating func wide(_ local: UInt32, _ type: AddressType) {
    write(.localGet, local)
    if type == .i32 { write(.i64ExtendI32U) }
  }

  /// Makes an address of the i64 on the stack.
  mutating func narrow(_ type: AddressType) { if type == .i32 { write(.i32WrapI64) } }
}
