/// A run of value types in ``FunctionValidator/types``.
struct TypeRange: Sendable {
  var start: UInt32
  var count: UInt32

  static let empty = TypeRange(start: 0, count: 0)
}

/// The parameters and results of a function type or block type.
struct Signature: Sendable {
  var parameters: TypeRange
  var results: TypeRange
  /// False in the place of a defined type that is no function type.
  var isFunction = true

  static let empty = Signature(parameters: .empty, results: .empty)
}

/// A block under validation (Core 3.0, A.3). What changes while it is the innermost one is in ``OperandStack``.
struct ControlFrame: Sendable {
  enum Kind: UInt8, Sendable {
    case function, block, loop, `if`, `else`, tryTable

    /// For messages.
    var name: String {
      switch self {
      case .function: "function"
      case .block: "block"
      case .loop: "loop"
      case .if: "if"
      case .else: "else"
      case .tryTable: "try_table"
      }
    }
  }

  var kind: Kind
  var signature: Signature
  /// The state of the block around it, to return to.
  var outerBase: UInt32
  var outerIsUnreachable: Bool
  /// How many locals had been initialized when it began.
  var initializations: UInt32

  /// What a branch to it takes along.
  var label: TypeRange { kind == .loop ? signature.parameters : signature.results }
}
