// Custom sections of a module that was put together: those that describe code are made anew or dropped, the others are
// kept once.

extension CustomSection {
  /// Whether the section holds positions in code or indices that no longer mean the same once bodies are written anew:
  /// debugging information, source maps, relocations.
  var describesCode: Bool {
    name.hasPrefix(".debug_") || name.hasPrefix("reloc.") || name.hasPrefix("metadata.code.") || name == "linking"
      || name == "sourceMappingURL" || name == "external_debug_info" || name == "dylink.0" || name == "dylink"
      || name == LoweredLayout.sectionName
  }
}

extension ModuleAssembly {
  mutating func customSections() {
    if !hints.functions.isEmpty {
      add(BranchHints.sectionName, hints.encode(), after: .dataCount)
    }
    // By name: the places of the sections of the last source that has some.
    var last: [[UInt8]: (source: Int, places: [Int])] = [:]
    var kept: [(source: Int, section: CustomSection)?] = []
    for (number, source) in parts.sources.enumerated() {
      for section in source.module.customSections {
        switch section.name {
        case Names.sectionName, BranchHints.sectionName: continue
        case "target_features" where parts.sources.count > 1: continue
        case _ where section.describesCode:
          drop(section.name, of: number)
          continue
        default: break
        }
        // Of those of one name that several sources have, the last source's stay, unless they are the same.
        let name = Array(section.name.utf8)
        if let others = last[name], others.source != number {
          for case let other? in others.places.map({ kept[$0] }) {
            let isSame =
              parts.sources[other.source].module.bytes[other.section.range] == source.module.bytes[section.range]
            if !isSame { drop(other.section.name, of: other.source) }
          }
          for place in others.places { kept[place] = nil }
          last[name] = nil
        }
        last[name, default: (number, [])].places.append(kept.count)
        kept.append((number, section))
      }
    }
    for (number, section) in kept.compactMap(\.self) {
      let contents = Array(parts.sources[number].module.bytes[section.range])
      add(section.name, contents, after: section.after)
    }
    targetFeatures()
    let names = AssembledNames(self).names
    let hasSection = parts.sources.contains { source in
      source.module.customSections.contains { $0.name == Names.sectionName }
    }
    guard !names.isEmpty && (hasSection || !addedNames.isEmpty) else { return }
    var writer = ByteWriter()
    swap(&writer.bytes, &output)
    let start = writer.bytes.count
    names.encode(to: &writer)
    new.customSections.append(CustomSection(name: Names.sectionName, range: start..<writer.bytes.count, after: .data))
    swap(&writer.bytes, &output)
  }

  private mutating func add(_ name: String, _ contents: [UInt8], after: SectionID?) {
    let start = output.count
    output.append(contentsOf: contents)
    new.customSections.append(CustomSection(name: name, range: start..<output.count, after: after))
  }

  /// The features that the sources say that they use, together (tool conventions: `target_features`).
  private mutating func targetFeatures() {
    guard parts.sources.count > 1 else { return }
    var entries: [[UInt8]] = []
    var known: Set<[UInt8]> = []
    for (number, source) in parts.sources.enumerated() {
      for section in source.module.customSections where section.name == "target_features" {
        guard let read = try? Self.targetFeatures(source.module.bytes, section.range) else {
          drop(section.name, of: number)
          continue
        }
        for entry in read where known.insert(entry).inserted { entries.append(entry) }
      }
    }
    guard !entries.isEmpty else { return }
    var contents = ByteWriter()
    contents.u32(UInt32(truncatingIfNeeded: entries.count))
    for entry in entries { contents.bytes.append(contentsOf: entry) }
    add("target_features", contents.bytes, after: .data)
  }

  /// Each feature with the prefix and the length before it.
  private static func targetFeatures(_ bytes: [UInt8], _ range: Range<Int>) throws(ModuleError) -> [[UInt8]] {
    var reader = ByteReader(bytes, range: range)
    var result: [[UInt8]] = []
    for _ in 0..<(try reader.length()) {
      let start = reader.position
      _ = try reader.byte()
      _ = try reader.span()
      result.append(Array(bytes[start..<reader.position]))
    }
    return result
  }
}
