/// The identifiers of one index space, ready to be printed.
struct IdentifierTable {
  private var pool: [UInt8] = []
  /// Where each index's text ends in the pool. An index without identifier has an empty one.
  private var ends: [UInt32] = []
  /// Whether every name became an identifier as it is.
  private(set) var isFaithful = true

  init() {}

  var isEmpty: Bool { pool.isEmpty }

  func has(_ index: UInt32) -> Bool { !range(index).isEmpty }

  /// Appends the identifier of an index, if it has one.
  func write(_ index: UInt32, _ output: inout [UInt8]) -> Bool {
    let range = range(index)
    if range.isEmpty { return false }
    output.append(contentsOf: pool[range])
    return true
  }

  private func range(_ index: UInt32) -> Range<Int> {
    let index = Int(index)
    guard index < ends.count else { return 0..<0 }
    return (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  /// The identifiers of the first `count` indices by their names, which are in ascending order of indices.
  ///
  /// A name that has been used before gets its index appended.
  init(_ entries: ArraySlice<Names.Entry>, of names: Names, count: Int) {
    var seen: Set<UInt64> = []
    for entry in entries {
      let index = Int(entry.index)
      guard index < count, pool.count + Int(entry.length & ~Names.addedBit) < Int(UInt32.max) / 4 else {
        isFaithful = false
        continue
      }
      var name = Array(names.utf8(of: entry))
      if name.isEmpty {
        isFaithful = false
        continue
      }
      // Two names with the same hash would only get one more suffix than they need.
      while !seen.insert(Self.hash(name)).inserted {
        isFaithful = false
        name += "#\(index)".utf8
      }
      while ends.count < index { ends.append(UInt32(pool.count)) }
      Self.append(name, to: &pool)
      ends.append(UInt32(pool.count))
    }
  }

  private static func hash(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  /// A name as an identifier, in quotes where it has characters that identifiers cannot have (Core 3.0, 6.3.6).
  static func append(_ name: [UInt8], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "$"))
    if name.allSatisfy({ isIdentifierCharacter[Int($0)] }) {
      output.append(contentsOf: name)
      return
    }
    TextPrinter.text(name, &output)
  }

  private static let isIdentifierCharacter: [Bool] = (0...255).map { (byte: Int) in
    let others = Array("!#$%&'*+-./:<=>?@\\^_`|~".utf8)
    switch UInt8(byte) {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      return true
    case let byte: return others.contains(byte)
    }
  }
}

/// Which custom sections the text can say by identifiers and annotations.
extension TextPrinter {
  mutating func makeIdentifiers() {
    guard options.usesNames, !names.isEmpty else { return }
    let counts: [(NameSpace, Int)] = [
      (.function, spaces.functions.count), (.type, source.types.count), (.table, spaces.tables.count),
      (.memory, spaces.memories.count), (.global, spaces.globals.count), (.element, source.elements.count),
      (.data, source.data.count), (.tag, spaces.tags.count),
    ]
    var isFaithful = names.module?.isEmpty != true
    for (space, count) in counts {
      let table = IdentifierTable(names.maps[Int(space.rawValue)][...], of: names, count: count)
      isFaithful = isFaithful && table.isFaithful
      identifiers[Int(space.rawValue)] = table
    }
    isFaithful = makeFieldIdentifiers() && isFaithful
    guard isFaithful, localsAreFaithful(), labelsAreFaithful() else { return }
    guard let number = source.customSections.firstIndex(where: { $0.name == Names.sectionName }) else { return }
    let section = source.customSections[number]
    // Identifiers give a name section behind the other sections, and among custom sections behind those that are placed
    // after a section, before those that are placed last. A section that is empty is not in the text, nor is there anything
    // behind it.
    guard (lastSection()?.order ?? -1) <= (section.after?.order ?? -1),
      source.bytes[section.range].elementsEqual(names.encode()),
      !source.customSections.dropFirst(number + 1).contains(where: { $0.name == Names.sectionName })
    else { return }
    expressedSections.insert(number)
    firstTrailingSection = number
  }

  /// The last section that the module's encoding has, or the last one that satisfies a condition.
  func lastSection(where condition: (SectionID) -> Bool = { _ in true }) -> SectionID? {
    SectionID.inOrder.last { isPresent($0) && condition($0) }
  }

  private func isPresent(_ id: SectionID) -> Bool {
    switch id {
    case .custom: false
    case .type: !source.recursionGroups.isEmpty
    case .import: !source.imports.isEmpty
    case .function: !source.functions.isEmpty
    case .table: !source.tables.isEmpty
    case .memory: !source.memories.isEmpty
    case .tag: !source.tags.isEmpty
    case .global: !source.globals.isEmpty
    case .export: !source.exports.isEmpty
    case .start: source.start != nil
    case .element: !source.elements.isEmpty
    case .dataCount: source.dataCount != nil
    case .code: !source.bodies.isEmpty
    case .data: !source.data.isEmpty
    }
  }

  private mutating func makeFieldIdentifiers() -> Bool {
    var isFaithful = true
    let map = names.maps[Int(NameSpace.field.rawValue)]
    var start = 0
    while start < map.count {
      let outer = map[start].outer
      let entries = names.entries(of: .field, in: outer)
      start += entries.count
      guard source.types.indices.contains(Int(outer)), case .structure(let fields) = source.types[Int(outer)].composite
      else {
        isFaithful = false
        continue
      }
      let table = IdentifierTable(entries, of: names, count: fields.count)
      isFaithful = isFaithful && table.isFaithful
      self.fields[outer] = table
    }
    return isFaithful
  }

  private func localsAreFaithful() -> Bool {
    let map = names.maps[Int(NameSpace.local.rawValue)]
    var start = 0
    while start < map.count {
      let outer = map[start].outer
      let entries = names.entries(of: .local, in: outer)
      start += entries.count
      guard let count = localCount(of: outer),
        IdentifierTable(entries, of: names, count: count).isFaithful
      else { return false }
    }
    return true
  }

  private func localCount(of function: UInt32) -> Int? {
    let number = Int(function)
    guard spaces.functions.indices.contains(number), let type = definedFunctionType(spaces.functions[number])
    else { return nil }
    guard number >= spaces.importedFunctionCount else { return type.parameters.count }
    guard source.bodies.indices.contains(number - spaces.importedFunctionCount) else { return nil }
    let body = source.bodies[number - spaces.importedFunctionCount].range
    var reader = InstructionReader(source.bytes, range: body)
    guard let groups = try? reader.locals() else { return nil }
    return groups.reduce(type.parameters.count) { $0 + Int($1.count) }
  }

  /// Labels may shadow each other, so that only their number counts.
  private func labelsAreFaithful() -> Bool {
    let map = names.maps[Int(NameSpace.label.rawValue)]
    var start = 0
    while start < map.count {
      let outer = map[start].outer
      let entries = names.entries(of: .label, in: outer)
      start += entries.count
      guard let last = entries.last, let count = blockCount(of: outer), Int(last.index) < count,
        entries.allSatisfy({ $0.length & ~Names.addedBit != 0 })
      else { return false }
    }
    return true
  }

  private func blockCount(of function: UInt32) -> Int? {
    let number = Int(function) - spaces.importedFunctionCount
    guard source.bodies.indices.contains(number) else { return nil }
    var reader = InstructionReader(source.bytes, range: source.bodies[number].range)
    guard (try? reader.locals()) != nil else { return nil }
    var count = 0
    while !reader.isAtEnd {
      guard let instruction = try? reader.next() else { return nil }
      if instruction.opcode.opensBlock { count += 1 }
    }
    return count
  }

  /// The identifiers of a function's parameters and locals.
  mutating func makeLocalIdentifiers(
    of function: UInt32, type: UInt32, locals groups: [(count: UInt32, type: ValueType)]
  ) {
    let entries = names.entries(of: .local, in: function)
    guard !entries.isEmpty else {
      if !locals.isEmpty { locals = IdentifierTable() }
      return
    }
    let parameters = definedFunctionType(type)?.parameters.count ?? 0
    locals = IdentifierTable(
      entries, of: names, count: groups.reduce(parameters) { $0 + Int($1.count) })
  }

  /// Branch hints are printed as annotations where those give the same section at the same place again.
  mutating func expressBranchHints() {
    let sections = source.customSections
    guard let number = sections.firstIndex(where: { $0.name == BranchHints.sectionName }) else { return }
    let section = sections[number]
    guard let hints = try? BranchHints(decoding: section, of: source),
      !hints.functions.isEmpty, hints.functions.allSatisfy({ !$0.hints.isEmpty }),
      (try? hints.check(in: source)) != nil,
      source.bytes[section.range].elementsEqual(hints.encode()),
      section.after == lastSection(where: { $0.order < SectionID.code.order })
    else { return }
    // Annotations give a section behind the custom sections that stand before the code too.
    guard sections.dropFirst(number + 1).allSatisfy({ $0.after != section.after }) else { return }
    self.hints = hints
    expressedSections.insert(number)
  }
}

extension Opcode {
  /// Whether a block begins here, which an `end` closes.
  var opensBlock: Bool { self == .block || self == .loop || self == .if || self == .tryTable }
}
