import WebAssembly

// Numeric, vector, parametric and variable instructions (Core 3.0, 4.6.1 to 4.6.6).
extension RegisterTranslator {
  @inline(__always)
  mutating func setLast(
    _ start: Int, _ result: Int32, _ opcode: Opcode, _ variant: HandlerTable.Variant = .slots, a: Int32 = 0,
    b: Int32 = 0, immediate: Int64 = 0, isShiftAdd: Bool = false
  ) {
    last = Last(
      start: start, result: result, opcode: opcode, variant: variant, isShiftAdd: isShiftAdd, a: a, b: b,
      immediate: immediate)
  }

  // MARK: Locals

  @inline(__always)
  mutating func translateLocalGet(_ index: UInt32) {
    locals[Int(index)].uses &+= 1
    pushEntry(.local, isVector: locals[Int(index)].isVector, local: index)
  }

  mutating func translateLocalSet(_ index: UInt32) {
    let entry = pop()
    let local = locals[Int(index)]
    if entry.kind == .local, entry.local == index { return }
    if local.uses > 0 { preserve(index) }
    if isLast(entry) {
      // What computed the value writes it to the local instead.
      base.storeBytes(of: local.slot, toByteOffset: last.start + 8, as: Int32.self)
      last.start = -1
      return
    }
    move(entry, to: local.slot)
  }

  mutating func translateLocalTee(_ index: UInt32) {
    translateLocalSet(index)
    translateLocalGet(index)
  }

  // MARK: Globals

  private func globalSlot(_ index: Int) -> (offset: Int, isImported: Bool, isVector: Bool) {
    let isVector = translation.spaces.globals[index].value.isVector
    return translation.layout.isImportedGlobal(index)
      ? (translation.layout.importedGlobal(index), true, isVector)
      : (translation.layout.definedGlobal(index), false, isVector)
  }

  mutating func translateGlobalGet(_ index: UInt32) {
    let (offset, isImported, isVector) = globalSlot(Int(index))
    let start = count
    switch (isImported, isVector) {
    case (false, false): begin(.contextLoad)
    case (false, true): begin(.contextLoadVector)
    case (true, false): begin(.contextLoadIndirect)
    case (true, true): begin(.contextLoadIndirectVector)
    }
    let result = pushResult(isVector: isVector)
    put(result)
    put(offset)
    setLast(start, result, .globalGet)
  }

  mutating func translateGlobalSet(_ index: UInt32) {
    let (offset, isImported, isVector) = globalSlot(Int(index))
    let value = popSlot()
    switch (isImported, isVector) {
    case (false, false): begin(.contextStore)
    case (false, true): begin(.contextStoreVector)
    case (true, false): begin(.contextStoreIndirect)
    case (true, true): begin(.contextStoreIndirectVector)
    }
    put(value)
    put(offset)
  }

  // MARK: Parametric instructions

  mutating func translateSelect() {
    let condition = popSlot()
    let second = pop()
    let first = pop()
    let b = slot(second)
    let a = slot(first)
    let start = count
    begin(first.isVector ? .selectVector : .select)
    let result = pushResult(isVector: first.isVector)
    put(result)
    put(a)
    put(b)
    put(condition)
    setLast(start, result, .select)
  }

  // MARK: Operators of the table

  mutating func translateVectorConstant(_ instruction: Instruction) {
    let start = count
    begin(.constantVector)
    let result = pushResult(isVector: true)
    put(result)
    put64(instruction.value)
    put64(instruction.value2)
    setLast(start, result, .v128Const)
  }

  /// An operator with all operands on the stack and one result.
  mutating func translateOperator(_ instruction: Instruction, _ shape: HandlerTable.Shape) throws(ModuleError) {
    if let opcode = Self.exchangedComparison(instruction.opcode) {
      let b = popSlot()
      let a = popSlot()
      let start = count
      begin(handlers.handler(opcode))
      let result = pushResult()
      put(result)
      put(b)
      put(a)
      setLast(start, result, opcode, a: b, b: a)
      return
    }
    let handler = handlers.handler(instruction.opcode)
    guard handler != 0 else { throw unsupported(instruction) }
    switch shape.operandCount {
    case 1:
      if instruction.opcode == .i32Eqz, invertLast() { return }
      let a = popSlot()
      if shape.canTrap { mark() }
      let start = count
      begin(handler)
      let result = pushResult(isVector: shape.resultIsVector)
      put(result)
      put(a)
      setLast(start, result, instruction.opcode, a: a)
    case 2:
      let second = pop()
      let first = pop()
      if translateJoined(instruction.opcode, first, second) { return }
      if second.kind == .constant, translateConstantRight(instruction.opcode, first, second.value, shape) { return }
      if first.kind == .constant, translateConstantLeft(instruction.opcode, first.value, second, shape) { return }
      let b = slot(second)
      let a = slot(first)
      if shape.canTrap { mark() }
      let start = count
      begin(handler)
      let result = pushResult(isVector: shape.resultIsVector)
      put(result)
      put(a)
      put(b)
      putLane(instruction, shape)
      setLast(start, result, instruction.opcode, a: a, b: b)
    default:
      let third = pop()
      let second = pop()
      let first = pop()
      let c = slot(third)
      let b = slot(second)
      let a = slot(first)
      let start = count
      begin(handler)
      let result = pushResult(isVector: shape.resultIsVector)
      put(result)
      put(a)
      put(b)
      put(c)
      // A variant that nothing is joined with.
      setLast(start, result, .nop)
    }
  }

  /// The comparison of floating-point numbers that does the same with its operands exchanged, for those without handlers.
  @inline(__always)
  private static func exchangedComparison(_ opcode: Opcode) -> Opcode? {
    switch opcode {
    case .f32Gt: .f32Lt
    case .f32Ge: .f32Le
    case .f64Gt: .f64Lt
    case .f64Ge: .f64Le
    default: nil
    }
  }

  @inline(__always)
  private mutating func putLane(_ instruction: Instruction, _ shape: HandlerTable.Shape) {
    switch shape.immediates {
    case .lane: put(Int32(instruction.lane))
    default: break
    }
  }

  /// i32.eqz of a comparison of integers that was just made turns it around.
  private mutating func invertLast() -> Bool {
    guard let entry = stack.last, isLast(entry), last.variant == .slots || last.variant == .constantRight,
      let inverse = Self.inverse(last.opcode)
    else { return false }
    base.storeBytes(
      of: handlers.handler(inverse, last.variant), toByteOffset: last.start, as: UInt.self)
    last.opcode = inverse
    return true
  }

  /// Pairs that are one instruction: a shift and an addition, a multiplication and an addition or subtraction.
  private mutating func translateJoined(_ opcode: Opcode, _ first: Entry, _ second: Entry) -> Bool {
    guard last.start >= 0, first.kind != .constant, second.kind != .constant else { return false }
    let isSecond = isLast(second)
    guard isSecond || isLast(first) else { return false }
    let other = isSecond ? first : second
    let special: HandlerTable.Special
    switch opcode {
    case .i32Add where last.opcode == .i32Shl && last.variant == .constantRight && !last.isShiftAdd:
      let (join, a) = (last, slot(other))
      takeBack()
      let start = count
      begin(.shiftAdd32)
      let result = pushResult()
      put(result)
      put(a)
      put(join.a)
      put(Int32(join.immediate & 31))
      setLast(
        start, result, .i32Add, a: a, b: join.a, immediate: join.immediate & 31, isShiftAdd: true)
      return true
    case .f64Add where last.opcode == .f64Mul: special = .multiplyAdd64
    case .f64Sub where last.opcode == .f64Mul: special = isSecond ? .multiplySubtractFrom64 : .multiplySubtract64
    case .f32Add where last.opcode == .f32Mul: special = .multiplyAdd32
    case .f32Sub where last.opcode == .f32Mul: special = isSecond ? .multiplySubtractFrom32 : .multiplySubtract32
    default: return false
    }
    guard last.variant == .slots else { return false }
    let (join, c) = (last, slot(other))
    takeBack()
    let start = count
    begin(special)
    let result = pushResult()
    put(result)
    put(join.a)
    put(join.b)
    put(c)
    setLast(start, result, .nop)
    return true
  }

  /// A binary operator with a constant as its second operand.
  private mutating func translateConstantRight(
    _ opcode: Opcode, _ first: Entry, _ value: UInt64, _ shape: HandlerTable.Shape
  ) -> Bool {
    var opcode = opcode
    var immediate: Int64
    switch shape.operandType {
    case .i32, .f32:
      // The value is in the low half; truncating takes it.
      immediate = Int64(Int32(truncatingIfNeeded: value))
      if opcode == .i32Sub {
        opcode = .i32Add
        immediate = Int64(0 &- Int32(truncatingIfNeeded: value))
      }
    case .i64:
      immediate = Int64(bitPattern: value)
      if opcode == .i64Sub {
        opcode = .i64Add
        immediate = 0 &- immediate
      }
      guard Int32(exactly: immediate) != nil else { return false }
    case .f64:
      immediate = Int64(bitPattern: value)
    default:
      return false
    }
    let handler = handlers.handler(opcode, .constantRight)
    guard handler != 0 else { return false }
    emitConstant(handler, opcode, .constantRight, slot(first), immediate, isWide: shape.operandType == .f64)
    return true
  }

  /// A binary operator with a constant as its first operand.
  private mutating func translateConstantLeft(
    _ opcode: Opcode, _ value: UInt64, _ second: Entry, _ shape: HandlerTable.Shape
  ) -> Bool {
    if let swapped = Self.swapped(opcode) {
      return translateConstantRight(swapped, second, value, shape)
    }
    let handler = handlers.handler(opcode, .constantLeft)
    guard handler != 0 else { return false }
    // The value of 32 bits is in the low half; truncating takes it.
    let immediate =
      shape.operandType == .i32 || shape.operandType == .f32
      ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    if shape.operandType == .i64, Int32(exactly: immediate) == nil { return false }
    emitConstant(handler, opcode, .constantLeft, slot(second), immediate, isWide: shape.operandType == .f64)
    return true
  }

  private mutating func emitConstant(
    _ handler: UInt, _ opcode: Opcode, _ variant: HandlerTable.Variant, _ a: Int32, _ immediate: Int64, isWide: Bool
  ) {
    let start = count
    begin(handler)
    let result = pushResult()
    put(result)
    put(a)
    if isWide { put64(UInt64(bitPattern: immediate)) } else { put(Int32(immediate)) }
    setLast(start, result, opcode, variant, a: a, immediate: immediate)
  }

  /// The operator that does the same with its operands exchanged.
  private static func swapped(_ opcode: Opcode) -> Opcode? {
    switch opcode {
    case .i32Add, .i32Mul, .i32And, .i32Or, .i32Xor, .i64Add, .i64Mul, .i64And, .i64Or, .i64Xor, .i32Eq, .i32Ne,
      .i64Eq, .i64Ne, .f32Add, .f32Mul, .f64Add, .f64Mul:
      opcode
    case .i32LtS: .i32GtS
    case .i32LtU: .i32GtU
    case .i32GtS: .i32LtS
    case .i32GtU: .i32LtU
    case .i32LeS: .i32GeS
    case .i32LeU: .i32GeU
    case .i32GeS: .i32LeS
    case .i32GeU: .i32LeU
    case .i64LtS: .i64GtS
    case .i64LtU: .i64GtU
    case .i64GtS: .i64LtS
    case .i64GtU: .i64LtU
    case .i64LeS: .i64GeS
    case .i64LeU: .i64GeU
    case .i64GeS: .i64LeS
    case .i64GeU: .i64LeU
    default: nil
    }
  }

  /// Two results of 64 bits each, in slots that follow each other.
  mutating func translateWide(_ instruction: Instruction) {
    let operandCount = instruction.opcode == .i64Add128 || instruction.opcode == .i64Sub128 ? 4 : 2
    var entries: [Entry] = []
    for _ in 0..<operandCount { entries.append(pop()) }
    let slots = entries.map { slot($0) }
    begin(handlers.handler(instruction.opcode))
    put(pushResult())
    _ = pushResult()
    for slot in slots.reversed() { put(slot) }
  }

  func unsupported(_ instruction: Instruction) -> ModuleError {
    ModuleError(
      .unsupported, "\(instruction.opcode.name) cannot be interpreted", at: Int(instruction.offset))
  }
}
