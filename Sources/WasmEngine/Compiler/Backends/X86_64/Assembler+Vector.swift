/// The packed shifts by a constant (66 0F 71 to 73), by opcode and extension.
enum VectorShift: UInt16, CaseIterable {
  case psrlw = 0x71_2
  case psraw = 0x71_4
  case psllw = 0x71_6
  case psrld = 0x72_2
  case psrad = 0x72_4
  case pslld = 0x72_6
  case psrlq = 0x73_2
  case psrldq = 0x73_3
  case psllq = 0x73_6
  case pslldq = 0x73_7
}

/// Moves of vectors and of their lowest lane, by the opcode of the load; the store is given beside it.
enum VectorMove: CaseIterable {
  /// 4 bytes; a load clears the rest
  case movss
  /// 8 bytes; a load clears the rest
  case movsd
  /// 16 bytes, unaligned
  case movups
  case movdqu

  var prefix: Assembler.Prefix {
    switch self {
    case .movss: .pF3
    case .movsd: .pF2
    case .movups: .none
    case .movdqu: .pF3
    }
  }
  var load: UInt8 { self == .movdqu ? 0x6F : 0x10 }
  var store: UInt8 { self == .movdqu ? 0x7F : 0x11 }
}

extension Assembler {
  // Every instruction has two forms: the legacy one, in which the target is also the first operand, and the VEX one with
  // three operands. `avx` chooses.

  /// target = first op second. Without AVX `first` must be `target`.
  mutating func vector(
    _ operation: VectorBinary, _ target: VectorRegister, _ first: VectorRegister, _ second: RegisterOrMemory, avx: Bool
  ) {
    let opcode = VectorOpcode(operation.rawValue)
    if avx {
      vex(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second: first.number, second)
    } else {
      legacy(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second)
    }
  }

  mutating func vector(
    _ operation: VectorUnary, _ target: VectorRegister, _ source: RegisterOrMemory, avx: Bool
  ) {
    let opcode = VectorOpcode(operation.rawValue)
    if avx {
      vex(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second: 0, source)
    } else {
      legacy(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, source)
    }
  }

  /// As for two operands; `value` is the predicate, the control or the distance.
  mutating func vector(
    _ operation: VectorBinaryImmediate, _ target: VectorRegister, _ first: VectorRegister, _ second: RegisterOrMemory,
    _ value: UInt8, avx: Bool
  ) {
    let opcode = VectorOpcode(operation.rawValue)
    if avx {
      vex(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second: first.number, second, trailing: 1)
    } else {
      legacy(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second, trailing: 1)
    }
    immediate(Int32(value), .byte)
  }

  mutating func vector(
    _ operation: VectorUnaryImmediate, _ target: VectorRegister, _ source: RegisterOrMemory, _ value: UInt8, avx: Bool
  ) {
    let opcode = VectorOpcode(operation.rawValue)
    if avx {
      vex(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second: 0, source, trailing: 1)
    } else {
      legacy(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, source, trailing: 1)
    }
    immediate(Int32(value), .byte)
  }

  /// target = first, or second in the lanes whose sign bit in `mask` is set.
  mutating func blend(
    _ operation: VectorBlend, _ target: VectorRegister, _ first: VectorRegister, _ second: RegisterOrMemory,
    mask: VectorRegister
  ) {
    let opcode = VectorOpcode(operation.rawValue)
    vex(opcode.prefix, opcode.map, opcode.opcode, reg: target.number, second: first.number, second, trailing: 1)
    immediate(Int32(mask.number) << 4, .byte)
  }

  /// target = source shifted by a constant. Without AVX `source` must be `target`.
  mutating func vectorShift(
    _ operation: VectorShift, _ target: VectorRegister, _ source: VectorRegister, by count: UInt8, avx: Bool
  ) {
    let opcode = UInt8(operation.rawValue >> 4)
    let field = UInt8(operation.rawValue & 15)
    if avx {
      vex(.p66, .of0F, opcode, reg: field, second: target.number, .of(source), trailing: 1)
    } else {
      legacy(.p66, .of0F, opcode, reg: field, .of(target), trailing: 1)
    }
    immediate(Int32(count), .byte)
  }

  // MARK: Moves

  mutating func load(_ move: VectorMove, _ target: VectorRegister, _ source: Address, avx: Bool) {
    if avx {
      vex(move.prefix, .of0F, move.load, reg: target.number, second: 0, .memory(source))
    } else {
      legacy(move.prefix, .of0F, move.load, reg: target.number, .memory(source))
    }
  }

  mutating func store(_ move: VectorMove, _ target: Address, _ source: VectorRegister, avx: Bool) {
    if avx {
      vex(move.prefix, .of0F, move.store, reg: source.number, second: 0, .memory(target))
    } else {
      legacy(move.prefix, .of0F, move.store, reg: source.number, .memory(target))
    }
  }

  /// movaps: all 16 bytes between registers.
  mutating func move(_ target: VectorRegister, _ source: VectorRegister, avx: Bool) {
    if avx {
      vex(.none, .of0F, 0x28, reg: target.number, second: 0, .of(source))
    } else {
      legacy(.none, .of0F, 0x28, reg: target.number, .of(source))
    }
  }

  /// movd and movq from a general register; the rest of the vector is cleared.
  mutating func moveToVector(_ size: OperandSize, _ target: VectorRegister, _ source: RegisterOrMemory, avx: Bool) {
    if avx {
      vex(.p66, .of0F, 0x6E, wide: size == .quad, reg: target.number, second: 0, source)
    } else {
      legacy(.p66, .of0F, 0x6E, wide: size == .quad, reg: target.number, source)
    }
  }

  /// movd and movq to a general register.
  mutating func moveFromVector(_ size: OperandSize, _ target: RegisterOrMemory, _ source: VectorRegister, avx: Bool) {
    if avx {
      vex(.p66, .of0F, 0x7E, wide: size == .quad, reg: source.number, second: 0, target)
    } else {
      legacy(.p66, .of0F, 0x7E, wide: size == .quad, reg: source.number, target)
    }
  }

  /// pinsrb, pinsrw, pinsrd, pinsrq.
  mutating func insertLane(
    _ size: OperandSize, _ target: VectorRegister, _ first: VectorRegister, _ source: RegisterOrMemory, lane: UInt8,
    avx: Bool
  ) {
    let map: Map = size == .word ? .of0F : .of0F3A
    let opcode: UInt8 = size == .byte ? 0x20 : size == .word ? 0xC4 : 0x22
    if avx {
      vex(
        .p66, map, opcode, wide: size == .quad, reg: target.number, second: first.number, source, trailing: 1)
    } else {
      legacy(.p66, map, opcode, wide: size == .quad, reg: target.number, source, trailing: 1)
    }
    immediate(Int32(lane), .byte)
  }

  /// pextrb, pextrw, pextrd, pextrq; the rest of a target register is cleared.
  mutating func extractLane(
    _ size: OperandSize, _ target: RegisterOrMemory, _ source: VectorRegister, lane: UInt8, avx: Bool
  ) {
    let opcode: UInt8 = size == .byte ? 0x14 : size == .word ? 0x15 : 0x16
    if avx {
      vex(.p66, .of0F3A, opcode, wide: size == .quad, reg: source.number, second: 0, target, trailing: 1)
    } else {
      legacy(.p66, .of0F3A, opcode, wide: size == .quad, reg: source.number, target, trailing: 1)
    }
    immediate(Int32(lane), .byte)
  }

  /// pmovmskb, movmskps, movmskpd: the sign bits of the lanes.
  enum SignMask: CaseIterable {
    case pmovmskb, movmskps, movmskpd
  }

  mutating func signs(_ operation: SignMask, _ target: Register, _ source: VectorRegister, avx: Bool) {
    let prefix: Prefix = operation == .movmskps ? .none : .p66
    let opcode: UInt8 = operation == .pmovmskb ? 0xD7 : 0x50
    if avx {
      vex(prefix, .of0F, opcode, reg: target.number, second: 0, .of(source))
    } else {
      legacy(prefix, .of0F, opcode, reg: target.number, .of(source))
    }
  }

  // MARK: Conversions between integers and floats

  /// cvtsi2ss and cvtsi2sd. The upper lanes come from `first`; without AVX it must be `target`.
  mutating func convertToFloat(
    isDouble: Bool, _ target: VectorRegister, _ first: VectorRegister, _ size: OperandSize, _ source: RegisterOrMemory,
    avx: Bool
  ) {
    let prefix: Prefix = isDouble ? .pF2 : .pF3
    if avx {
      vex(prefix, .of0F, 0x2A, wide: size == .quad, reg: target.number, second: first.number, source)
    } else {
      legacy(prefix, .of0F, 0x2A, wide: size == .quad, reg: target.number, source)
    }
  }

  /// cvttss2si and cvttsd2si: rounds towards zero; 0x80…0 where the result does not fit.
  mutating func convertToInteger(
    isDouble: Bool, _ size: OperandSize, _ target: Register, _ source: RegisterOrMemory, avx: Bool
  ) {
    let prefix: Prefix = isDouble ? .pF2 : .pF3
    if avx {
      vex(prefix, .of0F, 0x2C, wide: size == .quad, reg: target.number, second: 0, source)
    } else {
      legacy(prefix, .of0F, 0x2C, wide: size == .quad, reg: target.number, source)
    }
  }
}
