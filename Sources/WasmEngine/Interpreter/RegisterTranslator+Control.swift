import WebAssembly

// Control instructions (Core 3.0, 4.6.10). A label's values are in the homes of the entries that they become.
extension RegisterTranslator {
  /// Follows the blocks of code that cannot be reached.
  mutating func skip(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .block, .loop, .if, .tryTable:
      unreachableDepth += 1
    case .else where unreachableDepth == 0:
      translateElse()
    case .end where unreachableDepth > 0:
      unreachableDepth -= 1
    case .end:
      translateEnd()
    default:
      break
    }
  }

  /// What follows cannot be reached.
  mutating func becomeUnreachable() {
    let height = controls[controls.count - 1].height
    while stack.count > height { _ = pop() }
    isUnreachable = true
    endFuel()
  }

  private func blockControl(_ kind: Control.Kind, _ type: BlockType) -> Control {
    switch type {
    case .empty:
      return Control(
        kind: kind, height: 0, base: 0, firstParameter: 0, parameterCount: 0, firstResult: 0, resultCount: 0)
    case .value(let type):
      return Control(
        kind: kind, height: 0, base: 0, firstParameter: 0, parameterCount: 0, firstResult: type.isVector ? 1 : 0,
        resultCount: 1)
    case .type(let index):
      let signature = translation.signatures[Int(index)]
      return Control(
        kind: kind, height: 0, base: 0, firstParameter: signature.first, parameterCount: signature.parameterCount,
        firstResult: signature.first + signature.parameterCount, resultCount: signature.resultCount)
    }
  }

  private mutating func open(_ kind: Control.Kind, _ instruction: Instruction) -> Control {
    var control = blockControl(kind, instruction.blockType)
    settleTop(control.parameterCount)
    settleLocals()
    control.height = stack.count - control.parameterCount
    control.base = control.parameterCount > 0 ? stack[control.height].home : top
    return control
  }

  mutating func translateBlock(_ instruction: Instruction) { controls.append(open(.block, instruction)) }

  mutating func translateLoop(_ instruction: Instruction) {
    var control = open(.loop, instruction)
    control.start = count
    last.start = -1
    controls.append(control)
    beginFuel()
  }

  mutating func translateIf(_ instruction: Instruction) {
    let condition = pop()
    var control = open(.if, instruction)
    // A comparison becomes part of the branch unless something was moved behind it.
    control.elseBranch = branch(.end(-1), if: false, condition)
    control.elseDistance = currentDistance()
    controls.append(control)
    beginFuel()
  }

  mutating func translateElse() {
    let index = controls.count - 1
    if !isUnreachable {
      moveToLabel(index, isEnd: true)
      begin(.branch)
      controls[index].branches = addBranch(from: count - 8, previous: controls[index].branches)
      noteBranch(to: index)
    }
    endFuel()
    distance = controls[index].elseDistance
    units = 0
    bind(controls[index].elseBranch)
    controls[index].elseBranch = -1
    controls[index].kind = .else
    restack(controls[index], controls[index].firstParameter, controls[index].parameterCount)
    isUnreachable = false
    beginFuel()
  }

  mutating func translateEnd() {
    let index = controls.count - 1
    let control = controls[index]
    if control.kind == .function {
      if !isUnreachable { translateReturn() }
      endFuel()
      controls.removeLast()
      return
    }
    if control.kind == .tryTable {
      endTryTable(index)
      return
    }
    let hasLabel = control.kind != .loop && (control.branches >= 0 || control.elseBranch >= 0)
    guard hasLabel else {
      controls.removeLast()
      if isUnreachable {
        // Nothing goes on behind it; what follows is skipped up to the end of the block around.
        while stack.count > control.height { _ = pop() }
      }
      return
    }
    if !isUnreachable {
      moveToLabel(index, isEnd: true)
      noteBranch(to: index)
    }
    endFuel()
    arrive(at: controls[index])
    bind(controls[index].branches)
    bind(controls[index].elseBranch)
    controls.removeLast()
    restack(control, control.firstResult, control.resultCount)
    isUnreachable = false
    beginFuel()
  }

  /// At the end of a block to which something branches.
  private mutating func arrive(at control: Control) {
    units = 0
    distance = control.distance ?? control.elseDistance
    if control.elseBranch >= 0 { distance.merge(control.elseDistance) }
  }

  /// The operand stack where a label is: the label's values in their homes.
  private mutating func restack(_ control: Control, _ first: Int, _ count: Int) {
    while stack.count > control.height { _ = pop() }
    top = control.base
    for index in first..<first + count { pushEntry(.home, isVector: translation.types[index].isVector) }
  }

  // MARK: Branches

  /// Moves the topmost operands to the homes of a label's values. They stay on the stack as they are. With `isEnd`, it is
  /// the label at the end of the block, of a loop too.
  private mutating func moveToLabel(_ index: Int, isEnd: Bool = false) {
    let control = controls[index]
    let count = isEnd ? control.resultCount : control.labelCount
    var target = control.base
    if let source = homesOfTop(count) { return copySlots(source, to: target) }
    // The targets never lie above their sources, so in ascending order nothing is overwritten that is still needed.
    for place in stack.count - count..<stack.count {
      let entry = stack[place]
      move(entry, to: target)
      target += entry.isVector ? 16 : 8
    }
  }

  /// From how many operands on they are moved by one instruction: a branch is not to make more code than it is long.
  static let fewMoves = 8

  /// The slots of the topmost operands, where they are many and all in their homes.
  private func homesOfTop(_ count: Int) -> Range<Int32>? {
    guard count > Self.fewMoves else { return nil }
    for place in stack.count - count..<stack.count where stack[place].kind != .home { return nil }
    return stack[stack.count - count].home..<top
  }

  /// Moves slots that lie one behind the other to a place that is not above theirs.
  private mutating func copySlots(_ source: Range<Int32>, to target: Int32) {
    guard source.lowerBound != target else { return }
    begin(.copySlots)
    put(target)
    put(source.lowerBound)
    put(Int32(source.count / FrameLayout.slotSize))
    units += source.count / FrameLayout.slotSize
  }

  /// Brings the operands of a branch, below so many others, into their homes before it, if they are many. They are there
  /// on the other ways too then.
  private mutating func settleMany(_ index: Int, below: Int = 0) {
    let count = index == 0 ? signature.resultCount : controls[index].labelCount
    guard count > Self.fewMoves else { return }
    let end = stack.count - below
    for place in end - count..<end { settle(place) }
  }

  /// Whether the operands that a branch to a label takes along are not where they must be.
  private func needsMoves(_ index: Int, below: Int = 0) -> Bool {
    let control = controls[index]
    let count = control.labelCount
    if count == 0 { return false }
    var target = control.base
    let end = stack.count - below
    for place in end - count..<end {
      let entry = stack[place]
      if entry.kind != .home || entry.home != target { return true }
      target += entry.isVector ? 16 : 8
    }
    return false
  }

  /// Notes that the displacement that follows is one to a label behind, and leaves room for it.
  mutating func addBranch(from: Int, previous: Int32) -> Int32 {
    branches.append(Branch(place: count, from: from, previous: previous))
    put(0 as Int32)
    return Int32(branches.count - 1)
  }

  /// Tells a list of branches that their target is here.
  mutating func bind(_ list: Int32) {
    var index = list
    if index >= 0 { last.start = -1 }
    while index >= 0 {
      let branch = branches[Int(index)]
      base.storeBytes(
        of: Int32(count - branch.from), toByteOffset: branch.place, as: Int32.self)
      index = branch.previous
    }
  }

  /// Where a conditional branch goes.
  enum Target {
    /// To a label that is not bound yet; the number is the list of the branches to it so far.
    case end(Int32)
    /// To a loop, by its start.
    case loop(Int)
  }

  /// Writes the displacement of the instruction that begins at `from`. The result is the list of branches for an end.
  private mutating func displacement(_ target: Target, from: Int) -> Int32 {
    switch target {
    case .end(let list):
      return addBranch(from: from, previous: list)
    case .loop(let start):
      put(start - from)
      return -1
    }
  }

  /// Branches if a condition, an i32 that was popped, holds or does not. A comparison before it becomes part of it.
  mutating func branch(_ target: Target, if sense: Bool, _ condition: Entry) -> Int32 {
    var isBack = false
    if case .loop = target {
      isBack = true
    }
    if isLast(condition), !last.isShiftAdd, last.variant == .slots || last.variant == .constantRight {
      let join = last
      if let (opcode, holds) = Self.branchOpcode(join.opcode, if: sense) {
        if join.opcode == .i32Eqz || join.opcode == .i64Eqz || join.opcode == .refIsNull {
          takeBack()
          if isBack { mark() }
          let from = count
          let onZero = sense
          switch (join.opcode == .i32Eqz, onZero) {
          case (true, true): begin(isBack ? .branchUnlessBack : .branchUnless)
          case (true, false): begin(isBack ? .branchIfBack : .branchIf)
          case (false, true): begin(isBack ? .branchIfZero64Back : .branchIfZero64)
          case (false, false): begin(isBack ? .branchIfNotZero64Back : .branchIfNotZero64)
          }
          put(join.a)
          return displacement(target, from: from)
        }
        let variant: HandlerTable.Variant
        if join.variant == .constantRight {
          variant = isBack ? .branchConstantBack : .branchConstant
        } else if holds {
          variant = isBack ? .branchBack : .branch
        } else {
          variant = isBack ? .branchUnlessBack : .branchUnless
        }
        let handler = handlers.handler(opcode, variant)
        if handler != 0 {
          takeBack()
          if isBack { mark() }
          let from = count
          begin(handler)
          put(join.a)
          put(join.variant == .constantRight ? Int32(join.immediate) : join.b)
          return displacement(target, from: from)
        }
      }
    }
    let slot = slot(condition)
    if isBack { mark() }
    let from = count
    if sense { begin(isBack ? .branchIfBack : .branchIf) } else { begin(isBack ? .branchUnlessBack : .branchUnless) }
    put(slot)
    return displacement(target, from: from)
  }

  /// The comparison to branch on, and whether it is to hold. Those of integers have an inverse, those of floating-point
  /// numbers do not, since neither need hold.
  private static func branchOpcode(_ opcode: Opcode, if sense: Bool) -> (Opcode, Bool)? {
    if sense { return (opcode, true) }
    if let inverse = inverse(opcode) { return (inverse, true) }
    switch opcode {
    case .i32Eqz, .i64Eqz, .refIsNull: return (opcode, false)
    case .f32Eq, .f32Ne, .f32Lt, .f32Gt, .f32Le, .f32Ge, .f64Eq, .f64Ne, .f64Lt, .f64Gt, .f64Le, .f64Ge:
      return (opcode, false)
    default: return nil
    }
  }

  /// The comparison of integers that holds exactly where another does not.
  static func inverse(_ opcode: Opcode) -> Opcode? {
    switch opcode {
    case .i32Eq: .i32Ne
    case .i32Ne: .i32Eq
    case .i32LtS: .i32GeS
    case .i32LtU: .i32GeU
    case .i32GtS: .i32LeS
    case .i32GtU: .i32LeU
    case .i32LeS: .i32GtS
    case .i32LeU: .i32GtU
    case .i32GeS: .i32LtS
    case .i32GeU: .i32LtU
    case .i64Eq: .i64Ne
    case .i64Ne: .i64Eq
    case .i64LtS: .i64GeS
    case .i64LtU: .i64GeU
    case .i64GtS: .i64LeS
    case .i64GtU: .i64LeU
    case .i64LeS: .i64GtS
    case .i64LeU: .i64GtU
    case .i64GeS: .i64LtS
    case .i64GeU: .i64LtU
    default: nil
    }
  }

  /// The branch to a label, whose values are in place.
  private mutating func emitBranch(_ index: Int) {
    if controls[index].kind == .loop { mark() }
    let from = count
    if controls[index].kind == .loop {
      begin(.branchBack)
      put(controls[index].start - from)
    } else {
      begin(.branch)
      controls[index].branches = addBranch(from: from, previous: controls[index].branches)
      noteBranch(to: index)
    }
  }

  mutating func translateBr(_ depth: UInt32) {
    let index = controls.count - 1 - Int(depth)
    if index == 0 {
      translateReturn()
    } else {
      moveToLabel(index)
      emitBranch(index)
      becomeUnreachable()
    }
  }

  mutating func translateBrIf(_ depth: UInt32) {
    let condition = pop()
    conditionalBranch(depth, condition)
    beginFuel()
  }

  /// br_if with its condition popped.
  private mutating func conditionalBranch(_ depth: UInt32, _ condition: Entry) {
    let index = controls.count - 1 - Int(depth)
    settleMany(index)
    guard index == 0 || needsMoves(index) else {
      if controls[index].kind == .loop {
        _ = branch(.loop(controls[index].start), if: true, condition)
      } else {
        controls[index].branches = branch(.end(controls[index].branches), if: true, condition)
        noteBranch(to: index)
      }
      return
    }
    let over = branch(.end(-1), if: false, condition)
    branchWithMoves(index)
    bind(over)
    last.start = -1
  }

  /// An unconditional branch that leaves the operand stack as it is.
  private mutating func branchWithMoves(_ index: Int) {
    if index == 0 {
      emitReturn()
    } else {
      moveToLabel(index)
      emitBranch(index)
    }
  }

  mutating func translateBrOnNull(_ instruction: Instruction) {
    // The reference stays on the stack if it is not null, and is not taken along.
    let isNullBranch = instruction.opcode == .brOnNull
    let index = controls.count - 1 - Int(instruction.index)
    if stack[stack.count - 1].kind == .constant { settle(stack.count - 1) }
    settleMany(index, below: isNullBranch ? 1 : 0)
    let entry = stack[stack.count - 1]
    let slot = entry.kind == .local ? locals[Int(entry.local)].slot : entry.home
    let needsCode = index == 0 || needsMoves(index, below: isNullBranch ? 1 : 0)
    let isBack = controls[index].kind == .loop
    if !needsCode {
      if isBack { mark() }
      let from = count
      if isNullBranch {
        begin(isBack ? .branchIfZero64Back : .branchIfZero64)
      } else {
        begin(isBack ? .branchIfNotZero64Back : .branchIfNotZero64)
      }
      put(slot)
      if isBack {
        put(controls[index].start - from)
      } else {
        controls[index].branches = addBranch(from: from, previous: controls[index].branches)
        noteBranch(to: index)
      }
      if !isNullBranch { _ = pop() }
    } else {
      let from = count
      begin(isNullBranch ? .branchIfNotZero64 : .branchIfZero64)
      put(slot)
      let over = addBranch(from: from, previous: -1)
      if isNullBranch {
        // Without the reference.
        let reference = pop()
        branchWithMoves(index)
        pushEntry(reference.kind, local: reference.local)
        if reference.kind == .local { locals[Int(reference.local)].uses &+= 1 }
      } else {
        branchWithMoves(index)
        _ = pop()
      }
      bind(over)
      last.start = -1
    }
    beginFuel()
  }

  /// What ``Control/stub`` is while it is not known whether a piece of code is needed, and where none is.
  private static let unknown = -1
  private static let needless = -2

  mutating func translateBrTable(_ instruction: Instruction) {
    let slot = popSlot()
    var labels = reader.labels(of: instruction)
    labels.append(instruction.index)
    // All labels take the same along.
    settleMany(controls.count - 1 - Int(instruction.index))
    if labels.count == 1 {
      translateBr(instruction.index)
      return
    }
    mark()
    let from = count
    if count + 16 + labels.count * 4 + 128 > capacity { growBuffer(16 + labels.count * 4 + 128) }
    begin(.branchTable)
    put(slot)
    put(labels.count - 1)
    let table = count
    count += labels.count * 4
    // Of the pieces of code that follow, one runs.
    let distance = currentDistance()
    for (position, depth) in labels.enumerated() {
      // Each label may want many moves.
      guard count < limit else {
        isTooLarge = true
        break
      }
      let index = controls.count - 1 - Int(depth)
      let place = table + position * 4
      // A branch that has more to do than to go to the label does it in a piece of code of its own, one for each label.
      if controls[index].stub == Self.unknown, index != 0, controls[index].kind != .loop, !needsMoves(index) {
        controls[index].stub = Self.needless
      }
      if controls[index].stub != Self.needless {
        if controls[index].stub == Self.unknown {
          controls[index].stub = count
          last.start = -1
          branchWithMoves(index)
          self.distance = distance
          units = 0
        }
        base.storeBytes(
          of: Int32(controls[index].stub - from), toByteOffset: place, as: Int32.self)
      } else {
        branches.append(Branch(place: place, from: from, previous: controls[index].branches))
        controls[index].branches = Int32(branches.count - 1)
        noteBranch(to: index)
      }
    }
    for depth in labels { controls[controls.count - 1 - Int(depth)].stub = Self.unknown }
    becomeUnreachable()
  }

  // MARK: Returns

  mutating func translateReturn() {
    emitReturn()
    becomeUnreachable()
  }

  /// Returns the topmost operands. They stay on the stack as they are.
  mutating func emitReturn() {
    let count = signature.resultCount
    let before = currentDistance()
    if before.isOverAtReturn(with: max(count, 1)) { look() }
    // Where this is one arm of a branch, the other has not looked.
    defer {
      distance = before
      units = 0
    }
    if count == 1, !stack[stack.count - 1].isVector {
      let entry = stack[stack.count - 1]
      switch entry.kind {
      case .constant:
        begin(.returnConstant)
        put64(entry.value)
      case .home:
        begin(.returnOne)
        put(entry.home)
      case .local:
        begin(.returnOne)
        put(locals[Int(entry.local)].slot)
      }
      put(-frameDistance)
      return
    }
    if count > Self.fewMoves {
      // The homes lie above the parameters, which the results overwrite.
      for place in stack.count - count..<stack.count {
        let entry = stack[place]
        if entry.kind != .home { move(entry, to: entry.home) }
      }
      copySlots(stack[stack.count - count].home..<top, to: -frameDistance)
    } else if count > 0 {
      // The results overwrite the parameters, so no result may still be one.
      for index in stack.count - count..<stack.count where stack[index].kind == .local {
        let entry = stack[index]
        copy(locals[Int(entry.local)].slot, to: entry.home, isVector: entry.isVector)
      }
      var target = -frameDistance
      for index in stack.count - count..<stack.count {
        let entry = stack[index]
        if entry.kind == .constant {
          constant(entry.value, to: target)
        } else {
          copy(entry.home, to: target, isVector: entry.isVector)
        }
        target += entry.isVector ? 16 : 8
      }
    }
    begin(.return)
  }

  // MARK: Exceptions (Core 3.0, 4.6.9)

  mutating func translateTryTable(_ instruction: Instruction) {
    var control = open(.tryTable, instruction)
    control.start = count
    control.clauses = instruction
    last.start = -1
    controls.append(control)
  }

  /// Ends the guarded code; behind it stands, for each clause, what takes the payload to its label.
  private mutating func endTryTable(_ index: Int) {
    let control = controls[index]
    let end = count
    if !isUnreachable {
      moveToLabel(index, isEnd: true)
      begin(.branch)
      controls[index].branches = addBranch(from: count - 8, previous: controls[index].branches)
      noteBranch(to: index)
    }
    endFuel()
    let firstClause = clauses.count
    let list = reader.catchClauses(of: control.clauses)
    let results = controls[index]
    controls.removeLast()
    for clause in list {
      // Each clause may want many moves.
      guard count < limit else {
        isTooLarge = true
        break
      }
      while stack.count > control.height { _ = pop() }
      top = control.base
      isUnreachable = false
      last.start = -1
      // What takes an exception here has just looked.
      hasLooked()
      if clause.kind.hasTag {
        let signature = translation.signatures[Int(translation.spaces.tags[Int(clause.tag)])]
        for place in signature.first..<signature.first + signature.parameterCount {
          pushEntry(.home, isVector: translation.types[place].isVector)
        }
      }
      if clause.kind.pushesReference { pushEntry(.home) }
      clauses.append(
        TranslatedFunction.Clause(
          tag: clause.kind.hasTag ? Int32(translation.layout.tag(Int(clause.tag))) : -1,
          pushesReference: clause.kind.pushesReference, target: UInt32(count)))
      branchWithMoves(controls.count - 1 - Int(clause.label))
    }
    tryRanges.append(
      TranslatedFunction.TryRange(
        start: UInt32(control.start), end: UInt32(end),
        firstClause: Int32(firstClause), clauseCount: Int32(list.count),
        payload: control.base))
    while stack.count > control.height { _ = pop() }
    top = control.base
    guard results.branches >= 0 else {
      isUnreachable = true
      return
    }
    arrive(at: results)
    bind(results.branches)
    restack(control, control.firstResult, control.resultCount)
    isUnreachable = false
    beginFuel()
  }
}
