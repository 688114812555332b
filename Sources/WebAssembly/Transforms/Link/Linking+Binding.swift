// Binding of imports (Core 3.0, 3.3.10 and 4.7.3): by name, and by the types that items have at that point.

extension Linking {
  /// What an import of a module means.
  mutating func bind(_ old: Import, of number: Int) throws(LinkFailure) -> Item {
    var item = renamed(old)
    item.type = remapping(types: typeMaps[number]).importType(item.type)
    guard let owner = moduleNumbers[Array(item.module.utf8)] else { return add(item, for: number) }
    guard owner < number else {
      let why = owner == number ? "a module cannot import from itself" : "that module comes later"
      throw failure(.unknownImport, item, number, "\(why)")
    }
    guard let export = export(Array(item.name.utf8), of: owner) else {
      throw failure(.unknownImport, item, number, "no such export")
    }
    let kind = item.type.kind
    let target = items[owner][Int(export.kind.rawValue)][Int(export.index)]
    guard export.kind == kind else { throw mismatch(item, number, actual: type(target, export.kind)) }
    return try bind(item, to: target, of: number)
  }

  private func renamed(_ item: Import) -> Import {
    guard !renames.isEmpty else { return item }
    let module = ExactName(item.module)
    let fitting = [renames[RenameKey(module: module)], renames[RenameKey(module: module, name: ExactName(item.name))]]
    guard let first = fitting.compactMap({ $0 }).min() else { return item }
    let rename = options.renames[first]
    return Import(module: rename.newModule, name: rename.newName ?? item.name, type: item.type)
  }

  private mutating func bind(_ item: Import, to target: Item, of number: Int) throws(LinkFailure) -> Item {
    let actual = type(target, item.type.kind)
    var result = target
    var checkedMinimum: UInt64?
    switch (actual, item.type) {
    case (.function(let given), .function(let wanted)):
      if !registry.isSubtype(given, of: wanted) {
        // The embedder may still supply a function of the wanted type.
        guard target.isImport, registry.isSubtype(wanted, of: given) else {
          throw mismatch(item, number, actual: actual)
        }
        result = again(target, as: item.type, for: number)
      }
    case (.global(let given), .global(let wanted)):
      if !registry.matches(given, wanted) {
        guard target.isImport, !given.isMutable, !wanted.isMutable, mayMatch(given.value, wanted.value) else {
          throw mismatch(item, number, actual: actual)
        }
        result = again(target, as: item.type, for: number)
      }
    case (.tag(let given), .tag(let wanted)):
      guard given == wanted else { throw mismatch(item, number, actual: actual) }
    case (.memory(let given), .memory(let wanted)):
      guard given.addressType == wanted.addressType, given.isShared == wanted.isShared,
        given.pageSizeLog2 == wanted.pageSizeLog2
      else { throw mismatch(item, number, actual: actual) }
      checkedMinimum = try require(wanted.limits, of: target, item, number).checkedMinimum
    case (.table(let given), .table(let wanted)):
      guard given.addressType == wanted.addressType, given.element == wanted.element else {
        throw mismatch(item, number, actual: actual)
      }
      checkedMinimum = try require(wanted.limits, of: target, item, number).checkedMinimum
    default: throw mismatch(item, number, actual: actual)
    }
    bindings.append(
      LinkedModule.Binding(
        importer: inputs[number].name, module: item.module, name: item.name, kind: item.type.kind,
        checkedMinimum: checkedMinimum))
    return result
  }

  /// Whether a value could be of both types: both are references of one hierarchy.
  private func mayMatch(_ a: ValueType, _ b: ValueType) -> Bool {
    guard let a = a.referenceType?.heapType, let b = b.referenceType?.heapType else { return false }
    return [HeapType.any, .function, .external, .exception].contains {
      registry.matches(a, $0) && registry.matches(b, $0)
    }
  }

  // MARK: Imports that stay

  /// An import of the linked module. Those of the same names and type are one. Of memories and tables under one name, which
  /// are the same, the limits are put together.
  private mutating func add(_ item: Import, for number: Int) -> Item {
    var key = ImportKey(
      module: Array(item.module.utf8), name: Array(item.name.utf8), type: item.type, kind: item.type.kind)
    let limits: Limits?
    switch item.type {
    case .memory(let type): limits = type.limits
    case .table(let type): limits = type.limits
    default: limits = nil
    }
    if limits != nil { key.type = nil }
    if let existing = importsByName[key] {
      guard let limits else {
        mergedImports += 1
        return existing
      }
      let isSame =
        switch (type(existing, item.type.kind), item.type) {
        case (.memory(let a), .memory(let b)):
          a.addressType == b.addressType && a.isShared == b.isShared && a.pageSizeLog2 == b.pageSizeLog2
        case (.table(let a), .table(let b)): a.addressType == b.addressType && a.element == b.element
        default: false
        }
      if isSame, (try? require(limits, of: existing, item, number)) != nil {
        mergedImports += 1
        return existing
      }
      // The embedder will say that they cannot be the same.
    }
    let kind = Int(item.type.kind.rawValue)
    let new = Item(isImport: true, number: UInt32(imports[kind].count))
    imports[kind].append(item)
    importOrder.append((item.type.kind, new))
    if importsByName[key] == nil { importsByName[key] = new }
    return new
  }

  /// The same import with another type.
  private mutating func again(_ target: Item, as type: ImportType, for number: Int) -> Item {
    let old = imports[Int(type.kind.rawValue)][Int(target.number)]
    return add(Import(module: old.module, name: old.name, type: type), for: number)
  }

  // MARK: Limits

  /// Limits that a memory or table has, or that it may have grown to have.
  private struct SatisfiedLimits {
    /// What must be checked at instantiation, if anything must.
    var checkedMinimum: UInt64?
  }

  /// Compares the limits that a module wants with those that a memory or table has at that point: it is as large as it was
  /// made, unless the start function of an earlier module has grown it.
  ///
  private mutating func require(
    _ wanted: Limits, of target: Item, _ item: Import, _ number: Int
  ) throws(LinkFailure) -> SatisfiedLimits {
    let kind = item.type.kind
    let actual = type(target, kind)
    var limits = Self.limits(of: actual)
    let hasStarted = (0..<number).contains { inputs[$0].module.module.start != nil }
    if let maximum = wanted.maximum {
      if target.isImport {
        limits.maximum = min(limits.maximum ?? maximum, maximum)
      } else {
        guard let given = limits.maximum, given <= maximum else { throw mismatch(item, number, actual: actual) }
      }
    }
    var check = false
    if wanted.minimum > limits.minimum {
      if !hasStarted {
        guard target.isImport else { throw mismatch(item, number, actual: actual) }
        limits.minimum = wanted.minimum
      } else {
        guard target.isImport || grows(target, kind, before: number) else {
          throw mismatch(item, number, actual: actual)
        }
        check = true
      }
    }
    if let maximum = limits.maximum {
      guard limits.minimum <= maximum, wanted.minimum <= maximum else {
        throw mismatch(item, number, actual: actual)
      }
    }
    if target.isImport {
      imports[Int(kind.rawValue)][Int(target.number)].type = Self.type(actual, with: limits)
    }
    guard check else { return SatisfiedLimits() }
    let what = failure(
      .incompatibleImportType, item, number, "must be a \(describe(item.type)), but it has fewer")
    checks[number].append(
      (
        target,
        ModuleParts.SizeCheck(isMemory: kind == .memory, index: 0, minimum: wanted.minimum, message: what.message)
      ))
    return SatisfiedLimits(checkedMinimum: wanted.minimum)
  }

  private static func limits(of type: ImportType) -> Limits {
    switch type {
    case .memory(let type): type.limits
    case .table(let type): type.limits
    case .function, .global, .tag: Limits(minimum: 0)
    }
  }

  private static func type(_ type: ImportType, with limits: Limits) -> ImportType {
    switch type {
    case .memory(var memory):
      memory.limits = limits
      return .memory(memory)
    case .table(var table):
      table.limits = limits
      return .table(table)
    case .function, .global, .tag: return type
    }
  }

  /// Whether code of a module before `number` grows a memory or table.
  private mutating func grows(_ target: Item, _ kind: ExternalKind, before number: Int) -> Bool {
    let wanted = GrownItem(isMemory: kind == .memory, item: target)
    for earlier in 0..<number where grown(by: earlier).contains(wanted) { return true }
    return false
  }

  private mutating func grown(by number: Int) -> Set<GrownItem> {
    if let known = growth[number] { return known }
    let module = inputs[number].module.module
    var result: Set<GrownItem> = []
    for body in module.bodies {
      var reader = InstructionReader(module.bytes, range: body.range)
      guard (try? reader.locals()) != nil else { continue }
      while !reader.isAtEnd, let instruction = try? reader.next() {
        guard instruction.opcode == .memoryGrow || instruction.opcode == .tableGrow else { continue }
        let isMemory = instruction.opcode == .memoryGrow
        let kind = isMemory ? ExternalKind.memory : .table
        result.insert(
          GrownItem(isMemory: isMemory, item: items[number][Int(kind.rawValue)][Int(instruction.index)]))
      }
    }
    growth[number] = result
    return result
  }

  // MARK: Failures

  private func failure(_ kind: LinkFailure.Kind, _ item: Import, _ number: Int, _ detail: String) -> LinkFailure {
    let words = kind == .unknownImport ? "unknown import" : "incompatible import type"
    let names = "\(quoted: item.module) \(quoted: item.name)"
    let message =
      kind == .unknownImport
      ? "\(words): \(names), a \(describe(item.type)): \(detail)" : "\(words): \(names) \(detail)"
    return LinkFailure(kind, in: inputs[number].name, names, message)
  }

  private func mismatch(_ item: Import, _ number: Int, actual: ImportType) -> LinkFailure {
    failure(
      .incompatibleImportType, item, number,
      "must be a \(describe(item.type)), but a \(describe(actual)) was given")
  }

  private func describe(_ type: ImportType) -> String {
    switch type {
    case .function(let index): "function \(registry.functionType(index).map { "\($0)" } ?? "?")"
    case .table(let type): "table \(type)"
    case .memory(let type): "memory \(type)"
    case .global(let type): "global \(type)"
    case .tag(let index): "tag \(registry.functionType(index).map { "\($0)" } ?? "?")"
    }
  }
}
