import WebAssembly

/// A function whose parameters and results are Swift types: it is called like a Swift function. Several parameters are a tuple
/// type, several results a tuple.
///
/// ```swift
/// let add = try instance.function("add", as: (Int32, Int32).self, returning: Int32.self)
/// let sum = try add(1, 2)
/// ```
///
/// A call with up to four parameters and at most one result, without v128, costs some tens of nanoseconds; others go
/// through parameter packs, which cost several times as much.
public struct TypedFunction<Parameters, Results> {
  /// One reference, so that a closure that captures the function can call it without counting references.
  @usableFromInline let callee: Callee
  @usableFromInline var function: Function { @inlinable get { callee.function } }

  /// The function as one of a type; throws ``UsageError/functionType(expected:actual:)`` where it cannot be called so.
  @usableFromInline
  init(_ function: Function, calledAs expected: FunctionType) throws(UsageError) {
    let actual = function.type
    let engine = function.store.engine
    guard expected.parameters.count == actual.parameters.count, expected.results.count == actual.results.count,
      zip(expected.parameters, actual.parameters).allSatisfy({ engine.matches($0, $1) }),
      zip(actual.results, expected.results).allSatisfy({ engine.matches($0, $1) })
    else { throw .functionType(expected: expected, actual: actual) }
    callee = Callee(function)
  }

  /// Calls the function.
  ///
  /// - Throws: ``UsageError/wrongStore`` for a reference of another store; ``Trap``; ``UncaughtException``; and what a host
  ///   function threw that it called.
  @inlinable @_disfavoredOverload
  public func callAsFunction<each P: WasmValue, each R: WasmValue>(_ arguments: repeat each P) throws -> Results
  where Parameters == (repeat each P), Results == (repeat each R) {
    let store = function.store
    var parameterSlots = 0
    var resultSlots = 0
    repeat parameterSlots += (each P).slotCount
    repeat resultSlots += (each R).slotCount
    let slots = try store.takeSlots(max(parameterSlots, resultSlots))
    defer { store.returnSlots(slots) }
    var next = slots
    repeat try put(each arguments, &next, store)
    try store.call(function, slots: slots)
    next = slots
    return (repeat take((each R).self, &next, store))
  }
}

/// Writes a value and moves on behind it. Always inlined, since what is not known of a type there costs more than all else.
@inlinable @inline(__always)
func put<T: WasmValue>(_ value: T, _ next: inout UnsafeMutablePointer<UInt64>, _ store: Store) throws(UsageError) {
  try value.write(to: next, in: store)
  next += T.slotCount
}

/// Reads a value and moves on behind it.
@inlinable @inline(__always)
func take<T: WasmValue>(_ type: T.Type, _ next: inout UnsafeMutablePointer<UInt64>, _ store: Store) -> T {
  let value = T(slots: next, in: store)
  next += T.slotCount
  return value
}

extension Function {
  /// The function with parameters and results as Swift types.
  ///
  /// - Throws: ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable @_disfavoredOverload
  public func typed<each P: WasmValue, each R: WasmValue>(
    as parameters: (repeat each P).Type, returning results: (repeat each R).Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), (repeat each R)> {
    var expected = FunctionType()
    repeat expected.parameters.append((each P).valueType)
    repeat expected.results.append((each R).valueType)
    return try TypedFunction(self, calledAs: expected)
  }

  /// The function with parameters and one result as Swift types.
  ///
  /// - Throws: ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable @_disfavoredOverload
  public func typed<each P: WasmValue, R: WasmValue>(
    as parameters: (repeat each P).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), R> {
    var expected = FunctionType(results: [R.valueType])
    repeat expected.parameters.append((each P).valueType)
    return try TypedFunction(self, calledAs: expected)
  }

  /// The function with parameters as Swift types and without results; `Void.self` for no parameters.
  @inlinable @_disfavoredOverload
  public func typed<each P: WasmValue>(
    as parameters: (repeat each P).Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), ()> {
    try typed(as: parameters, returning: Void.self)
  }

  /// A host function of a Swift closure with Swift types. What it throws, the outer caller gets.
  @inlinable @_disfavoredOverload
  public init<each P: WasmValue, each R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, repeat each P) throws -> (repeat each R)
  ) {
    var parameters: [ValueType] = []
    var results: [ValueType] = []
    repeat parameters.append((each P).valueType)
    repeat results.append((each R).valueType)
    self.init(in: store, parameters: parameters, results: results) { caller, slots in
      let store = caller.store
      var next = slots
      let result = try body(caller, repeat take((each P).self, &next, store))
      next = slots
      repeat try put(each result, &next, store)
    }
  }

  /// A host function over slots.
  @usableFromInline
  init(in store: Store, parameters: [ValueType], results: [ValueType], body: @escaping HostBody) {
    self.init(in: store, FunctionType(parameters: parameters, results: results), .slots(body))
  }

  /// A host function over words.
  @usableFromInline
  init(in store: Store, words parameters: [ValueType], result: ValueType?, body: @escaping HostWordBody) {
    self.init(in: store, FunctionType(parameters: parameters, results: result.map { [$0] } ?? []), .words(body))
  }

  /// A host function whose types come from ``WasmValue``s, none of which has a type index.
  private init(in store: Store, _ type: FunctionType, _ body: HostFunctionBody) {
    guard let function = try? store.makeHostFunction(type, body: body) else {
      preconditionFailure("a WasmValue of a type with a type index")
    }
    self.init(record: function.record, store: store)
  }
}
