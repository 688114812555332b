/// What loops mean for the places of pieces.
extension Allocator {
  /// Notes where loops are, and what is innermost around each block.
  mutating func findLoops(_ machine: borrowing MachineFunction) {
    loops.removeAll(keepingCapacity: true)
    innermostLoop.refill(-1, count: machine.blocks.count)
    var open: Int32 = -1
    for block in machine.blocks.indices {
      let position = machine.blocks[block].first * 2
      while open >= 0, loops[Int(open)].end <= position { open = loops[Int(open)].parent }
      if machine.blocks[block].loopEnd >= 0 {
        let end = machine.blocks[Int(machine.blocks[block].loopEnd) - 1].end * 2
        loops.append(LoopRange(start: position, end: end, parent: open, header: Int32(block)))
        open = Int32(loops.count - 1)
      }
      innermostLoop[block] = open
    }
    guard machine.hasSelfCalls, !loops.isEmpty else { return }
    for block in machine.blocks.indices where innermostLoop[block] >= 0 {
      let instructions = machine.instructions[Int(machine.blocks[block].first)..<Int(machine.blocks[block].end)]
      guard instructions.contains(where: { $0.operation == .callDirect && $0.sub == 1 }) else { continue }
      var loop = innermostLoop[block]
      while loop >= 0, !loops[Int(loop)].isRecursive {
        loops[Int(loop)].isRecursive = true
        loop = loops[Int(loop)].parent
      }
    }
  }

  /// A piece that loses its register in a loop in which it is not used loses it in front of the loop, so that the loop does
  /// not bring it back each time around. The outermost such loop counts.
  func beforeLoops(_ piece: Int32, _ position: Int32) -> Int32 {
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

  /// The outermost loop that a piece comes into from before, that has a call, and in which the piece is not used behind the
  /// call: it is in memory wherever the loop begins anew, and had better be so when it is entered.
  func loopOfCall(_ call: Int32, _ piece: Int32) -> LoopRange? {
    var begin = start(piece)
    var loop = innermostLoop[blockIndex(call)]
    guard loop >= 0, loops[Int(loop)].start >= begin else { return nil }
    // It may have come back to a register right where the loop begins, for the first thing in it.
    if nextUse(piece, from: begin, needsRegister: true) == begin { begin += 1 }
    let next = nextUse(piece, from: call, needsRegister: false)
    var result: LoopRange?
    while loop >= 0, loops[Int(loop)].start >= begin, loops[Int(loop)].end <= next,
      live.isLive(live.intervals[Int(piece)].register.index, into: Int(loops[Int(loop)].header))
    {
      result = loops[Int(loop)]
      loop = loops[Int(loop)].parent
    }
    return result
  }

  /// The innermost loop around a call, if a piece is used in it. Not where the function calls itself in it: it is entered as
  /// often as the loop goes around then.
  func loopAround(_ call: Int32, using piece: Int32) -> LoopRange? {
    let number = innermostLoop[blockIndex(call)]
    guard number >= 0 else { return nil }
    let loop = loops[Int(number)]
    guard !loop.isRecursive, nextUse(piece, from: max(start(piece), loop.start), needsRegister: false) < loop.end else {
      return nil
    }
    return loop
  }
}
