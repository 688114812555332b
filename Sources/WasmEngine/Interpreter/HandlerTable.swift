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
    /// A memory access whose effective address is known and has 32 bits: `result or value, record, address`.
    case fixedAddress
    /// A memory access whose address is `a + constant`, in 32 bits: as `sumAddress` with the constant for `b`.
    case displacedAddress
  }

  /// What the translator needs to know of an operator, drawn from its row.
  struct Shape {
    enum Kind: UInt8 { case computation, load, store, lane, other }
    var kind = Kind.other
    var operandCount: UInt8 = 0
    var hasResult = false
    var resultIsVector = false
    var canTrap = false
    var immediates = ImmediateKind.none
    var operandType = ValueType.bottom

    init() {}

    init(_ row: Operator) {
      guard let type = row.type else {
        if row.opcode == .refIsNull || row.opcode == .refEq {
          kind = .computation
          operandCount = row.opcode == .refIsNull ? 1 : 2
          hasResult = true
        }
        return
      }
      immediates = row.immediates
      operandCount = UInt8(type.operands.count)
      operandType = type.operands.first ?? .bottom
      hasResult = !type.results.isEmpty
      resultIsVector = type.results.first?.isVector ?? false
      switch row.immediates {
      case .memoryArgument: kind = hasResult ? .load : .store
      case .memoryArgumentAndLane: kind = .lane
      case .none, .lane, .lanes: kind = operandCount > 0 && type.results.count == 1 ? .computation : .other
      default: kind = .other
      }
      // Atomic accesses have an address besides their operands, whatever their results.
      if row.feature == .threads { kind = .other }
      switch row.opcode {
      case .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i64DivS, .i64DivU, .i64RemS, .i64RemU, .i32TruncF32S,
        .i32TruncF32U, .i32TruncF64S, .i32TruncF64U, .i64TruncF32S, .i64TruncF32U, .i64TruncF64S, .i64TruncF64U:
        canTrap = true
      default: break
      }
    }
  }

  /// Made once; it never changes afterwards.
  static let shared = HandlerTable()

  private let entries: UnsafeMutablePointer<UInt>
  private let shapes: UnsafeMutablePointer<Shape>

  private init() {
    let count = Variant.allCases.count * Operator.opcodeLimit + Special.allCases.count
    entries = .allocate(capacity: count)
    entries.initialize(repeating: 0, count: count)
    shapes = .allocate(capacity: Operator.opcodeLimit)
    shapes.initialize(repeating: Shape(), count: Operator.opcodeLimit)
    for row in Operator.all { shapes[Int(row.opcode.rawValue)] = Shape(row) }
    addInteger32()
    addInteger64()
    addCompare32()
    addCompare64()
    addFloats()
    addFloatComparisons()
    addConversions()
    addMemoryAccesses()
    addControl()
    addFused()
    addCalls()
    addRuntimeCalls()
    addVectors()
  }

  @inline(__always)
  func shape(_ opcode: Opcode) -> Shape { shapes[Int(opcode.rawValue)] }

  func set(_ opcode: Opcode, _ variant: Variant = .slots, _ handler: @escaping HandlerClosure) {
    entries[variant.rawValue * Operator.opcodeLimit + Int(opcode.rawValue)] = Self.codeAddress(of: handler)
  }

  /// Lets an operator have the handlers of another one that does the same to a slot.
  func alias(_ opcode: Opcode, of original: Opcode) {
    for variant: Variant in [
      .slots, .address64, .sumAddress, .scaledAddress, .fixedAddress, .displacedAddress,
    ] {
      entries[variant.rawValue * Operator.opcodeLimit + Int(opcode.rawValue)] = handler(original, variant)
    }
  }

  func set(_ special: Special, _ handler: @escaping HandlerClosure) {
    entries[Self.firstSpecial + special.rawValue] = Self.codeAddress(of: handler)
  }

  /// A handler as it is written: a closure that captures nothing.
  typealias HandlerClosure = (CodePointer, FramePointer, ContextPointer) -> UInt64

  /// The address of a closure's own code, which is called as a ``Handler``: Swift's calling convention hands over three
  /// words and returns one as C's does. Converted to a C function, each handler would be reached through a thunk, and of
  /// handlers that are alike the compiler merges the thunks into real calls, so that a chain of them would grow the stack.
  static func codeAddress(of handler: @escaping HandlerClosure) -> UInt {
    let words = unsafeBitCast(ClosureField(closure: handler), to: (code: UInt, captures: UInt).self)
    precondition(words.captures == 0, "a handler captures nothing")
    return words.code
  }

  /// A field of the closure's own type: as a generic argument it would be wrapped.
  private struct ClosureField {
    let closure: HandlerClosure
  }

  private static let firstSpecial = 14 * Operator.opcodeLimit

  @inline(__always)
  func handler(_ special: Special) -> UInt { entries[14 &* Operator.opcodeLimit &+ special.rawValue] }

  /// The address of a handler; 0 where there is none.
  @inline(__always)
  func handler(_ opcode: Opcode, _ variant: Variant = .slots) -> UInt {
    entries[variant.rawValue &* Operator.opcodeLimit &+ Int(opcode.rawValue)]
  }
}
