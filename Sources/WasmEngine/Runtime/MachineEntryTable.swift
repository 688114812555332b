/// By canonical type, the machine code that enters functions of it from the host: an open-addressing hash table at a fixed
/// place of the store's context, of the types that are entered in this store. Canonical ids are the engine's and can be any
/// numbers; those that a store has met stay valid as long as the store, which keeps the modules that they are of.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | the canonical id plus 1, or 0 where the slot is free |
/// | 8 | the address of the code |
struct MachineEntryTable {
  private static let entrySize = 16

  @inline(__always)
  private static func home(_ typeID: UInt32, _ mask: UInt64) -> UInt64 {
    // Consecutive numbers get slots that are spread (Knuth's multiplicative hashing).
    UInt64(typeID &* 0x9E37_79B1) & mask
  }

  /// The code for a type, if it was asked for before.
  @inline(__always)
  static func find(_ typeID: UInt32, in store: StoreContext) -> UnsafeRawPointer? {
    let mask = store[StoreContext.machineEntryMaskOffset]
    guard let table = UnsafeRawPointer(bitPattern: UInt(store[StoreContext.machineEntriesOffset])) else { return nil }
    var slot = home(typeID, mask)
    while true {
      let entry = table + Int(slot) * entrySize
      let key = entry.load(as: UInt64.self)
      if key == UInt64(typeID) + 1 { return entry.load(fromByteOffset: 8, as: UnsafeRawPointer.self) }
      if key == 0 { return nil }
      slot = (slot + 1) & mask
    }
  }

  /// Adds the code for a type that has none yet. `count` is how many there are.
  static func add(_ typeID: UInt32, _ code: UnsafeRawPointer, count: Int, in store: StoreContext) {
    let size = base(of: store) == nil ? 0 : Int(store[StoreContext.machineEntryMaskOffset]) + 1
    if (count + 1) * 2 > size { resize(max(size * 2, 8), from: size, in: store) }
    put(UInt64(typeID) + 1, code, in: store)
  }

  private static func base(of store: StoreContext) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: UInt(store[StoreContext.machineEntriesOffset]))
  }

  private static func put(_ key: UInt64, _ code: UnsafeRawPointer, in store: StoreContext) {
    guard let table = base(of: store) else { return }
    let mask = store[StoreContext.machineEntryMaskOffset]
    var slot = home(UInt32(truncatingIfNeeded: key - 1), mask)
    while (table + Int(slot) * entrySize).load(as: UInt64.self) != 0 { slot = (slot + 1) & mask }
    (table + Int(slot) * entrySize).storeBytes(of: key, as: UInt64.self)
    (table + Int(slot) * entrySize).storeBytes(of: code, toByteOffset: 8, as: UnsafeRawPointer.self)
  }

  private static func resize(_ size: Int, from oldSize: Int, in store: StoreContext) {
    let old = base(of: store)
    let table = UnsafeMutableRawPointer.allocate(byteCount: size * entrySize, alignment: 16)
    table.initializeMemory(as: UInt8.self, repeating: 0, count: size * entrySize)
    store[StoreContext.machineEntriesOffset] = UInt64(UInt(bitPattern: table))
    store[StoreContext.machineEntryMaskOffset] = UInt64(size - 1)
    guard let old else { return }
    for slot in 0..<oldSize {
      let entry = old + slot * entrySize
      let key = entry.load(as: UInt64.self)
      if key != 0 { put(key, entry.load(fromByteOffset: 8, as: UnsafeRawPointer.self), in: store) }
    }
    old.deallocate()
  }

  static func deallocate(in store: StoreContext) { base(of: store)?.deallocate() }
}
