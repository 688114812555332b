import WebAssembly

/// Between the host and functions of few parameters and at most one result, each of one word: nearly all that are called often.
/// What the trampolines of every type pass in memory is in registers here.
extension Trampolines {
  /// The most parameters: with a record and a context they are the six registers of the C convention.
  static let mostWords = 4

  /// Whether functions of a type can be called in this way.
  static func areWords(_ type: FunctionType) -> Bool {
    type.parameters.count <= mostWords && type.parameterSlots == type.parameters.count
      && type.results.count <= 1 && type.resultSlots == type.results.count
  }

  /// Entry from the host: `(record, words…) -> word`. If the native stack is not the one whose bounds the store's context
  /// has, or what of it may be used is used up, the status is ``ExecutionStatus/wrongStack`` and nothing is done.
  static func wordEntry(_ parameters: [IRType], _ results: [IRType]) -> [UInt8] {
    let layout = CallLayout(parameters: parameters, results: results)
    var assembler = Assembler()
    enter(&assembler)
    let wrong = assembler.code.makeLabel()
    assembler.arithmetic(.cmp, .quad, .rsp, .memory(Address(.rax, Int32(StoreContext.nativeStackLimitOffset))))
    assembler.jump(if: .belowOrEqual, wrong)
    assembler.arithmetic(.cmp, .quad, .rsp, .memory(Address(.rax, Int32(StoreContext.nativeStackStartOffset))))
    assembler.jump(if: .aboveOrEqual, wrong)
    assembler.move(.quad, .r11, .of(.rdi))
    // No word goes where a later one comes from.
    for (index, place) in layout.arguments.enumerated() {
      guard case .register(let target) = place else { continue }
      let source = CallLayout.integerArguments[index + 1]
      if parameters[index].inVectorRegister {
        assembler.moveToVector(
          parameters[index] == .f32 ? .double : .quad, VectorRegister(UInt8(target.id - 16)), .of(source), avx: false)
      } else {
        assembler.move(.quad, Register(number: UInt8(target.id)), .of(source))
      }
    }
    assembler.call(.memory(Address(.r11, Int32(FunctionRecord.machineCodeOffset))))
    if let result = results.first, result.inVectorRegister {
      assembler.moveFromVector(result == .f32 ? .double : .quad, .of(.rax), VectorRegister(0), avx: false)
    }
    leave(&assembler)
    assembler.code.bind(wrong)
    assembler.move(
      .quad, Address(.rax, Int32(StoreContext.statusOffset)), immediate: Int32(ExecutionStatus.wrongStack.rawValue))
    leave(&assembler)
    return bytes(&assembler)
  }

  /// Out of compiled code to a host function: `call(record, caller context, words…) -> word`. The calling function has looked
  /// at the limit of the stack.
  static func wordExit(_ parameters: [IRType], _ results: [IRType], call: UInt) -> [UInt8] {
    let layout = CallLayout(parameters: parameters, results: results)
    var assembler = Assembler()
    assembler.push(.rbp)
    assembler.move(.quad, .rbp, .of(.rsp))
    assembler.push(.r15)
    assembler.push(.r15)
    // No word goes where an earlier one comes from.
    for (index, place) in layout.arguments.enumerated().reversed() {
      guard case .register(let source) = place else { continue }
      let target = CallLayout.integerArguments[index + 2]
      if parameters[index].inVectorRegister {
        assembler.moveFromVector(
          parameters[index] == .f32 ? .double : .quad, .of(target), VectorRegister(UInt8(source.id - 16)), avx: false)
      } else {
        assembler.move(.quad, target, .of(Register(number: UInt8(source.id))))
      }
    }
    assembler.move(.quad, .rdi, .of(.r11))
    assembler.move(.quad, .rsi, .of(callerContext))
    // The innermost frame is the caller's. If it did not keep its context, that would be the callee's, and a host function
    // has none.
    assembler.move(.quad, .rax, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.move(.quad, .r10, .memory(Address(.rbp)))
    assembler.arithmetic(.or, .quad, .of(.r10), immediate: Int32(MachineFrames.mark))
    assembler.move(.quad, Address(.rax, Int32(StoreContext.lastFrameOffset)), .r10)
    assembler.move(.quad, .r10, .memory(Address(.rbp, 8)))
    assembler.move(.quad, Address(.rax, Int32(StoreContext.lastPositionOffset)), .r10)
    assembler.move(.quad, Address(.rax, Int32(StoreContext.lastContextOffset)), .r15)
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(call)))
    assembler.call(.of(.rax))
    let failed = assembler.code.makeLabel()
    assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.arithmetic(.cmp, .quad, .memory(Address(.r11, Int32(StoreContext.statusOffset))), immediate: 0)
    assembler.jump(if: .notEqual, failed)
    if let result = results.first, result.inVectorRegister {
      assembler.moveToVector(result == .f32 ? .double : .quad, VectorRegister(0), .of(.rax), avx: false)
    }
    assembler.move(.quad, .rsp, .of(.rbp))
    assembler.pop(.rbp)
    assembler.ret()
    assembler.code.bind(failed)
    assembler.move(.quad, .rax, .memory(Address(.r11, Int32(StoreContext.statusOffset))))
    assembler.move(.quad, Address(.r11, Int32(StoreContext.statusOffset)), immediate: 0)
    landOrLeave(&assembler)
    return bytes(&assembler)
  }
}
