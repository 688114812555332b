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
    if let module {
      output.byte(0)
      output.u32(UInt32(truncatingIfNeeded: module.utf8.count + ByteWriter.size(ofU32: module.utf8.count)))
      output.name(module)
    }
    // The names can be a good part of a module: they go to the output at once.
    output.bytes.reserveCapacity(
      output.bytes.count + NameSpace.allCases.reduce(0) { $0 + encodedSize(of: $1) + 6 })
    for space in NameSpace.allCases {
      let map = maps[Int(space.rawValue)]
      guard !map.isEmpty else { continue }
      output.byte(space.rawValue)
      output.u32(UInt32(truncatingIfNeeded: encodedSize(of: space)))
      if space.isNested { encodeNested(map, &output) } else { encode(map[...], &output) }
    }
    return output.bytes
  }

  /// The bytes that the contents of a subsection take.
  private func encodedSize(of space: NameSpace) -> Int {
    let map = maps[Int(space.rawValue)]
    var size = 0
    var outers = 0
    var start = 0
    while start < map.count {
      var end = start
      while end < map.count && (!space.isNested || map[end].outer == map[start].outer) {
        let length = Int(map[end].length & ~Self.addedBit)
        size += ByteWriter.size(ofU32: Int(map[end].index)) + ByteWriter.size(ofU32: length) + length
        end += 1
      }
      size += ByteWriter.size(ofU32: end - start)
      if space.isNested { size += ByteWriter.size(ofU32: Int(map[start].outer)) }
      outers += 1
      start = end
    }
    return size + (space.isNested ? ByteWriter.size(ofU32: outers) : 0)
  }

  private func encodeNested(_ map: [Entry], _ output: inout ByteWriter) {
    var outers: UInt32 = 0
    for index in map.indices where index == 0 || map[index - 1].outer != map[index].outer { outers += 1 }
    output.u32(outers)
    var start = 0
    while start < map.count {
      var end = start
      while end < map.count && map[end].outer == map[start].outer { end += 1 }
      output.u32(map[start].outer)
      encode(map[start..<end], &output)
      start = end
    }
  }

  private func encode(_ entries: ArraySlice<Entry>, _ output: inout ByteWriter) {
    output.u32(UInt32(truncatingIfNeeded: entries.count))
    for entry in entries {
      output.u32(entry.index)
      output.span(utf8(of: entry))
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
