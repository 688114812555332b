import WebAssembly

extension Lowering {
  mutating func lowerCall(_ value: IRValue, _ instruction: IRInstruction) throws(CompilationRefusal) {
    machine.hasCalls = true
    let pooled = ir.argumentSlice(instruction.a.id, instruction.b.id)
    switch instruction.operation {
    case .callRuntime:
      lowerRuntimeCall(value, instruction, pooled)
    case .call:
      let layout = layout(ofType: environment.module.spaces.functions[Int(instruction.imm)])
      passArguments(pooled, layout)
      var call = MachineInstruction(.callDirect)
      call.sub = instruction.imm == Int64(ir.index) ? 1 : 0
      if call.sub == 1 { machine.hasSelfCalls = true }
      call.displacement = field(
        environment.layout.functionRecord(Int(instruction.imm)), "an offset in the context")
      call.imm = Int64(layout.stackBytes)
      call.opcode = layout.argumentBits
      call.definitions = layout.resultBits
      emit(call)
      takeResults(value, layout)
      if environment.contextMayChange { machine.hasOutwardCalls = true }
    case .callRecord:
      let types = pooled.dropFirst().map { ir.type($0) }
      let layout = CallLayout(parameters: types, results: resultTypes(of: value, instruction))
      let record = use(pooled[pooled.startIndex])
      passArguments(pooled.dropFirst(), layout)
      emitMove(Self.record, record)
      var call = MachineInstruction(.call)
      call.imm = Int64(layout.stackBytes)
      call.opcode = layout.argumentBits
      call.definitions = layout.resultBits
      emit(call)
      takeResults(value, layout)
      machine.hasOutwardCalls = true
    default:
      let types = pooled.dropFirst().map { ir.type($0) }
      let layout = CallLayout(parameters: types, results: [])
      let record = use(pooled[pooled.startIndex])
      passArguments(pooled.dropFirst(), layout)
      emitMove(Self.record, record)
      var call = MachineInstruction(.tailCall)
      call.imm = Int64(layout.stackBytes)
      call.opcode = layout.argumentBits
      call.definitions = layout.resultBits
      emit(call)
    }
  }

  /// The layout of calls of functions of a type of the module.
  private mutating func layout(ofType index: UInt32) -> CallLayout {
    if layouts.isEmpty { layouts = Array(repeating: nil, count: environment.module.module.types.count) }
    if let layout = layouts[Int(index)] { return layout }
    let type = environment.functionType(index)
    let layout = CallLayout(
      parameters: type.parameters.map { IRType($0) }, results: type.results.map { IRType($0) })
    layouts[Int(index)] = layout
    return layout
  }

  /// The types of all results of a call: the first is the call's own, the others those of the `result`s that follow it.
  private func resultTypes(of value: IRValue, _ instruction: IRInstruction) -> [IRType] {
    guard instruction.aux > 0 else { return [] }
    var types = [instruction.type]
    for index in 1..<max(1, Int(instruction.aux)) { types.append(ir.instructions[value.index + index].type) }
    return types
  }

  private mutating func passArguments(_ arguments: ArraySlice<IRValue>, _ layout: CallLayout) {
    adjustStack(by: layout.stackBytes + layout.resultStackBytes)
    for (argument, place) in zip(arguments, layout.arguments) {
      if case .stack(let offset) = place { storeToStack(argument, Self.stackPointer, offset) }
    }
    argumentMoves.removeAll(keepingCapacity: true)
    for (argument, place) in zip(arguments, layout.arguments) {
      guard case .register(let register) = place else { continue }
      if ir[argument].operation == .constant, register.id < 16 { continue }
      argumentMoves.append((register, use(argument)))
    }
    for index in argumentMoves.indices { emitMove(argumentMoves[index].place, argumentMoves[index].source) }
    // Constants are made right where they are passed.
    for (argument, place) in zip(arguments, layout.arguments) {
      guard case .register(let register) = place, register.id < 16, let bits = ir.constant(argument) else { continue }
      emitConstant(register, bits)
    }
  }

  private mutating func takeResults(_ value: IRValue, _ layout: CallLayout) {
    for (index, place) in layout.results.enumerated() {
      let result = IRValue(value.index + index)
      if case .register(let register) = place, useCounts[result.index] > 0 { emitMove(define(result), register) }
    }
    for (index, place) in layout.results.enumerated() {
      let result = IRValue(value.index + index)
      if case .stack(let offset) = place, useCounts[result.index] > 0 {
        loadFromStack(result, Self.stackPointer, offset)
      }
    }
    adjustStack(by: -layout.resultStackBytes)
  }

  private mutating func adjustStack(by bytes: Int) {
    guard bytes != 0 else { return }
    var adjust = MachineInstruction(.adjustStack)
    adjust.imm = Int64(bytes)
    emit(adjust)
  }

  /// Writes an argument or a result to its place on the stack: a word, or two of a vector.
  private mutating func storeToStack(_ value: IRValue, _ base: VirtualRegister, _ offset: Int) {
    let type = ir.type(value)
    var store = MachineInstruction(type.inVectorRegister ? .vectorStore : .store)
    if type.inVectorRegister { store.sub = type == .f32 ? 0 : type == .f64 ? 1 : 2 } else { store.size = .quad }
    store.a = use(value)
    store.isMemory = true
    store.b = base
    store.displacement = field(offset, "an offset in the stack")
    emit(store)
  }

  /// Reads an argument or a result from its place on the stack.
  mutating func loadFromStack(_ value: IRValue, _ base: VirtualRegister, _ offset: Int) {
    let type = ir.type(value)
    var load = MachineInstruction(type.inVectorRegister ? .vectorLoad : .extend)
    if type.inVectorRegister {
      load.sub = type == .f32 ? 0 : type == .f64 ? 1 : 2
    } else {
      load.size = size(type)
      load.sub = size(type).rawValue
    }
    load.isMemory = true
    load.d = define(value)
    load.b = base
    load.displacement = field(offset, "an offset in the stack")
    emit(load)
  }

  /// A call into the runtime, in the platform's convention: the context, then the operands as integers, the result in rax.
  private mutating func lowerRuntimeCall(
    _ value: IRValue, _ instruction: IRInstruction, _ operands: ArraySlice<IRValue>
  ) {
    let places: [Register] = [.rdi, .rsi, .rdx, .rcx, .r8, .r9]
    let sources = operands.map { use($0) }
    for (source, place) in zip(sources, places.dropFirst()) { emitMove(VirtualRegister(place), source) }
    emitMove(VirtualRegister(places[0]), Self.context)
    var call = MachineInstruction(.callRuntime)
    call.imm = instruction.imm
    call.sub = instruction.aux & 1 != 0 ? 1 : 0
    for place in places[...operands.count] { call.opcode |= 1 << UInt32(place.number) }
    call.definitions = 1
    emit(call)
    if instruction.type != .none { emitMove(define(value), VirtualRegister(Register.rax)) }
  }

  mutating func lowerReturn(_ instruction: IRInstruction) {
    let layout = CallLayout(parameters: [], results: ir.resultTypes)
    let values = Array(ir.argumentSlice(instruction.a.id, instruction.b.id))
    // The area of the caller's lies behind the arguments.
    for (place, value) in zip(layout.results, values) {
      if case .stack(let offset) = place { storeToStack(value, Self.frame, 16 + incomingStackBytes + offset) }
    }
    var moves: [(place: VirtualRegister, source: VirtualRegister)] = []
    for (place, value) in zip(layout.results, values) {
      if case .register(let register) = place { moves.append((register, use(value))) }
    }
    for move in moves { emitMove(move.place, move.source) }
    var ret = MachineInstruction(.ret)
    ret.opcode = layout.resultBits
    emit(ret)
  }
}

extension CompilationEnvironment {
  /// Whether a call inside the module may come back in another context: a callee may end in a tail call that leaves the
  /// instance.
  var contextMayChange: Bool { module.firstUse(of: .tailCall) != nil }
}
