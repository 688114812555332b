import WebAssembly

/// Translates the body of one function after the other into register code, in one pass over its instructions.
///
/// It follows the operand stack as the validator does, but with where each value is: in its home (the slot that belongs to
/// its place on the stack), still in a local, or a constant. Instructions take their operands from where they are, so
/// that local.get and the constants seldom cost an instruction, and local.set none where what it stores was just computed.
/// Validity is assumed (Core 3.0, 3.4).
struct RegisterTranslator: @unchecked Sendable {
  /// A value on the operand stack.
  struct Entry {
    enum Kind: UInt8 { case home, local, constant }
    var kind: Kind
    var isVector: Bool
    /// The slot of this place of the stack.
    var home: Int32
    /// The index of the local.
    var local: UInt32
    /// Of an entry that was made as a local, in whatever kind it is now: the one of the same local below it.
    var below: Int32 = Self.none
    /// The bits of the constant.
    var value: UInt64

    /// Of the lowest one, and of what was never a local.
    static let (lowest, none): (Int32, Int32) = (-1, -2)
  }

  struct Local {
    var slot: Int32
    var isVector: Bool
    /// How many entries of the operand stack are this local.
    var uses: Int32
    /// The topmost of those that were made as it.
    var top = Entry.lowest
  }

  /// An open block.
  struct Control {
    enum Kind: UInt8 { case function, block, loop, `if`, `else`, tryTable }
    var kind: Kind
    /// The number of entries below the parameters.
    var height: Int
    /// The home of the first parameter or result.
    var base: Int32
    /// Where the types of the parameters begin in the module's table of types.
    var firstParameter: Int
    var parameterCount: Int
    var firstResult: Int
    var resultCount: Int
    /// Where a loop begins in the code.
    var start: Int = 0
    /// The last of the branches to the end that are still to be told where it is, or -1.
    var branches: Int32 = -1
    /// The branch of an `if` to its `else`, or -1.
    var elseBranch: Int32 = -1
    /// For try_table: where its instruction stands, to find its clauses.
    var clauses = Instruction(.nop)
    /// A piece of code that the br_table at hand made for branches to here; negative where there is none.
    var stub: Int = -1
    /// How long the paths are that branch to the end, if any do, and to the `else`.
    var distance: LookDistance?
    var elseDistance = LookDistance()

    var labelCount: Int { kind == .loop ? parameterCount : resultCount }
    var firstLabel: Int { kind == .loop ? firstParameter : firstResult }
  }

  /// A displacement that is still to be written.
  struct Branch {
    /// Where the displacement stands in the code.
    var place: Int
    /// The start of its instruction.
    var from: Int
    var previous: Int32
  }

  /// What the last instruction was, for those that can be joined with the next. Its result is still unused.
  struct Last {
    /// -1 where it cannot be joined with anything, for instance because a label stands behind it.
    var start = -1
    var result: Int32 = 0
    var opcode: Opcode = .nop
    var variant: HandlerTable.Variant = .slots
    /// Whether it is a shiftAdd32.
    var isShiftAdd = false
    var a: Int32 = 0
    var b: Int32 = 0
    var immediate: Int64 = 0
  }

  let translation: ModuleFacts
  let handlers = HandlerTable.shared
  let buffer = CodeBuffer()
  var reader: InstructionReader
  var base: UnsafeMutableRawPointer
  var capacity: Int
  /// The number of bytes of code.
  var count = 0
  var locals: [Local] = []
  var stack: [Entry] = []
  var controls: [Control] = []
  var branches: [Branch] = []
  var positions: [TranslatedFunction.Position] = []
  var tryRanges: [TranslatedFunction.TryRange] = []
  var clauses: [TranslatedFunction.Clause] = []
  var last = Last()
  /// How many entries from the bottom are known not to be locals.
  var settled = 0
  /// The home of the next entry.
  var top: Int32 = 0
  var maximumTop: Int32 = 0
  /// The distance in bytes from the first parameter to the frame pointer.
  var frameDistance: Int32 = 0
  var signature = ModuleFacts.Signature()
  /// Whether the code that follows cannot be reached, and how many blocks were opened since.
  var isUnreachable = false
  var unreachableDepth = 0
  /// Where in the code the fuel of the current block stands, or -1.
  var fuelPlace = -1
  var fuelUnits: Int32 = 0
  /// How long it is since a look at the interrupt word, but for the instructions that ``units`` counts.
  var distance = LookDistance.entry
  var units = 0
  /// The offset in the module of the instruction at hand.
  var offset: UInt32 = 0
  /// The most bytes of code that this function may have.
  var limit = 0
  /// Whether something did not fit the 32 bits of an operand, or the code is larger than that.
  var isTooLarge = false

  init(_ translation: ModuleFacts) {
    self.translation = translation
    reader = InstructionReader(translation.module.bytes, range: 0..<0)
    base = buffer.base
    capacity = buffer.size
  }

  /// Translates a defined function, counted with imports.
  mutating func translate(_ index: Int) throws(ModuleError) -> TranslatedFunction {
    let defined = index - translation.spaces.importedFunctionCount
    let body = translation.module.bodies[defined]
    signature = translation.signatures[Int(translation.spaces.functions[index])]
    reader = InstructionReader(translation.module.bytes, range: body.range)
    reset()
    limit = min(Self.codeLimit, Self.codeBase + body.range.count * Self.codePerByte)
    // Modules are smaller than 4 GiB.
    offset = UInt32(body.range.lowerBound)
    try prologue()
    controls.append(
      Control(
        kind: .function, height: 0, base: top, firstParameter: signature.first, parameterCount: 0,
        firstResult: signature.first + signature.parameterCount, resultCount: signature.resultCount))
    beginFuel()
    while !controls.isEmpty {
      let instruction = try reader.next()
      offset = instruction.offset
      if isUnreachable {
        try skip(instruction)
      } else {
        if translation.metersFuel { fuelUnits &+= 1 }
        if distance.isOver(with: units) { look() }
        units &+= LookBudget.additional(instruction.opcode)
        try translate(instruction)
        guard count < limit, maximumTop < Self.frameLimit, !isTooLarge else {
          throw ModuleError(.limitExceeded, "code of a function exceeds the limit", at: Int(offset))
        }
      }
    }
    // What is called writes its arguments and link above the frame, and checks for itself.
    let frameSize = Int(maximumTop)
    return TranslatedFunction(
      UnsafeRawBufferPointer(start: base, count: count), frameSize: frameSize, positions: positions,
      tryRanges: tryRanges, clauses: clauses)
  }

  /// The most bytes of code of a function. Branches that move many values make code out of proportion to their own size: an
  /// instruction of a byte that moves no others makes less than 64.
  private static let codeLimit = 1 << 28
  private static let codePerByte = 256
  private static let codeBase = 4 << 20

  /// The most bytes of a frame, so that slots, to which one instruction adds few, have 31 bits.
  private static let frameLimit: Int32 = 1 << 30

  /// The room that is kept from function to function.
  var heldBytes: Int {
    capacity + locals.capacity * MemoryLayout<Local>.stride + stack.capacity * MemoryLayout<Entry>.stride
      + controls.capacity * MemoryLayout<Control>.stride + branches.capacity * MemoryLayout<Branch>.stride
      + positions.capacity * MemoryLayout<TranslatedFunction.Position>.stride
      + tryRanges.capacity * MemoryLayout<TranslatedFunction.TryRange>.stride
      + clauses.capacity * MemoryLayout<TranslatedFunction.Clause>.stride
  }

  private mutating func reset() {
    count = 0
    locals.removeAll(keepingCapacity: true)
    stack.removeAll(keepingCapacity: true)
    controls.removeAll(keepingCapacity: true)
    branches.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    tryRanges.removeAll(keepingCapacity: true)
    clauses.removeAll(keepingCapacity: true)
    last = Last()
    settled = 0
    isUnreachable = false
    unreachableDepth = 0
    fuelPlace = -1
    fuelUnits = 0
    distance = .entry
    units = 0
    isTooLarge = false
  }

  /// Lays out parameters and locals, and zeroes the latter (Core 3.0, 4.6.10).
  private mutating func prologue() throws(ModuleError) {
    guard let frameDistance = Int32(exactly: signature.frameDistance), frameDistance < Self.frameLimit else {
      throw ModuleError(.limitExceeded, "parameters and results of a function exceed the limit", at: Int(offset))
    }
    self.frameDistance = frameDistance
    var slot = -frameDistance
    for index in signature.first..<signature.first + signature.parameterCount {
      let isVector = translation.types[index].isVector
      locals.append(Local(slot: slot, isVector: isVector, uses: 0))
      slot += isVector ? 16 : 8
    }
    slot = 0
    for group in try reader.locals() {
      let isVector = group.type.isVector
      guard UInt64(group.count) * 16 < UInt64(Self.frameLimit - slot) else {
        throw ModuleError(.limitExceeded, "locals of a function exceed the limit", at: Int(offset))
      }
      for _ in 0..<group.count {
        locals.append(Local(slot: slot, isVector: isVector, uses: 0))
        slot += isVector ? 16 : 8
      }
    }
    top = slot
    maximumTop = slot
    if slot > 0 {
      begin(slot == 8 ? .clear1 : slot == 16 ? .clear2 : .clear)
      put(0 as Int32)
      if slot > 16 { put(slot / 8) }
      units += Int(slot) / 64
    }
  }

  // MARK: Emission

  /// Begins an instruction.
  @inline(__always)
  mutating func begin(_ handler: UInt) {
    if count &+ 128 > capacity { growBuffer(128) }
    units &+= 1
    last.start = -1
    base.storeBytes(of: handler, toByteOffset: count, as: UInt.self)
    count &+= 8
  }

  @inline(__always)
  mutating func begin(_ special: HandlerTable.Special) { begin(handlers.handler(special)) }

  @inline(never)
  mutating func growBuffer(_ needed: Int) {
    buffer.grow(count, needed)
    base = buffer.base
    capacity = buffer.size
  }

  @inline(__always)
  mutating func put(_ value: Int32) {
    base.storeBytes(of: value, toByteOffset: count, as: Int32.self)
    count &+= 4
  }

  @inline(__always)
  mutating func put(_ value: UInt32) { put(Int32(bitPattern: value)) }

  @inline(__always)
  mutating func put(_ value: Int) {
    if let value = Int32(exactly: value) { return put(value) }
    isTooLarge = true
    put(0 as Int32)
  }

  @inline(__always)
  mutating func put64(_ value: UInt64) {
    base.storeBytes(of: value, toByteOffset: count, as: UInt64.self)
    count &+= 8
  }

  /// Notes that the code that follows belongs to the wasm instruction at hand: it can trap, call or be interrupted.
  @inline(__always)
  mutating func mark() {
    while let position = positions.last, Int(position.code) >= count { positions.removeLast() }
    positions.append(.init(code: UInt32(count), wasm: offset))
  }

  // MARK: Operand stack

  @inline(__always)
  mutating func pushEntry(_ kind: Entry.Kind, isVector: Bool = false, local: UInt32 = 0, value: UInt64 = 0) {
    stack.append(Entry(kind: kind, isVector: isVector, home: top, local: local, value: value))
    if kind == .local {
      stack[stack.count &- 1].below = locals[Int(local)].top
      locals[Int(local)].top = Int32(truncatingIfNeeded: stack.count &- 1)
    }
    top &+= isVector ? 16 : 8
    if top > maximumTop { maximumTop = top }
  }

  /// Pushes a result and tells the slot that it is to be written to.
  @inline(__always)
  mutating func pushResult(isVector: Bool = false) -> Int32 {
    let home = top
    pushEntry(.home, isVector: isVector)
    return home
  }

  @inline(__always)
  mutating func pop() -> Entry {
    let entry = stack.removeLast()
    top = entry.home
    if entry.kind == .local { locals[Int(entry.local)].uses &-= 1 }
    if entry.below != Entry.none { locals[Int(entry.local)].top = entry.below }
    if settled > stack.count { settled = stack.count }
    return entry
  }

  /// Pops an operand and makes sure that it is in a slot.
  @inline(__always)
  mutating func popSlot() -> Int32 { slot(pop()) }

  /// The slot of an operand that was popped; a constant is written to its home first.
  @inline(__always)
  mutating func slot(_ entry: Entry) -> Int32 {
    switch entry.kind {
    case .home: return entry.home
    case .local: return locals[Int(entry.local)].slot
    case .constant:
      constant(entry.value, to: entry.home)
      return entry.home
    }
  }

  mutating func constant(_ value: UInt64, to slot: Int32) {
    begin(.constant)
    put(slot)
    put64(value)
  }

  /// Copies a slot. Copies that follow each other become one instruction.
  mutating func copy(_ source: Int32, to target: Int32, isVector: Bool) {
    if isVector {
      begin(.copyVector)
      put(target)
      put(source)
      return
    }
    let copies = last.start >= 0 && last.opcode == .localSet ? Int(last.immediate) : 0
    if copies > 0 && copies < 4 {
      let start = last.start
      let special: HandlerTable.Special = copies == 1 ? .copy2 : copies == 2 ? .copy3 : .copy4
      base.storeBytes(of: handlers.handler(special), toByteOffset: start, as: UInt.self)
      put(target)
      put(source)
      last.immediate = Int64(copies + 1)
      return
    }
    let start = count
    begin(.copy)
    put(target)
    put(source)
    last.start = start
    last.opcode = .localSet
    last.variant = .slots
    last.isShiftAdd = false
    last.immediate = 1
    // No slot: nothing takes it for the result of an operator.
    last.result = .min
  }

  /// Writes an operand to a slot, unless it is there.
  mutating func move(_ entry: Entry, to target: Int32) {
    switch entry.kind {
    case .home:
      if entry.home != target { copy(entry.home, to: target, isVector: entry.isVector) }
    case .local:
      let source = locals[Int(entry.local)].slot
      if source != target { copy(source, to: target, isVector: entry.isVector) }
    case .constant:
      constant(entry.value, to: target)
    }
  }

  /// Makes sure that an entry that stays on the stack is in its home.
  mutating func settle(_ index: Int) {
    let entry = stack[index]
    guard entry.kind != .home else { return }
    if entry.kind == .local { locals[Int(entry.local)].uses &-= 1 }
    move(entry, to: entry.home)
    stack[index].kind = .home
  }

  /// Makes sure that the topmost entries are in their homes, one behind the other.
  mutating func settleTop(_ count: Int) {
    for index in stack.count - count..<stack.count { settle(index) }
  }

  /// Makes sure that no entry is a local: whether the code that follows runs and sets it is not known where the entry is
  /// used. (Each entry is looked at once while it is on the stack.)
  mutating func settleLocals() {
    var index = settled
    while index < stack.count {
      if stack[index].kind == .local { settle(index) }
      index += 1
    }
    settled = stack.count
  }

  /// Saves the entries that are a local which is about to be set.
  mutating func preserve(_ local: UInt32) {
    var index = Int(locals[Int(local)].top)
    while index >= 0 && locals[Int(local)].uses > 0 {
      if stack[index].kind == .local { settle(index) }
      index = Int(stack[index].below)
    }
  }

  /// Whether an entry is what the last instruction has computed.
  @inline(__always)
  func isLast(_ entry: Entry) -> Bool {
    last.start >= 0 && entry.kind == .home && entry.home == last.result
  }

  /// Takes back the last instruction, whose operands are then those of the one that replaces it.
  @inline(__always)
  mutating func takeBack() {
    count = last.start
    last.start = -1
  }

  // MARK: Looks

  /// Looks at the interrupt word (``LookBudget``). Calls and branches back do so too.
  mutating func look() {
    mark()
    begin(.look)
    hasLooked()
  }

  mutating func hasLooked() {
    distance.look()
    units = 0
  }

  /// How long it is since a look.
  mutating func currentDistance() -> LookDistance {
    distance.add(units)
    units = 0
    return distance
  }

  /// Notes a branch to the end of a block.
  mutating func noteBranch(to index: Int) {
    let distance = currentDistance()
    if controls[index].distance?.merge(distance) == nil { controls[index].distance = distance }
  }

  // MARK: Fuel

  /// Begins a block of code whose instructions are paid for together.
  mutating func beginFuel() {
    guard translation.metersFuel else { return }
    endFuel()
    mark()
    begin(.fuel)
    fuelPlace = count
    fuelUnits = 0
    put(0 as Int32)
  }

  mutating func endFuel() {
    guard fuelPlace >= 0 else { return }
    base.storeBytes(of: fuelUnits, toByteOffset: fuelPlace, as: Int32.self)
    fuelPlace = -1
  }
}
