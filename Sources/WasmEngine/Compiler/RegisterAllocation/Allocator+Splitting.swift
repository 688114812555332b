/// Where pieces are cut, and which of them wait in memory.
extension Allocator {
  /// Where a piece is wanted next from a position on, to choose who gives up a register. What comes from before a loop that
  /// has used it is wanted when the loop begins anew. `loop` is the innermost one around the position.
  func nextNeed(_ piece: Int32, from position: Int32, in loop: Int32) -> Int32 {
    let result = nextUse(piece, from: position, needsRegister: false)
    var loop = loop
    guard loop >= 0, let last = lastUse(piece, before: position) else { return result }
    while loop >= 0, loops[Int(loop)].end <= result {
      let range = loops[Int(loop)]
      if last >= range.start {
        if live.isLive(live.intervals[Int(piece)].register.index, into: Int(range.header)) { return range.end }
        // It is made in the loop, and used in it only until then.
        return result
      }
      loop = range.parent
    }
    return result
  }

  /// The last use before a position that ``nextUse(_:from:needsRegister:)`` was just asked for.
  private func lastUse(_ piece: Int32, before position: Int32) -> Int32? {
    let cursor = live.intervals[Int(piece)].useCursor
    guard cursor >= 0 else { return nil }
    let last = live.uses[Int(cursor)].position
    return last < position ? last : nil
  }

  /// Where a piece that is to be in memory from a position on can be so without loss: behind its last use or write before
  /// it, and behind the loops that have used it and end before the position, since they bring it back to their beginning.
  func endOfUse(_ piece: Int32, before position: Int32) -> Int32 {
    _ = nextUse(piece, from: position, needsRegister: false)
    let begin = start(piece)
    let written = min(live.lastDefinition(of: piece), position - 1)
    let last = max(lastUse(piece, before: position) ?? -1, written)
    guard last >= begin else { return begin }
    var result = last
    var loop = innermostLoop[blockIndex(last)]
    while loop >= 0, loops[Int(loop)].end <= position {
      let range = loops[Int(loop)]
      if live.isLive(live.intervals[Int(piece)].register.index, into: Int(range.header)) { result = range.end - 1 }
      loop = range.parent
    }
    return min(result + 1, position)
  }

  /// Puts a piece into memory, up to the place where it must be in a register again, which lies behind `position`: whoever
  /// has found its registers before that is not asked again.
  mutating func spill(_ piece: Int32, until use: Int32, after position: Int32) {
    live.intervals[Int(piece)].place = -1
    needSlot(live.intervals[Int(piece)].register.index)
    guard use != Int32.max, use < end(piece) else { return }
    let at = bestSplit(from: max(start(piece) + 1, position), to: use)
    if at > start(piece) { enqueue(split(piece, at: at)) } else { enqueue(split(piece, at: use & ~1)) }
  }

  private mutating func needSlot(_ register: Int) {
    guard slots[register] < 0 else { return }
    // Vectors take two words, the first of which has the lower address.
    slots[register] = slotCount
    slotCount += isVector[register] ? 2 : 1
  }

  /// Where to split between two positions: as late as possible, but at the beginning of a block outside a loop if that
  /// saves going to memory in the loop. Always even: between two instructions.
  func bestSplit(from: Int32, to: Int32) -> Int32 {
    let latest = to & ~1
    let earliest = (from + 1) & ~1
    guard latest > earliest else { return latest }
    let last = blockIndex(latest)
    guard blockDepths[last] > 0 else { return latest }
    let first = blockIndex(earliest)
    guard first < last else { return latest }
    var best = last
    var block = last - 1
    var steps = 0
    while block > first, steps < 64, blockDepths[best] > 0 {
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

  func blockIndex(_ position: Int32) -> Int { Int(blocks[Int(position >> 1)]) }

  /// Cuts a piece in two; the result is the part from `position` on.
  mutating func split(_ piece: Int32, at position: Int32) -> Int32 {
    var rest = Interval(register: live.intervals[Int(piece)].register)
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
    rest.currentRange = rest.firstRange
    live.intervals.append(rest)
    let number = Int32(live.intervals.count - 1)
    live.intervals[Int(piece)].nextPiece = number
    return number
  }
}
