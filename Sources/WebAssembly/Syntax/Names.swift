/// The index spaces that the name section knows, by the codes of its subsections (Core 3.0, 7.4.1, and the extended name
/// section).
public enum NameSpace: UInt8, Hashable, Sendable, CaseIterable {
  case function = 1, local, label, type, table, memory, global, element, data, field, tag

  /// Whether the indices are those within a function (locals and labels) or a type (fields).
  public var isNested: Bool {
    switch self {
    case .local, .label, .field: true
    default: false
    }
  }
}

/// The names that a module gives to its parts for people: the contents of its name section (Core 3.0, 7.4.1).
///
/// Names stay bytes of the module until they are asked for, in tables sorted by index: the memory that they take is in
/// proportion to the section. Finding one is a binary search.
public struct Names: Sendable {
  /// The name of the custom section.
  public static let sectionName = "name"

  /// The name of the module itself.
  public var module: String?

  /// A name, and where its UTF-8 is.
  struct Entry {
    /// The function or type of a nested name, else 0.
    var outer: UInt32
    var index: UInt32
    var start: UInt32
    /// In bytes. The highest bit is set where `start` refers to `added` and not to `source`.
    var length: UInt32

    var key: UInt64 { UInt64(outer) << 32 | UInt64(index) }
  }

  static let addedBit: UInt32 = 1 << 31

  /// The bytes of the module that the section was read from.
  var source: [UInt8] = []
  /// The names that were set since.
  var added: [UInt8] = []
  /// By the code of the name space; each sorted by outer index, then index, without duplicates.
  var maps: [[Entry]] = Array(repeating: [], count: 12)

  public init() {}

  /// Whether there is no name at all.
  public var isEmpty: Bool { module == nil && maps.allSatisfy(\.isEmpty) }

  /// The number of names in a name space.
  public func count(of space: NameSpace) -> Int { maps[Int(space.rawValue)].count }

  /// The name of an index.
  ///
  /// - Parameter outer: the function or type that the index is within, for a nested name space.
  public func name(of space: NameSpace, _ index: UInt32, in outer: UInt32 = 0) -> String? {
    utf8(of: space, index, in: outer).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The same as ``name(of:_:in:)``, as UTF-8.
  public func utf8(of space: NameSpace, _ index: UInt32, in outer: UInt32 = 0) -> ArraySlice<UInt8>? {
    let map = maps[Int(space.rawValue)]
    let key = UInt64(outer) << 32 | UInt64(index)
    let place = Self.place(of: key, in: map)
    guard place < map.count, map[place].key == key else { return nil }
    return utf8(of: map[place])
  }

  /// All names of a name space, by index.
  public func names(of space: NameSpace) -> [(outer: UInt32, index: UInt32, name: String)] {
    maps[Int(space.rawValue)].map { ($0.outer, $0.index, String(decoding: utf8(of: $0), as: UTF8.self)) }
  }

  /// All names within a function or type, by index.
  public func names(of space: NameSpace, in outer: UInt32) -> [(index: UInt32, name: String)] {
    entries(of: space, in: outer).map { ($0.index, String(decoding: utf8(of: $0), as: UTF8.self)) }
  }

  /// Names an index, or takes its name away with nil. Cheapest in ascending order of indices.
  public mutating func setName(_ name: String?, of space: NameSpace, _ index: UInt32, in outer: UInt32 = 0) {
    let number = Int(space.rawValue)
    let key = UInt64(outer) << 32 | UInt64(index)
    let place =
      if let last = maps[number].last, last.key < key { maps[number].count } else {
        Self.place(of: key, in: maps[number])
      }
    let exists = place < maps[number].count && maps[number][place].key == key
    guard let name else {
      if exists { maps[number].remove(at: place) }
      return
    }
    let entry = Entry(
      outer: outer, index: index, start: UInt32(truncatingIfNeeded: added.count),
      length: UInt32(truncatingIfNeeded: name.utf8.count) | Self.addedBit)
    added.append(contentsOf: name.utf8)
    if exists { maps[number][place] = entry } else { maps[number].insert(entry, at: place) }
  }

  /// Takes all names of a name space away.
  public mutating func removeAll(of space: NameSpace) { maps[Int(space.rawValue)] = [] }

  func utf8(of entry: Entry) -> ArraySlice<UInt8> {
    let start = Int(entry.start)
    let length = Int(entry.length & ~Self.addedBit)
    return entry.length & Self.addedBit != 0 ? added[start..<start + length] : source[start..<start + length]
  }

  func entries(of space: NameSpace, in outer: UInt32) -> ArraySlice<Entry> {
    let map = maps[Int(space.rawValue)]
    let start = Self.place(of: UInt64(outer) << 32, in: map)
    let end = outer == .max ? map.count : Self.place(of: UInt64(outer + 1) << 32, in: map)
    return map[start..<end]
  }

  /// The first place whose key is not below `key`.
  private static func place(of key: UInt64, in map: [Entry]) -> Int {
    // Names mostly cover an index space without gaps, so that the first guess is right.
    if key < UInt64(map.count), map[Int(key)].key == key { return Int(key) }
    var low = 0
    var high = map.count
    while low < high {
      let middle = low + (high - low) / 2
      if map[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
