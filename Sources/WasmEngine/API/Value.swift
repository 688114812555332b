import WebAssembly

/// 128 bits (Core 3.0, 2.3.2).
public struct V128: Hashable, Sendable {
  /// Bytes 0 to 7, little-endian.
  public var low: UInt64
  /// Bytes 8 to 15.
  public var high: UInt64

  @inlinable public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }
}

/// A value of WebAssembly (Core 3.0, 4.2.1). References are handles of a store, nil is null.
public enum Value {
  case i32(Int32)
  case i64(Int64)
  case f32(Float)
  case f64(Double)
  case v128(V128)
  case funcref(Function?)
  case externref(ExternReference?)
  case exnref(ExceptionReference?)
  /// A reference of the hierarchy of `any`, of which only null can be had yet.
  case anyref(AnyReference?)

  /// The most special type of the value. Type indices in it are the engine's own.
  public var type: ValueType {
    switch self {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    case .v128: .v128
    case .funcref(let function?): .reference(.concrete(function.record.typeID), nullable: false)
    case .funcref(nil): .reference(.noFunction, nullable: true)
    case .externref(_?): .reference(.external, nullable: false)
    case .externref(nil): .reference(.noExternal, nullable: true)
    case .exnref(_?): .reference(.exception, nullable: false)
    case .exnref(nil): .reference(.noException, nullable: true)
    case .anyref: .reference(.none, nullable: true)
    }
  }

  /// The null of the hierarchy of a heap type.
  public static func null(_ type: HeapType) -> Value {
    switch type {
    case .external, .noExternal: .externref(nil)
    case .exception, .noException: .exnref(nil)
    case .any, .none, .eq, .i31, .structure, .array: .anyref(nil)
    default: .funcref(nil)
    }
  }

  /// Whether a reference is null; false for numbers.
  public var isNull: Bool {
    switch self {
    case .funcref(nil), .externref(nil), .exnref(nil), .anyref: true
    default: false
    }
  }

  /// The store of a reference.
  private var store: Store? {
    switch self {
    case .funcref(let function?): function.store
    case .externref(let reference?): reference.store
    case .exnref(let reference?): reference.store
    default: nil
    }
  }

  /// Throws unless the value may stand where the type is asked for, in a store.
  func check(
    against type: ValueType, in store: Store, _ mismatch: (ValueType, ValueType) -> UsageError
  ) throws(UsageError) {
    switch self {
    case .i32: if type == .i32 { return }
    case .i64: if type == .i64 { return }
    case .f32: if type == .f32 { return }
    case .f64: if type == .f64 { return }
    case .v128: if type == .v128 { return }
    default:
      if let owner = self.store, owner !== store { throw .wrongStore }
      if store.engine.matches(self.type, type) { return }
    }
    throw mismatch(type, self.type)
  }

  /// Writes the value into its one or two slots.
  func write(to slots: UnsafeMutablePointer<UInt64>) {
    switch self {
    case .i32(let value): slots[0] = UInt64(UInt32(bitPattern: value))
    case .i64(let value): slots[0] = UInt64(bitPattern: value)
    case .f32(let value): slots[0] = UInt64(value.bitPattern)
    case .f64(let value): slots[0] = value.bitPattern
    case .v128(let value):
      slots[0] = value.low
      slots[1] = value.high
    case .funcref(let function): slots[0] = function?.record.word ?? 0
    case .externref(let reference): slots[0] = reference?.word ?? 0
    case .exnref(let reference): slots[0] = reference?.word ?? 0
    case .anyref: slots[0] = 0
    }
  }

  /// Reads a value of a type from its slots.
  init(_ type: ValueType, from slots: UnsafePointer<UInt64>, in store: Store) {
    switch type {
    case .i32: self = .i32(Int32(truncatingIfNeeded: slots[0]))
    case .i64: self = .i64(Int64(bitPattern: slots[0]))
    case .f32: self = .f32(Float(bitPattern: UInt32(truncatingIfNeeded: slots[0])))
    case .f64: self = .f64(Double(bitPattern: slots[0]))
    case .v128: self = .v128(V128(low: slots[0], high: slots[1]))
    default: self.init(reference: type.referenceType?.heapType ?? .none, word: slots[0], in: store)
    }
  }

  /// A reference from its word.
  init(reference type: HeapType, word: UInt64, in store: Store) {
    switch type {
    case .external, .noExternal: self = .externref(ExternReference(word: word, store: store))
    case .exception, .noException:
      self = .exnref(ExceptionRecord(word: word).map { ExceptionReference(record: $0, store: store) })
    case .any, .none, .eq, .i31, .structure, .array: self = .anyref(nil)
    default:
      if store.engine.isFunctionType(type) {
        self = .funcref(FunctionRecord(word: word).map { Function(record: $0, store: store) })
      } else {
        self = .anyref(nil)
      }
    }
  }
}

extension Value: CustomStringConvertible {
  public var description: String {
    switch self {
    case .i32(let value): "i32:\(value)"
    case .i64(let value): "i64:\(value)"
    case .f32(let value): "f32:\(value)"
    case .f64(let value): "f64:\(value)"
    case .v128(let value): "v128:0x" + String(value.high, radix: 16) + "_" + String(value.low, radix: 16)
    case .funcref(let value): value == nil ? "ref.null func" : "ref.func"
    case .externref(let value): value.map { "ref.extern \($0.value)" } ?? "ref.null extern"
    case .exnref(let value): value == nil ? "ref.null exn" : "ref.exn"
    case .anyref: "ref.null any"
    }
  }
}

extension ValueType {
  /// The number of 64-bit slots that a value of the type takes.
  var slotCount: Int { self == .v128 ? 2 : 1 }
}

extension FunctionType {
  var parameterSlots: Int { parameters.reduce(0) { $0 + $1.slotCount } }
  var resultSlots: Int { results.reduce(0) { $0 + $1.slotCount } }
  /// Slots that hold the parameters before a call and the results after it.
  var slots: Int { max(parameterSlots, resultSlots, 1) }
}
