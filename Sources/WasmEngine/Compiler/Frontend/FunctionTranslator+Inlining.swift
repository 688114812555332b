import WebAssembly

/// Calls of small functions replaced by what the functions do. Only what has neither control nor calls of its own is taken:
/// accessors and arithmetic, which cost less than a call.
extension FunctionTranslator {
  private static let largestBody = 40
  private static let mostLocals = 8

  /// A body that may stand in place of a call, behind its local declarations; nil where it may not.
  mutating func inlinableBody(of index: Int) -> (reader: InstructionReader, locals: [IRType])? {
    // What is metered is charged where functions begin.
    guard !environment.metersFuel, !environment.layout.isImportedFunction(index), position & InlinedPosition.mark == 0
    else { return nil }
    let function = index - environment.module.spaces.importedFunctionCount
    guard environment.module.module.bodies[function].range.count <= Self.largestBody else { return nil }
    // Most are asked about again and again.
    if isKnownToStay.isEmpty { isKnownToStay = Array(repeating: false, count: environment.module.module.bodies.count) }
    guard !isKnownToStay[function] else { return nil }
    let body = readInlinable(function)
    if body == nil { isKnownToStay[function] = true }
    return body
  }

  private func readInlinable(_ function: Int) -> (reader: InstructionReader, locals: [IRType])? {
    var reader = InstructionReader(
      environment.module.module.bytes, range: environment.module.module.bodies[function].range)
    guard let groups = try? reader.locals() else { return nil }
    var locals: [IRType] = []
    for group in groups {
      guard Int(group.count) <= Self.mostLocals - locals.count else { return nil }
      locals.append(contentsOf: repeatElement(IRType(group.type), count: Int(group.count)))
    }
    var scan = reader
    while !scan.isAtEnd {
      guard let instruction = try? scan.next() else { return nil }
      guard Self.isInlinable(instruction.opcode) || instruction.opcode == .end && scan.isAtEnd else { return nil }
    }
    return (reader, locals)
  }

  /// Whether an instruction goes on to the next one, or traps, without leaving the function.
  private static func isInlinable(_ opcode: Opcode) -> Bool {
    switch opcode {
    case .nop, .drop, .select, .selectTyped, .localGet, .localSet, .localTee, .globalGet, .globalSet, .refNull,
      .refIsNull,
      .refFunc, .v128Const:
      return true
    default:
      switch opcode.rawValue {
      case 0x28...0x3E, 0x41...0xC4, 0x300..<0x400: return true
      default: return false
      }
    }
  }

  /// Translates a body in place of its call: the arguments are its first locals, and what it leaves are the results.
  mutating func inline(
    _ body: (reader: InstructionReader, locals: [IRType]), of call: Instruction
  ) throws(CompilationRefusal) {
    let type = environment.functionType(environment.module.spaces.functions[Int(call.index)])
    let outer = (locals: locals, position: position)
    locals = Array(stack[(stack.count - type.parameters.count)...])
    stack.removeLast(type.parameters.count)
    for type in body.locals { locals.append(zero(type)) }
    var reader = body.reader
    while !reader.isAtEnd {
      guard let instruction = try? reader.next() else { throw CompilationRefusal(reason: "unreadable body") }
      if instruction.opcode == .end { break }
      position = InlinedPosition.mark | UInt32(ir.inlined.count)
      ir.inlined.append(
        InlinedPosition(function: call.index, position: instruction.offset, call: outer.position))
      try translate(instruction, reader)
    }
    (locals, position) = outer
  }
}
