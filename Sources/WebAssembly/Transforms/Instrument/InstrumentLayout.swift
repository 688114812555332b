/// How the secondary memory of an instrumented module is laid out, version 1. All numbers are little-endian.
///
/// | offset | size | what |
/// | --- | --- | --- |
/// | 0 | 8 | the letters `polymnia` |
/// | 8 | 4 | the version, 1 |
/// | 12 | 4 | flags, see ``Flags`` |
/// | 16 | 4 | where the next record of the undo log goes; 0 while nothing is logged |
/// | 20 | 4 | where the room for the undo log ends |
/// | 24 | 4 | where the undo log begins |
/// | 28 | 4 | the size of the pages of the dirty maps as a power of two |
/// | 32 | 8 | the number of trace records that were ever written |
/// | 40 | 4 | where the ring of trace records begins |
/// | 44 | 4 | how many it holds, a power of two |
/// | 48, 52 | 4, 4 | where the counters of the defined functions begin (8 bytes each), and their number |
/// | 56, 60 | 4, 4 | where the counters of the calls begin (8 bytes each), and their number |
/// | 64, 68 | 4, 4 | where the notes of the blocks begin (1 byte each), and their number |
/// | 72, 76 | 4, 4 | where the list of observed memories begins, and its length |
/// | 80 | 4 | the number of imported functions |
///
/// The list of memories has 24 bytes for each: its index (4), where its dirty map begins (4), how many pages that has (4),
/// 1 if its addresses have 64 bits (4), and how many of its own pages are hidden (8): those that were there only after a
/// mark to which it was rolled back. Pages beyond the dirty map are noted in its last byte.
///
/// A record of the undo log is the old bytes, padded to a multiple of 8, then 16 bytes: the address (8), the number of
/// bytes (4), and what it is (4): a memory's index; the index with the highest bit set for a growth, whose address is the
/// size before and whose bytes are the size after; or all bits set for a mark, whose bytes are the globals. So it is read
/// from its end to its beginning.
///
/// A record of the trace is 24 bytes: the address (8), the source of a copy or initialisation, or the value of a fill (8),
/// the number of bytes (4, at most 2^32 - 1), and the number of the access (4) in ``InstrumentSites``.
public enum InstrumentLayout {
  /// The letters `polymnia`.
  public static let magic: UInt64 = 0x6169_6E6D_796C_6F70
  public static let version: UInt32 = 1
  public static let headerSize: UInt32 = 128
  public static let memoryEntrySize: UInt32 = 24
  public static let traceRecordSize: UInt32 = 24
  /// The bytes of a record of the undo log that follow the old ones.
  public static let trailerSize: UInt32 = 16
  public static let growthBit: UInt32 = 1 << 31
  public static let markTag: UInt32 = .max

  /// Where the numbers of the header are.
  enum Offset {
    static let flags: UInt32 = 12
    static let logPosition: UInt32 = 16
    static let logLimit: UInt32 = 20
    static let logStart: UInt32 = 24
    static let pageSizeLog2: UInt32 = 28
    static let traceCount: UInt32 = 32
    static let traceStart: UInt32 = 40
    static let traceCapacity: UInt32 = 44
    static let functions: UInt32 = 48
    static let calls: UInt32 = 56
    static let blocks: UInt32 = 64
    static let memories: UInt32 = 72
    static let importedFunctions: UInt32 = 80
  }

  /// The bits of the number at offset 12.
  public struct Flags: OptionSet, Sendable, Hashable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Something was not logged, since the secondary memory could not grow.
    public static let incomplete = Flags(rawValue: 1)
    /// What the module was instrumented for.
    public static let log = Flags(rawValue: 2)
    public static let pages = Flags(rawValue: 4)
    public static let trace = Flags(rawValue: 8)
    public static let profile = Flags(rawValue: 16)
    public static let coverage = Flags(rawValue: 32)
  }
}

/// Where everything is in the secondary memory of one module.
struct InstrumentPlan {
  struct DirtyMap {
    var start: UInt32
    var pageCount: UInt32
  }

  let options: InstrumentOptions
  let memories: [MemoryType]
  /// By memory: whether it is observed.
  let isObserved: [Bool]
  /// By memory; empty unless pages are kept.
  private(set) var dirtyMaps: [DirtyMap] = []
  /// The globals that a mark keeps.
  var globals: [(index: UInt32, type: ValueType)] = []
  private(set) var functionsStart: UInt32 = 0
  private(set) var functionCount: UInt32 = 0
  private(set) var traceStart: UInt32 = 0
  private(set) var traceCapacity: UInt32 = 0
  private(set) var callsStart: UInt32 = 0
  private(set) var blocksStart: UInt32 = 0
  private(set) var memoriesStart: UInt32 = 0
  let importedFunctionCount: UInt32

  /// The index of the secondary memory.
  var memory: UInt32 { UInt32(memories.count) }
  var tracksStores: Bool { options.stores != nil }

  /// - Parameter callCount: the number of calls that will be counted, if blocks are to be placed behind their counters.
  init(_ spaces: IndexSpaces, _ options: InstrumentOptions, callCount: Int) throws(TransformError) {
    self.options = options
    memories = spaces.memories
    importedFunctionCount = UInt32(spaces.importedFunctionCount)
    for memory in options.memories ?? [] where Int(memory) >= spaces.memories.count {
      throw TransformError("there is no memory \(memory) to observe")
    }
    guard options.maximumPages <= 65535 else {
      throw TransformError("the secondary memory cannot have more than 65535 pages")
    }
    guard options.pageSizeLog2 >= 3, options.pageSizeLog2 <= 30 else {
      throw TransformError("the size of a page must be a power of two from 8 to 2^30")
    }
    isObserved = spaces.memories.indices.map { options.memories?.contains(UInt32($0)) ?? true }
    var next = UInt64(InstrumentLayout.headerSize)
    func place(_ count: UInt64, of size: UInt64) -> UInt32 {
      defer { next = (next + count * size + 7) & ~7 }
      return UInt32(truncatingIfNeeded: next)
    }
    let observedCount = isObserved.count { $0 }
    memoriesStart = place(UInt64(observedCount), of: UInt64(InstrumentLayout.memoryEntrySize))
    if options.countsCalls {
      functionCount = UInt32(spaces.functions.count - spaces.importedFunctionCount)
      functionsStart = place(UInt64(functionCount), of: 8)
    }
    if options.stores == .pages {
      for (index, type) in spaces.memories.enumerated() {
        let count = isObserved[index] ? Self.pageCount(type, options.pageSizeLog2) : 0
        dirtyMaps.append(DirtyMap(start: place(count, of: 1), pageCount: UInt32(count)))
      }
    }
    if options.tracesMemory {
      traceCapacity = 1
      while traceCapacity < options.traceCapacity && traceCapacity < 1 << 27 { traceCapacity <<= 1 }
      traceStart = place(UInt64(traceCapacity), of: UInt64(InstrumentLayout.traceRecordSize))
    }
    callsStart = UInt32(truncatingIfNeeded: next)
    if options.covers { _ = place(UInt64(callCount), of: 8) }
    blocksStart = UInt32(truncatingIfNeeded: next)
    guard next >> 16 < options.maximumPages else { throw Self.tooLarge(next, options.maximumPages) }
  }

  private static func tooLarge(_ bytes: UInt64, _ pages: UInt64) -> TransformError {
    TransformError("the secondary memory needs \(bytes) bytes, which its maximum of \(pages) pages does not hold")
  }

  /// Where the number of a memory's hidden pages is.
  func hiddenPages(of memory: UInt32) -> UInt32 {
    let place = isObserved[..<Int(memory)].count { $0 }
    return memoriesStart + UInt32(place) * InstrumentLayout.memoryEntrySize + 16
  }

  /// As many pages as the memory can ever have, but no more than 2^24: further ones share the last.
  private static func pageCount(_ type: MemoryType, _ pageSizeLog2: UInt8) -> UInt64 {
    var bytes: UInt64 = type.addressType == .i32 ? 1 << 32 : .max
    if let maximum = type.limits.maximum, maximum <= bytes >> UInt64(type.pageSizeLog2) {
      bytes = maximum << UInt64(type.pageSizeLog2)
    }
    let count = bytes >> UInt64(pageSizeLog2) + (bytes & (1 << UInt64(pageSizeLog2) - 1) == 0 ? 0 : 1)
    return min(max(count, 1), 1 << 24)
  }

  /// Where the undo log begins, once it is known how many calls and blocks there are.
  func logStart(callCount: Int, blockCount: Int) throws(TransformError) -> UInt32 {
    let end = UInt64(options.covers ? blocksStart : callsStart)
    let size = options.covers ? UInt64(blockCount) : options.countsCalls ? UInt64(callCount) * 8 : 0
    let start = (end + size + 7) & ~7
    guard start <= options.maximumPages << 16 else { throw Self.tooLarge(start, options.maximumPages) }
    return UInt32(start)
  }

  /// The bytes of the secondary memory that are not zero at instantiation.
  func header(logStart: UInt32, callCount: Int, blockCount: Int) -> [UInt8] {
    typealias Layout = InstrumentLayout
    var flags: Layout.Flags = []
    switch options.stores {
    case .log: flags.insert(.log)
    case .pages: flags.insert(.pages)
    case nil: break
    }
    if options.tracesMemory { flags.insert(.trace) }
    if options.countsCalls { flags.insert(.profile) }
    if options.covers { flags.insert(.coverage) }
    let begins = options.stores == .log && options.logsFromStart
    var output = ByteWriter()
    output.word(Layout.magic, bytes: 8)
    func word(_ value: UInt32) { output.word(UInt64(value), bytes: 4) }
    word(Layout.version)
    word(flags.rawValue)
    word(begins ? logStart : 0)
    word(begins ? logStart : 0)
    word(options.stores == .log ? logStart : 0)
    word(options.stores == .pages ? UInt32(options.pageSizeLog2) : 0)
    output.word(0, bytes: 8)
    word(traceStart)
    word(traceCapacity)
    word(functionsStart)
    word(functionCount)
    word(options.countsCalls ? callsStart : 0)
    word(options.countsCalls ? UInt32(callCount) : 0)
    word(options.covers ? blocksStart : 0)
    word(options.covers ? UInt32(blockCount) : 0)
    word(memoriesStart)
    word(UInt32(isObserved.count { $0 }))
    word(importedFunctionCount)
    while output.bytes.count < Int(Layout.headerSize) { output.byte(0) }
    for index in isObserved.indices where isObserved[index] {
      word(UInt32(index))
      word(dirtyMaps.isEmpty ? 0 : dirtyMaps[index].start)
      word(dirtyMaps.isEmpty ? 0 : dirtyMaps[index].pageCount)
      word(memories[index].addressType == .i64 ? 1 : 0)
      output.word(0, bytes: 8)
    }
    return output.bytes
  }
}
