/// The loops of a function as a tree in which the way from a loop to one around it takes logarithmic time: each has a pointer
/// to its parent and one that jumps further (Myers 1983, "An applicative random-access stack").
struct LoopNest {
  private var parents: [Int32] = []
  private var jumps: [Int32] = []
  private var depths: [Int32] = []

  init(_ function: borrowing IRFunction) {
    // A loop comes behind those around it.
    for loop in function.loops {
      let parent = loop.parent
      parents.append(parent)
      guard parent >= 0 else {
        jumps.append(-1)
        depths.append(0)
        continue
      }
      depths.append(depths[Int(parent)] + 1)
      let jump = jumps[Int(parent)]
      let isEven =
        jump >= 0 && jumps[Int(jump)] >= 0
        && depths[Int(parent)] - depths[Int(jump)] == depths[Int(jump)] - depths[Int(jumps[Int(jump)])]
      jumps.append(isEven ? jumps[Int(jump)] : parent)
    }
  }

  /// The outermost loop for which a condition holds that, where it does not hold for a loop, does not for those around it.
  func outermost(from innermost: Int, _ holds: (Int) -> Bool) -> Int? {
    guard innermost >= 0, holds(innermost) else { return nil }
    var loop = innermost
    while parents[loop] >= 0 {
      if holds(Int(jumps[loop])) {
        loop = Int(jumps[loop])
      } else if holds(Int(parents[loop])) {
        loop = Int(parents[loop])
      } else {
        break
      }
    }
    return loop
  }
}
