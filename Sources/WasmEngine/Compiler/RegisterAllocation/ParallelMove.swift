/// Puts moves that happen at once into an order in which each may happen after the other. One temporary breaks cycles.
enum ParallelMove {
  /// The place that stands for the temporary.
  static let temporary = AllocatorMove.Place(raw: -1)

  static func order(
    _ moves: inout [(source: AllocatorMove.Place, target: AllocatorMove.Place)],
    exchange: (_ first: AllocatorMove.Place, _ second: AllocatorMove.Place) -> Void,
    _ emit: (_ source: AllocatorMove.Place, _ target: AllocatorMove.Place) -> Void
  ) {
    while !moves.isEmpty {
      var progressed = false
      var index = 0
      while index < moves.count {
        let move = moves[index]
        let isRead = moves.contains { $0.source == move.target && $0.target != move.target }
        if isRead {
          index += 1
          continue
        }
        if move.source != move.target { emit(move.source, move.target) }
        moves.remove(at: index)
        progressed = true
      }
      if !progressed, let first = moves.first {
        if first.source.isGeneral, first.target.isGeneral {
          exchange(first.source, first.target)
          for index in moves.indices {
            if moves[index].source == first.target {
              moves[index].source = first.source
            } else if moves[index].source == first.source {
              moves[index].source = first.target
            }
          }
          moves.removeAll { $0.source == $0.target }
          continue
        }
        emit(first.target, temporary)
        for index in moves.indices where moves[index].source == first.target { moves[index].source = temporary }
      }
    }
  }
}
