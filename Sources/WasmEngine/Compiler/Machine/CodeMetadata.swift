/// What is known about the code of one function beside the code: its ``CodeSite``s and ``AccessSite``s, in few bytes, since
/// a large module has millions of them. The bytes hold no addresses and can be kept in files.
///
/// | bytes | what |
/// | --- | --- |
/// | 4 | flags: bit 0, whether frames keep their context; from bit 1, the number of inlined positions |
/// | 4, 4 | the counts of sites and accesses |
/// | 4 | where the part of the accesses begins; that of the sites begins at 16 |
///
/// A part is an index with 12 bytes for each ``groupSize`` entries (code offset and position of the first one, and where
/// in the stream it stands), then the stream. An entry is coded by its differences from the one before it, as LEB128. At the
/// very end are the inlined positions, 12 bytes each.
struct CodeMetadata {
  let bytes: UnsafeRawBufferPointer

  static let headerSize = 16
  private static let groupSize = 16
  private static let indexEntrySize = 12

  /// Memory that holds the metadata of one function or of many.
  final class Storage: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
      self.bytes = .allocate(byteCount: bytes.count, alignment: 4)
      self.bytes.copyBytes(from: bytes)
    }

    /// Memory that is filled by somebody else; nil if they fail.
    init?(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Bool) {
      bytes = .allocate(byteCount: count, alignment: 4)
      guard fill(bytes) else { return nil }
    }

    deinit { bytes.deallocate() }

    func slice(_ offset: UInt32, _ size: UInt32) -> CodeMetadata {
      CodeMetadata(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + Int(size)]))
    }
  }

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  // MARK: Writing

  /// Appends the metadata of a function.
  static func write(_ function: CompiledFunction, to output: inout [UInt8]) {
    let start = output.count
    let inlined = usedInlined(function)
    word((function.keepsContext ? 1 : 0) | UInt32(inlined.used.count) << 1, &output)
    word(UInt32(function.sites.count), &output)
    word(UInt32(function.accesses.count), &output)
    word(0, &output)
    write(function.sites, to: &output, { ($0.codeOffset, inlined.renumber($0.position)) }) { site, output in
      let hasMore = site.memory != 0 || site.width != 0 || site.landing != 0
      output.append(
        (site.isTrap ? 1 : 0) | (site.isPrologue ? 2 : 0) | (hasMore ? 4 : 0) | (site.trap?.rawValue ?? 0) << 3)
      if hasMore {
        unsigned(site.memory, &output)
        output.append(site.width)
        unsigned(site.landing, &output)
      }
    }
    let accesses = UInt32(output.count - start)
    set(accesses, at: start + 12, &output)
    write(function.accesses, to: &output, { ($0.codeOffset, inlined.renumber($0.position)) }) { access, output in
      signed(access.displacement, &output)
      unsigned(UInt32(access.memory), &output)
      output.append(UInt8(access.operands & 0xFF))
      output.append(UInt8(access.operands >> 8))
    }
    for position in inlined.used {
      word(position.function, &output)
      word(position.position, &output)
      word(position.call, &output)
    }
  }

  /// The inlined positions that a trap or a backtrace can come from, and by old number their new ones.
  private struct UsedInlined {
    var used: [InlinedPosition] = []
    var numbers: [UInt32] = []

    func renumber(_ position: UInt32) -> UInt32 {
      guard position & InlinedPosition.mark != 0, !numbers.isEmpty else { return position }
      return numbers[Int(position & ~InlinedPosition.mark)] | InlinedPosition.mark
    }

    mutating func note(_ position: UInt32, of function: CompiledFunction) {
      guard position & InlinedPosition.mark != 0 else { return }
      let number = Int(position & ~InlinedPosition.mark)
      guard function.inlined.indices.contains(number), numbers[number] == .max else { return }
      numbers[number] = UInt32(used.count)
      used.append(function.inlined[number])
    }
  }

  private static func usedInlined(_ function: CompiledFunction) -> UsedInlined {
    var result = UsedInlined()
    guard !function.inlined.isEmpty else { return result }
    result.numbers = Array(repeating: .max, count: function.inlined.count)
    for site in function.sites { result.note(site.position, of: function) }
    for access in function.accesses { result.note(access.position, of: function) }
    return result
  }

  private static func write<Entry>(
    _ entries: [Entry], to output: inout [UInt8], _ place: (Entry) -> (code: UInt32, position: UInt32),
    _ rest: (Entry, inout [UInt8]) -> Void
  ) {
    let index = output.count
    let groups = (entries.count + groupSize - 1) / groupSize
    output.append(contentsOf: repeatElement(0, count: groups * indexEntrySize))
    let stream = output.count
    var last: (code: UInt32, position: UInt32) = (0, 0)
    for (number, entry) in entries.enumerated() {
      let place = place(entry)
      if number % groupSize == 0 {
        var row = index + number / groupSize * indexEntrySize
        for value in [place.code, place.position, UInt32(output.count - stream)] {
          set(value, at: row, &output)
          row += 4
        }
        last = place
      }
      unsigned(place.code &- last.code, &output)
      signed(Int32(bitPattern: place.position &- last.position), &output)
      rest(entry, &output)
      last = place
    }
  }

  private static func word(_ value: UInt32, _ output: inout [UInt8]) {
    output.append(contentsOf: repeatElement(0, count: 4))
    set(value, at: output.count - 4, &output)
  }

  private static func set(_ value: UInt32, at offset: Int, _ output: inout [UInt8]) {
    for byte in 0..<4 { output[offset + byte] = UInt8(value >> (8 * UInt32(byte)) & 0xFF) }
  }

  private static func unsigned(_ value: UInt32, _ output: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      output.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    output.append(UInt8(rest))
  }

  /// Small numbers of either sign in few bytes: the sign comes last.
  private static func signed(_ value: Int32, _ output: inout [UInt8]) {
    unsigned(UInt32(bitPattern: value << 1 ^ value >> 31), &output)
  }

  // MARK: Reading

  private func word(_ offset: Int) -> UInt32 {
    guard offset >= 0, offset + 4 <= bytes.count else { return 0 }
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// Whether frames hold their context below the saved frame pointer.
  var keepsContext: Bool { word(0) & 1 != 0 }

  /// What a position stands for that has ``InlinedPosition/mark``; nil for others.
  func inlined(_ position: UInt32) -> InlinedPosition? {
    let count = Int(word(0) >> 1)
    let number = Int(position & ~InlinedPosition.mark)
    guard position & InlinedPosition.mark != 0, number < count else { return nil }
    let start = bytes.count - (count - number) * 12
    return InlinedPosition(function: word(start), position: word(start + 4), call: word(start + 8))
  }

  /// The site whose code offset is this one.
  func site(at offset: UInt32) -> CodeSite? {
    var found: CodeSite?
    search(part: Self.headerSize, count: Int(word(4)), offset) { code, position, reader in
      let tag = reader.byte()
      var site = CodeSite(codeOffset: code, position: position, trap: Trap.Kind(rawValue: tag >> 3))
      site.isTrap = tag & 1 != 0
      site.isPrologue = tag & 2 != 0
      if tag & 4 != 0 {
        site.memory = reader.unsigned()
        site.width = reader.byte()
        site.landing = reader.unsigned()
      }
      if code == offset { found = site }
    }
    return found
  }

  /// The last access that begins at a code offset or before it.
  func access(at offset: UInt32) -> AccessSite? {
    var found: AccessSite?
    search(part: Int(word(12)), count: Int(word(8)), offset) { code, position, reader in
      let displacement = reader.signed()
      let memory = UInt16(exactly: reader.unsigned())
      let low = reader.byte()
      let high = reader.byte()
      // What was written has 16 bits.
      found = memory.map {
        AccessSite(
          codeOffset: code, position: position, displacement: displacement, memory: $0,
          operands: UInt16(low) | UInt16(high) << 8)
      }
    }
    return found
  }

  /// Calls `visit` for the entries of the group that an offset belongs to, up to the last one that is not behind it.
  private func search(
    part: Int, count: Int, _ offset: UInt32, _ visit: (UInt32, UInt32, inout Reader) -> Void
  ) {
    let groups = (count + Self.groupSize - 1) / Self.groupSize
    var low = 0
    var high = groups
    while low < high {
      let middle = (low + high) / 2
      if word(part + middle * Self.indexEntrySize) <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return }
    let row = part + (low - 1) * Self.indexEntrySize
    var code = word(row)
    var position = word(row + 4)
    var reader = Reader(bytes: bytes, next: part + groups * Self.indexEntrySize + Int(word(row + 8)))
    for _ in 0..<min(Self.groupSize, count - (low - 1) * Self.groupSize) {
      code &+= reader.unsigned()
      position &+= UInt32(bitPattern: reader.signed())
      if code > offset { return }
      visit(code, position, &reader)
    }
  }

  /// Reads zeros behind the end.
  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var next: Int

    mutating func byte() -> UInt8 {
      guard next >= 0, next < bytes.count else { return 0 }
      defer { next += 1 }
      return bytes[next]
    }

    mutating func unsigned() -> UInt32 {
      var result: UInt32 = 0
      var shift: UInt32 = 0
      while true {
        let byte = byte()
        result |= UInt32(byte & 0x7F) << shift
        shift += 7
        if byte & 0x80 == 0 || shift >= 35 { return result }
      }
    }

    mutating func signed() -> Int32 {
      let value = unsigned()
      return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }
  }
}

/// Functions that are placed together: their code, aligned, and their metadata.
struct CodeBatch: Sendable {
  struct Entry: Sendable, Equatable {
    /// The index of the function in its module.
    var function: UInt32
    var codeOffset: UInt32
    var codeSize: UInt32
    var metadataOffset: UInt32
    var metadataSize: UInt32
  }

  /// In the order of their code.
  var entries: [Entry] = []
  var code: [UInt8] = []
  var metadata: [UInt8] = []

  /// Appends a function.
  mutating func add(_ function: CompiledFunction, index: UInt32) {
    let padding = -code.count & (CodeArena.alignment - 1)
    code.append(contentsOf: repeatElement(0, count: padding))
    let codeOffset = code.count
    let metadataOffset = metadata.count
    code.append(contentsOf: function.code)
    CodeMetadata.write(function, to: &metadata)
    entries.append(
      Entry(
        function: index, codeOffset: UInt32(codeOffset), codeSize: UInt32(function.code.count),
        metadataOffset: UInt32(metadataOffset), metadataSize: UInt32(metadata.count - metadataOffset)))
  }
}
