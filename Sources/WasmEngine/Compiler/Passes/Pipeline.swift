/// The passes between the front end and the choice of instructions, in order.
///
/// A pass is a row. It stays only if it makes the benchmarks faster by 1 % or a named program by 5 %, and costs no more than
/// 5 % of the time that compiling takes; the figures stand beside it.
enum Pipeline {
  static let passes: [Pass] = [
    // vecadd 20 %, hist 35 %.
    Pass(
      "counted-loops",
      order: [.before("loop-invariants", "where to look for an interrupt need not be computed in front of the loop")],
      CountedLoops.run),
    // Array bases, byte counts and address arithmetic leave their loops.
    Pass(
      "loop-invariants",
      order: [.followed(by: "dead-code", "what arms of a loop had computed twice is left behind without a user")],
      LoopInvariants.run),
    // The front end makes parameters for every local that a loop assigns, and values that are then folded away.
    Pass(
      "dead-code",
      order: [
        .followed(
          by: "interrupt-looks", "the choice of instructions counts uses: a dead one would keep a load out of its user")
      ],
      DeadCode.run),
    // Loops look where they go round; this is what is left: long paths, and the ways out of functions that call.
    Pass(
      "interrupt-looks", order: [.last("what other passes move adds to the paths on which it then lies")],
      inModule: InterruptLooks.run),
  ]

  /// The name of what the front end makes, before any pass.
  static let frontEnd = "translate"

  /// All names that a stage of the intermediate representation has, in order.
  static var stages: [String] { [frontEnd] + passes.map(\.name) }

  /// What of the order constraints of a list of passes does not hold; empty for the pipeline.
  static func violations(in passes: [Pass]) -> [String] {
    var result: [String] = []
    for (index, pass) in passes.enumerated() {
      for order in pass.order {
        let holds: Bool
        let wish: String
        switch order.place {
        case .first:
          holds = index == 0
          wish = "first"
        case .last:
          holds = index == passes.count - 1
          wish = "last"
        case .after(let other):
          holds = !passes[index...].contains { $0.name == other }
          wish = "after \(other)"
        case .before(let other):
          holds = !passes[..<index].contains { $0.name == other }
          wish = "before \(other)"
        case .followed(let other):
          holds = passes[(index + 1)...].contains { $0.name == other }
          wish = "followed by \(other)"
        }
        if !holds { result.append("\(pass.name) must be \(wish): \(order.reason)") }
      }
    }
    return result
  }
}
