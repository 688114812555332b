// Defined types (Core 3.0, 3.2.9 to 3.2.11).

extension DeclarationValidator {
  mutating func validateTypes() throws(ModuleError) {
    let hasGroups = context.features.contains(.gc)
    if !hasGroups, module.recursionGroups.contains(where: { $0.isExplicit || $0.range.count != 1 }) {
      throw context.disabled("a recursion group", .gc, at: offset(of: .type))
    }
    for group in TypeRegistry.groups(of: module) {
      try limit(group.count, limits.recursionGroupSize, "types in a recursion group", .type)
      for index in group {
        try validate(module.types[index], index: index, scope: hasGroups ? group.upperBound : index)
      }
      // Whether a type matches its supertype is known only when the whole group has its ids.
      context.registry.register(group, of: module.types, map: &context.canonicalTypes)
      while context.typeIndices.count < context.registry.count {
        let first = group.upperBound - (context.registry.count - context.typeIndices.count)
        context.typeIndices.append(UInt32(first))
      }
      for index in group { try validateSupertype(index) }
    }
  }

  /// Checks all of a type that does not depend on its group.
  ///
  /// - Parameter scope: How many types it can refer to.
  private func validate(_ type: SubType, index: Int, scope: Int) throws(ModuleError) {
    let features = context.features
    if !features.contains(.gc), !type.isFinal || !type.supertypes.isEmpty {
      throw context.disabled("a subtype", .gc, at: offset(of: .type))
    }
    guard type.supertypes.count <= 1 else {
      throw invalid("sub type \(index) has \(type.supertypes.count) super types", .type)
    }
    for supertype in type.supertypes {
      guard Int(supertype) < scope else { throw invalid("unknown type \(supertype)", .type) }
      guard Int(supertype) < index else {
        throw invalid("unknown type \(supertype): type \(index) declares itself a subtype of a later one", .type)
      }
    }
    switch type.composite {
    case .function(let function):
      try limit(function.parameters.count, limits.parameters, "parameters", .type)
      try limit(function.results.count, limits.results, "results", .type)
      for type in function.parameters { try context.check(type, typeCount: scope, at: offset(of: .type)) }
      for type in function.results { try context.check(type, typeCount: scope, at: offset(of: .type)) }
      guard function.results.count <= 1 || features.contains(.multiValue) else {
        throw invalid("invalid result arity: type \(index) needs the feature multi-value", .type)
      }
    case .structure where !features.contains(.gc), .array where !features.contains(.gc):
      throw context.disabled("an aggregate type", .gc, at: offset(of: .type))
    case .structure(let fields):
      try limit(fields.count, limits.structureFields, "fields", .type)
      for field in fields { try validate(field, scope: scope) }
    case .array(let field):
      try validate(field, scope: scope)
    }
  }

  private func validate(_ field: FieldType, scope: Int) throws(ModuleError) {
    if case .value(let type) = field.storage { try context.check(type, typeCount: scope, at: offset(of: .type)) }
  }

  private func validateSupertype(_ index: Int) throws(ModuleError) {
    guard let supertype = module.types[index].supertypes.first else { return }
    let registry = context.registry
    let id = context.canonicalTypes[index]
    let other = context.canonicalTypes[Int(supertype)]
    guard !registry.isFinal(other) else {
      throw invalid("sub type \(index) has the final super type \(supertype)", .type)
    }
    guard registry.matches(registry.composite(id), registry.composite(other)) else {
      throw invalid("sub type \(index) does not match its super type \(supertype)", .type)
    }
    try limit(registry.depth(id), limits.subtypingDepth, "super types above each other", .type)
  }
}
