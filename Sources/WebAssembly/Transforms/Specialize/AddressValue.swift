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
    var result = AddressValue(kind: .unknown, isSymbol: first.isSymbol || second.isSymbol)
    switch (first.kind, second.kind) {
    case (.stack, .stack):
      result.kind = .stack
      return result
    case (.constant, .constant), (.constant, .index), (.index, .constant), (.index, .index): result.kind = .index
    default: break
    }
    result.constant =
      isNear(first.constant) ? first.constant : isNear(second.constant) ? second.constant : first.constant
    return result
  }

  /// Whether a value, wherever it goes, may be or hold an address of static data.
  func isSuspicious(_ value: AddressValue) -> Bool {
    value.kind != .none && value.kind != .stack && (value.isSymbol || isNear(value.constant))
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
    guard left.kind == .constant || right.kind == .constant else { return .index }
    let isExact = left.kind == .constant && right.kind == .constant
    return AddressValue(
      kind: isExact ? .constant : .index, constant: Self.cut(left.constant &* right.constant, is64Bit))
  }

  func shiftLeft(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    guard right.kind == .constant else { return right.kind == .none ? .none : .index }
    let factor = UInt64(1) << (right.constant & (is64Bit ? 63 : 31))
    return multiply(left, .constant(factor), is64Bit: is64Bit)
  }

  /// A mask that keeps the high bits aligns; one that keeps only low bits makes an index.
  func and(_ left: AddressValue, _ right: AddressValue, is64Bit: Bool) -> AddressValue {
    if left.kind == .none || right.kind == .none { return .none }
    if left.kind == .constant && right.kind == .constant { return .constant(left.constant & right.constant) }
    for (mask, value) in [(left, right), (right, left)] where mask.kind == .constant && !mask.isSymbol {
      return mask.constant < 1 << 16 ? .index : value
    }
    return join(left, right)
  }

  static func cut(_ value: UInt64, _ is64Bit: Bool) -> UInt64 {
    is64Bit ? value : UInt64(UInt32(truncatingIfNeeded: value))
  }
}
