import WebAssembly

extension FunctionTranslator {
  /// Translates an instruction in code that can be reached.
  mutating func translate(_ instruction: Instruction, _ reader: InstructionReader) throws(CompilationRefusal) {
    switch instruction.opcode {
    case .unreachable:
      endBlock(IRInstruction(.trap, .none, aux: UInt16(Trap.Kind.unreachable.rawValue)), edges: [])
    case .nop:
      break
    case .block:
      enter(.block, instruction.blockType)
    case .loop:
      try startLoop(instruction.blockType)
    case .if:
      let condition = pop()
      startIf(condition, instruction.blockType)
    case .else:
      startElse()
    case .end:
      endConstruct(reader)
    case .tryTable:
      startTryTable(instruction)
    case .throw:
      translateThrow(instruction)
    case .throwRef:
      let exception = pop()
      trapIf(compare(.equal, exception, constant(.i64, 0)), .nullExceptionReference)
      throwReference(exception)
    case .br:
      branch(to: Int(instruction.index))
    case .brIf:
      let condition = pop()
      branchIf(condition, to: Int(instruction.index))
    case .brTable:
      let index = pop()
      try branchTable(index, labels: reader.labels(of: instruction) + [instruction.index])
    case .brOnNull:
      let reference = pop()
      branchIf(compare(.equal, reference, constant(.i64, 0)), to: Int(instruction.index), likely: 2)
      push(reference)
    case .brOnNonNull:
      // The reference is carried by the branch.
      let reference = stack[stack.count - 1]
      branchIf(compare(.notEqual, reference, constant(.i64, 0)), to: Int(instruction.index))
      if current != nil { _ = pop() }
    case .return:
      returnResults()
    case .call, .callIndirect, .callRef, .returnCall, .returnCallIndirect, .returnCallRef:
      try translateCall(instruction)
    case .drop:
      _ = pop()
    case .select, .selectTyped:
      let condition = pop()
      let other = pop()
      let value = pop()
      push(make(IRInstruction(.select, ir.type(value), condition, value, other)))
    case .localGet:
      push(locals[Int(instruction.index)])
    case .localSet:
      locals[Int(instruction.index)] = pop()
    case .localTee:
      locals[Int(instruction.index)] = stack[stack.count - 1]
    case .globalGet, .globalSet:
      translateGlobal(instruction)
    case .refNull:
      push(constant(.i64, 0))
    case .refIsNull:
      push(compare(.equal, pop(), constant(.i64, 0)))
    case .refAsNonNull:
      let reference = stack[stack.count - 1]
      trapIf(compare(.equal, reference, constant(.i64, 0)), .nullReference)
    case .refFunc:
      push(functionRecord(Int(instruction.index)))
    case .v128Const:
      push(vectorConstant(instruction.value, instruction.value2))
    default:
      switch instruction.opcode.rawValue {
      case 0x28...0x3E:
        try translateAccess(instruction)
      case 0x41...0xC4:
        translateNumeric(instruction)
      default:
        let immediates = instruction.opcode.row.immediates
        if immediates == .memoryArgument || immediates == .memoryArgumentAndLane {
          try translateAccess(instruction)
        } else if instruction.opcode.rawValue >= 0x300, instruction.opcode.rawValue < 0x400 {
          try translateVector(instruction)
        } else {
          try translateOther(instruction)
        }
      }
    }
  }

  private mutating func unary(_ operation: IROperation, _ type: IRType, aux: UInt16 = 0) {
    let a = pop()
    push(make(IRInstruction(operation, type, a, aux: aux)))
  }

  private mutating func binary(_ operation: IROperation, _ type: IRType) {
    let b = pop()
    let a = pop()
    push(make(IRInstruction(operation, type, a, b)))
  }

  /// An operation that can trap: it stays where it is, but its value is known afterwards.
  private mutating func trapping(_ operation: IROperation, _ type: IRType, operands: Int, aux: UInt16 = 0) {
    let b = operands == 2 ? pop() : IRValue.none
    let a = pop()
    let instruction = IRInstruction(operation, type, a, b, aux: aux)
    if let value = values.find(instruction, epoch: 0) { return push(value) }
    let value = append(instruction)
    values.insert(instruction, value, epoch: 0)
    push(value)
  }

  private mutating func comparison(_ condition: IRCondition) {
    let b = pop()
    let a = pop()
    push(compare(condition, a, b))
  }

  private mutating func comparison(_ condition: IRFloatCondition) {
    let b = pop()
    let a = pop()
    push(make(IRInstruction(.floatCompare, .i32, a, b, aux: condition.rawValue)))
  }

  private static let conditions: [IRCondition] = [
    .equal, .notEqual, .lessSigned, .lessUnsigned, .greaterSigned, .greaterUnsigned, .lessOrEqualSigned,
    .lessOrEqualUnsigned, .greaterOrEqualSigned, .greaterOrEqualUnsigned,
  ]
  private static let floatConditions: [IRFloatCondition] = [
    .equal, .notEqual, .less, .greater, .lessOrEqual, .greaterOrEqual,
  ]
  private static let integerBinary: [IROperation] = [
    .add, .sub, .mul, .divS, .divU, .remS, .remU, .and, .or, .xor, .shl, .shrS, .shrU, .rotl, .rotr,
  ]
  private static let floatUnary: [IROperation] = [.fabs, .fneg, .fceil, .ffloor, .ftrunc, .fnearest, .fsqrt]
  private static let floatBinary: [IROperation] = [.fadd, .fsub, .fmul, .fdiv, .fmin, .fmax, .fcopysign]

  /// The scalar numeric instructions, which the specification has in regular order.
  private mutating func translateNumeric(_ instruction: Instruction) {
    let code = Int(instruction.opcode.rawValue)
    switch instruction.opcode {
    case .i32Const: push(constant(.i32, Int64(bitPattern: instruction.value)))
    case .i64Const: push(constant(.i64, Int64(bitPattern: instruction.value)))
    case .f32Const: push(constant(.f32, Int64(bitPattern: instruction.value)))
    case .f64Const: push(constant(.f64, Int64(bitPattern: instruction.value)))
    case .i32Eqz: push(compare(.equal, pop(), constant(.i32, 0)))
    case .i64Eqz: push(compare(.equal, pop(), constant(.i64, 0)))
    case .i32WrapI64: unary(.wrap, .i32)
    case .i64ExtendI32S: unary(.signExtend, .i64)
    case .i64ExtendI32U: unary(.zeroExtend, .i64)
    case .i32TruncF32S, .i32TruncF64S: trapping(.truncate, .i32, operands: 1, aux: 1)
    case .i32TruncF32U, .i32TruncF64U: trapping(.truncate, .i32, operands: 1)
    case .i64TruncF32S, .i64TruncF64S: trapping(.truncate, .i64, operands: 1, aux: 1)
    case .i64TruncF32U, .i64TruncF64U: trapping(.truncate, .i64, operands: 1)
    case .f32ConvertI32S, .f32ConvertI64S: unary(.convert, .f32, aux: 1)
    case .f32ConvertI32U, .f32ConvertI64U: unary(.convert, .f32)
    case .f64ConvertI32S, .f64ConvertI64S: unary(.convert, .f64, aux: 1)
    case .f64ConvertI32U, .f64ConvertI64U: unary(.convert, .f64)
    case .f32DemoteF64: unary(.demote, .f32)
    case .f64PromoteF32: unary(.promote, .f64)
    case .i32ReinterpretF32: unary(.reinterpret, .i32)
    case .i64ReinterpretF64: unary(.reinterpret, .i64)
    case .f32ReinterpretI32: unary(.reinterpret, .f32)
    case .f64ReinterpretI64: unary(.reinterpret, .f64)
    case .i32Extend8S: unary(.extend, .i32, aux: 8)
    case .i32Extend16S: unary(.extend, .i32, aux: 16)
    case .i64Extend8S: unary(.extend, .i64, aux: 8)
    case .i64Extend16S: unary(.extend, .i64, aux: 16)
    case .i64Extend32S: unary(.extend, .i64, aux: 32)
    default:
      switch code {
      case 0x46...0x4F: comparison(Self.conditions[code - 0x46])
      case 0x51...0x5A: comparison(Self.conditions[code - 0x51])
      case 0x5B...0x60: comparison(Self.floatConditions[code - 0x5B])
      case 0x61...0x66: comparison(Self.floatConditions[code - 0x61])
      case 0x67...0x69, 0x79...0x7B:
        let type: IRType = code < 0x79 ? .i32 : .i64
        unary([IROperation.clz, .ctz, .popcnt][code - (type == .i32 ? 0x67 : 0x79)], type)
      case 0x6A...0x78, 0x7C...0x8A:
        let type: IRType = code < 0x79 ? .i32 : .i64
        let operation = Self.integerBinary[code - (type == .i32 ? 0x6A : 0x7C)]
        switch operation {
        case .divS, .divU, .remS, .remU:
          if let value = divideByConstant(operation, type, stack[stack.count - 2], stack[stack.count - 1]) {
            stack.removeLast(2)
            push(value)
          } else {
            trapping(operation, type, operands: 2)
          }
        default: binary(operation, type)
        }
      case 0x8B...0x91: unary(Self.floatUnary[code - 0x8B], .f32)
      case 0x92...0x98: binary(Self.floatBinary[code - 0x92], .f32)
      case 0x99...0x9F: unary(Self.floatUnary[code - 0x99], .f64)
      default: binary(Self.floatBinary[code - 0xA0], .f64)
      }
    }
  }

  private mutating func translateGlobal(_ instruction: Instruction) {
    let index = Int(instruction.index)
    let type = environment.module.spaces.globals[index]
    let imported = environment.layout.isImportedGlobal(index)
    let base: IRValue =
      imported ? contextLoad(.i64, environment.layout.importedGlobal(index), .invariant) : .none
    let offset = imported ? 0 : environment.layout.definedGlobal(index)
    let valueType = IRType(type.value)
    let region: IRContextRegion = type.isMutable ? .globals : .invariant
    if instruction.opcode == .globalGet { return push(contextLoad(valueType, offset, region, base: base)) }
    let value = pop()
    append(IRInstruction(.contextStore, .none, base, value, imm: Int64(offset)))
    // Imported globals may be one another, so that nothing is known of any but this one.
    regionEpoch[Int(IRContextRegion.globals.rawValue)] = newEpoch()
    let load = IRInstruction(.contextLoad, valueType, base, imm: Int64(offset), aux: region.rawValue)
    values.insert(load, value, epoch: lastEpoch)
  }

  // MARK: Memory accesses

  /// The loads and stores of numbers, which a row of the operator table would cost more than their translation.
  private static func numberAccess(_ opcode: Opcode) -> (type: IRType, access: IRAccess, isStore: Bool)? {
    switch opcode {
    case .i32Load: (.i32, .full, false)
    case .i64Load: (.i64, .full, false)
    case .f32Load: (.f32, .full, false)
    case .f64Load: (.f64, .full, false)
    case .i32Load8S: (.i32, .signed8, false)
    case .i32Load8U: (.i32, .unsigned8, false)
    case .i32Load16S: (.i32, .signed16, false)
    case .i32Load16U: (.i32, .unsigned16, false)
    case .i64Load8S: (.i64, .signed8, false)
    case .i64Load8U: (.i64, .unsigned8, false)
    case .i64Load16S: (.i64, .signed16, false)
    case .i64Load16U: (.i64, .unsigned16, false)
    case .i64Load32S: (.i64, .signed32, false)
    case .i64Load32U: (.i64, .unsigned32, false)
    case .i32Store: (.i32, .full, true)
    case .i64Store: (.i64, .full, true)
    case .f32Store: (.f32, .full, true)
    case .f64Store: (.f64, .full, true)
    case .i32Store8: (.i32, .unsigned8, true)
    case .i32Store16: (.i32, .unsigned16, true)
    case .i64Store8: (.i64, .unsigned8, true)
    case .i64Store16: (.i64, .unsigned16, true)
    case .i64Store32: (.i64, .unsigned32, true)
    case .v128Load: (.v128, .full, false)
    case .v128Store: (.v128, .full, true)
    default: nil
    }
  }

  private mutating func translateAccess(_ instruction: Instruction) throws(CompilationRefusal) {
    guard let (type, access, isStore) = Self.numberAccess(instruction.opcode) else {
      guard instruction.opcode.row.type != nil else { throw CompilationRefusal(reason: instruction.opcode.name) }
      return try translateVectorAccess(instruction)
    }
    let width = access.width(type)
    if isStore {
      let value = pop()
      let target = try address(of: pop(), instruction, width: width, isStore: true)
      try store(value, to: target, access, memory: Int(instruction.index))
    } else {
      let source = try address(of: pop(), instruction, width: width, isStore: false)
      push(try load(type, from: source, access, memory: Int(instruction.index)))
    }
  }

  mutating func load(
    _ type: IRType, from source: MemoryAddress, _ access: IRAccess, memory: Int
  ) throws(CompilationRefusal) -> IRValue {
    let place = try AccessPlace(memory: memory, source.displacement)
    let instruction = IRInstruction(
      .load, type, source.base, source.index, imm: place.bits, aux: access.rawValue)
    let epoch =
      environment.privateMemories[memory] ? max(memoryEpochs[memory], memoryFloor) : sharedMemoryEpoch
    // A shared memory can change at any time, but a load may be taken for one that was just made.
    if let value = values.find(instruction, epoch: epoch) { return value }
    let value = append(instruction)
    values.insert(instruction, value, epoch: epoch)
    return value
  }

  mutating func store(
    _ value: IRValue, to target: MemoryAddress, _ access: IRAccess, memory: Int
  ) throws(CompilationRefusal) {
    let place = try AccessPlace(memory: memory, target.displacement)
    append(
      IRInstruction(
        .store, ir.type(value), target.base, target.index, value, imm: place.bits, aux: access.rawValue))
    let epoch = newEpoch()
    if environment.privateMemories[memory] { memoryEpochs[memory] = epoch } else { sharedMemoryEpoch = epoch }
    // What was stored is what a load would give.
    if access == .full {
      let load = IRInstruction(
        .load, ir.type(value), target.base, target.index, imm: place.bits, aux: access.rawValue)
      values.insert(load, value, epoch: epoch)
    }
  }
}
