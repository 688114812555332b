import WebAssembly

/// A request for resources that a store's limiter may refuse.
public enum ResourceRequest: Hashable, Sendable {
  /// A new memory (`current` 0) or the growth of one, in bytes.
  case memory(current: UInt64, desired: UInt64, maximum: UInt64?)
  /// A new table or the growth of one, in elements.
  case table(current: UInt64, desired: UInt64, maximum: UInt64?)
  /// One more instance; `count` with it.
  case instance(count: Int)
}

/// What instances, memories, tables, globals and functions live in (Core 3.0, 4.2.4). They stay until the store goes;
/// handles of them keep the store.
///
/// A store serves one thread at a time. Only its ``interruptHandle`` may be used from another thread meanwhile.
public final class Store {
  public let engine: Engine
  /// Asked before memories, tables and instances are made or grow; false refuses.
  public var limiter: ((ResourceRequest) -> Bool)?
  /// Stops what the store executes, from any thread.
  public let interruptHandle: InterruptHandle

  let context: StoreContext
  /// The context of host functions: a header without an instance.
  let hostContext: VMContext
  let exceptions = ExceptionArena()
  var instances: [InstanceData] = []
  var hostFunctions: [HostFunction] = []
  var tags: [TagInstance] = []
  var externs: [Any] = []
  /// A Swift error that a host function threw, on its way to the host.
  private var parkedError: (any Error)?
  /// The frames of a trap that goes out through compiled code, whose frames are gone when the host is told.
  private var capturedFrames: [(function: FunctionRecord, offset: Int)]?
  private let stack: MemoryMapping?
  private var memorySequence = 0
  /// The machine code that enters functions of each canonical type; nil where it was not asked for yet.
  private var machineEntries: [UnsafeRawPointer?] = []
  private var deadlineToken: UInt64?

  public init(_ engine: Engine) {
    self.engine = engine
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: StoreContext.size + VMContext.headerSize, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: StoreContext.size + VMContext.headerSize)
    context = StoreContext(memory)
    hostContext = VMContext(memory + StoreContext.size)
    if engine.configuration.tier == .compiler, engine.configuration.usesGuardPages, SignalTraps.areAvailable,
      let page = VirtualMemory.allocate(VirtualMemory.pageSize)
    {
      context[StoreContext.interruptPageOffset] = UInt64(UInt(bitPattern: page))
    }
    interruptHandle = InterruptHandle(context)
    // Without a stack every call ends in a trap.
    stack = MemoryMapping(allocating: UInt64(max(engine.configuration.stackSize, 4096)))
    if let stack {
      context[StoreContext.valueStackTopOffset] = UInt64(UInt(bitPattern: stack.base))
      context[StoreContext.valueStackLimitOffset] = UInt64(UInt(bitPattern: stack.base + stack.capacity))
    }
    context[StoreContext.fuelOffset] = UInt64(bitPattern: engine.configuration.metersFuel ? 0 : .max)
    context[StoreContext.objectOffset] = UInt64(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()))
    context[StoreContext.runtimeTableOffset] = UInt64(UInt(bitPattern: MachineRuntime.table))
    hostContext.base.storeBytes(
      of: context.base, toByteOffset: VMContext.storeOffset, as: UnsafeMutableRawPointer.self)
  }

  deinit {
    if let deadlineToken { DeadlineTimer.shared.remove(deadlineToken) }
    interruptHandle.invalidate()
    context.machineEntries?.deallocate()
    if let page = UnsafeMutableRawPointer(bitPattern: UInt(context[StoreContext.interruptPageOffset])) {
      VirtualMemory.release(page, VirtualMemory.pageSize)
    }
    context.base.deallocate()
  }

  // MARK: Limits

  /// Fuel that is left, one unit for each instruction; nil where the engine does not meter it. A store begins with none.
  public var fuel: Int64? {
    engine.configuration.metersFuel ? Int64(bitPattern: context[StoreContext.fuelOffset]) : nil
  }

  /// Sets the fuel that is left.
  public func setFuel(_ fuel: Int64) throws(UsageError) {
    guard engine.configuration.metersFuel else { throw .fuelNotMetered }
    context[StoreContext.fuelOffset] = UInt64(bitPattern: fuel)
  }

  /// Makes everything that the store executes at a later time trap as ``Trap/Kind-swift.enum/deadlineExceeded``; nil takes
  /// a deadline back, also one that has passed.
  public func setDeadline(_ instant: ContinuousClock.Instant?) {
    if let deadlineToken { DeadlineTimer.shared.remove(deadlineToken) }
    deadlineToken = nil
    interruptHandle.clear(InterruptWord.deadline)
    InterruptWord.refreshLimit(context)
    if let instant {
      if instant <= .now {
        interruptHandle.set(InterruptWord.deadline)
      } else {
        deadlineToken = DeadlineTimer.shared.add(interruptHandle, at: instant)
      }
    }
  }

  /// Sets the deadline to a time from now.
  public func setDeadline(after duration: Duration) { setDeadline(.now + duration) }

  /// Whether execution is to stop: for host functions that wait, which should return then.
  public var isInterrupted: Bool { InterruptWord.at(context).pointee.load(ordering: .relaxed) != 0 }

  func grow(_ memory: LinearMemory, by delta: UInt64) -> UInt64? {
    if let limiter, delta > 0 {
      guard let pages = memory.pageCount(growingBy: delta) else { return nil }
      let shift = UInt64(memory.declaredType.pageSizeLog2)
      let maximum = memory.declaredType.limits.maximum.map { $0 << shift }
      guard limiter(.memory(current: memory.byteCount, desired: pages << shift, maximum: maximum)) else { return nil }
    }
    return memory.grow(by: delta)
  }

  func grow(_ table: TableInstance, by delta: UInt64, filledWith word: UInt64) -> UInt64? {
    if let limiter, delta > 0 {
      guard let count = table.count(growingBy: delta) else { return nil }
      let maximum = table.declaredType.limits.maximum
      guard limiter(.table(current: table.count, desired: count, maximum: maximum)) else { return nil }
    }
    return table.grow(by: delta, filledWith: word)
  }

  // MARK: Allocation

  func makeMemory(_ type: MemoryType, policy: MemoryPolicy?) throws(UsageError) -> LinearMemory {
    memorySequence += 1
    let shift = UInt64(type.pageSizeLog2)
    let bytes = type.limits.minimum << shift
    if let limiter {
      let maximum = type.limits.maximum.map { $0 << shift }
      guard bytes >> shift == type.limits.minimum, limiter(.memory(current: 0, desired: bytes, maximum: maximum)) else {
        throw .resourceRefused("memory \(type)")
      }
    }
    guard
      let memory = LinearMemory(
        type, policy: policy ?? engine.configuration.memoryPolicy, sequence: memorySequence)
    else { throw .resourceRefused("memory \(type)") }
    return memory
  }

  func makeTable(_ type: TableType, filledWith word: UInt64) throws(UsageError) -> TableInstance {
    if let limiter {
      guard limiter(.table(current: 0, desired: type.limits.minimum, maximum: type.limits.maximum)) else {
        throw .resourceRefused("table \(type)")
      }
    }
    guard let table = TableInstance(type, filledWith: word, largestCount: engine.configuration.largestTable) else {
      throw .resourceRefused("table \(type)")
    }
    return table
  }

  func makeTag(typeID: UInt32) -> TagInstance {
    let tag = TagInstance(typeID: typeID)
    tags.append(tag)
    return tag
  }

  func makeHostFunction(_ type: FunctionType, body: @escaping HostBody) throws(UsageError) -> HostFunction {
    let id = try engine.id(of: type)
    let function = HostFunction(type, id: id, store: self, index: hostFunctions.count, body: body)
    if engine.configuration.tier == .compiler, MachineCode.pieces != nil, let exit = engine.thunks.exit(id, { type }) {
      function.record.machineCode = UInt(bitPattern: exit)
    }
    hostFunctions.append(function)
    return function
  }

  /// The machine code that enters functions of a canonical type, if there is any, in a table for the calls to come.
  func makeMachineEntry(_ typeID: UInt32) -> UnsafeRawPointer? {
    guard let entry = engine.thunks.entry(typeID, { engine.functionType(typeID) }) else { return nil }
    while machineEntries.count <= Int(typeID) { machineEntries.append(nil) }
    machineEntries[Int(typeID)] = entry
    let table = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: machineEntries.count)
    table.initialize(from: machineEntries, count: machineEntries.count)
    context.machineEntries?.deallocate()
    context.machineEntries = table
    context[StoreContext.machineEntryCountOffset] = UInt64(machineEntries.count)
    return entry
  }

  // MARK: Calls

  /// Slots for the arguments and results of a call, on the store's stack.
  @usableFromInline func takeSlots(_ count: Int) throws -> UnsafeMutablePointer<UInt64> {
    let top = context[StoreContext.valueStackTopOffset]
    let limit = context[StoreContext.valueStackLimitOffset]
    guard top != 0, UInt64(count) <= (limit - top) / 8 else { throw Trap(kind: .callStackExhausted) }
    // Frames stay aligned to 16 bytes.
    context[StoreContext.valueStackTopOffset] = top + (UInt64(count) * 8 + 15) & ~15
    return UnsafeMutablePointer(bitPattern: UInt(top))!
  }

  @usableFromInline func returnSlots(_ slots: UnsafeMutablePointer<UInt64>) {
    context[StoreContext.valueStackTopOffset] = UInt64(UInt(bitPattern: slots))
  }

  /// Calls a function with arguments and results in slots.
  @usableFromInline func call(_ function: Function, slots: UnsafeMutablePointer<UInt64>) throws {
    try call(function.record, slots: slots)
  }

  @inline(__always)
  func call(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    let position = UInt64(ThreadStack.position)
    // A call of machine code by a host function that wasm has called on this stack. Everything else takes a longer way.
    guard position > context[StoreContext.nativeStackLimitOffset],
      position < context[StoreContext.nativeStackStartOffset], record.machineCode != 0,
      record.context.base != hostContext.base
    else { return try callOnAnyStack(record, slots: slots) }
    try enterMachineCode(record, slots: slots)
  }

  @inline(__always)
  private func enterMachineCode(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    let top = context[StoreContext.valueStackTopOffset]
    let status = Tier.enterMachineCode(record, slots: slots, in: context)
    context[StoreContext.valueStackTopOffset] = top
    if status != .completed { throw failure(status) }
  }

  /// Makes the limit of the stack this thread's, and calls a function.
  @inline(never)
  private func callOnAnyStack(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    let limit = context[StoreContext.nativeStackLimitOffset]
    let start = context[StoreContext.nativeStackStartOffset]
    let position = UInt64(ThreadStack.position)
    if position > limit, position < start { return try callOnSameStack(record, slots: slots) }
    let newLimit = UInt64(ThreadStack.limit)
    if newLimit != limit {
      context[StoreContext.nativeStackLimitOffset] = newLimit
      InterruptWord.refreshLimit(context)
    }
    context[StoreContext.nativeStackStartOffset] = position
    defer {
      context[StoreContext.nativeStackStartOffset] = start
      // A host function may have gone on on another thread, whose stack has other bounds.
      if start != 0, newLimit != limit {
        context[StoreContext.nativeStackLimitOffset] = limit
        InterruptWord.refreshLimit(context)
      }
    }
    try callOnSameStack(record, slots: slots)
  }

  /// Calls a function while the limit of the stack is this thread's.
  private func callOnSameStack(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    if record.machineCode != 0, record.context.base != hostContext.base,
      UInt64(ThreadStack.position) > context[StoreContext.nativeStackLimitOffset]
    {
      return try enterMachineCode(record, slots: slots)
    }
    let top = context[StoreContext.valueStackTopOffset]
    let savedActivation = context[StoreContext.lastActivationOffset]
    let savedFrame = context[StoreContext.lastFrameOffset]
    let savedPosition = context[StoreContext.lastPositionOffset]
    let savedContext = context[StoreContext.lastContextOffset]
    defer {
      context[StoreContext.valueStackTopOffset] = top
      context[StoreContext.lastActivationOffset] = savedActivation
      context[StoreContext.lastFrameOffset] = savedFrame
      context[StoreContext.lastPositionOffset] = savedPosition
      context[StoreContext.lastContextOffset] = savedContext
    }
    let status: ExecutionStatus
    if record.context.base == hostContext.base {
      status = RuntimeCalls.hostCall(record, caller: hostContext, slots: slots)
    } else if UInt64(ThreadStack.position) <= context[StoreContext.nativeStackLimitOffset] {
      status = RuntimeCalls.trap(context, .callStackExhausted)
    } else {
      status = Tier.interpret(record, slots: slots, in: context)
    }
    if status != .completed { throw failure(status) }
  }

  /// What the host is told of an execution that did not complete.
  private func failure(_ status: ExecutionStatus) -> any Error {
    defer { capturedFrames = nil }
    switch status {
    case .completed, .trapped, .caught: return trap()
    case .threw:
      let word = context[StoreContext.pendingExceptionOffset]
      context[StoreContext.pendingExceptionOffset] = 0
      guard let record = ExceptionRecord(word: word) else { return trap() }
      return UncaughtException(ExceptionReference(record: record, store: self))
    case .hostFailed:
      defer { parkedError = nil }
      return parkedError ?? trap()
    }
  }

  /// What becomes of an error that a host function throws.
  @inline(never)
  func hostFailure(_ error: any Error) -> ExecutionStatus {
    if let exception = error as? UncaughtException { return raise(exception) }
    parkedError = error
    return .hostFailed
  }

  /// Throws an exception of the host's in the guest.
  private func raise(_ exception: UncaughtException) -> ExecutionStatus {
    guard exception.tag.store === self else {
      parkedError = exception
      return .hostFailed
    }
    let record: ExceptionRecord
    if let reference = exception.reference {
      record = reference.record
    } else {
      record = exceptions.make(exception.tag.instance, exception.payload)
    }
    context[StoreContext.pendingExceptionOffset] = record.word
    return .threw
  }

  /// The trap that the context tells of.
  private func trap() -> Trap {
    let raw = UInt8(truncatingIfNeeded: context[StoreContext.trapKindOffset])
    var trap = Trap(kind: Trap.Kind(rawValue: raw) ?? .unreachable)
    if trap.kind == .outOfBoundsMemoryAccess {
      trap.memoryFault = Trap.MemoryFault(
        memoryIndex: Int(truncatingIfNeeded: context[StoreContext.trapIndexOffset]),
        address: context[StoreContext.trapAddressOffset], length: context[StoreContext.trapLengthOffset])
    }
    if trap.kind == .uninitializedElement { trap.elementIndex = context[StoreContext.trapAddressOffset] }
    trap.backtrace = backtrace()
    return trap
  }

  /// How many frames of a backtrace are kept.
  private static let backtraceLimit = 64

  /// Keeps the frames as they are now, unless that was done for this trap already.
  func captureBacktrace() {
    if capturedFrames == nil { capturedFrames = Tier.frames(of: context, limit: Self.backtraceLimit) }
  }

  private func backtrace() -> [Frame] {
    (capturedFrames ?? Tier.frames(of: context, limit: Self.backtraceLimit)).map { function, offset in
      RuntimeCalls.instance(function.context) { instance in
        let names = instance.module.names
        return Frame(
          module: names.module, function: function.index, name: names.name(of: .function, function.index),
          offset: offset)
      }
    }
  }
}
