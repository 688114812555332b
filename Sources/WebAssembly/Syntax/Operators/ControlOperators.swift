// Control instructions (Core 3.0, 5.4.1), exceptions and calls.
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let control: [Operator] = [
    Operator(.unreachable, "unreachable"),
    Operator(.nop, "nop"),
    Operator(.block, "block", .blockType),
    Operator(.loop, "loop", .blockType),
    Operator(.`if`, "if", .blockType),
    Operator(.`else`, "else"),
    Operator(.`throw`, "throw", .tag, in: .exceptions),
    Operator(.throwRef, "throw_ref", in: .exceptions),
    Operator(.end, "end"),
    Operator(.br, "br", .label),
    Operator(.brIf, "br_if", .label),
    Operator(.brTable, "br_table", .labels),
    Operator(.`return`, "return"),
    Operator(.call, "call", .function),
    Operator(.callIndirect, "call_indirect", .typeAndTable),
    Operator(.returnCall, "return_call", .function, in: .tailCall),
    Operator(.returnCallIndirect, "return_call_indirect", .typeAndTable, in: .tailCall),
    Operator(.callRef, "call_ref", .type, in: .functionReferences),
    Operator(.returnCallRef, "return_call_ref", .type, in: .functionReferences),
    Operator(.tryTable, "try_table", .tryTable, in: .exceptions),
    Operator(.brOnNull, "br_on_null", .label, in: .functionReferences),
    Operator(.brOnNonNull, "br_on_non_null", .label, in: .functionReferences),
  ]
}
