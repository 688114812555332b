import WebAssembly

// Vector instructions whose operands are not simply slots (Core 3.0, 4.6.4). A lane that is only read has a place of its
// own within the slots of its vector, which is then the operand.
extension RegisterTranslator {
  /// Translates one of them. Whether the opcode is one.
  mutating func translateVector(_ instruction: Instruction) -> Bool {
    switch instruction.opcode {
    case .i8x16Shuffle:
      translateShuffle(instruction)
    case .i8x16ExtractLaneS, .i8x16ExtractLaneU:
      translateExtractLane(instruction, size: 1)
    case .i16x8ExtractLaneS, .i16x8ExtractLaneU:
      translateExtractLane(instruction, size: 2)
    case .i32x4ExtractLane, .f32x4ExtractLane:
      translateExtractLane(instruction, size: 4)
    case .i64x2ExtractLane, .f64x2ExtractLane:
      translateExtractLane(instruction, size: 8)
    case .i8x16Shl, .i8x16ShrS, .i8x16ShrU, .i16x8Shl, .i16x8ShrS, .i16x8ShrU, .i32x4Shl, .i32x4ShrS, .i32x4ShrU,
      .i64x2Shl, .i64x2ShrS, .i64x2ShrU:
      return translateVectorShift(instruction.opcode)
    default:
      return false
    }
    return true
  }

  /// The distance of a lane from the beginning of its vector in bytes.
  @inline(__always)
  func laneOffset(_ instruction: Instruction, size: Int32) -> Int32 { Int32(instruction.lane) &* size }

  private mutating func translateExtractLane(_ instruction: Instruction, size: Int32) {
    let vector = popSlot()
    let start = count
    begin(handlers.handler(instruction.opcode))
    let result = pushResult()
    put(result)
    put(vector &+ laneOffset(instruction, size: size))
    setLast(start, result, .nop)
  }

  /// A shift by a constant. Whether it is one.
  private mutating func translateVectorShift(_ opcode: Opcode) -> Bool {
    guard let count = stack.last, count.kind == .constant, handlers.handler(opcode, .constantRight) != 0 else {
      return false
    }
    _ = pop()
    let vector = popSlot()
    let start = self.count
    begin(handlers.handler(opcode, .constantRight))
    let result = pushResult(isVector: true)
    put(result)
    put(vector)
    // The count is taken modulo the width of a lane, so that truncating loses nothing.
    put(Int32(truncatingIfNeeded: count.value))
    setLast(start, result, .nop)
    return true
  }

  private mutating func translateShuffle(_ instruction: Instruction) {
    let b = popSlot()
    let a = popSlot()
    let lanes = (0..<16).map { (index: UInt64) -> UInt8 in
      let word = index < 8 ? instruction.value : instruction.value2
      return UInt8(word &>> ((index & 7) &* 8) & 0xFF)
    }
    let size = ShuffleHandler.laneSize(lanes)
    let start = count
    begin(ShuffleHandler.address(laneSize: size))
    let result = pushResult(isVector: true)
    put(result)
    for index in stride(from: 0, to: 16, by: size) {
      let lane = Int32(lanes[index])
      put(lane < 16 ? a &+ lane : b &+ (lane &- 16))
    }
    setLast(start, result, .nop)
  }
}
