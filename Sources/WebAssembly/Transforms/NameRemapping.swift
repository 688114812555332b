extension Names {
  /// The index that takes a name away in ``remapped(_:)``.
  static let dropped = UInt32.max

  /// The names under new indices. What gets the index ``dropped`` loses its name, and so does all that is within it.
  func remapped(_ remapping: IndexRemapping) -> Names {
    var result = self
    func remap(_ space: NameSpace, _ map: [UInt32]?) {
      guard let map else { return }
      let number = Int(space.rawValue)
      var isSorted = true
      var last: UInt64 = 0
      var entries: [Entry] = []
      entries.reserveCapacity(maps[number].count)
      for var entry in maps[number] {
        if space.isNested {
          entry.outer = IndexRemapping.index(entry.outer, map)
          if entry.outer == Self.dropped { continue }
        } else {
          entry.index = IndexRemapping.index(entry.index, map)
          if entry.index == Self.dropped { continue }
        }
        isSorted = isSorted && (entries.isEmpty || last < entry.key)
        last = entry.key
        entries.append(entry)
      }
      if !isSorted { entries.sort { $0.key < $1.key } }
      result.maps[number] = entries
    }
    remap(.function, remapping.functions)
    remap(.local, remapping.functions)
    remap(.label, remapping.functions)
    remap(.type, remapping.types)
    remap(.field, remapping.types)
    remap(.table, remapping.tables)
    remap(.memory, remapping.memories)
    remap(.global, remapping.globals)
    remap(.element, remapping.elements)
    remap(.data, remapping.data)
    remap(.tag, remapping.tags)
    return result
  }
}
