/// An exception (Core 3.0, 4.2.13). Its address is the exnref.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | the tag's identity, as it stands in contexts |
/// | 8 | the number of payload slots, 32 bits |
/// | 12 | whether a reference to it may be held, 32 bits |
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

  fileprivate static let escapedOffset = 12
  var hasEscaped: Bool {
    get { base.load(fromByteOffset: Self.escapedOffset, as: UInt32.self) != 0 }
    nonmutating set { base.storeBytes(of: newValue ? 1 : 0, toByteOffset: Self.escapedOffset, as: UInt32.self) }
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

/// The exceptions of a store. Those that nothing can refer to any more are freed when they are caught, the others with
/// the store.
final class ExceptionArena {
  private var first: UInt64 = 0

  var isEmpty: Bool { first == 0 }

  func make(_ tag: TagInstance, slots: UnsafePointer<UInt64>?, count: Int) -> ExceptionRecord {
    let base = UnsafeMutableRawPointer.allocate(byteCount: ExceptionRecord.slotsOffset + count * 8, alignment: 16)
    base.storeBytes(of: tag.identity, as: UInt64.self)
    base.storeBytes(of: UInt32(count), toByteOffset: ExceptionRecord.countOffset, as: UInt32.self)
    let record = ExceptionRecord(word: UInt64(UInt(bitPattern: base)))!
    record.hasEscaped = false
    record.next = first
    record.previous = 0
    ExceptionRecord(word: first)?.previous = record.word
    first = record.word
    if let slots { record.slots.update(from: slots, count: count) }
    return record
  }

  func free(_ record: ExceptionRecord) {
    if let previous = ExceptionRecord(word: record.previous) {
      previous.next = record.next
    } else {
      first = record.next
    }
    ExceptionRecord(word: record.next)?.previous = record.previous
    record.base.deallocate()
  }

  deinit {
    while let record = ExceptionRecord(word: first) {
      first = record.next
      record.base.deallocate()
    }
  }
}

extension ExceptionArena {
  /// An exception of the host's, whose payload is of the tag's types.
  func make(_ tag: TagInstance, _ payload: [Value]) -> ExceptionRecord {
    var count = 0
    for value in payload { count += value.type.slotCount }
    let record = make(tag, slots: nil, count: count)
    var slot = record.slots
    for value in payload {
      value.write(to: slot)
      slot += value.type.slotCount
    }
    return record
  }
}
