// Host functions of up to four parameters and at most one result, each one word: these are what most host functions are. They
// need no parameter packs, and from machine code their words come and go in registers.

extension Function {
  /// A host function of a Swift closure with no parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<R: WasmWord>(in store: Store, _ body: @escaping (borrowing Caller) throws -> R) {
    self.init(in: store, words: [], result: R.valueType) { caller, _, _, _, _ in
      try body(caller).word(in: caller.store)
    }
  }

  /// A host function of a Swift closure with one parameter and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, R: WasmWord>(in store: Store, _ body: @escaping (borrowing Caller, A) throws -> R) {
    self.init(in: store, words: [A.valueType], result: R.valueType) { caller, a, _, _, _ in
      try body(caller, A(word: a, in: caller.store)).word(in: caller.store)
    }
  }

  /// A host function of a Swift closure with 2 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord, R: WasmWord>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B) throws -> R
  ) {
    self.init(in: store, words: [A.valueType, B.valueType], result: R.valueType) { caller, a, b, _, _ in
      try body(caller, A(word: a, in: caller.store), B(word: b, in: caller.store)).word(in: caller.store)
    }
  }

  /// A host function of a Swift closure with 3 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord, C: WasmWord, R: WasmWord>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C) throws -> R
  ) {
    self.init(in: store, words: [A.valueType, B.valueType, C.valueType], result: R.valueType) { caller, a, b, c, _ in
      try body(caller, A(word: a, in: caller.store), B(word: b, in: caller.store), C(word: c, in: caller.store)).word(
        in: caller.store)
    }
  }

  /// A host function of a Swift closure with 4 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord, R: WasmWord>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> R
  ) {
    self.init(in: store, words: [A.valueType, B.valueType, C.valueType, D.valueType], result: R.valueType) {
      caller, a, b, c, d in
      try body(
        caller, A(word: a, in: caller.store), B(word: b, in: caller.store), C(word: c, in: caller.store),
        D(word: d, in: caller.store)
      ).word(in: caller.store)
    }
  }

  /// A host function of a Swift closure with no parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init(in store: Store, _ body: @escaping (borrowing Caller) throws -> Void) {
    self.init(in: store, words: [], result: nil) { caller, _, _, _, _ in
      try body(caller)
      return 0
    }
  }

  /// A host function of a Swift closure with one parameter and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord>(in store: Store, _ body: @escaping (borrowing Caller, A) throws -> Void) {
    self.init(in: store, words: [A.valueType], result: nil) { caller, a, _, _, _ in
      try body(caller, A(word: a, in: caller.store))
      return 0
    }
  }

  /// A host function of a Swift closure with 2 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord>(in store: Store, _ body: @escaping (borrowing Caller, A, B) throws -> Void) {
    self.init(in: store, words: [A.valueType, B.valueType], result: nil) { caller, a, b, _, _ in
      try body(caller, A(word: a, in: caller.store), B(word: b, in: caller.store))
      return 0
    }
  }

  /// A host function of a Swift closure with 3 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord, C: WasmWord>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C) throws -> Void
  ) {
    self.init(in: store, words: [A.valueType, B.valueType, C.valueType], result: nil) { caller, a, b, c, _ in
      try body(caller, A(word: a, in: caller.store), B(word: b, in: caller.store), C(word: c, in: caller.store))
      return 0
    }
  }

  /// A host function of a Swift closure with 4 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> Void
  ) {
    self.init(in: store, words: [A.valueType, B.valueType, C.valueType, D.valueType], result: nil) {
      caller, a, b, c, d in
      try body(
        caller, A(word: a, in: caller.store), B(word: b, in: caller.store), C(word: c, in: caller.store),
        D(word: d, in: caller.store))
      return 0
    }
  }
}

extension Linker {
  /// Defines a host function of a Swift closure with no parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<R: WasmWord>(_ module: String, _ name: String, _ body: @escaping (borrowing Caller) throws -> R)
    throws(UsageError)
  {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with one parameter and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, R: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 2 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord, R: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 3 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord, C: WasmWord, R: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 4 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord, R: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with no parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define(_ module: String, _ name: String, _ body: @escaping (borrowing Caller) throws -> Void)
    throws(UsageError)
  {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with one parameter and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 2 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 3 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord, C: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 4 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmWord, B: WasmWord, C: WasmWord, D: WasmWord>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }
}
