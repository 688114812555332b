// Memory and table instructions (Core 3.0, 3.4.8 and 3.4.9).

extension FunctionValidator {
  // MARK: Memory accesses

  /// The address type of a memory.
  private func address(ofMemory index: UInt32) throws(ModuleError) -> ValueType {
    guard Int(index) < context.memories.count else {
      throw invalid("unknown memory \(index): there are \(context.memories.count)")
    }
    return context.memories[Int(index)]
  }

  /// A load, store or atomic access. Alignment and offset are judged by the memory that is accessed.
  @inline(__always)
  mutating func access(_ instruction: Instruction, _ rule: OperatorRule) throws(ModuleError) {
    let address = try address(ofMemory: instruction.index)
    guard instruction.alignment <= rule.width else {
      throw invalid(
        "alignment must not be larger than natural: 2**\(instruction.alignment) for an access of 2**\(rule.width) bytes"
      )
    }
    if rule.kind == .atomicAccess, instruction.alignment != rule.width {
      throw invalid(
        "alignment must be equal to natural: 2**\(instruction.alignment) for an atomic access of 2**\(rule.width) bytes"
      )
    }
    if address == .i32, instruction.memoryOffset > UInt64(UInt32.max) {
      throw invalid(
        "offset out of range: \(instruction.memoryOffset) for memory \(instruction.index), whose addresses are i32")
    }
    if instruction.index > 0 { firstUses.note(.multiMemory, at: instruction.offset) }
    var index = Int(rule.operandCount)
    while index > 0 {
      index -= 1
      guard take(rule.operand(index)) else { throw mismatch(address, rule) }
    }
    guard take(address) else { throw mismatch(address, rule) }
    if rule.result != 0 { stack.push(rule.resultType) }
  }

  @inline(never)
  private func mismatch(_ address: ValueType, _ rule: OperatorRule) -> ModuleError {
    mismatch([address] + (0..<Int(rule.operandCount)).map { rule.operand($0) })
  }

  // MARK: Other memory instructions

  @inline(never)
  mutating func memory(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .memorySize:
      stack.push(try address(ofMemory: instruction.index))
    case .memoryGrow:
      let address = try address(ofMemory: instruction.index)
      try pop(address)
      stack.push(address)
    case .memoryFill:
      let address = try address(ofMemory: instruction.index)
      try pop(address, .i32, address)
    case .memoryDiscard:
      let address = try address(ofMemory: instruction.index)
      try pop(address, address)
    case .memoryCopy:
      let destination = try address(ofMemory: instruction.index)
      let source = try address(ofMemory: instruction.index2)
      try pop(destination, source, minimum(destination, source))
      if instruction.index2 > 0 { firstUses.note(.multiMemory, at: instruction.offset) }
    case .memoryInit:
      let address = try address(ofMemory: instruction.index2)
      try requireData(instruction.index)
      try pop(address, .i32, .i32)
      if instruction.index2 > 0 { firstUses.note(.multiMemory, at: instruction.offset) }
      return
    default:
      try requireData(instruction.index)
      return
    }
    if instruction.index > 0 { firstUses.note(.multiMemory, at: instruction.offset) }
  }

  /// A length that fits both address types.
  private func minimum(_ a: ValueType, _ b: ValueType) -> ValueType { a == .i64 && b == .i64 ? .i64 : .i32 }

  /// Checks the index of a data segment, which the data count section must announce (Core 3.0, 5.5.16).
  func requireData(_ index: UInt32) throws(ModuleError) {
    guard let count = context.module.dataCount else {
      throw ModuleError(.malformed, "data count section required", at: instructionOffset)
    }
    guard index < count else { throw invalid("unknown data segment \(index): there are \(count)") }
  }

  func requireElement(_ index: UInt32) throws(ModuleError) -> ValueType {
    guard Int(index) < context.elements.count else {
      throw invalid("unknown elem segment \(index): there are \(context.elements.count)")
    }
    return context.elements[Int(index)]
  }

  // MARK: Tables

  private func requireTable(_ index: UInt32) throws(ModuleError) -> ValidationContext.Table {
    guard Int(index) < context.tables.count else {
      throw invalid("unknown table \(index): there are \(context.tables.count)")
    }
    return context.tables[Int(index)]
  }

  @inline(never)
  mutating func table(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .tableGet:
      let table = try requireTable(instruction.index)
      try pop(table.address)
      stack.push(table.element)
    case .tableSet:
      let table = try requireTable(instruction.index)
      try pop(table.address, table.element)
    case .tableSize:
      stack.push(try requireTable(instruction.index).address)
    case .tableGrow:
      let table = try requireTable(instruction.index)
      try pop(table.element, table.address)
      stack.push(table.address)
    case .tableFill:
      let table = try requireTable(instruction.index)
      try pop(table.address, table.element, table.address)
    case .tableCopy:
      let destination = try requireTable(instruction.index)
      let source = try requireTable(instruction.index2)
      try requireElements(source.element, of: "table \(instruction.index2)", match: destination, instruction.index)
      try pop(destination.address, source.address, minimum(destination.address, source.address))
    case .tableInit:
      let table = try requireTable(instruction.index2)
      let element = try requireElement(instruction.index)
      try requireElements(element, of: "elem segment \(instruction.index)", match: table, instruction.index2)
      try pop(table.address, .i32, .i32)
    default:
      _ = try requireElement(instruction.index)
    }
  }

  private func requireElements(
    _ element: ValueType, of source: @autoclosure () -> String, match table: ValidationContext.Table, _ index: UInt32
  ) throws(ModuleError) {
    guard matches(element, table.element) else {
      throw invalid(
        "type mismatch: \(source()) is of \(context.name(canonical: element)) but table \(index) of "
          + context.name(canonical: table.element))
    }
  }
}
