/// A stretch of positions in which a register holds a value: from `start` up to but not including `end`. An instruction with
/// the number i reads at position 2i and writes at 2i + 1.
struct LiveRange {
  var start: Int32
  var end: Int32
  var next: Int32
}

/// A use of a register by an instruction.
struct RegisterUse {
  var position: Int32
  var next: Int32
  /// Whether a stack slot will do as well.
  var mayBeInMemory: Bool
}

/// A piece of the life of a virtual register that has one place: a register or the register's stack slot. Splitting makes
/// more pieces, linked by `nextPiece` in order.
struct Interval {
  var register: VirtualRegister
  var firstRange: Int32 = -1
  var firstUse: Int32 = -1
  var nextPiece: Int32 = -1
  /// The first range that the allocator has not left behind.
  var currentRange: Int32 = -1
  /// A use that lies before what was asked for last, from which to look on; -1 for the first.
  var useCursor: Int32 = -1
  /// A physical register, or -1 in memory.
  var place: Int8 = -1
  /// Where its last range ends.
  var end: Int32 = -1
  /// A register whose place would save a move.
  var hint: VirtualRegister = .none
  /// The same along an edge: a block parameter that takes its value, or for a parameter a value that it takes.
  var edgeHint: VirtualRegister = .none
}

/// The live ranges and uses of all registers of a machine function, found in one pass from its end (Wimmer, Franz 2010).
struct LiveIntervals: ~Copyable {
  /// The interval of what allocatable registers lose in calls, but for those that callees preserve: that of the stack
  /// pointer, which is not allocated.
  static let callClobbers = Int(Register.rsp.number)
  /// The interval of what all of them lose in calls whose exceptions the function catches: that of the frame pointer.
  static let guardedCallClobbers = Int(Register.rbp.number)

  var ranges = Pool<LiveRange>()
  var uses = Pool<RegisterUse>()
  /// One for each virtual register; then the pieces that splitting made. The first 32 are the physical registers.
  var intervals = Pool<Interval>()
  /// For each register, the position of its last write before which it may not be split, and behind which it is stored.
  var lastDefinition = Pool<Int32>()

  // Sets of registers have a bit for each register that is live in more than one block, and the others of a block
  // share what comes behind them. Registers whose lives lie apart share a bit, so that a set is as large as what can be
  // live at once and not as the function.
  /// For each register its place in sets.
  private var numbers = Pool<Int32>()
  /// For each place in sets, the registers that share it, in the order of the blocks: those of place n are from
  /// `ownerStarts[n]` on, each with the first block of its life.
  private var owners = Pool<Owner>()
  struct Owner {
    var firstBlock: Int32
    var register: Int32
  }
  private var ownerStarts = Pool<Int32>()
  /// For each place, which of them has it where the pass is, which goes from the last block to the first.
  private var ownerCursors = Pool<Int32>()
  /// Words of a set of what is live where a block begins.
  private(set) var words = 0
  /// Those sets, one behind the other.
  private var liveIn = Pool<UInt64>()
  /// What is live where a block ends.
  private var liveOut = Pool<UInt64>()
  /// What is live at one place.
  private var live = Pool<UInt64>()
  private var homes = Pool<Int32>()
  /// The blocks between which a register is mentioned or can be live.
  private var lastBlocks = Pool<Int32>()
  // What is needed to share places.
  private var loops = Pool<LoopBlocks>()
  struct LoopBlocks {
    var first: Int32
    var last: Int32
    var parent: Int32
  }

  private var innermost = Pool<Int32>()
  /// By block how many words of a set those need that only it has.
  private var ownWords = Pool<Int32>()
  private var counts = Pool<Int32>()
  private var order = Pool<Int32>()
  /// The places that are free from a block on, as a list for each block in which lives end.
  private var firstFree = Pool<Int32>()
  private var nextFree = Pool<Int32>()
  private var available = Pool<Int32>()

  /// False where the function is too large.
  mutating func build(_ machine: borrowing MachineFunction, _ budget: CompilationBudget = .unlimited) -> Bool {
    // Instructions and blocks are looked at where they are: to take them out of their arrays is to copy them.
    machine.instructions.withUnsafeBufferPointer { instructions in
      machine.blocks.withUnsafeBufferPointer { blocks in build(machine, budget, instructions, blocks) }
    }
  }

  private mutating func build(
    _ machine: borrowing MachineFunction, _ budget: CompilationBudget,
    _ instructions: UnsafeBufferPointer<MachineInstruction>,
    _ blocks: UnsafeBufferPointer<MachineBlock>
  ) -> Bool {
    let count = machine.isVector.count
    ranges.removeAll()
    uses.removeAll()
    intervals.removeAll()
    for register in 0..<count { intervals.append(Interval(register: VirtualRegister(register))) }
    lastDefinition.refill(-1, count: count)
    number(machine, instructions, blocks)
    // Beyond this the function goes to the interpreter. What is live into a loop is so into all of its blocks.
    var sets = blocks.count
    for (index, block) in blocks.enumerated() where block.loopEnd >= 0 { sets += Int(block.loopEnd) - index }
    guard words * sets <= min(1 << 26, budget.steps), let blocks = blocks.baseAddress,
      let instructions = instructions.baseAddress
    else { return false }
    liveIn.refill(0, count: words * machine.blocks.count)
    for block in stride(from: machine.blocks.count - 1, through: 0, by: -1) {
      liveOut.refill(0, count: words)
      machine.forEachSuccessorOrLanding(block) { successor in
        // A successor behind us is a loop header, whose needs are added when it is reached.
        if successor > block { for word in 0..<words { liveOut[word] |= liveIn[successor * words + word] } }
      }
      let info = blocks + block
      let from = info.pointee.first * 2
      let to = info.pointee.end * 2
      takeLiveOut(from, to, block)
      let arguments = info.pointee.arguments
      for index in 0..<Int(arguments.count) {
        let register = machine.registerPool[Int(arguments.start) + index]
        let successor = Int(info.pointee.successors.0)
        addUse(register, to - 2, mayBeInMemory: true)
        if !isLive(register.index) {
          setLive(register.index)
          addRange(register.index, from, to)
        }
        addEdgeHint(
          machine.registerPool[Int(blocks[successor].parameters.start) + index], register,
          isBackEdge: successor <= block)
      }
      for index in stride(from: Int(info.pointee.end) - 1, through: Int(info.pointee.first), by: -1) {
        let position = Int32(index) * 2
        let instruction = instructions + index
        if instruction.pointee.isCall {
          addRange(Self.callClobbers, position + 1, position + 2)
          if info.pointee.landing >= 0, instruction.pointee.mayThrow {
            addRange(Self.guardedCallClobbers, position + 1, position + 2)
          }
        }
        instruction.pointee.forEachDefinition { register in
          let index = register.index
          if !register.isPhysical { lastDefinition[index] = max(lastDefinition[index], position + 1) }
          if isLive(index) {
            if !instruction.pointee.reads(register) {
              trimStart(index, position + 1)
              clearLive(index)
            }
          } else {
            addRange(index, position + 1, position + 2)
          }
          if !register.isPhysical { addUse(register, position + 1, mayBeInMemory: false) }
        }
        instruction.pointee.forEachUse { register, mayBeInMemory in
          if !isLive(register.index) {
            setLive(register.index)
            addRange(register.index, from, position + 1)
          }
          if !register.isPhysical { addUse(register, position, mayBeInMemory: mayBeInMemory) }
        }
        if instruction.pointee.operation == .move { addHints(instruction.pointee.d, instruction.pointee.a) }
      }
      let parameters = info.pointee.parameters
      for index in 0..<Int(parameters.count) {
        let parameter = machine.registerPool[Int(parameters.start) + index].index
        if isLive(parameter) {
          trimStart(parameter, from)
          clearLive(parameter)
        } else {
          addRange(parameter, from, from + 1)
        }
        // The edges bring it, to its slot too.
        lastDefinition[parameter] = max(lastDefinition[parameter], from - 1)
      }
      let loopEnd = Int(info.pointee.loopEnd)
      if loopEnd >= 0 {
        let end = blocks[loopEnd - 1].end * 2
        extendLive(to: end, block)
        // What is live into the header is live throughout the loop, in the blocks already seen too.
        for other in block + 1..<loopEnd {
          for word in 0..<words { liveIn[other * words + word] |= live[word] }
        }
      }
      for word in 0..<words { liveIn[block * words + word] = live[word] }
      // What only this block has is not live where it begins.
      for word in words..<words + Int(ownWords[block]) { live[word] = 0 }
    }
    for word in 0..<words { closeRanges(word, live[word], at: 0, 0) }
    return true
  }

  /// Gives every register its place in sets.
  private mutating func number(
    _ machine: borrowing MachineFunction, _ instructions: UnsafeBufferPointer<MachineInstruction>,
    _ blocks: UnsafeBufferPointer<MachineBlock>
  ) {
    let count = machine.isVector.count
    homes.refill(-1, count: count)
    numbers.refill(-1, count: count)
    lastBlocks.refill(-1, count: count)
    var most: Int32 = 0
    ownWords.removeAll()
    for block in machine.blocks.indices {
      // Physical registers are live within a block only.
      var next: Int32 = 32
      func note(_ register: VirtualRegister) {
        guard !register.isPhysical else { return }
        if homes[register.index] < 0 {
          homes[register.index] = Int32(block)
          numbers[register.index] = next
          next += 1
        }
        lastBlocks[register.index] = Int32(block)
      }
      let (parameters, arguments) = (blocks[block].parameters, blocks[block].arguments)
      for index in 0..<Int(parameters.count) { note(machine.registerPool[Int(parameters.start) + index]) }
      for index in 0..<Int(arguments.count) { note(machine.registerPool[Int(arguments.start) + index]) }
      for index in Int(blocks[block].first)..<Int(blocks[block].end) {
        instructions[index].forEachDefinition(note)
        instructions[index].forEachUse { register, _ in note(register) }
      }
      most = max(most, next)
      ownWords.append((next + 63) / 64)
    }
    let places = sharePlaces(machine)
    words = (places + 63) / 64
    for register in 0..<32 { numbers[register] = Int32(words * 64 + register) }
    for register in 32..<count where homes[register] == lastBlocks[register] && numbers[register] >= 0 {
      numbers[register] += Int32(words * 64)
    }
    live.refill(0, count: words + (Int(most) + 63) / 64)
  }

  /// Gives the registers that are live in more than one block their places in sets; how many places there are.
  private mutating func sharePlaces(_ machine: borrowing MachineFunction) -> Int {
    // The blocks of a loop stand together. What comes from before it and is used in it lives up to its end.
    loops.removeAll()
    innermost.refill(-1, count: machine.blocks.count)
    var open: Int32 = -1
    for block in machine.blocks.indices {
      while open >= 0, loops[Int(open)].last < Int32(block) { open = loops[Int(open)].parent }
      if machine.blocks[block].loopEnd >= 0 {
        loops.append(LoopBlocks(first: Int32(block), last: machine.blocks[block].loopEnd - 1, parent: open))
        open = Int32(loops.count - 1)
      }
      innermost[block] = open
    }
    // By their first blocks.
    counts.refill(0, count: machine.blocks.count + 1)
    for register in 32..<numbers.count where homes[register] >= 0 && homes[register] != lastBlocks[register] {
      counts[Int(homes[register]) + 1] += 1
      var loop = innermost[Int(lastBlocks[register])]
      while loop >= 0, loops[Int(loop)].first > homes[register] {
        lastBlocks[register] = max(lastBlocks[register], loops[Int(loop)].last)
        loop = loops[Int(loop)].parent
      }
    }
    for block in machine.blocks.indices { counts[block + 1] += counts[block] }
    order.refill(0, count: Int(counts[machine.blocks.count]))
    for register in 32..<numbers.count where homes[register] >= 0 && homes[register] != lastBlocks[register] {
      order[Int(counts[Int(homes[register])])] = Int32(register)
      counts[Int(homes[register])] += 1
    }
    firstFree.refill(-1, count: machine.blocks.count)
    nextFree.removeAll()
    available.removeAll()
    var released = 0
    ownerStarts.removeAll()
    for index in order.indices {
      let register = order[index]
      while released < Int(homes[Int(register)]) {
        var place = firstFree[released]
        while place >= 0 {
          available.append(place)
          place = nextFree[Int(place)]
        }
        released += 1
      }
      let place: Int32
      if available.count > 0 {
        place = available.removeLast()
      } else {
        place = Int32(nextFree.count)
        nextFree.append(-1)
        ownerStarts.append(0)
      }
      numbers[Int(register)] = place
      ownerStarts[Int(place)] += 1
      let last = Int(lastBlocks[Int(register)])
      nextFree[Int(place)] = firstFree[last]
      firstFree[last] = place
    }
    var start: Int32 = 0
    for place in ownerStarts.indices {
      let count = ownerStarts[place]
      ownerStarts[place] = start
      start += count
    }
    ownerStarts.append(start)
    // Filled, each list ends where the next one begins.
    ownerCursors.removeAll()
    for place in 0..<ownerStarts.count - 1 { ownerCursors.append(ownerStarts[place]) }
    owners.refill(Owner(firstBlock: 0, register: 0), count: order.count)
    for index in order.indices {
      let register = order[index]
      let place = Int(numbers[Int(register)])
      owners[Int(ownerCursors[place])] = Owner(firstBlock: homes[Int(register)], register: register)
      ownerCursors[place] += 1
    }
    for place in ownerCursors.indices { ownerCursors[place] -= 1 }
    return ownerStarts.count - 1
  }

  /// The register that has a place in sets where a block is. Blocks are asked about from the last to the first.
  @inline(__always)
  private mutating func register(at place: Int, in block: Int) -> Int {
    var cursor = Int(ownerCursors[place])
    while owners[cursor].firstBlock > Int32(block) { cursor -= 1 }
    ownerCursors[place] = Int32(cursor)
    return Int(owners[cursor].register)
  }

  @inline(__always)
  private func isLive(_ register: Int) -> Bool {
    let number = Int(numbers[register])
    return live[number >> 6] & (1 << UInt64(number & 63)) != 0
  }

  @inline(__always)
  private mutating func setLive(_ register: Int) {
    let number = Int(numbers[register])
    live[number >> 6] |= 1 << UInt64(number & 63)
  }

  @inline(__always)
  private mutating func clearLive(_ register: Int) {
    let number = Int(numbers[register])
    live[number >> 6] &= ~(1 << UInt64(number & 63))
  }

  /// Makes what is live behind a block what is live, which was what is live into the block behind it.
  ///
  /// The first range of a register that is live in more than one block is open: it reaches up to where the pass is,
  /// whatever it says it begins at. So of the blocks through which it lives there is nothing to be written down.
  private mutating func takeLiveOut(_ from: Int32, _ to: Int32, _ block: Int) {
    for word in 0..<words {
      let (old, new) = (live[word], liveOut[word])
      guard old != new else { continue }
      closeRanges(word, old & ~new, at: to, block + 1)
      live[word] = new
      var opened = new & ~old
      while opened != 0 {
        addRange(register(at: word * 64 + opened.trailingZeroBitCount, in: block), from, to)
        opened &= opened - 1
      }
    }
  }

  /// Lets ranges begin where a block does.
  private mutating func closeRanges(_ word: Int, _ closed: UInt64, at start: Int32, _ block: Int) {
    var bits = closed
    while bits != 0 {
      trimStart(register(at: word * 64 + bits.trailingZeroBitCount, in: block), start)
      bits &= bits - 1
    }
  }

  /// Extends the range of every register that is live and not only in one block.
  private mutating func extendLive(to end: Int32, _ block: Int) {
    for word in 0..<words {
      var bits = live[word]
      while bits != 0 {
        let register = register(at: word * 64 + bits.trailingZeroBitCount, in: block)
        bits &= bits - 1
        intervals[register].end = max(intervals[register].end, end)
        let first = Int(intervals[register].firstRange)
        if ranges[first].end < end {
          ranges[first].end = end
          absorb(first)
        }
      }
    }
  }

  /// Whether a register is live where a block begins (its parameters are not).
  func isLive(_ register: Int, into block: Int) -> Bool {
    let number = Int(numbers[register])
    guard number >= 0, number < words * 64, homes[register] <= Int32(block), Int32(block) <= lastBlocks[register] else {
      return false
    }
    return liveIn[block * words + number >> 6] & (1 << UInt64(number & 63)) != 0
  }

  /// Calls `body` with each register that is live where a block begins.
  func forEachLive(into block: Int, _ body: (Int) -> Void) {
    for word in 0..<words {
      var bits = liveIn[block * words + word]
      while bits != 0 {
        let place = word * 64 + bits.trailingZeroBitCount
        bits &= bits - 1
        // Of those that share the place, the last whose life has begun.
        var low = Int(ownerStarts[place])
        var high = Int(ownerStarts[place + 1])
        while high - low > 1 {
          let middle = (low + high) / 2
          if owners[middle].firstBlock <= Int32(block) { low = middle } else { high = middle }
        }
        body(Int(owners[low].register))
      }
    }
  }

  /// Of a move.
  private mutating func addHints(_ target: VirtualRegister, _ source: VirtualRegister) {
    if !target.isPhysical { intervals[target.index].hint = source }
    if !source.isPhysical, target.isPhysical || !intervals[source.index].hint.exists {
      intervals[source.index].hint = target
    }
  }

  /// What goes around a loop counts most; of what comes from before, one must do.
  private mutating func addEdgeHint(_ parameter: VirtualRegister, _ argument: VirtualRegister, isBackEdge: Bool) {
    guard !argument.isPhysical else { return }
    if isBackEdge || !intervals[argument.index].edgeHint.exists { intervals[argument.index].edgeHint = parameter }
    if !isBackEdge { intervals[parameter.index].edgeHint = argument }
  }

  private mutating func addUse(_ register: VirtualRegister, _ position: Int32, mayBeInMemory: Bool) {
    uses.append(RegisterUse(position: position, next: intervals[register.index].firstUse, mayBeInMemory: mayBeInMemory))
    intervals[register.index].firstUse = Int32(uses.count - 1)
  }

  /// Adds a range in front of those that are there, which begin at `start` or later.
  private mutating func addRange(_ register: Int, _ start: Int32, _ end: Int32) {
    intervals[register].end = max(intervals[register].end, end)
    let first = intervals[register].firstRange
    if first >= 0 {
      let range = ranges[Int(first)]
      if range.start <= end {
        ranges[Int(first)].start = min(range.start, start)
        if range.end < end {
          ranges[Int(first)].end = end
          absorb(Int(first))
        }
        return
      }
    }
    ranges.append(LiveRange(start: start, end: end, next: first))
    intervals[register].firstRange = Int32(ranges.count - 1)
  }

  /// Joins a range that has grown with those behind it that it reaches now.
  private mutating func absorb(_ range: Int) {
    while ranges[range].next >= 0 {
      let next = ranges[Int(ranges[range].next)]
      guard next.start <= ranges[range].end else { return }
      ranges[range].end = max(ranges[range].end, next.end)
      ranges[range].next = next.next
    }
  }

  /// Where a value is written, its life begins.
  private mutating func trimStart(_ register: Int, _ start: Int32) {
    let first = intervals[register].firstRange
    if first >= 0 { ranges[Int(first)].start = start }
  }
}

extension Array {
  /// Makes the array so many times an element, in the memory that it has.
  mutating func refill(_ element: Element, count: Int) {
    removeAll(keepingCapacity: true)
    append(contentsOf: repeatElement(element, count: count))
  }
}
