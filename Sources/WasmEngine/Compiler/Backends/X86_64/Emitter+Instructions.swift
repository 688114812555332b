extension Emitter {
  /// The second operand: memory as the instruction says, else the place of `b`, which may be a stack slot.
  private func operand(
    _ instruction: MachineInstruction, _ b: AllocatorMove.Place, _ x: AllocatorMove.Place, isVector: Bool = false
  ) -> RegisterOrMemory {
    if instruction.isMemory { return .memory(memory(instruction, b, x)) }
    if b.isRegister { return .register(UInt8(b.raw & 15)) }
    return .memory(address(b, isVector: isVector))
  }

  /// The immediate of an instruction: of as many bits as its operands have, with a sign or without, or of 32 that are
  /// sign-extended to 64; nil where it has more.
  private func immediate(_ instruction: MachineInstruction) -> Int32? {
    let value = instruction.imm
    switch instruction.size {
    case .byte: return (-0x80...0xFF).contains(value) ? Int32(value) : nil
    case .word: return (-0x8000...0xFFFF).contains(value) ? Int32(value) : nil
    case .double: return Int32(exactly: value) ?? UInt32(exactly: value).map { Int32(bitPattern: $0) }
    case .quad: return Int32(exactly: value)
    }
  }

  private func memory(_ instruction: MachineInstruction, _ b: AllocatorMove.Place, _ x: AllocatorMove.Place) -> Address
  {
    if instruction.isPoolConstant { return Address(label(ofConstant: Int(instruction.displacement))) }
    var result = Address(instruction.b.exists ? general(b) : nil, instruction.displacement)
    if instruction.x.exists {
      result.index = general(x)
      result.scale = instruction.scale
    }
    return result
  }

  /// Writes an instruction with its registers. False if places do not fit it.
  mutating func emitInstruction(
    _ instruction: inout MachineInstruction, _ block: Int, _ index: Int, _ d: AllocatorMove.Place,
    _ a: AllocatorMove.Place, _ b: AllocatorMove.Place, _ x: AllocatorMove.Place
  ) -> Bool {
    let size = instruction.size
    if instruction.memory != .max, instruction.isMemory {
      accesses.append(
        AccessSite(
          codeOffset: assembler.code.position, position: instruction.position, memory: instruction.memory,
          width: instruction.accessWidth, memory(instruction, b, x),
          isSequence: !instruction.operation.isOneInstruction))
    }
    switch instruction.operation {
    case .nothing:
      break
    case .move:
      emitMove(a, d, isVector: machine.isVector[instruction.d.index])
    case .moveConstant where instruction.imm == 0 && !flagsAreRead(after: index, in: block):
      assembler.arithmetic(.xor, .double, general(d), .of(general(d)))
      noteInStep { $0.writesFlags = true }
    case .moveConstant:
      assembler.move(general(d), constant: instruction.imm)
    case .moveVectorConstant:
      if instruction.imm < 0 {
        assembler.vector(.pxor, vector(d), vector(d), .of(vector(d)), avx: avx)
      } else {
        assembler.load(.movups, vector(d), Address(label(ofConstant: Int(instruction.imm))), avx: avx)
      }
    case .arithmetic:
      guard a == d, let operation = Arithmetic(rawValue: instruction.sub) else { return false }
      if instruction.usesImmediate {
        guard let immediate = immediate(instruction) else { return false }
        assembler.arithmetic(operation, size, .of(general(d)), immediate: immediate)
      } else {
        assembler.arithmetic(operation, size, general(d), operand(instruction, b, x))
      }
    case .compare:
      if instruction.usesImmediate {
        guard let immediate = immediate(instruction) else { return false }
        assembler.arithmetic(.cmp, size, .of(general(a)), immediate: immediate)
      } else {
        assembler.arithmetic(.cmp, size, general(a), operand(instruction, b, x))
      }
    case .test:
      if instruction.usesImmediate {
        guard let immediate = immediate(instruction) else { return false }
        assembler.test(size, .of(general(a)), immediate: immediate)
      } else {
        assembler.test(size, operand(instruction, b, x), general(a))
      }
    case .loadAddress:
      assembler.loadAddress(size, general(d), memory(instruction, b, x))
    case .multiply:
      guard a == d else { return false }
      assembler.multiply(size, general(d), operand(instruction, b, x))
    case .multiplyConstant:
      guard let immediate = immediate(instruction) else { return false }
      assembler.multiply(size, general(d), operand(instruction, b, x), immediate: immediate)
    case .shiftConstant:
      guard a == d, let shift = Shift(rawValue: instruction.sub), let count = UInt8(exactly: instruction.imm) else {
        return false
      }
      assembler.shift(shift, size, .of(general(d)), by: count)
    case .shift:
      guard a == d, let shift = Shift(rawValue: instruction.sub) else { return false }
      assembler.shiftByCL(shift, size, .of(general(d)))
    case .shiftFlagless:
      assembler.shift(
        FlaglessShift.allCases[Int(instruction.sub)], size, general(d), operand(instruction, b, x), by: general(a))
    case .rotateConstant:
      guard let count = UInt8(exactly: instruction.imm) else { return false }
      assembler.rotate(size, general(d), operand(instruction, b, x), by: count)
    case .unary:
      guard a == d, let operation = UnaryArithmetic(rawValue: instruction.sub) else { return false }
      assembler.unary(operation, size, .of(general(d)))
    case .count:
      assembler.count(
        [BitCount.popcnt, .tzcnt, .lzcnt][Int(instruction.sub)], size, general(d), operand(instruction, b, x))
    case .bitScan:
      assembler.bitScan(forward: instruction.sub == 0, size, general(d), operand(instruction, b, x))
    case .extend:
      let from = OperandSize(rawValue: instruction.sub & 3) ?? .double
      let source = operand(instruction, b, x)
      if instruction.sub & 4 != 0, from.rawValue < size.rawValue {
        assembler.moveSignExtended(from, to: size, general(d), source)
      } else {
        assembler.moveZeroExtended(from, general(d), source)
      }
    case .store:
      assembler.move(size, memory(instruction, b, x), general(a))
    case .storeConstant:
      guard let immediate = immediate(instruction) else { return false }
      assembler.move(size, memory(instruction, b, x), immediate: immediate)
    case .arithmeticMemory:
      guard let operation = Arithmetic(rawValue: instruction.sub) else { return false }
      if instruction.usesImmediate {
        guard let immediate = immediate(instruction) else { return false }
        assembler.arithmetic(operation, size, .memory(memory(instruction, b, x)), immediate: immediate)
      } else {
        assembler.arithmetic(operation, size, memory(instruction, b, x), general(a))
      }
    case .set:
      guard let condition = Condition(rawValue: instruction.sub) else { return false }
      assembler.set(condition, general(d))
      assembler.moveZeroExtended(.byte, general(d), .of(general(d)))
    case .moveIf:
      guard a == d, let condition = Condition(rawValue: instruction.sub) else { return false }
      assembler.moveIf(condition, size, general(d), operand(instruction, b, x))
    case .divide, .multiplyWide:
      guard let operation = UnaryArithmetic(rawValue: instruction.sub) else { return false }
      assembler.unary(operation, size, operand(instruction, b, x))
    case .signExtendAccumulator:
      assembler.signExtendAccumulator(size)
    case .toVector:
      assembler.moveToVector(size, vector(d), operand(instruction, b, x), avx: avx)
    case .fromVector:
      assembler.moveFromVector(size, .of(general(d)), vector(a), avx: avx)
    default:
      if instruction.operation.rawValue >= MachineOperation.jump.rawValue {
        return emitControl(instruction, block, index, d, a, b)
      }
      return emitVector(instruction, d, a, b, x)
    }
    return true
  }

  /// Whether an instruction lies between one that sets the flags and one that reads them.
  private func flagsAreRead(after index: Int, in block: Int) -> Bool {
    for instruction in machine.instructions[index + 1..<Int(machine.blocks[block].end)] {
      switch instruction.operation {
      case _ where instruction.readsFlags: return true
      case .arithmetic, .arithmeticMemory, .compare, .test, .multiply, .multiplyConstant, .vectorCompare, .jump, .call,
        .callDirect, .callRuntime, .ret:
        return false
      default: continue
      }
    }
    return false
  }

  private mutating func emitVector(
    _ instruction: MachineInstruction, _ d: AllocatorMove.Place, _ a: AllocatorMove.Place, _ b: AllocatorMove.Place,
    _ x: AllocatorMove.Place
  ) -> Bool {
    let second = operand(instruction, b, x, isVector: true)
    switch instruction.operation {
    case .vectorBinary:
      guard let operation = VectorBinary(rawValue: instruction.opcode) else { return false }
      combine(operation, vector(d), vector(a), second)
    case .vectorUnary:
      guard let operation = VectorUnary(rawValue: instruction.opcode) else { return false }
      apply(operation, vector(d), second)
    case .vectorBinaryImmediate:
      guard let operation = VectorBinaryImmediate(rawValue: instruction.opcode),
        let immediate = UInt8(exactly: instruction.imm)
      else { return false }
      combine(operation, vector(d), vector(a), second, immediate)
    case .vectorUnaryImmediate:
      guard let operation = VectorUnaryImmediate(rawValue: instruction.opcode),
        let immediate = UInt8(exactly: instruction.imm)
      else { return false }
      apply(operation, vector(d), second, immediate)
    case .vectorShift:
      guard let opcode = UInt16(exactly: instruction.opcode), let operation = VectorShift(rawValue: opcode),
        let count = UInt8(exactly: instruction.imm)
      else { return false }
      shift(operation, vector(d), vector(a), by: count)
    case .vectorBlend:
      guard avx, let operation = VectorBlend(rawValue: instruction.opcode) else { return false }
      assembler.blend(operation, vector(d), vector(a), second, mask: vector(x))
    case .vectorCompare:
      guard let operation = VectorUnary(rawValue: instruction.opcode) else { return false }
      apply(operation, vector(a), second)
    case .vectorLoad:
      assembler.load(Self.vectorMove(instruction.sub), vector(d), memory(instruction, b, x), avx: avx)
    case .vectorStore:
      assembler.store(Self.vectorMove(instruction.sub), memory(instruction, b, x), vector(a), avx: avx)
    case .convertToFloat:
      // The upper lanes would make it wait for what was in the register before.
      let clear = avx ? VectorRegister(15) : vector(d)
      assembler.vector(.pxor, clear, clear, .of(clear), avx: avx)
      assembler.convertToFloat(
        isDouble: instruction.sub == 1, vector(d), clear, instruction.size, operand(instruction, b, x), avx: avx)
    case .convertToInteger:
      assembler.convertToInteger(
        isDouble: instruction.sub == 1, instruction.size, general(d), operand(instruction, b, x, isVector: true),
        avx: avx)
    case .insertLane:
      guard let lane = UInt8(exactly: instruction.imm) else { return false }
      let first = firstOperand(vector(d), vector(a))
      assembler.insertLane(instruction.size, vector(d), first, operand(instruction, b, x), lane: lane, avx: avx)
    case .extractLane:
      guard let lane = UInt8(exactly: instruction.imm) else { return false }
      assembler.extractLane(instruction.size, .of(general(d)), vector(a), lane: lane, avx: avx)
    case .signs:
      assembler.signs(Assembler.SignMask.allCases[Int(instruction.sub)], general(d), vector(a), avx: avx)
    case .floatExtreme: emitFloatExtreme(instruction, vector(d), vector(b))
    case .convertUnsigned64: emitConvertUnsigned64(instruction, vector(d), general(b))
    case .truncateUnsigned64: emitTruncateUnsigned64(instruction, general(d), vector(b))
    case .truncateSaturating: emitTruncateSaturating(instruction, general(d), vector(b))
    case .moveIfVector:
      guard a == d, let condition = Condition(rawValue: instruction.sub) else { return false }
      let skip = assembler.code.makeLabel()
      assembler.jump(if: condition.negated, skip, isNear: true)
      assembler.move(vector(d), vector(b), avx: avx)
      assembler.code.bind(skip)
    default:
      return false
    }
    return true
  }

  static func vectorMove(_ sub: UInt8) -> VectorMove { sub == 0 ? .movss : sub == 1 ? .movsd : .movups }

  private mutating func emitControl(
    _ instruction: MachineInstruction, _ block: Int, _ index: Int, _ d: AllocatorMove.Place,
    _ a: AllocatorMove.Place, _ b: AllocatorMove.Place
  ) -> Bool {
    switch instruction.operation {
    case .jump:
      let target = Int(instruction.imm)
      // A jump to the next block is none, nor is one that has become part of the branch before it.
      if index == dissolvedJump { noteInStep { $0.isTurned = true } }
      guard destination(target) != blockAfter(block), index != dissolvedJump else { break }
      assembler.jump(label(ofBlock: target), isNear: isNear(destination(target), from: index, in: block))
    case .jumpIf:
      guard var condition = Condition(rawValue: instruction.sub) else { return false }
      var target = Int(instruction.imm)
      let next = machine.instructions[index + 1]
      if destination(target) == blockAfter(block), next.operation == .jump, !isMoved[index + 1] {
        // The other way round, so that the jump behind it is none. Moves in front of that would be on the wrong way.
        noteInStep { $0.isTurned = true }
        condition = condition.negated
        target = Int(next.imm)
        dissolvedJump = index + 1
      }
      assembler.jump(
        if: condition, label(ofBlock: target), isNear: isNear(destination(target), from: index, in: block))
    case .jumpTable:
      let table = label(ofTable: Int(instruction.imm))
      assembler.loadAddress(.quad, .r11, Address(table))
      assembler.moveSignExtended(.double, to: .quad, general(d), .memory(Address(.r11, index: general(a), scale: 2)))
      assembler.arithmetic(.add, .quad, .r11, .of(general(d)))
      assembler.jump(.of(.r11))
    case .trapIf:
      guard let condition = Condition(rawValue: instruction.sub) else { return false }
      let trap = coldTrap(Int(instruction.imm), end: instruction.a.exists ? general(a) : nil)
      assembler.jump(if: condition, trap)
    case .trap:
      emitTrap(Int(instruction.imm))
    case .interruptCheck where instruction.sub == 1:
      let page = Address(general(a))
      accesses.append(
        AccessSite(
          codeOffset: assembler.code.position, position: instruction.position, memory: AccessSite.interruptPage,
          width: 4,
          page))
      assembler.test(.double, .memory(page), .rax)
    case .interruptCheck:
      assembler.arithmetic(
        .cmp, .quad, .memory(Address(general(a), Int32(StoreContext.interruptOffset))), immediate: 0)
      assembler.jump(if: .notEqual, coldTrap(Int(instruction.imm), end: nil))
    case .fuel:
      assembler.arithmetic(
        .sub, .quad, .memory(Address(general(a), Int32(StoreContext.fuelOffset))), immediate: instruction.displacement)
      assembler.jump(if: .sign, coldTrap(Int(instruction.imm), end: nil))
    case .call:
      assembler.move(.quad, Trampolines.callerContext, .of(.r15))
      assembler.move(.quad, .r15, .memory(Address(.r11, Int32(FunctionRecord.contextOffset))))
      assembler.call(.memory(Address(.r11, Int32(FunctionRecord.machineCodeOffset))))
      callSite(instruction, throwingIn: block)
      assembler.move(.quad, .r15, .memory(Address(.rbp, -8)))
    case .callDirect:
      if instruction.sub == 1 {
        assembler.call(entry)
      } else {
        assembler.loadAddress(.quad, .r11, Address(.r15, instruction.displacement))
        assembler.call(.memory(Address(.r11, Int32(FunctionRecord.machineCodeOffset))))
      }
      callSite(instruction, throwingIn: block)
      if machine.hasOutwardCalls { assembler.move(.quad, .r15, .memory(Address(.rbp, -8))) }
    case .throwException:
      assembler.call(.memory(Address(.r15, Int32(VMContext.throwExitOffset))))
      callSite(instruction, throwingIn: block)
    case .callRuntime:
      assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
      assembler.move(.quad, Address(.r11, Int32(StoreContext.machineFrameOffset)), .rbp)
      assembler.move(.quad, Address(.r11, Int32(StoreContext.machineStackOffset)), .rsp)
      assembler.move(.quad, .r11, .memory(Address(.r11, Int32(StoreContext.runtimeTableOffset))))
      assembler.call(.memory(Address(.r11, Int32(instruction.imm) * 8)))
      callSite(instruction)
      if instruction.sub == 1 {
        assembler.test(.double, .of(.rax), .rax)
        // The runtime has recorded what the trap is; the site says where.
        machine.trapSites.append(TrapSite(kind: nil, position: instruction.position))
        assembler.jump(if: .notEqual, coldTrap(machine.trapSites.count - 1, end: nil))
      }
    case .tailCall:
      emitTailCall(instruction)
    case .ret:
      emitEpilogue(for: instruction)
    case .adjustStack:
      guard let bytes = Int32(exactly: instruction.imm) else { return false }
      assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: bytes)
    default:
      return false
    }
    return true
  }

  /// Replaces this frame by the arguments that lie at the stack pointer, and jumps to the function whose record is in r11.
  private mutating func emitTailCall(_ instruction: MachineInstruction) {
    let stackBytes = Int(instruction.imm)
    // r10, rax and rbx are no arguments.
    let shift = 16 + incomingStackBytes - stackBytes
    restoreSaved(for: instruction)
    assembler.move(.quad, .r10, .memory(Address(.rbp, 8)))
    assembler.move(.quad, .rax, .memory(Address(.rbp)))
    // From the last word on, since the new place is above the old one.
    for offset in stride(from: stackBytes - 8, through: 0, by: -8) {
      assembler.move(.quad, .rbx, .memory(Address(.rsp, Int32(offset))))
      assembler.move(.quad, Address(.rbp, Int32(shift + offset)), .rbx)
    }
    assembler.loadAddress(.quad, .rsp, Address(.rbp, Int32(shift - 8)))
    assembler.move(.quad, Address(.rsp), .r10)
    assembler.move(.quad, .rbp, .of(.rax))
    assembler.move(.quad, Trampolines.callerContext, .of(.r15))
    assembler.move(.quad, .r15, .memory(Address(.r11, Int32(FunctionRecord.contextOffset))))
    assembler.jump(.memory(Address(.r11, Int32(FunctionRecord.machineCodeOffset))))
  }
}
