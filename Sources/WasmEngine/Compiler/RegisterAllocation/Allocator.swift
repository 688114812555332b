/// A move that the allocator adds in front of an instruction, between the places of one register's pieces.
struct AllocatorMove {
  var position: Int32
  /// Moves at one position and of one phase happen at once; phases follow each other.
  var phase = Phase.split
  var isVector = false
  var source: Place
  var target: Place

  enum Phase: UInt8 {
    /// Of an edge, where its target begins.
    case entering
    /// Between two pieces in a block.
    case split
    /// Of an edge, in front of the jump at the end of its source. That may be the only instruction of its block.
    case leaving
  }

  /// A physical register (0 to 31), or a stack slot.
  struct Place: Hashable {
    var raw: Int32
    static func register(_ number: Int8) -> Place { Place(raw: Int32(number)) }
    static func slot(_ index: Int32) -> Place { Place(raw: 32 + index) }
    var isRegister: Bool { raw < 32 }
    var isGeneral: Bool { raw >= 0 && raw < 16 }
    var slot: Int32 { raw - 32 }
  }
}

/// Linear scan over intervals with holes, with splitting (Wimmer, Mössenböck 2005), on a form with block parameters whose
/// moves are made when the edges are resolved (Wimmer, Franz 2010).
///
/// A value that is not in a register is in the stack slot of its virtual register, where it is stored once, right behind
/// its last write.
struct Allocator {
  var live = LiveIntervals()
  private(set) var moves: [AllocatorMove] = []
  private(set) var slotCount: Int32 = 0
  /// The stack slot of each virtual register; -1 where it has none.
  private var slots: [Int32] = []
  private var isVector: [Bool] = []
  private var isParameter: [Bool] = []

  /// More must be in registers at one place than there are.
  private var hasFailed = false
  private var unhandled: [Int32] = []
  private var active: [Int32] = []
  private var inactive: [Int32] = []
  /// Where the blocks begin, and how deep in loops they are, to choose where to split.
  private var blockStarts: [Int32] = []
  private var blockDepths: [UInt16] = []
  private struct LoopRange {
    var start: Int32
    var end: Int32
    var parent: Int32
  }

  private var loops: [LoopRange] = []
  private var innermostLoop: [Int32] = []
  private var fixedCursor = [Int32](repeating: -1, count: 32)
  /// The pieces of the registers that were split, in order: where each register's begin, and how many there are.
  private var pieces: [(start: Int32, piece: Int32)] = []
  private var pieceStarts: [Int32] = []
  private var pieceCounts: [Int32] = []
  // By register: up to where it is free; where it is wanted next; where an instruction needs it for itself.
  private var free = [Int32](repeating: 0, count: 32)
  private var next = [Int32](repeating: 0, count: 32)
  private var blocked = [Int32](repeating: 0, count: 32)

  static let integerRegisters: [Int8] = [0, 1, 2, 6, 7, 8, 9, 10, 3, 12, 13, 14]
  static let vectorRegisters: [Int8] = Array(16..<31)

  /// Gives every piece a place. False where the function is too large.
  mutating func run(_ machine: borrowing MachineFunction) -> Bool {
    guard live.build(machine) else { return false }
    moves.removeAll(keepingCapacity: true)
    slotCount = 0
    hasFailed = false
    slots = Array(repeating: -1, count: machine.isVector.count)
    isVector = machine.isVector
    isParameter = Array(repeating: false, count: machine.isVector.count)
    for block in machine.blocks {
      for index in 0..<Int(block.parameters.count) {
        isParameter[machine.registerPool[Int(block.parameters.start) + index].index] = true
      }
    }
    blockStarts = machine.blocks.map { $0.first * 2 }
    blockDepths = machine.blocks.map(\.loopDepth)
    findLoops(machine)
    active.removeAll(keepingCapacity: true)
    inactive.removeAll(keepingCapacity: true)
    let withRanges = (32..<live.intervals.count).filter { live.intervals[$0].firstRange >= 0 }
    let starts = live.intervals.map { $0.firstRange >= 0 ? live.ranges[Int($0.firstRange)].start : 0 }
    unhandled = withRanges.map { Int32($0) }.sorted { starts[Int($0)] > starts[Int($1)] }
    for register in 0..<32 { fixedCursor[register] = live.intervals[register].firstRange }
    var steps = 0
    let limit = 64 * (live.intervals.count + 64)
    while let current = unhandled.popLast() {
      steps += 1
      guard steps < limit, !hasFailed else { return false }
      expire(start(current))
      allocate(current)
    }
    resolve(machine)
    return !hasFailed
  }

  // MARK: Intervals

  private func start(_ piece: Int32) -> Int32 { live.ranges[Int(live.intervals[Int(piece)].firstRange)].start }

  @inline(__always)
  private func end(_ piece: Int32) -> Int32 { live.intervals[Int(piece)].end }

  /// The first range of a piece that does not end before a position, which is never before one asked about earlier.
  @inline(__always)
  private mutating func firstRange(_ piece: Int32, from position: Int32) -> Int32 {
    let cursor = live.intervals[Int(piece)].rangeCursor
    var range = cursor >= 0 ? cursor : live.intervals[Int(piece)].firstRange
    while range >= 0, live.ranges[Int(range)].end <= position {
      let next = live.ranges[Int(range)].next
      if next < 0 { break }
      range = next
    }
    live.intervals[Int(piece)].rangeCursor = range
    return range
  }

  private mutating func covers(_ piece: Int32, _ position: Int32) -> Bool {
    var range = firstRange(piece, from: position)
    while range >= 0 {
      let current = live.ranges[Int(range)]
      if position < current.start { return false }
      if position < current.end { return true }
      range = current.next
    }
    return false
  }

  /// The first position from which both have a live range; Int32.max where there is none.
  private func intersection(_ first: Int32, _ second: Int32) -> Int32 {
    var a = first
    var b = second
    while a >= 0, b >= 0 {
      let left = live.ranges[Int(a)]
      let right = live.ranges[Int(b)]
      if left.end <= right.start {
        a = left.next
      } else if right.end <= left.start {
        b = right.next
      } else {
        return max(left.start, right.start)
      }
    }
    return Int32.max
  }

  /// The first use at or after a position that needs a register; Int32.max where there is none.
  private mutating func nextUse(_ piece: Int32, from position: Int32, needsRegister: Bool) -> Int32 {
    var use = live.intervals[Int(piece)].firstUse
    let cursor = live.intervals[Int(piece)].useCursor
    if cursor >= 0, live.uses[Int(cursor)].position < position { use = cursor }
    var previous: Int32 = -1
    while use >= 0, live.uses[Int(use)].position < position {
      previous = use
      use = live.uses[Int(use)].next
    }
    if previous >= 0 { live.intervals[Int(piece)].useCursor = previous }
    while use >= 0 {
      let current = live.uses[Int(use)]
      if !needsRegister || !current.mayBeInMemory { return current.position }
      use = current.next
    }
    return Int32.max
  }

  private mutating func expire(_ position: Int32) {
    var kept = 0
    for index in active.indices {
      let piece = active[index]
      if end(piece) <= position { continue }
      if covers(piece, position) {
        active[kept] = piece
        kept += 1
      } else {
        inactive.append(piece)
      }
    }
    active.removeSubrange(kept...)
    kept = 0
    for index in inactive.indices {
      let piece = inactive[index]
      if end(piece) <= position { continue }
      if covers(piece, position) {
        active.append(piece)
      } else {
        inactive[kept] = piece
        kept += 1
      }
    }
    inactive.removeSubrange(kept...)
    for register in 0..<32 {
      while fixedCursor[register] >= 0, live.ranges[Int(fixedCursor[register])].end <= position {
        fixedCursor[register] = live.ranges[Int(fixedCursor[register])].next
      }
    }
  }

  // MARK: Allocation

  private mutating func allocate(_ current: Int32) {
    let registers =
      isVector[live.intervals[Int(current)].register.index] ? Self.vectorRegisters : Self.integerRegisters
    for register in 0..<32 { free[register] = 0 }
    for register in registers { free[Int(register)] = Int32.max }
    let range = live.intervals[Int(current)].firstRange
    let begin = start(current)
    for piece in active { free[Int(live.intervals[Int(piece)].place)] = 0 }
    for piece in inactive {
      let place = Int(live.intervals[Int(piece)].place)
      if free[place] > 0 { free[place] = min(free[place], intersection(firstRange(piece, from: begin), range)) }
    }
    for register in registers where free[Int(register)] > 0 {
      let next = intersection(fixedCursor[Int(register)], range)
      free[Int(register)] = min(free[Int(register)], next)
    }
    let finish = end(current)
    let hints = (
      place(ofHint: live.intervals[Int(current)].edgeHint), place(ofHint: live.intervals[Int(current)].hint)
    )
    // A register that is not for allocation is never free.
    var best: Int8 = -1
    if hints.0 >= 0, free[Int(hints.0)] >= finish {
      best = hints.0
    } else if hints.1 >= 0, free[Int(hints.1)] >= finish {
      best = hints.1
    } else {
      for register in registers where best < 0 || free[Int(register)] > free[Int(best)] { best = register }
      if hints.1 >= 0, free[Int(hints.1)] == free[Int(best)] { best = hints.1 }
      if hints.0 >= 0, free[Int(hints.0)] == free[Int(best)] { best = hints.0 }
    }
    let until = free[Int(best)]
    if until >= finish {
      live.intervals[Int(current)].place = best
      active.append(current)
      return
    }
    // Free for a part: worth it if some use comes before that part ends.
    let earliest = max(begin + 1, live.lastDefinition(of: current) + 1)
    let splitAt = bestSplit(from: earliest, to: until)
    if until > begin + 1, splitAt > begin, splitAt >= earliest {
      let rest = split(current, at: splitAt)
      live.intervals[Int(current)].place = best
      active.append(current)
      enqueue(rest)
      return
    }
    allocateBlocked(current, registers)
  }

  /// The register in which a hinted one is, or would like to be; -1 where nothing is known.
  private func place(ofHint hint: VirtualRegister) -> Int8 {
    guard hint.exists else { return -1 }
    if hint.isPhysical { return Int8(hint.id) }
    let interval = live.intervals[hint.index]
    if interval.place >= 0 { return interval.place }
    if interval.hint.exists {
      if interval.hint.isPhysical { return Int8(interval.hint.id) }
      let place = live.intervals[interval.hint.index].place
      if place >= 0 { return place }
    }
    return interval.edgeHint.exists ? live.intervals[interval.edgeHint.index].place : -1
  }

  private mutating func allocateBlocked(_ current: Int32, _ registers: [Int8]) {
    let begin = start(current)
    let range = live.intervals[Int(current)].firstRange
    for register in 0..<32 { (next[register], blocked[register]) = (0, 0) }
    for register in registers {
      next[Int(register)] = Int32.max
      blocked[Int(register)] = intersection(fixedCursor[Int(register)], range)
      if blocked[Int(register)] <= begin + 1 { next[Int(register)] = 0 }
    }
    for piece in active {
      let place = Int(live.intervals[Int(piece)].place)
      // A piece cannot be sent away in the middle of being made.
      if live.lastDefinition(of: piece) >= begin {
        next[place] = 0
      } else {
        next[place] = min(next[place], nextUse(piece, from: begin, needsRegister: false))
      }
    }
    for piece in inactive where intersection(firstRange(piece, from: begin), range) != Int32.max {
      let place = Int(live.intervals[Int(piece)].place)
      next[place] = min(next[place], nextUse(piece, from: begin, needsRegister: false))
    }
    var best = registers[0]
    for register in registers
    where min(next[Int(register)], blocked[Int(register)]) > min(next[Int(best)], blocked[Int(best)]) {
      best = register
    }
    let firstUse = nextUse(current, from: begin, needsRegister: true)
    let mayWait = live.lastDefinition(of: current) < begin
    if mayWait, firstUse == Int32.max || firstUse > next[Int(best)] || firstUse >= blocked[Int(best)] {
      // The current one has the farthest use: it waits in memory.
      spill(current, until: firstUse)
      return
    }
    guard min(next[Int(best)], blocked[Int(best)]) > begin else {
      hasFailed = true
      return
    }
    live.intervals[Int(current)].place = best
    if blocked[Int(best)] < end(current) {
      let earliest = max(begin + 1, live.lastDefinition(of: current) + 1)
      let at = bestSplit(from: earliest, to: blocked[Int(best)])
      guard at > begin else {
        hasFailed = true
        return
      }
      enqueue(split(current, at: at))
    }
    // Whoever has the register gives it up here.
    var kept: [Int32] = []
    for piece in active {
      guard live.intervals[Int(piece)].place == best else {
        kept.append(piece)
        continue
      }
      evict(piece, at: begin)
    }
    active = kept
    kept = []
    let currentRange = live.intervals[Int(current)].firstRange
    for piece in inactive {
      guard live.intervals[Int(piece)].place == best,
        intersection(firstRange(piece, from: begin), currentRange) != Int32.max
      else {
        kept.append(piece)
        continue
      }
      // It sits in a hole: what comes after the hole finds a new place.
      let rest = split(piece, at: begin)
      enqueue(rest)
      if end(piece) > begin { kept.append(piece) }
    }
    inactive = kept
    active.append(current)
  }

  /// Takes the register from an active piece at a position; the rest waits in memory for its next use.
  private mutating func evict(_ piece: Int32, at position: Int32) {
    // At an odd position an instruction writes the register that it reads here; the value has been stored long before.
    let at = beforeLoops(piece, position)
    if at <= start(piece) {
      live.intervals[Int(piece)].place = -1
      spill(piece, until: nextUse(piece, from: position, needsRegister: true))
      return
    }
    let rest = split(piece, at: at)
    spill(rest, until: nextUse(rest, from: at, needsRegister: true))
  }

  /// A piece that loses its register in a loop in which it is not used loses it in front of the loop, so that the loop does
  /// not bring it back each time around. The outermost such loop counts.
  private mutating func beforeLoops(_ piece: Int32, _ position: Int32) -> Int32 {
    let earliest = max(start(piece), live.lastDefinition(of: piece)) + 1
    var result = position
    var loop = innermostLoop[blockIndex(position)]
    while loop >= 0 {
      let range = loops[Int(loop)]
      guard range.start > earliest, nextUse(piece, from: range.start, needsRegister: false) >= range.end else { break }
      result = range.start
      loop = range.parent
    }
    return result
  }

  private mutating func findLoops(_ machine: borrowing MachineFunction) {
    loops.removeAll(keepingCapacity: true)
    innermostLoop = Array(repeating: -1, count: machine.blocks.count)
    var open: Int32 = -1
    for block in machine.blocks.indices {
      let position = machine.blocks[block].first * 2
      while open >= 0, loops[Int(open)].end <= position { open = loops[Int(open)].parent }
      if machine.blocks[block].loopEnd >= 0 {
        let end = machine.blocks[Int(machine.blocks[block].loopEnd) - 1].end * 2
        loops.append(LoopRange(start: position, end: end, parent: open))
        open = Int32(loops.count - 1)
      }
      innermostLoop[block] = open
    }
  }

  /// Puts a piece into memory, up to the place where it must be in a register again.
  private mutating func spill(_ piece: Int32, until use: Int32) {
    live.intervals[Int(piece)].place = -1
    needSlot(live.intervals[Int(piece)].register.index)
    guard use != Int32.max, use < end(piece) else { return }
    let at = bestSplit(from: start(piece) + 1, to: use)
    if at > start(piece) { enqueue(split(piece, at: at)) } else { enqueue(split(piece, at: use & ~1)) }
  }

  private mutating func needSlot(_ register: Int) {
    guard slots[register] < 0 else { return }
    // Vectors take two words, the first of which has the lower address.
    slots[register] = slotCount
    slotCount += isVector[register] ? 2 : 1
  }

  private mutating func enqueue(_ piece: Int32) {
    let position = start(piece)
    var low = 0
    var high = unhandled.count
    while low < high {
      let middle = (low + high) / 2
      if start(unhandled[middle]) > position { low = middle + 1 } else { high = middle }
    }
    unhandled.insert(piece, at: low)
  }

  /// Where to split between two positions: as late as possible, but at the beginning of a block outside a loop if that
  /// saves going to memory in the loop. Always even: between two instructions.
  private func bestSplit(from: Int32, to: Int32) -> Int32 {
    let latest = to & ~1
    let earliest = (from + 1) & ~1
    guard latest > earliest else { return latest }
    let last = blockIndex(latest)
    let first = blockIndex(earliest)
    guard first < last else { return latest }
    var best = last
    var block = last - 1
    var steps = 0
    while block > first, steps < 64 {
      if blockDepths[block] < blockDepths[best] { best = block }
      block -= 1
      steps += 1
    }
    if blockDepths[best] < blockDepths[last] {
      // Behind the shallower block's last instruction, in front of the deeper one.
      return best + 1 < blockStarts.count ? blockStarts[best + 1] - 2 : latest
    }
    return latest
  }

  private func blockIndex(_ position: Int32) -> Int {
    var low = 0
    var high = blockStarts.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if blockStarts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }

  /// Cuts a piece in two; the result is the part from `position` on.
  private mutating func split(_ piece: Int32, at position: Int32) -> Int32 {
    var rest = Interval(register: live.intervals[Int(piece)].register)
    live.intervals[Int(piece)].rangeCursor = -1
    live.intervals[Int(piece)].useCursor = -1
    rest.hint = live.intervals[Int(piece)].hint
    rest.edgeHint = live.intervals[Int(piece)].edgeHint
    rest.nextPiece = live.intervals[Int(piece)].nextPiece
    rest.end = live.intervals[Int(piece)].end
    var previous: Int32 = -1
    var range = live.intervals[Int(piece)].firstRange
    while range >= 0, live.ranges[Int(range)].end <= position {
      previous = range
      range = live.ranges[Int(range)].next
    }
    if range >= 0, live.ranges[Int(range)].start < position {
      live.ranges.append(
        LiveRange(start: position, end: live.ranges[Int(range)].end, next: live.ranges[Int(range)].next))
      rest.firstRange = Int32(live.ranges.count - 1)
      live.ranges[Int(range)].end = position
      live.ranges[Int(range)].next = -1
      live.intervals[Int(piece)].end = position
    } else {
      rest.firstRange = range
      if previous >= 0 { live.ranges[Int(previous)].next = -1 } else { live.intervals[Int(piece)].firstRange = -1 }
      live.intervals[Int(piece)].end = previous >= 0 ? live.ranges[Int(previous)].end : -1
    }
    previous = -1
    var use = live.intervals[Int(piece)].firstUse
    while use >= 0, live.uses[Int(use)].position < position {
      previous = use
      use = live.uses[Int(use)].next
    }
    rest.firstUse = use
    if previous >= 0 { live.uses[Int(previous)].next = -1 } else { live.intervals[Int(piece)].firstUse = -1 }
    live.intervals.append(rest)
    let number = Int32(live.intervals.count - 1)
    live.intervals[Int(piece)].nextPiece = number
    return number
  }

  // MARK: The result

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

  /// Lists the pieces of each register that was split, in order, and which registers those are that change their place.
  private mutating func listPieces() -> [UInt64] {
    var moving = [Bool](repeating: false, count: slots.count)
    pieces.removeAll(keepingCapacity: true)
    pieceStarts = Array(repeating: 0, count: slots.count)
    pieceCounts = Array(repeating: 0, count: slots.count)
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
      moving[register] = isMoving
    }
    return live.globalSet { moving[$0] }
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
  private mutating func resolve(_ machine: borrowing MachineFunction) {
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
    let splitRegisters = listPieces()
    var pending: [AllocatorMove] = []
    for block in machine.blocks.indices {
      let info = machine.blocks[block]
      let from = info.end * 2 - 1
      var count = 0
      machine.forEachSuccessor(block) { _ in count += 1 }
      if info.landing >= 0 { resolveLanding(Int(info.landing), machine, &pending) }
      machine.forEachSuccessor(block) { successor in
        let to = machine.blocks[successor].first * 2
        // In front of the jump if this is the only way on; at the beginning of the successor if it has no other way in.
        let position = count == 1 ? (info.end - 1) * 2 : to
        let phase = count == 1 ? AllocatorMove.Phase.leaving : .entering
        live.forEachLive(into: successor, among: splitRegisters) { register in
          guard register >= 32 else { return }
          let target = place(of: register, at: to)
          let source = place(of: register, at: from)
          if target.isRegister, source != target {
            pending.append(
              AllocatorMove(
                position: position, phase: phase, isVector: isVector[register], source: source, target: target))
          }
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
          // A parameter that lives in memory later on has its slot filled here too.
          let slot = slots[parameter]
          if slot >= 0, target.isRegister, source != .slot(slot) {
            pending.append(
              AllocatorMove(
                position: position, phase: phase, isVector: isVector[parameter], source: source, target: .slot(slot)))
          }
        }
      }
    }
    moves.append(contentsOf: pending)
  }

  /// Where an exception goes on everything is in its slot, since the call that it comes from preserves no register.
  private mutating func resolveLanding(
    _ block: Int, _ machine: borrowing MachineFunction, _ pending: inout [AllocatorMove]
  ) {
    let position = machine.blocks[block].first * 2
    live.forEachLive(into: block) { register in
      guard register >= 32 else { return }
      let target = place(of: register, at: position)
      if slots[register] < 0 {
        hasFailed = true
      } else if target.isRegister {
        pending.append(
          AllocatorMove(
            position: position, phase: .entering, isVector: isVector[register], source: .slot(slots[register]),
            target: target))
      }
    }
  }
}

extension LiveIntervals {
  /// The last write to the register of a piece.
  func lastDefinition(of piece: Int32) -> Int32 {
    lastDefinition[intervals[Int(piece)].register.index]
  }
}
