/// The defined types of any number of modules, with one id for all that are equivalent (Core 3.0, 3.1.4 and 3.3.6).
///
/// A recursion group is interned by its structure: groups that differ only in the names of their types or in the module
/// they stand in get the same ids. So whether two defined types are equivalent is whether their ids are equal. An id is
/// the canonical id of a type; in a type whose concrete heap types hold canonical ids in place of a module's type
/// indices, comparisons need no module.
///
/// Who registers types can release them again; an id whose registrations have all been released stands for nothing, and is
/// given to a later type.
///
/// It is a plain value without locks. An engine that shares one guards it with its own.
public struct TypeRegistry: Sendable {
  private struct Entry: Sendable {
    var composite: CompositeType
    /// The canonical id of the declared supertype, or ``noParent``.
    var parent: UInt32
    /// The length of the chain of supertypes.
    var depth: UInt32
    /// The abstract heap type right above the composite type.
    var kind: HeapType
    var isFinal: Bool
    /// The id of the next type of the group, or ``noParent``.
    var next = TypeRegistry.noParent
    /// How often the type was registered and not released; 0 where there is none.
    var registrations = 0

    static let none = Entry(
      composite: .structure([]), parent: TypeRegistry.noParent, depth: 0, kind: .bottom, isFinal: true)
  }

  private var entries: [Entry] = []
  /// Ids that are free. One may stand here twice, and one beyond ``entries`` too: what is free has no registrations.
  private var free: [UInt32] = []
  /// The id of the first type of each group, by the words of ``key(of:in:map:)``.
  private var groups = WordTable()

  private static let noParent = UInt32.max
  /// Marks a word of a key that names a type by its position in the group.
  private static let relative: UInt32 = 1 << 31

  public init() {}

  /// Ids are less than it. It is the number of different defined types where none was released.
  public var count: Int { entries.count }

  /// Interns all recursion groups of a module.
  ///
  /// The module's types must be valid, as those of a ``ValidatedModule`` are; references to types that do not exist are
  /// replaced by the bottom type.
  ///
  /// - Returns: The canonical id of each type index.
  public mutating func register(_ module: Module) -> [UInt32] {
    var map: [UInt32] = []
    map.reserveCapacity(module.types.count)
    for group in Self.groups(of: module) { register(group, of: module.types, map: &map) }
    return map
  }

  /// Takes a registration back. Types that no registration is left of are gone.
  ///
  /// - Parameter ids: What ``register(_:)`` returned for the module.
  public mutating func release(_ ids: [UInt32]) {
    for id in ids where Int(id) < entries.count && entries[Int(id)].registrations > 0 {
      entries[Int(id)].registrations -= 1
      guard entries[Int(id)].registrations == 0 else { continue }
      groups.remove(id)
      entries[Int(id)] = .none
      free.append(id)
    }
    while let last = entries.last, last.registrations == 0 { entries.removeLast() }
    entries.trimCapacity()
    if free.count > 2 * entries.count + 64 {
      free = entries.indices.filter { entries[$0].registrations == 0 }.map { UInt32($0) }
    }
  }

  /// An id that no type has. Its entry is there.
  private mutating func takeID() -> UInt32 {
    while let id = free.popLast() {
      if Int(id) < entries.count, entries[Int(id)].registrations == 0 { return id }
    }
    entries.append(.none)
    return UInt32(entries.count - 1)
  }

  /// The recursion groups of a module as ranges that cover its types without gaps. Types that no group names are groups
  /// of their own.
  static func groups(of module: Module) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var next = 0
    for group in module.recursionGroups {
      guard group.range.lowerBound == next, group.range.upperBound <= module.types.count else { break }
      result.append(group.range)
      next = group.range.upperBound
    }
    while next < module.types.count {
      result.append(next..<next + 1)
      next += 1
    }
    return result
  }

  /// Interns one group and appends the ids of its types to `map`, which holds those of all types before it.
  mutating func register(_ group: Range<Int>, of types: [SubType], map: inout [UInt32]) {
    let key = key(of: group, in: types, map: map)
    if let first = groups.find(key) {
      var id = first
      while id != Self.noParent {
        map.append(id)
        entries[Int(id)].registrations += 1
        id = entries[Int(id)].next
      }
      return
    }
    for _ in group {
      let id = takeID()
      entries[Int(id)].registrations = 1
      map.append(id)
    }
    if let first = group.first { groups.add(key, map[first]) }
    for index in group {
      let type = types[index]
      var entry = Entry.none
      entry.registrations = 1
      entry.isFinal = type.isFinal
      if index + 1 < group.upperBound { entry.next = map[index + 1] }
      if let supertype = type.supertypes.first, Int(supertype) < index {
        entry.parent = map[Int(supertype)]
        entry.depth = entries[Int(entry.parent)].depth + 1
      }
      switch type.composite {
      case .function(let function):
        entry.kind = .function
        entry.composite = .function(canonical(function, map: map))
      case .structure(let fields):
        entry.kind = .structure
        entry.composite = .structure(fields.map { canonical($0, map: map) })
      case .array(let field):
        entry.kind = .array
        entry.composite = .array(canonical(field, map: map))
      }
      entries[Int(map[index])] = entry
    }
  }

  /// The structure of a group in words: equal exactly for equivalent groups.
  private func key(of group: Range<Int>, in types: [SubType], map: [UInt32]) -> [UInt32] {
    var key: [UInt32] = []
    func index(_ index: UInt32) -> UInt32 {
      if Int(index) < map.count { return map[Int(index)] }
      if group.contains(Int(index)) { return UInt32(Int(index) - group.lowerBound) | Self.relative }
      return Self.noParent
    }
    func word(_ type: ValueType) -> UInt32 {
      guard let target = type.referenceType?.heapType.typeIndex else { return type.rawValue }
      let found = index(target)
      return (found & ~Self.relative) << 3 & ~Self.relative | type.rawValue & 7 | found & Self.relative
    }
    func append(_ field: FieldType) {
      switch field.storage {
      // No value type has these words: their low three bits say bottom.
      case .i8: key.append(0x08)
      case .i16: key.append(0x10)
      case .value(let type): key.append(word(type))
      }
      key.append(field.isMutable ? 1 : 0)
    }
    for type in types[group] {
      key.append(type.isFinal ? 1 : 0)
      key.append(UInt32(type.supertypes.count))
      for supertype in type.supertypes { key.append(index(supertype)) }
      switch type.composite {
      case .function(let function):
        key.append(0)
        key.append(UInt32(function.parameters.count))
        for type in function.parameters { key.append(word(type)) }
        key.append(UInt32(function.results.count))
        for type in function.results { key.append(word(type)) }
      case .structure(let fields):
        key.append(1)
        key.append(UInt32(fields.count))
        for field in fields { append(field) }
      case .array(let field):
        key.append(2)
        append(field)
      }
    }
    return key
  }

  // MARK: Types with canonical ids

  /// A value type of a module with its type index, if it has one, replaced by the canonical id.
  ///
  /// - Parameter map: What ``register(_:)`` returned for the module.
  public func canonical(_ type: ValueType, map: [UInt32]) -> ValueType {
    guard let reference = type.referenceType, reference.heapType.typeIndex != nil else { return type }
    return .reference(canonical(reference, map: map))
  }

  /// A reference type with its type index, if it has one, replaced by the canonical id.
  public func canonical(_ type: ReferenceType, map: [UInt32]) -> ReferenceType {
    ReferenceType(isNullable: type.isNullable, heapType: canonical(type.heapType, map: map))
  }

  /// A heap type with its type index, if it is one, replaced by the canonical id.
  public func canonical(_ type: HeapType, map: [UInt32]) -> HeapType {
    guard let index = type.typeIndex else { return type }
    return Int(index) < map.count ? .concrete(map[Int(index)]) : .bottom
  }

  /// A function type with its type indices replaced by canonical ids.
  public func canonical(_ type: FunctionType, map: [UInt32]) -> FunctionType {
    FunctionType(
      parameters: type.parameters.map { canonical($0, map: map) }, results: type.results.map { canonical($0, map: map) }
    )
  }

  /// A field type with its type indices replaced by canonical ids.
  public func canonical(_ type: FieldType, map: [UInt32]) -> FieldType {
    guard case .value(let value) = type.storage else { return type }
    return FieldType(storage: .value(canonical(value, map: map)), isMutable: type.isMutable)
  }

  // MARK: Lookup

  /// The composite type of an id, with canonical ids in its heap types; a structure without fields where there is none.
  public func composite(_ id: UInt32) -> CompositeType {
    Int(id) < entries.count ? entries[Int(id)].composite : Entry.none.composite
  }

  /// The function type of an id, with canonical ids in its heap types, or nil where it is another kind of type.
  public func functionType(_ id: UInt32) -> FunctionType? {
    if Int(id) < entries.count, case .function(let type) = entries[Int(id)].composite { type } else { nil }
  }

  /// The abstract heap type above an id's composite type: func, struct or array.
  public func kind(_ id: UInt32) -> HeapType { Int(id) < entries.count ? entries[Int(id)].kind : .bottom }

  /// The canonical id of the declared supertype, or nil.
  public func supertype(_ id: UInt32) -> UInt32? {
    guard Int(id) < entries.count, entries[Int(id)].parent != Self.noParent else { return nil }
    return entries[Int(id)].parent
  }

  /// The number of declared supertypes above a type.
  public func depth(_ id: UInt32) -> Int { Int(id) < entries.count ? Int(entries[Int(id)].depth) : 0 }

  /// Whether no type may declare itself a subtype of it.
  public func isFinal(_ id: UInt32) -> Bool { Int(id) < entries.count ? entries[Int(id)].isFinal : true }

  /// Whether the first type is the second or declared to be a subtype of it, over any number of steps.
  public func isSubtype(_ a: UInt32, of b: UInt32) -> Bool {
    if a == b { return true }
    guard Int(a) < entries.count, Int(b) < entries.count else { return false }
    let target = entries[Int(b)].depth
    var type = a
    while entries[Int(type)].depth > target { type = entries[Int(type)].parent }
    return type == b
  }
}
