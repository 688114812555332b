import Testing

@testable import WasmEngine

/// Moves that happen at once, done one after the other.
struct ParallelMoveTests {
  typealias Place = AllocatorMove.Place

  /// What the places hold after the steps, each place holding its own number before.
  private func run(_ moves: [(source: Int32, target: Int32)]) -> [Int32: Int32] {
    var order = ParallelMove()
    order.order(
      moves.map { AllocatorMove(position: 0, source: Place(raw: $0.source), target: Place(raw: $0.target)) }[...])
    var contents: [Int32: Int32] = [:]
    func value(_ place: Place) -> Int32 { contents[place.raw] ?? place.raw }
    for step in order.steps {
      let (source, target) = (value(step.source), value(step.target))
      contents[step.target.raw] = source
      if step.isExchange {
        #expect(step.source.isGeneral && step.target.isGeneral)
        contents[step.source.raw] = target
      }
    }
    return contents
  }

  private func expectRight(_ moves: [(source: Int32, target: Int32)], _ comment: Comment) {
    let contents = run(moves)
    for move in moves { #expect(contents[move.target] ?? move.target == move.source, comment) }
  }

  @Test func chainsCyclesAndCopiesOfGeneralRegisters() {
    expectRight([(0, 1)], "one")
    expectRight([(0, 1), (1, 2), (2, 3)], "a chain")
    expectRight([(0, 1), (1, 0)], "an exchange")
    expectRight([(0, 1), (1, 2), (2, 0)], "a cycle of three")
    expectRight([(0, 1), (1, 2), (2, 0), (0, 5), (2, 6)], "a cycle that others read")
    expectRight([(0, 1), (1, 0), (4, 5), (5, 4), (7, 8)], "two cycles and a move")
    expectRight([(3, 3), (3, 4)], "a place that keeps its value")
  }

  @Test func cyclesThroughVectorsAndSlotsUseTheTemporary() {
    expectRight([(16, 17), (17, 16)], "vectors")
    expectRight([(0, 40), (40, 0)], "a register and a slot")
    expectRight([(33, 34), (34, 35), (35, 33), (35, 2)], "slots")
  }

  @Test func randomMovesOfManyPlaces() {
    var state: UInt64 = 42
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for round in 0..<500 {
      // One class at a time: a value does not go from a general to a vector register.
      let places = Array((round % 2 == 0 ? 0..<14 : 16..<60).map { Int32($0) })
      var targets = places
      var moves: [(source: Int32, target: Int32)] = []
      for _ in 0..<random(places.count) {
        let target = targets.remove(at: random(targets.count))
        moves.append((places[random(places.count)], target))
      }
      expectRight(moves, "round \(round)")
    }
  }
}
