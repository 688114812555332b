/// The register or memory operand of an instruction (the ModRM byte's r/m).
enum RegisterOrMemory: Hashable {
  case register(UInt8)
  case memory(Address)

  static func of(_ register: Register) -> RegisterOrMemory { .register(register.number) }
  static func of(_ register: VectorRegister) -> RegisterOrMemory { .register(register.number) }
}

/// Writes x86-64 instructions. This file holds the shapes of the encoding (Intel SDM, volume 2, chapter 2); the files
/// beside it hold the instructions of a family each.
struct Assembler: ~Copyable {
  var code = MachineCodeBuffer()

  /// The opcode maps, by the value of VEX.mmmmm.
  enum Map: UInt8 {
    case primary = 0
    case of0F = 1
    case of0F38 = 2
    case of0F3A = 3
  }

  /// The mandatory prefixes, by the value of VEX.pp.
  enum Prefix: UInt8 {
    case none = 0
    case p66 = 1
    case pF3 = 2
    case pF2 = 3

    var byte: UInt8 { self == .p66 ? 0x66 : self == .pF3 ? 0xF3 : 0xF2 }
  }

  /// An instruction with a ModRM byte in the legacy encoding.
  ///
  /// - Parameters:
  ///   - wide: REX.W.
  ///   - reg: the register (or opcode extension) of the reg field.
  ///   - needsRex: whether a byte operand names spl, bpl, sil or dil, which exist with a REX prefix only.
  ///   - trailing: how many bytes of immediates will follow, for addresses relative to the instruction pointer.
  mutating func legacy(
    _ prefix: Prefix, _ map: Map, _ opcode: UInt8, wide: Bool = false, reg: UInt8, _ operand: RegisterOrMemory,
    needsRex: Bool = false, trailing: Int = 0
  ) {
    code.reserve()
    if prefix != .none { code.byte(prefix.byte) }
    var rex: UInt8 = (wide ? 8 : 0) | (reg & 8) >> 1
    switch operand {
    case .register(let number):
      rex |= (number & 8) >> 3
    case .memory(let address):
      if let base = address.base { rex |= (base.number & 8) >> 3 }
      if let index = address.index { rex |= (index.number & 8) >> 2 }
    }
    if rex != 0 || needsRex { code.byte(0x40 | rex) }
    switch map {
    case .primary: break
    case .of0F: code.byte(0x0F)
    case .of0F38:
      code.byte(0x0F)
      code.byte(0x38)
    case .of0F3A:
      code.byte(0x0F)
      code.byte(0x3A)
    }
    code.byte(opcode)
    modRM(reg, operand, trailing: trailing)
  }

  /// An instruction in the VEX encoding with 128-bit vectors or general registers.
  mutating func vex(
    _ prefix: Prefix, _ map: Map, _ opcode: UInt8, wide: Bool = false, reg: UInt8, second: UInt8,
    _ operand: RegisterOrMemory, trailing: Int = 0
  ) {
    code.reserve()
    var x: UInt8 = 1
    var b: UInt8 = 1
    switch operand {
    case .register(let number):
      b = number & 8 == 0 ? 1 : 0
    case .memory(let address):
      if let base = address.base { b = base.number & 8 == 0 ? 1 : 0 }
      if let index = address.index { x = index.number & 8 == 0 ? 1 : 0 }
    }
    let r: UInt8 = reg & 8 == 0 ? 1 : 0
    let last = (~second & 15) << 3 | prefix.rawValue
    if x == 1, b == 1, map == .of0F, !wide {
      code.byte(0xC5)
      code.byte(r << 7 | last)
    } else {
      code.byte(0xC4)
      code.byte(r << 7 | x << 6 | b << 5 | map.rawValue)
      code.byte((wide ? 0x80 : 0) | last)
    }
    code.byte(opcode)
    modRM(reg, operand, trailing: trailing)
  }

  private mutating func modRM(_ reg: UInt8, _ operand: RegisterOrMemory, trailing: Int) {
    let field = (reg & 7) << 3
    switch operand {
    case .register(let number):
      code.byte(0xC0 | field | number & 7)
    case .memory(let address):
      if let label = address.label {
        code.byte(0x05 | field)
        code.displacement(to: label, trailing: trailing)
        return
      }
      let displacement = address.displacement
      let scaled = address.index.map { address.scale << 6 | ($0.number & 7) << 3 }
      guard let base = address.base else {
        // Without a base: a SIB byte that says so, and always 32 bits of displacement.
        code.byte(0x04 | field)
        code.byte((scaled ?? 0x20) | 5)
        code.word(displacement)
        return
      }
      // rbp and r13 as a base exist with a displacement only.
      let short = Int8(exactly: displacement)
      let mode: UInt8 = displacement == 0 && base.number & 7 != 5 ? 0 : short != nil ? 0x40 : 0x80
      if let scaled {
        code.byte(mode | field | 4)
        code.byte(scaled | base.number & 7)
      } else if base.number & 7 == 4 {
        code.byte(mode | field | 4)
        code.byte(0x24)
      } else {
        code.byte(mode | field | base.number & 7)
      }
      if mode == 0x40, let short { code.byte(UInt8(bitPattern: short)) }
      if mode == 0x80 { code.word(displacement) }
    }
  }

  /// An integer instruction whose opcode's lowest bit says "not a byte".
  mutating func integer(
    _ opcode: UInt8, _ size: OperandSize, reg: UInt8, _ operand: RegisterOrMemory, map: Map = .primary,
    regIsByte: Bool = true, trailing: Int = 0
  ) {
    var needsRex = false
    if size == .byte {
      if regIsByte, reg >= 4 { needsRex = true }
      if case .register(let number) = operand, number >= 4 { needsRex = true }
    }
    legacy(
      size == .word ? .p66 : .none, map, size == .byte ? opcode : opcode | 1, wide: size == .quad, reg: reg, operand,
      needsRex: needsRex, trailing: trailing)
  }

  /// An immediate of an operation's size, with a sign or without; of a quad operation, 32 bits that are sign-extended.
  /// What has more bits than that makes the code be refused.
  mutating func immediate(_ value: Int32, _ size: OperandSize) {
    code.reserve()
    switch size {
    case .byte:
      if !(-0x80...0xFF).contains(value) { code.refuse() }
      code.byte(UInt8(value & 0xFF))
    case .word:
      if !(-0x8000...0xFFFF).contains(value) { code.refuse() }
      code.word(UInt16(value & 0xFFFF))
    case .double, .quad: code.word(value)
    }
  }

  /// So many bytes that do nothing, in as few instructions as there can be (Intel SDM, volume 2B, NOP).
  mutating func pad(_ count: Int) {
    var rest = count
    while rest > 0 {
      code.reserve()
      let length = min(rest, 9)
      rest -= length
      if length == 2 || length == 6 || length == 9 { code.byte(0x66) }
      switch length {
      case 1, 2: code.byte(0x90)
      default:
        code.byte(0x0F)
        code.byte(0x1F)
        switch length {
        case 3: code.byte(0x00)
        case 4: code.word(UInt16(0x40))
        case 5, 6:
          code.byte(0x44)
          code.word(UInt16(0))
        case 7:
          code.byte(0x80)
          code.word(UInt32(0))
        default:
          code.byte(0x84)
          code.byte(0)
          code.word(UInt32(0))
        }
      }
    }
  }
}
