import WebAssembly

/// A function of a store: of an instance, or of the host (Core 3.0, 4.2.7).
public struct Function {
  @usableFromInline let record: FunctionRecord
  @usableFromInline let store: Store

  init(record: FunctionRecord, store: Store) {
    self.record = record
    self.store = store
  }

  /// A host function of a type that is known only at run time. The body gets the arguments, and returns as many results
  /// as the type says; others are a ``UsageError`` for the caller. What it throws, the outer caller gets.
  ///
  /// - Throws: ``UsageError/unusableType(_:)`` for a type with type indices.
  public init(
    in store: Store, type: FunctionType, _ body: @escaping (borrowing Caller, [Value]) throws -> [Value]
  ) throws(UsageError) {
    let body: HostBody = { caller, slots in
      var slot = UnsafePointer(slots)
      let arguments = type.parameters.map { type in
        defer { slot += type.slotCount }
        return Value(type, from: slot, in: caller.store)
      }
      let results = try body(caller, arguments)
      guard results.count == type.results.count else {
        throw UsageError.resultCount(expected: type.results.count, actual: results.count)
      }
      var next = slots
      for (position, type) in type.results.enumerated() {
        try results[position].check(against: type, in: caller.store) {
          .resultType(position: position, expected: $0, actual: $1)
        }
        results[position].write(to: next)
        next += type.slotCount
      }
    }
    let function = try store.makeHostFunction(type, body: .slots(body))
    self.init(record: function.record, store: store)
  }

  /// The function's type. Type indices in it are the engine's own.
  public var type: FunctionType { store.engine.functionType(record.typeID) }

  /// Calls the function.
  ///
  /// - Throws: ``UsageError`` where the arguments are not those of the type; ``Trap``; ``UncaughtException``; and what a
  ///   host function threw that it called.
  public func call(_ arguments: [Value] = []) throws -> [Value] {
    let type = type
    guard arguments.count == type.parameters.count else {
      throw UsageError.argumentCount(expected: type.parameters.count, actual: arguments.count)
    }
    for (position, type) in type.parameters.enumerated() {
      try arguments[position].check(against: type, in: store) {
        .argumentType(position: position, expected: $0, actual: $1)
      }
    }
    let slots = try store.takeSlots(type.slots)
    defer { store.returnSlots(slots) }
    var next = slots
    for argument in arguments {
      argument.write(to: next)
      next += argument.type.slotCount
    }
    try store.call(record, slots: slots)
    next = slots
    return type.results.map { type in
      defer { next += type.slotCount }
      return Value(type, from: next, in: store)
    }
  }

  /// Calls the function with one argument or several.
  public func callAsFunction(_ arguments: Value...) throws -> [Value] { try call(arguments) }
}

extension Function: Hashable {
  /// Whether both are the same function of the same store.
  public static func == (left: Function, right: Function) -> Bool { left.record == right.record }
  public func hash(into hasher: inout Hasher) { hasher.combine(record.base) }
}
