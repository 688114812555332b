import WebAssembly

/// The types of an engine, which any number of threads register, release and compare.
final class CanonicalTypes: Sendable {
  private let registry = Lock(TypeRegistry())

  /// Registers the types of a module. Besides, its index spaces with canonical ids for type indices.
  func register(_ module: Module, _ spaces: IndexSpaces) -> (types: RegisteredTypes, spaces: IndexSpaces) {
    registry.withLock { registry in
      let ids = registry.register(module)
      var spaces = spaces
      for index in spaces.functions.indices { spaces.functions[index] = ids[Int(spaces.functions[index])] }
      for index in spaces.tags.indices { spaces.tags[index] = ids[Int(spaces.tags[index])] }
      for index in spaces.tables.indices {
        spaces.tables[index].element = registry.canonical(spaces.tables[index].element, map: ids)
      }
      for index in spaces.globals.indices {
        spaces.globals[index].value = registry.canonical(spaces.globals[index].value, map: ids)
      }
      return (RegisteredTypes(ids, of: self), spaces)
    }
  }

  /// Registers a function type without type indices.
  func register(_ type: FunctionType) -> RegisteredTypes {
    var module = Module()
    module.types = [SubType(composite: .function(type))]
    module.recursionGroups = [RecursionGroup(range: 0..<1, isExplicit: false)]
    return RegisteredTypes(registry.withLock { $0.register(module) }, of: self)
  }

  fileprivate func release(_ ids: [UInt32]) { registry.withLock { $0.release(ids) } }

  func functionType(_ id: UInt32) -> FunctionType { registry.withLock { $0.functionType(id) } ?? FunctionType() }

  func isSubtype(_ type: UInt32, of expected: UInt32) -> Bool {
    type == expected || registry.withLock { $0.isSubtype(type, of: expected) }
  }

  func matches(_ type: ValueType, _ expected: ValueType) -> Bool {
    type == expected || registry.withLock { $0.matches(type, expected) }
  }

  /// All canonical ids are less than it.
  var count: Int { registry.withLock { $0.count } }
}

/// A registration of types with an engine. It keeps their canonical ids: whatever holds ids and can outlive the module
/// that they are of (functions and tags of the host) holds such an object too. When the last registration of a type ends,
/// its id goes to another type.
final class RegisteredTypes: Sendable {
  /// By type index.
  let ids: [UInt32]
  private let types: CanonicalTypes

  fileprivate init(_ ids: [UInt32], of types: CanonicalTypes) {
    self.ids = ids
    self.types = types
  }

  deinit { types.release(ids) }
}
