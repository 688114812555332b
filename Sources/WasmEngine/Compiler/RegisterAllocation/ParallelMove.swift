/// Puts moves that happen at once into an order in which each may happen after the other: first those whose target nobody
/// reads any more, then what is left, which are cycles. Time is linear in the number of moves.
struct ParallelMove {
  typealias Place = AllocatorMove.Place

  /// The place that stands for the temporary, which breaks cycles.
  static let temporary = Place(raw: -1)

  struct Step {
    var source: Place
    var target: Place
    var isVector: Bool
    /// Whether two general registers change their contents.
    var isExchange = false
  }

  private(set) var steps: [Step] = []
  /// For each place how many of the moves that are left read it, and which writes it. Empty between calls.
  private var readers: [Int32] = []
  private var writers: [Int32] = []
  private var ready: [Int32] = []

  private mutating func note(_ place: Place) {
    while readers.count <= Int(place.raw) {
      readers.append(0)
      writers.append(-1)
    }
  }

  /// Orders moves with different targets; the result is ``steps``.
  mutating func order(_ moves: ArraySlice<AllocatorMove>) {
    steps.removeAll(keepingCapacity: true)
    if moves.count == 1, let move = moves.first {
      if move.source != move.target {
        steps.append(Step(source: move.source, target: move.target, isVector: move.isVector))
      }
      return
    }
    for index in moves.indices where moves[index].source != moves[index].target {
      note(moves[index].source)
      note(moves[index].target)
      readers[Int(moves[index].source.raw)] += 1
      writers[Int(moves[index].target.raw)] = Int32(index)
    }
    ready.removeAll(keepingCapacity: true)
    for index in moves.indices where moves[index].source != moves[index].target {
      if readers[Int(moves[index].target.raw)] == 0 { ready.append(Int32(index)) }
    }
    while let next = ready.popLast() {
      let move = moves[Int(next)]
      steps.append(Step(source: move.source, target: move.target, isVector: move.isVector))
      writers[Int(move.target.raw)] = -1
      readers[Int(move.source.raw)] -= 1
      let writer = writers[Int(move.source.raw)]
      if readers[Int(move.source.raw)] == 0, writer >= 0 { ready.append(writer) }
    }
    for index in moves.indices where moves[index].source != moves[index].target {
      if writers[Int(moves[index].target.raw)] == Int32(index) { breakCycle(moves, from: index) }
    }
  }

  private mutating func breakCycle(_ moves: ArraySlice<AllocatorMove>, from first: Int) {
    var isGeneral = true
    var index = first
    repeat {
      isGeneral = isGeneral && moves[index].target.isGeneral
      index = Int(writers[Int(moves[index].source.raw)])
    } while index != first
    if !isGeneral {
      steps.append(Step(source: moves[first].target, target: Self.temporary, isVector: moves[first].isVector))
    }
    let start = moves[first].target
    while true {
      let move = moves[index]
      writers[Int(move.target.raw)] = -1
      readers[Int(move.source.raw)] = 0
      guard move.source != start else {
        if !isGeneral {
          steps.append(Step(source: Self.temporary, target: move.target, isVector: move.isVector))
        }
        return
      }
      steps.append(Step(source: move.source, target: move.target, isVector: move.isVector, isExchange: isGeneral))
      index = Int(writers[Int(move.source.raw)])
    }
  }
}
