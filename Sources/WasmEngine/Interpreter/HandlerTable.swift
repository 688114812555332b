import WebAssembly

/// The handlers of the operators, by opcode and by the kind of operands, dense for the translator's sake.
///
/// Each family fills in its own in an extension:
///
///     func addFamily() {
///       set(.i32Add) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &+ b } }
///     }
final class HandlerTable: @unchecked Sendable {
  /// What the operands of a handler are.
  enum Variant: Int, CaseIterable {
    /// All operands in slots; the address of a memory access an i32.
    case slots
    /// All operands in slots; the address of a memory access an i64.
    case address64
    /// The last operand an immediate: 4 bytes for i32, f32 and i64 (sign-extended), 8 bytes for f64.
    case constantRight
    /// The first operand an immediate of that form.
    case constantLeft
    /// A comparison that branches if it holds: `a, b, displacement`.
    case branch
    /// The same to a loop: it looks at the interrupt word before it branches.
    case branchBack
    /// A comparison with an immediate that branches if it holds: `a, immediate, displacement`.
    case branchConstant
    case branchConstantBack
    /// A comparison that branches if it does not hold, for numbers that may be unordered: `a, b, displacement`.
    case branchUnless
    case branchUnlessBack
    /// A memory access whose address is the sum of two i32: `result, a, b, record, offset` or `a, b, value, record, offset`.
    case sumAddress
    /// A memory access whose address is `a + (b << n)`: as before with `n` after `b`.
    case scaledAddress
  }

  /// Made once; it never changes afterwards.
  static let shared = HandlerTable()

  private let entries: UnsafeMutablePointer<UInt>

  private init() {
    let count = Variant.allCases.count * Operator.opcodeLimit
    entries = .allocate(capacity: count)
    entries.initialize(repeating: 0, count: count)
    addIntegers()
    addVectors()
  }

  func set(_ opcode: Opcode, _ variant: Variant = .slots, _ handler: Handler) {
    entries[variant.rawValue * Operator.opcodeLimit + Int(opcode.rawValue)] = unsafeBitCast(handler, to: UInt.self)
  }

  /// The address of a handler; 0 where there is none.
  @inline(__always)
  func handler(_ opcode: Opcode, _ variant: Variant = .slots) -> UInt {
    entries[variant.rawValue &* Operator.opcodeLimit &+ Int(opcode.rawValue)]
  }
}
