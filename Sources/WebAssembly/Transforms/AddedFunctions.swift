/// A function that a transform adds to a module.
struct AddedFunction {
  var name: String
  var type: FunctionType
  /// Local declarations and instructions.
  var body: [UInt8]

  init(name: String, type: FunctionType, body: [UInt8]) {
    self.name = name
    self.type = type
    self.body = body
  }

  /// - Parameters:
  ///   - locals: behind the parameters.
  ///   - output: the instructions but the last `end`.
  init(
    _ name: String, _ parameters: [ValueType], _ results: [ValueType], locals: [ValueType] = [], _ output: BodyOutput
  ) {
    var writer = InstructionWriter()
    writer.locals(locals.map { (1, $0) })
    writer.output.bytes.append(contentsOf: output.writer.bytes)
    writer.opcode(.end)
    self.init(name: name, type: FunctionType(parameters: parameters, results: results), body: writer.bytes)
  }
}

/// The functions that a transform adds behind those of the module, each when it is first needed.
struct AddedFunctions<Routine: Hashable> {
  /// The index of the first function that is added.
  let firstIndex: UInt32
  private(set) var all: [AddedFunction] = []
  private var indices: [Routine: UInt32] = [:]

  init(firstIndex: UInt32) { self.firstIndex = firstIndex }

  /// The index of a routine, if it has been added.
  subscript(routine: Routine) -> UInt32? { indices[routine] }

  /// Adds a function; as that of a routine, or of another's making.
  mutating func add(_ function: AddedFunction, as routine: Routine? = nil) -> UInt32 {
    all.append(function)
    let index = firstIndex + UInt32(all.count - 1)
    if let routine { indices[routine] = index }
    return index
  }
}
