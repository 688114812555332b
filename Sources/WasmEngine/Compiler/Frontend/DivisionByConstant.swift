/// Division by a constant as multiplication by its reciprocal, rounded up so that every quotient is exact (Granlund,
/// Montgomery 1994; Warren, Hacker's Delight, chapter 10).
///
/// For n of N bits and the factor m = ceil(2^p / d), floor(n m / 2^p) is floor(n / d) if m d - 2^p <= 2^(p - N). For a
/// signed n that holds with N - 1 bits, and one is to be added where n is negative.
extension FunctionTranslator {
  /// The value of a division whose divisor is a constant, or nil where the instruction is the best that there is.
  mutating func divideByConstant(_ operation: IROperation, _ type: IRType, _ a: IRValue, _ b: IRValue) -> IRValue? {
    guard let bits = ir.constant(b), bits != 0 else { return nil }
    let isRemainder = operation == .remS || operation == .remU
    let quotient: IRValue
    let multiplier: Int64
    if operation == .divS || operation == .remS {
      let divisor = type == .i32 ? bits.signed32 : bits
      // The least number divided by -1 traps; its own magnitude has no representation.
      guard divisor != -1, divisor != (type == .i32 ? Int64(Int32.min) : Int64.min) else { return nil }
      multiplier = divisor
      quotient = signedQuotient(type, a, by: divisor)
    } else {
      let divisor = UInt64(bitPattern: bits)
      if divisor & (divisor - 1) == 0, isRemainder {
        return make(IRInstruction(.and, type, a, constant(type, Int64(bitPattern: divisor - 1))))
      }
      multiplier = bits
      quotient = unsignedQuotient(type, a, by: divisor)
    }
    guard isRemainder else { return quotient }
    let product = make(IRInstruction(.mul, type, quotient, constant(type, multiplier)))
    return make(IRInstruction(.sub, type, a, product))
  }

  private mutating func shift(_ operation: IROperation, _ type: IRType, _ a: IRValue, _ count: Int) -> IRValue {
    make(IRInstruction(operation, type, a, constant(type, Int64(count))))
  }

  private mutating func unsignedQuotient(_ type: IRType, _ a: IRValue, by divisor: UInt64) -> IRValue {
    if divisor & (divisor - 1) == 0 { return shift(.shrU, type, a, divisor.trailingZeroBitCount) }
    guard type == .i64 else { return unsignedQuotient32(a, by: divisor) }
    // The power of two that d has takes so many bits off n.
    let even = divisor.trailingZeroBitCount
    if let (factor, power) = Self.reciprocal(of: divisor, bits: 64, from: 64, below: 64) {
      return shift(.shrU, .i64, mulHigh(.mulHighU, a, factor), power - 64)
    }
    if even > 0 {
      let odd = divisor >> UInt64(even)
      if let (factor, power) = Self.reciprocal(of: odd, bits: 64 - even, from: 64, below: 64) {
        return shift(.shrU, .i64, mulHigh(.mulHighU, shift(.shrU, .i64, a, even), factor), power - 64)
      }
    }
    // A factor of 65 bits, whose highest stands for n itself: (n + high) / 2 without overflow.
    let log = 64 - (divisor - 1).leadingZeroBitCount
    let power = UInt128(1) << UInt128(64)
    // ceil(2^(64 + log) / d) - 2^64, from what 2^log is more than d so that all of it has 128 bits.
    let factor = (power * ((UInt128(1) << UInt128(log)) - UInt128(divisor))) / UInt128(divisor) + 1
    let high = mulHigh(.mulHighU, a, UInt64(factor))
    let half = shift(.shrU, .i64, make(IRInstruction(.sub, .i64, a, high)), 1)
    return shift(.shrU, .i64, make(IRInstruction(.add, .i64, half, high)), log - 1)
  }

  private mutating func unsignedQuotient32(_ a: IRValue, by divisor: UInt64) -> IRValue {
    let wide = zeroExtend(a)
    let quotient: IRValue
    if let (factor, power) = Self.reciprocal(of: divisor, bits: 32, from: 32, below: 32) {
      let product = make(IRInstruction(.mul, .i64, wide, constant(.i64, Int64(factor))))
      quotient = shift(.shrU, .i64, product, power)
    } else {
      // With 64 bits after the point any factor is exact enough.
      quotient = mulHigh(.mulHighU, wide, UInt64.max / divisor + 1)
    }
    return make(IRInstruction(.wrap, .i32, quotient))
  }

  private mutating func signedQuotient(_ type: IRType, _ a: IRValue, by divisor: Int64) -> IRValue {
    let magnitude = divisor.magnitude
    let bits = type == .i32 ? 32 : 64
    if magnitude & (magnitude - 1) == 0 {
      let log = magnitude.trailingZeroBitCount
      var quotient = a
      if log > 0 {
        // Negative numbers are rounded up: d - 1 is added to them.
        let bias = shift(.shrU, type, shift(.shrS, type, a, bits - 1), bits - log)
        quotient = shift(.shrS, type, make(IRInstruction(.add, type, a, bias)), log)
      }
      return divisor < 0 ? make(IRInstruction(.sub, type, constant(type, 0), quotient)) : quotient
    }
    let wide = type == .i32 ? make(IRInstruction(.signExtend, .i64, a)) : a
    let floor: IRValue
    if type == .i32 {
      // Always found: p = 62 is exact enough for every d, and the product has at most 63 bits.
      guard let (factor, power) = Self.reciprocal(of: magnitude, bits: 31, from: 32, below: 32) else {
        return make(IRInstruction(.divS, type, a, constant(type, divisor)))
      }
      floor = shift(.shrS, .i64, make(IRInstruction(.mul, .i64, wide, constant(.i64, Int64(factor)))), power)
    } else {
      guard let (factor, power) = Self.reciprocal(of: magnitude, bits: 63, from: 64, below: 64) else {
        return make(IRInstruction(.divS, type, a, constant(type, divisor)))
      }
      var high = mulHigh(.mulHighS, a, factor)
      // A factor of 64 bits is a negative number: n 2^64 too little.
      if factor >> 63 != 0 { high = make(IRInstruction(.add, .i64, high, a)) }
      floor = shift(.shrS, .i64, high, power - 64)
    }
    let sign = shift(.shrS, .i64, wide, 63)
    let quotient =
      divisor < 0 ? make(IRInstruction(.sub, .i64, sign, floor)) : make(IRInstruction(.sub, .i64, floor, sign))
    return type == .i32 ? make(IRInstruction(.wrap, .i32, quotient)) : quotient
  }

  private mutating func mulHigh(_ operation: IROperation, _ a: IRValue, _ factor: UInt64) -> IRValue {
    make(IRInstruction(operation, .i64, a, constant(.i64, Int64(bitPattern: factor))))
  }

  /// The factor ceil(2^p / d) and the least p from `from` on for which quotients of numbers of `bits` bits are exact, if the
  /// factor has at most `below` bits. `d` is not a power of two.
  static func reciprocal(of divisor: UInt64, bits: Int, from: Int, below: Int) -> (factor: UInt64, power: Int)? {
    let divisor = UInt128(divisor)
    for power in from..<127 {
      let numerator = UInt128(1) << UInt128(power)
      let factor = numerator / divisor + 1
      guard factor >> UInt128(below) == 0 else { return nil }
      let excess = factor * divisor - numerator
      if power >= bits, excess <= UInt128(1) << UInt128(power - bits) { return (UInt64(factor), power) }
    }
    return nil
  }
}
