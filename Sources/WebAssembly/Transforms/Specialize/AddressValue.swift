/// What is known of a word that may become an address: whether it can hold a pointer that the function was given, and the
/// constant that was added to it.
struct AddressValue: Equatable {
  enum Kind: UInt8 {
    /// No value comes here.
    case none
    /// The constant itself.
    case constant
    /// The constant and something that is no pointer: a count, a number that was shifted or multiplied.
    case index
    /// The constant and something that may be a pointer or not: a parameter, a word from memory.
    case unknown
    /// An address on the program's stack.
    case stack
  }

  var kind: Kind
  /// Zero-extended where the word has 32 bits.
  var constant: UInt64 = 0
  /// Whether it comes from an address of static data whose number is not known, or from a word in static data.
  var isSymbol = false
  /// Whether it may be an address that was taken apart, of which products are addresses again. Those of others are none.
  var isPart = false

  static let none = AddressValue(kind: .none)
  static let unknown = AddressValue(kind: .unknown)
  static let index = AddressValue(kind: .index)
  static let stack = AddressValue(kind: .stack)

  static func constant(_ value: UInt64) -> AddressValue { AddressValue(kind: .constant, constant: value) }
}

/// Computes with ``AddressValue``s.
struct AddressArithmetic {
  /// Whether a number can be an address of static data in one of the memories that change.
  let isNear: (UInt64) -> Bool

  /// What a place holds that both values come to.
  func join(_ first: AddressValue, _ second: AddressValue) -> AddressValue {
    if first == second || second.kind == .none { return first }
    if first.kind == .none { return second }
    var result = AddressValue(
      kind: .unknown, isSymbol: first.isSymbol || second.isSymbol, isPart: first.isPart || second.isPart)
    switch (first.kind, second.kind) {
    case (.stack, .stack):
      result.kind = .stack
      return result
    case (.constant, .constant), (.constant, .index), (.index, .constant), (.index, .index): result.kind = .index
    default: break
    }
    result.constant =
      isNear(first.constant) ? first.constant : isNear(second.constant) ? second.constant : first.constant
    // Two words that hold an address beside something else have no constant in common.
    if !isNear(result.constant), isPartNear(first.constant) || isPartNear(second.constant) { result.isSymbol = true }
    return result
  }

  /// A word and its halves: a compiler may pass an address and something else in one word.
  static func parts(of word: UInt64) -> [UInt64] { [word, word >> 32, word & UInt64(UInt32.max)] }

  /// Whether a word is or holds a number that can be an address of static data.
  func isPartNear(_ word: UInt64) -> Bool { Self.parts(of: word).contains { isNear($0) } }

  /// Whether a value, wherever it goes, may be or hold an address of static data.
  func isSuspicious(_ value: AddressValue) -> Bool {
    value.kind != .none && value.kind != .stack && (value.isSymbol || isPartNear(value.constant))
  }

  /// What may be an address of static data that was taken apart.
  private static let part = AddressValue(kind: .unknown, isSymbol: true, isPart: true)

  /// What takes an address apart, but for what the other functions follow: exact where all is constant; what comes of an
  /// address may be one again.
  func compute(_ opcode: Opcode, _ operands: [AddressValue]) -> AddressValue {
    if operands.contains(where: { $0.kind == .none }) { return .none }
    if operands.allSatisfy({ $0.kind == .constant && !$0.isSymbol }),
      let value = Self.evaluate(opcode, operands.map(\.constant))
    {
      return .constant(value)
    }
    return operands.contains(where: isSuspicious) ? Self.part : .index
  }

  /// The result for constants; nil where the instruction traps.
  private static func evaluate(_ opcode: Opcode, _ operands: [UInt64]) -> UInt64? {
    let (wide, other) = (operands[0], operands.last ?? 0)
    let (narrow, otherNarrow) = (UInt32(truncatingIfNeeded: wide), UInt32(truncatingIfNeeded: other))
    func rotated(_ value: UInt64, by count: UInt64, width: UInt64) -> UInt64 {
      let count = count % width
      return count == 0 ? value : cut(value << count | value >> (width - count), width == 64)
    }
    func signed(_ value: some FixedWidthInteger & SignedInteger, _ is64Bit: Bool) -> UInt64 {
      cut(UInt64(truncatingIfNeeded: value), is64Bit)
    }
    func divided<Number: FixedWidthInteger>(_ first: Number, _ second: Number, remainder: Bool) -> Number? {
      let (value, overflow) =
        remainder ? first.remainderReportingOverflow(dividingBy: second) : first.dividedReportingOverflow(by: second)
      // The remainder of the least number and -1 is 0.
      return overflow && !(remainder && second != 0) ? nil : overflow ? 0 : value
    }
    return switch opcode {
    case .i32ShrU: UInt64(narrow >> (otherNarrow & 31))
    case .i32ShrS: signed(Int32(bitPattern: narrow) >> Int32(otherNarrow & 31), false)
    case .i64ShrU: wide >> (other & 63)
    case .i64ShrS: signed(Int64(bitPattern: wide) >> Int64(other & 63), true)
    case .i32Rotl: rotated(UInt64(narrow), by: other, width: 32)
    case .i32Rotr: rotated(UInt64(narrow), by: 32 - (other & 31), width: 32)
    case .i64Rotl: rotated(wide, by: other, width: 64)
    case .i64Rotr: rotated(wide, by: 64 - (other & 63), width: 64)
    case .i32DivU: divided(narrow, otherNarrow, remainder: false).map { UInt64($0) }
    case .i32RemU: divided(narrow, otherNarrow, remainder: true).map { UInt64($0) }
    case .i64DivU: divided(wide, other, remainder: false)
    case .i64RemU: divided(wide, other, remainder: true)
    case .i32DivS, .i32RemS:
      divided(Int32(bitPattern: narrow), Int32(bitPattern: otherNarrow), remainder: opcode == .i32RemS)
        .map { signed($0, false) }
    case .i64DivS, .i64RemS:
      divided(Int64(bitPattern: wide), Int64(bitPattern: other), remainder: opcode == .i64RemS).map { signed($0, true) }
    case .i32Clz: UInt64(narrow.leadingZeroBitCount)
    case .i32Ctz: UInt64(narrow.trailingZeroBitCount)
    case .i32Popcnt: UInt64(narrow.nonzeroBitCount)
    case .i64Clz: UInt64(wide.leadingZeroBitCount)
    case .i64Ctz: UInt64(wide.trailingZeroBitCount)
    case .i64Popcnt: UInt64(wide.nonzeroBitCount)
    case .i32Extend8S: signed(Int8(truncatingIfNeeded: wide), false)
    case .i32Extend16S: signed(Int16(truncatingIfNeeded: wide), false)
    case .i64Extend8S: signed(Int8(truncatingIfNeeded: wide), true)
    case .i64Extend16S: signed(Int16(truncatingIfNeeded: wide), true)
    default: nil
    }
  }

  func add(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    var result = AddressValue(kind: .none)
    switch (left.kind, right.kind) {
    case (.none, _), (_, .none): return .none
    case (.stack, _), (_, .stack): return .stack
    case (.unknown, _), (_, .unknown): result.kind = .unknown
    case (.constant, .constant): result.kind = .constant
    default: result.kind = .index
    }
    result.constant = Self.cut(left.constant &+ right.constant, is64Bit)
    result.isSymbol = left.isSymbol || right.isSymbol
    result.isPart = left.isPart || right.isPart
    // An offset does not lead out of static data.
    if result.kind != .constant, !isNear(result.constant) {
      if isNear(left.constant) {
        result.constant = left.constant
      } else if isNear(right.constant) {
        result.constant = right.constant
      }
    }
    return result
  }

  func subtract(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    switch (left.kind, right.kind) {
    case (.none, _), (_, .none): return .none
    // A distance.
    case (.stack, .stack): return .index
    case (.stack, _): return .stack
    default: break
    }
    var negative = right
    negative.constant = Self.cut(0 &- right.constant, is64Bit)
    if right.kind == .stack { negative = .index }
    var result = add(left, negative, is64Bit: is64Bit)
    if left.isSymbol && right.isSymbol { result.isSymbol = false }
    return result
  }

  /// A product is no pointer, but for the constants.
  func multiply(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    if left.kind == .none || right.kind == .none { return .none }
    guard left.kind == .constant || right.kind == .constant else {
      return left.isPart || right.isPart ? Self.part : .index
    }
    if left.isPart || right.isPart { return Self.part }
    let isExact = left.kind == .constant && right.kind == .constant
    return AddressValue(
      kind: isExact ? .constant : .index, constant: Self.cut(left.constant &* right.constant, is64Bit))
  }

  func shiftLeft(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    guard right.kind == .constant else {
      return right.kind == .none || left.kind == .none ? .none : isSuspicious(left) ? Self.part : .index
    }
    let factor = UInt64(1) << (right.constant & (is64Bit ? 63 : 31))
    return multiply(left, .constant(factor), is64Bit: is64Bit)
  }

  /// A mask that keeps the high bits aligns; one that keeps only low bits makes an index, of anything but an address whose
  /// bits are all among them.
  func and(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    if left.kind == .none || right.kind == .none { return .none }
    if left.kind == .constant && right.kind == .constant { return .constant(left.constant & right.constant) }
    for (mask, value) in [(left, right), (right, left)] where mask.kind == .constant && !mask.isSymbol {
      if mask.constant < 1 << 16, !isNear(value.constant & mask.constant) { return .index }
      return value
    }
    return join(left, right)
  }

  static func cut(_ value: UInt64, _ is64Bit: Bool) -> UInt64 {
    is64Bit ? value : UInt64(UInt32(truncatingIfNeeded: value))
  }
}
