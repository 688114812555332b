/// The index spaces of a module that text can name (Core 3.0, 6.1.2).
enum Space: Int, CaseIterable {
  case type, function, table, memory, global, tag, element, data

  /// The word for a thing of this space in messages about unknown ones.
  var noun: String {
    switch self {
    case .type: "type"
    case .function: "function"
    case .table: "table"
    case .memory: "memory"
    case .global: "global"
    case .tag: "tag"
    case .element: "elem segment"
    case .data: "data segment"
    }
  }

  /// The word in messages about doubled ones.
  var binder: String { self == .function ? "func" : noun }
}

/// An index space: how many things it has, and which of them have a name.
struct NameScope {
  var count: UInt32 = 0
  /// The index plus one by symbol, 0 for a symbol that names nothing here; empty until something is named.
  private var bySymbol: [UInt32] = []
  /// Names in index order.
  private(set) var names: [(index: UInt32, symbol: UInt32)] = []

  func index(of symbol: UInt32) -> UInt32? {
    guard Int(symbol) < bySymbol.count, bySymbol[Int(symbol)] != 0 else { return nil }
    return bySymbol[Int(symbol)] - 1
  }

  /// Gives the next index to a thing; false if another one has its name already. The symbol 0 is no name.
  mutating func bind(_ symbol: UInt32, symbolCount: Int) -> Bool {
    if symbol != 0 {
      if bySymbol.isEmpty { bySymbol = [UInt32](repeating: 0, count: symbolCount) }
      guard bySymbol[Int(symbol)] == 0 else { return false }
      bySymbol[Int(symbol)] = count + 1
      names.append((count, symbol))
    }
    count += 1
    return true
  }

  /// Changes the name that the name section gives to a thing.
  mutating func rename(_ index: UInt32, _ symbol: UInt32) {
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if names[middle].index < index { low = middle + 1 } else { high = middle }
    }
    if low < names.count && names[low].index == index {
      names[low].symbol = symbol
    } else {
      names.insert((index, symbol), at: low)
    }
  }
}

/// The locals of one function after the other.
struct LocalScope {
  /// By symbol, the number of the function (from 1) in the high half and the index in the low one.
  private var bySymbol: [UInt64] = []
  private var function: UInt64 = 0
  private(set) var count: UInt32 = 0
  private(set) var names: [(index: UInt32, symbol: UInt32)] = []

  mutating func beginFunction() {
    function += 1
    count = 0
    names.removeAll(keepingCapacity: true)
  }

  func index(of symbol: UInt32) -> UInt32? {
    guard Int(symbol) < bySymbol.count, bySymbol[Int(symbol)] >> 32 == function else { return nil }
    return UInt32(truncatingIfNeeded: bySymbol[Int(symbol)])
  }

  /// Gives the next index to a local; false if another one has its name already. The symbol 0 is no name.
  mutating func bind(_ symbol: UInt32, symbolCount: Int) -> Bool {
    if symbol != 0 {
      if bySymbol.count < symbolCount {
        bySymbol.append(contentsOf: repeatElement(0, count: symbolCount - bySymbol.count))
      }
      guard bySymbol[Int(symbol)] >> 32 != function else { return false }
      bySymbol[Int(symbol)] = function << 32 | UInt64(count)
      names.append((count, symbol))
    }
    count &+= 1
    return true
  }

  /// Passes over locals without names.
  mutating func skip(_ number: Int) { count &+= UInt32(truncatingIfNeeded: number) }

  /// Changes the name that the name section gives to the local that was bound last.
  mutating func rename(_ symbol: UInt32) {
    if let last = names.last, last.index &+ 1 == count { names.removeLast() }
    names.append((count &- 1, symbol))
  }
}

/// The labels around an instruction, innermost last.
struct LabelScope {
  private struct Label {
    var symbol: UInt32
    /// What ``bySymbol`` said of the symbol outside of the label.
    var hidden: UInt32
  }

  private var labels: [Label] = []
  /// The depth at which a symbol was last bound, from 1; 0 where it is not.
  private var bySymbol: [UInt32] = []
  private(set) var names: [(index: UInt32, symbol: UInt32)] = []
  /// How many labels the function has had.
  private var total: UInt32 = 0

  var depth: Int { labels.count }
  /// The symbol of the innermost label, 0 if it has none.
  var innermost: UInt32 { labels.last?.symbol ?? 0 }

  mutating func beginFunction() {
    while depth > 0 { pop() }
    names.removeAll(keepingCapacity: true)
    total = 0
  }

  mutating func push(_ symbol: UInt32, symbolCount: Int) {
    var hidden: UInt32 = 0
    if symbol != 0 {
      if bySymbol.isEmpty { bySymbol = [UInt32](repeating: 0, count: symbolCount) }
      hidden = bySymbol[Int(symbol)]
      bySymbol[Int(symbol)] = UInt32(labels.count + 1)
      names.append((total, symbol))
    }
    total += 1
    labels.append(Label(symbol: symbol, hidden: hidden))
  }

  mutating func pop() {
    guard let label = labels.popLast(), label.symbol != 0 else { return }
    bySymbol[Int(label.symbol)] = label.hidden
  }

  /// The relative index of a label.
  func index(of symbol: UInt32) -> UInt32? {
    guard Int(symbol) < bySymbol.count, bySymbol[Int(symbol)] != 0 else { return nil }
    return UInt32(labels.count) - bySymbol[Int(symbol)]
  }
}
