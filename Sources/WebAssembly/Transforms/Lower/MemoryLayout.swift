/// Where each memory of a module lies within the one that takes the place of all.
struct MemoryLayout {
  static let pageSizeLog2: UInt64 = 16
  static let pageSize: UInt64 = 1 << pageSizeLog2
  /// What is reserved without being asked for, in bytes: 1 GiB for all memories together. Shared memories do not count.
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
    var capacity: UInt64 = 0
    /// Whether the room never changes.
    var isFixed = false
    var isGrowable = true
    /// Whether the host finds it by exports.
    var isExported = false
    /// Whether it ends where the combined memory ends, so that the combined memory's own checks and growth are its own.
    var isNative = false
    var minimumByteCount: UInt64 = 0
    /// The largest size that it may grow to, in its own pages.
    var maximumPageCount: UInt64 = 0
    /// The global that holds its size in bytes as an i64, where the size can change and is not the combined memory's.
    var sizeGlobal: UInt32?
    /// The global that holds its base in the combined memory's address type, where the base can change.
    var baseGlobal: UInt32?
    /// Of a memory that stays outside: the functions that reach it, by the number of the accessor.
    var accessors: [UInt32?] = []

    /// Whether it stays outside of the combined memory.
    var isRemote: Bool { !accessors.isEmpty }

    /// The room as it is after `byteCount` bytes have been rounded up to whole pages.
    static func roundedUp(_ byteCount: UInt64) -> UInt64 {
      (byteCount + MemoryLayout.pageSize - 1) & ~(MemoryLayout.pageSize - 1)
    }

    /// The room that it needs to grow as far as it may.
    var fullCapacity: UInt64 { Self.roundedUp(maximumPageCount << UInt64(type.pageSizeLog2)) }
    /// Whether it states how far it may grow.
    var isBounded: Bool { isFixed || type.limits.maximum != nil }
    /// Whether its contents fill its room to the last byte, always.
    var isExact: Bool { !isGrowable && capacity == minimumByteCount }
  }

  /// Whether several memories become one; else there is nothing to do.
  var isCombined = false
  /// In ascending order of bases.
  var places: [Place] = []
  /// Memories that stay outside.
  var remotes: [Place] = []
  /// By memory: where it is in `places`, or behind them in `remotes`.
  var placeOfMemory: [Int] = []
  var combined = MemoryType(limits: Limits(minimum: 0))

  func place(of memory: Int) -> Place {
    let number = placeOfMemory[memory]
    return number < places.count ? places[number] : remotes[number - places.count]
  }

  /// The layout of a module's memories.
  ///
  /// - Parameters:
  ///   - candidates: one for each memory that the combined one holds; `memory` may be the number of no memory.
  ///   - head: the number among them of the one that should begin at 0, so that its addresses are the host's.
  ///   - weights: how much each memory is used.
  ///   - reserves: whether memories are given room up to the maximum that they state.
  /// - Throws: a ``ModuleError`` of the kind `unsupported` where the memories cannot be laid out.
  init(_ candidates: [Place], head: Int?, weights: [Int], reserves: Bool) throws(ModuleError) {
    isCombined = true
    let isShared = candidates.contains { $0.type.isShared }
    order(candidates, head: head, weights: weights, reserves: reserves)
    var is64Bit = candidates.contains { $0.type.addressType == .i64 }
    if !is64Bit && capacity > 1 << 32 {
      // Without reservations that nobody asked for it may still fit.
      order(candidates, head: head, weights: weights, reserves: false)
      if capacity > 1 << 32 { is64Bit = true }
    }
    guard capacity <= Self.largest else { throw Self.refusal("the memories do not fit into one of 2^48 bytes") }
    for place in places where place.type.isShared && !place.hasConstantBase {
      let mover = places.first { !$0.isFixed }?.memory ?? 0
      throw Self.refusal(
        "the shared memory \(place.memory) cannot move when memory \(mover) grows: "
          + "give memory \(mover) a reservation")
    }
    if let last = places.last {
      places[places.count - 1].isNative =
        last.hasConstantBase && !last.isExported && last.type.pageSizeLog2 == 16 && (!last.isFixed || last.isExact)
    }
    combined.addressType = is64Bit ? .i64 : .i32
    combined.isShared = isShared
    combined.limits = Limits(minimum: capacity >> Self.pageSizeLog2, maximum: maximum(is64Bit: is64Bit))
  }

  /// The one memory of a module stays what it is.
  init(only type: MemoryType) {
    places = [Place(memory: 0, type: type, isNative: true, maximumPageCount: type.limits.maximum ?? .max)]
    placeOfMemory = [0]
    combined = type
  }

  static func refusal(_ message: String, at offset: Int = 0) -> ModuleError {
    ModuleError(.unsupported, message, at: offset)
  }

  /// The place of a memory before it has one.
  static func candidate(
    _ memory: Int, _ type: MemoryType, grows: Bool, isExported: Bool, reservation: UInt64?
  ) throws(ModuleError) -> Place {
    let shift = UInt64(type.pageSizeLog2)
    let cap = largest >> shift
    guard type.limits.minimum <= cap else { throw refusal("memory \(memory) is larger than 2^48 bytes") }
    // An i32 memory has at most 2^32 bytes, and its size in pages must be an i32.
    let addressable: UInt64 = type.addressType == .i64 ? cap : min(1 << (32 - shift), UInt64(UInt32.max))
    var place = Place(memory: memory, type: type)
    place.isExported = isExported
    place.maximumPageCount = min(type.limits.maximum ?? addressable, addressable)
    place.isGrowable = (grows || isExported) && place.maximumPageCount > type.limits.minimum
    place.minimumByteCount = type.limits.minimum << shift
    place.capacity = Place.roundedUp(place.minimumByteCount)
    if !place.isGrowable {
      place.maximumPageCount = type.limits.minimum
      place.isFixed = true
    } else if let reservation {
      guard reservation >= type.limits.minimum else {
        throw refusal("the reservation of memory \(memory) is below its minimum of \(type.limits.minimum) pages")
      }
      place.maximumPageCount = min(place.maximumPageCount, reservation)
      place.isFixed = true
      place.capacity = place.fullCapacity
    }
    return place
  }

  private var capacity: UInt64 {
    // The sum of at most some thousand sizes of 2^48 bytes; saturating all the same.
    places.reduce(0) { sum, place in
      let (result, overflow) = sum.addingReportingOverflow(place.capacity)
      return overflow ? .max : result
    }
  }

  /// Puts the places in order: the head; then those whose room is fixed; then those that push what lies above them; then
  /// the tail, which grows at the end of all.
  private mutating func order(_ candidates: [Place], head: Int?, weights: [Int], reserves: Bool) {
    var rest = candidates
    let first = head.map { rest.remove(at: $0) }
    let last = tail(rest, weights: weights).map { rest.remove(at: $0) }
    var ordered = (first.map { [$0] } ?? []) + rest
    var left = reserves ? Self.automaticReservation : 0
    let needsFixed = candidates.contains { $0.type.isShared }
    let byMaximum = ordered.indices.sorted { ordered[$0].fullCapacity < ordered[$1].fullCapacity }
    for index in byMaximum where !ordered[index].isFixed && ordered[index].isBounded {
      let room = ordered[index].fullCapacity
      // A shared memory never moves, nor does anything below it.
      let isNeeded = ordered[index].type.isShared || needsFixed && first != nil && index == 0
      guard isNeeded || room <= left else { continue }
      if !isNeeded { left -= room }
      ordered[index].isFixed = true
      ordered[index].capacity = room
    }
    let start = first == nil ? [] : [ordered.removeFirst()]
    places = start + ordered.filter(\.isFixed) + ordered.filter { !$0.isFixed } + (last.map { [$0] } ?? [])
    var base: UInt64 = 0
    var isConstant = true
    for index in places.indices {
      places[index].base = base
      places[index].hasConstantBase = isConstant
      base = base.addingReportingOverflow(places[index].capacity).partialValue
      if !places[index].isFixed { isConstant = false }
    }
  }

  /// The one that should lie last: one that has no maximum, else the largest one that is too large for a reservation, else
  /// one that can do without checks there; among several, the most used one.
  private func tail(_ candidates: [Place], weights: [Int]) -> Int? {
    func weight(_ index: Int) -> Int {
      let memory = candidates[index].memory
      return memory < weights.count ? weights[memory] : -1
    }
    func heaviest(_ indices: [Int]) -> Int? { indices.max { weight($0) < weight($1) } }
    if let open = heaviest(candidates.indices.filter { !candidates[$0].isBounded }) { return open }
    let large = candidates.indices.filter {
      !candidates[$0].isFixed && candidates[$0].fullCapacity > Self.automaticReservation
    }
    let movable = large.filter { !candidates[$0].type.isShared }
    if let largest = (movable.isEmpty ? large : movable).max(by: {
      candidates[$0].fullCapacity < candidates[$1].fullCapacity
    }) {
      return largest
    }
    let exact = candidates.indices.filter {
      let place = candidates[$0]
      return !place.isExported && place.type.pageSizeLog2 == 16 && (!place.isFixed || place.isExact)
    }
    return heaviest(exact)
  }

  /// The combined memory's maximum in pages, nil where a memory has none.
  private func maximum(is64Bit: Bool) -> UInt64? {
    var sum: UInt64 = 0
    for place in places {
      if place.isFixed {
        sum += place.capacity >> Self.pageSizeLog2
      } else if place.isBounded || place.isNative && is64Bit && place.type.addressType == .i32 {
        sum += place.fullCapacity >> Self.pageSizeLog2
      } else if combined.isShared {
        // A shared memory must have a maximum: room for 4 GiB more.
        sum += (place.capacity >> Self.pageSizeLog2) + 1 << 16
      } else {
        return nil
      }
    }
    return min(sum, is64Bit ? 1 << 48 : 1 << 16)
  }
}
