/// What the rules of validation call the context C (Core 3.0, 3.1.3), as dense arrays. All types in it have canonical ids
/// in their concrete heap types.
struct ValidationContext: Sendable {
  struct Table: Sendable {
    var element: ValueType
    var address: ValueType
  }

  struct Global: Sendable {
    var type: ValueType
    var isMutable: Bool
  }

  let module: Module
  let features: FeatureSet
  let limits: ImplementationLimits
  let decoding: DecodingTable
  var spaces: IndexSpaces
  var registry = TypeRegistry()
  /// The canonical id of each type index.
  var canonicalTypes: [UInt32] = []
  /// For each canonical id, the lowest type index that has it.
  var typeIndices: [UInt32] = []
  /// By type index.
  var signatures: [Signature] = []
  /// First one of each numeric and vector type at the place of its raw value; then the types of the signatures.
  var signatureTypes: [ValueType] = [.bottom, .i32, .i64, .f32, .f64, .v128]
  var tables: [Table] = []
  /// The address types.
  var memories: [ValueType] = []
  var globals: [Global] = []
  /// The types of element segments.
  var elements: [ValueType] = []
  /// Which functions a body may take references to (C.refs).
  var declaredFunctions: [Bool] = []

  init(_ module: Module, features: FeatureSet, limits: ImplementationLimits) {
    self.module = module
    self.features = features
    self.limits = limits.effective
    decoding = DecodingTable(features: features)
    spaces = IndexSpaces(module)
  }

  /// Adds the signatures once all types are known.
  mutating func makeSignatures() {
    signatures.reserveCapacity(canonicalTypes.count)
    for id in canonicalTypes {
      if let type = registry.functionType(id) {
        signatures.append(Signature(parameters: append(type.parameters), results: append(type.results)))
      } else {
        signatures.append(Signature(parameters: .empty, results: .empty, isFunction: false))
      }
    }
  }

  private mutating func append(_ types: [ValueType]) -> TypeRange {
    if types.isEmpty { return .empty }
    // A single number needs no place of its own.
    if types.count == 1, types[0].rawValue <= 5 { return TypeRange(start: types[0].rawValue, count: 1) }
    let start = UInt32(signatureTypes.count)
    signatureTypes.append(contentsOf: types)
    return TypeRange(start: start, count: UInt32(types.count))
  }

  // MARK: Types

  func canonical(_ type: ValueType) -> ValueType { registry.canonical(type, map: canonicalTypes) }

  /// Checks that a type exists and that its features are on (Core 3.0, 3.2.1 to 3.2.5).
  ///
  /// - Parameter typeCount: How many defined types are in scope.
  func check(_ type: ValueType, typeCount: Int, at offset: Int) throws(ModuleError) {
    if let reference = type.referenceType {
      try check(reference, typeCount: typeCount, at: offset)
      // As a value; tables of functions have always been there.
      guard features.contains(.referenceTypes) else { throw disabled(type.description, .referenceTypes, at: offset) }
    } else if type == .v128 && !features.contains(.simd) {
      throw disabled("v128", .simd, at: offset)
    }
  }

  func check(_ type: ReferenceType, typeCount: Int, at offset: Int) throws(ModuleError) {
    if type == .function { return }
    try check(type.heapType, typeCount: typeCount, at: offset)
    guard features.contains(.referenceTypes) else { throw disabled(type.description, .referenceTypes, at: offset) }
    if !type.isNullable, !features.contains(.functionReferences) {
      throw disabled(type.description, .functionReferences, at: offset)
    }
  }

  func check(_ type: HeapType, typeCount: Int, at offset: Int) throws(ModuleError) {
    if let index = type.typeIndex {
      guard Int(index) < typeCount else { throw ModuleError(.invalid, "unknown type \(index)", at: offset) }
      guard features.contains(.functionReferences) else {
        throw disabled(type.description, .functionReferences, at: offset)
      }
      return
    }
    switch type {
    case .function, .external:
      guard features.contains(.referenceTypes) else { throw disabled(type.description, .referenceTypes, at: offset) }
    case .exception, .noException:
      guard features.contains(.exceptions) else { throw disabled(type.description, .exceptions, at: offset) }
      if type == .noException, !features.contains(.gc) { throw disabled(type.description, .gc, at: offset) }
    default:
      guard features.contains(.gc) else { throw disabled(type.description, .gc, at: offset) }
    }
  }

  func disabled(_ what: String, _ feature: Feature, at offset: Int) -> ModuleError {
    ModuleError(.invalid, "\(what) needs the feature \(feature.rawValue)", at: offset)
  }

  // MARK: Names for messages

  /// The name of a type with canonical ids, which are shown as type indices of this module.
  func name(canonical type: ValueType) -> String {
    guard let reference = type.referenceType, let id = reference.heapType.typeIndex, Int(id) < typeIndices.count else {
      return type.description
    }
    return ReferenceType(isNullable: reference.isNullable, heapType: .concrete(typeIndices[Int(id)])).description
  }

  func list(_ types: some Sequence<ValueType>) -> String {
    "[" + types.map { name(canonical: $0) }.joined(separator: " ") + "]"
  }
}
