import WebAssembly

/// An instance of a module in a store (Core 3.0, 4.2.6).
public struct Instance {
  let data: InstanceData
  public let store: Store

  init(data: InstanceData, store: Store) {
    self.data = data
    self.store = store
  }

  public var module: CompiledModule { data.module }

  /// All exports in the order of the module.
  public var exports: [(name: String, value: ExternalValue)] {
    data.module.module.exports.map { ($0.name, data.external($0.kind, Int($0.index))) }
  }

  /// An export, or nil where none has the name.
  public func export(_ name: String) -> ExternalValue? {
    guard let export = data.module.exportIndex.find(name) else { return nil }
    return data.external(export.kind, Int(export.index))
  }

  /// What WASI reactors, and libraries that compilers make, call the function that sets them up.
  public static let initializerName = "_initialize"

  /// Calls the function that sets the instance up, which wants to be called once, before anything else of it: what it
  /// exports as ``initializerName`` without parameters and results. Where there is none, nothing happens.
  ///
  /// - Throws: What calls throw.
  public func initialize() throws {
    guard case .function(let function)? = export(Self.initializerName), function.type == FunctionType() else { return }
    _ = try function.call()
  }

  private func export(_ name: String, _ kind: ExternalKind) throws(UsageError) -> ExternalValue {
    guard let value = export(name) else { throw .noExport(name) }
    guard value.kind == kind else { throw .exportKind(name, expected: kind, actual: value.kind) }
    return value
  }

  /// An exported function.
  ///
  /// - Throws: ``UsageError/noExport(_:)``, ``UsageError/exportKind(_:expected:actual:)``.
  public func function(_ name: String) throws(UsageError) -> Function {
    guard case .function(let function) = try export(name, .function) else { throw .noExport(name) }
    return function
  }

  /// An exported function with its parameters and results as Swift types.
  ///
  /// ```swift
  /// let add = try instance.function("add", as: (Int32, Int32).self, returning: Int32.self)
  /// ```
  @inlinable @_disfavoredOverload
  public func function<each P: WasmValue, R: WasmValue>(
    _ name: String, as parameters: (repeat each P).Type, returning result: R.Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), R> {
    try function(name).typed(as: parameters, returning: result)
  }

  /// An exported function with its parameters and several results, a tuple, as Swift types.
  @inlinable @_disfavoredOverload
  public func function<each P: WasmValue, each R: WasmValue>(
    _ name: String, as parameters: (repeat each P).Type, returning results: (repeat each R).Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), (repeat each R)> {
    try function(name).typed(as: parameters, returning: results)
  }

  /// An exported function without results, with its parameters as Swift types; `Void.self` for none.
  @inlinable @_disfavoredOverload
  public func function<each P: WasmValue>(
    _ name: String, as parameters: (repeat each P).Type
  ) throws(UsageError) -> TypedFunction<(repeat each P), ()> {
    try function(name).typed(as: parameters)
  }

  /// An exported memory.
  public func memory(_ name: String) throws(UsageError) -> Memory {
    guard case .memory(let memory) = try export(name, .memory) else { throw .noExport(name) }
    return memory
  }

  /// A memory by its index in the module, exported or not; nil where there is none.
  public func memory(at index: Int) -> Memory? {
    data.memories.indices.contains(index) ? Memory(instance: data.memories[index], store: store) : nil
  }

  /// The number of memories, imports included.
  public var memoryCount: Int { data.memories.count }

  /// An exported table.
  public func table(_ name: String) throws(UsageError) -> Table {
    guard case .table(let table) = try export(name, .table) else { throw .noExport(name) }
    return table
  }

  /// An exported global.
  public func global(_ name: String) throws(UsageError) -> Global {
    guard case .global(let global) = try export(name, .global) else { throw .noExport(name) }
    return global
  }

  /// An exported tag.
  public func tag(_ name: String) throws(UsageError) -> Tag {
    guard case .tag(let tag) = try export(name, .tag) else { throw .noExport(name) }
    return tag
  }
}
