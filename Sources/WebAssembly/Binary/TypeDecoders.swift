/// The types of the type section and of declarations (Core 3.0, 5.3).
extension SectionDecoder {
  mutating func typeSection() throws(ModuleError) {
    let hasGroups = features.contains(.gc)
    let groups = Int(try input.reader.length())
    for _ in 0..<groups {
      let start = module.types.count
      var count = 1
      let isExplicit = hasGroups && input.reader.peek() == 0x4E
      if isExplicit {
        _ = try input.reader.byte()
        let at = input.reader.position
        count = Int(try input.reader.length())
        guard count <= limits.recursionGroupSize else {
          throw ModuleError(
            .limitExceeded, "recursion group exceeds the limit of \(limits.recursionGroupSize) types", at: at)
        }
      }
      guard start + count <= limits.types else {
        throw ModuleError(
          .limitExceeded, "number of types exceeds the limit of \(limits.types)", at: input.reader.position)
      }
      for _ in 0..<count { module.types.append(try subType()) }
      module.recursionGroups.append(RecursionGroup(range: start..<start + count, isExplicit: isExplicit))
    }
  }

  private mutating func subType() throws(ModuleError) -> SubType {
    let code = input.reader.peek()
    guard features.contains(.gc), code == 0x50 || code == 0x4F else {
      return SubType(composite: try compositeType())
    }
    _ = try input.reader.byte()
    let count = try input.reader.length()
    var supertypes: [UInt32] = []
    for _ in 0..<count { supertypes.append(try input.reader.u32()) }
    return SubType(isFinal: code == 0x4F, supertypes: supertypes, composite: try compositeType())
  }

  private mutating func compositeType() throws(ModuleError) -> CompositeType {
    let at = input.reader.position
    switch try input.reader.byte() {
    case 0x60:
      let parameters = try valueTypes("parameters", limit: limits.parameters)
      let results = try valueTypes("results", limit: limits.results)
      return .function(FunctionType(parameters: parameters, results: results))
    case 0x5F where features.contains(.gc):
      let count = Int(try input.reader.length())
      guard count <= limits.structureFields else {
        throw ModuleError(
          .limitExceeded, "number of fields exceeds the limit of \(limits.structureFields)", at: at)
      }
      var fields: [FieldType] = []
      fields.reserveCapacity(count)
      for _ in 0..<count { fields.append(try fieldType()) }
      return .structure(fields)
    case 0x5E where features.contains(.gc):
      return .array(try fieldType())
    case 0x80...:
      // The codes of types are signed integers of seven bits.
      throw ModuleError(.malformed, "integer representation too long", at: at)
    default:
      throw ModuleError(.malformed, "malformed definition type", at: at)
    }
  }

  private mutating func valueTypes(_ things: StaticString, limit: Int) throws(ModuleError) -> [ValueType] {
    let at = input.reader.position
    let count = Int(try input.reader.length())
    guard count <= limit else {
      throw ModuleError(.limitExceeded, "number of \(things) exceeds the limit of \(limit)", at: at)
    }
    var types: [ValueType] = []
    types.reserveCapacity(count)
    for _ in 0..<count { types.append(try input.reader.valueType()) }
    return types
  }

  private mutating func fieldType() throws(ModuleError) -> FieldType {
    let storage: StorageType
    switch input.reader.peek() {
    case 0x78:
      _ = try input.reader.byte()
      storage = .i8
    case 0x77:
      _ = try input.reader.byte()
      storage = .i16
    default:
      storage = .value(try input.reader.valueType())
    }
    return FieldType(storage: storage, isMutable: try mutability())
  }

  private mutating func mutability() throws(ModuleError) -> Bool {
    let at = input.reader.position
    switch try input.reader.byte() {
    case 0: return false
    case 1: return true
    default: throw ModuleError(.malformed, "malformed mutability", at: at)
    }
  }

  mutating func globalType() throws(ModuleError) -> GlobalType {
    let value = try input.reader.valueType()
    return GlobalType(value: value, isMutable: try mutability())
  }

  mutating func tagType() throws(ModuleError) -> UInt32 {
    try input.reader.zero()
    return try input.reader.u32()
  }

  mutating func tableType() throws(ModuleError) -> TableType {
    let element = try input.reader.referenceType()
    let flags = try limitsFlags(features.contains(.memory64) ? 0b0101 : 0b0001)
    let limits = try limits(flags)
    return TableType(element: element, limits: limits, addressType: flags & 0b0100 != 0 ? .i64 : .i32)
  }

  mutating func memoryType() throws(ModuleError) -> MemoryType {
    var allowed: UInt8 = 0b0001
    if features.contains(.threads) { allowed |= 0b0010 }
    if features.contains(.memory64) { allowed |= 0b0100 }
    if features.contains(.customPageSizes) { allowed |= 0b1000 }
    let flags = try limitsFlags(allowed)
    var type = MemoryType(limits: try limits(flags))
    type.isShared = flags & 0b0010 != 0
    if flags & 0b0100 != 0 { type.addressType = .i64 }
    if flags & 0b1000 != 0 {
      let at = input.reader.position
      let logarithm = try input.reader.u32()
      guard logarithm < 64 else { throw ModuleError(.malformed, "invalid custom page size", at: at) }
      type.pageSizeLog2 = UInt8(logarithm)
    }
    return type
  }

  private mutating func limitsFlags(_ allowed: UInt8) throws(ModuleError) -> UInt8 {
    let at = input.reader.position
    let flags = try input.reader.byte()
    guard flags & ~allowed == 0 else { throw ModuleError(.malformed, "malformed limits flags", at: at) }
    return flags
  }

  /// Limits are 64-bit whatever the address type (Core 3.0, 5.3.12); their range is a matter of validation.
  private mutating func limits(_ flags: UInt8) throws(ModuleError) -> Limits {
    let minimum = try input.reader.u64()
    return Limits(minimum: minimum, maximum: flags & 1 != 0 ? try input.reader.u64() : nil)
  }
}
