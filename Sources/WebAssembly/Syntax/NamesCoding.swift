extension Names {
  /// The names of a module. What is malformed in its name section is left out, and so are further name sections.
  public init(_ module: Module) {
    self.init()
    guard let section = module.customSections.first(where: { $0.name == Self.sectionName }) else { return }
    source = module.bytes
    var reader = ByteReader(module.bytes, range: section.range)
    while !reader.isAtEnd {
      guard let (code, contents) = try? Self.subsection(&reader) else { break }
      try? read(code, in: contents, isStrict: false)
      if let space = NameSpace(rawValue: code) { sort(space) }
    }
  }

  /// The names in a name section.
  ///
  /// - Throws: a ``ModuleError`` of the kind `malformed` where the section breaks a rule of its format: subsections in
  ///   ascending order, indices in ascending order without duplicates, names in UTF-8, sizes that are exact.
  public init(decoding section: CustomSection, of module: Module) throws(ModuleError) {
    self.init()
    source = module.bytes
    var reader = ByteReader(module.bytes, range: section.range)
    var last: UInt8?
    while !reader.isAtEnd {
      let at = reader.position
      let (code, contents) = try Self.subsection(&reader)
      if let last, last >= code {
        throw ModuleError(.malformed, "name section: unexpected subsection", at: at)
      }
      last = code
      try read(code, in: contents, isStrict: true)
    }
  }

  private static func subsection(_ reader: inout ByteReader) throws(ModuleError) -> (UInt8, Range<Int>) {
    let code = try reader.byte()
    return (code, try reader.span())
  }

  private mutating func read(_ code: UInt8, in contents: Range<Int>, isStrict: Bool) throws(ModuleError) {
    var reader = ByteReader(source, range: contents)
    if code == 0 {
      module = try reader.name()
    } else if let space = NameSpace(rawValue: code) {
      if space.isNested {
        try readNested(space, &reader, isStrict: isStrict)
      } else {
        try readMap(space, in: 0, &reader, isStrict: isStrict)
      }
    } else if isStrict {
      throw ModuleError(.malformed, "name section: malformed subsection id", at: contents.lowerBound)
    } else {
      return
    }
    if isStrict && !reader.isAtEnd {
      throw ModuleError(.malformed, "name section: subsection size mismatch", at: reader.position)
    }
  }

  private mutating func readNested(
    _ space: NameSpace, _ reader: inout ByteReader, isStrict: Bool
  ) throws(ModuleError) {
    let count = try reader.length()
    var last: UInt32?
    for _ in 0..<count {
      let at = reader.position
      let outer = try reader.u32()
      if isStrict, let last, last >= outer {
        throw ModuleError(.malformed, "name section: indices are not in ascending order", at: at)
      }
      last = outer
      try readMap(space, in: outer, &reader, isStrict: isStrict)
    }
  }

  private mutating func readMap(
    _ space: NameSpace, in outer: UInt32, _ reader: inout ByteReader, isStrict: Bool
  ) throws(ModuleError) {
    let number = Int(space.rawValue)
    let count = Int(try reader.length())
    // A name takes two bytes at least.
    if !space.isNested { maps[number].reserveCapacity(min(count, (reader.end - reader.position) / 2 + 1)) }
    var last: UInt32?
    for _ in 0..<count {
      let at = reader.position
      let index = try reader.u32()
      if isStrict, let last, last >= index {
        throw ModuleError(.malformed, "name section: indices are not in ascending order", at: at)
      }
      last = index
      let range = try reader.span()
      guard reader.isUTF8(range) else {
        if isStrict { throw ModuleError(.malformed, "malformed UTF-8 encoding", at: range.lowerBound) }
        continue
      }
      maps[number].append(
        Entry(
          outer: outer, index: index, start: UInt32(truncatingIfNeeded: range.lowerBound),
          length: UInt32(truncatingIfNeeded: range.count)))
    }
  }

  /// Brings a map that was read as it came into order. Of several names for one index the first stays.
  private mutating func sort(_ space: NameSpace) {
    let number = Int(space.rawValue)
    let map = maps[number]
    guard !(1..<max(map.count, 1)).allSatisfy({ map[$0 - 1].key < map[$0].key }) else { return }
    let sorted = map.sorted { ($0.key, $0.start) < ($1.key, $1.start) }
    maps[number] = []
    for entry in sorted where maps[number].last?.key != entry.key { maps[number].append(entry) }
  }

  /// The contents of the name section, subsections and indices in ascending order; nothing if there are no names.
  public func encode() -> [UInt8] {
    var output = ByteWriter()
    encode(to: &output)
    return output.bytes
  }

  /// Writes the contents of the name section in place: names can be a large part of a module, so that copies would count.
  func encode(to output: inout ByteWriter) {
    if let module {
      output.byte(0)
      output.u32(UInt32(truncatingIfNeeded: module.utf8.count + ByteWriter.size(ofU32: module.utf8.count)))
      output.name(module)
    }
    for space in NameSpace.allCases {
      let map = maps[Int(space.rawValue)]
      guard !map.isEmpty else { continue }
      output.byte(space.rawValue)
      if space.isNested {
        output.u32(UInt32(truncatingIfNeeded: Self.nestedSize(map)))
        encodeNested(map, &output)
      } else {
        output.u32(UInt32(truncatingIfNeeded: Self.size(map[...])))
        encode(map[...], &output)
      }
    }
  }

  /// Each outer index with the range of its entries.
  private static func outers(_ map: [Entry]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < map.count {
      var end = start
      while end < map.count && map[end].outer == map[start].outer { end += 1 }
      ranges.append(start..<end)
      start = end
    }
    return ranges
  }

  private func encodeNested(_ map: [Entry], _ output: inout ByteWriter) {
    let outers = Self.outers(map)
    output.u32(UInt32(truncatingIfNeeded: outers.count))
    for range in outers {
      output.u32(map[range.lowerBound].outer)
      encode(map[range], &output)
    }
  }

  private func encode(_ entries: ArraySlice<Entry>, _ output: inout ByteWriter) {
    output.u32(UInt32(truncatingIfNeeded: entries.count))
    for entry in entries {
      output.u32(entry.index)
      output.span(utf8(of: entry))
    }
  }

  /// The number of bytes that ``encode(_:_:)`` writes.
  private static func size(_ entries: ArraySlice<Entry>) -> Int {
    entries.reduce(ByteWriter.size(ofU32: entries.count)) { size, entry in
      let length = Int(entry.length & ~addedBit)
      return size + ByteWriter.size(ofU32: Int(entry.index)) + ByteWriter.size(ofU32: length) + length
    }
  }

  private static func nestedSize(_ map: [Entry]) -> Int {
    let outers = outers(map)
    return outers.reduce(ByteWriter.size(ofU32: outers.count)) { size, range in
      size + ByteWriter.size(ofU32: Int(map[range.lowerBound].outer)) + self.size(map[range])
    }
  }
}

extension ByteReader {
  /// Whether a range is well-formed UTF-8, without making a String of it where it is plain.
  func isUTF8(_ range: Range<Int>) -> Bool {
    if bytes[range].allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: bytes[range], as: UTF8.self) != nil
  }
}
