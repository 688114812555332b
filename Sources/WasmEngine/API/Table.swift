import WebAssembly

/// A table of a store (Core 3.0, 4.2.8).
public struct Table {
  let instance: TableInstance
  public let store: Store

  init(instance: TableInstance, store: Store) {
    self.instance = instance
    self.store = store
  }

  /// A new table with the same reference everywhere.
  ///
  /// - Throws: ``UsageError``: an unusable type, a value that is not of the element type, a refused resource.
  public init(in store: Store, type: TableType, filledWith value: Value) throws(UsageError) {
    try Engine.checkUsable(.reference(type.element))
    guard type.limits.minimum <= type.limits.maximum ?? .max,
      type.addressType == .i64 || type.limits.minimum <= UInt64(UInt32.max)
    else { throw .unusableType("table \(type)") }
    let word = try Self.word(value, type, store)
    self.init(instance: try store.makeTable(type, filledWith: word), store: store)
  }

  /// The type, with the current size as its minimum. Type indices in it are the engine's own.
  public var type: TableType { instance.currentType }
  /// The number of elements.
  public var count: UInt64 { instance.count }

  private static func word(_ value: Value, _ type: TableType, _ store: Store) throws(UsageError) -> UInt64 {
    try value.check(against: .reference(type.element), in: store) { .valueType(expected: $0, actual: $1) }
    var word: (UInt64, UInt64) = (0, 0)
    withUnsafeMutablePointer(to: &word.0) { value.write(to: $0) }
    return word.0
  }

  private func checkIndex(_ index: UInt64) throws(UsageError) {
    guard index < instance.count else { throw .tableBounds(index: index, count: 1, tableCount: instance.count) }
  }

  /// The reference at an index.
  public func get(_ index: UInt64) throws(UsageError) -> Value {
    try checkIndex(index)
    return Value(
      reference: instance.declaredType.element.heapType, word: instance.elements[Int(clamping: index)], in: store)
  }

  /// Sets the reference at an index.
  public func set(_ index: UInt64, _ value: Value) throws(UsageError) {
    let word = try Self.word(value, instance.declaredType, store)
    try checkIndex(index)
    instance.elements[Int(clamping: index)] = word
  }

  /// Grows by a number of elements that are all the same, and returns the old size.
  ///
  /// - Throws: ``UsageError/growthRefused`` beyond the maximum, and where the store's limiter or the system refuses.
  @discardableResult
  public func grow(by count: UInt64, filledWith value: Value) throws(UsageError) -> UInt64 {
    let word = try Self.word(value, instance.declaredType, store)
    guard let old = store.grow(instance, by: count, filledWith: word) else { throw .growthRefused }
    return old
  }
}
