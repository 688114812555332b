// Parametric and variable instructions (Core 3.0, 5.4.2 and 5.4.3).
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let parametric: [Operator] = [
    Operator(.drop, "drop"),
    Operator(.select, "select"),
    Operator(.selectTyped, "select", .valueTypes, in: .referenceTypes),
    Operator(.localGet, "local.get", .local),
    Operator(.localSet, "local.set", .local),
    Operator(.localTee, "local.tee", .local),
    Operator(.globalGet, "global.get", .global),
    Operator(.globalSet, "global.set", .global),
  ]
}
