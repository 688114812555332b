/// The names of a module that was put together, in all name spaces.
///
/// The source that defines an item names it; where it does not, one that imports it may. Where several sources have the
/// same name for different things, each of them gets the source's name before it: `renderer.draw`.
struct AssembledNames {
  private(set) var names = Names()

  /// A name of a source at its new index.
  private struct Item {
    var index: UInt32
    var source: Int
    var entry: Names.Entry
  }

  init(_ assembly: ModuleAssembly) {
    let sources = assembly.parts.sources
    let all = sources.map { Names($0.module) }
    let maps = sources.map { $0.remapping.followed(by: assembly.compaction) }
    names.module = all.last?.module
    for space in NameSpace.allCases {
      var items: [Item] = []
      for (number, source) in all.enumerated() {
        items.reserveCapacity(items.count + source.maps[Int(space.rawValue)].count)
        let limit = sources[number].module.count(of: space)
        for entry in source.maps[Int(space.rawValue)] {
          let old = space.isNested ? entry.outer : entry.index
          guard let index = Self.index(old, space, maps[number], limit: limit) else { continue }
          items.append(Item(index: index, source: number, entry: entry))
        }
      }
      Self.sort(&items)
      let isShared = space.isNested || sources.count == 1 ? [] : Self.shared(items, all)
      add(items, space, all, prefixes: sources.map(\.name), isShared)
    }
    for added in assembly.addedNames { names.setName(added.name, of: .function, added.index) }
  }

  /// The new index of an item, or nil where it is gone or was never there.
  private static func index(_ old: UInt32, _ space: NameSpace, _ map: IndexRemapping, limit: Int) -> UInt32? {
    let new =
      switch space {
      case .function, .local, .label: map.function(old)
      case .type, .field: map.type(old)
      case .table: map.table(old)
      case .memory: map.memory(old)
      case .global: map.global(old)
      case .tag: map.tag(old)
      case .element: map.element(old)
      case .data: map.data(old)
      }
    return new == .max || old >= limit ? nil : new
  }

  /// Sorts by new index; of several for the same the earliest source's comes first.
  private static func sort(_ items: inout [Item]) {
    let isSorted = (1..<max(items.count, 1)).allSatisfy {
      (items[$0 - 1].index, items[$0 - 1].source) <= (items[$0].index, items[$0].source)
    }
    if isSorted { return }
    let order = items.indices.sorted {
      (items[$0].index, items[$0].source, $0) < (items[$1].index, items[$1].source, $1)
    }
    items = order.map { items[$0] }
  }

  /// Whether the source of an item names it: it is the first that does.
  private static func names(_ place: Int, _ items: [Item], nested: Bool) -> Bool {
    guard place > 0, items[place - 1].index == items[place].index else { return true }
    return nested && items[place - 1].source == items[place].source
  }

  /// The hashes of names that several sources have.
  private static func shared(_ items: [Item], _ all: [Names]) -> Set<UInt64> {
    var owner: [UInt64: Int] = [:]
    var shared: Set<UInt64> = []
    owner.reserveCapacity(items.count)
    for place in items.indices where names(place, items, nested: false) {
      let hash = hash(all[items[place].source].utf8(of: items[place].entry))
      if let other = owner[hash] {
        if other != items[place].source { shared.insert(hash) }
      } else {
        owner[hash] = items[place].source
      }
    }
    return shared
  }

  /// FNV-1a. Where two names have the same hash, a prefix is put that is not needed.
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  private mutating func add(
    _ items: [Item], _ space: NameSpace, _ all: [Names], prefixes: [String], _ shared: Set<UInt64>
  ) {
    // The source whose names an item with nested names has.
    var owner = -1
    for place in items.indices {
      let item = items[place]
      if place == 0 || items[place - 1].index != item.index { owner = item.source }
      if space.isNested ? item.source != owner : !Self.names(place, items, nested: false) { continue }
      let utf8 = all[item.source].utf8(of: item.entry)
      let isPrefixed = !shared.isEmpty && shared.contains(Self.hash(utf8))
      if space.isNested {
        names.append(utf8, of: space, item.entry.index, in: item.index)
      } else if isPrefixed {
        names.append(Array("\(prefixes[item.source]).".utf8) + utf8, of: space, item.index, in: 0)
      } else {
        names.append(utf8, of: space, item.index, in: 0)
      }
    }
  }
}

extension Names {
  /// Adds a name behind all others of its space. One that does not come behind them is left out: of two types that are
  /// one now, the first names the fields.
  mutating func append(_ utf8: some Collection<UInt8>, of space: NameSpace, _ index: UInt32, in outer: UInt32) {
    if let last = maps[Int(space.rawValue)].last, last.key >= UInt64(outer) << 32 | UInt64(index) { return }
    maps[Int(space.rawValue)].append(
      Entry(
        outer: outer, index: index, start: UInt32(truncatingIfNeeded: added.count),
        length: UInt32(truncatingIfNeeded: utf8.count) | Self.addedBit))
    added.append(contentsOf: utf8)
  }
}

extension Module {
  /// The number of items in the index space that a name space is about.
  func count(of space: NameSpace) -> Int {
    func imported(_ kind: ExternalKind) -> Int { imports.count { $0.type.kind == kind } }
    return switch space {
    case .function, .local, .label: imported(.function) + functions.count
    case .type, .field: types.count
    case .table: imported(.table) + tables.count
    case .memory: imported(.memory) + memories.count
    case .global: imported(.global) + globals.count
    case .tag: imported(.tag) + tags.count
    case .element: elements.count
    case .data: data.count
    }
  }
}
