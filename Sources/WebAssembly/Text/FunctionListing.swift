/// The instructions of a module's functions, each with its place in the binary, its text and the memories that it works on.
public struct FunctionListing {
  /// An instruction.
  public struct Line: Sendable, Hashable {
    /// In bytes from the start of the module.
    public var offset: Int
    public var byteCount: Int
    /// The number of blocks that are open around it.
    public var depth: Int
    /// In the text format; memories are named where there are several.
    public var text: String
    public var opcode: Opcode
    /// The memories that it works on, the destination of a copy first.
    public var memories: [UInt32]
  }

  /// A function before its instructions.
  public struct Header: Sendable {
    /// Parameters and results.
    public var type: String
    /// The declared locals, without parameters.
    public var locals: [(count: UInt32, type: ValueType)]
    /// Where the instructions begin.
    public var instructions: Int
  }

  private var printer: TextPrinter

  public init(_ module: Module) {
    printer = TextPrinter(module, options: ModulePrinter.Options(), limits: ImplementationLimits())
    printer.showsAllIndices = true
  }

  /// Calls functions with the header of a body, then with every instruction in it.
  ///
  /// - Parameter number: that of the function among those that the module defines.
  /// - Throws: a ``ModuleError`` of the kind `malformed` where the body is, or `limitExceeded` where it has too many
  ///   locals or open blocks.
  public mutating func list(
    function number: Int, header: (Header) -> Void, line: (Line) -> Void
  ) throws(ModuleError) {
    let module = printer.source
    let function = UInt32(truncatingIfNeeded: printer.spaces.importedFunctionCount + number)
    guard module.bodies.indices.contains(number), module.functions.indices.contains(number) else {
      throw ModuleError(.invalid, "unknown function \(function)", at: 0)
    }
    var reader = InstructionReader(module.bytes, range: module.bodies[number].range)
    let locals = try reader.locals()
    let type = printer.definedFunctionType(module.functions[number])
    let count = locals.reduce(type?.parameters.count ?? 0) { $0 + Int($1.count) }
    guard count <= printer.limits.locals else {
      throw ModuleError(
        .limitExceeded, "number of locals exceeds the limit of \(printer.limits.locals)", at: reader.position,
        function: function)
    }
    printer.makeLocalIdentifiers(of: function, type: module.functions[number], locals: locals)
    header(Header(type: type.map { "\($0)" } ?? "unknown", locals: locals, instructions: reader.position))
    var nesting = BlockNesting(limit: printer.limits.nesting)
    var depth = 0
    while true {
      let start = reader.position
      let instruction = try reader.next()
      let isLast = try nesting.isClosed(by: instruction)
      if instruction.opcode == .end, !isLast { depth -= 1 }
      printer.output.removeAll(keepingCapacity: true)
      printer.write(instruction, reader: reader, labels: [], function: function)
      line(
        Line(
          offset: start, byteCount: reader.position - start,
          depth: instruction.opcode == .else ? max(depth - 1, 0) : depth,
          text: String(decoding: printer.output, as: UTF8.self), opcode: instruction.opcode,
          memories: Self.memories(of: instruction)))
      if instruction.opcode.opensBlock { depth += 1 }
      if isLast { break }
    }
    guard reader.isAtEnd else { throw ModuleError(.malformed, "section size mismatch", at: reader.position) }
  }

  private static func memories(of instruction: Instruction) -> [UInt32] {
    switch instruction.opcode.row.immediates {
    case .memory, .memoryArgument, .memoryArgumentAndLane: [instruction.index]
    case .memoryAndMemory: [instruction.index, instruction.index2]
    case .dataAndMemory: [instruction.index2]
    default: []
    }
  }
}
