import WebAssembly

// Functions of up to four parameters and at most one result, each one word, which are most functions: their calls need no
// parameter packs, and machine code gets and gives their words in registers.

extension TypedFunction where Results: WasmWord {
  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction() throws -> Results where Parameters == () {
    Results(word: try callee.call(), in: function.store)
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction(_ a: Parameters) throws -> Results where Parameters: WasmWord {
    Results(word: try callee.call(a.word(in: function.store)), in: function.store)
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord>(_ a: A, _ b: B) throws -> Results where Parameters == (A, B) {
    Results(word: try callee.call(a.word(in: function.store), b.word(in: function.store)), in: function.store)
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord, C: WasmWord>(_ a: A, _ b: B, _ c: C) throws -> Results
  where Parameters == (A, B, C) {
    Results(
      word: try callee.call(a.word(in: function.store), b.word(in: function.store), c.word(in: function.store)),
      in: function.store)
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord>(_ a: A, _ b: B, _ c: C, _ d: D) throws
    -> Results where Parameters == (A, B, C, D)
  {
    Results(
      word: try callee.call(
        a.word(in: function.store), b.word(in: function.store), c.word(in: function.store), d.word(in: function.store)),
      in: function.store)
  }
}

extension TypedFunction where Results == () {
  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction() throws where Parameters == () {
    _ = try callee.call()
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction(_ a: Parameters) throws where Parameters: WasmWord {
    _ = try callee.call(a.word(in: function.store))
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord>(_ a: A, _ b: B) throws where Parameters == (A, B) {
    _ = try callee.call(a.word(in: function.store), b.word(in: function.store))
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord, C: WasmWord>(_ a: A, _ b: B, _ c: C) throws
  where Parameters == (A, B, C) {
    _ = try callee.call(a.word(in: function.store), b.word(in: function.store), c.word(in: function.store))
  }

  /// Calls the function. Throws what calls of any number of parameters throw.
  @inlinable
  public func callAsFunction<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord>(_ a: A, _ b: B, _ c: C, _ d: D) throws
  where Parameters == (A, B, C, D) {
    _ = try callee.call(
      a.word(in: function.store), b.word(in: function.store), c.word(in: function.store), d.word(in: function.store))
  }
}

extension Function {
  /// The function as one of no parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<R: WasmValue>(as parameters: Void.Type, returning result: R.Type) throws(UsageError)
    -> TypedFunction<(), R>
  {
    try TypedFunction(self, calledAs: FunctionType(parameters: [], results: [R.valueType]))
  }

  /// The function as one of one parameter and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, R: WasmValue>(as parameters: A.Type, returning result: R.Type) throws(UsageError)
    -> TypedFunction<A, R>
  {
    try TypedFunction(
      self, calledAs: FunctionType(parameters: [A.valueType], results: [R.valueType]))
  }

  /// The function as one of 2 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, R: WasmValue>(as parameters: (A, B).Type, returning result: R.Type)
    throws(UsageError) -> TypedFunction<(A, B), R>
  {
    try TypedFunction(
      self,
      calledAs: FunctionType(parameters: [A.valueType, B.valueType], results: [R.valueType]))
  }

  /// The function as one of 3 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, R: WasmValue>(
    as parameters: (A, B, C).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C), R> {
    try TypedFunction(
      self,
      calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType], results: [R.valueType]))
  }

  /// The function as one of 4 parameters and one result. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue, R: WasmValue>(
    as parameters: (A, B, C, D).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(A, B, C, D), R> {
    try TypedFunction(
      self,
      calledAs: FunctionType(
        parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: [R.valueType]))
  }

  /// The function as one of no parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed(as parameters: Void.Type) throws(UsageError) -> TypedFunction<(), ()> {
    try TypedFunction(self, calledAs: FunctionType(parameters: [], results: []))
  }

  /// The function as one of one parameter and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue>(as parameters: A.Type) throws(UsageError) -> TypedFunction<A, ()> {
    try TypedFunction(self, calledAs: FunctionType(parameters: [A.valueType], results: []))
  }

  /// The function as one of 2 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue>(as parameters: (A, B).Type) throws(UsageError) -> TypedFunction<
    (A, B), ()
  > {
    try TypedFunction(
      self, calledAs: FunctionType(parameters: [A.valueType, B.valueType], results: []))
  }

  /// The function as one of 3 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue>(as parameters: (A, B, C).Type) throws(UsageError)
    -> TypedFunction<(A, B, C), ()>
  {
    try TypedFunction(
      self,
      calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType], results: []))
  }

  /// The function as one of 4 parameters and no results. Throws ``UsageError/functionType(expected:actual:)`` where it is not of these types.
  @inlinable
  public func typed<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(as parameters: (A, B, C, D).Type)
    throws(UsageError) -> TypedFunction<(A, B, C, D), ()>
  {
    try TypedFunction(
      self,
      calledAs: FunctionType(parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: []))
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
