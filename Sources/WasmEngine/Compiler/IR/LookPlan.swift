import WebAssembly

/// Where a function lacks looks at the interrupt word (``LookBudget``): the longest path to each place, found in one pass over
/// the blocks. ``InterruptLooks`` puts them there, after which ``IRVerifier`` wants a plan that lacks none.
struct LookPlan {
  /// In front of an instruction, by its place in ``IRFunction/order``.
  struct Place {
    var block: Int
    var index: Int
  }

  private(set) var lacking: [Place] = []
  /// Whether the function is to look when it is entered.
  private(set) var looksAtEntry = false
  /// The headers of loops that can go round without end, or too often.
  private(set) var endless: [Int] = []

  /// For each block that a path leads to, how long it is.
  private var distances: [LookDistance?]
  /// Whether the function has anything that calls.
  private var hasCalls = false
  private var longestSinceEntry = 0
  private var longestAtReturn = 0

  /// The units between the look at a back edge and the loop's header.
  private static let backEdge = 16
  /// More than the units of a look.
  static let lookUnits = 4

  /// Units that are to be left wherever a look may be put.
  private let reserve: Int

  /// - Parameter reserve: 0 tells what a function lacks; a plan that is carried out wants room for the looks themselves.
  init(_ function: IRFunction, reserve: Int = 0) {
    self.reserve = reserve
    distances = Array(repeating: nil, count: function.blocks.count)
    distances[0] = .entry
    let looksAround = Self.loopsThatLook(function)
    for (index, block) in function.blocks.enumerated() {
      guard var distance = distances[index] else { continue }
      if block.loop >= 0, function.loops[Int(block.loop)].header.index == index {
        enter(Int(block.loop), looksAround[Int(block.loop)], &distance, function)
      }
      add(Int(block.parameterCount), &distance)
      for place in Int(block.first + block.parameterCount)..<Int(block.end) {
        follow(Place(block: index, index: place), &distance, function)
      }
      let exceptionEdge = function.exceptionEdge(of: block)
      for (place, edge) in function.edges(of: block).enumerated() where edge.target.index > index {
        // What takes an exception to its handler has just looked.
        let isException = Int(block.firstEdge) + place == exceptionEdge
        let arriving = isException ? LookDistance() : distance
        if distances[edge.target.index]?.merge(arriving) == nil { distances[edge.target.index] = arriving }
      }
    }
    looksAtEntry =
      hasCalls || longestSinceEntry > LookBudget.quiet || longestAtReturn > LookBudget.quiet
  }

  private mutating func add(_ units: Int, _ distance: inout LookDistance) {
    distance.add(units)
    longestSinceEntry = max(longestSinceEntry, distance.sinceEntry)
  }

  // MARK: Loops

  /// For each loop whether every way back to its header has just looked.
  private static func loopsThatLook(_ function: IRFunction) -> [Bool] {
    var result = [Bool](repeating: true, count: function.loops.count)
    for (index, block) in function.blocks.enumerated() where block.loop >= 0 {
      for edge in function.edges(of: block) where edge.target.index <= index {
        let loop = function.blocks[edge.target.index].loop
        if loop >= 0, !endsLooking(block, function) { result[Int(loop)] = false }
      }
    }
    return result
  }

  private static func endsLooking(_ block: IRBlock, _ function: IRFunction) -> Bool {
    var units = 0
    for value in function.instructions(of: block).reversed() {
      let instruction = function[value]
      if instruction.operation == .interruptCheck { return true }
      units += instruction.units
      if units > backEdge || instruction.operation.isCall { return false }
    }
    return false
  }

  private mutating func enter(
    _ index: Int, _ looks: Bool, _ distance: inout LookDistance, _ function: IRFunction
  ) {
    guard !looks else {
      distance.sinceLook = max(distance.sinceLook, Self.backEdge)
      return
    }
    let loop = function.loops[index]
    guard let cost = CountedLoops.cost(of: loop, function), cost.isMoment else {
      endless.append(loop.header.index)
      return
    }
    // The last round is followed below.
    if distance.isOver(with: cost.allRounds + cost.oneRound + reserve) {
      lacking.append(
        Place(block: loop.preheader.index, index: Int(function.blocks[loop.preheader.index].end) - 1))
      distance.look()
    }
    add(cost.allRounds, &distance)
  }

  // MARK: Instructions

  private mutating func follow(_ place: Place, _ distance: inout LookDistance, _ function: IRFunction) {
    let instruction = function[function.order[place.index]]
    let units = instruction.units
    // What the block that comes next takes along is moved here.
    let moved = instruction.operation.isBranch ? parameters(behind: function.blocks[place.block], function) : 0
    switch instruction.operation {
    case .interruptCheck:
      add(units, &distance)
      distance.look()
    case .call, .callRecord:
      hasCalls = true
      // A function that calls itself is one that calls.
      let looks = instruction.operation == .call && instruction.imm == Int64(function.index)
      look(at: place, if: distance.isOver(with: units + (looks ? 0 : LookBudget.quiet) + reserve), &distance)
      distance.add(units)
      distance.call(looks: looks)
    case .callRuntime:
      hasCalls = true
      look(at: place, if: distance.isOver(with: units + reserve), &distance)
      distance.add(units)
      if RuntimeEntry(rawValue: instruction.imm)?.looks == true { distance.look() }
    case .return:
      look(at: place, if: distance.isOverAtReturn(with: units), &distance)
      add(units, &distance)
      longestAtReturn = max(longestAtReturn, distance.sinceLook)
    case .tailCall, .tailCallRecord:
      hasCalls = true
      look(at: place, if: distance.isOverAtReturn(with: units + LookBudget.quiet), &distance)
      add(units, &distance)
    case .throwReference, .trap:
      // What takes an exception on looks; a trap is the end.
      hasCalls = hasCalls || instruction.operation == .throwReference
      add(units, &distance)
    case .result, .jumpOrCatch:
      // They belong to the call before them.
      add(units, &distance)
    case .nothing, .parameter, .constant, .vectorConstant, .contextAddress, .add, .sub, .mul, .and, .or, .xor, .shl,
      .shrS, .shrU, .rotl, .rotr, .divS, .divU, .remS, .remU, .clz, .ctz, .popcnt, .extend, .wrap, .zeroExtend,
      .signExtend, .compare, .floatCompare, .mulHighS, .mulHighU, .fadd, .fsub, .fmul, .fdiv, .fmin, .fmax, .fcopysign,
      .fabs, .fneg, .fsqrt, .fceil, .ffloor, .ftrunc, .fnearest, .demote, .promote, .convert, .truncate,
      .truncateSaturating, .reinterpret, .select, .vector, .contextLoad, .contextStore, .load, .store, .boundsCheck,
      .indexCheck, .trapIf, .fuel, .jump, .branch, .branchTable:
      look(at: place, if: distance.isOver(with: units + moved + reserve), &distance)
      add(units, &distance)
    }
  }

  /// The most values that a block behind this one takes.
  private func parameters(behind block: IRBlock, _ function: IRFunction) -> Int {
    function.edges(of: block).reduce(0) { max($0, Int(function.blocks[$1.target.index].parameterCount)) }
  }

  private mutating func look(at place: Place, if isOver: Bool, _ distance: inout LookDistance) {
    guard isOver else { return }
    lacking.append(place)
    distance.look()
  }
}

extension IRInstruction {
  /// What it costs (``LookBudget``). Constants are part of what uses them.
  var units: Int {
    switch operation {
    case .nothing, .parameter, .constant, .vectorConstant, .contextAddress, .result, .jump: 0
    case .divS, .divU, .remS, .remU, .fdiv, .fsqrt: 16
    case .vector: 1 + (Opcode(rawValue: aux).map { LookBudget.additional($0) } ?? 0)
    case .call, .callRecord, .tailCall, .tailCallRecord, .return: max(1, Int(b.id))
    case .callRuntime:
      RuntimeEntry(rawValue: imm)?.looks == true ? LookBudget.bulkSliceUnits : LookBudget.runtimeCall
    default: 1
    }
  }
}
