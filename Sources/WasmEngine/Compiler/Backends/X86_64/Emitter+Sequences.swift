/// Operations that take several instructions and branches of their own. r11 and xmm15 are free in them.
extension Emitter {
  /// min and max (Core 3.0, 4.3.3): the machine's instructions return the second operand for NaN and for zeros of either
  /// sign.
  mutating func emitFloatExtreme(_ instruction: MachineInstruction, _ target: VectorRegister, _ other: VectorRegister) {
    let isDouble = instruction.size == .quad
    let isMaximum = instruction.sub == 1
    let different = assembler.code.makeLabel()
    let unordered = assembler.code.makeLabel()
    let done = assembler.code.makeLabel()
    assembler.vector(isDouble ? VectorUnary.ucomisd : .ucomiss, target, .of(other), avx: avx)
    assembler.jump(if: .notEqual, different, isNear: true)
    assembler.jump(if: .parity, unordered, isNear: true)
    // Equal: zeros differ in the sign, which min joins and max intersects.
    assembler.vector(isMaximum ? VectorBinary.andps : .orps, target, target, .of(other), avx: avx)
    assembler.jump(done, isNear: true)
    assembler.code.bind(unordered)
    assembler.vector(isDouble ? VectorBinary.addsd : .addss, target, target, .of(other), avx: avx)
    assembler.jump(done, isNear: true)
    assembler.code.bind(different)
    let operation: VectorBinary =
      switch (isDouble, isMaximum) {
      case (true, true): .maxsd
      case (true, false): .minsd
      case (false, true): .maxss
      case (false, false): .minss
      }
    assembler.vector(operation, target, target, .of(other), avx: avx)
    assembler.code.bind(done)
  }

  /// Unsigned 64 bits to a float: where the top bit is set, half of it (rounded to odd) is converted and doubled.
  mutating func emitConvertUnsigned64(_ instruction: MachineInstruction, _ target: VectorRegister, _ source: Register) {
    let isDouble = instruction.sub == 1
    let large = assembler.code.makeLabel()
    let even = assembler.code.makeLabel()
    let done = assembler.code.makeLabel()
    assembler.vector(.pxor, target, target, .of(target), avx: avx)
    assembler.move(.quad, .r11, .of(source))
    assembler.test(.quad, .of(.r11), .r11)
    assembler.jump(if: .sign, large, isNear: true)
    assembler.convertToFloat(isDouble: isDouble, target, target, .quad, .of(.r11), avx: avx)
    assembler.jump(done, isNear: true)
    assembler.code.bind(large)
    assembler.shift(.shr, .quad, .of(.r11), by: 1)
    assembler.jump(if: .aboveOrEqual, even, isNear: true)
    assembler.arithmetic(.or, .quad, .of(.r11), immediate: 1)
    assembler.code.bind(even)
    assembler.convertToFloat(isDouble: isDouble, target, target, .quad, .of(.r11), avx: avx)
    assembler.vector(isDouble ? VectorBinary.addsd : .addss, target, target, .of(target), avx: avx)
    assembler.code.bind(done)
  }

  /// Puts a float of the given bits into xmm15.
  private mutating func loadFloat(_ bits: UInt64, isDouble: Bool) {
    assembler.move(.r11, constant: Int64(bitPattern: bits))
    assembler.moveToVector(isDouble ? .quad : .double, VectorRegister(15), .of(.r11), avx: avx)
  }

  /// The bits of a power of two.
  private static func power(_ exponent: Int, isDouble: Bool) -> UInt64 {
    isDouble ? UInt64(exponent + 1023) << 52 : UInt64(exponent + 127) << 23
  }

  /// A float in [0, 2^64) to unsigned 64 bits.
  mutating func emitTruncateUnsigned64(_ instruction: MachineInstruction, _ target: Register, _ source: VectorRegister)
  {
    let isDouble = instruction.sub == 1
    let large = assembler.code.makeLabel()
    let done = assembler.code.makeLabel()
    loadFloat(Self.power(63, isDouble: isDouble), isDouble: isDouble)
    assembler.vector(isDouble ? VectorUnary.ucomisd : .ucomiss, source, .of(VectorRegister(15)), avx: avx)
    assembler.jump(if: .aboveOrEqual, large, isNear: true)
    assembler.convertToInteger(isDouble: isDouble, .quad, target, .of(source), avx: avx)
    assembler.jump(done, isNear: true)
    assembler.code.bind(large)
    // 2^63 is taken off and put back as an integer.
    loadFloat(Self.power(63, isDouble: isDouble) | (isDouble ? 1 << 63 : 1 << 31), isDouble: isDouble)
    assembler.vector(
      isDouble ? VectorBinary.addsd : .addss, VectorRegister(15), VectorRegister(15), .of(source), avx: avx)
    assembler.convertToInteger(isDouble: isDouble, .quad, target, .of(VectorRegister(15)), avx: avx)
    assembler.move(.r11, constant: Int64.min)
    assembler.arithmetic(.xor, .quad, target, .of(.r11))
    assembler.code.bind(done)
  }

  /// The saturating conversions (Core 3.0, 4.3.4): NaN gives 0, what is out of range the nearest number.
  mutating func emitTruncateSaturating(_ instruction: MachineInstruction, _ target: Register, _ source: VectorRegister)
  {
    let isDouble = instruction.sub & 1 == 1
    let isSigned = instruction.sub & 2 == 2
    let bits = instruction.size == .quad ? 64 : 32
    let high = assembler.code.makeLabel()
    let low = assembler.code.makeLabel()
    let nan = assembler.code.makeLabel()
    let done = assembler.code.makeLabel()
    let compare = isDouble ? VectorUnary.ucomisd : .ucomiss
    loadFloat(Self.power(isSigned ? bits - 1 : bits, isDouble: isDouble), isDouble: isDouble)
    assembler.vector(compare, source, .of(VectorRegister(15)), avx: avx)
    assembler.jump(if: .parity, nan, isNear: true)
    assembler.jump(if: .aboveOrEqual, high, isNear: true)
    let sign: UInt64 = isDouble ? 1 << 63 : 1 << 31
    loadFloat(isSigned ? Self.power(bits - 1, isDouble: isDouble) | sign : 0, isDouble: isDouble)
    assembler.vector(compare, source, .of(VectorRegister(15)), avx: avx)
    assembler.jump(if: .belowOrEqual, low, isNear: true)
    if bits == 64, !isSigned {
      emitTruncateUnsigned64(MachineInstruction(.truncateUnsigned64, sub: isDouble ? 1 : 0), target, source)
    } else {
      assembler.convertToInteger(
        isDouble: isDouble, bits == 32 && isSigned ? .double : .quad, target, .of(source), avx: avx)
    }
    assembler.jump(done, isNear: true)
    assembler.code.bind(high)
    assembler.move(target, constant: Self.limit(bits, isSigned: isSigned, isMaximum: true))
    assembler.jump(done, isNear: true)
    assembler.code.bind(low)
    assembler.move(target, constant: Self.limit(bits, isSigned: isSigned, isMaximum: false))
    assembler.jump(done, isNear: true)
    assembler.code.bind(nan)
    assembler.move(target, constant: 0)
    assembler.code.bind(done)
  }

  private static func limit(_ bits: Int, isSigned: Bool, isMaximum: Bool) -> Int64 {
    switch (bits, isSigned, isMaximum) {
    case (32, true, true): 0x7FFF_FFFF
    case (32, true, false): 0x8000_0000
    case (32, false, true): 0xFFFF_FFFF
    case (64, true, true): Int64.max
    case (64, true, false): Int64.min
    case (64, false, true): -1
    default: 0
    }
  }
}

extension MachineInstruction {
  init(_ operation: MachineOperation, sub: UInt8) {
    self.init(operation)
    self.sub = sub
  }
}
