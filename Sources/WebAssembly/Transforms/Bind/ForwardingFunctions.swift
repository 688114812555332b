/// Functions that hand their parameters to another one and return what it returns: what compilers make where a type or a
/// name does not fit.
enum ForwardingFunctions {
  /// No body that does so with a handful of parameters is longer, even with indices of five bytes.
  private static let longestBody = 96

  /// For each function that hands its parameters on, directly or through others, to one whose entry in `targets` is not
  /// negative: that entry, written to its own.
  ///
  /// - Returns: how many there are.
  static func find(_ module: Module, _ spaces: IndexSpaces, targets: inout [Int32]) throws(ModuleError) -> Int {
    var callees: [(function: Int, callee: Int)] = []
    for (number, body) in module.bodies.enumerated() where body.range.count <= longestBody {
      let function = spaces.importedFunctionCount + number
      guard let type = module.types[Int(module.functions[number])].functionType,
        let callee = try callee(body, of: module, parameterCount: type.parameters.count),
        module.types[Int(spaces.functions[callee])].functionType == type
      else { continue }
      callees.append((function, callee))
    }
    var count = 0
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for (function, callee) in callees where targets[function] < 0 && targets[callee] >= 0 {
        targets[function] = targets[callee]
        count += 1
        hasChanged = true
      }
    }
    return count
  }

  /// The function that a body does nothing but call with its parameters, or nil.
  private static func callee(
    _ body: FunctionBody, of module: Module, parameterCount: Int
  ) throws(ModuleError) -> Int? {
    var reader = InstructionReader(module.bytes, range: body.range)
    _ = try reader.locals()
    for parameter in 0..<parameterCount {
      let instruction = try reader.next()
      guard instruction.opcode == .localGet, instruction.index == UInt32(parameter) else { return nil }
    }
    let call = try reader.next()
    guard call.opcode == .call || call.opcode == .returnCall else { return nil }
    var next = try reader.next()
    if next.opcode == .return { next = try reader.next() }
    return next.opcode == .end ? Int(call.index) : nil
  }
}
