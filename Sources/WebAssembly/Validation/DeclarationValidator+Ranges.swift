// Bodies, expressions and data stay in the bytes of their module. Those of a decoded module are there; those of a module that
// was put together otherwise need not be.

extension DeclarationValidator {
  /// Checks that the module has all bytes that its declarations name: whoever executes it reads them without asking.
  func validateRanges() throws(ModuleError) {
    for body in module.bodies { try check(body.range, "function body", .code) }
    for table in module.tables { try check(table.initializer?.range, "initializer of a table", .table) }
    for global in module.globals { try check(global.initializer.range, "initializer of a global", .global) }
    for segment in module.elements {
      try check(segment.mode, "element segment", .element)
      guard case .expressions(let expressions) = segment.items else { continue }
      for expression in expressions { try check(expression.range, "item of an element segment", .element) }
    }
    for segment in module.data {
      try check(segment.mode, "data segment", .data)
      try check(segment.range, "data segment", .data)
    }
    for section in module.customSections { try check(section.range, "custom section", .custom) }
  }

  private func check(_ mode: SegmentMode, _ what: String, _ section: SectionID) throws(ModuleError) {
    guard case .active(_, let offset) = mode else { return }
    try check(offset.range, "offset of a \(what)", section)
  }

  private func check(_ range: Range<Int>?, _ what: String, _ section: SectionID) throws(ModuleError) {
    guard let range, range.lowerBound < 0 || range.upperBound > module.bytes.count else { return }
    throw ModuleError(
      .malformed, "\(what) at \(range.lowerBound)..<\(range.upperBound) of a module of \(module.bytes.count) bytes",
      at: offset(of: section))
  }
}
