import WebAssembly

/// A table (Core 3.0, 4.2.8): references as words. It knows every copy of its record in the contexts of instances.
final class TableInstance {
  /// With canonical type indices, the declared minimum and the maximum that growth obeys.
  let declaredType: TableType
  private(set) var count: UInt64
  private(set) var elements: UnsafeMutablePointer<UInt64>
  private var capacity: Int
  private var copies: [UnsafeMutableRawPointer] = []
  private let largestCount: UInt64
  /// What the table takes of its store's limit.
  let charge: ResourceCharge

  /// A table of `type.limits.minimum` times the same reference, or nil where there is no memory for it.
  init?(_ type: TableType, filledWith word: UInt64, largestCount: UInt64, charge: ResourceCharge) {
    declaredType = type
    self.charge = charge
    self.largestCount = largestCount
    count = type.limits.minimum
    guard count <= largestCount, let bytes = Self.byteCount(count), let size = VirtualMemory.roundedUp(max(bytes, 8)),
      let address = VirtualMemory.allocate(size)
    else { return nil }
    elements = address.bindMemory(to: UInt64.self, capacity: size / 8)
    capacity = size / 8
    if word != 0 { elements.update(repeating: word, count: Int(count)) }
  }

  deinit { VirtualMemory.release(elements, capacity * 8) }

  /// The bytes that so many elements take, or nil where no machine has them.
  static func byteCount(_ count: UInt64) -> UInt64? { count < 1 << 44 ? count * 8 : nil }

  var byteCount: UInt64 { count * 8 }

  /// The type with the current size as its minimum, which imports are matched against.
  var currentType: TableType {
    var type = declaredType
    type.limits.minimum = count
    return type
  }

  /// The size after growth by `delta`, or nil where the table's type or the configured limit rules it out.
  func count(growingBy delta: UInt64) -> UInt64? {
    let (sum, overflow) = count.addingReportingOverflow(delta)
    let addressable = declaredType.addressType == .i32 ? UInt64(UInt32.max) : UInt64.max
    guard !overflow, sum <= min(largestCount, addressable), sum <= declaredType.limits.maximum ?? .max else {
      return nil
    }
    return sum
  }

  /// Grows by `delta` elements that are all `word`. Returns the old size, or nil where it cannot grow.
  ///
  /// - Parameter goesOn: Asked now and then while the elements are written; the table stays as it is where this is false.
  func grow(by delta: UInt64, filledWith word: UInt64, while goesOn: () -> Bool = { true }) -> UInt64? {
    let old = count
    if delta == 0 { return old }
    guard let sum = count(growingBy: delta) else { return nil }
    if sum > UInt64(capacity) {
      // Room for half as much again, so that growth by one stays cheap.
      guard let needed = Self.byteCount(sum),
        let size = VirtualMemory.roundedUp(Self.byteCount(min(sum + sum / 2, largestCount)) ?? needed),
        let moved = VirtualMemory.resize(UnsafeMutableRawPointer(elements), capacity * 8, size)
      else { return nil }
      elements = moved.bindMemory(to: UInt64.self, capacity: size / 8)
      capacity = size / 8
    }
    // Whatever comes of it, the elements may have moved.
    defer { for copy in copies { write(to: copy) } }
    var next = old
    while next < sum {
      let slice = min(sum - next, UInt64(LookBudget.bulkSlice / 8))
      (elements + Int(next)).update(repeating: word, count: Int(slice))
      next += slice
      if next < sum, !goesOn() { return nil }
    }
    count = sum
    return old
  }

  /// Writes the record into a context and keeps it up to date from now on.
  func register(_ record: UnsafeMutableRawPointer) {
    copies.append(record)
    write(to: record)
  }

  /// Forgets the records of a context that goes.
  func unregister(_ context: Range<UInt>) { copies.removeAll { context.contains(UInt(bitPattern: $0)) } }

  private func write(to record: UnsafeMutableRawPointer) {
    record.storeBytes(of: UInt64(UInt(bitPattern: elements)), as: UInt64.self)
    record.storeBytes(of: count, toByteOffset: 8, as: UInt64.self)
  }
}
