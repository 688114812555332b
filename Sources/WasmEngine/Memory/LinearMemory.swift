import WebAssembly

/// A memory (Core 3.0, 4.2.9). It knows every copy of its record in the contexts of instances, and rewrites them all
/// before growth returns.
final class LinearMemory {
  /// The type it was made with: the declared minimum and the maximum that growth obeys, whoever imports it.
  let declaredType: MemoryType
  let policy: MemoryPolicy
  let accessClass: AccessClass
  private(set) var byteCount: UInt64
  private var mapping: MemoryMapping
  /// What the memory takes of its store's limit.
  let charge: ResourceCharge
  /// Addresses of `{base, byteCount, writableByteCount}` in contexts.
  private var copies: [UnsafeMutableRawPointer] = []
  /// How many callers hold a span of the bytes right now.
  private var lenders = 0

  /// A memory of 64-bit addresses is reserved as a whole if its maximum is no larger, in bytes.
  private static let largestReservation: UInt64 = 16 << 30
  /// Sizes that no machine has.
  private static let largestByteCount: UInt64 = 1 << 46

  /// A zeroed memory, or nil where the system does not give it.
  init?(_ type: MemoryType, policy: MemoryPolicy, sequence: Int, charge: ResourceCharge) {
    declaredType = type
    self.charge = charge
    self.policy = policy
    guard let byteCount = Self.byteCount(type.limits.minimum, type) else { return nil }
    self.byteCount = byteCount
    let largest = Self.byteCount(Self.maximumPages(type), type) ?? Self.largestByteCount
    // Bases exactly 4 or 8 GiB apart made dependent loads four times slower on some processors: odd multiples of 64 KiB.
    let stagger = (sequence % 64 * 2 + 1) << 16
    guard
      let mapping = Self.reservation(type, policy, byteCount: byteCount, largest: largest, stagger: stagger)
        // A shared memory may not move.
        ?? (type.isShared ? nil : MemoryMapping(allocating: byteCount))
    else { return nil }
    self.mapping = mapping
    accessClass =
      if Self.canBeReserved(type), mapping.reach >= AccessClass.reservedReach {
        .reserved
      } else {
        largest <= UInt64(mapping.capacity) ? .fixed : .movable
      }
  }

  /// Room for all that the memory can grow to; nil where none is wanted or the system does not give it.
  private static func reservation(
    _ type: MemoryType, _ policy: MemoryPolicy, byteCount: UInt64, largest: UInt64, stagger: Int
  ) -> MemoryMapping? {
    guard policy.bounds == .guarded || type.isShared else { return nil }
    if type.addressType == .i32 {
      // Where that is refused, less may still be given. The class goes by what was given.
      return MemoryMapping(
        reserving: 1 << 32, guardSize: AccessClass.reservedReach - 1 << 32, stagger: stagger, byteCount: byteCount)
        ?? MemoryMapping(reserving: largest, guardSize: 0, stagger: 0, byteCount: byteCount)
    }
    guard type.isShared || largest <= largestReservation else { return nil }
    return MemoryMapping(reserving: largest, guardSize: 0, stagger: stagger, byteCount: byteCount)
      ?? MemoryMapping(reserving: largest, guardSize: 0, stagger: 0, byteCount: byteCount)
  }

  /// Whether code may leave it to the processor to find accesses out of bounds: it can where each address of the type is in
  /// the range and the end is at a page of the system's.
  private static func canBeReserved(_ type: MemoryType) -> Bool { type.addressType == .i32 && type.pageSizeLog2 == 16 }

  /// The class that a memory of a type and policy has where the system gives what is wanted of it.
  static func expectedClass(_ type: MemoryType, _ policy: MemoryPolicy) -> AccessClass {
    let largest = byteCount(maximumPages(type), type) ?? largestByteCount
    guard policy.bounds == .guarded || type.isShared else {
      let least = byteCount(type.limits.minimum, type).flatMap { VirtualMemory.roundedUp($0) } ?? 0
      return largest <= UInt64(least) ? .fixed : .movable
    }
    if type.addressType == .i32 { return canBeReserved(type) && policy.access == .readWrite ? .reserved : .fixed }
    return type.isShared || largest <= largestReservation ? .fixed : .movable
  }

  /// Whether code that assumes a class of the memory is right about it. Stores to memories that cannot be written need their
  /// check.
  func satisfies(_ assumed: AccessClass) -> Bool {
    guard assumed == .reserved else { return !(assumed < accessClass) }
    // Of all that is assumed this alone lets a mistake out of the memory: the mapping is asked, whatever was found before.
    return policy.access == .readWrite && Self.canBeReserved(declaredType)
      && mapping.reach >= AccessClass.reservedReach
  }

  var base: UnsafeMutableRawPointer { mapping.base }
  var pageCount: UInt64 { byteCount >> UInt64(declaredType.pageSizeLog2) }

  /// The type with the current size as its minimum, which imports are matched against (Core 3.0, 4.5.2).
  var currentType: MemoryType {
    var type = declaredType
    type.limits.minimum = pageCount
    return type
  }

  /// How many of the bytes may be written.
  var writableByteCount: UInt64 { policy.access == .readWrite ? byteCount : 0 }

  private static func byteCount(_ pages: UInt64, _ type: MemoryType) -> UInt64? {
    let (bytes, overflow) = pages.multipliedReportingOverflow(by: type.pageSize)
    return overflow || bytes > largestByteCount ? nil : bytes
  }

  /// The number of pages beyond which growth always fails.
  private static func maximumPages(_ type: MemoryType) -> UInt64 {
    let addressable: UInt64 =
      switch (type.addressType, type.pageSizeLog2) {
      case (.i32, 0): UInt64(UInt32.max)
      case (.i32, _): 1 << UInt64(32 - min(type.pageSizeLog2, 32))
      case (.i64, _): largestByteCount >> UInt64(type.pageSizeLog2)
      }
    return min(type.limits.maximum ?? addressable, addressable)
  }

  /// The size in pages after growth by `delta`, or nil where the memory's type or this machine rules it out.
  func pageCount(growingBy delta: UInt64) -> UInt64? {
    let (pages, overflow) = pageCount.addingReportingOverflow(delta)
    return overflow || pages > Self.maximumPages(declaredType) ? nil : pages
  }

  /// Grows by `delta` pages, which are zero (Core 3.0, 4.5.3). Returns the old size in pages, or nil where it cannot grow.
  func grow(by delta: UInt64) -> UInt64? {
    let old = pageCount
    if delta == 0 { return old }
    guard let pages = pageCount(growingBy: delta), let bytes = Self.byteCount(pages, declaredType) else { return nil }
    if lenders > 0 && !mapping.isReserved && bytes > UInt64(mapping.committed) {
      // Somebody reads or writes the old bytes: they stay until the mapping's last user lets go of it.
      guard let moved = MemoryMapping(allocating: bytes) else { return nil }
      moved.base.copyMemory(from: mapping.base, byteCount: Int(byteCount))
      mapping = moved
    } else {
      guard mapping.grow(to: bytes) else { return nil }
    }
    byteCount = bytes
    for copy in copies { write(to: copy) }
    return old
  }

  /// Writes the record into a context and keeps it up to date from now on. The address must stay valid as long as the
  /// memory is used: contexts live as long as their store.
  func register(_ record: UnsafeMutableRawPointer) {
    copies.append(record)
    write(to: record)
  }

  /// Forgets the records of a context that goes.
  func unregister(_ context: Range<UInt>) { copies.removeAll { context.contains(UInt(bitPattern: $0)) } }

  private func write(to record: UnsafeMutableRawPointer) {
    record.storeBytes(of: UInt64(UInt(bitPattern: mapping.base)), as: UInt64.self)
    record.storeBytes(of: byteCount, toByteOffset: 8, as: UInt64.self)
    record.storeBytes(of: writableByteCount, toByteOffset: 16, as: UInt64.self)
  }

  /// Whether `count` bytes at `address` lie within the memory.
  func contains(_ address: UInt64, _ count: UInt64) -> Bool {
    count <= byteCount && address <= byteCount - count
  }

  /// Zeroes a range that lies within the memory, and gives whole system pages of it back.
  static func discard(_ start: UnsafeMutableRawPointer, _ count: Int) {
    let page = UInt(VirtualMemory.pageSize)
    let low = UInt(bitPattern: start)
    let high = low + UInt(count)
    let first = (low + page - 1) & ~(page - 1)
    let last = high & ~(page - 1)
    guard first < last else {
      start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      return
    }
    start.initializeMemory(as: UInt8.self, repeating: 0, count: Int(first - low))
    VirtualMemory.discard(start + Int(first - low), Int(last - first))
    (start + Int(last - low)).initializeMemory(as: UInt8.self, repeating: 0, count: Int(high - last))
  }

  /// Lends the bytes. They stay where they are, even if the memory grows meanwhile.
  func lend<Result, Failure: Error>(
    _ body: (UnsafeMutableRawPointer, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let mapping = mapping
    lenders += 1
    defer { lenders -= 1 }
    return try withExtendedLifetime(mapping) { () throws(Failure) -> Result in
      try body(mapping.base, Int(byteCount))
    }
  }
}
