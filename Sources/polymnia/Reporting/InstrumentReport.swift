import WebAssembly

/// Everything that `report` tells, ready to be written as text, JSON or a page.
struct InstrumentReport {
  struct Place {
    /// The number in its list of the module's section.
    var number: Int
    /// nil without the module.
    var site: InstrumentSites.Site?
    var count: UInt64
    var byteCount: UInt64 = 0
  }

  struct Coverage {
    var function: UInt32
    var blocks = 0
    var reached = 0
  }

  struct Copy: Hashable {
    var destination: UInt32
    var source: UInt32
  }

  /// What is known of one memory of the program.
  struct Memory {
    var index: UInt32
    var loads: UInt64 = 0
    var loadedBytes: UInt64 = 0
    var stores: UInt64 = 0
    var storedBytes: UInt64 = 0
    fileprivate var touches = PageTouches()
    /// Those that were touched, ascending.
    fileprivate(set) var pages: [PageTouches.Page] = []
    /// Whether more were touched than are told.
    fileprivate(set) var pagesAreCut = false
    var logRecords: UInt64 = 0
    var loggedBytes: UInt64 = 0

    init(_ index: UInt32) { self.index = index }
  }

  let file: String
  let data: InstrumentData
  let names: Names
  let hasModule: Bool
  /// The size of the pages that accesses are told by, as a power of two.
  let pageSizeLog2: UInt8
  /// The functions that were entered, most often first.
  private(set) var functions: [(index: UInt32, count: UInt64)] = []
  private(set) var calls: [Place] = []
  private(set) var coverage: [Coverage] = []
  private(set) var accesses: [Place] = []
  private(set) var copies: [(copy: Copy, count: UInt64, byteCount: UInt64)] = []
  private(set) var memories: [Memory] = []
  private(set) var logRecords = 0
  private(set) var marks = 0
  private(set) var keptAccesses = 0
  private(set) var reachedBlocks = 0

  /// - Throws: an ``InstrumentDataError`` where the undo log is damaged.
  init(
    _ file: String, _ data: InstrumentData, sites: InstrumentSites?, names: Names
  ) throws(InstrumentDataError) {
    self.file = file
    self.data = data
    self.names = names
    hasModule = sites != nil
    pageSizeLog2 = data.flags.contains(.pages) ? data.pageSizeLog2 : 12
    countCalls(sites)
    cover(sites)
    memories = data.memories.map { Memory($0.index) }
    notePages()
    trace(sites)
    try log()
    for place in memories.indices {
      (memories[place].pages, memories[place].pagesAreCut) = memories[place].touches.pages
    }
  }

  /// Whether the trace has lost its beginning, so that what it does not show may have happened.
  var traceIsCut: Bool { data.flags.contains(.trace) && UInt64(clamping: keptAccesses) < data.accessCount }

  func name(_ function: UInt32) -> String? { names.name(of: .function, function) }
  func memoryName(_ index: UInt32) -> String? { names.name(of: .memory, index) }

  /// How many functions the coverage tells about, and how many of them were reached.
  var coveredFunctions: (reached: Int, count: Int) {
    (coverage.count { $0.reached > 0 }, coverage.count)
  }

  // MARK: Calls and blocks

  private mutating func countCalls(_ sites: InstrumentSites?) {
    guard data.flags.contains(.profile) else { return }
    // What the bytes do not reach was never counted.
    for number in 0..<min(Int(data.functionCount), data.bytes.count / 8) {
      let count = data.entries(ofFunction: number)
      if count > 0 { functions.append((data.importedFunctionCount &+ UInt32(clamping: number), count)) }
    }
    functions.sort { ($0.count, $1.index) > ($1.count, $0.index) }
    for number in 0..<min(Int(data.callCount), data.bytes.count / 8) {
      let count = data.executions(ofCall: number)
      guard count > 0 else { continue }
      let list = sites?.calls ?? []
      calls.append(Place(number: number, site: number < list.count ? list[number] : nil, count: count))
    }
    calls.sort { ($0.count, $1.number) > ($1.count, $0.number) }
  }

  private mutating func cover(_ sites: InstrumentSites?) {
    guard data.flags.contains(.coverage) else { return }
    for number in 0..<min(Int(data.blockCount), data.bytes.count) where data.isReached(block: number) {
      reachedBlocks += 1
    }
    for (number, site) in (sites?.blocks ?? []).enumerated() {
      if coverage.last?.function != site.function { coverage.append(Coverage(function: site.function)) }
      coverage[coverage.count - 1].blocks += 1
      if data.isReached(block: number) { coverage[coverage.count - 1].reached += 1 }
    }
  }

  // MARK: Memories

  /// The place of a memory in ``memories``, which is made where there is none.
  private mutating func place(of memory: UInt32) -> Int {
    if let place = memories.firstIndex(where: { $0.index == memory }) { return place }
    memories.append(Memory(memory))
    return memories.count - 1
  }

  private mutating func notePages() {
    for (place, memory) in data.memories.enumerated() {
      for page in memory.writtenPages {
        memories[place].touches.touch(UInt64(page)...UInt64(page), writes: true)
      }
    }
  }

  private mutating func note(_ memory: UInt32, _ address: UInt64, _ byteCount: UInt64, writes: Bool) {
    let place = place(of: memory)
    if writes {
      memories[place].stores += 1
      memories[place].storedBytes &+= byteCount
    } else {
      memories[place].loads += 1
      memories[place].loadedBytes &+= byteCount
    }
    touch(place, address, byteCount, writes: writes)
  }

  private mutating func touch(_ place: Int, _ address: UInt64, _ byteCount: UInt64, writes: Bool) {
    guard byteCount > 0 else { return }
    let first = address >> UInt64(pageSizeLog2)
    let (end, overflow) = address.addingReportingOverflow(byteCount - 1)
    let last = overflow ? first : end >> UInt64(pageSizeLog2)
    memories[place].touches.touch(first...max(first, last), writes: writes)
  }

  private mutating func trace(_ sites: InstrumentSites?) {
    guard data.flags.contains(.trace) else { return }
    let list = sites?.accesses ?? []
    var places: [UInt32: Place] = [:]
    var copied: [Copy: (count: UInt64, byteCount: UInt64)] = [:]
    var records: [InstrumentData.Access] = []
    data.forEachAccess { records.append($0) }
    keptAccesses = records.count
    for record in records {
      let site = Int(record.site) < list.count ? list[Int(record.site)] : nil
      var place = places[record.site] ?? Place(number: Int(record.site), site: site, count: 0)
      place.count += 1
      place.byteCount &+= UInt64(record.byteCount)
      places[record.site] = place
      guard let site else { continue }
      let byteCount = UInt64(record.byteCount)
      switch site.opcode {
      case .memoryGrow: break
      case .memoryCopy:
        note(site.index, record.address, byteCount, writes: true)
        note(site.index2, record.source, byteCount, writes: false)
        let copy = Copy(destination: site.index, source: site.index2)
        let old = copied[copy] ?? (0, 0)
        copied[copy] = (old.count + 1, old.byteCount &+ byteCount)
      case .memoryFill, .memoryInit, .memoryDiscard:
        note(site.index, record.address, byteCount, writes: true)
      default:
        let type = site.opcode.row.type
        let isLoad = type?.results.isEmpty == false
        if isLoad { note(site.index, record.address, byteCount, writes: false) }
        if !isLoad || site.opcode.row.feature == .threads && type?.operands.isEmpty == false {
          note(site.index, record.address, byteCount, writes: true)
        }
      }
    }
    accesses = places.values.sorted { ($0.count, $1.number) > ($1.count, $0.number) }
    copies = copied.map { ($0.key, $0.value.count, $0.value.byteCount) }
      .sorted {
        ($0.byteCount, $1.copy.destination, $1.copy.source) > ($1.byteCount, $0.copy.destination, $0.copy.source)
      }
  }

  private mutating func log() throws(InstrumentDataError) {
    guard data.flags.contains(.log) else { return }
    var records: [InstrumentData.LogRecord] = []
    try data.forEachLogRecord { records.append($0) }
    let traced = data.flags.contains(.trace)
    for record in records {
      logRecords += 1
      switch record {
      case .mark: marks += 1
      case .growth(let memory, _, _): memories[place(of: memory)].logRecords += 1
      case .store(let memory, let address, let oldBytes):
        let place = place(of: memory)
        memories[place].logRecords += 1
        memories[place].loggedBytes += UInt64(clamping: oldBytes.count)
        if !traced { touch(place, address, UInt64(clamping: oldBytes.count), writes: true) }
      }
    }
  }
}
