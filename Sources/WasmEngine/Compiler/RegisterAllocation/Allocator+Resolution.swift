/// What the allocation comes to: places of pieces, and the moves between them.
extension Allocator {
  /// Where a virtual register is at a position.
  func place(of register: Int, at position: Int32) -> AllocatorMove.Place {
    var piece = Int32(register)
    if live.intervals[register].nextPiece >= 0 {
      // The last piece that begins at or before the position.
      var low = Int(pieceStarts[register])
      var high = low + Int(pieceCounts[register])
      while high - low > 1 {
        let middle = (low + high) / 2
        if pieces[middle].start <= position { low = middle } else { high = middle }
      }
      piece = pieces[low].piece
    }
    let place = live.intervals[Int(piece)].place
    return place >= 0 ? .register(place) : .slot(slots[register])
  }

  /// A piece that is in a register where a block begins.
  struct Entry {
    var piece: Int32
    var next: Int32
  }

  /// Lists the pieces of each register that was split, in order, and by block those that it finds in registers.
  private mutating func listPieces() {
    pieces.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    firstEntries.refill(-1, count: blockStarts.count)
    pieceStarts.refill(0, count: slots.count)
    pieceCounts.refill(0, count: slots.count)
    for register in 32..<slots.count where live.intervals[register].nextPiece >= 0 {
      pieceStarts[register] = Int32(pieces.count)
      let first = live.intervals[register].place
      var isMoving = false
      var piece = Int32(register)
      while piece >= 0 {
        let interval = live.intervals[Int(piece)]
        if interval.firstRange >= 0 {
          pieces.append((live.ranges[Int(interval.firstRange)].start, piece))
          if interval.place != first { isMoving = true }
        }
        piece = interval.nextPiece
      }
      if Int(pieceStarts[register]) == pieces.count { pieces.append((0, Int32(register))) }
      pieceCounts[register] = Int32(pieces.count) - pieceStarts[register]
      guard isMoving else { continue }
      for index in Int(pieceStarts[register])..<pieces.count where live.intervals[Int(pieces[index].piece)].place >= 0 {
        listEntries(of: pieces[index].piece, register)
      }
    }
  }

  private mutating func listEntries(of piece: Int32, _ register: Int) {
    var index = live.intervals[Int(piece)].firstRange
    while index >= 0 {
      let range = live.ranges[Int(index)]
      var block = blockIndex(range.start)
      if blockStarts[block] < range.start { block += 1 }
      while block < blockStarts.count, blockStarts[block] < range.end {
        // What begins here as a parameter is not brought under its own name.
        if live.isLive(register, into: block) {
          entries.append(Entry(piece: piece, next: firstEntries[block]))
          firstEntries[block] = Int32(entries.count - 1)
        }
        block += 1
      }
      index = range.next
    }
  }

  /// From which position on each register that was split is where, in order.
  func placeEvents() -> [(start: Int32, register: Int32, place: AllocatorMove.Place)] {
    var result: [(start: Int32, register: Int32, place: AllocatorMove.Place)] = []
    for register in 32..<slots.count where live.intervals[register].nextPiece >= 0 {
      var piece = Int32(register)
      while piece >= 0 {
        let interval = live.intervals[Int(piece)]
        if interval.firstRange >= 0 {
          let place: AllocatorMove.Place = interval.place >= 0 ? .register(interval.place) : .slot(slots[register])
          result.append((live.ranges[Int(interval.firstRange)].start, Int32(register), place))
        }
        piece = interval.nextPiece
      }
    }
    result.sort { $0.start < $1.start }
    return result
  }

  /// Where a register is throughout, if it was not split.
  func onlyPlace(of register: Int) -> AllocatorMove.Place? {
    let interval = live.intervals[register]
    guard interval.nextPiece < 0, interval.firstRange >= 0 else { return nil }
    return interval.place >= 0 ? .register(interval.place) : .slot(slots[register])
  }

  /// Where registers that have a slot are stored, in order: behind their last write.
  func definitionStores() -> [(position: Int32, register: Int32, slot: Int32)] {
    var result: [(position: Int32, register: Int32, slot: Int32)] = []
    for register in 32..<slots.count where slots[register] >= 0 && live.lastDefinition[register] & 1 == 1 {
      guard live.lastDefinition[register] > 0, !isParameter[register] else { continue }
      result.append((live.lastDefinition[register], Int32(register), slots[register]))
    }
    result.sort { $0.position < $1.position }
    return result
  }

  /// The moves between the pieces of a register within a block, and along the edges.
  mutating func resolve(_ machine: borrowing MachineFunction) {
    // By instruction, whether a block begins there.
    var starts = [Bool](repeating: false, count: machine.instructions.count + 1)
    for start in blockStarts { starts[Int(start) / 2] = true }
    for register in 32..<slots.count {
      var piece = Int32(register)
      while piece >= 0 {
        let next = live.intervals[Int(piece)].nextPiece
        if next >= 0, live.intervals[Int(next)].firstRange >= 0, live.intervals[Int(piece)].firstRange >= 0 {
          let position = start(next)
          // At the beginning of a block the edges bring the value; across a hole there is nothing to bring.
          if end(piece) == position, position & 1 == 1 || !starts[Int(position) / 2] {
            let target = live.intervals[Int(next)].place
            let source = live.intervals[Int(piece)].place
            if target >= 0, target != source {
              // The instruction that a piece is split in may have written over where it was; it waits in memory until then.
              if position & 1 == 1 { hasFailed = true }
              moves.append(
                AllocatorMove(
                  position: position, isVector: isVector[register],
                  source: source >= 0 ? .register(source) : .slot(slots[register]),
                  target: .register(target)))
            }
          }
        }
        piece = next
      }
    }
    resolveEdges(machine)
    moves.sort { ($0.position, $0.phase.rawValue) < ($1.position, $1.phase.rawValue) }
  }

  private mutating func resolveEdges(_ machine: borrowing MachineFunction) {
    listPieces()
    var pending: [AllocatorMove] = []
    var isEntered = [Bool](repeating: false, count: machine.blocks.count)
    var movedEarly = -3
    for block in machine.blocks.indices {
      let info = machine.blocks[block]
      let from = info.end * 2 - 1
      let first = pending.count
      var count = 0
      machine.forEachSuccessor(block) { _ in count += 1 }
      if info.landing >= 0 { resolveLanding(Int(info.landing), machine, &pending) }
      machine.forEachSuccessor(block) { successor in
        let to = machine.blocks[successor].first * 2
        // In front of the jump if this is the only way on; at the beginning of the successor if it has no other way in.
        let position = count == 1 ? (info.end - 1) * 2 : to
        let phase = count == 1 ? AllocatorMove.Phase.leaving : .entering
        var entry = firstEntries[successor]
        while entry >= 0 {
          let piece = entries[Int(entry)].piece
          entry = entries[Int(entry)].next
          // Mostly it is the same piece where the edge comes from.
          guard start(piece) > from || end(piece) <= from else { continue }
          let register = live.intervals[Int(piece)].register.index
          let target = AllocatorMove.Place.register(live.intervals[Int(piece)].place)
          let source = place(of: register, at: from)
          guard source != target else { continue }
          pending.append(
            AllocatorMove(
              position: position, phase: phase, isVector: isVector[register], source: source, target: target))
          if phase == .entering { isEntered[successor] = true }
        }
        guard count == 1, info.arguments.count > 0 else { return }
        let parameters = machine.blocks[successor].parameters
        for index in 0..<Int(parameters.count) {
          let argument = machine.registerPool[Int(info.arguments.start) + index].index
          let parameter = machine.registerPool[Int(parameters.start) + index].index
          guard live.intervals[parameter].firstRange >= 0 else { continue }
          let target = place(of: parameter, at: to)
          let source = place(of: argument, at: from)
          if source != target {
            pending.append(
              AllocatorMove(
                position: position, phase: phase, isVector: isVector[parameter], source: source, target: target))
          }
          // A parameter that lives in memory later on has its slot filled here too, from its register: slots that change
          // places need no other way than that through the registers.
          let slot = slots[parameter]
          if slot >= 0, target.isRegister, source != .slot(slot) {
            pending.append(
              AllocatorMove(
                position: position, phase: .storing, isVector: isVector[parameter], source: target,
                target: .slot(slot)))
          }
        }
      }
      // Of a branch's two ways only one: the other does not know what was moved for it.
      if count == 1, pending.count > first, !isEntered[block], movedEarly < block - 1,
        moveEarly(block, machine, &pending, from: first)
      {
        movedEarly = block
      }
    }
    moves.append(contentsOf: pending)
  }

  /// Where nothing is done along one way out of a branch but to bring parameters to places of which the other way wants
  /// nothing, that may as well be done in front of the branch: then the branch itself goes there, mostly back to the beginning
  /// of a loop, which so has one branch. True where it was.
  private func moveEarly(
    _ block: Int, _ machine: borrowing MachineFunction, _ pending: inout [AllocatorMove], from first: Int
  ) -> Bool {
    let info = machine.blocks[block]
    guard info.end == info.first + 1, !info.isLanding, !info.isCold else { return false }
    // The blocks that edges were given follow where they come from.
    let branch = (max(block - 2, 0)..<block).last {
      Int(machine.blocks[$0].successors.0) == block || Int(machine.blocks[$0].successors.1) == block
    }
    guard let branch, machine.blocks[branch].poolCount == 0 else { return false }
    let origin = machine.blocks[branch]
    let other = Int(origin.successors.0 == block ? origin.successors.1 : origin.successors.0)
    let header = Int(info.successors.0)
    // Both ways may fill the same slots, each with its own.
    guard other >= 0, Int(machine.blocks[other].successors.0) != header else { return false }
    let jump = Int(origin.end) - 2
    guard jump - 1 > origin.first, machine.instructions[jump].operation == .jumpIf else { return false }
    let compare = machine.instructions[jump - 1]
    guard compare.operation == .compare || compare.operation == .test || compare.operation == .vectorCompare else {
      return false
    }
    let position = Int32(jump) * 2
    // In front of the comparison, which the branch follows best at once, unless that reads what is written.
    var isBeforeCompare = true
    var targets: UInt32 = 0
    var count = 0
    let parameters = machine.blocks[header].parameters
    for index in 0..<Int(parameters.count) {
      let argument = machine.registerPool[Int(info.arguments.start) + index].index
      let parameter = machine.registerPool[Int(parameters.start) + index].index
      guard live.intervals[parameter].firstRange >= 0 else { continue }
      let target = place(of: parameter, at: machine.blocks[header].first * 2)
      let source = place(of: argument, at: info.end * 2 - 1)
      let slot = AllocatorMove.Place.slot(slots[parameter])
      let isStored = slots[parameter] >= 0 && source != slot && (target.isRegister || source != target)
      guard isStored || source != target else { continue }
      guard place(of: argument, at: position) == source else { return false }
      if live.lastDefinition[argument] >= position - 2 || place(of: argument, at: position - 2) != source {
        isBeforeCompare = false
      }
      count += (source != target ? 1 : 0) + (isStored && target.isRegister ? 1 : 0)
      if source != target, target.isRegister { targets |= 1 << UInt32(target.raw) }
      if isStored || !target.isRegister, live.isLive(parameter, into: other) { return false }
      func noteRead(_ operand: VirtualRegister) {
        guard operand.exists, !operand.isPhysical else { return }
        let read = place(of: operand.index, at: position - 2)
        if (read == target && source != target) || (read == slot && isStored) { isBeforeCompare = false }
      }
      noteRead(compare.a)
      noteRead(compare.b)
      noteRead(compare.x)
    }
    // Anything else that is moved is not looked at.
    guard count == pending.count - first, targets == 0 || header <= block else { return false }
    if targets != 0 {
      var isWanted = false
      live.forEachLive(into: other) { register in
        let place = place(of: register, at: origin.end * 2 - 1)
        if place.isRegister, targets & 1 << UInt32(place.raw) != 0 { isWanted = true }
      }
      guard !isWanted else { return false }
    }
    for index in first..<pending.count { pending[index].position = isBeforeCompare ? position - 2 : position }
    return true
  }

  /// Where an exception goes on everything is in its slot, since the call that it comes from preserves no register.
  private mutating func resolveLanding(
    _ block: Int, _ machine: borrowing MachineFunction, _ pending: inout [AllocatorMove]
  ) {
    let position = machine.blocks[block].first * 2
    var entry = firstEntries[block]
    while entry >= 0 {
      let piece = entries[Int(entry)].piece
      entry = entries[Int(entry)].next
      let register = live.intervals[Int(piece)].register.index
      guard slots[register] >= 0 else {
        hasFailed = true
        return
      }
      pending.append(
        AllocatorMove(
          position: position, phase: .entering, isVector: isVector[register], source: .slot(slots[register]),
          target: .register(live.intervals[Int(piece)].place)))
    }
  }
}
