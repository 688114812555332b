import WebAssembly

/// Which bytes of one or two vectors make up another: 0 to 15 are those of the first, 16 to 31 those of the second.
struct ShuffleLanes {
  var bytes: [UInt8]

  init(_ bits: SIMD2<UInt64>) {
    bytes = (0..<16).map { UInt8(bits[$0 / 8] >> UInt64($0 % 8 * 8) & 0xFF) }
  }

  var usesFirst: Bool { bytes.contains { $0 < 16 } }
  var usesSecond: Bool { bytes.contains { $0 >= 16 } }

  /// The lanes of so many bytes, as numbers of such lanes; nil where bytes do not stay together.
  func lanes(of size: Int) -> [Int]? {
    var result: [Int] = []
    for start in stride(from: 0, to: 16, by: size) {
      let first = Int(bytes[start])
      guard first % size == 0 else { return nil }
      for index in 1..<size where Int(bytes[start + index]) != first + index { return nil }
      result.append(first / size)
    }
    return result
  }

  /// The distance by which the 32 bytes are rotated: bytes[i] = (i + distance) mod `count`.
  func rotation(of count: Int) -> Int? {
    let distance = Int(bytes[0])
    for index in 0..<16 where Int(bytes[index]) != (index + distance) % count { return nil }
    return distance
  }

  /// The operand of pshufb that takes the bytes that `take` gives an index for, and zeros for the others.
  func control(_ take: (UInt8) -> UInt8?) -> SIMD2<UInt64> {
    var result = SIMD2<UInt64>.zero
    for (index, byte) in bytes.enumerated() {
      result[index / 8] |= UInt64(take(byte) ?? 0x80) << UInt64(index % 8 * 8)
    }
    return result
  }
}

extension Lowering {
  /// i8x16.swizzle: pshufb gives zero where bit 7 of the index is set, and looks at the low four bits else.
  mutating func lowerSwizzle(_ value: IRValue, _ instruction: IRInstruction) {
    let a = use(instruction.a)
    if ir[instruction.b].operation == .vectorConstant {
      let indices = ShuffleLanes(ir.vectors[Int(ir[instruction.b].imm)])
      vector(
        VectorBinary.pshufb, a, .constant(indices.control { $0 < 16 ? $0 : nil }), into: define(value))
      return
    }
    let indices = vector(VectorBinary.paddusb, use(instruction.b), .constant(Self.splat(0x70, 8)))
    vector(VectorBinary.pshufb, a, .register(indices), into: define(value))
  }

  mutating func lowerShuffle(_ value: IRValue, _ instruction: IRInstruction) {
    var lanes = ShuffleLanes(ir.vectors[Int(instruction.imm)])
    var (first, second) = (instruction.a, instruction.b)
    if first == second { lanes.bytes = lanes.bytes.map { $0 & 15 } }
    if isZero(first), lanes.usesFirst, !isZero(second) {
      swap(&first, &second)
      lanes.bytes = lanes.bytes.map { $0 ^ 16 }
    }
    if isZero(second) || !lanes.usesSecond || !lanes.usesFirst {
      let onlySecond = !lanes.usesFirst
      if onlySecond { lanes.bytes = lanes.bytes.map { $0 ^ 16 } }
      return shuffleOne(value, use(onlySecond ? second : first), lanes)
    }
    let a = use(first)
    let b = use(second)
    if shuffleHalves(value, a, b, lanes) || shuffleInPlace(value, a, b, lanes) { return }
    if let distance = lanes.rotation(of: 32) {
      // The bytes of the second operand above those of the first, or the other way round.
      let (low, high) = distance < 16 ? (a, b) : (b, a)
      vector(VectorBinaryImmediate.palignr, high, .register(low), Int64(distance & 15), into: define(value))
      return
    }
    let left = vector(VectorBinary.pshufb, a, .constant(lanes.control { $0 < 16 ? $0 : nil }))
    let right = vector(VectorBinary.pshufb, b, .constant(lanes.control { $0 < 16 ? nil : $0 & 15 }))
    vector(VectorBinary.por, left, .register(right), into: define(value))
  }

  private func isZero(_ value: IRValue) -> Bool {
    ir[value].operation == .vectorConstant && ir.vectors[Int(ir[value].imm)] == .zero
  }

  /// A shuffle of one vector; lanes from 16 on are zero.
  private mutating func shuffleOne(_ value: IRValue, _ source: VirtualRegister, _ lanes: ShuffleLanes) {
    let operand = VectorOperand.register(source)
    if lanes.usesSecond {
      vector(VectorBinary.pshufb, source, .constant(lanes.control { $0 < 16 ? $0 : nil }), into: define(value))
      return
    }
    if let distance = lanes.rotation(of: 16) {
      if distance == 0 { return emitMove(define(value), source) }
      vector(VectorBinaryImmediate.palignr, source, operand, Int64(distance), into: define(value))
      return
    }
    func control(_ lanes: ArraySlice<Int>) -> Int64 {
      lanes.reversed().reduce(0) { $0 << 2 | Int64($1 & 3) }
    }
    if let words = lanes.lanes(of: 4) {
      vector(VectorUnaryImmediate.pshufd, operand, control(words[...]), into: define(value))
      return
    }
    if let words = lanes.lanes(of: 2) {
      if words[4...] == [4, 5, 6, 7], words[..<4].allSatisfy({ $0 < 4 }) {
        vector(VectorUnaryImmediate.pshuflw, operand, control(words[..<4]), into: define(value))
        return
      }
      if words[..<4] == [0, 1, 2, 3], words[4...].allSatisfy({ $0 >= 4 }) {
        vector(VectorUnaryImmediate.pshufhw, operand, control(words[4...]), into: define(value))
        return
      }
      if words.allSatisfy({ $0 == 0 }) {
        broadcast(.vpbroadcastw, source, into: define(value))
        return
      }
    }
    if lanes.bytes.allSatisfy({ $0 == 0 }) {
      broadcast(.vpbroadcastb, source, into: define(value))
      return
    }
    if let (_, interleaving) = Self.interleaving(lanes, isOne: true) {
      vector(interleaving, source, operand, into: define(value))
      return
    }
    vector(VectorBinary.pshufb, source, .constant(lanes.control { $0 }), into: define(value))
  }

  /// The instruction that takes lanes of two vectors in turn from their lower or upper halves; true where the second
  /// operand comes first.
  private static func interleaving(_ lanes: ShuffleLanes, isOne: Bool) -> (Bool, VectorBinary)? {
    let operations: [(Int, VectorBinary, VectorBinary)] = [
      (1, .punpcklbw, .punpckhbw), (2, .punpcklwd, .punpckhwd), (4, .punpckldq, .punpckhdq),
      (8, .punpcklqdq, .punpckhqdq),
    ]
    for (size, low, high) in operations {
      guard let numbers = lanes.lanes(of: size) else { continue }
      let count = 16 / size
      for (start, operation) in [(0, low), (count / 2, high)] {
        let other = isOne ? 0 : count
        let plain = (0..<count).map { start + $0 / 2 + ($0 % 2 == 0 ? 0 : other) }
        if numbers == plain { return (false, operation) }
        if !isOne, numbers == plain.map({ ($0 + count) % (2 * count) }) { return (true, operation) }
      }
    }
    return nil
  }

  /// Interleaved lanes, and those that shufps can take.
  private mutating func shuffleHalves(
    _ value: IRValue, _ a: VirtualRegister, _ b: VirtualRegister, _ lanes: ShuffleLanes
  ) -> Bool {
    if let (isTurned, operation) = Self.interleaving(lanes, isOne: false) {
      vector(operation, isTurned ? b : a, .register(isTurned ? a : b), into: define(value))
      return true
    }
    guard let words = lanes.lanes(of: 4) else { return false }
    // Two of one operand below two of the other.
    guard words[0] / 4 == words[1] / 4, words[2] / 4 == words[3] / 4, words[0] / 4 != words[2] / 4 else {
      return false
    }
    let control = words.reversed().reduce(Int64(0)) { $0 << 2 | Int64($1 & 3) }
    let (low, high) = words[0] < 4 ? (a, b) : (b, a)
    vector(VectorBinaryImmediate.shufps, low, .register(high), control, into: define(value))
    return true
  }

  /// Bytes that stay where they are, each from either operand.
  private mutating func shuffleInPlace(
    _ value: IRValue, _ a: VirtualRegister, _ b: VirtualRegister, _ lanes: ShuffleLanes
  ) -> Bool {
    for index in 0..<16 where Int(lanes.bytes[index] & 15) != index { return false }
    if let words = lanes.lanes(of: 2) {
      let control = words.reversed().reduce(Int64(0)) { $0 << 1 | ($1 >= 8 ? 1 : 0) }
      vector(VectorBinaryImmediate.pblendw, a, .register(b), control, into: define(value))
      return true
    }
    let mask = vectorConstant(lanes.control { $0 < 16 ? 0 : 0xFF })
    blend(.vpblendvb, a, b, mask: mask, into: define(value))
    return true
  }
}
