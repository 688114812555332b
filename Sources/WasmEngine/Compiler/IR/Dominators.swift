/// The dominator tree of a function, whose blocks are in reverse postorder (Cooper, Harvey, Kennedy 2001).
struct Dominators {
  /// For each block the number of its immediate dominator; of the entry its own; -1 where no path leads to the block.
  private(set) var immediate: [Int32]

  init(_ function: IRFunction) {
    let count = function.blocks.count
    immediate = Array(repeating: -1, count: count)
    guard count > 0 else { return }
    var predecessors: [[Int32]] = Array(repeating: [], count: count)
    for (index, block) in function.blocks.enumerated() {
      for edge in function.edges(of: block) { predecessors[edge.target.index].append(Int32(index)) }
    }
    immediate[0] = 0
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for block in 1..<max(1, count) {
        var found: Int32 = -1
        for predecessor in predecessors[block] where immediate[Int(predecessor)] >= 0 {
          found = found < 0 ? predecessor : meet(found, predecessor)
        }
        if found != immediate[block] {
          immediate[block] = found
          hasChanged = true
        }
      }
    }
  }

  /// The nearest block that dominates both.
  private func meet(_ first: Int32, _ second: Int32) -> Int32 {
    var (a, b) = (first, second)
    while a != b {
      while a > b { a = immediate[Int(a)] }
      while b > a { b = immediate[Int(b)] }
    }
    return a
  }

  func isReachable(_ block: Int) -> Bool { immediate[block] >= 0 }

  /// Whether every path to `block` passes through `dominator`.
  func dominates(_ dominator: Int, _ block: Int) -> Bool {
    var current = Int32(block)
    while current > Int32(dominator) { current = immediate[Int(current)] }
    return current == Int32(dominator)
  }
}
