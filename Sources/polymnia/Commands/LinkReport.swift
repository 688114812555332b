import WebAssembly

/// What `link` has done, for people and for programs.
struct LinkReport {
  private var linked: LinkedModule
  private let inputs: [LinkedFile]
  /// The type of the one memory, where the linked module was lowered.
  var lowered: MemoryType?

  init(_ linked: LinkedModule, inputs: [LinkedFile]) {
    self.linked = linked
    self.linked.module.bytes = []
    self.inputs = inputs
  }

  var warnings: [String] {
    var warnings = linked.uninitialized.map { "\(name: file($0)): '_initialize' is not called; --initialize calls it" }
    if let last = inputs.last, inputs.count > 1, linked.unused.count == inputs.count - 1,
      !linked.unused.contains(last.name)
    {
      warnings.append(
        "\(name: last.file): the last module, whose exports are those of the linked one, uses nothing of the others: they were "
          + "removed")
    }
    return warnings + dropped
  }

  private var dropped: [String] {
    linked.droppedSections.map { section in
      let reason = section.describesCode ? "it describes the old code" : "a later module has another one"
      return "\(name: file(section.module)): dropped the custom section '\(name: section.name)': \(reason)"
    }
  }

  private func file(_ module: String) -> String {
    inputs.first { ExactName($0.name) == ExactName(module) }?.file ?? module
  }

  // MARK: Text

  var text: String {
    var lines = ["linked \(counted(inputs.count, "module")): \(counted(linked.module.bodies.count, "function"))"]
    lines[0] += ", \(counted(linked.memories.count, "memory", "memories"))"
    lines[0] += ", \(counted(linked.module.imports.count, "import"))"
    lines[0] += ", \(counted(linked.module.exports.count, "export"))"
    for input in inputs {
      let bound = linked.bindings.filter { ExactName($0.importer) == ExactName(input.name) }
      guard !bound.isEmpty else { continue }
      var byModule: [(module: String, names: [String])] = []
      for binding in bound {
        let name =
          "\(name: binding.name)" + (binding.checkedMinimum.map { " (at least \($0), checked when it runs)" } ?? "")
        if let place = byModule.firstIndex(where: { ExactName($0.module) == ExactName(binding.module) }) {
          byModule[place].names.append(name)
        } else {
          byModule.append((binding.module, [name]))
        }
      }
      for item in byModule {
        let shown = item.names.prefix(8).joined(separator: ", ")
        let rest = item.names.count > 8 ? " and \(item.names.count - 8) more" : ""
        lines.append("  \(name: input.name) <- \(name: item.module): \(shown)\(rest)")
      }
    }
    for memory in linked.memories { lines.append(line(memory)) }
    if let lowered { lines.append("  lowered to one memory: \(lowered)") }
    lines += imports
    if linked.startStepCount > 0 {
      lines.append("  instantiation: \(counted(linked.startStepCount, "step")) in the start function")
    }
    if !linked.removed.isEmpty { lines.append("  removed: \(linked.removed.text)") }
    if !merged.isEmpty { lines.append("  merged: \(merged.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }

  private func line(_ memory: LinkedModule.Memory) -> String {
    var line = "  memory \(memory.index)\(memory.name.map { " $\(name: $0)" } ?? ""): \(memory.type)"
    line += ", memory \(memory.oldIndex) of \(name: memory.module)"
    if let from = memory.importedFrom { line += ", imported from \(quoted: from.module) \(quoted: from.name)" }
    if !memory.exports.isEmpty { line += ", exported as \(names: memory.exports)" }
    return line
  }

  private var imports: [String] {
    guard !linked.module.imports.isEmpty else { return [] }
    let names = linked.module.imports.map { "\(name: $0.module) \(name: $0.name)" }
    let rest = names.count > 12 ? " and \(names.count - 12) more" : ""
    return ["  left to import: \(names.prefix(12).joined(separator: ", "))\(rest)"]
  }

  private var merged: [String] {
    [(linked.mergedTypes, "type", "types"), (linked.mergedImports, "import", "imports")]
      .filter { $0.0 > 0 }.map { counted($0.0, $0.1, $0.2) }
  }

  // MARK: JSON

  var json: JSON {
    .object([
      ("modules", .array(inputs.map { .object([("name", .string($0.name)), ("file", .string($0.file))]) })),
      ("functions", .integer(linked.module.bodies.count)),
      ("bindings", .array(linked.bindings.map(binding))),
      (
        "imports",
        .array(
          linked.module.imports.map {
            .object([
              ("module", .string($0.module)), ("name", .string($0.name)), ("kind", .string("\($0.type.kind)")),
            ])
          })
      ),
      (
        "exports",
        .array(
          linked.module.exports.map { .object([("name", .string($0.name)), ("kind", .string("\($0.kind)"))]) })
      ),
      ("memories", .array(linked.memories.map(memory))),
      ("startSteps", .integer(linked.startStepCount)),
      ("uninitialized", .array(linked.uninitialized.map { .string($0) })),
      ("unused", .array(linked.unused.map { .string($0) })),
      ("merged", .object([("types", .integer(linked.mergedTypes)), ("imports", .integer(linked.mergedImports))])),
      ("removed", linked.removed.json),
      (
        "droppedSections",
        .array(
          linked.droppedSections.map { .object([("module", .string($0.module)), ("name", .string($0.name))]) })
      ),
      ("lowered", lowered.map { .string("\($0)") } ?? .null),
    ])
  }

  private func binding(_ binding: LinkedModule.Binding) -> JSON {
    .object([
      ("importer", .string(binding.importer)), ("module", .string(binding.module)), ("name", .string(binding.name)),
      ("kind", .string("\(binding.kind)")), ("checkedMinimum", .optional(binding.checkedMinimum)),
    ])
  }

  private func memory(_ memory: LinkedModule.Memory) -> JSON {
    .object([
      ("index", .integer(memory.index)), ("name", .optional(memory.name)), ("type", .string("\(memory.type)")),
      ("module", .string(memory.module)), ("oldIndex", .integer(memory.oldIndex)),
      (
        "import",
        memory.importedFrom.map { .object([("module", .string($0.module)), ("name", .string($0.name))]) } ?? .null
      ),
      ("exports", .array(memory.exports.map(JSON.string))),
    ])
  }
}
