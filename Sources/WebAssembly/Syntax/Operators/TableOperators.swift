// Table instructions (Core 3.0, 5.4.4).
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let table: [Operator] = [
    Operator(.tableGet, "table.get", .table, in: .referenceTypes),
    Operator(.tableSet, "table.set", .table, in: .referenceTypes),
    Operator(.tableInit, "table.init", .elementAndTable, in: .bulkMemory),
    Operator(.elemDrop, "elem.drop", .element, type: .effect, in: .bulkMemory),
    Operator(.tableCopy, "table.copy", .tableAndTable, in: .bulkMemory),
    Operator(.tableGrow, "table.grow", .table, in: .referenceTypes),
    Operator(.tableSize, "table.size", .table, in: .referenceTypes),
    Operator(.tableFill, "table.fill", .table, in: .referenceTypes),
  ]
}
