import WebAssembly

extension FunctionTranslator {
  /// The address of a function's record.
  mutating func functionRecord(_ index: Int) -> IRValue {
    if environment.layout.isImportedFunction(index) {
      return contextLoad(.i64, environment.layout.importedFunction(index), .invariant)
    }
    return make(
      IRInstruction(.contextAddress, .i64, imm: Int64(environment.layout.functionRecord(index))))
  }

  mutating func translateCall(_ instruction: Instruction) throws(CompilationRefusal) {
    if instruction.opcode == .call, let body = inlinableBody(of: Int(instruction.index)) {
      return try inline(body, of: instruction)
    }
    let isTail =
      switch instruction.opcode {
      case .returnCall, .returnCallIndirect, .returnCallRef: true
      default: false
      }
    let type: FunctionType
    var record = IRValue.none
    switch instruction.opcode {
    case .call, .returnCall:
      type = environment.functionType(environment.module.spaces.functions[Int(instruction.index)])
      if environment.layout.isImportedFunction(Int(instruction.index)) || isTail {
        record = functionRecord(Int(instruction.index))
      }
    case .callIndirect, .returnCallIndirect:
      type = environment.functionType(instruction.index)
      record = try indirectTarget(pop(), instruction)
    default:
      type = environment.functionType(instruction.index)
      record = pop()
      trapIf(compare(.equal, record, constant(.i64, 0)), .nullFunctionReference)
    }
    let count = type.parameters.count
    let start = ir.arguments.count
    if record.exists { ir.arguments.append(record) }
    ir.arguments.append(contentsOf: stack[(stack.count - count)...])
    stack.removeLast(count)
    let arguments = (start: IRValue(start), count: IRValue(ir.arguments.count - start))
    if isTail {
      endBlock(IRInstruction(.tailCallRecord, .none, arguments.start, arguments.count), edges: [])
      return
    }
    let isDirect = !record.exists
    guard let resultCount = UInt16(exactly: type.results.count) else {
      throw CompilationRefusal(reason: "it calls a function with too many results")
    }
    let call = append(
      IRInstruction(
        isDirect ? .call : .callRecord, type.results.first.map { IRType($0) } ?? .none, arguments.start,
        arguments.count, imm: isDirect ? Int64(instruction.index) : 0,
        aux: resultCount))
    pushResults(of: call, type.results)
    forgetState()
    endGuardedCall()
  }

  private mutating func pushResults(of call: IRValue, _ types: [ValueType]) {
    guard !types.isEmpty else { return }
    push(call)
    for index in 1..<max(1, types.count) {
      push(append(IRInstruction(.result, IRType(types[index]), call, imm: Int64(index))))
    }
  }

  /// The record of the function that an element of a table refers to, with all checks.
  private mutating func indirectTarget(
    _ index: IRValue, _ instruction: Instruction
  ) throws(CompilationRefusal) -> IRValue {
    let table = Int(instruction.index2)
    let tableType = environment.module.spaces.tables[table]
    let subtype = environment.module.module.types[Int(instruction.index)]
    let wide = tableType.addressType == .i64 ? index : zeroExtend(index)
    let count = tableWord(table, 8)
    let place = checkedIndex(wide, count, .undefinedElement)
    let elements = tableWord(table, 0)
    let element = append(
      IRInstruction(
        .load, .i64, elements, make(IRInstruction(.shl, .i64, place, constant(.i64, 3))),
        imm: AccessPlace.tables.bits, aux: IRAccess.full.rawValue))
    trapIf(compare(.equal, element, constant(.i64, 0)), .uninitializedElement, reporting: wide)
    let actual = contextLoad(.i32, FunctionRecord.typeOffset, .invariant, base: element)
    let expected = contextLoad(.i32, environment.layout.typeID(Int(instruction.index)), .invariant)
    if subtype.isFinal {
      trapIf(compare(.notEqual, actual, expected), .indirectCallTypeMismatch)
    } else {
      let operands = [zeroExtend(actual), zeroExtend(expected)]
      let matches = runtimeCall(.isSubtype, .i64, operands, canTrap: false, changesState: false)
      trapIf(compare(.equal, matches, constant(.i64, 0)), .indirectCallTypeMismatch)
    }
    return element
  }

  /// A word of a table's record: the elements' address, or at 8 their count.
  private mutating func tableWord(_ table: Int, _ offset: Int) -> IRValue {
    contextLoad(.i64, environment.layout.table(table) + offset, .tables)
  }

  // MARK: Runtime calls

  /// Calls into the runtime: the context comes first, then `operands`.
  mutating func runtimeCall(
    _ call: RuntimeEntry, _ type: IRType, _ operands: [IRValue], canTrap: Bool, changesState: Bool = true
  ) -> IRValue {
    let arguments = pool(operands)
    let value = append(
      IRInstruction(
        .callRuntime, type, IRValue(arguments.start), IRValue(arguments.count), imm: Int64(call.rawValue),
        aux: canTrap ? 1 : 0))
    if changesState { forgetState() }
    return value
  }

  private mutating func index(_ value: UInt32) -> IRValue { constant(.i64, Int64(value)) }

  /// An address, count or index as a 64-bit word.
  private mutating func word(_ value: IRValue) -> IRValue { ir.type(value) == .i32 ? zeroExtend(value) : value }

  mutating func translateOther(_ instruction: Instruction) throws(CompilationRefusal) {
    let memory = instruction.index
    switch instruction.opcode {
    case .memorySize:
      let type = environment.module.spaces.memories[Int(memory)]
      let bytes = contextLoad(.i64, environment.layout.memory(Int(memory)) + 8, .memories)
      let pages =
        type.pageSizeLog2 == 0
        ? bytes : make(IRInstruction(.shrU, .i64, bytes, constant(.i64, Int64(type.pageSizeLog2))))
      push(type.addressType == .i64 ? pages : make(IRInstruction(.wrap, .i32, pages)))
    case .memoryGrow:
      let type = environment.module.spaces.memories[Int(memory)]
      let delta = word(pop())
      let old = runtimeCall(.memoryGrow, .i64, [index(memory), delta], canTrap: false)
      interruptCheck()
      push(type.addressType == .i64 ? old : make(IRInstruction(.wrap, .i32, old)))
    case .memoryFill:
      let count = word(pop())
      let value = zeroExtend(pop())
      let address = word(pop())
      _ = runtimeCall(.memoryFill, .none, [index(memory), address, value, count], canTrap: true)
    case .memoryCopy:
      if let count = ir.constant(stack[stack.count - 1]), try copySmall(instruction, count) { break }
      let count = word(pop())
      let from = word(pop())
      let to = word(pop())
      _ = runtimeCall(.memoryCopy, .none, [index(memory), index(instruction.index2), to, from, count], canTrap: true)
    case .memoryInit:
      let count = word(pop())
      let from = word(pop())
      let to = word(pop())
      _ = runtimeCall(.memoryInit, .none, [index(instruction.index2), index(memory), to, from, count], canTrap: true)
    case .dataDrop:
      _ = runtimeCall(.dataDrop, .none, [index(memory)], canTrap: false)
    case .memoryDiscard:
      let count = word(pop())
      let address = word(pop())
      _ = runtimeCall(.memoryDiscard, .none, [index(memory), address, count], canTrap: true)
    case .tableGet:
      let place = checkedIndex(word(pop()), tableWord(Int(memory), 8), .outOfBoundsTableAccess)
      push(
        append(
          IRInstruction(
            .load, .i64, tableWord(Int(memory), 0),
            make(IRInstruction(.shl, .i64, place, constant(.i64, 3))), imm: AccessPlace.tables.bits,
            aux: IRAccess.full.rawValue)))
    case .tableSet:
      let value = pop()
      let place = checkedIndex(word(pop()), tableWord(Int(memory), 8), .outOfBoundsTableAccess)
      append(
        IRInstruction(
          .store, .i64, tableWord(Int(memory), 0), make(IRInstruction(.shl, .i64, place, constant(.i64, 3))),
          value, imm: AccessPlace.tables.bits, aux: IRAccess.full.rawValue))
    case .tableSize:
      let count = tableWord(Int(memory), 8)
      push(
        environment.module.spaces.tables[Int(memory)].addressType == .i64
          ? count : make(IRInstruction(.wrap, .i32, count)))
    case .tableGrow:
      let delta = word(pop())
      let value = pop()
      let old = runtimeCall(.tableGrow, .i64, [index(memory), delta, value], canTrap: false)
      interruptCheck()
      push(
        environment.module.spaces.tables[Int(memory)].addressType == .i64 ? old : make(IRInstruction(.wrap, .i32, old)))
    case .tableFill:
      let count = word(pop())
      let value = pop()
      let place = word(pop())
      _ = runtimeCall(.tableFill, .none, [index(memory), place, value, count], canTrap: true)
    case .tableCopy:
      let count = word(pop())
      let from = word(pop())
      let to = word(pop())
      _ = runtimeCall(.tableCopy, .none, [index(memory), index(instruction.index2), to, from, count], canTrap: true)
    case .tableInit:
      let count = word(pop())
      let from = word(pop())
      let to = word(pop())
      _ = runtimeCall(.tableInit, .none, [index(instruction.index2), index(memory), to, from, count], canTrap: true)
    case .elemDrop:
      _ = runtimeCall(.elemDrop, .none, [index(memory)], canTrap: false)
    case .i32TruncSatF32S, .i32TruncSatF64S: saturating(.i32, 1)
    case .i32TruncSatF32U, .i32TruncSatF64U: saturating(.i32, 0)
    case .i64TruncSatF32S, .i64TruncSatF64S: saturating(.i64, 1)
    case .i64TruncSatF32U, .i64TruncSatF64U: saturating(.i64, 0)
    case .i64MulWideS, .i64MulWideU:
      let b = pop()
      let a = pop()
      push(make(IRInstruction(.mul, .i64, a, b)))
      push(make(IRInstruction(instruction.opcode == .i64MulWideS ? .mulHighS : .mulHighU, .i64, a, b)))
    case .i64Add128, .i64Sub128:
      let highB = pop()
      let lowB = pop()
      let highA = pop()
      let lowA = pop()
      let isAdd = instruction.opcode == .i64Add128
      let operation: IROperation = isAdd ? .add : .sub
      let low = make(IRInstruction(operation, .i64, lowA, lowB))
      // The carry: the sum is less than a summand; the borrow: the minuend is less than the subtrahend.
      let carry = zeroExtend(isAdd ? compare(.lessUnsigned, low, lowA) : compare(.lessUnsigned, lowA, lowB))
      let high = make(IRInstruction(operation, .i64, highA, highB))
      push(low)
      push(make(IRInstruction(operation, .i64, high, carry)))
    default:
      throw CompilationRefusal(reason: instruction.opcode.name)
    }
  }

  private mutating func saturating(_ type: IRType, _ isSigned: UInt16) {
    push(make(IRInstruction(.truncateSaturating, type, pop(), aux: isSigned)))
  }
}

/// The runtime functions that compiled code calls, by their place in the table that the store's context points to.
enum RuntimeEntry: Int64, CaseIterable {
  case memoryGrow, memoryFill, memoryCopy, memoryInit, dataDrop, memoryDiscard
  case tableGrow, tableFill, tableCopy, tableInit, elemDrop
  case isSubtype
  case makeException, exceptionCaught

  /// Whether it looks at the interrupt word after each ``LookBudget/bulkSlice``, and at the end.
  var looks: Bool {
    switch self {
    case .memoryFill, .memoryCopy, .memoryInit, .memoryDiscard, .tableFill, .tableCopy, .tableInit: true
    case .memoryGrow, .dataDrop, .tableGrow, .elemDrop, .isSubtype, .makeException, .exceptionCaught: false
    }
  }
}
