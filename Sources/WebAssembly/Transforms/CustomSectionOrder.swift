extension Module {
  /// Puts custom sections whose place is laid down where it is, after a transform has added sections or custom sections:
  /// `dylink.0` before everything, what annotates code before the code section (Core 3.0, 7.4; branch hinting), and after
  /// the data section `linking`, relocations, `name`, `producers` and `target_features` in this order (tool conventions).
  /// Other custom sections stay after the section that they came after.
  mutating func placeCustomSections() {
    for index in customSections.indices {
      switch CustomSectionPlace(customSections[index].name) {
      case .free: break
      case .first: customSections[index].after = nil
      case .beforeCode: customSections[index].after = .dataCount
      case .trailing: customSections[index].after = .data
      }
    }
    // In the order of the sections that they come after; those that were moved come before those that were there.
    let order = customSections.indices.sorted { first, second in
      (customSections[first].after?.order ?? -1, first) < (customSections[second].after?.order ?? -1, second)
    }
    var placed = order.map { customSections[$0] }
    placed.sort(places: placed.indices.filter { placed[$0].after == nil }) { name in
      CustomSectionPlace(name) == .first ? 0 : 1
    }
    // Those after the data change places among themselves, so that others stay where they are.
    placed.sort(places: placed.indices.filter { CustomSectionPlace.rank(placed[$0].name) != nil }) { name in
      CustomSectionPlace.rank(name) ?? 0
    }
    customSections = placed
  }
}

/// Where a custom section belongs.
private enum CustomSectionPlace: Equatable {
  case free, first, beforeCode, trailing

  init(_ name: String) {
    if name == "dylink.0" || name == "dylink" {
      self = .first
    } else if name.hasPrefix("metadata.code.") {
      self = .beforeCode
    } else {
      self = Self.rank(name) == nil ? .free : .trailing
    }
  }

  /// The order of those that come after the data section.
  static func rank(_ name: String) -> Int? {
    switch name {
    case "linking": 0
    case _ where name.hasPrefix("reloc."): 1
    case Names.sectionName: 2
    case "producers": 3
    case "target_features": 4
    default: nil
    }
  }
}

extension [CustomSection] {
  /// Sorts the elements at some places among these places; equal ones keep their order.
  fileprivate mutating func sort(places: [Int], by rank: (String) -> Int) {
    let sorted = places.sorted { (rank(self[$0].name), $0) < (rank(self[$1].name), $1) }.map { self[$0] }
    for (place, section) in zip(places, sorted) { self[place] = section }
  }
}
