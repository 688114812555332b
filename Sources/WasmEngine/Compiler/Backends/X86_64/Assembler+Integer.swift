/// The two-operand arithmetic of the primary map, by the number in the opcode.
enum Arithmetic: UInt8, CaseIterable {
  case add, or, adc, sbb, and, sub, xor, cmp
}

/// Shifts and rotations, by the opcode extension.
enum Shift: UInt8, CaseIterable {
  case rol = 0
  case ror = 1
  case shl = 4
  case shr = 5
  case sar = 7
}

/// Operations with one operand, by the opcode extension of group 3.
enum UnaryArithmetic: UInt8, CaseIterable {
  case not = 2
  case neg, mul, imul, div, idiv
}

/// Bit counting, by the opcode after 0F; all but bsf and bsr with the prefix F3.
enum BitCount: UInt8, CaseIterable {
  case popcnt = 0xB8
  case tzcnt = 0xBC
  case lzcnt = 0xBD
}

/// The shifts of BMI2, which take the count in any register, by prefix.
enum FlaglessShift: CaseIterable {
  case shlx, sarx, shrx

  var prefix: Assembler.Prefix { self == .shlx ? .p66 : self == .sarx ? .pF3 : .pF2 }
}

extension Assembler {
  mutating func arithmetic(
    _ operation: Arithmetic, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory
  ) {
    integer(operation.rawValue << 3 | 2, size, reg: target.number, source)
  }

  /// The form that reads and writes memory.
  mutating func arithmetic(_ operation: Arithmetic, _ size: OperandSize, _ target: Address, _ source: Register) {
    integer(operation.rawValue << 3, size, reg: source.number, .memory(target))
  }

  mutating func arithmetic(
    _ operation: Arithmetic, _ size: OperandSize, _ target: RegisterOrMemory, immediate value: Int32
  ) {
    if size == .byte {
      integer(0x80, size, reg: operation.rawValue, target, regIsByte: false, trailing: 1)
      immediate(value, .byte)
    } else if Int8(exactly: value) != nil {
      integer(0x83, size, reg: operation.rawValue, target, trailing: 1)
      immediate(value, .byte)
    } else {
      integer(0x81, size, reg: operation.rawValue, target, trailing: size == .word ? 2 : 4)
      immediate(value, size)
    }
  }

  mutating func test(_ size: OperandSize, _ first: RegisterOrMemory, _ second: Register) {
    integer(0x84, size, reg: second.number, first)
  }

  mutating func test(_ size: OperandSize, _ operand: RegisterOrMemory, immediate value: Int32) {
    integer(0xF6, size, reg: 0, operand, regIsByte: false, trailing: min(size.bytes, 4))
    immediate(value, size)
  }

  mutating func unary(_ operation: UnaryArithmetic, _ size: OperandSize, _ operand: RegisterOrMemory) {
    integer(0xF6, size, reg: operation.rawValue, operand, regIsByte: false)
  }

  /// imul with two operands; sizes from word up.
  mutating func multiply(_ size: OperandSize, _ target: Register, _ source: RegisterOrMemory) {
    integer(0xAF, size, reg: target.number, source, map: .of0F)
  }

  /// imul with three operands; sizes from word up.
  mutating func multiply(_ size: OperandSize, _ target: Register, _ source: RegisterOrMemory, immediate value: Int32) {
    let isShort = Int8(exactly: value) != nil
    let trailing = isShort ? 1 : size == .word ? 2 : 4
    integer(isShort ? 0x6B : 0x69, size, reg: target.number, source, trailing: trailing)
    immediate(value, isShort ? .byte : size)
  }

  mutating func shift(_ operation: Shift, _ size: OperandSize, _ operand: RegisterOrMemory, by count: UInt8) {
    if count == 1 {
      integer(0xD0, size, reg: operation.rawValue, operand, regIsByte: false)
    } else {
      integer(0xC0, size, reg: operation.rawValue, operand, regIsByte: false, trailing: 1)
      immediate(Int32(count), .byte)
    }
  }

  /// A shift by the count in cl.
  mutating func shiftByCL(_ operation: Shift, _ size: OperandSize, _ operand: RegisterOrMemory) {
    integer(0xD2, size, reg: operation.rawValue, operand, regIsByte: false)
  }

  /// shlx, sarx, shrx (BMI2); double and quad.
  mutating func shift(
    _ operation: FlaglessShift, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory, by count: Register
  ) {
    vex(
      operation.prefix, .of0F38, 0xF7, wide: size == .quad, reg: target.number, second: count.number, source)
  }

  /// rorx (BMI2); double and quad.
  mutating func rotate(_ size: OperandSize, _ target: Register, _ source: RegisterOrMemory, by count: UInt8) {
    vex(.pF2, .of0F3A, 0xF0, wide: size == .quad, reg: target.number, second: 0, source, trailing: 1)
    immediate(Int32(count), .byte)
  }

  /// andn (BMI1): target = ~first & second; double and quad.
  mutating func andNot(_ size: OperandSize, _ target: Register, _ first: Register, _ second: RegisterOrMemory) {
    vex(.none, .of0F38, 0xF2, wide: size == .quad, reg: target.number, second: first.number, second)
  }

  /// mulx (BMI2): the product of rdx and the source; double and quad.
  mutating func multiplyWide(_ size: OperandSize, high: Register, low: Register, _ source: RegisterOrMemory) {
    vex(.pF2, .of0F38, 0xF6, wide: size == .quad, reg: high.number, second: low.number, source)
  }

  /// popcnt, lzcnt, tzcnt; sizes from word up.
  mutating func count(_ operation: BitCount, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory) {
    // The operand-size prefix comes before the mandatory one.
    if size == .word {
      code.reserve()
      code.byte(0x66)
    }
    legacy(.pF3, .of0F, operation.rawValue, wide: size == .quad, reg: target.number, source)
  }

  /// bsf and bsr: the index of the lowest or highest bit that is set; undefined for zero.
  mutating func bitScan(forward: Bool, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory) {
    legacy(
      size == .word ? .p66 : .none, .of0F, forward ? 0xBC : 0xBD, wide: size == .quad, reg: target.number, source)
  }

  /// cdq or cqo: the sign of rax in all of rdx.
  mutating func signExtendAccumulator(_ size: OperandSize) {
    code.reserve()
    if size == .quad { code.byte(0x48) }
    code.byte(0x99)
  }

  // MARK: Moves

  mutating func move(_ size: OperandSize, _ target: Register, _ source: RegisterOrMemory) {
    integer(0x8A, size, reg: target.number, source)
  }

  mutating func move(_ size: OperandSize, _ target: Address, _ source: Register) {
    integer(0x88, size, reg: source.number, .memory(target))
  }

  mutating func move(_ size: OperandSize, _ target: Address, immediate value: Int32) {
    integer(0xC6, size, reg: 0, .memory(target), regIsByte: false, trailing: min(size.bytes, 4))
    immediate(value, size)
  }

  /// The shortest move of a constant into all 64 bits that leaves the flags alone.
  mutating func move(_ target: Register, constant value: Int64) {
    code.reserve()
    let high = target.number >> 3
    if let low = UInt32(exactly: value) {
      if high != 0 { code.byte(0x41) }
      code.byte(0xB8 | target.number & 7)
      code.word(low)
    } else if let short = Int32(exactly: value) {
      legacy(.none, .primary, 0xC7, wide: true, reg: 0, .of(target), trailing: 4)
      immediate(short, .quad)
    } else {
      code.byte(0x48 | high)
      code.byte(0xB8 | target.number & 7)
      code.word(value)
    }
  }

  /// A zero-extending load or move from a byte or a word to 32 bits, and so to 64.
  mutating func moveZeroExtended(_ from: OperandSize, _ target: Register, _ source: RegisterOrMemory) {
    switch from {
    case .byte: integerExtension(0xB6, from, .double, target, source)
    case .word: integerExtension(0xB7, from, .double, target, source)
    default: move(from, target, source)
    }
  }

  /// A sign-extending load or move to 32 or 64 bits.
  mutating func moveSignExtended(
    _ from: OperandSize, to size: OperandSize, _ target: Register, _ source: RegisterOrMemory
  ) {
    switch from {
    case .byte: integerExtension(0xBE, from, size, target, source)
    case .word: integerExtension(0xBF, from, size, target, source)
    default: legacy(.none, .primary, 0x63, wide: size == .quad, reg: target.number, source)
    }
  }

  private mutating func integerExtension(
    _ opcode: UInt8, _ from: OperandSize, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory
  ) {
    var needsRex = false
    if from == .byte, case .register(let number) = source, number >= 4 { needsRex = true }
    legacy(.none, .of0F, opcode, wide: size == .quad, reg: target.number, source, needsRex: needsRex)
  }

  mutating func loadAddress(_ size: OperandSize, _ target: Register, _ address: Address) {
    legacy(.none, .primary, 0x8D, wide: size == .quad, reg: target.number, .memory(address))
  }

  mutating func exchange(_ size: OperandSize, _ first: Register, _ second: RegisterOrMemory) {
    integer(0x86, size, reg: first.number, second)
  }

  mutating func set(_ condition: Condition, _ target: Register) {
    legacy(
      .none, .of0F, 0x90 | condition.rawValue, reg: 0, .of(target), needsRex: target.number >= 4)
  }

  /// cmovcc; sizes from word up.
  mutating func moveIf(
    _ condition: Condition, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory
  ) {
    legacy(
      size == .word ? .p66 : .none, .of0F, 0x40 | condition.rawValue, wide: size == .quad, reg: target.number, source)
  }

  // MARK: Stack and control

  mutating func push(_ register: Register) {
    code.reserve()
    if register.number >= 8 { code.byte(0x41) }
    code.byte(0x50 | register.number & 7)
  }

  mutating func pop(_ register: Register) {
    code.reserve()
    if register.number >= 8 { code.byte(0x41) }
    code.byte(0x58 | register.number & 7)
  }

  mutating func push(_ address: Address) { legacy(.none, .primary, 0xFF, reg: 6, .memory(address)) }

  mutating func pop(_ address: Address) { legacy(.none, .primary, 0x8F, reg: 0, .memory(address)) }

  /// Where the label lies ahead, `isNear` says that the distance will fit one byte.
  mutating func jump(_ label: Label, isNear: Bool = false) {
    code.reserve()
    if let distance = code.shortDistance(to: label) {
      code.byte(0xEB)
      return code.byte(distance)
    }
    if isNear {
      code.byte(0xEB)
      return code.nearDisplacement(to: label)
    }
    code.byte(0xE9)
    code.displacement(to: label)
  }

  mutating func jump(if condition: Condition, _ label: Label, isNear: Bool = false) {
    code.reserve()
    if let distance = code.shortDistance(to: label) {
      code.byte(0x70 | condition.rawValue)
      return code.byte(distance)
    }
    if isNear {
      code.byte(0x70 | condition.rawValue)
      return code.nearDisplacement(to: label)
    }
    code.byte(0x0F)
    code.byte(0x80 | condition.rawValue)
    code.displacement(to: label)
  }

  mutating func jump(_ target: RegisterOrMemory) { legacy(.none, .primary, 0xFF, reg: 4, target) }

  mutating func call(_ target: RegisterOrMemory) { legacy(.none, .primary, 0xFF, reg: 2, target) }

  mutating func call(_ label: Label) {
    code.reserve()
    code.byte(0xE8)
    code.displacement(to: label)
  }

  /// `popped` bytes of arguments are taken off the stack after the return address.
  mutating func ret(popping popped: UInt16 = 0) {
    code.reserve()
    if popped == 0 {
      code.byte(0xC3)
    } else {
      code.byte(0xC2)
      code.word(popped)
    }
  }

  /// An instruction that faults, always.
  mutating func ud2() {
    code.reserve()
    code.byte(0x0F)
    code.byte(0x0B)
  }
}
