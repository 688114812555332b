import WebAssembly

/// A value of the host that the guest passes around but cannot look into. It lives as long as its store, so a host function
/// that makes one in each call wants a limit (``StoreLimits``).
public struct ExternReference {
  let store: Store
  private let index: Int

  /// Makes a reference of a value of the host.
  ///
  /// - Throws: ``UsageError/resourceRefused(_:)`` beyond the store's limits.
  public init(_ value: Any, in store: Store) throws(UsageError) {
    guard store.externs.count < store.limits.externReferences, store.meter.take(StoreLimits.externReferenceSize) else {
      throw .resourceRefused("externref")
    }
    self.store = store
    index = store.externs.count
    store.externs.append(value)
  }

  /// The value that it was made of.
  public var value: Any { store.externs[index] }

  // Words of the hierarchy are multiples of 8: a later i31 is told by its low bit.
  var word: UInt64 { UInt64(clamping: index + 1) << 3 }

  init?(word: UInt64, store: Store) {
    let index = Int(truncatingIfNeeded: word >> 3) - 1
    guard index >= 0, index < store.externs.count else { return nil }
    self.store = store
    self.index = index
  }
}

/// A reference to an exception of the guest.
public struct ExceptionReference {
  private let hold: ExceptionHold
  let store: Store

  init(record: ExceptionRecord, store: Store) {
    hold = store.exceptions.hold(record)
    self.store = store
  }

  var record: ExceptionRecord { hold.record }

  /// The word of a reference that goes to the guest.
  var word: UInt64 {
    hold.record.escape()
    return hold.record.word
  }

  public var tag: Tag { Tag(instance: TagInstance.of(record.tag), store: store) }

  /// The values that it was thrown with.
  public var payload: [Value] {
    var slot = record.slots
    return tag.type.parameters.map { type in
      defer { slot += type.slotCount }
      return Value(type, from: slot, in: store)
    }
  }
}

/// A reference of the hierarchy of `any`. None can be made yet.
public enum AnyReference {}
