import WebAssembly

/// Checks that trap, and conditional moves that keep what was checked within bounds where the processor goes on although
/// the branch to the trap is about to be taken.
extension Lowering {
  /// A copy of a value, and what it becomes by ``clamp(_:if:)``.
  struct Clamp {
    var value: VirtualRegister
    var replacement: VirtualRegister
    var size: OperandSize
  }

  /// To be called before the flags are set.
  mutating func beginClamp(
    _ value: VirtualRegister, to replacement: Int64, _ size: OperandSize, into target: VirtualRegister = .none
  ) -> Clamp {
    let safe = target.exists ? target : machine.newRegister(isVector: false)
    let other = machine.newRegister(isVector: false)
    emitMove(safe, value)
    emitConstant(other, replacement)
    return Clamp(value: safe, replacement: other, size: size)
  }

  /// To be called behind a branch under the same condition.
  mutating func clamp(_ clamp: Clamp, if condition: Condition) {
    var move = MachineInstruction(.moveIf)
    move.size = clamp.size
    move.sub = condition.rawValue
    move.d = clamp.value
    move.a = clamp.value
    move.b = clamp.replacement
    emit(move)
  }

  mutating func lowerIndexCheck(_ value: IRValue, _ instruction: IRInstruction) {
    let index = use(instruction.a)
    let safe = useCounts[value.index] > 0 ? beginClamp(index, to: 0, .quad, into: define(value)) : nil
    var compare = MachineInstruction(.compare)
    compare.size = .quad
    compare.a = index
    setOperand(&compare, instruction.b, immediate: true)
    emit(compare)
    trap(if: .aboveOrEqual, Trap.Kind(rawValue: UInt8(instruction.aux)) ?? .undefinedElement)
    if let safe { clamp(safe, if: .aboveOrEqual) }
  }

  mutating func lowerBoundsCheck(_ value: IRValue, _ instruction: IRInstruction) {
    let access = CheckedAccess(tag: instruction.c)
    let (memory, width) = (access.memory, access.width)
    let end = machine.newRegister(isVector: false)
    let index = use(instruction.a)
    // Nobody asks for the result where speculation is not guarded.
    let offset = instruction.imm - Int64(width)
    let safe =
      useCounts[value.index] > 0
      ? beginClamp(index, to: instruction.aux & 2 != 0 ? -offset : 0, .quad, into: define(value)) : nil
    if instruction.aux & 1 == 0, let distance = Int32(exactly: instruction.imm) {
      var lea = MachineInstruction(.loadAddress)
      lea.size = .quad
      lea.isMemory = true
      lea.b = index
      lea.displacement = distance
      lea.d = end
      emit(lea)
    } else {
      // A sum that may wrap: the carry says so.
      let extent = machine.newRegister(isVector: false)
      emitConstant(extent, instruction.imm)
      emitMove(end, index)
      var add = MachineInstruction(.arithmetic)
      add.size = .quad
      add.sub = Arithmetic.add.rawValue
      add.d = end
      add.a = end
      add.b = extent
      emit(add)
      trap(if: .below, .outOfBoundsMemoryAccess, end: end, memory: memory, width: width)
      if let safe { clamp(safe, if: .below) }
    }
    var compare = MachineInstruction(.compare)
    compare.size = .quad
    compare.a = end
    setOperand(&compare, instruction.b, immediate: true)
    emit(compare)
    trap(if: .above, .outOfBoundsMemoryAccess, end: end, memory: memory, width: width)
    if let safe { clamp(safe, if: .above) }
  }
}
