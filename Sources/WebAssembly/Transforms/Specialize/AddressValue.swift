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

  /// What takes an address apart, but for what the other functions follow: what comes of an address may be one again.
  func part(of operands: [AddressValue]) -> AddressValue {
    if operands.contains(where: { $0.kind == .none }) { return .none }
    return operands.contains(where: isSuspicious) ? Self.part : .index
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
    // An address times 0 or 1 is one, and a product can be taken apart again.
    if isSuspicious(left) || isSuspicious(right) || left.isPart || right.isPart { return Self.part }
    guard left.kind == .constant || right.kind == .constant else { return .index }
    let isExact = left.kind == .constant && right.kind == .constant
    return AddressValue(
      kind: isExact ? .constant : .index, constant: Self.cut(left.constant &* right.constant, is64Bit))
  }

  func shiftLeft(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    guard right.kind == .constant else {
      return right.kind == .none || left.kind == .none ? .none : isSuspicious(left) ? Self.part : .index
    }
    if isSuspicious(left) || left.isPart { return Self.part }
    let factor = UInt64(1) << (right.constant & (is64Bit ? 63 : 31))
    return AddressValue(
      kind: left.kind == .none ? .none : .index, constant: Self.cut(left.constant &* factor, is64Bit))
  }

  /// A mask that keeps the high bits aligns; one that keeps only low bits makes an index, of anything but an address whose
  /// bits are all among them.
  func and(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    if left.kind == .none || right.kind == .none { return .none }
    for (mask, value) in [(left, right), (right, left)] where mask.kind == .constant && !mask.isSymbol {
      // All or none of an address, as code without branches chooses; low bits alone are a mask.
      if isSuspicious(mask), mask.constant & (mask.constant &+ 1) != 0 { return Self.part }
      if mask.constant < 1 << 16, !isNear(value.constant & mask.constant) { return .index }
      return value
    }
    return join(left, right)
  }

  static func cut(_ value: UInt64, _ is64Bit: Bool) -> UInt64 {
    is64Bit ? value : UInt64(UInt32(truncatingIfNeeded: value))
  }
}
