/// Takes the look at the interrupt word out of loops that count to a constant within a moment: what is around them looks.
///
/// These are loops without loops and calls in them and with one back edge, which go on while a counter that began as a
/// constant, and changes by a constant, compares with a constant.
enum CountedLoops {
  static func run(_ function: inout IRFunction) {
    guard !function.loops.isEmpty else { return }
    var hasInner = [Bool](repeating: false, count: function.loops.count)
    for loop in function.loops where loop.parent >= 0 { hasInner[Int(loop.parent)] = true }
    for (index, loop) in function.loops.enumerated() where !hasInner[index] {
      guard let block = backEdge(of: loop, function)?.block, let cost = cost(of: loop, function), cost.isMoment
      else { continue }
      // Of all instructions of a block, only its last can want the look.
      let check = function.instructions(of: function.blocks[block])
        .lastIndex { function[$0].operation == .interruptCheck }
      if let check { function.removeInstruction(at: check, of: block) }
    }
  }

  /// What a loop costs at most, in units (``LookBudget``).
  struct Cost {
    var allRounds: Int
    var oneRound: Int

    /// Whether the loop needs no look of its own. There is room left for the looks that surround it.
    var isMoment: Bool {
      allRounds <= LookBudget.inFunction && allRounds + oneRound <= LookBudget.inFunction - LookBudget.quiet
    }
  }

  /// What a loop without loops in it costs; nil where that is not known.
  static func cost(of loop: IRLoop, _ function: IRFunction) -> Cost? {
    guard let (block, units) = backEdge(of: loop, function), let trips = trips(loop, from: block, function) else {
      return nil
    }
    let (product, overflow) = trips.multipliedReportingOverflow(by: UInt64(units))
    return overflow ? nil : Int(exactly: product).map { Cost(allRounds: $0, oneRound: units) }
  }

  /// The block with the only back edge of a loop, and the units of all its instructions; nil where there are several edges,
  /// or calls, or loops.
  private static func backEdge(of loop: IRLoop, _ function: IRFunction) -> (block: Int, units: Int)? {
    var found: Int?
    var units = 0
    for index in loop.header.index..<loop.end.index {
      let block = function.blocks[index]
      guard block.loop == function.blocks[loop.header.index].loop else { return nil }
      units += Int(block.parameterCount)
      for value in function.instructions(of: block) {
        if function[value].operation.isCall { return nil }
        units += function[value].units
      }
      for edge in function.edges(of: block) where edge.target == loop.header {
        guard found == nil else { return nil }
        found = index
      }
    }
    return found.map { ($0, max(units, 1)) }
  }

  /// How often the header of a loop is reached, where constants tell: those that the branch back compares, or a branch out
  /// of the loop that ends the header.
  private static func trips(_ loop: IRLoop, from index: Int, _ function: IRFunction) -> UInt64? {
    let block = function.blocks[index]
    guard let back = function.edges(of: block).first(where: { $0.target == loop.header }) else { return nil }
    if let trips = trips(loop, from: back, while: block, { $0 == loop.header }, function) { return trips }
    let header = function.blocks[loop.header.index]
    func stays(_ block: IRBlockID) -> Bool {
      block.index < loop.end.index && function.blocks[block.index].edgeCount > 0
    }
    guard function.edges(of: header).contains(where: { !stays($0.target) }) else { return nil }
    return trips(loop, from: back, while: header, stays, function)
  }

  /// The same, if another round follows just where the branch at the end of a block goes to a target that `goesOn` knows.
  private static func trips(
    _ loop: IRLoop, from back: IREdge, while block: IRBlock, _ goesOn: (IRBlockID) -> Bool, _ function: IRFunction
  ) -> UInt64? {
    guard let last = function.last(of: block), function[last].operation == .branch else { return nil }
    let isTakenIfHolds = goesOn(function.edges[Int(block.firstEdge)].target)
    // A value that is no comparison is one with zero.
    var condition = IRCondition.notEqual
    var compared = function[last].a
    var bound: Int64 = 0
    let comparison = function[compared]
    if comparison.operation == .compare {
      guard let constant = function.constant(comparison.b), let known = IRCondition(rawValue: comparison.aux) else {
        return nil
      }
      (condition, compared, bound) = (known, comparison.a, constant)
    }
    if !isTakenIfHolds { condition = condition.negated }

    // Compared is the counter as it was in this round, or as it will be in the next.
    let isNext = function[compared].operation == .add
    let counter = isNext ? function[compared].a : compared
    guard function[counter].operation == .parameter else { return nil }
    let place = Int(function[counter].imm)
    let parameters = function.parameters(of: function.blocks[loop.header.index])
    guard place < parameters.count, parameters[parameters.startIndex + place] == counter else { return nil }
    let next = function.arguments[Int(back.argumentStart) + place]
    guard function[next].operation == .add, function[next].a == counter, !isNext || next == compared,
      let step = function.constant(function[next].b)
    else { return nil }
    let entry = function.edges[Int(function.blocks[loop.preheader.index].firstEdge)]
    guard let start = function.constant(function.arguments[Int(entry.argumentStart) + place]) else { return nil }
    let count = Counter(start: start, step: step, width: function.type(counter) == .i64 ? 64 : 32)
    return count.rounds(while: condition, bound, comparingNext: isNext)
  }
}

/// A value of `width` bits that begins as a constant and changes by a constant in every round.
struct Counter {
  let start: Int64
  let step: Int64
  let width: Int

  /// How many rounds there are if another one follows each in which the condition holds for the counter (as it is in the
  /// round, or in the next) and a constant. Nil where that takes more than a few steps to find out, as with counters that
  /// wrap around.
  func rounds(while condition: IRCondition, _ bound: Int64, comparingNext: Bool) -> UInt64? {
    let modulus = Int128(1) << Int128(width)
    func unsigned(_ value: Int64) -> Int128 { Int128(value) & (modulus - 1) }
    func signed(_ value: Int64) -> Int128 {
      let bits = unsigned(value)
      return bits >= modulus / 2 ? bits - modulus : bits
    }
    let step = signed(step)
    guard step != 0 else { return nil }
    let lead: Int128 = comparingNext ? 1 : 0
    switch condition {
    case .notEqual:
      // The first round in which the distance is gone.
      let distance = (unsigned(bound) - unsigned(start) - lead * step) * step.signum()
      let positive = ((distance % modulus) + modulus) % modulus
      guard positive % step.magnitude128 == 0 else { return nil }
      return UInt64(exactly: positive / step.magnitude128 + 1)
    case .equal:
      return nil
    case .lessSigned, .lessOrEqualSigned, .greaterSigned, .greaterOrEqualSigned:
      let (low, high) = (-(modulus / 2), modulus / 2 - 1)
      return ordered(condition, signed(start) + lead * step, step, signed(bound), low, high)
    case .lessUnsigned, .lessOrEqualUnsigned, .greaterUnsigned, .greaterOrEqualUnsigned:
      return ordered(condition, unsigned(start) + lead * step, step, unsigned(bound), 0, modulus - 1)
    }
  }

  /// The same for an order, from the first value that is compared; the counter must not leave its range on the way.
  private func ordered(
    _ condition: IRCondition, _ first: Int128, _ step: Int128, _ bound: Int128, _ low: Int128, _ high: Int128
  ) -> UInt64? {
    // The first value for which the condition does not hold lies at or beyond this.
    let limit: Int128
    let ascends: Bool
    switch condition {
    case .lessSigned, .lessUnsigned: (limit, ascends) = (bound, true)
    case .lessOrEqualSigned, .lessOrEqualUnsigned: (limit, ascends) = (bound + 1, true)
    case .greaterSigned, .greaterUnsigned: (limit, ascends) = (bound, false)
    default: (limit, ascends) = (bound - 1, false)
    }
    guard ascends == (step > 0) else { return nil }
    let distance = ascends ? limit - first : first - limit
    let size = step.magnitude128
    let steps = distance <= 0 ? 0 : (distance + size - 1) / size
    let last = first + steps * step
    guard first >= low, first <= high, last >= low, last <= high else { return nil }
    return UInt64(exactly: steps + 1)
  }
}

extension Int128 {
  fileprivate var magnitude128: Int128 { self < 0 ? -self : self }
}
