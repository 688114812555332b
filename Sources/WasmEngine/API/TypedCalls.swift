import WebAssembly

// Functions of up to four parameters and at most one result, which are most functions, without parameter packs: their calls
// cost a fraction, and type checking knows at once what they are.

extension TypedFunction where Results: WasmValue {
  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction() throws -> Results where Parameters == () {
    try withSlots(Results.slotCount) { slots throws in
      try function.store.call(function, slots: slots)
      return Results(slots: slots, in: function.store)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction(_ a: Parameters) throws -> Results where Parameters: WasmValue {
    try withSlots(max(Parameters.slotCount, Results.slotCount)) { slots throws in
      try a.write(to: slots, in: function.store)
      try function.store.call(function, slots: slots)
      return Results(slots: slots, in: function.store)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue>(_ a: A, _ b: B) throws -> Results where Parameters == (A, B) {
    try withSlots(max(A.slotCount + B.slotCount, Results.slotCount)) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
      return Results(slots: slots, in: function.store)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue, C: WasmValue>(_ a: A, _ b: B, _ c: C) throws -> Results
  where Parameters == (A, B, C) {
    try withSlots(max(A.slotCount + B.slotCount + C.slotCount, Results.slotCount)) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try c.write(to: slots + A.slotCount + B.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
      return Results(slots: slots, in: function.store)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(_ a: A, _ b: B, _ c: C, _ d: D)
    throws -> Results where Parameters == (A, B, C, D)
  {
    try withSlots(max(A.slotCount + B.slotCount + C.slotCount + D.slotCount, Results.slotCount)) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try c.write(to: slots + A.slotCount + B.slotCount, in: function.store)
      try d.write(to: slots + A.slotCount + B.slotCount + C.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
      return Results(slots: slots, in: function.store)
    }
  }
}

extension TypedFunction where Results == () {
  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction() throws -> Results where Parameters == () {
    try withSlots(0) { slots throws in
      try function.store.call(function, slots: slots)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction(_ a: Parameters) throws -> Results where Parameters: WasmValue {
    try withSlots(Parameters.slotCount) { slots throws in
      try a.write(to: slots, in: function.store)
      try function.store.call(function, slots: slots)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue>(_ a: A, _ b: B) throws -> Results where Parameters == (A, B) {
    try withSlots(A.slotCount + B.slotCount) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue, C: WasmValue>(_ a: A, _ b: B, _ c: C) throws -> Results
  where Parameters == (A, B, C) {
    try withSlots(A.slotCount + B.slotCount + C.slotCount) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try c.write(to: slots + A.slotCount + B.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
    }
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(_ a: A, _ b: B, _ c: C, _ d: D)
    throws -> Results where Parameters == (A, B, C, D)
  {
    try withSlots(A.slotCount + B.slotCount + C.slotCount + D.slotCount) { slots throws in
      try a.write(to: slots, in: function.store)
      try b.write(to: slots + A.slotCount, in: function.store)
      try c.write(to: slots + A.slotCount + B.slotCount, in: function.store)
      try d.write(to: slots + A.slotCount + B.slotCount + C.slotCount, in: function.store)
      try function.store.call(function, slots: slots)
    }
  }
}

extension TypedFunction {
  /// Slots on the stack, whose number is known where this is inlined.
  @inlinable @inline(__always)
  func withSlots<R>(_ count: Int, _ body: (UnsafeMutablePointer<UInt64>) throws -> R) throws -> R {
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(count, 1)) { slots in
      try body(slots.baseAddress!)
    }
  }
}

extension Function {
  /// The function as one of no parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<R: WasmValue>(as parameters: Void.Type, returning result: R.Type) throws(UsageError)
    -> TypedFunction<(), R>
  {
    try TypedFunction(self, slotCount: slotCount(calledAs: FunctionType(parameters: [], results: [R.valueType])))
  }

  /// The function as one of one parameter and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, R: WasmValue>(as parameters: A.Type, returning result: R.Type) throws(UsageError)
    -> TypedFunction<A, R>
  {
    try TypedFunction(
      self, slotCount: slotCount(calledAs: FunctionType(parameters: [A.valueType], results: [R.valueType])))
  }

  /// The function as one of 2 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, R: WasmValue>(as parameters: (A, B).Type, returning result: R.Type)
    throws(UsageError) -> TypedFunction<(A, B), R>
  {
    try TypedFunction(
      self,
      slotCount: slotCount(calledAs: FunctionType(parameters: [A.valueType, B.valueType], results: [R.valueType])))
  }

  /// The function as one of 3 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, R: WasmValue>(
    as parameters: (A, B, C).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C), R> {
    try TypedFunction(
      self,
      slotCount: slotCount(
        calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType], results: [R.valueType])))
  }

  /// The function as one of 4 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue, R: WasmValue>(
    as parameters: (A, B, C, D).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C, D), R> {
    try TypedFunction(
      self,
      slotCount: slotCount(
        calledAs: FunctionType(
          parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: [R.valueType])))
  }

  /// The function as one of no parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed(as parameters: Void.Type) throws(UsageError) -> TypedFunction<(), ()> {
    try TypedFunction(self, slotCount: slotCount(calledAs: FunctionType(parameters: [], results: [])))
  }

  /// The function as one of one parameter and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue>(as parameters: A.Type) throws(UsageError) -> TypedFunction<A, ()> {
    try TypedFunction(self, slotCount: slotCount(calledAs: FunctionType(parameters: [A.valueType], results: [])))
  }

  /// The function as one of 2 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue>(as parameters: (A, B).Type) throws(UsageError) -> TypedFunction<
    (A, B), ()
  > {
    try TypedFunction(
      self, slotCount: slotCount(calledAs: FunctionType(parameters: [A.valueType, B.valueType], results: [])))
  }

  /// The function as one of 3 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue>(as parameters: (A, B, C).Type) throws(UsageError)
    -> TypedFunction<(A, B, C), ()>
  {
    try TypedFunction(
      self,
      slotCount: slotCount(calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType], results: [])))
  }

  /// The function as one of 4 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(as parameters: (A, B, C, D).Type)
    throws(UsageError) -> TypedFunction<(A, B, C, D), ()>
  {
    try TypedFunction(
      self,
      slotCount: slotCount(
        calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: [])))
  }
}

extension Instance {
  /// An exported function with no parameters and one result as Swift types.
  @inlinable
  public func function<R: WasmValue>(_ name: String, as parameters: Void.Type, returning result: R.Type)
    throws(UsageError) -> TypedFunction<(), R>
  {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with one parameter and one result as Swift types.
  @inlinable
  public func function<A: WasmValue, R: WasmValue>(_ name: String, as parameters: A.Type, returning result: R.Type)
    throws(UsageError) -> TypedFunction<A, R>
  {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with 2 parameters and one result as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue, R: WasmValue>(
    _ name: String, as parameters: (A, B).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B), R> {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with 3 parameters and one result as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue, C: WasmValue, R: WasmValue>(
    _ name: String, as parameters: (A, B, C).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C), R> {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with 4 parameters and one result as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue, R: WasmValue>(
    _ name: String, as parameters: (A, B, C, D).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C, D), R> {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with no parameters and no results as Swift types.
  @inlinable
  public func function(_ name: String, as parameters: Void.Type) throws(UsageError) -> TypedFunction<(), ()> {
    try function(name).typed(as: parameters)
  }

  /// An exported function with one parameter and no results as Swift types.
  @inlinable
  public func function<A: WasmValue>(_ name: String, as parameters: A.Type) throws(UsageError) -> TypedFunction<A, ()> {
    try function(name).typed(as: parameters)
  }

  /// An exported function with 2 parameters and no results as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue>(_ name: String, as parameters: (A, B).Type) throws(UsageError)
    -> TypedFunction<(A, B), ()>
  {
    try function(name).typed(as: parameters)
  }

  /// An exported function with 3 parameters and no results as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue, C: WasmValue>(_ name: String, as parameters: (A, B, C).Type)
    throws(UsageError) -> TypedFunction<(A, B, C), ()>
  {
    try function(name).typed(as: parameters)
  }

  /// An exported function with 4 parameters and no results as Swift types.
  @inlinable
  public func function<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(
    _ name: String, as parameters: (A, B, C, D).Type
  ) throws(UsageError) -> TypedFunction<(A, B, C, D), ()> {
    try function(name).typed(as: parameters)
  }
}
