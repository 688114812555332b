/// A module whose indices change: declarations, bodies and custom sections are copied from the old module to ``new``, with
/// new indices, and custom sections where they belong. Imports and memories are left to the user of the copy, who may then
/// add to what is there.
struct ModuleCopy {
  let old: Module
  let spaces: IndexSpaces
  var new = Module()
  var rewriter: BodyRewriter
  /// Custom sections that were dropped because their contents would no longer be true.
  private(set) var droppedSections: [String] = []

  private var remapping: IndexRemapping { rewriter.remapping }

  init(_ module: Module, _ spaces: IndexSpaces, remapping: IndexRemapping, transform: some BodyTransform) {
    old = module
    self.spaces = spaces
    rewriter = BodyRewriter(module.bytes, remapping: remapping, transform: transform)
    rewriter.reserve(times: 2)
  }

  /// Copies everything but imports, memories, data, bodies and custom sections.
  mutating func declarations() throws(ModuleError) {
    new.types = old.types
    new.recursionGroups = old.recursionGroups
    new.functions = old.functions
    new.tags = old.tags
    new.start = old.start.map(remapping.function)
    for table in old.tables {
      new.tables.append(Table(type: table.type, initializer: try rewriter.copy(table.initializer)))
    }
    for global in old.globals {
      new.globals.append(Global(type: global.type, initializer: try rewriter.copy(global.initializer)))
    }
    for element in old.elements { new.elements.append(try rewriter.copy(element)) }
    for var export in old.exports {
      switch export.kind {
      case .function: export.index = remapping.function(export.index)
      case .memory: export.index = remapping.memory(export.index)
      case .table: export.index = remapping.table(export.index)
      case .global: export.index = remapping.global(export.index)
      case .tag: export.index = remapping.tag(export.index)
      }
      new.exports.append(export)
    }
  }

  /// Copies the data segments.
  mutating func data() throws(ModuleError) {
    new.dataCount = old.dataCount
    new.data.reserveCapacity(old.data.count)
    for var segment in old.data {
      if case .active(let memory, let offset) = segment.mode {
        segment.mode = .active(index: remapping.memory(memory), offset: try rewriter.copy(offset))
      }
      segment.range = rewriter.copy(segment.range)
      new.data.append(segment)
    }
  }

  /// Rewrites all bodies. The result is the module's branch hints, under new indices.
  ///
  /// - Parameter progress: is told, now and then, how many bytes have been written.
  mutating func bodies(
    _ transform: inout some BodyTransform, _ progress: (Int) -> Void = { _ in }
  ) throws(ModuleError) -> BranchHints {
    let hints = BranchHints(old)
    var newHints = BranchHints()
    var nextHint = 0
    new.bodies.reserveCapacity(old.bodies.count + 8)
    for (number, body) in old.bodies.enumerated() {
      let index = UInt32(spaces.importedFunctionCount + number)
      let parameterCount = old.types[Int(old.functions[number])].functionType?.parameters.count ?? 0
      while nextHint < hints.functions.count, hints.functions[nextHint].index < index { nextHint += 1 }
      let own =
        nextHint < hints.functions.count && hints.functions[nextHint].index == index
        ? hints.functions[nextHint].hints : []
      let result: (body: FunctionBody, hints: [BranchHints.Hint])
      do throws(ModuleError) {
        result = try rewriter.rewrite(body, parameterCount: parameterCount, hints: own, &transform)
      } catch {
        throw ModuleError(error.kind, error.message, at: error.offset, function: index)
      }
      new.bodies.append(result.body)
      if number % 64 == 0 { progress(rewriter.bytes.count) }
      if !result.hints.isEmpty {
        newHints.functions.append(BranchHints.Function(index: remapping.function(index), hints: result.hints))
      }
    }
    return newHints
  }

  /// Adds a function behind all others.
  ///
  /// - Parameter body: the local declarations, then the instructions with the final `end`.
  mutating func append(type: UInt32, body: [UInt8]) {
    new.functions.append(type)
    new.bodies.append(FunctionBody(range: rewriter.append(body)))
  }

  // MARK: Custom sections

  /// Copies the custom sections, but for those that hold positions in code.
  ///
  /// - Parameters:
  ///   - names: the contents of the name section. Where there is none, one is made if there are names.
  ///   - contents: what to put in the place of a section: nil to copy it, an empty array to leave it out.
  mutating func customSections(
    _ hints: BranchHints, names: Names, replacing contents: (CustomSection) -> [UInt8]? = { _ in nil }
  ) {
    var hasNames = false
    for section in old.customSections {
      let range: Range<Int>
      switch section.name {
      case Names.sectionName:
        if hasNames { continue }
        hasNames = true
        range = rewriter.append(names)
      case BranchHints.sectionName:
        guard !hints.functions.isEmpty else { continue }
        range = rewriter.append(hints.encode())
      case let name where CustomSection.refersToCode(name):
        if !droppedSections.contains(name) { droppedSections.append(name) }
        continue
      default:
        if let replacement = contents(section) {
          if replacement.isEmpty { continue }
          range = rewriter.append(replacement)
        } else {
          range = rewriter.copy(section.range)
        }
      }
      new.customSections.append(CustomSection(name: section.name, range: range, after: section.after))
    }
    if !hasNames, !names.isEmpty {
      new.customSections.append(
        CustomSection(name: Names.sectionName, range: rewriter.append(names), after: .data))
    }
  }

  /// The new module, with the bytes that its ranges refer to. The copy is used up.
  mutating func finish() -> Module {
    new.bytes = rewriter.bytes
    rewriter.bytes = []
    new.placeCustomSections()
    return new
  }
}

extension Module {
  /// The index of a function type, which is added where the module does not have it.
  mutating func typeIndex(_ type: FunctionType) -> UInt32 {
    let wanted = SubType(composite: .function(type))
    for group in recursionGroups where group.range.count == 1 && types[group.range.lowerBound] == wanted {
      // A concrete reference in a type of another group of one can only be to a type before it, so that equal indices
      // mean equal types.
      return UInt32(group.range.lowerBound)
    }
    let index = types.count
    types.append(wanted)
    recursionGroups.append(RecursionGroup(range: index..<index + 1, isExplicit: false))
    return UInt32(index)
  }
}

extension CustomSection {
  /// Whether a section of this name holds positions in code, or relocations: what is no longer right when bodies change.
  static func refersToCode(_ name: String) -> Bool {
    name.hasPrefix(".debug_") || name.hasPrefix("reloc.") || name.hasPrefix("metadata.code.") || name == "linking"
      || name == "sourceMappingURL" || name == "external_debug_info"
  }
}
