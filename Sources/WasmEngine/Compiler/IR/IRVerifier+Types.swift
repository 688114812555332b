import WebAssembly

/// The types of operands and results, and what else the fields of an instruction must be.
extension IRVerifier {
  mutating func checkTypes(_ value: IRValue, _ block: Int) {
    let instruction = function[value]
    if let message = mistake(value, instruction) { report(block, value, message) }
  }

  private func type(_ value: IRValue) -> IRType { value.exists ? function.type(value) : .none }

  private func mistake(_ value: IRValue, _ instruction: IRInstruction) -> String? {
    let type = instruction.type
    switch instruction.operation {
    case .nothing: return nil
    case .parameter: return "a parameter among instructions"
    case .constant:
      guard type == .i32 || type == .i64 || type.isFloat else { return "a constant of another type" }
      let isShort = type == .i32 || type == .f32
      return isShort && UInt64(bitPattern: instruction.imm) > UInt64(UInt32.max) ? "upper half not zero" : nil
    case .vectorConstant:
      guard type == .v128, function.vectors.indices.contains(Int(instruction.imm)) else { return "no such vector" }
      return nil
    case .contextAddress:
      guard type == .i64 else { return "an address is an i64" }
      return Int32(exactly: instruction.imm) == nil ? "an offset of more than 32 bits" : nil
    case .add, .sub, .mul, .and, .or, .xor, .shl, .shrS, .shrU, .rotl, .rotr, .divS, .divU, .remS, .remU:
      return type.isInteger ? operands(instruction, type, type) : "not an integer"
    case .mulHighS, .mulHighU: return type == .i64 ? operands(instruction, .i64, .i64) : "an i64 alone"
    case .clz, .ctz, .popcnt: return type.isInteger ? operands(instruction, type) : "not an integer"
    case .extend:
      guard type.isInteger, [8, 16, 32].contains(instruction.aux) else { return "not 8, 16 or 32 bits of an integer" }
      return operands(instruction, type)
    case .wrap: return type == .i32 ? operands(instruction, .i64) : "makes an i32"
    case .zeroExtend, .signExtend: return type == .i64 ? operands(instruction, .i32) : "makes an i64"
    case .compare:
      guard type == .i32, IRCondition(rawValue: instruction.aux) != nil else { return "makes an i32, on a condition" }
      let compared = self.type(instruction.a)
      return compared.isInteger ? operands(instruction, compared, compared) : "compares integers"
    case .floatCompare:
      guard type == .i32, IRFloatCondition(rawValue: instruction.aux) != nil else {
        return "makes an i32, on a condition"
      }
      let compared = self.type(instruction.a)
      return compared.isFloat ? operands(instruction, compared, compared) : "compares floats"
    case .fadd, .fsub, .fmul, .fdiv, .fmin, .fmax, .fcopysign:
      return type.isFloat ? operands(instruction, type, type) : "not a float"
    case .fabs, .fneg, .fsqrt, .fceil, .ffloor, .ftrunc, .fnearest:
      return type.isFloat ? operands(instruction, type) : "not a float"
    case .demote: return type == .f32 ? operands(instruction, .f64) : "makes an f32"
    case .promote: return type == .f64 ? operands(instruction, .f32) : "makes an f64"
    case .convert: return type.isFloat && self.type(instruction.a).isInteger ? nil : "integer to float"
    case .truncate, .truncateSaturating:
      return type.isInteger && self.type(instruction.a).isFloat ? nil : "float to integer"
    case .reinterpret:
      let pairs: [IRType: IRType] = [.i32: .f32, .f32: .i32, .i64: .f64, .f64: .i64]
      return pairs[type].map { operands(instruction, $0) } ?? "not a number"
    case .select: return type == .none ? "makes a value" : operands(instruction, .i32, type, type)
    case .vector: return vectorMistake(instruction)
    case .contextLoad, .contextStore, .load, .store, .boundsCheck: return memoryMistake(instruction)
    case .indexCheck:
      guard instruction.aux <= 0xFF, Trap.Kind(rawValue: UInt8(instruction.aux)) != nil else { return "no such trap" }
      return type == .i64 ? operands(instruction, .i64, .i64) : "makes an i64"
    case .trapIf:
      guard instruction.aux <= 0xFF, Trap.Kind(rawValue: UInt8(instruction.aux)) != nil else { return "no such trap" }
      guard !instruction.b.exists || self.type(instruction.b) == .i64 else { return "reports something but an i64" }
      return self.type(instruction.a) == .i32 ? nil : "the condition is no i32"
    case .interruptCheck: return operands(instruction, .i64)
    case .fuel:
      return (1...Int64(Int32.max)).contains(instruction.imm) ? operands(instruction, .i64) : "no number of units"
    case .call, .callRecord, .callRuntime, .tailCall, .tailCallRecord, .result, .return:
      return callMistake(value, instruction)
    case .jump, .jumpOrCatch: return nil
    case .throwReference: return operands(instruction, .i64)
    case .branch, .branchTable:
      return self.type(instruction.a) == .i32 && !instruction.b.exists ? nil : "chooses by something but an i32"
    case .trap:
      return instruction.aux <= 0xFF && Trap.Kind(rawValue: UInt8(instruction.aux)) != nil ? nil : "no such trap"
    }
  }

  private func operands(_ instruction: IRInstruction, _ types: IRType...) -> String? {
    let all = [instruction.a, instruction.b, instruction.c]
    // Accesses keep numbers in c, which is no operand there.
    let count = max(types.count, instruction.operandCount)
    for (index, operand) in all.prefix(count).enumerated() {
      let wanted = index < types.count ? types[index] : .none
      if type(operand) != wanted {
        return wanted == .none
          ? "takes \(types.count) operands" : "operand \(index + 1) is \(type(operand)), should be \(wanted)"
      }
    }
    return nil
  }

  private func vectorMistake(_ instruction: IRInstruction) -> String? {
    guard let row = Operator.row(rawValue: Int(instruction.aux)), let signature = row.type else {
      return "no vector instruction"
    }
    if row.immediates == .lanes, !function.vectors.indices.contains(Int(instruction.imm)) { return "no such lanes" }
    guard signature.results.map({ IRType($0) }) == [instruction.type] else { return "makes another type" }
    let operands = [instruction.a, instruction.b, instruction.c].filter(\.exists).map { type($0) }
    return operands == signature.operands.map { IRType($0) } ? nil : "operands of other types"
  }

  private func memoryMistake(_ instruction: IRInstruction) -> String? {
    let type = instruction.type
    switch instruction.operation {
    case .contextLoad, .contextStore:
      guard Int32(exactly: instruction.imm) != nil else { return "an offset of more than 32 bits" }
    default: break
    }
    switch instruction.operation {
    case .contextLoad:
      guard type != .none, IRContextRegion(rawValue: instruction.aux) != nil else { return "loads nothing" }
      return !instruction.a.exists || self.type(instruction.a) == .i64 ? nil : "the address is no i64"
    case .contextStore:
      guard self.type(instruction.b) != .none else { return "stores nothing" }
      return !instruction.a.exists || self.type(instruction.a) == .i64 ? nil : "the address is no i64"
    case .boundsCheck:
      guard instruction.imm > 0, instruction.aux <= 3 else { return "checks nothing" }
      let access = CheckedAccess(tag: instruction.c)
      guard access.width > 0, Int64(access.width) <= instruction.imm else { return "checks less than the access" }
      if let environment, Int(access.memory) >= environment.accessClasses.count { return "no such memory" }
      return type == .i64 && self.type(instruction.a) == .i64 && self.type(instruction.b) == .i64
        ? nil : "checks something but i64s"
    default:
      guard let access = IRAccess(rawValue: instruction.aux), type != .none else { return "no such access" }
      guard self.type(instruction.a) == .i64, !instruction.b.exists || self.type(instruction.b) == .i64 else {
        return "the address is no i64"
      }
      if instruction.operation == .store, self.type(instruction.c) != type { return "stores another type" }
      let full = IRAccess.full.width(type)
      switch access {
      case .full: break
      case .signed8, .unsigned8, .signed16, .unsigned16, .signed32, .unsigned32:
        guard type.isInteger, access.width(type) <= full else { return "not a part of an integer" }
      default:
        guard type == .v128, instruction.operation == .load else { return "loads vectors alone" }
      }
      guard let place = instruction.place,
        UInt64(place.displacement.value) + UInt64(access.width(type)) <= Displacement.limit
      else { return "reaches beyond what a displacement can say" }
      if let environment, let memory = place.memory, Int(memory) >= environment.accessClasses.count {
        return "no such memory"
      }
      return nil
    }
  }

  private func callMistake(_ value: IRValue, _ instruction: IRInstruction) -> String? {
    if instruction.operation == .result {
      let call = function[instruction.a]
      guard call.operation == .call || call.operation == .callRecord, instruction.type != .none else {
        return "not of a call"
      }
      // Places of results follow from their numbers.
      let isThere = instruction.imm > 0 && instruction.imm < Int64(call.aux)
      return isThere && value.index == instruction.a.index + Int(instruction.imm) ? nil : "not at its number"
    }
    let arguments = function.argumentSlice(instruction.a.id, instruction.b.id).map { type($0) }
    switch instruction.operation {
    case .return: return arguments == function.resultTypes ? nil : "returns other types than the function's"
    case .callRuntime:
      guard RuntimeEntry(rawValue: instruction.imm) != nil else { return "no such runtime function" }
      return arguments.count <= 5 && arguments.allSatisfy { $0 == .i64 } ? nil : "passes something but up to five i64s"
    case .callRecord, .tailCallRecord:
      guard arguments.first == .i64 else { return "the record is no i64" }
      return instruction.operation == .tailCallRecord ? nil : resultMistake(value, instruction, nil)
    default:
      guard let environment else { return resultMistake(value, instruction, nil) }
      let spaces = environment.module.spaces
      guard instruction.imm >= 0, instruction.imm < Int64(spaces.functions.count) else { return "no such function" }
      let signature = environment.functionType(spaces.functions[Int(instruction.imm)])
      guard arguments == signature.parameters.map({ IRType($0) }) else { return "passes other types" }
      if instruction.operation == .tailCall { return nil }
      return resultMistake(value, instruction, signature.results.map { IRType($0) })
    }
  }

  /// A call's first result is its own value, the others are at the numbers behind it, used or not.
  private func resultMistake(_ value: IRValue, _ call: IRInstruction, _ expected: [IRType]?) -> String? {
    var types = call.aux == 0 ? [] : [call.type]
    for index in 1..<max(1, Int(call.aux)) {
      let number = value.index + index
      guard number < function.instructions.count else { return "results without numbers" }
      let result = function.instructions[number]
      guard result.operation == .result, result.a == value, result.imm == Int64(index) else {
        return "result \(index) is not at its number"
      }
      types.append(result.type)
    }
    if types.contains(.none) != (call.aux == 0 && call.type != .none) { return "a result without a type" }
    if let expected, expected != types { return "other results than the function's" }
    return nil
  }
}
