/// Adds memories to a module.
///
/// Those of the module's own come behind all others, so that no index changes and everything else is kept as it is. Imported
/// ones come behind the imported ones, and the indices of the module's own memories move up.
public enum MemoryAddition {
  /// A memory that was added.
  public struct Addition: Sendable {
    public var index: UInt32
    public var name: String?
    public var type: MemoryType
    public var importedFrom: MemoryDeclaration.ImportName?
    public var exports: [String]
  }

  /// A module with the memories.
  public struct Result: Sendable {
    public var module: Module
    /// In the order in which they were asked for.
    public var additions: [Addition]
    /// How many memories of the module's own have moved up, by how much.
    public var moved: (count: Int, by: Int)
    /// Custom sections that were dropped because their contents would no longer be true.
    public var droppedSections: [String]
  }

  /// Adds the memories that declarations describe, under their names.
  ///
  /// - Throws: a ``TransformError`` where an export or a type cannot be, or a body is malformed.
  public static func add(
    _ declarations: [MemoryDeclaration], to validated: ValidatedModule
  ) throws(TransformError) -> Result {
    let module = validated.module
    let spaces = validated.spaces
    let additions = try additions(declarations, module, spaces)
    let imported = additions.filter { $0.importedFrom != nil }
    let imports = imported.compactMap { addition in
      addition.importedFrom.map { Import(module: $0.module, name: $0.name, type: .memory(addition.type)) }
    }
    let exports = additions.flatMap { addition in
      addition.exports.map { Export(name: $0, kind: .memory, index: addition.index) }
    }
    let memories = module.memories + additions.filter { $0.importedFrom == nil }.map(\.type)
    guard !imported.isEmpty, !module.memories.isEmpty else {
      var new = module
      new.imports += imports
      new.memories = memories
      new.exports += exports
      let dropped = dropMoved(&new)
      name(additions, in: &new)
      new.sections = []
      new.placeCustomSections()
      return Result(module: new, additions: additions, moved: (0, 0), droppedSections: dropped)
    }
    var remapping = IndexRemapping()
    let first = UInt32(spaces.importedMemoryCount)
    remapping.memories = (0..<UInt32(spaces.memories.count)).map { $0 < first ? $0 : $0 + UInt32(imported.count) }
    var change = IndexChange()
    var copy = ModuleCopy(module, spaces, remapping: remapping, transform: change)
    copy.new.imports = module.imports + imports
    copy.new.memories = memories
    let hints = try TransformError.wrapping { () throws(ModuleError) in
      try copy.declarations()
      let hints = try copy.bodies(&change)
      try copy.data()
      return hints
    }
    copy.new.exports += exports
    var names = Names(module).remapped(remapping)
    for addition in additions where addition.name != nil { names.setName(addition.name, of: .memory, addition.index) }
    copy.customSections(hints, names: names)
    return Result(
      module: copy.finish(), additions: additions, moved: (module.memories.count, imported.count),
      droppedSections: copy.droppedSections)
  }

  private static func additions(
    _ declarations: [MemoryDeclaration], _ module: Module, _ spaces: IndexSpaces
  ) throws(TransformError) -> [Addition] {
    var taken = Set(module.exports.map { ExactName($0.name) })
    var nextImported = UInt32(spaces.importedMemoryCount)
    var nextOwn = UInt32(spaces.memories.count + declarations.count { $0.importedFrom != nil })
    var result: [Addition] = []
    for declaration in declarations {
      for name in declaration.exports where !taken.insert(ExactName(name)).inserted {
        throw TransformError("the export \(quoted: name) exists already")
      }
      let index = declaration.importedFrom == nil ? nextOwn : nextImported
      if declaration.importedFrom == nil { nextOwn += 1 } else { nextImported += 1 }
      let isNumber = declaration.reference.allSatisfy { $0.isASCII && $0.isNumber }
      if isNumber, UInt32(declaration.reference) != index {
        throw TransformError("memory \(name: declaration.reference) would get the index \(index)")
      }
      result.append(
        Addition(
          index: index, name: declaration.name ?? (isNumber ? nil : declaration.reference),
          type: try declaration.type(), importedFrom: declaration.importedFrom, exports: declaration.exports))
    }
    return result
  }

  /// Bodies are copied as they are, but where their sizes were not written in the shortest form they move.
  private static func dropMoved(_ module: inout Module) -> [String] {
    guard let code = module.sections.first(where: { $0.id == .code }) else { return [] }
    var size = ByteWriter.size(ofU32: module.bodies.count)
    for body in module.bodies { size += ByteWriter.size(ofU32: body.range.count) + body.range.count }
    guard size != code.range.count else { return [] }
    var dropped: [String] = []
    module.customSections.removeAll { section in
      // Branch hints count from the beginning of a body.
      guard section.name != BranchHints.sectionName, CustomSection.refersToCode(section.name) else { return false }
      if !dropped.contains(section.name) { dropped.append(section.name) }
      return true
    }
    return dropped
  }

  /// Names the memories: the name section is replaced, or made.
  private static func name(_ additions: [Addition], in new: inout Module) {
    guard additions.contains(where: { $0.name != nil }) else { return }
    var names = Names(new)
    for addition in additions where addition.name != nil { names.setName(addition.name, of: .memory, addition.index) }
    let contents = names.encode()
    let range = new.bytes.count..<new.bytes.count + contents.count
    new.bytes.append(contentsOf: contents)
    if let place = new.customSections.firstIndex(where: { $0.name == Names.sectionName }) {
      new.customSections[place].range = range
    } else {
      new.customSections.append(CustomSection(name: Names.sectionName, range: range, after: .data))
    }
  }
}

/// A transform that changes nothing but indices.
private struct IndexChange: BodyTransform {
  func wants(_ row: Operator) -> Bool { false }
  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) {}
}
