// Matching (Core 3.0, 3.3): whether a value of one type can stand where another is expected. All types here hold canonical
// ids in their concrete heap types.

extension HeapType {
  /// The abstract heap types above an abstract one, itself included, as bits by code - 0x69.
  private static func supertypes(ofCode code: UInt8) -> UInt16 {
    func bit(_ code: UInt8) -> UInt16 { 1 << UInt16(code - 0x69) }
    return switch code {
    case 0x69: bit(0x69)  // exn
    case 0x74: bit(0x74) | bit(0x69)  // noexn
    case 0x6F: bit(0x6F)  // extern
    case 0x72: bit(0x72) | bit(0x6F)  // noextern
    case 0x70: bit(0x70)  // func
    case 0x73: bit(0x73) | bit(0x70)  // nofunc
    case 0x6E: bit(0x6E)  // any
    case 0x6D: bit(0x6D) | bit(0x6E)  // eq
    case 0x6A, 0x6B, 0x6C: bit(code) | bit(0x6D) | bit(0x6E)  // array, struct, i31
    case 0x71: bit(0x71) | bit(0x6A) | bit(0x6B) | bit(0x6C) | bit(0x6D) | bit(0x6E)  // none
    default: 0
    }
  }

  /// Whether an abstract heap type matches another abstract one.
  static func abstractMatches(_ a: HeapType, _ b: HeapType) -> Bool {
    guard let a = a.abstractCode, let b = b.abstractCode else { return false }
    if a == 0 { return true }
    guard 0x69...0x74 ~= b else { return false }
    return supertypes(ofCode: a) & 1 << UInt16(b - 0x69) != 0
  }
}

extension TypeRegistry {
  /// Whether one heap type matches another (Core 3.0, 3.3.3).
  public func matches(_ a: HeapType, _ b: HeapType) -> Bool {
    if a == b || a == .bottom { return true }
    if let id = a.typeIndex {
      if let other = b.typeIndex { return isSubtype(id, of: other) }
      return HeapType.abstractMatches(kind(id), b)
    }
    if let other = b.typeIndex { return a == (kind(other) == .function ? .noFunction : .none) }
    return HeapType.abstractMatches(a, b)
  }

  /// Whether one reference type matches another (Core 3.0, 3.3.4).
  public func matches(_ a: ReferenceType, _ b: ReferenceType) -> Bool {
    (!a.isNullable || b.isNullable) && matches(a.heapType, b.heapType)
  }

  /// Whether one value type matches another (Core 3.0, 3.3.5).
  public func matches(_ a: ValueType, _ b: ValueType) -> Bool {
    if a == b || a == .bottom { return true }
    guard let a = a.referenceType, let b = b.referenceType else { return false }
    return matches(a, b)
  }

  /// Whether one list of value types matches another (Core 3.0, 3.3.7).
  public func matches(_ a: [ValueType], _ b: [ValueType]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { matches($0, $1) }
  }

  /// Whether one field type matches another (Core 3.0, 3.3.9).
  public func matches(_ a: FieldType, _ b: FieldType) -> Bool {
    guard a.isMutable == b.isMutable else { return false }
    // A mutable field is read and written, so that its type may not vary.
    guard !a.isMutable, case .value(let value) = a.storage, case .value(let other) = b.storage else {
      return a.storage == b.storage
    }
    return matches(value, other)
  }

  /// Whether one function type matches another (Core 3.0, 3.3.8).
  public func matches(_ a: FunctionType, _ b: FunctionType) -> Bool {
    matches(b.parameters, a.parameters) && matches(a.results, b.results)
  }

  /// Whether one composite type matches another (Core 3.0, 3.3.8).
  public func matches(_ a: CompositeType, _ b: CompositeType) -> Bool {
    switch (a, b) {
    case (.function(let a), .function(let b)): matches(a, b)
    case (.structure(let a), .structure(let b)): a.count >= b.count && zip(a, b).allSatisfy { matches($0, $1) }
    case (.array(let a), .array(let b)): matches(a, b)
    default: false
    }
  }

  /// Whether one table type matches another (Core 3.0, 3.3.13).
  public func matches(_ a: TableType, _ b: TableType) -> Bool {
    a.limits.matches(b.limits) && a.addressType == b.addressType && a.element == b.element
  }

  /// Whether one memory type matches another (Core 3.0, 3.3.12).
  public func matches(_ a: MemoryType, _ b: MemoryType) -> Bool { a.matches(b) }

  /// Whether one global type matches another (Core 3.0, 3.3.14).
  public func matches(_ a: GlobalType, _ b: GlobalType) -> Bool {
    a.isMutable == b.isMutable && (a.isMutable ? a.value == b.value : matches(a.value, b.value))
  }
}

extension Limits {
  /// Whether limits are within others (Core 3.0, 3.3.11).
  public func matches(_ other: Limits) -> Bool {
    guard minimum >= other.minimum else { return false }
    guard let outer = other.maximum else { return true }
    return maximum.map { $0 <= outer } ?? false
  }
}

extension MemoryType {
  /// Whether one memory type matches another (Core 3.0, 3.3.12; threads: sharedness; custom-page-sizes: page size).
  public func matches(_ other: MemoryType) -> Bool {
    limits.matches(other.limits) && addressType == other.addressType && isShared == other.isShared
      && pageSizeLog2 == other.pageSizeLog2
  }
}
