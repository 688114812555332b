import WebAssembly

/// A Swift type that typed functions, globals and memory accesses can be used with: `Int32` and `UInt32` for i32, `Int64`
/// and `UInt64` for i64, `Float`, `Double`, ``V128``, and `Function?`, `ExternReference?`, `ExceptionReference?`.
///
/// Other types do not conform: a value is one or two 64-bit slots, and the engine trusts the conformance.
public protocol WasmValue {
  static var valueType: ValueType { get }
  /// 2 for v128, otherwise 1.
  static var slotCount: Int { get }
  init(slots: UnsafePointer<UInt64>, in store: Store)
  /// Throws ``UsageError/wrongStore`` for a reference of another store.
  func write(to slots: UnsafeMutablePointer<UInt64>, in store: Store) throws(UsageError)
}

extension WasmValue {
  @inlinable public static var slotCount: Int { 1 }
}

/// A ``WasmValue`` of one word: all but ``V128``. Functions over words are called fastest.
public protocol WasmWord: WasmValue {
  init(word: UInt64, in store: Store)
  /// Throws ``UsageError/wrongStore`` for a reference of another store.
  func word(in store: Store) throws(UsageError) -> UInt64
}

extension WasmWord {
  @inlinable public init(slots: UnsafePointer<UInt64>, in store: Store) { self.init(word: slots[0], in: store) }
  @inlinable public func write(to slots: UnsafeMutablePointer<UInt64>, in store: Store) throws(UsageError) {
    slots[0] = try word(in: store)
  }
}

extension Int32: WasmWord {
  @inlinable public static var valueType: ValueType { .i32 }
  @inlinable public init(word: UInt64, in store: Store) { self.init(truncatingIfNeeded: word) }
  @inlinable public func word(in store: Store) -> UInt64 { UInt64(UInt32(bitPattern: self)) }
}

extension UInt32: WasmWord {
  @inlinable public static var valueType: ValueType { .i32 }
  @inlinable public init(word: UInt64, in store: Store) { self.init(truncatingIfNeeded: word) }
  @inlinable public func word(in store: Store) -> UInt64 { UInt64(self) }
}

extension Int64: WasmWord {
  @inlinable public static var valueType: ValueType { .i64 }
  @inlinable public init(word: UInt64, in store: Store) { self.init(bitPattern: word) }
  @inlinable public func word(in store: Store) -> UInt64 { UInt64(bitPattern: self) }
}

extension UInt64: WasmWord {
  @inlinable public static var valueType: ValueType { .i64 }
  @inlinable public init(word: UInt64, in store: Store) { self = word }
  @inlinable public func word(in store: Store) -> UInt64 { self }
}

extension Float: WasmWord {
  @inlinable public static var valueType: ValueType { .f32 }
  @inlinable public init(word: UInt64, in store: Store) { self.init(bitPattern: UInt32(truncatingIfNeeded: word)) }
  @inlinable public func word(in store: Store) -> UInt64 { UInt64(bitPattern) }
}

extension Double: WasmWord {
  @inlinable public static var valueType: ValueType { .f64 }
  @inlinable public init(word: UInt64, in store: Store) { self.init(bitPattern: word) }
  @inlinable public func word(in store: Store) -> UInt64 { bitPattern }
}

extension V128: WasmValue {
  @inlinable public static var valueType: ValueType { .v128 }
  @inlinable public static var slotCount: Int { 2 }
  @inlinable public init(slots: UnsafePointer<UInt64>, in store: Store) { self.init(low: slots[0], high: slots[1]) }
  @inlinable public func write(to slots: UnsafeMutablePointer<UInt64>, in store: Store) {
    slots[0] = low
    slots[1] = high
  }
}

/// A reference whose optional is a ``WasmWord``, nil being null.
public protocol WasmReference {
  static var valueType: ValueType { get }
  init?(word: UInt64, in store: Store)
  func word(in store: Store) throws(UsageError) -> UInt64
}

extension Function: WasmReference {
  public static var valueType: ValueType { .functionReference }
  public init?(word: UInt64, in store: Store) {
    guard let record = FunctionRecord(word: word) else { return nil }
    self.init(record: record, store: store)
  }
  public func word(in store: Store) throws(UsageError) -> UInt64 {
    guard store === self.store else { throw .wrongStore }
    return record.word
  }
}

extension ExternReference: WasmReference {
  public static var valueType: ValueType { .externalReference }
  public init?(word: UInt64, in store: Store) { self.init(word: word, store: store) }
  public func word(in store: Store) throws(UsageError) -> UInt64 {
    guard store === self.store else { throw .wrongStore }
    return word
  }
}

extension ExceptionReference: WasmReference {
  public static var valueType: ValueType { .exceptionReference }
  public init?(word: UInt64, in store: Store) {
    guard let record = ExceptionRecord(word: word) else { return nil }
    self.init(record: record, store: store)
  }
  public func word(in store: Store) throws(UsageError) -> UInt64 {
    guard store === self.store else { throw .wrongStore }
    return word
  }
}

extension Optional: WasmValue, WasmWord where Wrapped: WasmReference {
  public static var valueType: ValueType { Wrapped.valueType }
  public init(word: UInt64, in store: Store) { self = Wrapped(word: word, in: store) }
  public func word(in store: Store) throws(UsageError) -> UInt64 { try self?.word(in: store) ?? 0 }
}
