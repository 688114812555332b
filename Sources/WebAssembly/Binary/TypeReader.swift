/// Which types there are under a set of features.
struct KnownTypes: OptionSet, Sendable {
  let rawValue: UInt8

  static let vectors = KnownTypes(rawValue: 1)
  /// References as values; funcref is known to tables without them.
  static let references = KnownTypes(rawValue: 2)
  /// References to a defined type, and those that are not null.
  static let typedReferences = KnownTypes(rawValue: 4)
  static let aggregates = KnownTypes(rawValue: 8)
  static let exceptions = KnownTypes(rawValue: 16)

  static let all: KnownTypes = [.vectors, .references, .typedReferences, .aggregates, .exceptions]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ features: FeatureSet) {
    self = []
    if features.contains(.simd) { insert(.vectors) }
    if features.contains(.referenceTypes) { insert(.references) }
    if features.contains(.functionReferences) { insert(.typedReferences) }
    if features.contains(.gc) { insert(.aggregates) }
    if features.contains(.exceptions) { insert(.exceptions) }
  }

  func contains(_ type: HeapType) -> Bool {
    switch type {
    case .function: true
    case .external: contains(.references)
    case .exception: contains(.exceptions)
    case .noException: contains(.exceptions) && contains(.aggregates)
    default: contains(.aggregates)
    }
  }
}

/// Types (Core 3.0, 5.3).
extension ByteReader {
  /// A heap type: an abstract type's code, or a type index as a non-negative s33 (Core 3.0, 5.3.3).
  mutating func heapType() throws(ModuleError) -> HeapType {
    guard position < end else { throw ModuleError(.malformed, Self.pastEnd, at: position) }
    let at = position
    if let type = abstractHeapType(bytes[position]) {
      position += 1
      return type
    }
    let index = try s33()
    guard index >= 0, types.contains(.typedReferences) else {
      throw ModuleError(.malformed, "malformed heap type", at: at)
    }
    return .concrete(UInt32(truncatingIfNeeded: index))
  }

  private func abstractHeapType(_ code: UInt8) -> HeapType? {
    guard case 0x69...0x74 = code else { return nil }
    let type = HeapType(code: UInt32(code))
    return types.contains(type) ? type : nil
  }

  /// A value type (Core 3.0, 5.3.5).
  mutating func valueType() throws(ModuleError) -> ValueType {
    let at = position
    let code = try byte()
    switch code {
    case 0x7F: return .i32
    case 0x7E: return .i64
    case 0x7D: return .f32
    case 0x7C: return .f64
    case 0x7B where types.contains(.vectors): return .v128
    case 0x69...0x74 where types.contains(.references), 0x63, 0x64:
      position = at
      guard let type = try referenceTypeIfKnown() else { break }
      return .reference(type)
    default: break
    }
    throw ModuleError(
      .malformed, code < 0x80 ? "malformed value type" : "integer representation too long", at: at)
  }

  /// A reference type (Core 3.0, 5.3.4).
  mutating func referenceType() throws(ModuleError) -> ReferenceType {
    let at = position
    guard let type = try referenceTypeIfKnown() else {
      throw ModuleError(.malformed, "malformed reference type", at: at)
    }
    return type
  }

  private mutating func referenceTypeIfKnown() throws(ModuleError) -> ReferenceType? {
    let code = try byte()
    switch code {
    case 0x63 where types.contains(.typedReferences):
      return ReferenceType(isNullable: true, heapType: try heapType())
    case 0x64 where types.contains(.typedReferences):
      return ReferenceType(isNullable: false, heapType: try heapType())
    default:
      return abstractHeapType(code).map { ReferenceType(isNullable: true, heapType: $0) }
    }
  }
}
