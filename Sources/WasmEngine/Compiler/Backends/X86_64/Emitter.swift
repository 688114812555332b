/// A compiled function before it has its place in memory.
struct CompiledFunction {
  var code: [UInt8]
  /// For positions in the code (return addresses of calls to the runtime and to trap exits, sorted): what they are.
  var sites: [CodeSite]
  /// The accesses that may fault, in order.
  var accesses: [AccessSite]
  /// What positions with ``InlinedPosition/mark`` stand for.
  var inlined: [InlinedPosition] = []
  /// Whether its frames hold their context below the saved frame pointer.
  var keepsContext: Bool
  /// What was written, in the order in which it was, where the emitter was told to record it.
  var steps: [EmissionStep] = []

  /// The offset in the module that a position of a step, site or access stands for.
  func offset(of position: UInt32) -> UInt32 {
    position & InlinedPosition.mark == 0 ? position : inlined[Int(position & ~InlinedPosition.mark)].position
  }

  /// ``steps`` in the order of the code: cold blocks stand behind the others.
  var stepsInPlace: [EmissionStep] {
    steps.enumerated().sorted { ($0.element.codeOffset, $0.offset) < ($1.element.codeOffset, $1.offset) }.map(\.element)
  }
}

/// A position in the code that a trap or a backtrace can come from.
struct CodeSite {
  var codeOffset: UInt32
  /// Of the instruction in the module.
  var position: UInt32
  /// Whether it is the call of a trap exit.
  var isTrap = false
  /// Whether it comes before the function has its frame.
  var isPrologue = false
  /// What trap; nil where the runtime has recorded it already.
  var trap: Trap.Kind?
  var memory: UInt32 = 0
  var width: UInt8 = 0
  /// Where an exception goes on that comes out of the call, as an offset in the code; 0 where it goes to the caller.
  var landing: UInt32 = 0
}

/// Writes the machine code of a function whose registers are allocated.
struct Emitter: ~Copyable {
  var assembler = Assembler()
  var machine = MachineFunction()
  var sites: [CodeSite] = []
  var accesses: [AccessSite] = []
  var frameSize = 0
  private var hasSlots = false
  /// The registers that are kept for the caller, with their slots.
  private var saved: [(register: Register, slot: Int32)] = []
  /// The bytes that a frame may have whose function does not compare the stack pointer: a fraction of
  /// ``StackBounds/reserve``.
  private static let leafFrameLimit = 4096
  /// The most slots of a frame, of which distances in 32 bits are far from full.
  static let mostSlots = 1 << 24
  var incomingStackBytes = 0
  private var labels: [Label] = []
  /// The beginning of the code.
  var entry = Label(index: 0)
  private var constants: [Label] = []
  private var tables: [Label] = []
  /// For each block, where a jump to it ends up: elsewhere, if the block is nothing but a jump.
  private var destinations: [Int] = []
  private var blocksAfter: [Int32] = []
  /// By instruction whether there are moves in front of it.
  private(set) var isMoved: [Bool] = []
  /// The sites of guarded calls, and the blocks where exceptions go on.
  private var guardedSites: [(site: Int, block: Int)] = []
  private var coldTraps: [(label: Label, site: Int, end: Register?)] = []
  /// Where each virtual register is at the instruction that is being written.
  private var current: [AllocatorMove.Place] = []
  private var parallelMove = ParallelMove()
  /// The jump behind a branch that was turned round.
  var dissolvedJump = -1
  var distances = CodeDistances()

  /// Whether vector instructions are written in the VEX encoding.
  let avx: Bool

  init(avx: Bool) { self.avx = avx }

  /// Whether ``CompiledFunction/steps`` are wanted.
  var recordsSteps = false
  private var steps: [EmissionStep] = []

  /// The code of the function in ``machine``. nil if something did not fit together, which would be a mistake of the compiler.
  mutating func emit(_ allocator: borrowing Allocator, incomingStackBytes: Int) -> CompiledFunction? {
    self.incomingStackBytes = incomingStackBytes
    // The word below the saved frame pointer holds the context; the slots follow.
    hasSlots = allocator.slotCount > 0
    frameSize = (8 + Int(allocator.slotCount) * 8 + 15) & ~15
    saved.removeAll(keepingCapacity: true)
    for number in 0..<UInt8(16) where allocator.saved & 1 << UInt32(number) != 0 {
      saved.append((Register(number: number), allocator.slotCount - 1 - Int32(saved.count)))
    }
    distances.estimate(machine, allocator, frameSize: frameSize)
    if let function = emitOnce(allocator) { return function }
    guard assembler.code.isOutOfReach else { return nil }
    // Code was longer than it was thought to be.
    distances.forget()
    return emitOnce(allocator)
  }

  private mutating func emitOnce(_ allocator: borrowing Allocator) -> CompiledFunction? {
    dissolvedJump = -1
    assembler.code.reset()
    sites.removeAll(keepingCapacity: true)
    accesses.removeAll(keepingCapacity: true)
    coldTraps.removeAll(keepingCapacity: true)
    guardedSites.removeAll(keepingCapacity: true)
    entry = assembler.code.makeLabel()
    assembler.code.bind(entry)
    labels = machine.blocks.map { _ in assembler.code.makeLabel() }
    constants = machine.constants.map { _ in assembler.code.makeLabel() }
    tables = machine.jumpTables.map { _ in assembler.code.makeLabel() }
    current.refill(AllocatorMove.Place(raw: -2), count: machine.isVector.count)
    for register in 0..<32 { current[register] = .register(Int8(register)) }
    for register in 32..<current.count {
      if let place = allocator.onlyPlace(of: register) { current[register] = place }
    }
    findDestinations(allocator)
    steps.removeAll(keepingCapacity: true)
    record(.prologue)
    emitPrologue()

    let events = allocator.placeEvents()
    let stores = allocator.definitionStores()
    var event = 0
    var move = 0
    var store = 0
    for block in machine.blocks.indices {
      assembler.code.writeSection(cold: machine.blocks[block].isCold)
      alignLoop(block)
      assembler.code.bind(labels[block])
      if block > 0, destinations[block] != block { continue }
      record(.block, block)
      if machine.blocks[block].isLanding {
        assembler.loadAddress(.quad, .rsp, Address(.rbp, -Int32(frameSize)))
      }
      for index in Int(machine.blocks[block].first)..<Int(machine.blocks[block].end) {
        let position = Int32(index) * 2
        while move < allocator.moves.count, allocator.moves[move].position <= position {
          let phase = allocator.moves[move].phase
          let first = move
          while move < allocator.moves.count, allocator.moves[move].position <= position,
            allocator.moves[move].phase == phase
          {
            move += 1
          }
          parallelMove.order(allocator.moves[first..<move])
          emitParallelMove()
        }
        while event < events.count, events[event].start <= position {
          current[Int(events[event].register)] = events[event].place
          event += 1
        }
        var instruction = machine.instructions[index]
        let a = instruction.a.exists ? current[instruction.a.index] : .register(0)
        let b = instruction.b.exists ? current[instruction.b.index] : .register(0)
        let x = instruction.x.exists ? current[instruction.x.index] : .register(0)
        while event < events.count, events[event].start <= position + 1 {
          current[Int(events[event].register)] = events[event].place
          event += 1
        }
        let d = instruction.d.exists ? current[instruction.d.index] : .register(0)
        if recordsSteps { record(instruction, index, d, a, b, x) }
        guard emitInstruction(&instruction, block, index, d, a, b, x) else { return nil }
        while store < stores.count, stores[store].position <= position + 1 {
          let place = current[Int(stores[store].register)]
          if place.isRegister {
            let isVector = machine.isVector[Int(stores[store].register)]
            record(.store, place, .slot(stores[store].slot), isVector: isVector)
            emitMove(place, .slot(stores[store].slot), isVector: isVector)
          }
          store += 1
        }
      }
    }
    joinSections()
    emitColdTraps()
    record(.data)
    emitConstants()
    guard assembler.code.resolve() else { return nil }
    let code = Array(UnsafeBufferPointer(start: assembler.code.bytes, count: assembler.code.count))
    sites.sort { $0.codeOffset < $1.codeOffset }
    return CompiledFunction(
      code: code, sites: sites, accesses: accesses, inlined: machine.inlined, keepsContext: machine.hasOutwardCalls,
      steps: steps)
  }

  /// Keeps a loop that fits into one line of the instruction cache from reaching into a second one: small loops are up to
  /// half as fast where they do.
  private mutating func alignLoop(_ block: Int) {
    guard destinations[block] == block, let estimate = Self.lengthOfSmallLoop(machine, block) else { return }
    let line = CodeArena.alignment
    let offset = assembler.code.position & (line - 1)
    if offset + estimate > line { assembler.pad(line - offset) }
  }

  /// About how many bytes the loop has whose header is a block, if it fits into one line and had better lie in one.
  static func lengthOfSmallLoop(_ machine: borrowing MachineFunction, _ block: Int) -> Int? {
    guard machine.blocks[block].loopEnd >= 0, !machine.blocks[block].isCold else { return nil }
    let first = Int(machine.blocks[block].first)
    let end = Int(machine.blocks[Int(machine.blocks[block].loopEnd) - 1].end)
    // Instructions are four to five bytes on average.
    let estimate = (end - first) * 9 / 2
    // Where a loop calls, the call is what it costs.
    guard estimate <= CodeArena.alignment, !machine.instructions[first..<end].contains(where: \.isCall) else {
      return nil
    }
    return estimate
  }

  // MARK: Recording

  private mutating func record(_ kind: EmissionStep.Kind, _ index: Int = -1) {
    guard recordsSteps else { return }
    steps.append(EmissionStep(kind: kind, codeOffset: UInt32(assembler.code.position), index: Int32(index)))
  }

  private mutating func record(
    _ kind: EmissionStep.Kind, _ source: AllocatorMove.Place, _ target: AllocatorMove.Place, isVector: Bool
  ) {
    guard recordsSteps else { return }
    steps.append(
      EmissionStep(
        kind: kind, codeOffset: UInt32(assembler.code.position), isVector: isVector, d: target, a: source))
  }

  private mutating func record(
    _ instruction: MachineInstruction, _ index: Int, _ d: AllocatorMove.Place, _ a: AllocatorMove.Place,
    _ b: AllocatorMove.Place, _ x: AllocatorMove.Place
  ) {
    var step = EmissionStep(kind: .instruction, codeOffset: UInt32(assembler.code.position), index: Int32(index))
    step.position = instruction.position
    step.operation = instruction.operation
    if instruction.d.exists { step.d = d }
    if instruction.a.exists { step.a = a }
    if instruction.b.exists { step.b = b }
    if instruction.x.exists { step.x = x }
    steps.append(step)
  }

  /// Changes what was recorded of the instruction that is being written.
  mutating func noteInStep(_ change: (inout EmissionStep) -> Void) {
    if recordsSteps { change(&steps[steps.count - 1]) }
  }

  /// Puts the cold blocks behind the others; all positions are final then.
  private mutating func joinSections() {
    let joined = assembler.code.joinSections()
    for index in sites.indices { sites[index].codeOffset = UInt32(joined.position(Int(sites[index].codeOffset))) }
    for index in accesses.indices {
      accesses[index].codeOffset = UInt32(joined.position(Int(accesses[index].codeOffset)))
    }
    accesses.sort { $0.codeOffset < $1.codeOffset }
    for index in steps.indices { steps[index].codeOffset = UInt32(joined.position(Int(steps[index].codeOffset))) }
    for (site, block) in guardedSites {
      sites[site].landing = UInt32(assembler.code.position(of: labels[block]) ?? 0)
    }
  }

  /// A position that a backtrace can find.
  mutating func callSite(_ instruction: MachineInstruction) {
    sites.append(
      CodeSite(codeOffset: UInt32(assembler.code.position), position: instruction.position, trap: nil))
  }

  /// The same where an exception can come out, in a block.
  mutating func callSite(_ instruction: MachineInstruction, throwingIn block: Int) {
    callSite(instruction)
    let landing = machine.blocks[block].landing
    if landing >= 0 { guardedSites.append((sites.count - 1, Int(landing))) }
  }

  // MARK: Frame

  /// Whether the stack is compared with its limit, which an interrupt raises.
  private var hasWholeFrame: Bool {
    machine.hasCalls || machine.looksAtEntry || frameSize > Self.leafFrameLimit
  }

  private mutating func emitPrologue() {
    assembler.push(.rbp)
    assembler.move(.quad, .rbp, .of(.rsp))
    // What calls nothing needs no look at the stack: there is always room for more than a small frame.
    guard hasWholeFrame else {
      if hasSlots { assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: Int32(frameSize)) }
      keepSaved()
      return
    }
    assembler.arithmetic(.sub, .quad, .of(.rsp), immediate: Int32(frameSize))
    // The store's context, and in it the limit of the native stack. An interrupt raises it: calls go round in circles as
    // loops do, and without going deep, since a tree of calls has more nodes than time.
    assembler.move(.quad, .r11, .memory(Address(.r15, Int32(VMContext.storeOffset))))
    assembler.arithmetic(.cmp, .quad, .rsp, .memory(Address(.r11, Int32(StoreContext.machineStackLimitOffset))))
    let trap = assembler.code.makeLabel()
    assembler.jump(if: .belowOrEqual, trap)
    machine.trapSites.append(TrapSite(kind: .callStackExhausted, position: 0))
    machine.trapSites[machine.trapSites.count - 1].isPrologue = true
    coldTraps.append((trap, machine.trapSites.count - 1, nil))
    if machine.hasOutwardCalls { assembler.move(.quad, Address(.rbp, -8), .r15) }
    keepSaved()
  }

  private mutating func keepSaved() {
    for (register, slot) in saved {
      let place = AllocatorMove.Place.register(Int8(register.number))
      record(.store, place, .slot(slot), isVector: false)
      emitMove(place, .slot(slot), isVector: false)
    }
  }

  /// Brings back what callers want to find in registers again, for an instruction that leaves the function.
  mutating func restoreSaved(for instruction: MachineInstruction) {
    for (register, slot) in saved {
      let place = AllocatorMove.Place.register(Int8(register.number))
      record(.move, .slot(slot), place, isVector: false)
      noteInStep { $0.position = instruction.position }
      emitMove(.slot(slot), place, isVector: false)
    }
  }

  mutating func emitEpilogue(for instruction: MachineInstruction) {
    restoreSaved(for: instruction)
    // Not from rbp: that may just be coming back from the stack, and what returns often would wait for it each time.
    if hasWholeFrame || hasSlots { assembler.arithmetic(.add, .quad, .of(.rsp), immediate: Int32(frameSize)) }
    assembler.pop(.rbp)
    assembler.ret(popping: UInt16(incomingStackBytes))
  }

  func slotAddress(_ slot: Int32) -> Address { Address(.rbp, -16 - slot * 8) }

  /// Vectors take two slots; the address of the lower word.
  func address(_ place: AllocatorMove.Place, isVector: Bool) -> Address {
    slotAddress(isVector ? place.slot + 1 : place.slot)
  }

  // MARK: Moves

  private mutating func emitParallelMove() {
    for step in parallelMove.steps {
      record(step.isExchange ? .exchange : .move, step.source, step.target, isVector: step.isVector)
      if step.isExchange {
        assembler.exchange(.quad, general(step.source), .of(general(step.target)))
      } else if step.target == ParallelMove.temporary {
        if step.isVector {
          emitMove(step.source, .register(31), isVector: true)
        } else if step.source.isRegister {
          assembler.moveToVector(.quad, VectorRegister(15), .of(general(step.source)), avx: avx)
        } else {
          assembler.load(.movsd, VectorRegister(15), address(step.source, isVector: false), avx: avx)
        }
      } else if step.source == ParallelMove.temporary {
        if step.isVector {
          emitMove(.register(31), step.target, isVector: true)
        } else if step.target.isRegister {
          assembler.moveFromVector(.quad, .of(general(step.target)), VectorRegister(15), avx: avx)
        } else {
          assembler.store(.movsd, address(step.target, isVector: false), VectorRegister(15), avx: avx)
        }
      } else {
        emitMove(step.source, step.target, isVector: step.isVector)
      }
    }
  }

  func general(_ place: AllocatorMove.Place) -> Register { Register(number: UInt8(place.raw & 15)) }
  func vector(_ place: AllocatorMove.Place) -> VectorRegister {
    VectorRegister(UInt8((place.raw - 16) & 15))
  }

  mutating func emitMove(_ source: AllocatorMove.Place, _ target: AllocatorMove.Place, isVector: Bool) {
    guard source != target else { return }
    switch (source.isRegister, target.isRegister, isVector) {
    case (true, true, false): assembler.move(.quad, general(target), .of(general(source)))
    case (true, false, false): assembler.move(.quad, address(target, isVector: false), general(source))
    case (false, true, false): assembler.move(.quad, general(target), .memory(address(source, isVector: false)))
    case (true, true, true): assembler.move(vector(target), vector(source), avx: avx)
    case (true, false, true): assembler.store(.movups, address(target, isVector: true), vector(source), avx: avx)
    case (false, true, true): assembler.load(.movups, vector(target), address(source, isVector: true), avx: avx)
    case (false, false, _):
      // Only edges do this, along which r11 is free; xmm15 may be breaking a cycle.
      let from = address(source, isVector: isVector)
      let to = address(target, isVector: isVector)
      assembler.move(.quad, .r11, .memory(from))
      assembler.move(.quad, to, .r11)
      if isVector {
        assembler.move(.quad, .r11, .memory(Address(.rbp, from.displacement + 8)))
        assembler.move(.quad, Address(.rbp, to.displacement + 8), .r11)
      }
    }
  }

  // MARK: Traps and data

  mutating func coldTrap(_ site: Int, end: Register?) -> Label {
    let label = assembler.code.makeLabel()
    coldTraps.append((label, site, end))
    return label
  }

  /// Calls what all traps of compiled code call; the return address tells which it is.
  mutating func emitTrap(_ site: Int) {
    let trap = machine.trapSites[site]
    // The frame may reach beyond the stack.
    if trap.isPrologue { assembler.move(.quad, .rsp, .of(.rbp)) }
    assembler.call(.memory(Address(.r15, Int32(VMContext.trapExitOffset))))
    sites.append(
      CodeSite(
        codeOffset: UInt32(assembler.code.position), position: trap.position, isTrap: true, isPrologue: trap.isPrologue,
        trap: trap.kind,
        memory: trap.memory,
        width: trap.width))
  }

  private mutating func emitColdTraps() {
    for (label, site, end) in coldTraps {
      record(.coldTrap, site)
      if recordsSteps { steps[steps.count - 1].position = machine.trapSites[site].position }
      assembler.code.bind(label)
      if let end { assembler.move(.quad, .r11, .of(end)) }
      emitTrap(site)
    }
  }

  private mutating func emitConstants() {
    guard !machine.constants.isEmpty || !machine.jumpTables.isEmpty else { return }
    assembler.code.align(16)
    for (index, constant) in machine.constants.enumerated() {
      assembler.code.reserve()
      assembler.code.bind(constants[index])
      assembler.code.word(constant.x)
      assembler.code.word(constant.y)
    }
    for (index, table) in machine.jumpTables.enumerated() {
      assembler.code.bind(tables[index])
      for target in table {
        assembler.code.reserve()
        assembler.code.tableEntry(label(ofBlock: Int(target)), relativeTo: tables[index])
      }
    }
  }

  /// A block that only jumps on, without moves, is none.
  private mutating func findDestinations(_ allocator: borrowing Allocator) {
    destinations.removeAll(keepingCapacity: true)
    destinations.append(contentsOf: machine.blocks.indices)
    isMoved.refill(false, count: machine.instructions.count + 1)
    for move in allocator.moves { isMoved[Int(move.position + 1) / 2] = true }
    blocksAfter.refill(Int32(machine.blocks.count), count: machine.blocks.count)
    // The next blocks that have code, of the cold ones and of the others.
    var next = (cold: Int32(machine.blocks.count), other: Int32(machine.blocks.count))
    for block in machine.blocks.indices.reversed() {
      let isCold = machine.blocks[block].isCold
      blocksAfter[block] = isCold ? next.cold : next.other
      let first = Int(machine.blocks[block].first)
      if block > 0, !machine.blocks[block].isLanding, Int(machine.blocks[block].end) == first + 1,
        machine.instructions[first].operation == .jump, !isMoved[first]
      {
        let target = Int(machine.instructions[first].imm)
        // Only forwards or to a loop's header, so that chains end.
        destinations[block] = target > block ? destinations[target] : target
      }
      guard destinations[block] == block else { continue }
      if isCold { next.cold = Int32(block) } else { next.other = Int32(block) }
    }
  }

  /// Whether a jump to a block that lies ahead, in the same section, needs one byte for the distance.
  func isNear(_ target: Int, from index: Int, in block: Int) -> Bool {
    let first = Int(machine.blocks[target].first)
    return first > index && machine.blocks[target].isCold == machine.blocks[block].isCold
      && distances.isNear(index + 1, first)
  }

  /// The block behind a block, as far as code is concerned: empty blocks whose code goes on elsewhere are passed through.
  func blockAfter(_ block: Int) -> Int { Int(blocksAfter[block]) }

  /// Where a jump to a block ends up.
  func destination(_ block: Int) -> Int { destinations[block] }

  func label(ofBlock block: Int) -> Label { labels[destinations[block]] }
  func label(ofTable table: Int) -> Label { tables[table] }
  func label(ofConstant constant: Int) -> Label { constants[constant] }
}
