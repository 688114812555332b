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
    /// memory.discard of a range that does not consist of whole pages.
    case unalignedDiscard

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
      case .unalignedDiscard: "unaligned memory discard"
      }
    }
  }

  /// The access that a memory fault is about.
  public struct MemoryFault: Hashable, Sendable {
    /// The index of the memory in the module of the innermost frame.
    public var memoryIndex: Int
    /// Operand plus static offset. For 64-bit addresses it is what remains where the sum exceeds 64 bits.
    public var address: UInt64
    /// In bytes.
    public var length: UInt64

    public init(memoryIndex: Int, address: UInt64, length: UInt64) {
      self.memoryIndex = memoryIndex
      self.address = address
      self.length = length
    }
  }

  public var kind: Kind
  /// For ``Kind-swift.enum/outOfBoundsMemoryAccess``: which access.
  public var memoryFault: MemoryFault?
  /// For ``Kind-swift.enum/uninitializedElement``: the index of the null element.
  public var elementIndex: UInt64? {
    get { element == .max ? nil : element }
    set { element = newValue ?? .max }
  }
  /// All ones where there is none. As an optional it makes the compiler (6.3.1) destroy a `Result` of a trap wrongly.
  private var element = UInt64.max
  /// The wasm frames from the innermost one on. Of a very deep stack the outermost are left out.
  public var backtrace: [Frame]

  public init(kind: Kind, memoryFault: MemoryFault? = nil, backtrace: [Frame] = []) {
    self.kind = kind
    self.memoryFault = memoryFault
    self.backtrace = backtrace
  }

  /// What the official scripts call it.
  public var message: String { elementIndex.map { "\(kind.message) \($0)" } ?? kind.message }
}

/// A frame of a backtrace.
public struct Frame: Hashable, Sendable {
  /// The name of the module in its name section.
  public var module: String?
  /// The index of the function in its module, imports counted.
  public var function: UInt32
  /// The name of the function in the name section, or else that of its first export.
  public var name: String?
  /// Where execution stands, in bytes from the start of the module's binary.
  public var offset: Int
  /// The same in the text that the module was parsed from, counted from 1; nil for a module from a binary.
  public var line: Int?
  public var column: Int?

  public init(
    module: String? = nil, function: UInt32, name: String? = nil, offset: Int, line: Int? = nil, column: Int? = nil
  ) {
    self.module = module
    self.function = function
    self.name = name
    self.offset = offset
    self.line = line
    self.column = column
  }
}

extension Frame: CustomStringConvertible {
  public var description: String {
    var place = "0x" + String(offset, radix: 16)
    if let line, let column { place += " (line \(line), column \(column))" }
    return "\(name: module ?? "<unnamed>")!\(name: name ?? "function[\(function)]") at \(place)"
  }
}

extension Trap: CustomStringConvertible {
  public var description: String {
    var text = "trap: \(message)"
    if let memoryFault {
      let address = "0x" + String(memoryFault.address, radix: 16)
      text += " (memory \(memoryFault.memoryIndex), address \(address), \(memoryFault.length) bytes)"
    }
    for frame in backtrace { text += "\n  \(frame)" }
    return text
  }
}
