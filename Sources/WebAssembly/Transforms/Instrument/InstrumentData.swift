/// Why the bytes of a secondary memory cannot be read.
public struct InstrumentDataError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// Where, in bytes from the beginning of the memory.
  public var offset: Int

  public var description: String { "\(message) (at offset \(hexadecimal(offset)))" }
}

/// The contents of the secondary memory of an instrumented module, by ``InstrumentLayout``.
///
/// Zeros at the end of the bytes may be missing. No number of the header makes more be allocated than there are bytes.
public struct InstrumentData: Sendable {
  /// An observed memory.
  public struct Memory: Sendable, Hashable {
    public var index: UInt32
    public var is64Bit: Bool
    /// The numbers of the pages that were written, ascending.
    public var writtenPages: [UInt32]
  }

  /// A record of the trace.
  public struct Access: Sendable, Hashable {
    public var address: UInt64
    /// Where a copy or an initialisation reads, or what a fill writes.
    public var source: UInt64
    public var byteCount: UInt32
    /// The number of the place in ``InstrumentSites/accesses``.
    public var site: UInt32
  }

  /// A record of the undo log.
  public enum LogRecord: Sendable, Hashable {
    /// The old bytes are a range of ``InstrumentData/bytes``.
    case store(memory: UInt32, address: UInt64, oldBytes: Range<Int>)
    /// From a size in bytes to another.
    case growth(memory: UInt32, from: UInt64, to: UInt64)
    /// What ``InstrumentOptions/markName`` has written; the number is the mark.
    case mark(UInt32)
  }

  public let bytes: [UInt8]
  public let flags: InstrumentLayout.Flags
  public let importedFunctionCount: UInt32
  /// The number of functions that are counted.
  public let functionCount: UInt32
  /// The number of calls that are counted.
  public let callCount: UInt32
  /// The number of blocks that are noted.
  public let blockCount: UInt32
  public let pageSizeLog2: UInt8
  /// The number of accesses that were recorded, of which the last ``traceCapacity`` are kept.
  public let accessCount: UInt64
  public let traceCapacity: UInt32
  public let memories: [Memory]
  private let functionsStart: Int
  private let callsStart: Int
  private let blocksStart: Int
  private let traceStart: Int
  private let logStart: Int
  private let logPosition: Int

  /// - Throws: an ``InstrumentDataError`` where the bytes are not those of a secondary memory.
  public init(_ bytes: [UInt8]) throws(InstrumentDataError) {
    typealias Offset = InstrumentLayout.Offset
    func word(_ offset: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: Self.number(bytes, at: Int(offset), size: 4)) }
    guard Self.number(bytes, at: 0, size: 8) == InstrumentLayout.magic else {
      throw InstrumentDataError(message: "not the secondary memory of an instrumented module", offset: 0)
    }
    let version = word(8)
    guard version == InstrumentLayout.version else {
      throw InstrumentDataError(message: "unknown version \(version)", offset: 8)
    }
    self.bytes = bytes
    flags = InstrumentLayout.Flags(rawValue: word(Offset.flags))
    importedFunctionCount = word(Offset.importedFunctions)
    functionsStart = Int(word(Offset.functions))
    functionCount = word(Offset.functions + 4)
    callsStart = Int(word(Offset.calls))
    callCount = word(Offset.calls + 4)
    blocksStart = Int(word(Offset.blocks))
    blockCount = word(Offset.blocks + 4)
    traceStart = Int(word(Offset.traceStart))
    traceCapacity = word(Offset.traceCapacity)
    accessCount = Self.number(bytes, at: Int(Offset.traceCount), size: 8)
    guard traceCapacity & (traceCapacity &- 1) == 0, flags.contains(.trace) == (traceCapacity > 0) else {
      throw InstrumentDataError(message: "the ring of the trace has a wrong size", offset: Int(Offset.traceCapacity))
    }
    logStart = Int(word(Offset.logStart))
    logPosition = Int(word(Offset.logPosition))
    let shift = word(Offset.pageSizeLog2)
    guard shift < 64 else {
      throw InstrumentDataError(message: "the size of a page is wrong", offset: Int(Offset.pageSizeLog2))
    }
    pageSizeLog2 = UInt8(shift)
    let list = Int(word(Offset.memories))
    let count = Int(word(Offset.memories + 4))
    guard count <= bytes.count / Int(InstrumentLayout.memoryEntrySize) else {
      throw InstrumentDataError(message: "too many memories", offset: Int(Offset.memories) + 4)
    }
    var memories: [Memory] = []
    var mapped = 0
    let size = Int(InstrumentLayout.memoryEntrySize)
    for entry in stride(from: list, to: list + count * size, by: size) {
      let start = Int(Self.number(bytes, at: entry + 4, size: 4))
      let end = min(start + Int(Self.number(bytes, at: entry + 8, size: 4)), bytes.count)
      mapped += max(end - start, 0)
      // Maps do not overlap, so that they cannot be more than all bytes.
      guard mapped <= bytes.count else {
        throw InstrumentDataError(message: "the dirty map is too large", offset: entry + 8)
      }
      var pages: [UInt32] = []
      if flags.contains(.pages), start < end {
        for place in start..<end where bytes[place] != 0 { pages.append(UInt32(place - start)) }
      }
      memories.append(
        Memory(
          index: UInt32(Self.number(bytes, at: entry, size: 4)),
          is64Bit: Self.number(bytes, at: entry + 12, size: 4) == 1, writtenPages: pages))
    }
    self.memories = memories
  }

  /// A little-endian number; what is behind the end of the bytes is zero.
  private static func number(_ bytes: [UInt8], at offset: Int, size: Int) -> UInt64 {
    var result: UInt64 = 0
    guard offset < bytes.count else { return 0 }
    for index in 0..<size where offset + index < bytes.count {
      result |= UInt64(bytes[offset + index]) << UInt64(8 * index)
    }
    return result
  }

  /// How often a function was entered.
  ///
  /// - Parameter number: that of the function among those that the module defines.
  public func entries(ofFunction number: Int) -> UInt64 { count(number, from: functionsStart, size: 8) }

  /// How often a call was made.
  public func executions(ofCall number: Int) -> UInt64 { count(number, from: callsStart, size: 8) }

  /// Whether a block was reached.
  public func isReached(block number: Int) -> Bool { count(number, from: blocksStart, size: 1) != 0 }

  /// One of the numbers from a place on; 0 where there are not so many.
  private func count(_ number: Int, from start: Int, size: Int) -> UInt64 {
    0..<bytes.count ~= number ? Self.number(bytes, at: start + size * number, size: size) : 0
  }

  /// Calls a function with every access that is kept, the oldest first.
  public func forEachAccess(_ body: (Access) -> Void) {
    guard traceCapacity > 0 else { return }
    // Only a file that was cut short lacks some of the records.
    let size = Int(InstrumentLayout.traceRecordSize)
    let present = max(0, (bytes.count - traceStart + size - 1) / size)
    let capacity = Int(traceCapacity)
    let isWrapped = accessCount > UInt64(traceCapacity)
    let first = isWrapped ? Int(accessCount & UInt64(traceCapacity - 1)) : 0
    let end = isWrapped ? capacity : Int(accessCount)
    for range in [first..<end, 0..<first] {
      for number in range.clamped(to: 0..<present) {
        let place = traceStart + number * size
        body(
          Access(
            address: Self.number(bytes, at: place, size: 8), source: Self.number(bytes, at: place + 8, size: 8),
            byteCount: UInt32(Self.number(bytes, at: place + 16, size: 4)),
            site: UInt32(Self.number(bytes, at: place + 20, size: 4))))
      }
    }
  }

  /// Calls a function with every record of the undo log, the newest first.
  ///
  /// - Throws: an ``InstrumentDataError`` where the log is damaged.
  public func forEachLogRecord(_ body: (LogRecord) -> Void) throws(InstrumentDataError) {
    let trailer = Int(InstrumentLayout.trailerSize)
    var end = logPosition
    guard flags.contains(.log), end != 0 else { return }
    while end > logStart {
      let place = end - trailer
      guard place >= logStart, end <= bytes.count + 8 else {
        throw InstrumentDataError(message: "the undo log is damaged", offset: max(place, 0))
      }
      let count = Int(Self.number(bytes, at: place + 8, size: 4))
      let start = place - (count + 7) & ~7
      guard start >= logStart else { throw InstrumentDataError(message: "the undo log is damaged", offset: place) }
      let address = Self.number(bytes, at: place, size: 8)
      let tag = UInt32(Self.number(bytes, at: place + 12, size: 4))
      if tag == InstrumentLayout.markTag {
        body(.mark(UInt32(end)))
      } else if tag & InstrumentLayout.growthBit != 0 {
        let size = Self.number(bytes, at: start, size: 8)
        body(.growth(memory: tag & ~InstrumentLayout.growthBit, from: address, to: size))
      } else {
        body(.store(memory: tag, address: address, oldBytes: start..<start + count))
      }
      end = start
    }
    guard end == logStart else { throw InstrumentDataError(message: "the undo log is damaged", offset: end) }
  }
}
