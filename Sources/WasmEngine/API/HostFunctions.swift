/// Host functions of up to four parameters and at most one result, without parameter packs: these are what most host functions
/// are, and code over packs stays many times slower than a call even where all types are known.
extension Function {
  /// A host function of a Swift closure with 0 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller) throws -> R
  ) {
    self.init(in: store, parameters: [], results: [R.valueType]) { caller, slots in
      try body(caller).write(to: slots, in: caller.store)
    }
  }

  /// A host function of a Swift closure with 1 parameter and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A) throws -> R
  ) {
    self.init(in: store, parameters: [A.valueType], results: [R.valueType]) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      try body(caller, a).write(to: slots, in: caller.store)
    }
  }

  /// A host function of a Swift closure with 2 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue, R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B) throws -> R
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType], results: [R.valueType]) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      try body(caller, a, b).write(to: slots, in: caller.store)
    }
  }

  /// A host function of a Swift closure with 3 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue, C: WasmValue, R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C) throws -> R
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType, C.valueType], results: [R.valueType]) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      let c = C(slots: slots + A.slotCount + B.slotCount, in: caller.store)
      try body(caller, a, b, c).write(to: slots, in: caller.store)
    }
  }

  /// A host function of a Swift closure with 4 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue, R: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> R
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: [R.valueType]) {
      caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      let c = C(slots: slots + A.slotCount + B.slotCount, in: caller.store)
      let d = D(slots: slots + A.slotCount + B.slotCount + C.slotCount, in: caller.store)
      try body(caller, a, b, c, d).write(to: slots, in: caller.store)
    }
  }

  /// A host function of a Swift closure with 0 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init(
    in store: Store, _ body: @escaping (borrowing Caller) throws -> Void
  ) {
    self.init(in: store, parameters: [], results: []) { caller, slots in
      try body(caller)
    }
  }

  /// A host function of a Swift closure with 1 parameter and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A) throws -> Void
  ) {
    self.init(in: store, parameters: [A.valueType], results: []) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      try body(caller, a)
    }
  }

  /// A host function of a Swift closure with 2 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B) throws -> Void
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType], results: []) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      try body(caller, a, b)
    }
  }

  /// A host function of a Swift closure with 3 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue, C: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C) throws -> Void
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType, C.valueType], results: []) { caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      let c = C(slots: slots + A.slotCount + B.slotCount, in: caller.store)
      try body(caller, a, b, c)
    }
  }

  /// A host function of a Swift closure with 4 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public init<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(
    in store: Store, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> Void
  ) {
    self.init(in: store, parameters: [A.valueType, B.valueType, C.valueType, D.valueType], results: []) {
      caller, slots in
      let a = A(slots: slots, in: caller.store)
      let b = B(slots: slots + A.slotCount, in: caller.store)
      let c = C(slots: slots + A.slotCount + B.slotCount, in: caller.store)
      let d = D(slots: slots + A.slotCount + B.slotCount + C.slotCount, in: caller.store)
      try body(caller, a, b, c, d)
    }
  }
}

extension Linker {
  /// Defines a host function of a Swift closure with 0 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<R: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 1 parameter and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, R: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 2 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue, R: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 3 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue, C: WasmValue, R: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 4 parameters and one result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue, R: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> R
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 0 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 1 parameter and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 2 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 3 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue, C: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a Swift closure with 4 parameters and no result. What it throws, the outer caller gets.
  @inlinable
  public func define<A: WasmValue, B: WasmValue, C: WasmValue, D: WasmValue>(
    _ module: String, _ name: String, _ body: @escaping (borrowing Caller, A, B, C, D) throws -> Void
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }
}
