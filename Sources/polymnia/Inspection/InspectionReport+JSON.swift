import WebAssembly

extension InspectionReport {
  /// For programs. Members are only ever added.
  var json: JSON {
    .object([
      ("file", .string(file)),
      ("format", .string(isText ? "text" : "binary")),
      ("size", .integer(size)),
      ("name", .optional(names.module)),
      ("features", .array(survey.features.features.map { .string($0.rawValue) })),
      ("sections", .array(zip(sectionNames { "\"" + $0 + "\"" }, module.sections).map(section))),
      ("types", .array(module.types.map { .string("\($0)") })),
      ("imports", .array(imports.map(importEntry))),
      ("exports", .array(module.exports.map(exportEntry))),
      ("functions", functions),
      ("memories", .array(memories.map(memory))),
      ("tables", .array(spaces.tables.map { .string("\($0)") })),
      ("globals", .array(spaces.globals.map { .string("\($0)") })),
      ("tags", .array(spaces.tags.indices.map { .string(type(.tag, $0)) })),
      ("start", module.start.map { .integer(Int($0)) } ?? .null),
      ("data", .object([("segments", .integer(module.data.count)), ("bytes", .integer(dataSize))])),
      ("elements", .object([("segments", .integer(module.elements.count))])),
    ])
  }

  private var functions: JSON {
    .object([
      ("imported", .integer(spaces.importedFunctionCount)),
      ("defined", .integer(module.functions.count)),
      ("instructions", .integer(survey.instructionCount)),
      ("codeBytes", .integer(codeSize)),
    ])
  }

  private func section(_ name: String, _ section: SectionRange) -> JSON {
    .object([
      ("name", .string(name)), ("offset", .integer(section.range.lowerBound)), ("size", .integer(section.range.count)),
    ])
  }

  private func importEntry(_ item: Import, _ index: Int) -> JSON {
    .object([
      ("module", .string(item.module)), ("name", .string(item.name)), ("kind", .string("\(item.type.kind)")),
      ("index", .integer(index)), ("type", .string(type(item.type.kind, index))),
    ])
  }

  private func exportEntry(_ export: Export) -> JSON {
    .object([
      ("name", .string(export.name)), ("kind", .string("\(export.kind)")), ("index", .integer(Int(export.index))),
      ("type", .string(type(export.kind, Int(export.index)))),
    ])
  }

  private func memory(_ memory: Memory) -> JSON {
    .object([
      ("index", .integer(memory.index)),
      ("name", .optional(memory.name)),
      (
        "import",
        memory.importedFrom.map { .object([("module", .string($0.module)), ("name", .string($0.name))]) } ?? .null
      ),
      ("exports", .array(memory.exports.map(JSON.string))),
      ("addressType", .string("\(memory.type.addressType)")),
      ("pageSize", .unsigned(memory.type.pageSize)),
      ("minimum", .unsigned(memory.type.limits.minimum)),
      ("maximum", .optional(memory.type.limits.maximum)),
      ("shared", .boolean(memory.type.isShared)),
      ("accessClass", .optional(memory.accessClass?.rawValue)),
      ("instructions", .integer(memory.instructions)),
    ])
  }
}
