import WebAssembly

/// A global of a store (Core 3.0, 4.2.10).
public struct Global {
  let instance: GlobalInstance
  public let store: Store

  init(instance: GlobalInstance, store: Store) {
    self.instance = instance
    self.store = store
  }

  /// A new global.
  ///
  /// - Throws: ``UsageError``: an unusable type, or a value that is not of it.
  public init(in store: Store, type: GlobalType, value: Value) throws(UsageError) {
    try Engine.checkUsable(type.value)
    try value.check(against: type.value, in: store) { .valueType(expected: $0, actual: $1) }
    self.init(instance: GlobalInstance(type), store: store)
    value.write(to: instance.cell)
  }

  /// Type indices in it are the engine's own.
  public var type: GlobalType { instance.type }

  public var value: Value { Value(instance.type.value, from: instance.cell, in: store) }

  /// Sets the value.
  ///
  /// - Throws: ``UsageError/immutableGlobal``, or where the value is not of the global's type.
  public func set(_ value: Value) throws(UsageError) {
    guard instance.type.isMutable else { throw .immutableGlobal }
    try value.check(against: instance.type.value, in: store) { .valueType(expected: $0, actual: $1) }
    value.write(to: instance.cell)
  }
}

/// A tag of a store (Core 3.0, 4.2.11): what exceptions are told apart by.
public struct Tag {
  let instance: TagInstance
  public let store: Store

  init(instance: TagInstance, store: Store) {
    self.instance = instance
    self.store = store
  }

  /// A new tag, whose exceptions carry these values.
  public init(in store: Store, payload: [ValueType]) throws(UsageError) {
    let types = try store.engine.register(FunctionType(parameters: payload))
    let tag = TagInstance(typeID: types.ids[0], of: types)
    // Exceptions name their tag by its address, whoever else holds it.
    store.tags.append(tag)
    self.init(instance: tag, store: store)
  }

  /// The payload as parameters. Type indices in it are the engine's own.
  public var type: FunctionType { store.engine.functionType(instance.typeID) }
}

extension Tag: Equatable {
  /// Whether both are the same tag.
  public static func == (left: Tag, right: Tag) -> Bool { left.instance === right.instance }
}
