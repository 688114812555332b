extension Specializer {
  /// The module with all that was added.
  mutating func finish() throws(TransformError) -> SpecializedModule {
    customSections()
    try replaceImports()
    return SpecializedModule(
      module: new, functions: added, copyCount: copyCount, sharedCount: shared.count, notes: notes,
      droppedSections: droppedSections)
  }

  private mutating func customSections() {
    newHints = hints.functions + newHints
    var sections: [CustomSection] = []
    var hasNames = false
    for var section in old.customSections {
      switch section.name {
      case Names.sectionName:
        if hasNames { continue }
        hasNames = true
        section.range = append(newNames.encode())
      case BranchHints.sectionName:
        guard !newHints.isEmpty else { continue }
        section.range = append(BranchHints(functions: newHints).encode())
      case let name where CustomSection.refersToCode(name):
        if !droppedSections.contains(name) { droppedSections.append(name) }
        continue
      default: break
      }
      sections.append(section)
    }
    new.customSections = sections
    new.sections = []
    new.placeCustomSections()
  }

  private mutating func append(_ bytes: [UInt8]) -> Range<Int> {
    let start = new.bytes.count
    new.bytes.append(contentsOf: bytes)
    return start..<new.bytes.count
  }

  /// Puts the new functions in the place of imports of the same name from ``FunctionSpecialization/moduleName``.
  private mutating func replaceImports() throws(TransformError) {
    var targets: [(function: Int, added: Int)] = []
    let places = Dictionary(added.enumerated().map { (ExactName($1.exportName), $0) }) { first, _ in first }
    var function = 0
    for item in old.imports {
      guard case .function(let type) = item.type else { continue }
      defer { function += 1 }
      guard item.module == FunctionSpecialization.moduleName,
        let place = places[ExactName(item.name)]
      else { continue }
      let made = added[place].index
      let own = new.functions[made - spaces.importedFunctionCount]
      guard let expected = new.types[Int(own)].functionType, let found = new.types[Int(type)].functionType,
        expected == found
      else {
        throw TransformError(
          "the import \(quoted: item.module) \(quoted: item.name): expected the type \(new.types[Int(own)]), found "
            + "\(new.types[Int(type)])")
      }
      targets.append((function, place))
    }
    guard !targets.isEmpty else { return }
    let replaced = Set(targets.map(\.function))
    var indices: [UInt32] = []
    var next: UInt32 = 0
    for function in 0..<spaces.importedFunctionCount + new.functions.count {
      indices.append(replaced.contains(function) ? Names.dropped : next)
      if !replaced.contains(function) { next += 1 }
    }
    var names = IndexRemapping()
    names.functions = indices
    var remapping = names
    for target in targets { remapping.functions?[target.function] = indices[added[target.added].index] }
    do throws(ModuleError) {
      new = try withoutImports(replaced, remapping, names: newNames.remapped(names))
    } catch {
      throw TransformError(error)
    }
    for place in added.indices { added[place].index = Int(indices[added[place].index]) }
    for target in targets { added[target.added].replacesImport = true }
  }

  private func withoutImports(
    _ functions: Set<Int>, _ remapping: IndexRemapping, names: Names
  ) throws(ModuleError) -> Module {
    var transform = Unchanged()
    var copy = ModuleCopy(new, IndexSpaces(new), remapping: remapping, transform: transform)
    try copy.declarations()
    var function = -1
    copy.new.imports = new.imports.filter { item in
      guard item.type.kind == .function else { return true }
      function += 1
      return !functions.contains(function)
    }
    copy.new.memories = new.memories
    let hints = try copy.bodies(&transform)
    try copy.data()
    copy.customSections(hints, names: names)
    return copy.finish()
  }
}

/// Changes nothing but indices.
private struct Unchanged: BodyTransform {
  func wants(_ row: Operator) -> Bool { false }
  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {}
}
