/// Where each memory of a module lies within the one that takes the place of all.
struct MemoryLayout {
  static let pageSizeLog2: UInt64 = 16
  static let pageSize: UInt64 = 1 << pageSizeLog2
  /// What is reserved without being asked for, in bytes: 1 GiB for all memories together.
  static let automaticReservation: UInt64 = 1 << 30
  /// No memory is made larger than this (2^48 bytes), so that no sum of sizes and bases can wrap.
  static let largest: UInt64 = 1 << 48

  struct Place {
    var memory: Int
    var type: MemoryType
    /// Where it begins at instantiation, in bytes; a multiple of the page size.
    var base: UInt64 = 0
    /// Whether no memory below it can push it up.
    var hasConstantBase = true
    /// The room that it has at instantiation, in bytes; a multiple of the page size.
    var capacity: UInt64
    /// Whether the room never changes.
    var isFixed: Bool
    var isGrowable: Bool
    /// Whether it ends where the combined memory ends, so that the combined memory's own checks and growth are its own.
    var isNative = false
    var minimumByteCount: UInt64
    /// The largest size that it may grow to, in its own pages.
    var maximumPageCount: UInt64
    /// The global that holds its size in bytes as an i64, where the size can change and is not the combined memory's.
    var sizeGlobal: UInt32?
    /// The global that holds its base in the combined memory's address type, where the base can change.
    var baseGlobal: UInt32?

    /// The room as it is after `byteCount` bytes have been rounded up to whole pages.
    static func roundedUp(_ byteCount: UInt64) -> UInt64 {
      (byteCount + MemoryLayout.pageSize - 1) & ~(MemoryLayout.pageSize - 1)
    }
  }

  /// In ascending order of bases.
  var places: [Place] = []
  /// The place of each memory.
  var placeOfMemory: [Int] = []
  var combined = MemoryType(limits: Limits(minimum: 0))
  /// Whether growth of one memory can move another.
  var relocates: Bool { places.contains { !$0.hasConstantBase } }

  /// - Throws: a ``ModuleError`` of the kind `unsupported` where the memories cannot be laid out.
  init(
    _ types: [MemoryType], use: MemoryUse, exported: [Bool], reservations: [Int: UInt64]
  ) throws(ModuleError) {
    var candidates: [Place] = []
    for (memory, type) in types.enumerated() {
      candidates.append(
        try Self.place(
          memory, type, isGrowable: use.grows[memory] || exported[memory], reservation: reservations[memory]))
    }
    let isShared = types.contains(where: \.isShared)
    if isShared, types.contains(where: { !$0.isShared }) {
      throw Self.refusal("shared memories together with memories that are not shared cannot be lowered")
    }
    for memory in types.indices where isShared && exported[memory] {
      throw Self.refusal("the exported shared memory \(memory) cannot be lowered: others may grow it meanwhile")
    }
    let first = exported.firstIndex(of: true)
    order(candidates, first: first, use: use, reserves: true)
    var is64Bit = types.contains { $0.addressType == .i64 }
    if !is64Bit && capacity > 1 << 32 {
      // Without reservations that nobody asked for it may still fit.
      order(candidates, first: first, use: use, reserves: false)
      if capacity > 1 << 32 { is64Bit = true }
    }
    guard capacity <= Self.largest else { throw Self.refusal("the memories do not fit into one of 2^48 bytes") }
    if isShared && relocates {
      throw Self.refusal(
        "shared memories cannot move when another grows: give all but one a reservation (--reserve)")
    }
    placeOfMemory = [Int](repeating: 0, count: types.count)
    for (place, item) in places.enumerated() { placeOfMemory[item.memory] = place }
    if let last = places.indices.last, first == nil {
      let item = places[last]
      places[last].isNative = !item.isFixed && item.hasConstantBase && item.type.pageSizeLog2 == 16
    }
    combined.addressType = is64Bit ? .i64 : .i32
    combined.isShared = isShared
    combined.limits = Limits(minimum: capacity >> Self.pageSizeLog2, maximum: maximum(is64Bit: is64Bit))
  }

  /// The one memory of a module stays what it is.
  init(only type: MemoryType) {
    places = [
      Place(
        memory: 0, type: type, capacity: 0, isFixed: false, isGrowable: true, isNative: true, minimumByteCount: 0,
        maximumPageCount: type.limits.maximum ?? .max)
    ]
    placeOfMemory = [0]
    combined = type
  }

  private static func refusal(_ message: String) -> ModuleError { ModuleError(.unsupported, message, at: 0) }

  private static func place(
    _ memory: Int, _ type: MemoryType, isGrowable: Bool, reservation: UInt64?
  ) throws(ModuleError) -> Place {
    let shift = UInt64(type.pageSizeLog2)
    let cap = largest >> shift
    guard type.limits.minimum <= cap else { throw refusal("memory \(memory) is larger than 2^48 bytes") }
    // An i32 memory has at most 2^32 bytes, and its size in pages must be an i32.
    let addressable: UInt64 = type.addressType == .i64 ? cap : min(1 << (32 - shift), UInt64(UInt32.max))
    var maximum = min(type.limits.maximum ?? addressable, addressable)
    if !isGrowable { maximum = type.limits.minimum }
    var isFixed = !isGrowable
    var capacity = Place.roundedUp(type.limits.minimum << shift)
    if let reservation, isGrowable {
      guard reservation >= type.limits.minimum else {
        throw refusal("the reservation of memory \(memory) is below its minimum of \(type.limits.minimum) pages")
      }
      maximum = min(maximum, reservation)
      isFixed = true
      capacity = Place.roundedUp(maximum << shift)
    }
    return Place(
      memory: memory, type: type, capacity: capacity, isFixed: isFixed, isGrowable: isGrowable,
      minimumByteCount: type.limits.minimum << shift, maximumPageCount: maximum)
  }

  private var capacity: UInt64 {
    // The sum of at most some thousand sizes of 2^48 bytes; saturating all the same.
    places.reduce(0) { sum, place in
      let (result, overflow) = sum.addingReportingOverflow(place.capacity)
      return overflow ? .max : result
    }
  }

  /// Puts the places in order: an exported memory first, so that its addresses are the host's; then those whose room is
  /// fixed; then those that grow, the most used one last, where it may need no checks.
  private mutating func order(_ candidates: [Place], first: Int?, use: MemoryUse, reserves: Bool) {
    var rest = candidates
    let head = first.map { rest.remove(at: $0) }
    // The memory that may grow at the end of all: preferably one that has no maximum, then the most used one.
    let last = rest.indices.filter { !rest[$0].isFixed }.max { left, right in
      let (a, b) = (rest[left], rest[right])
      let aIsOpen = a.type.limits.maximum == nil
      let bIsOpen = b.type.limits.maximum == nil
      return aIsOpen == bIsOpen ? use.accesses[a.memory] < use.accesses[b.memory] : bIsOpen
    }
    let tail = last.map { rest.remove(at: $0) }
    var ordered = (head.map { [$0] } ?? []) + rest
    if reserves {
      var left = Self.automaticReservation
      let byMaximum = ordered.indices.sorted { ordered[$0].maximumPageCount < ordered[$1].maximumPageCount }
      for index in byMaximum where !ordered[index].isFixed && ordered[index].type.limits.maximum != nil {
        let shift = UInt64(ordered[index].type.pageSizeLog2)
        let room = Place.roundedUp(ordered[index].maximumPageCount << shift)
        guard room <= left else { continue }
        left -= room
        ordered[index].isFixed = true
        ordered[index].capacity = room
      }
    }
    let head0 = head == nil ? [] : [ordered.removeFirst()]
    places = head0 + ordered.filter(\.isFixed) + ordered.filter { !$0.isFixed } + (tail.map { [$0] } ?? [])
    var base: UInt64 = 0
    var isConstant = true
    for index in places.indices {
      places[index].base = base
      places[index].hasConstantBase = isConstant
      base = base.addingReportingOverflow(places[index].capacity).partialValue
      if !places[index].isFixed { isConstant = false }
    }
  }

  /// The combined memory's maximum in pages, nil where a memory has none.
  private func maximum(is64Bit: Bool) -> UInt64? {
    var sum: UInt64 = 0
    for place in places {
      if place.isFixed {
        sum += place.capacity >> Self.pageSizeLog2
      } else if place.type.limits.maximum != nil || place.isNative && is64Bit {
        sum += Place.roundedUp(place.maximumPageCount << UInt64(place.type.pageSizeLog2)) >> Self.pageSizeLog2
      } else {
        return combined.isShared ? 1 << 16 : nil
      }
    }
    return min(sum, is64Bit ? 1 << 48 : 1 << 16)
  }
}
