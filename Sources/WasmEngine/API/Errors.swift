import WebAssembly

/// A call of the library that it refuses. Nothing has happened then.
public enum UsageError: Error, Hashable, Sendable {
  /// A function, memory, reference or other handle belongs to another store.
  case wrongStore
  /// A compiled module belongs to another engine.
  case wrongEngine
  case argumentCount(expected: Int, actual: Int)
  /// A value is not of the type that stands there. `position` counts from 0.
  case argumentType(position: Int, expected: ValueType, actual: ValueType)
  case resultCount(expected: Int, actual: Int)
  case resultType(position: Int, expected: ValueType, actual: ValueType)
  /// A function is not of the type that it is asked for.
  case functionType(expected: FunctionType, actual: FunctionType)
  /// A value does not fit a global, a table or a tag.
  case valueType(expected: ValueType, actual: ValueType)
  case noExport(String)
  case exportKind(String, expected: ExternalKind, actual: ExternalKind)
  /// An import of this name is there already.
  case duplicateDefinition(module: String, name: String)
  /// The number of imports given is not that of the module.
  case importCount(expected: Int, actual: Int)
  /// `length` bytes at `address` do not lie within a memory of `byteCount` bytes.
  case memoryBounds(address: UInt64, length: UInt64, byteCount: UInt64)
  case tableBounds(index: UInt64, count: UInt64, tableCount: UInt64)
  case readOnlyMemory
  case immutableGlobal
  /// Growth beyond the maximum, refused by the store's limiter, or by the system.
  case growthRefused
  /// A type that is not valid, or that only a module can have: one with a type index.
  case unusableType(String)
  /// The memory, table or instance was refused by the store's limiter, or by the system.
  case resourceRefused(String)
  /// Fuel of a store whose engine does not meter it.
  case fuelNotMetered
  /// A call on a stack that is neither the thread's nor one that the store was told of (``Store/onStack(_:_:)``).
  case foreignStack
  /// A deadline for which the system gives no thread.
  case deadlineRefused
}

extension UsageError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongStore: "the handle belongs to another store"
    case .wrongEngine: "the module was compiled by another engine"
    case .argumentCount(let expected, let actual): "\(expected) arguments expected, \(actual) given"
    case .argumentType(let position, let expected, let actual):
      "argument \(position) must be of type \(expected), not \(actual)"
    case .resultCount(let expected, let actual): "\(expected) results expected, \(actual) returned"
    case .resultType(let position, let expected, let actual):
      "result \(position) must be of type \(expected), not \(actual)"
    case .functionType(let expected, let actual): "the function is of type \(actual), not \(expected)"
    case .valueType(let expected, let actual): "a value of type \(expected) expected, not \(actual)"
    case .noExport(let name): "no export is named \(quoted: name)"
    case .exportKind(let name, let expected, let actual):
      "the export \(quoted: name) is a \(actual), not a \(expected)"
    case .duplicateDefinition(let module, let name): "\(quoted: module) \(quoted: name) is defined twice"
    case .importCount(let expected, let actual): "\(expected) imports expected, \(actual) given"
    case .memoryBounds(let address, let length, let byteCount):
      "\(length) bytes at address \(address) are not within a memory of \(byteCount) bytes"
    case .tableBounds(let index, let count, let tableCount):
      "\(count) elements at index \(index) are not within a table of \(tableCount)"
    case .readOnlyMemory: "the memory is read-only"
    case .immutableGlobal: "the global is immutable"
    case .growthRefused: "growth refused"
    case .unusableType(let text): "unusable type: \(text)"
    case .resourceRefused(let text): "\(text) refused"
    case .fuelNotMetered: "the engine does not meter fuel"
    case .foreignStack: "the call is on a stack that is not the thread's, and the store was not told where that ends"
    case .deadlineRefused: "no deadline can be kept: the system gives no thread for it"
    }
  }
}

/// A module that cannot be linked: nothing of it exists, and it has written nothing (Core 3.0, 4.7.2).
public struct LinkError: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case unknownImport
    case incompatibleImportType
  }

  public var kind: Kind
  /// The names of the import.
  public var module: String
  public var name: String
  /// What the import asks for, and what was given, as text.
  public var expected: String
  public var actual: String?

  /// Begins with the words that the official scripts expect.
  public var message: String {
    switch kind {
    case .unknownImport: "unknown import: \(quoted: module) \(quoted: name), a \(expected)"
    case .incompatibleImportType:
      "incompatible import type: \(quoted: module) \(quoted: name) must be a \(expected), but a \(actual ?? "?") was given"
    }
  }
}

extension LinkError: CustomStringConvertible {
  public var description: String { message }
}

/// An exception of the guest that nobody caught (Core 3.0, 4.6.9). A host function that throws one throws it in the guest,
/// where it can be caught.
///
/// It refers to its store, and may be used only where the store may be.
public struct UncaughtException: Error, @unchecked Sendable {
  public let tag: Tag
  public let payload: [Value]
  let reference: ExceptionReference?

  /// An exception for a host function to throw.
  public init(tag: Tag, payload: [Value]) throws(UsageError) {
    let types = tag.type.parameters
    guard payload.count == types.count else {
      throw .argumentCount(expected: types.count, actual: payload.count)
    }
    for (position, type) in types.enumerated() {
      try payload[position].check(against: type, in: tag.store) {
        .argumentType(position: position, expected: $0, actual: $1)
      }
    }
    self.tag = tag
    self.payload = payload
    reference = nil
  }

  init(_ reference: ExceptionReference) {
    tag = reference.tag
    payload = reference.payload
    self.reference = reference
  }
}

extension UncaughtException: CustomStringConvertible {
  public var description: String {
    "uncaught exception: (" + payload.map(\.description).joined(separator: ", ") + ")"
  }
}

/// What a host function throws that gives up because ``Store/isInterrupted`` has become true. The guest then traps, as
/// ``Trap/Kind-swift.enum/interrupted`` or ``Trap/Kind-swift.enum/deadlineExceeded``.
public struct Interruption: Error, Hashable, Sendable {
  public init() {}
}
