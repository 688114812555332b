/// What takes the place of a call of a bound import.
struct BoundOperation {
  /// A memory that is an operand: `*` in the name.
  struct Choice {
    /// Its place among the parameters.
    var parameter: Int
    /// The memories that it can be: their indices in the new module.
    var memories: [UInt32]
  }

  enum Kind {
    /// `memory.index`.
    case constant(UInt32)
    case instruction(Instruction)
    /// An instruction whose first memory, whose second one, or both are operands.
    case chosen(Instruction, first: Choice?, second: Choice?)
  }

  var kind: Kind
  /// The type that the import must have.
  var type: FunctionType

  /// - Parameter actual: the type of the import, which tells the address type of a memory that is an operand.
  init(_ name: BindingName, _ plan: BindingPlan, actual: FunctionType) throws(TransformError) {
    func place(_ reference: MemoryReference) throws(TransformError) -> BindingPlan.Place? {
      guard let number = plan.number(reference) else {
        if reference == .any { return nil }
        throw TransformError("there is no memory \(name: reference.description)")
      }
      return plan.places[number]
    }
    let first = try place(name.memories[0])
    guard let row = name.instruction, let immediates = Optional(row.immediates) else {
      kind = .constant(first?.index ?? 0)
      type = FunctionType(results: [.i32])
      return
    }
    var instruction = Instruction(row.opcode)
    instruction.index = first?.index ?? 0
    instruction.memoryOffset = name.offset
    instruction.alignment = name.alignment
    instruction.lane = name.lane

    // The operands: where a memory is one, it comes before the address in it.
    var parameters: [ValueType] = []
    var firstChoice: Choice?
    var secondChoice: Choice?
    func address(_ place: BindingPlan.Place?, _ choice: inout Choice?) -> ValueType {
      if let place { return place.type.addressType.valueType }
      let at = parameters.count
      parameters.append(.i32)
      let told =
        row.opcode == .memorySize
        ? actual.results.first : at + 1 < actual.parameters.count ? actual.parameters[at + 1] : nil
      let type: ValueType = told == .i64 ? .i64 : .i32
      let memories = plan.places.filter { $0.type.addressType.valueType == type }.map(\.index)
      choice = Choice(parameter: at, memories: memories)
      return type
    }
    let addressType = address(first, &firstChoice)
    var results: [ValueType] = []
    switch (immediates, row.opcode) {
    case (_, .memorySize): results = [addressType]
    case (_, .memoryGrow):
      parameters.append(addressType)
      results = [addressType]
    case (_, .memoryFill): parameters += [addressType, .i32, addressType]
    case (_, .memoryCopy):
      parameters.append(addressType)
      let source = try place(name.memories[1])
      instruction.index2 = source?.index ?? 0
      let sourceType = address(source, &secondChoice)
      parameters += [sourceType, addressType == .i64 && sourceType == .i64 ? .i64 : .i32]
    case (.memory, _): parameters += [addressType, addressType]
    default:
      guard let own = row.type else { throw TransformError("\(row.name) cannot be bound") }
      parameters += [addressType] + own.operands
      results = own.results
      guard addressType == .i64 || name.offset <= UInt64(UInt32.max) else {
        throw TransformError("offset out of range: the memory has 32-bit addresses")
      }
    }
    type = FunctionType(parameters: parameters, results: results)
    for choice in [firstChoice, secondChoice] {
      if let choice, choice.memories.isEmpty, actual == type {
        throw TransformError("there is no memory with such addresses")
      }
    }
    kind =
      firstChoice == nil && secondChoice == nil
      ? .instruction(instruction) : .chosen(instruction, first: firstChoice, second: secondChoice)
  }

  /// Whether it stands in the place of a call; if not, calls go to a function.
  var isInline: Bool {
    if case .chosen = kind { false } else { true }
  }

  /// Writes what takes the place of a call. Nothing for what is not inline.
  func write(into writer: inout InstructionWriter) {
    switch kind {
    case .constant(let value): writer.write(Instruction(.i32Const, index: 0, value: UInt64(value)))
    case .instruction(let instruction): writer.write(instruction)
    case .chosen: break
    }
  }

  // MARK: As a function

  /// The body of a function that does the same.
  func body() -> [UInt8] {
    var writer = InstructionWriter()
    writer.locals([])
    switch kind {
    case .constant: write(into: &writer)
    case .instruction:
      for parameter in type.parameters.indices { Self.get(parameter, &writer) }
      write(into: &writer)
    case .chosen(let instruction, let first, let second):
      choose(instruction, first, &writer) { instruction, writer in
        choose(instruction, second, isSecond: true, &writer) { instruction, writer in
          for parameter in type.parameters.indices
          where parameter != first?.parameter && parameter != second?.parameter {
            Self.get(parameter, &writer)
          }
          writer.write(instruction)
          writer.opcode(.return)
        }
      }
    }
    writer.opcode(.end)
    return writer.bytes
  }

  private static func get(_ parameter: Int, _ writer: inout InstructionWriter) {
    writer.write(Instruction(.localGet, index: UInt32(parameter)))
  }

  /// Writes a case for each memory that an operand can be, and a trap for every other one.
  private func choose(
    _ instruction: Instruction, _ choice: Choice?, isSecond: Bool = false, _ writer: inout InstructionWriter,
    _ body: (Instruction, inout InstructionWriter) -> Void
  ) {
    guard let choice else { return body(instruction, &writer) }
    MemorySwitch.write(operand: UInt32(choice.parameter), memories: choice.memories, &writer) { memory, writer in
      var instruction = instruction
      if isSecond { instruction.index2 = memory } else { instruction.index = memory }
      body(instruction, &writer)
    }
  }
}

/// A branch on a memory's index that is an operand.
enum MemorySwitch {
  /// Writes a case for each of the memories, which must leave the function, and a trap for every other index.
  ///
  /// - Parameter operand: the local that holds the index.
  static func write(
    operand: UInt32, memories: [UInt32], _ writer: inout InstructionWriter,
    _ body: (UInt32, inout InstructionWriter) -> Void
  ) {
    let memories = memories.sorted()
    var labels = [UInt32](repeating: UInt32(memories.count), count: Int(memories.last.map { $0 + 1 } ?? 0))
    for (label, memory) in memories.enumerated() { labels[Int(memory)] = UInt32(label) }
    func open() {
      var block = Instruction(.block)
      block.blockType = .empty
      writer.write(block)
    }
    for _ in 0...memories.count { open() }
    writer.write(Instruction(.localGet, index: operand))
    writer.branchTable(labels: labels, default: UInt32(memories.count))
    for memory in memories {
      writer.opcode(.end)
      body(memory, &writer)
    }
    writer.opcode(.end)
    writer.opcode(.unreachable)
  }
}
