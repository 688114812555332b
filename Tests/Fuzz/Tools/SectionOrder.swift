/// Says where the sections of a binary are in an order that other tools refuse, from the bytes alone: it shares nothing
/// with the decoder and the encoder.
enum SectionOrder {
  /// The codes of sections in the order in which a module has them (Core 3.0, 5.5.17): type, import, function, table,
  /// memory, tag, global, export, start, element, data count, code, data.
  private static let order: [UInt8] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

  /// What is wrong, or nil.
  static func fault(of bytes: [UInt8]) -> String? {
    var place = 8
    var lastKnown = -1
    var customs: [String] = []
    var hasSection = false
    guard bytes.starts(with: [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]) else { return "no header of a module" }
    while place < bytes.count {
      let id = bytes[place]
      place += 1
      guard let size = number(bytes, &place), place + size <= bytes.count else { return "a section is cut" }
      let end = place + size
      if id == 0 {
        guard let count = number(bytes, &place), place + count <= end else { return "a custom section has no name" }
        let name = String(decoding: bytes[place..<place + count], as: UTF8.self)
        if let fault = fault(ofCustom: name, after: lastKnown, customs, isFirst: !hasSection) { return fault }
        customs.append(name)
      } else {
        guard let rank = order.firstIndex(of: id) else { return "unknown section \(id)" }
        if rank <= lastKnown { return "section \(id) comes after section \(order[lastKnown])" }
        lastKnown = rank
        if let name = customs.first(where: isTrailing) { return "section \(id) comes after '\(name)'" }
      }
      hasSection = true
      place = end
    }
    return nil
  }

  /// What comes after the data section, and what annotates the code (tool conventions; branch hinting).
  private static func fault(
    ofCustom name: String, after lastKnown: Int, _ before: [String], isFirst: Bool
  ) -> String? {
    let code = order.firstIndex(of: 10) ?? 0
    switch name {
    case "dylink.0", "dylink": return isFirst ? nil : "'\(name)' is not the first section"
    case _ where name.hasPrefix("metadata.code."): return lastKnown < code ? nil : "'\(name)' comes after the code"
    case "name":
      let late = before.first { $0 == "producers" || $0 == "target_features" }
      return late.map { "'name' comes after '\($0)'" }
    case "producers": return before.contains("target_features") ? "'producers' comes after 'target_features'" : nil
    case "linking":
      return before.contains { $0.hasPrefix("reloc.") } ? "'linking' comes after relocations" : nil
    default: return nil
    }
  }

  private static func isTrailing(_ name: String) -> Bool {
    switch name {
    case "name", "producers", "target_features", "linking": true
    default: name.hasPrefix("reloc.")
    }
  }

  private static func number(_ bytes: [UInt8], _ place: inout Int) -> Int? {
    var value = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      guard place < bytes.count else { return nil }
      let byte = bytes[place]
      place += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
