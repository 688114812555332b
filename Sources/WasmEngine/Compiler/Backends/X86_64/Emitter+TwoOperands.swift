/// Vector instructions in the encoding that the processor has. The machine instructions have three operands; in the legacy
/// encoding the first is also the target, and a whole vector in memory must be aligned. xmm15 takes what stands in the way.
extension Emitter {
  private static let spare = VectorRegister(15)

  mutating func combine(
    _ operation: VectorBinary, _ target: VectorRegister, _ first: VectorRegister, _ second: RegisterOrMemory
  ) {
    let second = secondOperand(second, target, first, isWhole: operation.readsWholeVector)
    assembler.vector(operation, target, firstOperand(target, first), second, avx: avx)
  }

  mutating func combine(
    _ operation: VectorBinaryImmediate, _ target: VectorRegister, _ first: VectorRegister, _ second: RegisterOrMemory,
    _ value: UInt8
  ) {
    let second = secondOperand(second, target, first, isWhole: operation.readsWholeVector)
    assembler.vector(operation, target, firstOperand(target, first), second, value, avx: avx)
  }

  mutating func apply(_ operation: VectorUnary, _ target: VectorRegister, _ source: RegisterOrMemory) {
    let source = secondOperand(source, target, target, isWhole: operation.readsWholeVector)
    assembler.vector(operation, target, source, avx: avx)
  }

  mutating func apply(
    _ operation: VectorUnaryImmediate, _ target: VectorRegister, _ source: RegisterOrMemory, _ value: UInt8
  ) {
    let source = secondOperand(source, target, target, isWhole: true)
    assembler.vector(operation, target, source, value, avx: avx)
  }

  mutating func shift(_ operation: VectorShift, _ target: VectorRegister, _ source: VectorRegister, by count: UInt8) {
    assembler.vectorShift(operation, target, firstOperand(target, source), by: count, avx: avx)
  }

  /// The register that an instruction reads as its first operand. To be called right before it is written.
  mutating func firstOperand(_ target: VectorRegister, _ first: VectorRegister) -> VectorRegister {
    guard !avx else { return first }
    if first != target { assembler.move(target, first, avx: false) }
    return target
  }

  /// The second operand where it can be read after the first one is in the target.
  private mutating func secondOperand(
    _ second: RegisterOrMemory, _ target: VectorRegister, _ first: VectorRegister, isWhole: Bool
  ) -> RegisterOrMemory {
    guard !avx else { return second }
    switch second {
    case .register(let number):
      guard number == target.number, first != target else { return second }
      assembler.move(Self.spare, target, avx: false)
    case .memory(let address):
      // Constants are aligned; what belongs to the program may not be, and stack slots are not.
      guard isWhole, address.label == nil else { return second }
      assembler.load(.movups, Self.spare, address, avx: false)
    }
    return .of(Self.spare)
  }
}

extension VectorBinary {
  /// Whether a memory operand has 16 bytes; of operations on scalars it has those of the scalar.
  var readsWholeVector: Bool {
    let prefix = VectorOpcode(rawValue).prefix
    return prefix == .none || prefix == .p66
  }
}

extension VectorBinaryImmediate {
  /// Whether a memory operand has 16 bytes.
  var readsWholeVector: Bool {
    switch self {
    case .cmpss, .cmpsd, .insertps, .roundss, .roundsd: false
    default: true
    }
  }
}

extension VectorUnary {
  /// Whether a memory operand has 16 bytes.
  var readsWholeVector: Bool {
    switch self {
    case .cvtps2pd, .cvtdq2pd, .ucomiss, .ucomisd, .movddup, .pmovsxbw, .pmovsxwd, .pmovsxdq, .pmovzxbw, .pmovzxwd,
      .pmovzxdq, .vpbroadcastb, .vpbroadcastw, .vpbroadcastd, .vpbroadcastq:
      false
    default: true
    }
  }
}
