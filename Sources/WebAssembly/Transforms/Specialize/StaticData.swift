/// Where the static data of a module's memories lie.
struct StaticData {
  /// What a compiler takes from or adds to the address of an object before the index comes to it, in bytes: the first
  /// letter of an alphabet, the first month of a year.
  private static let slack: UInt64 = 256
  /// Where the tool chain of C and its kin puts the first object (wasm-ld, `--global-base`).
  static let compilerBase: UInt64 = 1024

  /// By memory: the ranges of active segments at constant addresses, in ascending order and apart from each other.
  private var segments: [[Range<UInt64>]]
  /// By memory: the same with the slack and with what a compiler's program keeps there without a segment.
  private var areas: [[Range<UInt64>]]
  /// By memory: whether a word in a segment may be the address of something in one.
  private var holders: [Bool]
  /// The globals that hold addresses of static data: those that the offsets of segments are computed from, and those that
  /// a dynamic linker fills in.
  private(set) var addressGlobals: Set<UInt32> = []

  /// - Parameter isCompiled: whether the module has a compiler's stack pointer: its memory 0 then holds data, data that
  ///   begin as zero and have no segment, and the stack.
  init(_ module: Module, _ spaces: IndexSpaces, isCompiled: Bool) throws(ModuleError) {
    segments = Array(repeating: [], count: spaces.memories.count)
    areas = segments
    holders = Array(repeating: false, count: segments.count)
    let values = try ConstantValues(module, spaces)
    for segment in module.data {
      guard case .active(let memory, let expression) = segment.mode, !segment.range.isEmpty else { continue }
      if let offset = try values.value(of: expression) {
        let end = offset.addingReportingOverflow(UInt64(segment.range.count))
        guard !end.overflow else { continue }
        segments[Int(memory)].append(offset..<end.partialValue)
        areas[Int(memory)].append((offset > Self.slack ? offset - Self.slack : 1)..<max(end.partialValue, 2))
      } else {
        var reader = InstructionReader(module.bytes, range: expression.range)
        while !reader.isAtEnd {
          let instruction = try reader.next()
          if instruction.opcode == .globalGet { addressGlobals.insert(instruction.index) }
        }
      }
    }
    if isCompiled, let memory = spaces.memories.first {
      let (end, overflow) = memory.limits.minimum.multipliedReportingOverflow(by: memory.pageSize)
      let start = Self.compilerBase - Self.slack
      if !overflow, end > start { areas[0].append(start..<end) }
    }
    segments = segments.map(Self.joined)
    areas = areas.map(Self.joined)
    for segment in module.data {
      guard case .active(let memory, let expression) = segment.mode else { continue }
      let offset = try values.value(of: expression) ?? 0
      if holdsAddresses(module.bytes[segment.range], at: offset, in: memory) { holders[Int(memory)] = true }
    }
    var global: UInt32 = 0
    for item in module.imports where item.type.kind == .global {
      if item.module == "GOT.mem" { addressGlobals.insert(global) }
      global += 1
    }
  }

  /// Ranges in ascending order; those that overlap or touch become one.
  private static func joined(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  private func holdsAddresses(_ bytes: ArraySlice<UInt8>, at offset: UInt64, in memory: UInt32) -> Bool {
    var place = bytes.startIndex + Int((4 - offset & 3) & 3)
    while place + 4 <= bytes.endIndex {
      let word = bytes[place..<place + 4].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if contains(word, of: memory) { return true }
      place += 4
    }
    return false
  }

  /// Whether a word in a memory's segments may be the address of something in them. A linker that places the segments
  /// when it loads them writes such words then.
  func holdsAddresses(_ memory: UInt32) -> Bool { holders[Int(memory)] || !addressGlobals.isEmpty }

  /// Whether a memory has static data at all.
  func hasData(_ memory: UInt32) -> Bool { !areas[Int(memory)].isEmpty || !addressGlobals.isEmpty }

  /// Whether an address is in a segment. Address 0 is not: it is what an access without an offset has.
  func contains(_ address: UInt64, of memory: UInt32) -> Bool {
    address != 0 && Self.contains(address, segments[Int(memory)])
  }

  /// Whether an address can be that of static data, or one that an index is added to.
  func isNear(_ address: UInt64, of memory: UInt32) -> Bool {
    address != 0 && Self.contains(address, areas[Int(memory)])
  }

  private static func contains(_ address: UInt64, _ ranges: [Range<UInt64>]) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 && ranges[low - 1].contains(address)
  }
}
