// Types (Core 3.0, 6.4), type definitions and type uses.

extension TextParser {
  // MARK: Value types

  /// A heap type: a keyword or an index.
  mutating func heapType() throws(TextError) -> HeapType {
    if isIndex {
      try require(.functionReferences, for: "a reference to a defined type", at: position)
      return .concrete(try index(.type))
    }
    guard kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value),
      let type = Self.abstractType(keyword)
    else { throw unexpected("a heap type") }
    try check(type, at: position)
    position += 1
    return type
  }

  /// Refuses an abstract type whose feature is off; tables of functions have always been there.
  private func check(_ type: HeapType, at index: Int) throws(TextError) {
    switch type {
    case .function: return
    case .external: try require(.referenceTypes, for: "extern", at: index)
    case .exception: try require(.exceptions, for: "exn", at: index)
    case .noException:
      try require(.exceptions, for: "noexn", at: index)
      try require(.gc, for: "noexn", at: index)
    default: try require(.gc, for: "\(type)", at: index)
    }
  }

  private static func abstractType(_ keyword: Keyword) -> HeapType? {
    switch keyword {
    case .any: .any
    case .eq: .eq
    case .i31: .i31
    case .struct: .structure
    case .array: .array
    case .none_: HeapType.none
    case .func: .function
    case .nofunc: .noFunction
    case .extern: .external
    case .noextern: .noExternal
    case .exn: .exception
    case .noexn: .noException
    default: nil
    }
  }

  /// The type that a word such as `funcref` stands for, always nullable.
  private static func shorthand(_ keyword: Keyword) -> HeapType? {
    switch keyword {
    case .anyref: .any
    case .eqref: .eq
    case .i31ref: .i31
    case .structref: .structure
    case .arrayref: .array
    case .nullref: HeapType.none
    case .funcref: .function
    case .nullfuncref: .noFunction
    case .externref: .external
    case .nullexternref: .noExternal
    case .exnref: .exception
    case .nullexnref: .noException
    default: nil
    }
  }

  /// A reference type if one comes next.
  mutating func referenceTypeIfPresent() throws(TextError) -> ReferenceType? {
    if kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value),
      let heapType = Self.shorthand(keyword)
    {
      try check(heapType, at: position)
      position += 1
      return ReferenceType(isNullable: true, heapType: heapType)
    }
    guard takeOpen(.ref) else { return nil }
    try require(.functionReferences, for: "a typed reference", at: position - 1)
    let isNullable = take(.null)
    let type = ReferenceType(isNullable: isNullable, heapType: try heapType())
    try expect(.rightParenthesis)
    return type
  }

  mutating func referenceType() throws(TextError) -> ReferenceType {
    guard let type = try referenceTypeIfPresent() else { throw unexpected("a reference type") }
    return type
  }

  /// A value type if one comes next.
  mutating func valueTypeIfPresent() throws(TextError) -> ValueType? {
    if kind == .keyword, let keyword = Keyword(rawValue: tokens[position].value) {
      let type: ValueType? =
        switch keyword {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        case .v128: .v128
        default: nil
        }
      if let type {
        if type == .v128 { try require(.simd, for: "v128", at: position) }
        position += 1
        return type
      }
    }
    let at = position
    guard let type = try referenceTypeIfPresent() else { return nil }
    try require(.referenceTypes, for: "a reference as a value", at: at)
    return .reference(type)
  }

  mutating func valueType() throws(TextError) -> ValueType {
    guard let type = try valueTypeIfPresent() else { throw unexpected("a value type") }
    return type
  }

  // MARK: Memories, tables and globals

  /// The address type before limits; i32 where there is none.
  mutating func addressType() -> AddressType {
    guard features.contains(.memory64) else { return .i32 }
    if take(.i64) { return .i64 }
    _ = take(.i32)
    return .i32
  }

  private mutating func limit() throws(TextError) -> UInt64 {
    // Before memory64 the numbers were words of 32 bits.
    features.contains(.memory64) ? try natural64() : UInt64(try natural32())
  }

  mutating func limitsOfType() throws(TextError) -> Limits {
    var limits = Limits(minimum: try limit())
    if kind == .natural { limits.maximum = try limit() }
    return limits
  }

  mutating func memoryType() throws(TextError) -> MemoryType {
    let addressType = addressType()
    var type = MemoryType(limits: try limitsOfType(), addressType: addressType)
    if features.contains(.threads), take(.shared) { type.isShared = true }
    if let size = try pageSize() { type.pageSizeLog2 = size }
    return type
  }

  /// `(pagesize n)` of the custom-page-sizes proposal: the logarithm of n.
  mutating func pageSize() throws(TextError) -> UInt8? {
    guard features.contains(.customPageSizes), takeOpen(.pagesize) else { return nil }
    let at = position
    let size = try natural64()
    guard size.nonzeroBitCount == 1 else { throw error("invalid custom page size", at: at) }
    try expect(.rightParenthesis)
    return UInt8(size.trailingZeroBitCount)
  }

  mutating func tableType() throws(TextError) -> TableType {
    let addressType = addressType()
    let limits = try limitsOfType()
    return TableType(element: try referenceType(), limits: limits, addressType: addressType)
  }

  mutating func globalType() throws(TextError) -> GlobalType {
    guard takeOpen(.mut) else { return GlobalType(value: try valueType(), isMutable: false) }
    let type = GlobalType(value: try valueType(), isMutable: true)
    try expect(.rightParenthesis)
    return type
  }

  // MARK: Type definitions

  /// The second pass over type definitions only: all of them come before the types that type uses add.
  mutating func parseTypeFields(until end: Int) throws(TextError) {
    while position < end {
      let closing = Int(tokens[position].value)
      if takeOpen(.type) {
        try typeDefinition()
        let index = module.types.count
        module.recursionGroups.append(RecursionGroup(range: index - 1..<index, isExplicit: false))
        let type = module.types[index - 1]
        if type.isFinal, type.supertypes.isEmpty, let functionType = type.functionType,
          functionTypeIndices[functionType] == nil
        {
          functionTypeIndices[functionType] = UInt32(index - 1)
        }
      } else if takeOpen(.rec) {
        try require(.gc, for: "a recursion group", at: position - 1)
        let first = module.types.count
        while takeOpen(.type) { try typeDefinition() }
        try expect(.rightParenthesis)
        let range = first..<module.types.count
        module.recursionGroups.append(RecursionGroup(range: range, isExplicit: true))
        if range.count == 1, module.types[first].isFinal, module.types[first].supertypes.isEmpty,
          let functionType = module.types[first].functionType, functionTypeIndices[functionType] == nil
        {
          functionTypeIndices[functionType] = UInt32(first)
        }
      }
      position = closing + 1
    }
  }

  /// The rest of `(type $id? ...)`.
  private mutating func typeDefinition() throws(TextError) {
    _ = takeIdentifier()
    var type = SubType(composite: .function(FunctionType()))
    let index = UInt32(module.types.count)
    if takeOpen(.sub) {
      try require(.gc, for: "a subtype", at: position - 1)
      type.isFinal = take(.final)
      while isIndex { type.supertypes.append(try self.index(.type)) }
      type.composite = try compositeType(of: index)
      try expect(.rightParenthesis)
    } else {
      type.composite = try compositeType(of: index)
    }
    try expect(.rightParenthesis)
    module.types.append(type)
  }

  private mutating func compositeType(of type: UInt32) throws(TextError) -> CompositeType {
    if takeOpen(.func) {
      locals.beginFunction()
      try parametersAndResults(named: true)
      try bindParameters()
      try expect(.rightParenthesis)
      return .function(inlineType)
    }
    if isOpen(.struct) || isOpen(.array) { try require(.gc, for: "an aggregate type", at: position + 1) }
    if takeOpen(.struct) {
      let fields = try fields(of: type)
      try expect(.rightParenthesis)
      return .structure(fields)
    }
    if takeOpen(.array) {
      let field = try fieldType()
      try expect(.rightParenthesis)
      return .array(field)
    }
    throw unexpected("func, struct or array", at: kind == .leftParenthesis ? position + 1 : position)
  }

  /// `(field $id? type)` or `(field type*)`, any number of times. A `@name` annotation may stand where the identifier
  /// does or after it, as with parameters and locals, and then there is one type.
  private mutating func fields(of type: UInt32) throws(TextError) -> [FieldType] {
    var fields: [FieldType] = []
    while takeOpen(.field) {
      let at = position
      let symbol = takeIdentifier()
      let index = UInt32(fields.count)
      if symbol != 0 {
        guard fieldIndices.updateValue(index, forKey: FieldKey(type: type, symbol: symbol)) == nil else {
          throw error("duplicate field $\(name: symbols.text(symbol))", at: at)
        }
      }
      let name = try nameAnnotation() ?? symbol
      if name != 0 {
        if emitNames { names.setName(symbols.text(name), of: .field, index, in: type) }
        fields.append(try fieldType())
      } else {
        while kind != .rightParenthesis { fields.append(try fieldType()) }
      }
      try expect(.rightParenthesis)
    }
    return fields
  }

  private mutating func fieldType() throws(TextError) -> FieldType {
    guard takeOpen(.mut) else { return FieldType(storage: try storageType(), isMutable: false) }
    let type = FieldType(storage: try storageType(), isMutable: true)
    try expect(.rightParenthesis)
    return type
  }

  private mutating func storageType() throws(TextError) -> StorageType {
    if take(.i8) { return .i8 }
    if take(.i16) { return .i16 }
    return .value(try valueType())
  }

  // MARK: Type uses

  /// Reads `(param ...)* (result ...)*` into ``parameters``, with their symbols and names, and ``results``.
  mutating func parametersAndResults(named: Bool) throws(TextError) {
    parameters.removeAll(keepingCapacity: true)
    parameterSymbols.removeAll(keepingCapacity: true)
    parameterNames.removeAll(keepingCapacity: true)
    while takeOpen(.param) {
      let at = position
      let symbol = takeIdentifier()
      guard named || symbol == 0 else { throw unexpected("a value type", at: at) }
      let name = named ? try nameAnnotation() : nil
      if symbol != 0 || name != nil {
        parameterSymbols.append(symbol)
        parameterNames.append(name ?? 0)
        parameters.append(try valueType())
      } else {
        while let type = try valueTypeIfPresent() {
          parameters.append(type)
          parameterSymbols.append(0)
          parameterNames.append(0)
        }
      }
      try expectEndOfTypes()
    }
    try resultTypes()
    if isOpen(.param) { throw unexpected(at: position + 1) }
  }

  /// The type of the parameters and results that were read last. It gets arrays of its own: theirs have room for as many as
  /// the largest type so far had.
  private var inlineType: FunctionType {
    FunctionType(parameters: parameters.map { $0 }, results: results.map { $0 })
  }

  /// Takes the parenthesis behind value types.
  mutating func expectEndOfTypes() throws(TextError) {
    guard kind == .rightParenthesis else { throw unexpected("a value type or ')'") }
    position += 1
  }

  /// Reads `(result ...)*` into ``results``.
  mutating func resultTypes() throws(TextError) {
    results.removeAll(keepingCapacity: true)
    while takeOpen(.result) {
      while let type = try valueTypeIfPresent() { results.append(type) }
      try expectEndOfTypes()
    }
  }

  /// A type use without its parameters and results: the index in `(type x)`, or nil.
  private mutating func explicitType() throws(TextError) -> UInt32? {
    guard takeOpen(.type) else { return nil }
    let index = try index(.type)
    try expect(.rightParenthesis)
    return index
  }

  /// A type use (Core 3.0, 6.6.4): an index, which an inline type must match, or the index of an inline type, which is
  /// added to the module if it is not there.
  mutating func typeUse(named: Bool) throws(TextError) -> UInt32 {
    let at = position
    let explicit = try explicitType()
    try parametersAndResults(named: named)
    guard let explicit else { return implicitType() }
    if parameters.isEmpty && results.isEmpty { return explicit }
    try checkInlineType(explicit, at: at)
    return explicit
  }

  private func checkInlineType(_ index: UInt32, at: Int) throws(TextError) {
    guard Int(index) < module.types.count else { throw error("unknown type \(index)", at: at) }
    guard let type = module.types[Int(index)].functionType, type.parameters == parameters, type.results == results
    else { throw error("inline function type does not match the type \(index)", at: at) }
  }

  /// The index of the function type that was read last.
  private mutating func implicitType() -> UInt32 {
    if let index = functionTypeIndices[FunctionType(parameters: parameters, results: results)] { return index }
    let type = inlineType
    let index = module.types.count
    module.types.append(SubType(composite: .function(type)))
    module.recursionGroups.append(RecursionGroup(range: index..<index + 1, isExplicit: false))
    functionTypeIndices[type] = UInt32(index)
    return UInt32(index)
  }

  /// The type of a block (Core 3.0, 6.5.1).
  mutating func blockType() throws(TextError) -> BlockType {
    guard kind == .leftParenthesis else { return .empty }
    let at = position
    if let explicit = try explicitType() {
      try require(.multiValue, for: "a block type by its index", at: at + 1)
      try parametersAndResults(named: false)
      if !parameters.isEmpty || !results.isEmpty { try checkInlineType(explicit, at: at) }
      return .type(explicit)
    }
    guard isOpen(.param) || isOpen(.result) else { return .empty }
    try parametersAndResults(named: false)
    if parameters.isEmpty {
      if results.isEmpty { return .empty }
      if results.count == 1 { return .value(results[0]) }
    }
    try require(.multiValue, for: "a block with parameters or several results", at: at + 1)
    return .type(implicitType())
  }

  /// Binds the parameters that were read last as locals.
  mutating func bindParameters() throws(TextError) {
    for (symbol, name) in zip(parameterSymbols, parameterNames) {
      try bindLocal(symbol)
      if name != 0 { locals.rename(name) }
    }
  }

  /// Binds the next local of the function at hand.
  mutating func bindLocal(_ symbol: UInt32) throws(TextError) {
    guard locals.bind(symbol, symbolCount: symbols.count) else {
      throw error("duplicate local $\(name: symbols.text(symbol))", at: position)
    }
  }
}
