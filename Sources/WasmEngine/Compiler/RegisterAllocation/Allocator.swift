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
    /// Into the slots of parameters, from the registers that the edge has brought them to.
    case storing
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
struct Allocator: ~Copyable {
  var live = LiveIntervals()
  var moves: [AllocatorMove] = []
  var slotCount: Int32 = 0
  /// The registers that the function keeps for its caller, as bits, in the last slots.
  private(set) var saved: UInt32 = 0
  /// The stack slot of each virtual register; -1 where it has none.
  var slots: [Int32] = []
  var isVector: [Bool] = []
  var isParameter: [Bool] = []

  /// More must be in registers at one place than there are.
  var hasFailed = false
  private var unhandled = UnhandledPieces()
  /// The registers that hold a piece at the place that allocation has come to, as bits; for each the piece, and where the
  /// range of it ends that is around the place.
  private var busy: UInt32 = 0
  /// The registers that have held any.
  private var used: UInt32 = 0
  private let activePiece = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  private let activeUntil = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  /// Pieces with a register that are in a hole, by where their next ranges begin.
  private var inactive = PieceHeap()
  /// How often one of them was looked at.
  private var visits = 0
  /// Where the blocks begin, and how deep in loops they are, to choose where to split.
  var blockStarts: [Int32] = []
  /// By instruction.
  var blocks = Pool<Int32>()
  var blockDepths: [UInt16] = []
  struct LoopRange {
    var start: Int32
    var end: Int32
    var parent: Int32
    var header: Int32
    /// Whether the function calls itself in it.
    var isRecursive = false
  }

  var loops: [LoopRange] = []
  var innermostLoop: [Int32] = []
  /// What instructions need of each register, in order, the registers one behind the other.
  private var fixedRanges = Pool<FixedRange>()
  private struct FixedRange {
    var start: Int32
    var end: Int32
  }
  // By register.
  /// The first of them that is not left behind, and the end of the register's.
  private let fixedCursor = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  private let fixedLimit = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  /// Where the one at the cursor begins.
  private let fixedStart = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  /// Where the first of them ends.
  private var firstFixedEnd: Int32 = 0
  /// The pieces of the registers that were split, in order: where each register's begin, and how many there are.
  var pieces: [(start: Int32, piece: Int32)] = []
  var pieceStarts: [Int32] = []
  var pieceCounts: [Int32] = []
  /// What is in a register where a block begins, of the registers that change their place: a list for each block.
  var entries: [Entry] = []
  var firstEntries: [Int32] = []
  /// Up to where it is free; where it is wanted next; where an instruction needs it for itself.
  private let free = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  private let next = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  private let blocked = UnsafeMutablePointer<Int32>.allocate(capacity: 32)

  init() {
    for array in [activePiece, activeUntil, fixedCursor, fixedLimit, fixedStart, free, next, blocked] {
      array.initialize(repeating: -1, count: 32)
    }
  }

  deinit {
    for array in [activePiece, activeUntil, fixedCursor, fixedLimit, fixedStart, free, next, blocked] {
      array.deallocate()
    }
  }

  /// The registers of a class that take part, as bits; rsp, rbp, r11, r15 and xmm15 do not.
  private static func registers(isVector: Bool) -> UInt32 { isVector ? 0x7FFF_0000 : 0x77CF }

  /// Calls `body` with each register of a set.
  @inline(__always)
  private static func forEach(_ registers: UInt32, _ body: (Int) -> Void) {
    var bits = registers
    while bits != 0 {
      body(bits.trailingZeroBitCount)
      bits &= bits - 1
    }
  }

  /// Gives every piece a place. False where the function is too large.
  mutating func run(_ machine: borrowing MachineFunction, _ budget: CompilationBudget = .unlimited) -> Bool {
    guard live.build(machine, budget) else { return false }
    moves.removeAll(keepingCapacity: true)
    slotCount = 0
    hasFailed = false
    used = 0
    slots.refill(-1, count: machine.isVector.count)
    isVector = machine.isVector
    isParameter.refill(false, count: machine.isVector.count)
    for block in machine.blocks.indices {
      let (start, count) = machine.blocks[block].parameters
      for index in Int(start)..<Int(start + count) { isParameter[machine.registerPool[index].index] = true }
    }
    blockStarts.removeAll(keepingCapacity: true)
    blockDepths.removeAll(keepingCapacity: true)
    blocks.refill(Int32(machine.blocks.count - 1), count: machine.instructions.count + 1)
    for block in machine.blocks.indices {
      let first = machine.blocks[block].first
      blockStarts.append(first * 2)
      blockDepths.append(machine.blocks[block].loopDepth)
      for index in Int(first)..<Int(machine.blocks[block].end) { blocks[index] = Int32(block) }
    }
    findLoops(machine)
    busy = 0
    inactive.removeAll()
    collectUnhandled(machine)
    collectFixed()
    var steps = 0
    visits = 0
    let limit = 64 * (live.intervals.count + 64)
    while let current = unhandled.next() {
      steps += 1
      guard steps < limit, visits <= budget.steps, !hasFailed else { return false }
      expire(start(current))
      allocate(current)
    }
    resolve(machine)
    let catches = machine.blocks.contains { $0.landing >= 0 }
    saved = (catches ? UInt32.max : used) & MachineInstruction.preserved
    slotCount += Int32(saved.nonzeroBitCount)
    return !hasFailed
  }

  /// Everything that has a life.
  private mutating func collectUnhandled(_ machine: borrowing MachineFunction) {
    unhandled.reset(positions: 2 * machine.instructions.count + 2, count: live.intervals.count)
    for interval in live.intervals.indices {
      let first = live.intervals[interval].firstRange
      live.intervals[interval].currentRange = first
      if interval >= 32, first >= 0 { unhandled.add(Int32(interval), at: live.ranges[Int(first)].start) }
    }
  }

  // MARK: Intervals

  func start(_ piece: Int32) -> Int32 { live.ranges[Int(live.intervals[Int(piece)].firstRange)].start }

  @inline(__always)
  func end(_ piece: Int32) -> Int32 { live.intervals[Int(piece)].end }

  /// Whether a piece has a range around a position, behind which it is not asked again.
  private func reaches(_ piece: Int32, _ position: Int32) -> Bool {
    var range = live.intervals[Int(piece)].currentRange
    while range >= 0, live.ranges[Int(range)].end <= position { range = live.ranges[Int(range)].next }
    live.intervals[Int(piece)].currentRange = range
    return range >= 0 && live.ranges[Int(range)].start <= position
  }

  /// The first position from which both have a live range; Int32.max where there is none. The second ends at `end`.
  private func intersection(_ first: Int32, _ second: Int32, end: Int32 = Int32.max) -> Int32 {
    var a = first
    var b = second
    // Mostly the first begins behind all of the second.
    if a >= 0, live.ranges[Int(a)].start >= end { return Int32.max }
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

  private mutating func collectFixed() {
    fixedRanges.removeAll()
    for register in 0..<32 {
      fixedCursor[register] = Int32(fixedRanges.count)
      var range = live.intervals[register].firstRange
      while range >= 0 {
        fixedRanges.append(FixedRange(start: live.ranges[Int(range)].start, end: live.ranges[Int(range)].end))
        range = live.ranges[Int(range)].next
      }
      fixedLimit[register] = Int32(fixedRanges.count)
    }
    expireFixed(0)
  }

  /// Where ranges meet what instructions need of a register; Int32.max where that is not before a position.
  @inline(__always)
  private func fixedIntersection(_ register: Int, _ range: Int32, before end: Int32) -> Int32 {
    fixedStart[register] >= end ? Int32.max : searchFixed(register, range, before: end)
  }

  private func searchFixed(_ register: Int, _ range: Int32, before end: Int32) -> Int32 {
    var index = Int(fixedCursor[register])
    let limit = Int(fixedLimit[register])
    var next = range
    while next >= 0 {
      let range = live.ranges[Int(next)]
      if range.start >= end { return Int32.max }
      if fixedRanges[index].end <= range.start {
        // There may be many of them in a hole.
        var step = 1
        while index + step < limit, fixedRanges[index + step].end <= range.start {
          index += step
          step *= 2
        }
        var low = index + 1
        var high = min(index + step, limit)
        while low < high {
          let middle = (low + high) / 2
          if fixedRanges[middle].end <= range.start { low = middle + 1 } else { high = middle }
        }
        index = low
        if index == limit { return Int32.max }
      }
      if fixedRanges[index].start < range.end { return max(fixedRanges[index].start, range.start) }
      next = range.next
    }
    return Int32.max
  }

  /// The first use at or after a position that needs a register; Int32.max where there is none.
  func nextUse(_ piece: Int32, from position: Int32, needsRegister: Bool) -> Int32 {
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
    Self.forEach(busy) { register in
      guard activeUntil[register] <= position else { return }
      let piece = activePiece[register]
      busy &= ~(1 << UInt32(register))
      place(piece, at: position)
    }
    while inactive.count > 0, inactive.least <= position { place(inactive.removeFirst(), at: position) }
    if position >= firstFixedEnd { expireFixed(position) }
  }

  /// Notes where a piece is that has a register: around a position, in a hole there, or left behind.
  private mutating func place(_ piece: Int32, at position: Int32) {
    guard end(piece) > position else { return }
    if reaches(piece, position) {
      activate(piece)
    } else {
      inactive.insert(piece, at: live.ranges[Int(live.intervals[Int(piece)].currentRange)].start)
    }
  }

  @inline(__always)
  private mutating func activate(_ piece: Int32) {
    let register = Int(live.intervals[Int(piece)].place)
    assert(busy & 1 << UInt32(register) == 0, "two values in one register")
    busy |= 1 << UInt32(register)
    used |= 1 << UInt32(register)
    activePiece[register] = piece
    activeUntil[register] = live.ranges[Int(live.intervals[Int(piece)].currentRange)].end
  }

  /// Leaves behind what instructions needed that ends before a position.
  private mutating func expireFixed(_ position: Int32) {
    firstFixedEnd = Int32.max
    for register in 0..<32 {
      var cursor = fixedCursor[register]
      while cursor < fixedLimit[register], fixedRanges[Int(cursor)].end <= position { cursor += 1 }
      fixedCursor[register] = cursor
      guard cursor < fixedLimit[register] else {
        fixedStart[register] = Int32.max
        continue
      }
      fixedStart[register] = fixedRanges[Int(cursor)].start
      firstFixedEnd = min(firstFixedEnd, fixedRanges[Int(cursor)].end)
    }
  }

  // MARK: Allocation

  private mutating func allocate(_ current: Int32) {
    let registers = Self.registers(isVector: isVector[live.intervals[Int(current)].register.index])
    let available = registers & ~busy
    // A register that is not for allocation is never free.
    for register in 0..<32 { free[register] = available & 1 << UInt32(register) != 0 ? Int32.max : 0 }
    let range = live.intervals[Int(current)].firstRange
    let begin = start(current)
    let finish = end(current)
    visits += inactive.forEach(before: finish) { piece in
      let place = Int(live.intervals[Int(piece)].place)
      if free[place] > 0 {
        free[place] = min(free[place], intersection(live.intervals[Int(piece)].currentRange, range, end: finish))
      }
    }
    let call = fixedIntersection(LiveIntervals.callClobbers, range, before: finish)
    let bound = min(call, finish)
    let hints = (
      place(ofHint: live.intervals[Int(current)].edgeHint), place(ofHint: live.intervals[Int(current)].hint)
    )
    if call < finish, allocatePreserved(current, call) { return }
    var best: Int8 = -1
    if isFree(hints.0, range, call, finish) {
      best = hints.0
    } else if isFree(hints.1, range, call, finish) {
      best = hints.1
    } else {
      Self.forEach(available) { register in
        free[register] = min(free[register], call, fixedIntersection(register, range, before: bound))
      }
      Self.forEach(registers) { register in
        if best < 0 || free[register] > free[Int(best)] { best = Int8(register) }
      }
      if hints.1 >= 0, free[Int(hints.1)] == free[Int(best)] { best = hints.1 }
      if hints.0 >= 0, free[Int(hints.0)] == free[Int(best)] { best = hints.0 }
    }
    var until = free[Int(best)]
    // In front of a call it is in memory. Up to its last use before that any register will do, so perhaps the one that saves
    // a move; and behind it none is needed.
    var needed = Int32.max
    // From which position on it may come back.
    var back = begin + 1
    if until < finish, until == call, until > begin {
      if let loop = loopOfCall(until, current) {
        needed = endOfUse(current, before: loop.start)
        back = loop.start - 2
        if needed <= begin {
          spill(current, until: nextUse(current, from: begin, needsRegister: true), after: back)
          return
        }
      } else {
        needed = endOfUse(current, before: until)
      }
      if needed > begin, hints.0 >= 0, free[Int(hints.0)] >= needed {
        best = hints.0
      } else if needed > begin, hints.1 >= 0, free[Int(hints.1)] >= needed {
        best = hints.1
      }
      until = free[Int(best)]
    }
    if until >= finish {
      live.intervals[Int(current)].place = best
      activate(current)
      return
    }
    // Free for a part: worth it if some use comes before that part ends. What only waits there does so in memory, lest it is
    // brought along an edge in vain.
    if until > begin, live.lastDefinition(of: current) < begin,
      nextUse(current, from: begin, needsRegister: false) >= until
    {
      spill(current, until: nextUse(current, from: begin, needsRegister: true), after: begin + 1)
      return
    }
    let earliest = max(begin + 1, live.lastDefinition(of: current) + 1)
    let isKnown = needed != .max && needed >= earliest
    let splitAt = isKnown ? needed : bestSplit(from: earliest, to: until)
    if until > begin + 1, splitAt > begin, splitAt >= earliest {
      let rest = split(current, at: splitAt)
      live.intervals[Int(current)].place = best
      activate(current)
      if isKnown {
        // In memory right away: the instruction that uses it last may be writing its register already.
        spill(rest, until: nextUse(rest, from: splitAt, needsRegister: true), after: max(back, splitAt + 1))
      } else {
        enqueue(rest)
      }
      return
    }
    allocateBlocked(current, registers)
  }

  /// Gives a piece that crosses a call in a loop a register that callees preserve, if one is free at least as long as the
  /// loop goes on. It costs a store and a load whenever the function is entered, and saves as many each time around.
  private mutating func allocatePreserved(_ current: Int32, _ call: Int32) -> Bool {
    guard !isVector[live.intervals[Int(current)].register.index], let loop = loopAround(call, using: current) else {
      return false
    }
    let range = live.intervals[Int(current)].firstRange
    let finish = end(current)
    let guarded = fixedIntersection(LiveIntervals.guardedCallClobbers, range, before: finish)
    let wanted = min(finish, loop.end)
    guard guarded >= wanted else { return false }
    var best = -1
    var until: Int32 = 0
    Self.forEach(MachineInstruction.preserved & ~busy) { register in
      if free[register] > until { (best, until) = (register, free[register]) }
    }
    if until < wanted {
      // What a loop changes had better be there than what it only reads, which comes back from memory at once.
      guard start(current) == loop.start, let other = leastNeededPreserved(at: loop.start) else { return false }
      best = other
      until = Int32.max
      visits += inactive.forEach(before: finish) { piece in
        guard Int(live.intervals[Int(piece)].place) == best else { return }
        until = min(until, intersection(live.intervals[Int(piece)].currentRange, range, end: finish))
      }
      guard until >= wanted else { return false }
      busy &= ~(1 << UInt32(best))
      evict(activePiece[best], at: loop.start)
    }
    until = min(until, finish, guarded)
    if until < finish {
      let at = bestSplit(from: max(loop.end, live.lastDefinition(of: current) + 1), to: until)
      guard at >= loop.end, at > live.lastDefinition(of: current) else { return false }
      enqueue(split(current, at: at))
    }
    live.intervals[Int(current)].place = Int8(best)
    activate(current)
    return true
  }

  /// Of the registers that callees preserve and that hold what comes from before a position, the one whose value is wanted
  /// last.
  private func leastNeededPreserved(at position: Int32) -> Int? {
    var result: Int?
    var farthest = position
    Self.forEach(MachineInstruction.preserved & busy) { register in
      let piece = activePiece[register]
      guard start(piece) < position, live.lastDefinition(of: piece) < position else { return }
      let next = nextUse(piece, from: position, needsRegister: false)
      if next > farthest { (result, farthest) = (register, next) }
    }
    return result
  }

  /// Whether a hinted register is free for all of a piece's ranges, the last of which ends at `finish`.
  private func isFree(_ hint: Int8, _ range: Int32, _ call: Int32, _ finish: Int32) -> Bool {
    hint >= 0 && call >= finish && free[Int(hint)] >= finish
      && fixedIntersection(Int(hint), range, before: finish) >= finish
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

  private mutating func allocateBlocked(_ current: Int32, _ registers: UInt32) {
    let begin = start(current)
    let range = live.intervals[Int(current)].firstRange
    for register in 0..<32 { (next[register], blocked[register]) = (0, 0) }
    let finish = end(current)
    let loop = innermostLoop[blockIndex(begin)]
    let call = fixedIntersection(LiveIntervals.callClobbers, range, before: finish)
    Self.forEach(registers) { register in
      next[register] = Int32.max
      blocked[register] = min(call, fixedIntersection(register, range, before: min(call, finish)))
      if blocked[register] <= begin + 1 { next[register] = 0 }
    }
    Self.forEach(busy) { place in
      let piece = activePiece[place]
      // A piece cannot be sent away in the middle of being made.
      if live.lastDefinition(of: piece) >= begin {
        next[place] = 0
      } else {
        next[place] = min(next[place], nextNeed(piece, from: begin, in: loop))
      }
    }
    visits += inactive.forEach(before: finish) { piece in
      guard intersection(live.intervals[Int(piece)].currentRange, range) != Int32.max else { return }
      let place = Int(live.intervals[Int(piece)].place)
      next[place] = min(next[place], nextNeed(piece, from: begin, in: loop))
    }
    var best = Int8(registers.trailingZeroBitCount)
    Self.forEach(registers) { register in
      if min(next[register], blocked[register]) > min(next[Int(best)], blocked[Int(best)]) {
        best = Int8(register)
      }
    }
    let firstUse = nextUse(current, from: begin, needsRegister: true)
    let mayWait = live.lastDefinition(of: current) < begin
    if mayWait, firstUse == Int32.max || firstUse > next[Int(best)] || firstUse >= blocked[Int(best)] {
      // The current one has the farthest use: it waits in memory.
      spill(current, until: firstUse, after: begin + 1)
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
    if busy & 1 << UInt32(best) != 0 {
      busy &= ~(1 << UInt32(best))
      evict(activePiece[Int(best)], at: begin)
    }
    let currentRange = live.intervals[Int(current)].firstRange
    var evicted: [Int32] = []
    visits += inactive.forEach(before: end(current)) { piece in
      if live.intervals[Int(piece)].place == best,
        intersection(live.intervals[Int(piece)].currentRange, currentRange) != Int32.max
      {
        evicted.append(piece)
      }
    }
    if !evicted.isEmpty { inactive.remove { evicted.contains($0) } }
    // They sit in holes: what comes after the hole finds a new place.
    for piece in evicted { enqueue(split(piece, at: begin)) }
    activate(current)
  }

  /// Takes the register from an active piece at a position; the rest waits in memory for its next use.
  private mutating func evict(_ piece: Int32, at position: Int32) {
    // At an odd position an instruction writes the register that it reads here; the value has been stored long before.
    let at = min(beforeLoops(piece, position), endOfUse(piece, before: position))
    if at <= start(piece) {
      live.intervals[Int(piece)].place = -1
      spill(piece, until: nextUse(piece, from: position, needsRegister: true), after: position + 1)
      return
    }
    let rest = split(piece, at: at)
    spill(rest, until: nextUse(rest, from: at, needsRegister: true), after: position + 1)
  }

  mutating func enqueue(_ piece: Int32) { unhandled.enqueue(piece, at: start(piece)) }
}

extension LiveIntervals {
  /// The last write to the register of a piece.
  func lastDefinition(of piece: Int32) -> Int32 {
    lastDefinition[intervals[Int(piece)].register.index]
  }
}
