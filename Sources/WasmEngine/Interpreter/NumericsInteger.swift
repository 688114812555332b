/// What the numeric instructions compute (Core 3.0, 4.3), as pure functions that every tier may call or be tested against.
///
/// The functions know nothing of frames, code or memories.
enum Numerics {
  /// What an operation that can trap comes to. (Throwing would call into Swift's runtime at each trap, from handlers that
  /// otherwise call nothing.)
  enum Outcome<Value> {
    case value(Value)
    case trap(Trap.Kind)
  }
}

// Integer operations (Core 3.0, 4.3.2).
extension Numerics {
  /// idiv_s: rounds towards zero.
  @inline(__always)
  static func divideSigned<I: FixedWidthInteger & SignedInteger>(_ a: I, _ b: I) -> Outcome<I> {
    guard b != 0 else { return .trap(.integerDivideByZero) }
    guard b != -1 || a != I.min else { return .trap(.integerOverflow) }
    return .value(a / b)
  }

  /// idiv_u
  @inline(__always)
  static func divideUnsigned<I: FixedWidthInteger & UnsignedInteger>(_ a: I, _ b: I) -> Outcome<I> {
    guard b != 0 else { return .trap(.integerDivideByZero) }
    return .value(a / b)
  }

  /// irem_s: the sign of the dividend. The one quotient that overflows has a remainder, 0.
  @inline(__always)
  static func remainderSigned<I: FixedWidthInteger & SignedInteger>(_ a: I, _ b: I) -> Outcome<I> {
    guard b != 0 else { return .trap(.integerDivideByZero) }
    guard b != -1 else { return .value(0) }
    return .value(a % b)
  }

  /// irem_u
  @inline(__always)
  static func remainderUnsigned<I: FixedWidthInteger & UnsignedInteger>(_ a: I, _ b: I) -> Outcome<I> {
    guard b != 0 else { return .trap(.integerDivideByZero) }
    return .value(a % b)
  }

  /// irotl: the count is taken modulo the width.
  @inline(__always)
  static func rotateLeft<I: FixedWidthInteger & UnsignedInteger>(_ a: I, _ count: I) -> I {
    (a &<< count) | (a &>> (0 &- count))
  }

  /// irotr: the count is taken modulo the width.
  @inline(__always)
  static func rotateRight<I: FixedWidthInteger & UnsignedInteger>(_ a: I, _ count: I) -> I {
    (a &>> count) | (a &<< (0 &- count))
  }

  /// iclz
  @inline(__always)
  static func countLeadingZeros<I: FixedWidthInteger & UnsignedInteger>(_ a: I) -> I {
    I(truncatingIfNeeded: a.leadingZeroBitCount)
  }

  /// ictz
  @inline(__always)
  static func countTrailingZeros<I: FixedWidthInteger & UnsignedInteger>(_ a: I) -> I {
    I(truncatingIfNeeded: a.trailingZeroBitCount)
  }

  /// ipopcnt
  @inline(__always)
  static func countOnes<I: FixedWidthInteger & UnsignedInteger>(_ a: I) -> I {
    I(truncatingIfNeeded: a.nonzeroBitCount)
  }

  /// A number of 128 bits in the order in which the wide instructions have its halves on the stack.
  typealias Wide = (low: UInt64, high: UInt64)

  /// i64.add128 (wide-arithmetic proposal)
  @inline(__always)
  static func add128(_ a: Wide, _ b: Wide) -> Wide {
    let (low, carry) = a.low.addingReportingOverflow(b.low)
    return (low, a.high &+ b.high &+ (carry ? 1 : 0))
  }

  /// i64.sub128 (wide-arithmetic proposal)
  @inline(__always)
  static func sub128(_ a: Wide, _ b: Wide) -> Wide {
    let (low, borrow) = a.low.subtractingReportingOverflow(b.low)
    return (low, a.high &- b.high &- (borrow ? 1 : 0))
  }

  /// i64.mul_wide_s (wide-arithmetic proposal)
  @inline(__always)
  static func multiplyWideSigned(_ a: Int64, _ b: Int64) -> Wide {
    let product = a.multipliedFullWidth(by: b)
    return (product.low, UInt64(bitPattern: product.high))
  }

  /// i64.mul_wide_u (wide-arithmetic proposal)
  @inline(__always)
  static func multiplyWideUnsigned(_ a: UInt64, _ b: UInt64) -> Wide {
    let product = a.multipliedFullWidth(by: b)
    return (product.low, product.high)
  }
}
