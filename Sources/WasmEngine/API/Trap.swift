/// The abnormal end of an execution (Core 3.0, 4.2.1).
public struct Trap: Error, Hashable, Sendable {
  /// What went wrong. The raw values are shared with executing code.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case unreachable = 1
    case integerDivideByZero
    case integerOverflow
    case invalidConversionToInteger
    case outOfBoundsMemoryAccess
    case outOfBoundsTableAccess
    /// call_indirect with an index beyond the table.
    case undefinedElement
    /// call_indirect through a null element.
    case uninitializedElement
    case indirectCallTypeMismatch
    case nullReference
    case nullFunctionReference
    case nullExceptionReference
    case castFailure
    case outOfBoundsArrayAccess
    case unalignedAtomic
    case expectedSharedMemory
    case callStackExhausted
    case interrupted
    case deadlineExceeded
    case outOfFuel
    /// The host refused memory that the execution cannot go on without.
    case outOfMemory

    /// What the official scripts call it.
    public var message: String {
      switch self {
      case .unreachable: "unreachable"
      case .integerDivideByZero: "integer divide by zero"
      case .integerOverflow: "integer overflow"
      case .invalidConversionToInteger: "invalid conversion to integer"
      case .outOfBoundsMemoryAccess: "out of bounds memory access"
      case .outOfBoundsTableAccess: "out of bounds table access"
      case .undefinedElement: "undefined element"
      case .uninitializedElement: "uninitialized element"
      case .indirectCallTypeMismatch: "indirect call type mismatch"
      case .nullReference: "null reference"
      case .nullFunctionReference: "null function reference"
      case .nullExceptionReference: "null exception reference"
      case .castFailure: "cast failure"
      case .outOfBoundsArrayAccess: "out of bounds array access"
      case .unalignedAtomic: "unaligned atomic"
      case .expectedSharedMemory: "expected shared memory"
      case .callStackExhausted: "call stack exhausted"
      case .interrupted: "interrupted"
      case .deadlineExceeded: "deadline exceeded"
      case .outOfFuel: "all fuel consumed"
      case .outOfMemory: "out of memory"
      }
    }
  }

  public var kind: Kind

  public init(kind: Kind) { self.kind = kind }
}
