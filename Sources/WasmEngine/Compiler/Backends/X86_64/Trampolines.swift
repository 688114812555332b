import WebAssembly

/// The pieces of machine code between compiled code and everything else. Their frames look like those of compiled code:
/// saved frame pointer, and below it the context.
struct Trampolines {
  /// Where calls that leave the instance put its context, for a host function that asks who called it.
  static let callerContext = Register.r10

  /// Where arguments and results stand in slots: i32, i64, f32 and f64 take one, v128 two.
  struct Slots {
    var types: [IRType]
    var offsets: [Int] = []
    var size = 0

    init(_ types: [IRType]) {
      self.types = types
      for type in types {
        offsets.append(size)
        size += type == .v128 ? 16 : 8
      }
    }
  }

  /// Entry from the host: `(record, slots)`, in the platform's C convention. Sets the context, loads the arguments, calls,
  /// stores the results. How the call ended is in ``StoreContext/statusOffset``, 0 if it completed.
  static func entry(_ parameters: [IRType], _ results: [IRType]) -> [UInt8] {
    let layout = CallLayout(parameters: parameters, results: results)
    var assembler = Assembler()
    enter(&assembler)
    assembler.push(.rsi)
    assembler.push(.rsi)
    assembler.move(.quad, .r11, .of(.rdi))
    assembler.move(.quad, .r10, .of(.rsi))
    let stackBytes = layout.stackBytes + layout.resultStackBytes
    if stackBytes > 0 { assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: Int32(stackBytes)) }
    let slots = Slots(parameters)
    for (index, place) in layout.arguments.enumerated() {
      guard case .stack(let offset) = place else { continue }
      copy(
        &assembler, parameters[index], from: Address(.r10, Int32(slots.offsets[index])),
        to: Address(.rsp, Int32(offset)))
    }
    for (index, place) in layout.arguments.enumerated() {
      if case .register(let register) = place {
        load(&assembler, register, parameters[index], Address(.r10, Int32(slots.offsets[index])))
      }
    }
    assembler.call(.memory(Address(.r11, Int32(FunctionRecord.machineCodeOffset))))
    assembler.move(.quad, .r10, .memory(Address(.rbp, -Int32(activationSize + 8))))
    let resultSlots = Slots(results)
    for (index, place) in layout.results.enumerated() {
      if case .register(let register) = place {
        store(&assembler, register, results[index], Address(.r10, Int32(resultSlots.offsets[index])))
      }
    }
    // The stack pointer is at the area of further results.
    for (index, place) in layout.results.enumerated() {
      guard case .stack(let offset) = place else { continue }
      copy(
        &assembler, results[index], from: Address(.rsp, Int32(offset)),
        to: Address(.r10, Int32(resultSlots.offsets[index])))
    }
    leave(&assembler)
    return bytes(&assembler)
  }

  /// The registers that the platform's C convention preserves, besides the frame pointer.
  private static let preserved: [Register] = [.rbx, .r12, .r13, .r14, .r15]
  /// What an entry keeps of the store's context: what the activation of an interpreter changes, the ``MachineActivation``
  /// of the frames below, and where to leave from anywhere below.
  private static let kept = [
    StoreContext.valueStackTopOffset, StoreContext.lastActivationOffset, StoreContext.lastContextOffset,
    StoreContext.lastPositionOffset, StoreContext.lastFrameOffset, StoreContext.machineExitOffset,
  ]
  /// The bytes between an entry's frame pointer and the stack pointer where it has set up its frame; a multiple of 16.
  static let activationSize = 8 * (1 + preserved.count + kept.count)

  /// The beginning of every entry, whose first argument in rdi is the record: sets up the frame and r15. Changes rax.
  static func enter(_ assembler: inout Assembler) {
    assembler.push(.rbp)
    assembler.move(.quad, .rbp, .of(.rsp))
    assembler.move(.quad, .rax, .memory(Address(.rdi, Int32(FunctionRecord.contextOffset))))
    assembler.push(.rax)
    for register in preserved { assembler.push(register) }
    assembler.move(.quad, .r15, .of(.rax))
    assembler.move(.quad, .rax, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    for offset in kept {
      if offset == StoreContext.machineExitOffset {
        // The activation ends here.
        assembler.move(.quad, Address(.rax, Int32(StoreContext.lastActivationOffset)), .rsp)
      }
      assembler.push(Address(.rax, Int32(offset)))
    }
    assembler.move(.quad, Address(.rax, Int32(StoreContext.machineExitOffset)), .rsp)
  }

  /// The end of an entry whose function has completed. Changes r10 and r11 and none of the registers of results.
  static func leave(_ assembler: inout Assembler) {
    assembler.move(.quad, .r15, .memory(Address(.rbp, -8)))
    unwind(&assembler)
  }

  /// The end of an entry from anywhere below, with a status in rax.
  private static func leaveWithStatus(_ assembler: inout Assembler) {
    assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.move(.quad, Address(.r11, Int32(StoreContext.statusOffset)), .rax)
    unwind(&assembler)
  }

  /// Leaves the innermost entry. r15 is a context of the store.
  private static func unwind(_ assembler: inout Assembler) {
    assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.move(.quad, .rsp, .memory(Address(.r11, Int32(StoreContext.machineExitOffset))))
    for offset in kept.reversed() { assembler.pop(Address(.r11, Int32(offset))) }
    for register in preserved.reversed() { assembler.pop(register) }
    assembler.pop(.r11)
    assembler.pop(.rbp)
    assembler.ret()
  }

  /// What every trap calls: records it by `recordTrap(context, site, end, frame, status) -> status` and leaves.
  static func trapExit(recordTrap: UInt) -> [UInt8] {
    var assembler = Assembler()
    assembler.move(.quad, .rdi, .of(.r15))
    assembler.pop(.rsi)
    assembler.move(.quad, .rdx, .of(.r11))
    assembler.move(.quad, .rcx, .of(.rbp))
    assembler.move(.quad, .r8, .of(.rax))
    assembler.arithmetic(.and, .quad, .of(.rsp), immediate: -16)
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(recordTrap)))
    assembler.call(.of(.rax))
    leaveWithStatus(&assembler)
    return bytes(&assembler)
  }

  /// What compiled code calls to throw the exception in rsi: `throw(context, exception, frame, site) -> status`. It goes on
  /// where the exception is caught, or leaves.
  static func throwExit(throw: UInt) -> [UInt8] {
    var assembler = Assembler()
    assembler.move(.quad, .rdi, .of(.r15))
    assembler.move(.quad, .rdx, .of(.rbp))
    assembler.pop(.rcx)
    assembler.arithmetic(.and, .quad, .of(.rsp), immediate: -16)
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(`throw`)))
    assembler.call(.of(.rax))
    landOrLeave(&assembler)
    return bytes(&assembler)
  }

  /// Goes on where an exception is caught, if the status in rax says so; otherwise leaves.
  static func landOrLeave(_ assembler: inout Assembler) {
    let left = assembler.code.makeLabel()
    assembler.arithmetic(.cmp, .quad, .of(.rax), immediate: Int32(ExecutionStatus.caught.rawValue))
    assembler.jump(if: .notEqual, left)
    assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.move(.quad, .r15, .memory(Address(.r11, Int32(StoreContext.landingContextOffset))))
    assembler.move(.quad, .rbp, .memory(Address(.r11, Int32(StoreContext.landingFrameOffset))))
    // The place itself brings the stack pointer back, which is at a distance from the frame pointer that it knows.
    assembler.jump(.memory(Address(.r11, Int32(StoreContext.landingPositionOffset))))
    assembler.code.bind(left)
    leaveWithStatus(&assembler)
  }

  /// Where the fault handler goes on: `recordFault(context) -> status`, and leaves.
  static func faultExit(recordFault: UInt) -> [UInt8] {
    var assembler = Assembler()
    assembler.move(.quad, .rdi, .of(.r15))
    assembler.arithmetic(.and, .quad, .of(.rsp), immediate: -16)
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(recordFault)))
    assembler.call(.of(.rax))
    leaveWithStatus(&assembler)
    return bytes(&assembler)
  }

  /// Out of compiled code to a function that is not: `call(record, caller context, slots, frame) -> status`.
  static func exit(_ parameters: [IRType], _ results: [IRType], call: UInt) -> [UInt8] {
    let layout = CallLayout(parameters: parameters, results: results)
    let slots = Slots(parameters)
    let resultSlots = Slots(results)
    var assembler = Assembler()
    assembler.push(.rbp)
    assembler.move(.quad, .rbp, .of(.rsp))
    assembler.push(.r15)
    let size = (max(slots.size, resultSlots.size) + 8 + 15) & ~15
    assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: Int32(size - 8))
    for (index, place) in layout.arguments.enumerated() {
      if case .register(let register) = place {
        store(&assembler, register, parameters[index], Address(.rsp, Int32(slots.offsets[index])))
      }
    }
    for (index, place) in layout.arguments.enumerated() {
      guard case .stack(let offset) = place else { continue }
      copy(
        &assembler, parameters[index], from: Address(.rbp, Int32(16 + offset)),
        to: Address(.rsp, Int32(slots.offsets[index])))
    }
    assembler.move(.quad, .rdi, .of(.r11))
    assembler.move(.quad, .rsi, .of(callerContext))
    assembler.move(.quad, .rdx, .of(.rsp))
    assembler.move(.quad, .rcx, .of(.rbp))
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(call)))
    assembler.call(.of(.rax))
    let failed = assembler.code.makeLabel()
    assembler.test(.quad, .of(.rax), .rax)
    assembler.jump(if: .notEqual, failed)
    for (index, place) in layout.results.enumerated() {
      guard case .stack(let offset) = place else { continue }
      copy(
        &assembler, results[index], from: Address(.rsp, Int32(resultSlots.offsets[index])),
        to: Address(.rbp, Int32(16 + layout.stackBytes + offset)))
    }
    for (index, place) in layout.results.enumerated() {
      if case .register(let register) = place {
        load(&assembler, register, results[index], Address(.rsp, Int32(resultSlots.offsets[index])))
      }
    }
    assembler.move(.quad, .rsp, .of(.rbp))
    assembler.pop(.rbp)
    assembler.ret(popping: UInt16(layout.stackBytes))
    assembler.code.bind(failed)
    landOrLeave(&assembler)
    return bytes(&assembler)
  }

  /// Stands in the record of a function that is not compiled yet, and of a host function for whose exit there was no room:
  /// `compile(record) -> code` makes the code, and it goes on there with the arguments and the caller's context as they were.
  static func lazy(compile: UInt) -> [UInt8] {
    var assembler = Assembler()
    assembler.push(.rbp)
    assembler.move(.quad, .rbp, .of(.rsp))
    assembler.push(.r15)
    assembler.push(.r11)
    assembler.push(callerContext)
    for register in CallLayout.integerArguments { assembler.push(register) }
    // With the return address that is an odd number of words.
    let vectors = CallLayout.vectorArgumentCount
    assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: Int32(vectors * 16 + 8))
    for index in 0..<vectors {
      assembler.store(.movups, Address(.rsp, Int32(index * 16)), VectorRegister(UInt8(index)), avx: false)
    }
    assembler.move(.quad, .rdi, .of(.r11))
    assembler.move(.rax, constant: Int64(bitPattern: UInt64(compile)))
    assembler.call(.of(.rax))
    for index in 0..<vectors {
      assembler.load(.movups, VectorRegister(UInt8(index)), Address(.rsp, Int32(index * 16)), avx: false)
    }
    assembler.arithmetic(.add, .quad, .of(.rsp), immediate: Int32(vectors * 16 + 8))
    for register in CallLayout.integerArguments.reversed() { assembler.pop(register) }
    assembler.pop(callerContext)
    assembler.pop(.r11)
    assembler.pop(.r15)
    assembler.pop(.rbp)
    assembler.jump(.of(.rax))
    return bytes(&assembler)
  }

  private static func load(_ assembler: inout Assembler, _ register: VirtualRegister, _ type: IRType, _ source: Address)
  {
    if type.inVectorRegister {
      assembler.load(
        type == .f32 ? .movss : type == .f64 ? .movsd : .movups, VectorRegister(UInt8(register.id - 16)), source,
        avx: false)
    } else {
      assembler.move(type == .i32 ? .double : .quad, Register(number: UInt8(register.id)), .memory(source))
    }
  }

  private static func store(
    _ assembler: inout Assembler, _ register: VirtualRegister, _ type: IRType, _ target: Address
  ) {
    if type == .f32 {
      // The upper half of the slot is clear, as everywhere.
      assembler.move(.quad, target, immediate: 0)
      assembler.store(.movss, target, VectorRegister(UInt8(register.id - 16)), avx: false)
    } else if type.inVectorRegister {
      assembler.store(type == .f64 ? .movsd : .movups, target, VectorRegister(UInt8(register.id - 16)), avx: false)
    } else {
      assembler.move(.quad, target, Register(number: UInt8(register.id)))
    }
  }

  /// From memory to memory, by rax. 32-bit values have their upper half cleared, as everywhere.
  private static func copy(_ assembler: inout Assembler, _ type: IRType, from source: Address, to target: Address) {
    for word in stride(from: Int32(0), to: type == .v128 ? 16 : 8, by: 8) {
      var from = source
      var to = target
      from.displacement += word
      to.displacement += word
      assembler.move(type == .i32 || type == .f32 ? .double : .quad, .rax, .memory(from))
      assembler.move(.quad, to, .rax)
    }
  }

  static func bytes(_ assembler: inout Assembler) -> [UInt8] {
    // No type makes them larger than fields are (``CallLayout``).
    precondition(assembler.code.resolve(), "a trampoline that does not fit")
    return Array(UnsafeBufferPointer(start: assembler.code.bytes, count: assembler.code.count))
  }
}
