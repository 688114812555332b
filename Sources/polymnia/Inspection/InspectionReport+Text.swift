import WebAssembly

extension InspectionReport {
  /// For people: a paragraph for each kind of thing, none for what is not there.
  var text: String {
    var output = "\(quoted(file)): \(isText ? "text" : "binary"), \(size) bytes"
    if let name = names.module { output += ", module \(quoted(name))" }
    output += "\n"
    let features = survey.features.features.map(\.rawValue)
    output += "features: \(features.isEmpty ? "none beyond 1.0" : features.joined(separator: ", "))\n"
    output += "functions: \(spaces.functions.count)"
    output += " (\(spaces.importedFunctionCount) imported, \(module.functions.count) defined),"
    output += " \(counted(survey.instructionCount, "instruction")), \(counted(codeSize, "byte")) of code\n"
    output += paragraph(
      "sections",
      zip(sectionNames { "\(quoted: $0)" }, module.sections).map { title, section in
        "\(title): \(section.range.count) bytes at \(hexadecimal(section.range.lowerBound))"
      })
    output += paragraph("types", module.types.enumerated().map { "\($0): \($1)" })
    output += paragraph(
      "imports",
      imports.map { item, index in
        "\(item.type.kind) \(index): \(quoted(item.module)) \(quoted(item.name)), \(type(item.type.kind, index))"
      })
    output += paragraph(
      "exports",
      module.exports.map { export in
        "\(quoted(export.name)): \(export.kind) \(export.index), \(type(export.kind, Int(export.index)))"
      })
    output += paragraph("memories", memories.map(line))
    output += paragraph("tables", spaces.tables.enumerated().map { "\($0): \($1)" })
    output += paragraph("globals", spaces.globals.enumerated().map { "\($0): \($1)" })
    output += paragraph("tags", spaces.tags.indices.map { "\($0): \(type(.tag, $0))" })
    if let start = module.start { output += "start: function \(start)\n" }
    if !module.data.isEmpty {
      output += "data: \(counted(module.data.count, "segment")), \(counted(dataSize, "byte"))\n"
    }
    if !module.elements.isEmpty {
      let items = module.elements.reduce(0) { $0 + $1.items.count }
      output += "elements: \(counted(module.elements.count, "segment")), \(counted(items, "item"))\n"
    }
    return output
  }

  private func paragraph(_ title: String, _ lines: [String]) -> String {
    lines.isEmpty ? "" : "\(title): \(lines.count)\n" + lines.map { "  \($0)\n" }.joined()
  }

  private func line(_ memory: Memory) -> String {
    var parts = [memory.name.map { "\(memory.index) $\(name: $0)" } ?? "\(memory.index)"]
    if let source = memory.importedFrom {
      parts.append("imported from \(quoted(source.module)) \(quoted(source.name))")
    }
    if !memory.exports.isEmpty { parts.append("exported as " + memory.exports.map(quoted).joined(separator: ", ")) }
    let type = memory.type
    parts.append("\(type.addressType) addresses")
    let maximum = type.limits.maximum.map { "at most \($0)" } ?? "no maximum"
    parts.append("\(counted(type.limits.minimum, "page")) of \(counted(type.pageSize, "byte")), \(maximum)")
    if type.isShared { parts.append("shared") }
    if let accessClass = memory.accessClass { parts.append(accessClass.rawValue) }
    parts.append(counted(memory.instructions, "instruction"))
    return parts[0] + ": " + parts.dropFirst().joined(separator: "; ")
  }

  /// A name that may contain anything, on one line.
  private func quoted(_ name: String) -> String { "\(quoted: name)" }
}

private func counted(_ number: some BinaryInteger, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

private func hexadecimal(_ value: Int) -> String { "0x" + String(value, radix: 16) }
