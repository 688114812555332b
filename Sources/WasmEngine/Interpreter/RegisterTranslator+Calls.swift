import WebAssembly

// Calls, exceptions and references (Core 3.0, 4.6.10 and 4.6.2), and where each instruction is translated.
extension RegisterTranslator {
  /// What a call calls.
  private enum Callee {
    case function(UInt32)
    /// The slots of the index, the table and the type.
    case indirect(index: Int32, table: UInt32, type: UInt32)
    case reference(Int32)
  }

  private mutating func callee(_ instruction: Instruction) -> (Callee, ModuleFacts.Signature) {
    switch instruction.opcode {
    case .call, .returnCall:
      let type = translation.spaces.functions[Int(instruction.index)]
      return (.function(instruction.index), translation.signatures[Int(type)])
    case .callIndirect, .returnCallIndirect:
      let index = popSlot()
      return (
        .indirect(index: index, table: instruction.index2, type: instruction.index),
        translation.signatures[Int(instruction.index)]
      )
    default:
      return (.reference(popSlot()), translation.signatures[Int(instruction.index)])
    }
  }

  /// The operands of a call that say what is called.
  private mutating func putCallee(_ callee: Callee) {
    switch callee {
    case .function(let index):
      let layout = translation.layout
      put(
        layout.isImportedFunction(Int(index))
          ? layout.importedFunction(Int(index)) : layout.functionRecord(Int(index)))
    case .indirect(let index, let table, let type):
      put(index)
      put(translation.layout.table(Int(table)))
      put(translation.typeIDs[Int(type)])
    case .reference(let slot):
      put(slot)
    }
  }

  mutating func translateCall(_ instruction: Instruction) {
    let (callee, type) = callee(instruction)
    settleTop(type.parameterCount)
    for _ in 0..<type.parameterCount { _ = pop() }
    mark()
    switch callee {
    case .function(let index):
      begin(translation.layout.isImportedFunction(Int(index)) ? .callImported : .call)
    case .indirect(_, let table, _):
      begin(translation.spaces.tables[Int(table)].addressType == .i64 ? .callIndirect64 : .callIndirect)
    case .reference:
      begin(.callReference)
    }
    put(Int(top) + type.frameDistance)
    putCallee(callee)
    distance.call(looks: true)
    units = 0
    let results = type.first + type.parameterCount
    for index in results..<results + type.resultCount {
      pushEntry(.home, isVector: translation.types[index].isVector)
    }
  }

  mutating func translateReturnCall(_ instruction: Instruction) {
    let (callee, type) = callee(instruction)
    settleTop(type.parameterCount)
    for _ in 0..<type.parameterCount { _ = pop() }
    mark()
    switch callee {
    case .function(let index):
      begin(translation.layout.isImportedFunction(Int(index)) ? .returnCallImported : .returnCall)
    case .indirect(_, let table, _):
      begin(translation.spaces.tables[Int(table)].addressType == .i64 ? .returnCallIndirect64 : .returnCallIndirect)
    case .reference:
      begin(.returnCallReference)
    }
    put(Int(-frameDistance) + type.frameDistance)
    put(-frameDistance)
    put(top)
    put(type.parameterSlots)
    putCallee(callee)
    becomeUnreachable()
  }

  mutating func translateThrow(_ instruction: Instruction) {
    let type = translation.signatures[Int(translation.spaces.tags[Int(instruction.index)])]
    settleTop(type.parameterCount)
    for _ in 0..<type.parameterCount { _ = pop() }
    mark()
    begin(handlers.handler(.throw))
    put(instruction.index)
    put(top)
    put(type.parameterSlots)
    becomeUnreachable()
  }

  private mutating func translateRefFunc(_ index: UInt32) {
    let layout = translation.layout
    let isImported = layout.isImportedFunction(Int(index))
    let start = count
    begin(isImported ? .contextLoad : .contextAddress)
    let result = pushResult()
    put(result)
    put(isImported ? layout.importedFunction(Int(index)) : layout.functionRecord(Int(index)))
    setLast(start, result, .nop)
  }

  private mutating func translateRefAsNonNull() {
    let index = stack.count - 1
    if stack[index].kind == .constant { settle(index) }
    let slot = stack[index].kind == .local ? locals[Int(stack[index].local)].slot : stack[index].home
    mark()
    begin(handlers.handler(.refAsNonNull))
    put(slot)
  }

  /// Translates one instruction of code that can be reached.
  mutating func translate(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .localGet: translateLocalGet(instruction.index)
    case .localSet: translateLocalSet(instruction.index)
    case .localTee: translateLocalTee(instruction.index)
    case .i32Const, .i64Const, .f32Const, .f64Const: pushEntry(.constant, value: instruction.value)
    case .end: translateEnd()
    case .block: translateBlock(instruction)
    case .loop: translateLoop(instruction)
    case .if: translateIf(instruction)
    case .else: translateElse()
    case .br: translateBr(instruction.index)
    case .brIf: translateBrIf(instruction.index)
    case .brTable: translateBrTable(instruction)
    case .return: translateReturn()
    case .call, .callIndirect, .callRef:
      translateCall(instruction)
      beginFuel()
    case .returnCall, .returnCallIndirect, .returnCallRef: translateReturnCall(instruction)
    case .unreachable:
      mark()
      begin(handlers.handler(.unreachable))
      becomeUnreachable()
    case .nop, .i32ReinterpretF32, .i64ReinterpretF64, .f32ReinterpretI32, .f64ReinterpretI64: break
    case .drop: _ = pop()
    case .select, .selectTyped: translateSelect()
    case .globalGet: translateGlobalGet(instruction.index)
    case .globalSet: translateGlobalSet(instruction.index)
    case .refNull: pushEntry(.constant)
    case .refFunc: translateRefFunc(instruction.index)
    case .refAsNonNull: translateRefAsNonNull()
    case .brOnNull, .brOnNonNull: translateBrOnNull(instruction)
    case .tryTable: translateTryTable(instruction)
    case .throw: translateThrow(instruction)
    case .throwRef:
      let reference = popSlot()
      mark()
      begin(handlers.handler(.throwRef))
      put(reference)
      becomeUnreachable()
    case .v128Const: translateVectorConstant(instruction)
    case .i64Add128, .i64Sub128, .i64MulWideS, .i64MulWideU: translateWide(instruction)
    default:
      if translateVector(instruction) { return }
      let shape = handlers.shape(instruction.opcode)
      switch shape.kind {
      case .load: try translateLoad(instruction, shape)
      case .store: try translateStore(instruction)
      case .lane: try translateLane(instruction, shape)
      case .computation: try translateOperator(instruction, shape)
      case .other:
        if !translateBulk(instruction) { throw unsupported(instruction) }
      }
    }
  }
}
