/// Validates everything in a module but the function bodies, and makes the context for those (Core 3.0, 3.5).
struct DeclarationValidator {
  var context: ValidationContext
  var firstUses = FirstUses()

  var module: Module { context.module }
  var limits: ImplementationLimits { context.limits }
  private var declared: [Bool] = []

  init(_ module: Module, features: FeatureSet, limits: ImplementationLimits) {
    context = ValidationContext(module, features: features, limits: limits)
  }

  mutating func validate() throws(ModuleError) {
    try checkCounts()
    try validateRanges()
    try validateTypes()
    context.makeSignatures()
    try validateImports()
    try validateFunctionsAndTags()
    try validateTables()
    try validateMemories()
    try validateGlobalTypes()
    try validateElementTypes()
    declared = [Bool](repeating: false, count: context.spaces.functions.count)
    try validateExpressions()
    try validateExports()
    try validateStart()
    context.declaredFunctions = declared
  }

  // MARK: Limits

  private func checkCounts() throws(ModuleError) {
    let spaces = context.spaces
    try limit(module.bytes.count, limits.moduleSize, "bytes", .custom)
    try limit(module.types.count, limits.types, "types", .type)
    try limit(module.imports.count, limits.imports, "imports", .import)
    try limit(spaces.functions.count, limits.functions, "functions", .function)
    try limit(spaces.tables.count, limits.tables, "tables", .table)
    try limit(spaces.memories.count, limits.memories, "memories", .memory)
    try limit(spaces.globals.count, limits.globals, "globals", .global)
    try limit(spaces.tags.count, limits.tags, "tags", .tag)
    try limit(module.exports.count, limits.exports, "exports", .export)
    try limit(module.elements.count, limits.elementSegments, "element segments", .element)
    try limit(module.data.count, limits.dataSegments, "data segments", .data)
    for element in module.elements {
      try limit(element.items.count, limits.elementSegmentItems, "items in an element segment", .element)
    }
  }

  func limit(_ count: Int, _ limit: Int, _ what: String, _ section: SectionID) throws(ModuleError) {
    guard count <= limit else {
      throw ModuleError(.limitExceeded, "\(count) \(what), the limit is \(limit)", at: offset(of: section))
    }
  }

  /// Where a section begins, for errors about what has no offset of its own.
  func offset(of section: SectionID) -> Int {
    module.sections.first { $0.id == section }?.range.lowerBound ?? 0
  }

  func invalid(_ message: String, _ section: SectionID) -> ModuleError {
    ModuleError(.invalid, message, at: offset(of: section))
  }

  // MARK: Imports, functions, tags

  private func validateImports() throws(ModuleError) {
    for item in module.imports {
      switch item.type {
      case .function(let type):
        try requireFunctionType(type, .import)
      case .table(let type):
        try validate(type, .import)
      case .memory(let type):
        try validate(type, .import)
      case .global(let type):
        try context.check(type.value, typeCount: module.types.count, at: offset(of: .import))
        guard !type.isMutable || context.features.contains(.mutableGlobals) else {
          throw context.disabled("the import of a mutable global", .mutableGlobals, at: offset(of: .import))
        }
      case .tag(let type):
        try validateTag(type, .import)
      }
    }
  }

  private func requireFunctionType(_ index: UInt32, _ section: SectionID) throws(ModuleError) {
    guard Int(index) < context.signatures.count else {
      throw invalid("unknown type \(index): there are \(context.signatures.count)", section)
    }
    guard context.signatures[Int(index)].isFunction else {
      throw invalid("type mismatch: type \(index) is not a function type", section)
    }
  }

  private func validateTag(_ type: UInt32, _ section: SectionID) throws(ModuleError) {
    guard context.features.contains(.exceptions) else {
      throw context.disabled("a tag", .exceptions, at: offset(of: section))
    }
    try requireFunctionType(type, section)
    guard context.signatures[Int(type)].results.count == 0 else {
      throw invalid("non-empty tag result type \(type)", section)
    }
  }

  private func validateFunctionsAndTags() throws(ModuleError) {
    for type in module.functions { try requireFunctionType(type, .function) }
    for type in module.tags { try validateTag(type, .tag) }
  }

  // MARK: Tables, memories, globals

  private mutating func validateTables() throws(ModuleError) {
    for table in module.tables {
      try validate(table.type, .table)
      if let initializer = table.initializer, !context.features.contains(.functionReferences) {
        throw context.disabled("the initializer of a table", .functionReferences, at: initializer.range.lowerBound)
      }
      guard table.initializer != nil || table.type.element.isNullable else {
        throw invalid(
          "type mismatch: a table of \(table.type.element), which has no default value, needs an initializer",
          .table)
      }
    }
    for type in context.spaces.tables {
      context.tables.append(
        ValidationContext.Table(
          element: context.canonical(.reference(type.element)), address: type.addressType.valueType))
    }
    guard context.tables.count <= 1 || context.features.contains(.referenceTypes) else {
      throw invalid("multiple tables need the feature reference-types", .table)
    }
  }

  private func validate(_ type: TableType, _ section: SectionID) throws(ModuleError) {
    try context.check(type.element, typeCount: module.types.count, at: offset(of: section))
    if type.addressType == .i64, !context.features.contains(.memory64) {
      throw context.disabled("a table with 64-bit addresses", .memory64, at: offset(of: section))
    }
    let bound = type.addressType == .i32 ? UInt64(UInt32.max) : UInt64.max
    guard type.limits.minimum <= bound, type.limits.maximum ?? 0 <= bound else {
      throw invalid("table size must be at most \(bound) elements", section)
    }
    try validate(type.limits, section)
  }

  private func validate(_ limits: Limits, _ section: SectionID) throws(ModuleError) {
    guard let maximum = limits.maximum, limits.minimum > maximum else { return }
    throw invalid("size minimum must not be greater than maximum: \(limits.minimum) and \(maximum)", section)
  }

  private mutating func validateMemories() throws(ModuleError) {
    for type in module.memories { try validate(type, .memory) }
    context.memories = context.spaces.memories.map(\.addressType.valueType)
    guard context.memories.count <= 1 || context.features.contains(.multiMemory) else {
      throw invalid("multiple memories need the feature multi-memory", .memory)
    }
  }

  private func validate(_ type: MemoryType, _ section: SectionID) throws(ModuleError) {
    if type.addressType == .i64, !context.features.contains(.memory64) {
      throw context.disabled("a memory with 64-bit addresses", .memory64, at: offset(of: section))
    }
    // The proposal has pages of one byte and those of 64 KiB; other powers of two are only kept free.
    guard type.pageSizeLog2 == 16 || type.pageSizeLog2 == 0 else {
      throw invalid("invalid custom page size 2**\(type.pageSizeLog2)", section)
    }
    if type.pageSizeLog2 != 16, !context.features.contains(.customPageSizes) {
      throw context.disabled("a memory with a custom page size", .customPageSizes, at: offset(of: section))
    }
    let bits: UInt64 = type.addressType == .i32 ? 32 : 64
    // All pages together reach the end of the address space; with pages of one byte the count itself must be an address.
    let bound = type.pageSizeLog2 == 0 ? UInt64.max >> (64 - bits) : 1 << (bits - UInt64(type.pageSizeLog2))
    guard type.limits.minimum <= bound, type.limits.maximum ?? 0 <= bound else {
      throw invalid(
        "memory size must be at most \(bound) pages" + (bound == 65536 ? " (4GiB)" : " of \(type.pageSize) bytes"),
        section)
    }
    try validate(type.limits, section)
    if type.isShared {
      guard context.features.contains(.threads) else {
        throw context.disabled("a shared memory", .threads, at: offset(of: section))
      }
      guard type.limits.maximum != nil else { throw invalid("shared memory must have maximum", section) }
    }
  }

  private mutating func validateGlobalTypes() throws(ModuleError) {
    for global in module.globals {
      try context.check(
        global.type.value, typeCount: module.types.count, at: global.initializer.range.lowerBound)
    }
    for type in context.spaces.globals {
      context.globals.append(
        ValidationContext.Global(type: context.canonical(type.value), isMutable: type.isMutable))
    }
  }

  /// What segments the first version of the format has: active ones of the first memory or table, without expressions.
  private func validateSegmentKinds() throws(ModuleError) {
    if context.features.contains(.bulkMemory) { return }
    for element in module.elements {
      guard case .active(index: 0, _) = element.mode, case .functions = element.items else {
        throw context.disabled("this kind of an elem segment", .bulkMemory, at: offset(of: .element))
      }
    }
    for segment in module.data {
      guard case .active(index: 0, _) = segment.mode else {
        throw context.disabled("this kind of a data segment", .bulkMemory, at: offset(of: .data))
      }
    }
    guard module.dataCount == nil else {
      throw context.disabled("the number of data segments", .bulkMemory, at: offset(of: .dataCount))
    }
  }

  private mutating func validateElementTypes() throws(ModuleError) {
    try validateSegmentKinds()
    for element in module.elements {
      // A list of functions has a type that older modules cannot write.
      if case .functions = element.items, element.type.heapType == .function {
        context.elements.append(.reference(element.type))
        continue
      }
      try context.check(element.type, typeCount: module.types.count, at: offset(of: .element))
      context.elements.append(context.canonical(.reference(element.type)))
    }
  }

  // MARK: Expressions and segments

  private mutating func validateExpressions() throws(ModuleError) {
    var validator = FunctionValidator(context)
    let imported = context.spaces.importedGlobalCount
    for (index, table) in module.tables.enumerated() {
      // Tables come before globals, so that they see only imported ones.
      guard let initializer = table.initializer else { continue }
      let type = context.tables[context.spaces.importedTableCount + index].element
      try validator.validate(initializer, type: type, visibleGlobals: imported)
    }
    for (index, global) in module.globals.enumerated() {
      let type = context.globals[imported + index].type
      try validator.validate(global.initializer, type: type, visibleGlobals: imported + index)
    }
    for (index, segment) in module.elements.enumerated() {
      try validate(segment, type: context.elements[index], &validator)
    }
    for segment in module.data {
      guard case .active(let memory, let offset) = segment.mode else { continue }
      guard Int(memory) < context.memories.count else {
        throw invalid("unknown memory \(memory): there are \(context.memories.count)", .data)
      }
      try validator.validate(
        offset, type: context.memories[Int(memory)], visibleGlobals: context.globals.count)
    }
    for index in validator.referencedFunctions { declared[Int(index)] = true }
    firstUses = validator.firstUses
  }

  private mutating func validate(
    _ segment: ElementSegment, type: ValueType, _ validator: inout FunctionValidator
  ) throws(ModuleError) {
    if case .active(let index, let offset) = segment.mode {
      guard Int(index) < context.tables.count else {
        throw invalid("unknown table \(index): there are \(context.tables.count)", .element)
      }
      let table = context.tables[Int(index)]
      guard context.registry.matches(type, table.element) else {
        throw invalid(
          "type mismatch: an elem segment of \(context.name(canonical: type)) for table \(index) of "
            + context.name(canonical: table.element), .element)
      }
      try validator.validate(offset, type: table.address, visibleGlobals: context.globals.count)
    }
    switch segment.items {
    case .functions(let indices):
      for index in indices {
        guard Int(index) < context.spaces.functions.count else {
          throw invalid("unknown function \(index): there are \(context.spaces.functions.count)", .element)
        }
        declared[Int(index)] = true
        let id = context.canonicalTypes[Int(context.spaces.functions[Int(index)])]
        guard context.registry.matches(.reference(.concrete(id), nullable: false), type) else {
          throw invalid(
            "type mismatch: function \(index) in an elem segment of \(context.name(canonical: type))", .element)
        }
      }
    case .expressions(let expressions):
      for expression in expressions {
        try validator.validate(expression, type: type, visibleGlobals: context.globals.count)
      }
    }
  }

  // MARK: Exports and start

  private mutating func validateExports() throws(ModuleError) {
    try checkExportNames()
    for export in module.exports {
      let (count, what) =
        switch export.kind {
        case .function: (context.spaces.functions.count, "function")
        case .table: (context.spaces.tables.count, "table")
        case .memory: (context.spaces.memories.count, "memory")
        case .global: (context.spaces.globals.count, "global")
        case .tag: (context.spaces.tags.count, "tag")
        }
      guard Int(export.index) < count else {
        throw invalid("unknown \(what) \(export.index): there are \(count)", .export)
      }
      switch export.kind {
      case .function:
        declared[Int(export.index)] = true
      case .global:
        guard !context.globals[Int(export.index)].isMutable || context.features.contains(.mutableGlobals) else {
          throw context.disabled("the export of a mutable global", .mutableGlobals, at: offset(of: .export))
        }
      default:
        break
      }
    }
  }

  private func checkExportNames() throws(ModuleError) {
    // Names are equal where their bytes are; strings of Swift would compare canonically.
    if module.exports.count <= 16 {
      // Sooner done than a set is set up.
      for (index, export) in module.exports.enumerated() {
        for other in module.exports[..<index] where other.name.utf8.elementsEqual(export.name.utf8) {
          throw invalid("duplicate export name \(quoted: export.name)", .export)
        }
      }
      return
    }
    var names: Set<[UInt8]> = []
    names.reserveCapacity(module.exports.count)
    for export in module.exports {
      guard names.insert(Array(export.name.utf8)).inserted else {
        throw invalid("duplicate export name \(quoted: export.name)", .export)
      }
    }
  }

  private func validateStart() throws(ModuleError) {
    guard let index = module.start else { return }
    guard Int(index) < context.spaces.functions.count else {
      throw invalid("unknown function \(index): there are \(context.spaces.functions.count)", .start)
    }
    let signature = context.signatures[Int(context.spaces.functions[Int(index)])]
    guard signature.parameters.count == 0, signature.results.count == 0 else {
      throw invalid("start function \(index) must have no parameters and results", .start)
    }
  }
}
