// Lane indices of vector instructions (Core 3.0, 3.4.11).

extension FunctionValidator {
  func requireLane(_ lane: UInt8, count: UInt8) throws(ModuleError) {
    guard lane < count else { throw invalid("invalid lane index \(lane): there are \(count) lanes") }
  }

  mutating func shuffle(_ instruction: Instruction) throws(ModuleError) {
    for half in [instruction.value, instruction.value2] {
      for byte in 0..<8 {
        // The lanes of both operands.
        try requireLane(UInt8(truncatingIfNeeded: half >> UInt64(8 * byte)), count: 32)
      }
    }
    try pop(.v128, .v128)
    stack.push(.v128)
  }
}
