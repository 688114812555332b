import Synchronization

/// An exception (Core 3.0, 4.2.13). Its address is the exnref.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | the tag's identity, as it stands in contexts |
/// | 8 | the number of payload slots, 32 bits |
/// | 12 | bit 0: whether the guest may hold references to it; the other 31: how many the host holds |
/// | 16, 24 | the next and the previous record of the store |
/// | 32 | payload slots, 8 bytes each (v128: two) |
struct ExceptionRecord: Equatable {
  let base: UnsafeMutableRawPointer

  static let tagOffset = 0
  static let countOffset = 8
  static let slotsOffset = 32

  @inline(__always) init?(word: UInt64) {
    guard let base = UnsafeMutableRawPointer(bitPattern: UInt(word)) else { return nil }
    self.base = base
  }

  @inline(__always) var word: UInt64 { UInt64(UInt(bitPattern: base)) }
  @inline(__always) var tag: UInt64 { base.load(as: UInt64.self) }
  @inline(__always) var count: Int { Int(base.load(fromByteOffset: Self.countOffset, as: UInt32.self)) }
  @inline(__always) var slots: UnsafeMutablePointer<UInt64> {
    (base + Self.slotsOffset).assumingMemoryBound(to: UInt64.self)
  }

  /// Whether the guest may hold a reference to it: then it lasts as long as the store.
  var hasEscaped: Bool { references & 1 != 0 }
  func escape() { references |= 1 }

  /// See the table.
  fileprivate var references: UInt32 {
    get { base.load(fromByteOffset: 12, as: UInt32.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: 12, as: UInt32.self) }
  }

  fileprivate var next: UInt64 {
    get { base.load(fromByteOffset: 16, as: UInt64.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: 16, as: UInt64.self) }
  }
  fileprivate var previous: UInt64 {
    get { base.load(fromByteOffset: 24, as: UInt64.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: 24, as: UInt64.self) }
  }
}

/// The exceptions of a store. Each counts in the store's limits. Those that nothing can refer to any more are freed when they
/// are caught, or when the host lets go of them; the others with the store.
final class ExceptionArena {
  private let meter: ResourceMeter
  private var first: UInt64 = 0
  private let released = ReleasedExceptions()

  init(_ meter: ResourceMeter) { self.meter = meter }

  var isEmpty: Bool { first == 0 }

  private static func size(_ count: Int) -> UInt64 { StoreLimits.exceptionSize + UInt64(count) * 8 }

  /// A new exception with a payload of `count` slots; nil where it would exceed the store's limit.
  func make(_ tag: TagInstance, slots: UnsafePointer<UInt64>?, count: Int) -> ExceptionRecord? {
    takeReleased()
    guard meter.take(Self.size(count)) else { return nil }
    let base = UnsafeMutableRawPointer.allocate(byteCount: ExceptionRecord.slotsOffset + count * 8, alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: ExceptionRecord.slotsOffset)
    base.storeBytes(of: tag.identity, as: UInt64.self)
    base.storeBytes(of: UInt32(count), toByteOffset: ExceptionRecord.countOffset, as: UInt32.self)
    guard let record = ExceptionRecord(word: UInt64(UInt(bitPattern: base))) else { return nil }
    record.next = first
    ExceptionRecord(word: first)?.previous = record.word
    first = record.word
    if let slots { record.slots.update(from: slots, count: count) }
    return record
  }

  /// To be called when an exception was caught and its payload copied: the record is gone if nothing refers to it.
  func caught(_ record: ExceptionRecord) {
    if record.references == 0 { free(record) }
  }

  private func free(_ record: ExceptionRecord) {
    if let previous = ExceptionRecord(word: record.previous) {
      previous.next = record.next
    } else {
      first = record.next
    }
    ExceptionRecord(word: record.next)?.previous = record.previous
    meter.giveBack(Self.size(record.count))
    record.base.deallocate()
  }

  // MARK: References of the host

  /// A reference of the host's, which keeps the record until it is released.
  func hold(_ record: ExceptionRecord) -> ExceptionHold {
    record.references += 2
    return ExceptionHold(record, released)
  }

  private func takeReleased() {
    for word in released.take() {
      guard let record = ExceptionRecord(word: word) else { continue }
      record.references -= 2
      caught(record)
    }
  }

  /// How many bytes of exceptions there are, for tests.
  var byteCount: UInt64 {
    takeReleased()
    var sum: UInt64 = 0
    var next = ExceptionRecord(word: first)
    while let record = next {
      sum += Self.size(record.count)
      next = ExceptionRecord(word: record.next)
    }
    return sum
  }

  deinit {
    while let record = ExceptionRecord(word: first) {
      first = record.next
      meter.giveBack(Self.size(record.count))
      record.base.deallocate()
    }
  }
}

/// The records that references of the host have let go of. Errors end on any thread; the store looks here when it makes an
/// exception. None can be on its way through the guest then.
final class ReleasedExceptions: Sendable {
  private let words = Lock<[UInt64]>([])
  private let isEmpty = Atomic(true)

  func add(_ word: UInt64) {
    words.withLock { $0.append(word) }
    isEmpty.store(false, ordering: .releasing)
  }

  func take() -> [UInt64] {
    guard !isEmpty.load(ordering: .relaxed) else { return [] }
    return words.withLock { words in
      isEmpty.store(true, ordering: .relaxed)
      defer { words = [] }
      return words
    }
  }
}

/// Keeps an exception for the host.
final class ExceptionHold {
  let record: ExceptionRecord
  private let released: ReleasedExceptions

  fileprivate init(_ record: ExceptionRecord, _ released: ReleasedExceptions) {
    self.record = record
    self.released = released
  }

  deinit { released.add(record.word) }
}

extension ExceptionArena {
  /// An exception of the host's, whose payload is of the tag's types; nil where it would exceed the store's limit.
  func make(_ tag: TagInstance, _ payload: [Value]) -> ExceptionRecord? {
    var count = 0
    for value in payload { count += value.type.slotCount }
    guard let record = make(tag, slots: nil, count: count) else { return nil }
    var slot = record.slots
    for value in payload {
      value.write(to: slot)
      slot += value.type.slotCount
    }
    return record
  }
}
