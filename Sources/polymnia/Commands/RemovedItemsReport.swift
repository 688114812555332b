import WebAssembly

extension RemovedItems {
  /// What there was, in words.
  var text: String {
    let all = [
      (functions, "function", "functions"), (globals, "global", "globals"), (tables, "table", "tables"),
      (memories, "memory", "memories"), (tags, "tag", "tags"), (types, "type", "types"),
      (elementSegments, "element segment", "element segments"), (dataSegments, "data segment", "data segments"),
    ].filter { $0.0 > 0 }.map { counted($0.0, $0.1, $0.2) }
    return (imports > 0 ? all + ["of these \(counted(imports, "import"))"] : all).joined(separator: ", ")
  }

  var json: JSON {
    .object([
      ("functions", .integer(functions)), ("globals", .integer(globals)), ("tables", .integer(tables)),
      ("memories", .integer(memories)), ("tags", .integer(tags)), ("types", .integer(types)),
      ("elementSegments", .integer(elementSegments)), ("dataSegments", .integer(dataSegments)),
      ("imports", .integer(imports)),
    ])
  }
}

/// A number with its noun.
func counted(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
}
