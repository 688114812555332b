/// What of a module anything can come to: from its exports, and from the steps of its instantiation that others can see or
/// that can fail.
///
/// A segment that is written to a memory or table that nobody looks at, and that is certain to fit, is not alive. A
/// recursion group is alive as a whole, because its types are equal to those of other modules only together.
struct Liveness {
  enum Space: Int, CaseIterable {
    case type, function, table, memory, global, tag, element, data
  }

  /// One for each step of ``ModuleParts/effects``.
  private(set) var effects: [Bool]
  /// The spaces one behind the other.
  private var alive: [Bool]
  /// Where each space begins in ``alive``; then the end.
  private let bases: [Int]

  private static func bases(_ parts: ModuleParts, _ spaces: IndexSpaces) -> [Int] {
    let counts = [
      parts.declarations.types.count, spaces.functions.count, spaces.tables.count, spaces.memories.count,
      spaces.globals.count, spaces.tags.count, parts.declarations.elements.count, parts.declarations.data.count,
    ]
    return counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// Everything, or nothing.
  init(_ parts: ModuleParts, _ spaces: IndexSpaces, all isAlive: Bool) {
    bases = Self.bases(parts, spaces)
    alive = Array(repeating: isAlive, count: bases[bases.count - 1])
    effects = Array(repeating: isAlive, count: parts.effects.count)
  }

  /// What can be reached.
  static func reachable(
    in parts: ModuleParts, _ spaces: IndexSpaces, _ initialization: Initialization
  ) throws(ModuleError) -> Liveness {
    var search = LivenessSearch(parts, spaces)
    try search.run(initialization)
    var live = search.result
    live.effects = parts.effects.map { effect in
      switch effect {
      case .element(let index): live[.element, index]
      case .data(let index): live[.data, index]
      case .fill(let table, _): live[.table, table]
      case .check, .call: true
      }
    }
    return live
  }

  subscript(_ space: Space, _ index: UInt32) -> Bool { alive[bases[space.rawValue] + Int(index)] }

  /// Marks an item. Whether it was not alive before.
  mutating func insert(_ space: Space, _ index: UInt32) -> Bool {
    let place = bases[space.rawValue] + Int(index)
    if alive[place] { return false }
    alive[place] = true
    return true
  }

  func count(of space: Space) -> Int { bases[space.rawValue + 1] - bases[space.rawValue] }

  /// The number of items that are not alive.
  func deadCount(of space: Space) -> Int {
    var count = 0
    for place in bases[space.rawValue]..<bases[space.rawValue + 1] where !alive[place] { count += 1 }
    return count
  }

  /// New indices for those that are alive; nil where all are. The dead have `UInt32.max`.
  func compaction(of space: Space) -> [UInt32]? {
    var next: UInt32 = 0
    var map: [UInt32] = []
    map.reserveCapacity(count(of: space))
    for place in bases[space.rawValue]..<bases[space.rawValue + 1] {
      map.append(alive[place] ? next : .max)
      if alive[place] { next += 1 }
    }
    return Int(next) == map.count ? nil : map
  }

  /// New indices in every space.
  var compaction: IndexRemapping {
    var remapping = IndexRemapping()
    remapping.types = compaction(of: .type)
    remapping.functions = compaction(of: .function)
    remapping.tables = compaction(of: .table)
    remapping.memories = compaction(of: .memory)
    remapping.globals = compaction(of: .global)
    remapping.tags = compaction(of: .tag)
    remapping.elements = compaction(of: .element)
    remapping.data = compaction(of: .data)
    return remapping
  }
}
