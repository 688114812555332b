/// The address range that holds the contents of a memory, and gives it back.
final class MemoryMapping {
  /// What the system gave: the whole range, of which the first `committed` bytes from `base` on can be touched.
  private var range: UnsafeMutableRawPointer?
  private var rangeSize: Int
  private(set) var base: UnsafeMutableRawPointer
  private(set) var committed: Int
  /// The number of bytes from `base` on that growth can reach without moving.
  private(set) var capacity: Int
  let isReserved: Bool
  /// The number of bytes from `base` on that nobody else can have while this mapping lives, whether they can be touched or
  /// not.
  var reach: UInt64 { range.map { UInt64(rangeSize - (base - $0)) } ?? 0 }

  /// Where an empty mapping points.
  private static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 1 << 16)! }

  /// The smallest allocation for `byteCount` bytes, or nil where there is no memory.
  init?(allocating byteCount: UInt64) {
    guard let size = VirtualMemory.roundedUp(byteCount) else { return nil }
    isReserved = false
    if size == 0 {
      range = nil
      base = Self.nowhere
    } else {
      guard let address = VirtualMemory.allocate(size) else { return nil }
      range = address
      base = address
    }
    rangeSize = size
    committed = size
    capacity = size
  }

  /// An address range of `capacity` bytes and a guard behind them, the first `byteCount` of them backed. `stagger` bytes
  /// before the base are never used.
  init?(reserving capacity: UInt64, guardSize: UInt64, stagger: Int, byteCount: UInt64) {
    guard let size = VirtualMemory.roundedUp(capacity), let guardSize = VirtualMemory.roundedUp(guardSize),
      let committed = VirtualMemory.roundedUp(byteCount), committed <= size,
      let stagger = VirtualMemory.roundedUp(UInt64(stagger)),
      case let (whole, overflow) = (size + stagger).addingReportingOverflow(guardSize), !overflow,
      let address = VirtualMemory.reserve(max(whole, VirtualMemory.pageSize))
    else { return nil }
    let base = address + stagger
    guard VirtualMemory.commit(base, committed) else {
      VirtualMemory.release(address, max(whole, VirtualMemory.pageSize))
      return nil
    }
    isReserved = true
    range = address
    rangeSize = max(whole, VirtualMemory.pageSize)
    self.base = base
    self.committed = committed
    self.capacity = size
  }

  deinit {
    if let range { VirtualMemory.release(range, rangeSize) }
  }

  /// Makes `byteCount` bytes from the base on usable, new ones zero. Moves the base only where the mapping is not a
  /// reservation. On failure nothing has changed.
  func grow(to byteCount: UInt64) -> Bool {
    guard let size = VirtualMemory.roundedUp(byteCount) else { return false }
    if size <= committed { return true }
    if isReserved {
      guard size <= capacity, VirtualMemory.commit(base + committed, size - committed) else { return false }
      committed = size
      return true
    }
    if let range {
      guard let moved = VirtualMemory.resize(range, rangeSize, size) else { return false }
      self.range = moved
      base = moved
    } else {
      guard let address = VirtualMemory.allocate(size) else { return false }
      range = address
      base = address
    }
    rangeSize = size
    committed = size
    capacity = size
    return true
  }
}
