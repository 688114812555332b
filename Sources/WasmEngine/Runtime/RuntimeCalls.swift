import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What executing code calls for everything that is not done in place: non-generic functions over the context and raw
/// words, which both tiers share. Those that can trap leave the trap in the ``StoreContext`` and return a status; the
/// caller must have stored its frame and position there before (they are where the backtrace starts).
///
/// Addresses, counts and indices are 64-bit words; where the memory or table has 32-bit addresses the caller zero-extends.
/// Bounds are checked against the context's records only.
enum RuntimeCalls {
  // MARK: Traps

  /// Records a trap. `index`, `address` and `length` are the memory index, the effective address and the length of the
  /// access for a memory fault; otherwise 0.
  @inline(never)
  static func trap(
    _ store: StoreContext, _ kind: Trap.Kind, index: UInt32 = 0, address: UInt64 = 0, length: UInt64 = 0
  ) -> ExecutionStatus {
    store[StoreContext.trapKindOffset] = UInt64(kind.rawValue)
    store[StoreContext.trapIndexOffset] = UInt64(index)
    store[StoreContext.trapAddressOffset] = address
    store[StoreContext.trapLengthOffset] = length
    return .trapped
  }

  /// Keeps the frames of a trap while those of compiled code still exist.
  @inline(never)
  static func captureBacktrace(_ context: StoreContext) { store(context).captureBacktrace() }

  /// To be called when the store's interrupt word is not zero: records the trap that says why.
  @inline(never)
  static func interrupted(_ store: StoreContext) -> ExecutionStatus {
    trap(store, RuntimeCalls.store(store).interruptHandle.takeReason(store))
  }

  /// A bulk operation on `count` things of `size` bytes, in pieces after each of which it looks at the interrupt word.
  ///
  /// - Parameter descends: Whether the last piece comes first.
  @inline(__always)
  private static func inSlices(
    _ store: StoreContext, _ count: UInt64, size: Int = 1, descends: Bool = false,
    _ body: (_ start: Int, _ count: Int) -> Void
  ) -> ExecutionStatus {
    let most = LookBudget.bulkSlice / size
    var left = Int(count)
    repeat {
      let slice = min(left, most)
      body(descends ? left - slice : Int(count) - left, slice)
      guard store[StoreContext.interruptOffset] == 0 else { return interrupted(store) }
      left -= slice
    } while left > 0
    return .completed
  }

  // MARK: Memories (Core 3.0, 4.6.8)

  /// memory.size, in pages.
  @inline(never)
  static func memorySize(_ context: VMContext, _ memory: UInt32) -> UInt64 {
    instance(context) { $0.memories[Int(memory)].pageCount }
  }

  /// memory.grow: the old size in pages, or all ones where it fails. All copies of the memory's record are new when it
  /// returns.
  @inline(never)
  static func memoryGrow(_ context: VMContext, _ memory: UInt32, by delta: UInt64) -> UInt64 {
    instance(context) { $0.store.grow($0.memories[Int(memory)], by: delta) ?? .max }
  }

  /// memory.copy: the ranges may overlap, and the memories may be one.
  @inline(never)
  static func memoryCopy(
    _ context: VMContext, _ destination: UInt32, _ source: UInt32, to: UInt64, from: UInt64, count: UInt64
  ) -> ExecutionStatus {
    let target = context.memoryRecord(destination)
    let origin = context.memoryRecord(source)
    guard contains(origin.byteCount, from, count) else {
      return trap(context.store, .outOfBoundsMemoryAccess, index: source, address: from, length: count)
    }
    guard contains(target.writableByteCount, to, count) else {
      return trap(context.store, .outOfBoundsMemoryAccess, index: destination, address: to, length: count)
    }
    let (destination, source) = (target.contents + Int(to), origin.contents + Int(from))
    return inSlices(context.store, count, descends: destination > source) { memmove(destination + $0, source + $0, $1) }
  }

  /// memory.fill with the low byte of `value`.
  @inline(never)
  static func memoryFill(
    _ context: VMContext, _ memory: UInt32, at address: UInt64, value: UInt32, count: UInt64
  ) -> ExecutionStatus {
    let target = context.memoryRecord(memory)
    guard contains(target.writableByteCount, address, count) else {
      return trap(context.store, .outOfBoundsMemoryAccess, index: memory, address: address, length: count)
    }
    let start = target.contents + Int(address)
    return inSlices(context.store, count) { memset(start + $0, Int32(value & 0xFF), $1) }
  }

  /// memory.init: bytes of a data segment.
  @inline(never)
  static func memoryInit(
    _ context: VMContext, _ memory: UInt32, segment: UInt32, to: UInt64, from: UInt64, count: UInt64
  ) -> ExecutionStatus {
    let target = context.memoryRecord(memory)
    let record = segmentRecord(context, VMContext.dataSegmentsOffset, segment)
    guard contains(target.writableByteCount, to, count),
      contains(record.load(fromByteOffset: 8, as: UInt64.self), from, count)
    else { return trap(context.store, .outOfBoundsMemoryAccess, index: memory, address: to, length: count) }
    let start = target.contents + Int(to)
    return inSlices(context.store, count) {
      copyBytes(context, of: record, from: from + UInt64($0), to: start + $0, count: UInt64($1))
    }
  }

  /// Copies contents of a data segment that is known to have them.
  static func copyBytes(
    _ context: VMContext, of record: UnsafeMutableRawPointer, from: UInt64, to: UnsafeMutableRawPointer, count: UInt64
  ) {
    let start = Int(record.load(as: UInt64.self)) + Int(from)
    instance(context) { instance in
      instance.module.module.bytes.withUnsafeBytes { bytes in
        guard count > 0, let source = bytes.baseAddress else { return }
        _ = memcpy(to, source + start, Int(count))
      }
    }
  }

  /// data.drop
  @inline(never)
  static func dataDrop(_ context: VMContext, segment: UInt32) {
    segmentRecord(context, VMContext.dataSegmentsOffset, segment).storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
  }

  /// memory.discard: the range becomes zero, and its backing goes back to the system. It must consist of whole pages of
  /// the memory.
  @inline(never)
  static func memoryDiscard(_ context: VMContext, _ memory: UInt32, at address: UInt64, count: UInt64)
    -> ExecutionStatus
  {
    let target = context.memoryRecord(memory)
    let pageSize = instance(context) { $0.memories[Int(memory)].declaredType.pageSize }
    guard (address | count) & (pageSize - 1) == 0 else {
      return trap(context.store, .unalignedDiscard, index: memory, address: address, length: count)
    }
    guard contains(target.writableByteCount, address, count) else {
      return trap(context.store, .outOfBoundsMemoryAccess, index: memory, address: address, length: count)
    }
    let start = target.contents + Int(address)
    return inSlices(context.store, count) { LinearMemory.discard(start + $0, $1) }
  }

  // MARK: Tables (Core 3.0, 4.6.7)

  /// table.get into `result`.
  @inline(never)
  static func tableGet(
    _ context: VMContext, _ table: UInt32, at index: UInt64, into result: UnsafeMutablePointer<UInt64>
  ) -> ExecutionStatus {
    let record = context.tableRecord(table)
    guard index < record.count else { return tableFault(context, table, index, 1) }
    result.pointee = record.elements[Int(index)]
    return .completed
  }

  @inline(never)
  static func tableSet(_ context: VMContext, _ table: UInt32, at index: UInt64, _ word: UInt64) -> ExecutionStatus {
    let record = context.tableRecord(table)
    guard index < record.count else { return tableFault(context, table, index, 1) }
    record.elements[Int(index)] = word
    return .completed
  }

  @inline(never)
  static func tableSize(_ context: VMContext, _ table: UInt32) -> UInt64 { context.tableRecord(table).count }

  /// table.grow: the old size, or all ones where it fails. It does where the execution is to stop meanwhile; the caller
  /// looks at the interrupt word.
  @inline(never)
  static func tableGrow(_ context: VMContext, _ table: UInt32, by delta: UInt64, filledWith word: UInt64) -> UInt64 {
    let store = context.store
    return instance(context) { instance in
      let old = instance.store.grow(instance.tables[Int(table)], by: delta, filledWith: word) {
        store[StoreContext.interruptOffset] == 0
      }
      return old ?? .max
    }
  }

  @inline(never)
  static func tableFill(
    _ context: VMContext, _ table: UInt32, at index: UInt64, _ word: UInt64, count: UInt64
  ) -> ExecutionStatus {
    let record = context.tableRecord(table)
    guard contains(record.count, index, count) else { return tableFault(context, table, index, count) }
    let start = record.elements + Int(index)
    return inSlices(context.store, count, size: 8) { (start + $0).update(repeating: word, count: $1) }
  }

  @inline(never)
  static func tableCopy(
    _ context: VMContext, _ destination: UInt32, _ source: UInt32, to: UInt64, from: UInt64, count: UInt64
  ) -> ExecutionStatus {
    let target = context.tableRecord(destination)
    let origin = context.tableRecord(source)
    guard contains(origin.count, from, count) else { return tableFault(context, source, from, count) }
    guard contains(target.count, to, count) else { return tableFault(context, destination, to, count) }
    let (destination, source) = (target.elements + Int(to), origin.elements + Int(from))
    return inSlices(context.store, count, size: 8, descends: destination > source) {
      memmove(destination + $0, source + $0, $1 * 8)
    }
  }

  @inline(never)
  static func tableInit(
    _ context: VMContext, _ table: UInt32, segment: UInt32, to: UInt64, from: UInt64, count: UInt64
  ) -> ExecutionStatus {
    let target = context.tableRecord(table)
    let record = segmentRecord(context, VMContext.elementSegmentsOffset, segment)
    guard contains(target.count, to, count), contains(record.load(fromByteOffset: 8, as: UInt64.self), from, count)
    else { return tableFault(context, table, to, count) }
    guard count > 0 else { return .completed }
    let words = record.load(as: UnsafeMutablePointer<UInt64>.self) + Int(from)
    let start = target.elements + Int(to)
    return inSlices(context.store, count, size: 8) { memcpy(start + $0, words + $0, $1 * 8) }
  }

  /// elem.drop
  @inline(never)
  static func elemDrop(_ context: VMContext, segment: UInt32) {
    let record = segmentRecord(context, VMContext.elementSegmentsOffset, segment)
    record.load(as: UnsafeMutablePointer<UInt64>?.self)?.deallocate()
    record.storeBytes(of: nil, as: UnsafeMutablePointer<UInt64>?.self)
    record.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
  }

  private static func tableFault(
    _ context: VMContext, _ table: UInt32, _ index: UInt64, _ count: UInt64
  ) -> ExecutionStatus {
    trap(context.store, .outOfBoundsTableAccess, index: table, address: index, length: count)
  }

  // MARK: References and calls

  /// ref.func: the word of a function of the instance, imported or defined.
  @inline(never)
  static func refFunc(_ context: VMContext, _ function: UInt32) -> UInt64 {
    instance(context) { $0.functionRecord(Int(function)).word }
  }

  /// Whether a function of the canonical type `type` may be called as one of the type `expected`. Equal types need not be
  /// asked about.
  @inline(never)
  static func isSubtype(_ context: VMContext, _ type: UInt32, of expected: UInt32) -> Bool {
    type == expected || instance(context) { $0.store.engine.isSubtype(type, of: expected) }
  }

  /// Calls a host function: arguments in the slots, results out. `caller` is the context of the calling instance. The
  /// caller has set `valueStackTop` beyond its own frame and the slots.
  @inline(never)
  static func hostCall(
    _ record: FunctionRecord, caller: VMContext, slots: UnsafeMutablePointer<UInt64>
  ) -> ExecutionStatus {
    let context = record.context.store
    guard ThreadStack.position > UInt(context[StoreContext.nativeStackLimitOffset]) else {
      return trap(context, .callStackExhausted)
    }
    if record.context.word(VMContext.instanceOffset) != 0 {
      return Tier.enterMachineCode(record, slots: slots, in: context)
    }
    return HostFunction.enter(record, caller: caller, slots: slots)
  }

  // MARK: Exceptions (Core 3.0, 4.6.9)

  /// Makes an exception of a tag of the instance, with the slots of its payload (v128: two), for `throw`. The word is an
  /// exnref: the address of an ``ExceptionRecord``; or 0 where the store's limit refuses it.
  @inline(never)
  static func makeException(
    _ context: VMContext, tag: UInt32, slots: UnsafePointer<UInt64>?, count: UInt32
  ) -> UInt64 {
    instance(context) { instance in
      instance.store.exceptions.make(instance.tags[Int(tag)], slots: slots, count: Int(count))?.word ?? 0
    }
  }

  /// To be called when an exception was caught and its payload copied. Where no reference to it is left it is freed here, so
  /// `word` must not be used after.
  @inline(never)
  static func exceptionCaught(_ context: VMContext, _ word: UInt64, byReference: Bool) {
    guard let record = ExceptionRecord(word: word) else { return }
    if byReference { record.escape() } else { store(context.store).exceptions.caught(record) }
  }

  // MARK: From words to objects

  @inline(__always)
  static func contains(_ size: UInt64, _ start: UInt64, _ count: UInt64) -> Bool {
    count <= size && start <= size &- count
  }

  @inline(__always)
  private static func segmentRecord(_ context: VMContext, _ offset: Int, _ index: UInt32) -> UnsafeMutableRawPointer {
    context.pointer(offset) + Int(index) * VMContext.segmentRecordSize
  }

  @inline(__always)
  static func instance<Result>(_ context: VMContext, _ body: (InstanceData) -> Result) -> Result {
    Unmanaged<InstanceData>.fromOpaque(context.pointer(VMContext.instanceOffset))._withUnsafeGuaranteedRef(body)
  }

  static func store(_ context: StoreContext) -> Store {
    let pointer = context.base.load(fromByteOffset: StoreContext.objectOffset, as: UnsafeMutableRawPointer.self)
    return Unmanaged<Store>.fromOpaque(pointer).takeUnretainedValue()
  }
}
