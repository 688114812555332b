extension IRCondition {
  /// The machine condition after a comparison of the operands.
  var machine: Condition {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .lessSigned: .less
    case .lessUnsigned: .below
    case .greaterSigned: .greater
    case .greaterUnsigned: .above
    case .lessOrEqualSigned: .lessOrEqual
    case .lessOrEqualUnsigned: .belowOrEqual
    case .greaterOrEqualSigned: .greaterOrEqual
    case .greaterOrEqualUnsigned: .aboveOrEqual
    }
  }
}

/// Comparisons, and what is made of their conditions.
extension Lowering {
  mutating func setFlag(_ target: VirtualRegister, _ condition: Condition) {
    var set = MachineInstruction(.set)
    set.sub = condition.rawValue
    set.d = target
    emit(set)
  }

  /// Emits a comparison of integers; the result is the condition to test.
  mutating func lowerComparison(_ instruction: IRInstruction) -> Condition {
    let condition = IRCondition(rawValue: instruction.aux) ?? .equal
    if isFolded[instruction.a.index], ir[instruction.a].operation == .floatCompare,
      let condition = lowerFloatComparison(ir[instruction.a])
    {
      // Unordered operands included.
      return condition.negated
    }
    let size = size(ir.type(instruction.a))
    if ir.constant(instruction.b) == 0,
      condition == .equal || condition == .notEqual || condition == .lessSigned || condition == .greaterOrEqualSigned
    {
      var test = MachineInstruction(.test)
      test.size = size
      if isFolded[instruction.a.index], ir[instruction.a].operation == .and {
        testBits(ir[instruction.a])
      } else {
        test.a = use(instruction.a)
        test.b = test.a
        emit(test)
      }
      switch condition {
      case .lessSigned: return .sign
      case .greaterOrEqualSigned: return .noSign
      default: return condition.machine
      }
    }
    var compare = MachineInstruction(.compare)
    compare.size = size
    compare.a = use(instruction.a)
    setOperand(&compare, instruction.b, immediate: true)
    emit(compare)
    return condition.machine
  }

  /// The flags for a condition that some instruction tests: those of the comparison itself if it is folded.
  mutating func condition(of value: IRValue) -> Condition {
    if isFolded[value.index] {
      let instruction = ir[value]
      if instruction.operation == .compare { return lowerComparison(instruction) }
      if instruction.operation == .and {
        testBits(instruction)
        return .notEqual
      }
      if instruction.operation == .vector, let condition = lowerVectorTest(instruction) { return condition }
      if let condition = lowerFloatComparison(instruction) { return condition }
      // Equality of floats needs two conditions: as a number then.
      let register = newRegister(.i32)
      lowerFloatSet(register, instruction)
      return test(register)
    }
    return test(use(value))
  }

  private mutating func test(_ register: VirtualRegister) -> Condition {
    var test = MachineInstruction(.test)
    test.size = .double
    test.a = register
    test.b = register
    emit(test)
    return .notEqual
  }

  /// The flags of an intersection that nobody wants but for whether it is empty.
  private mutating func testBits(_ instruction: IRInstruction) {
    var test = MachineInstruction(.test)
    test.size = size(instruction.type)
    test.a = use(instruction.a)
    setOperand(&test, instruction.b, immediate: true)
    emit(test)
  }

  mutating func set(_ value: IRValue, _ condition: Condition) {
    setFlag(define(value), condition)
  }

  mutating func lowerSelect(_ value: IRValue, _ instruction: IRInstruction) {
    let whenTrue = use(instruction.b)
    let whenFalse = use(instruction.c)
    let target = define(value)
    let condition = condition(of: instruction.a)
    emitMove(target, whenFalse)
    var move = MachineInstruction(instruction.type.inVectorRegister ? .moveIfVector : .moveIf)
    move.size = size(instruction.type)
    move.sub = condition.rawValue
    move.d = target
    move.a = target
    move.b = whenTrue
    emit(move)
  }
}
