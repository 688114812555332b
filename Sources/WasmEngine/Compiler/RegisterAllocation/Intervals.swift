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
  /// A physical register, or -1 in memory.
  var place: Int8 = -1
  /// A physical register that would save a move.
  var hint: VirtualRegister = .none
}

/// The live ranges and uses of all registers of a machine function, found in one pass from its end (Wimmer, Franz 2010).
struct LiveIntervals {
  var ranges: [LiveRange] = []
  var uses: [RegisterUse] = []
  /// One for each virtual register; then the pieces that splitting made. The first 32 are the physical registers.
  var intervals: [Interval] = []
  /// For each register, the position of its last write before which it may not be split, and behind which it is stored.
  var lastDefinition: [Int32] = []

  private var liveIn: [[UInt64]] = []

  mutating func build(_ machine: borrowing MachineFunction) -> Bool {
    let count = machine.isVector.count
    ranges.removeAll(keepingCapacity: true)
    uses.removeAll(keepingCapacity: true)
    intervals.removeAll(keepingCapacity: true)
    for register in 0..<count { intervals.append(Interval(register: VirtualRegister(register))) }
    lastDefinition = Array(repeating: -1, count: count)
    let words = (count + 63) / 64
    // Beyond this the function goes to the interpreter: the sets are dense.
    guard words * machine.blocks.count <= 1 << 24 else { return false }
    liveIn = Array(repeating: [], count: machine.blocks.count)
    var live = [UInt64](repeating: 0, count: words)
    for block in stride(from: machine.blocks.count - 1, through: 0, by: -1) {
      for word in 0..<words { live[word] = 0 }
      machine.forEachSuccessor(block) { successor in
        // A successor behind us is a loop header, whose needs are added when it is reached.
        if successor > block { for word in 0..<words { live[word] |= liveIn[successor][word] } }
      }
      let info = machine.blocks[block]
      let from = info.first * 2
      let to = info.end * 2
      for index in 0..<Int(info.arguments.count) {
        let register = machine.registerPool[Int(info.arguments.start) + index]
        live[register.index >> 6] |= 1 << UInt64(register.index & 63)
        addUse(register, to - 2, mayBeInMemory: true)
      }
      for word in 0..<words where live[word] != 0 {
        var bits = live[word]
        while bits != 0 {
          addRange(word * 64 + bits.trailingZeroBitCount, from, to)
          bits &= bits - 1
        }
      }
      for index in stride(from: Int(info.end) - 1, through: Int(info.first), by: -1) {
        let position = Int32(index) * 2
        let instruction = machine.instructions[index]
        instruction.forEachClobber { physical in addRange(physical, position + 1, position + 2) }
        instruction.forEachDefinition { register in
          let index = register.index
          if !register.isPhysical { lastDefinition[index] = max(lastDefinition[index], position + 1) }
          if live[index >> 6] & (1 << UInt64(index & 63)) != 0 {
            trimStart(index, position + 1)
            if !instruction.reads(register) { live[index >> 6] &= ~(1 << UInt64(index & 63)) }
          } else {
            addRange(index, position + 1, position + 2)
          }
          if !register.isPhysical { addUse(register, position + 1, mayBeInMemory: false) }
        }
        instruction.forEachUse { register, mayBeInMemory in
          let index = register.index
          if live[index >> 6] & (1 << UInt64(index & 63)) == 0 {
            live[index >> 6] |= 1 << UInt64(index & 63)
            addRange(index, from, position + 1)
          } else {
            addRange(index, from, position + 1)
          }
          if !register.isPhysical { addUse(register, position, mayBeInMemory: mayBeInMemory) }
        }
        if instruction.operation == .move { addHints(instruction) }
      }
      for index in 0..<Int(info.parameters.count) {
        let parameter = machine.registerPool[Int(info.parameters.start) + index].index
        if live[parameter >> 6] & (1 << UInt64(parameter & 63)) != 0 {
          live[parameter >> 6] &= ~(1 << UInt64(parameter & 63))
        } else {
          addRange(parameter, from, from + 1)
        }
        // The edges bring it, to its slot too.
        lastDefinition[parameter] = max(lastDefinition[parameter], from - 1)
      }
      if info.loopEnd >= 0 {
        let end = machine.blocks[Int(info.loopEnd) - 1].end * 2
        for word in 0..<words where live[word] != 0 {
          var bits = live[word]
          while bits != 0 {
            addRange(word * 64 + bits.trailingZeroBitCount, from, end)
            bits &= bits - 1
          }
        }
        // What is live into the header is live throughout the loop, in the blocks already seen too.
        for other in block + 1..<Int(info.loopEnd) {
          for word in 0..<words { liveIn[other][word] |= live[word] }
        }
      }
      liveIn[block] = live
    }
    return true
  }

  /// Whether a register is live where a block begins (its parameters are not).
  func isLive(_ register: Int, into block: Int) -> Bool {
    liveIn[block][register >> 6] & (1 << UInt64(register & 63)) != 0
  }

  /// Calls `body` with every register of the set `among` that is live where a block begins.
  @inline(__always)
  func forEachLive(into block: Int, among set: [UInt64], _ body: (Int) -> Void) {
    for word in liveIn[block].indices {
      var bits = liveIn[block][word] & set[word]
      while bits != 0 {
        body(word * 64 + bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }

  private mutating func addHints(_ move: MachineInstruction) {
    if !move.d.isPhysical { intervals[move.d.index].hint = move.a }
    if !move.a.isPhysical, move.d.isPhysical || !intervals[move.a.index].hint.exists {
      intervals[move.a.index].hint = move.d
    }
  }

  private mutating func addUse(_ register: VirtualRegister, _ position: Int32, mayBeInMemory: Bool) {
    uses.append(RegisterUse(position: position, next: intervals[register.index].firstUse, mayBeInMemory: mayBeInMemory))
    intervals[register.index].firstUse = Int32(uses.count - 1)
  }

  /// Adds a range in front of those that are there, which begin at `start` or later.
  private mutating func addRange(_ register: Int, _ start: Int32, _ end: Int32) {
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
