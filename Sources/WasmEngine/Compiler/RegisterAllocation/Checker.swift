/// Proves that an allocation is right: follows the code as it was written, knowing for each register and stack slot which
/// virtual registers' values it holds, and asks of every operand that it is where it is read. Where paths meet, a place
/// holds what it holds on all of them. A jump takes along what holds in front of it: moves between a conditional jump and
/// the one behind it are on one of the ways only. Of the flags it asks that nothing has written over them between what sets
/// and what reads them.
///
/// It knows nothing of how the allocator and the emitter decided; their result alone counts: moves and their order, spills,
/// splits, block parameters, what calls destroy and callers want back, stores behind definitions, blocks that were left out.
/// It runs where the engine checks its compiler (``Engine/Configuration/checksCompiler``).
struct AllocationChecker {
  private let machine: MachineFunction
  private let steps: [EmissionStep]
  /// Which steps each block has; none for a block that was left out.
  private var blockSteps: [Range<Int>]
  private let live: LiveEntries
  /// What holds where each block begins: pairs of a virtual register that is alive there and a place. nil until a path leads
  /// there.
  private var entryStates: [[UInt64]?]
  /// The blocks that less is known of than when they were last looked at, and whether one of them lies behind.
  private var isWaiting: [Bool]
  private var goesRoundAgain = true
  /// The registers whose values the edge that is looked at brings under other names.
  private var sources: [UInt32]
  /// What each place holds at the step that is looked at.
  private var contents: [[UInt32]]
  /// The places that may hold each virtual register, to forget it quickly.
  private var holders: [[Int32]]
  private var touched: [UInt32] = []
  private var mistakes: [String] = []
  private var isReporting = false
  private var flags = Flags.unknown

  /// What the flags are of.
  private enum Flags {
    /// Nothing that anyone could want.
    case unknown
    case comparison
    /// The carry counts alone.
    case sum
    /// Whether there was no bit, which is the zero flag.
    case scan
  }

  /// The place of xmm15, which breaks cycles of moves.
  private static let temporary = 31
  private static let limit = 16

  /// What is wrong, the first of it; empty if the allocation is proved right.
  static func mistakes(in machine: MachineFunction, _ steps: [EmissionStep]) -> [String] {
    var checker = AllocationChecker(machine, steps)
    checker.run()
    return checker.mistakes
  }

  private init(_ machine: MachineFunction, _ steps: [EmissionStep]) {
    self.machine = machine
    self.steps = steps
    blockSteps = Array(repeating: 0..<0, count: machine.blocks.count)
    live = LiveEntries(machine)
    entryStates = Array(repeating: nil, count: machine.blocks.count)
    isWaiting = Array(repeating: false, count: machine.blocks.count)
    sources = Array(0..<UInt32(machine.isVector.count))
    var highest: Int32 = 31
    for step in steps { highest = max(highest, step.d.raw, step.a.raw, step.b.raw, step.x.raw) }
    // Vectors take the slot behind their own too.
    contents = Array(repeating: [], count: Int(highest) + 2)
    holders = Array(repeating: [], count: machine.isVector.count)
  }

  // MARK: Paths

  private mutating func run() {
    findBlocks()
    guard mistakes.isEmpty, !machine.blocks.isEmpty else { return }
    // Callers leave arguments in registers, and what they want to find again; what else is in them is nothing that the
    // function may read.
    for register in UInt32(0)..<32 { add(register, to: Int(register)) }
    for step in steps[..<(steps.firstIndex { $0.kind == .block } ?? 0)] where step.kind == .store { copy(step) }
    entryStates[0] = (UInt32(0)..<32).flatMap { register in
      holders[Int(register)].map { UInt64(register) << 32 | UInt64($0) }.filter { holds($0) }
    }
    clear()
    isWaiting[0] = true
    while goesRoundAgain {
      goesRoundAgain = false
      for block in machine.blocks.indices where isWaiting[block] {
        isWaiting[block] = false
        follow(block)
        // A block that was left out is a jump.
        if blockSteps[block].isEmpty { machine.forEachSuccessor(block) { leave(block, to: $0) } }
        clear()
      }
    }
    isReporting = true
    for block in machine.blocks.indices where entryStates[block] != nil {
      follow(block)
      clear()
    }
  }

  /// Which steps belong to which block, and whether all instructions are there in order.
  private mutating func findBlocks() {
    var block = -1
    var next: Int32 = 0
    func end() -> String? {
      guard block >= 0, next != machine.blocks[block].end, mistakes.isEmpty else { return nil }
      return "block \(block) ends in front of instruction \(next)"
    }
    for (index, step) in steps.enumerated() {
      switch step.kind {
      case .block:
        if let end = end() { mistakes.append(end) }
        block = Int(step.index)
        next = machine.blocks[block].first
        blockSteps[block] = index + 1..<index + 1
      case .coldTrap, .data:
        if let end = end() { mistakes.append(end) }
        block = -1
      default:
        guard block >= 0 else { continue }
        blockSteps[block] = blockSteps[block].lowerBound..<index + 1
        guard step.kind == .instruction else { continue }
        if step.index != next { mistakes.append("block \(block): instruction \(step.index) in the place of \(next)") }
        next = step.index + 1
      }
    }
    if let end = end() { mistakes.append(end) }
    for (index, block) in machine.blocks.enumerated() where blockSteps[index].isEmpty {
      // Only a block that does nothing may have been left out.
      let isJump = block.end == block.first + 1 && machine.instructions[Int(block.first)].operation == .jump
      if !isJump { mistakes.append("block \(index) was not written") }
    }
  }

  private mutating func follow(_ block: Int) {
    for pair in entryStates[block] ?? [] { add(UInt32(pair >> 32), to: Int(pair & 0xFFFF_FFFF)) }
    flags = .unknown
    for index in blockSteps[block] {
      let step = steps[index]
      switch step.kind {
      case .move, .store: copy(step)
      case .exchange: exchange(step)
      case .instruction:
        execute(step, block)
        if machine.instructions[Int(step.index)].jumps { jump(step, block) }
      default: break
      }
    }
    if let last = blockSteps[block].last(where: { steps[$0].kind == .instruction }) { lookForCaller(steps[last]) }
  }

  /// Asks that a function that is left has brought back what its caller finds in registers, which is done behind the
  /// instruction's other reads.
  private mutating func lookForCaller(_ step: EmissionStep) {
    guard machine.instructions[Int(step.index)].leaves else { return }
    for number in 0..<32 where MachineInstruction.preserved & 1 << UInt32(number) != 0 {
      read(VirtualRegister(number), .register(Int8(number)), mayBeInMemory: false, step)
    }
  }

  /// Follows a jump. One that was turned round leads to where the jump behind it would, which leads to where it would.
  private mutating func jump(_ step: EmissionStep, _ block: Int) {
    let instruction = machine.instructions[Int(step.index)]
    if instruction.operation == .jumpTable {
      for target in machine.jumpTables[Int(instruction.imm)] { leave(block, to: Int(target), step) }
      return
    }
    var target = instruction.imm
    if step.isTurned {
      let other = Int(step.index) + (instruction.operation == .jump ? -1 : 1)
      guard (Int(machine.blocks[block].first)..<Int(machine.blocks[block].end)).contains(other),
        machine.instructions[other].operation == (instruction.operation == .jump ? .jumpIf : .jump)
      else { return report("is turned round with no other", step) }
      target = machine.instructions[other].imm
    }
    leave(block, to: Int(target), step)
  }

  /// What holds now holds where a successor begins, by a jump or an exception.
  private mutating func leave(_ block: Int, to successor: Int, _ step: EmissionStep? = nil) {
    if isReporting {
      var isSuccessor = false
      machine.forEachSuccessorOrLanding(block) { if $0 == successor { isSuccessor = true } }
      if let step, !isSuccessor { report("goes on at block \(successor), which does not follow", step) }
      return
    }
    guard machine.blocks.indices.contains(successor), merge(into: successor, from: block) else { return }
    isWaiting[successor] = true
    if successor <= block { goesRoundAgain = true }
  }

  /// What holds now holds where the successor begins, with the arguments under the names of the parameters. True if less
  /// holds there than was known.
  private mutating func merge(into successor: Int, from block: Int) -> Bool {
    let arguments = machine.blocks[block].arguments
    let parameters = machine.blocks[successor].parameters
    // Without arguments nothing is known of a parameter.
    for index in 0..<Int(parameters.count) {
      let parameter = machine.registerPool[Int(parameters.start) + index].index
      sources[parameter] =
        index < Int(arguments.count) ? machine.registerPool[Int(arguments.start) + index].id : .max
    }
    defer {
      for index in 0..<Int(parameters.count) {
        let parameter = machine.registerPool[Int(parameters.start) + index]
        sources[parameter.index] = parameter.id
      }
    }
    if let known = entryStates[successor] {
      // Mostly all of it.
      if known.allSatisfy({ holds($0) }) { return false }
      entryStates[successor] = known.filter { holds($0) }
      return true
    }
    var incoming: [UInt64] = []
    for index in live.range(successor) {
      let register = live.registers[index]
      let source = sources[Int(register)]
      guard source != .max else { continue }
      for place in holders[Int(source)] where contents[Int(place)].contains(source) {
        incoming.append(UInt64(register) << 32 | UInt64(place))
      }
    }
    entryStates[successor] = incoming
    return true
  }

  /// Whether a place holds what is to come under the name of a register.
  private func holds(_ pair: UInt64) -> Bool {
    let source = sources[Int(pair >> 32)]
    return source != .max && contents[Int(pair & 0xFFFF_FFFF)].contains(source)
  }

  // MARK: Contents

  private mutating func add(_ register: UInt32, to place: Int) {
    if contents[place].contains(register) { return }
    contents[place].append(register)
    if holders[Int(register)].isEmpty { touched.append(register) }
    holders[Int(register)].append(Int32(place))
  }

  private mutating func forget(_ register: UInt32) {
    for place in holders[Int(register)] { contents[Int(place)].removeAll { $0 == register } }
    holders[Int(register)].removeAll(keepingCapacity: true)
  }

  private mutating func clear() {
    for register in touched { forget(register) }
    touched.removeAll(keepingCapacity: true)
  }

  private func index(of place: AllocatorMove.Place) -> Int? {
    if place == ParallelMove.temporary { return Self.temporary }
    return place.raw >= 0 ? Int(place.raw) : nil
  }

  /// Makes a place hold these values of one class and nothing else.
  private mutating func write(_ registers: [UInt32], to place: Int, isVector: Bool) {
    contents[place].removeAll(keepingCapacity: true)
    if place >= 32 {
      if isVector { contents[place + 1].removeAll(keepingCapacity: true) }
      // A vector in the slot before reaches into this one.
      if place > 32 { contents[place - 1].removeAll { machine.isVector[Int($0)] } }
    }
    for register in registers where machine.isVector[Int(register)] == isVector { add(register, to: place) }
  }

  private mutating func copy(_ step: EmissionStep) {
    guard let source = index(of: step.a), let target = index(of: step.d) else {
      return report("a move between no places", step)
    }
    guard source != target else { return }
    write(contents[source], to: target, isVector: step.isVector)
  }

  private mutating func exchange(_ step: EmissionStep) {
    guard step.a.isGeneral, step.d.isGeneral else { return report("an exchange of no registers", step) }
    let (first, second) = (contents[Int(step.a.raw)], contents[Int(step.d.raw)])
    write(second, to: Int(step.a.raw), isVector: false)
    write(first, to: Int(step.d.raw), isVector: false)
  }

  // MARK: Instructions

  private func isFollowed(_ register: VirtualRegister) -> Bool {
    // r11 carries the record of a callee.
    register.exists && (register.id == 11 || !MachineInstruction.isReserved(register))
  }

  private mutating func execute(_ step: EmissionStep, _ block: Int) {
    let instruction = machine.instructions[Int(step.index)]
    read(instruction.a, step.a, mayBeInMemory: instruction.operation == .move, step)
    read(instruction.b, step.b, mayBeInMemory: !instruction.isMemory && instruction.allowsMemory, step)
    read(instruction.x, step.x, mayBeInMemory: false, step)
    readFixed(instruction, step)
    followFlags(instruction, step)
    if instruction.isTied, instruction.a == instruction.d, step.a != step.d {
      report("is changed in place, but is in two places", step)
    }
    let copied = instruction.operation == .move ? index(of: step.a).map { contents[$0] } ?? [] : []
    if instruction.isCall {
      let isGuarded = instruction.mayThrow && machine.blocks[block].landing >= 0
      let kept = isGuarded ? 0 : MachineInstruction.preserved
      for register in 0..<32
      where !MachineInstruction.isReserved(VirtualRegister(register)) && kept & 1 << UInt32(register) == 0 {
        contents[register].removeAll(keepingCapacity: true)
      }
    }
    contents[Self.temporary].removeAll(keepingCapacity: true)
    if instruction.destroysRecord { contents[11].removeAll(keepingCapacity: true) }
    // An exception goes on with what the call leaves, without its results.
    let landing = machine.blocks[block].landing
    if instruction.mayThrow, landing >= 0 { leave(block, to: Int(landing)) }
    instruction.forEachDefinition { register in
      // Fixed registers are written in their own places, what is named in that of `d`.
      if register.isPhysical { define(register, .register(Int8(register.id)), [], step) }
    }
    guard isFollowed(instruction.d) else { return }
    if !step.d.isRegister, instruction.operation != .move { report("writes to memory", step) }
    define(instruction.d, step.d, copied, step)
  }

  private mutating func define(
    _ register: VirtualRegister, _ place: AllocatorMove.Place, _ copied: [UInt32], _ step: EmissionStep
  ) {
    guard let index = index(of: place) else { return report("\(register.text) is written nowhere", step) }
    let isVector = machine.isVector[register.index]
    if place.isRegister, (place.raw >= 16) != isVector {
      report("\(register.text) is in a register of another kind", step)
    }
    forget(register.id)
    write(copied.filter { $0 != register.id }, to: index, isVector: isVector)
    add(register.id, to: index)
  }

  private mutating func read(
    _ register: VirtualRegister, _ place: AllocatorMove.Place, mayBeInMemory: Bool, _ step: EmissionStep
  ) {
    guard isFollowed(register) else { return }
    guard let index = index(of: place) else { return report("\(register.text) is read nowhere", step) }
    if !place.isRegister, !mayBeInMemory { report("\(register.text) must be in a register", step) }
    if !contents[index].contains(register.id) {
      let held = contents[index].map { VirtualRegister($0).text }.joined(separator: ", ")
      report("\(register.text) is read from \(place.text), which holds \(held.isEmpty ? "nothing" : held)", step)
    }
  }

  /// Registers that an instruction reads without naming them.
  private mutating func readFixed(_ instruction: MachineInstruction, _ step: EmissionStep) {
    let bits = instruction.fixedReads
    guard bits != 0 else { return }
    for number in 0..<32 where bits & 1 << UInt32(number) != 0 {
      let register = VirtualRegister(number)
      if isFollowed(register) { read(register, .register(Int8(number)), mayBeInMemory: false, step) }
    }
  }

  /// Reads and writes the flags as an instruction does.
  private mutating func followFlags(_ instruction: MachineInstruction, _ step: EmissionStep) {
    if instruction.readsFlags {
      let carryOnly: Bool
      let zeroOnly: Bool
      switch instruction.operation {
      case .arithmetic, .arithmeticMemory: (carryOnly, zeroOnly) = (true, false)
      default:
        let condition = Condition(rawValue: instruction.sub)
        (carryOnly, zeroOnly) = (
          condition == .below || condition == .aboveOrEqual, condition == .equal || condition == .notEqual
        )
      }
      switch flags {
      case .comparison: break
      case .sum where carryOnly, .scan where zeroOnly: break
      case .unknown: report("reads flags that nothing has set, or something has written over", step)
      case .sum: report("reads flags of a sum that are not its carry", step)
      case .scan: report("reads flags of a search for a bit that do not say whether there was one", step)
      }
    }
    switch instruction.operation {
    case .compare, .test, .vectorCompare: flags = .comparison
    case .arithmetic, .arithmeticMemory: flags = .sum
    case .bitScan: flags = .scan
    default:
      if instruction.destroysFlags || step.writesFlags { flags = .unknown }
    }
  }

  private mutating func report(_ message: String, _ step: EmissionStep) {
    guard isReporting, mistakes.count < Self.limit else { return }
    guard step.kind == .instruction else { return mistakes.append("\(step.text): \(message)") }
    let instruction = machine.instructions[Int(step.index)]
    mistakes.append("\(step.index): \(instruction.text) [\(step.operandText(instruction))]: \(message)")
  }
}

extension MachineInstruction {
  /// The registers that are read without being named, as bits.
  var fixedReads: UInt32 {
    switch operation {
    case .divide: 0b101
    case .multiplyWide: 0b1
    case .shift: 0b10
    case .call, .tailCall: opcode | 1 << 11
    case .callDirect, .callRuntime, .ret, .throwException: opcode
    default: 0
    }
  }

  /// Whether the block goes on elsewhere by it.
  fileprivate var jumps: Bool {
    switch operation {
    case .jump, .jumpIf, .jumpTable: true
    default: false
    }
  }

  /// Whether what is in the flags is lost by it, and nothing that could be wanted is there instead. What changes them where
  /// it is written in one way and not in another says so (``EmissionStep/writesFlags``).
  fileprivate var destroysFlags: Bool {
    switch operation {
    case .unary: sub != UnaryArithmetic.not.rawValue
    case .multiply, .multiplyConstant, .shiftConstant, .shift, .count, .divide, .multiplyWide, .floatExtreme,
      .convertUnsigned64, .truncateUnsigned64, .truncateSaturating, .jumpTable, .interruptCheck, .fuel, .throwException,
      .call, .callDirect, .callRuntime, .tailCall, .ret, .adjustStack:
      true
    default: false
    }
  }

  /// Whether `d` is what becomes of `a` in its own place.
  fileprivate var isTied: Bool {
    switch operation {
    case .arithmetic, .multiply, .shiftConstant, .shift, .unary, .moveIf, .floatExtreme, .moveIfVector: true
    default: false
    }
  }

  /// Whether its code uses r11 for itself.
  fileprivate var destroysRecord: Bool {
    switch operation {
    case .call, .callDirect, .callRuntime, .throwException, .jumpTable, .convertUnsigned64, .truncateUnsigned64,
      .truncateSaturating:
      true
    default: false
    }
  }
}
