import WebAssembly

/// Gives modules their imports by name (Core 3.0, 2.5.11), in one store.
///
/// ```swift
/// let linker = Linker(store)
/// try linker.define("env", "log") { (caller: borrowing Caller, x: Int32) in print(x) }
/// let instance = try linker.instantiate(module)
/// ```
public final class Linker {
  public let store: Store
  /// By the names of modules and items.
  private var definitions: [ExactName: [ExactName: ExternalValue]] = [:]

  public init(_ store: Store) { self.store = store }

  /// Defines an import.
  ///
  /// - Throws: ``UsageError/wrongStore``, ``UsageError/duplicateDefinition(module:name:)``.
  public func define(_ module: String, _ name: String, _ value: ExternalValue) throws(UsageError) {
    guard value.store === store else { throw .wrongStore }
    guard definition(module, name) == nil else { throw .duplicateDefinition(module: module, name: name) }
    definitions[ExactName(module), default: [:]][ExactName(name)] = value
  }

  /// Defines a host function of a Swift closure with Swift types. What it throws, the outer caller gets.
  @inlinable @_disfavoredOverload
  public func define<each P: WasmValue, each R: WasmValue>(
    _ module: String, _ name: String,
    _ body: @escaping (borrowing Caller, repeat each P) throws -> (repeat each R)
  ) throws(UsageError) {
    try define(module, name, .function(Function(in: store, body)))
  }

  /// Defines a host function of a type that is known only at run time.
  public func define(
    _ module: String, _ name: String, type: FunctionType,
    _ body: @escaping (borrowing Caller, [Value]) throws -> [Value]
  ) throws(UsageError) {
    try define(module, name, .function(try Function(in: store, type: type, body)))
  }

  /// Defines all exports of an instance under a module name.
  ///
  /// - Throws: ``UsageError/wrongStore``, ``UsageError/duplicateDefinition(module:name:)``; then nothing is defined.
  public func define(_ instance: Instance, as module: String) throws(UsageError) {
    guard instance.store === store else { throw .wrongStore }
    var items = definitions[ExactName(module)] ?? [:]
    for (name, value) in instance.exports where items.updateValue(value, forKey: ExactName(name)) != nil {
      throw .duplicateDefinition(module: module, name: name)
    }
    definitions[ExactName(module)] = items
  }

  /// Takes all definitions under a module name back.
  public func remove(_ module: String) {
    definitions[ExactName(module)] = nil
  }

  /// What an import of this name would get.
  public func definition(_ module: String, _ name: String) -> ExternalValue? {
    definitions[ExactName(module)]?[ExactName(name)]
  }

  /// Links and instantiates a module (Core 3.0, 4.7.2).
  ///
  /// - Parameter policies: How to keep memories that the module defines, by memory index; the engine's policy holds for
  ///   the others.
  /// - Parameter initializing: Whether the instance is initialized before anyone else gets to see it
  ///   (``Instance/initialize()``).
  /// - Throws: ``LinkError`` before anything has happened; ``UsageError`` where a resource is refused; ``Trap`` of a segment
  ///   or the start function, and what else the start function throws. Writes of earlier segments stay.
  @discardableResult
  public func instantiate(
    _ module: CompiledModule, policies: [Int: MemoryPolicy] = [:], initializing: Bool = false
  ) throws -> Instance {
    var imports: [ExternalValue] = []
    imports.reserveCapacity(module.module.imports.count)
    for (index, item) in module.module.imports.enumerated() {
      guard let value = definition(item.module, item.name) else {
        throw LinkError(
          kind: .unknownImport, module: item.module, name: item.name, expected: "\(module.imports[index].type)",
          actual: nil)
      }
      imports.append(value)
    }
    let instance = try store.instantiate(module, imports: imports, policies: policies)
    if initializing { try instance.initialize() }
    return instance
  }
}
