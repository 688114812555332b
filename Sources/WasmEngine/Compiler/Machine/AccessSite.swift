/// An instruction of compiled code that accesses a memory without a check, so that it may fault: what tells the effective
/// address from the registers.
struct AccessSite {
  /// The start of the instruction, or of what is emitted for it as a whole.
  var codeOffset: UInt32
  /// Of the instruction in the module.
  var position: UInt32
  var displacement: Int32
  var memory: UInt16
  /// Bits 0 to 3 base, 4 to 8 index (16: none), 9 whether there is a base, 10 to 11 scale, 12 to 14 logarithm of the width,
  /// 15 whether it is a sequence.
  private(set) var operands: UInt16

  init(codeOffset: UInt32, position: UInt32, displacement: Int32, memory: UInt16, operands: UInt16) {
    self.codeOffset = codeOffset
    self.position = position
    self.displacement = displacement
    self.memory = memory
    self.operands = operands
  }

  /// In place of a memory: the page that faults while the store is interrupted.
  static let interruptPage: UInt16 = 0xFFFE

  init(codeOffset: Int, position: UInt32, memory: UInt16, width: UInt8, _ address: Address, isSequence: Bool = false) {
    self.codeOffset = UInt32(codeOffset)
    self.position = position
    self.memory = memory
    displacement = address.displacement
    operands = UInt16(address.base?.number ?? 0) & 15
    operands |= UInt16(address.index?.number ?? 16) << 4
    if address.base != nil { operands |= 1 << 9 }
    operands |= UInt16(address.scale & 3) << 10
    operands |= UInt16(width.trailingZeroBitCount & 7) << 12
    if isSequence { operands |= 1 << 15 }
  }

  /// The number of the base register.
  var base: Int? { operands & 1 << 9 != 0 ? Int(operands & 15) : nil }
  /// The number of the index register.
  var index: Int? { operands >> 4 & 16 == 0 ? Int(operands >> 4 & 15) : nil }
  var scale: UInt8 { UInt8(operands >> 10 & 3) }
  /// In bytes.
  var width: UInt8 { 1 << UInt8(operands >> 12 & 7) }

  /// Whether a fault so many bytes behind the start can be of this access: it is the first instruction, or one of a few.
  func contains(_ distance: UInt32) -> Bool { distance == 0 || operands >> 15 != 0 && distance < 64 }
}
