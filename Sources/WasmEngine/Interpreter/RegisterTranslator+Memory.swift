import WebAssembly

// Memory and table instructions (Core 3.0, 4.6.7 and 4.6.8).
extension RegisterTranslator {
  @inline(__always)
  private func is64(_ memory: UInt32) -> Bool { translation.spaces.memories[Int(memory)].addressType == .i64 }

  private func isTable64(_ table: UInt32) -> Bool { translation.spaces.tables[Int(table)].addressType == .i64 }

  /// The record and the static offset of an access.
  @inline(__always)
  private mutating func putMemory(_ instruction: Instruction, is64: Bool) {
    put(translation.layout.memory(Int(instruction.index)))
    if is64 { put64(instruction.memoryOffset) } else { put(UInt32(instruction.memoryOffset)) }
  }

  /// What an access is whose address is the addition that was just made.
  private static func joinedVariant(_ addition: Last) -> HandlerTable.Variant {
    if addition.isShiftAdd { return .scaledAddress }
    return addition.variant == .constantRight ? .displacedAddress : .sumAddress
  }

  /// The handler of an access to a constant address, and the effective address, if that has 32 bits.
  private func fixedAccess(_ instruction: Instruction, _ address: UInt64) -> (handler: UInt, address: UInt32)? {
    let (sum, overflow) = instruction.memoryOffset.addingReportingOverflow(address)
    let handler = handlers.handler(instruction.opcode, .fixedAddress)
    guard !overflow, sum <= UInt64(UInt32.max), handler != 0 else { return nil }
    return (handler, UInt32(sum))
  }

  mutating func translateLoad(_ instruction: Instruction, _ shape: HandlerTable.Shape) throws(ModuleError) {
    let is64 = is64(instruction.index)
    let handler = handlers.handler(instruction.opcode, is64 ? .address64 : .slots)
    guard handler != 0 else { throw unsupported(instruction) }
    let address = pop()
    if !is64, address.kind == .constant, let fixed = fixedAccess(instruction, address.value) {
      mark()
      let start = count
      begin(fixed.handler)
      let result = pushResult(isVector: shape.resultIsVector)
      put(result)
      put(translation.layout.memory(Int(instruction.index)))
      put(fixed.address)
      setLast(start, result, .nop)
      return
    }
    if !is64, isLast(address), last.opcode == .i32Add {
      let join = last
      let joined = handlers.handler(instruction.opcode, Self.joinedVariant(join))
      if joined != 0 {
        takeBack()
        mark()
        let start = count
        begin(joined)
        let result = pushResult(isVector: shape.resultIsVector)
        put(result)
        put(join.a)
        put(join.variant == .constantRight ? Int32(join.immediate) : join.b)
        if join.isShiftAdd { put(Int32(join.immediate)) }
        putMemory(instruction, is64: false)
        setLast(start, result, .nop)
        return
      }
    }
    let slot = slot(address)
    mark()
    let start = count
    begin(handler)
    let result = pushResult(isVector: shape.resultIsVector)
    put(result)
    put(slot)
    putMemory(instruction, is64: is64)
    setLast(start, result, .nop)
  }

  mutating func translateStore(_ instruction: Instruction) throws(ModuleError) {
    let is64 = is64(instruction.index)
    let handler = handlers.handler(instruction.opcode, is64 ? .address64 : .slots)
    guard handler != 0 else { throw unsupported(instruction) }
    let value = slot(pop())
    let address = pop()
    if !is64, address.kind == .constant, let fixed = fixedAccess(instruction, address.value) {
      mark()
      begin(fixed.handler)
      put(value)
      put(translation.layout.memory(Int(instruction.index)))
      put(fixed.address)
      return
    }
    if !is64, isLast(address), last.opcode == .i32Add {
      let join = last
      let joined = handlers.handler(instruction.opcode, Self.joinedVariant(join))
      if joined != 0 {
        takeBack()
        mark()
        begin(joined)
        put(join.a)
        put(join.variant == .constantRight ? Int32(join.immediate) : join.b)
        if join.isShiftAdd { put(Int32(join.immediate)) }
        put(value)
        putMemory(instruction, is64: false)
        return
      }
    }
    let slot = slot(address)
    mark()
    begin(handler)
    put(slot)
    put(value)
    putMemory(instruction, is64: is64)
  }

  mutating func translateLane(_ instruction: Instruction, _ shape: HandlerTable.Shape) throws(ModuleError) {
    let is64 = is64(instruction.index)
    let handler = handlers.handler(instruction.opcode, is64 ? .address64 : .slots)
    guard handler != 0 else { throw unsupported(instruction) }
    var vector = popSlot()
    let address = popSlot()
    mark()
    begin(handler)
    if shape.hasResult {
      put(pushResult(isVector: true))
      put(address)
      put(vector)
      putMemory(instruction, is64: is64)
      put(Int32(instruction.lane))
    } else {
      // What is stored is the lane where it stands.
      vector &+= laneOffset(instruction, size: 1 << Int32(instruction.opcode.row.width))
      put(address)
      put(vector)
      putMemory(instruction, is64: is64)
    }
  }

  mutating func translateMemorySize(_ index: UInt32) {
    let start = count
    begin(.memorySize)
    let result = pushResult()
    put(result)
    put(translation.layout.memory(Int(index)))
    put(Int32(translation.spaces.memories[Int(index)].pageSizeLog2))
    setLast(start, result, .nop)
  }

  /// Instructions with operands in slots, then immediates, which the runtime carries out.
  private mutating func call(_ opcode: Opcode, operands: Int, hasResult: Bool, _ immediates: [Int]) {
    var slots: [Int32] = []
    for _ in 0..<operands { slots.append(popSlot()) }
    mark()
    begin(handlers.handler(opcode))
    if hasResult { put(pushResult()) }
    for slot in slots.reversed() { put(slot) }
    for immediate in immediates { put(immediate) }
  }

  /// The same for those that look at the interrupt word (``LookBudget/bulkSlice``).
  private mutating func bulk(_ opcode: Opcode, operands: Int, _ immediates: [Int]) {
    if distance.isOver(with: units + LookBudget.bulkSliceUnits) { look() }
    call(opcode, operands: operands, hasResult: false, immediates)
    hasLooked()
  }

  private func copyFlags(_ destination: Bool, _ source: Bool) -> Int {
    (destination ? 1 : 0) | (source ? 2 : 0) | (destination && source ? 4 : 0)
  }

  /// Bulk memory and table instructions. Whether the opcode is one of them.
  mutating func translateBulk(_ instruction: Instruction) -> Bool {
    let index = Int(instruction.index)
    let index2 = Int(instruction.index2)
    switch instruction.opcode {
    case .memorySize: translateMemorySize(instruction.index)
    case .memoryGrow:
      call(.memoryGrow, operands: 1, hasResult: true, [index, is64(instruction.index) ? 1 : 0])
      look()
    case .memoryFill:
      bulk(.memoryFill, operands: 3, [index, is64(instruction.index) ? 1 : 0])
    case .memoryDiscard:
      bulk(.memoryDiscard, operands: 2, [index, is64(instruction.index) ? 1 : 0])
    case .memoryCopy:
      let flags = copyFlags(is64(instruction.index), is64(instruction.index2))
      bulk(.memoryCopy, operands: 3, [index, index2, flags])
    case .memoryInit:
      bulk(.memoryInit, operands: 3, [index2, index, is64(instruction.index2) ? 1 : 0])
    case .dataDrop: call(.dataDrop, operands: 0, hasResult: false, [index])
    case .tableGet:
      call(.tableGet, operands: 1, hasResult: true, [index, isTable64(instruction.index) ? 1 : 0])
    case .tableSet:
      call(.tableSet, operands: 2, hasResult: false, [index, isTable64(instruction.index) ? 1 : 0])
    case .tableGrow:
      call(.tableGrow, operands: 2, hasResult: true, [index, isTable64(instruction.index) ? 1 : 0])
      look()
    case .tableFill:
      bulk(.tableFill, operands: 3, [index, isTable64(instruction.index) ? 1 : 0])
    case .tableCopy:
      let flags = copyFlags(isTable64(instruction.index), isTable64(instruction.index2))
      bulk(.tableCopy, operands: 3, [index, index2, flags])
    case .tableInit:
      bulk(.tableInit, operands: 3, [index2, index, isTable64(instruction.index2) ? 1 : 0])
    case .elemDrop: call(.elemDrop, operands: 0, hasResult: false, [index])
    case .tableSize:
      // The record's count, as it is.
      let start = count
      begin(.contextLoad)
      let result = pushResult()
      put(result)
      put(translation.layout.table(index) + 8)
      setLast(start, result, .nop)
    default: return false
    }
    return true
  }
}
