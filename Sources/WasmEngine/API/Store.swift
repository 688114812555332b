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
/// handles of them keep the store. So a host function that captures a handle of its own store keeps the store for ever; its
/// ``Caller`` gives it what it needs.
///
/// A store serves one thread at a time. Only its ``interruptHandle`` may be used from another thread meanwhile.
public final class Store {
  public let engine: Engine
  /// Asked before memories, tables and instances are made or grow; false refuses. Not told where the system refuses after
  /// that; ``limits`` count what there is.
  public var limiter: ((ResourceRequest) -> Bool)?
  /// What there may be of all that guests make grow. Lower limits than what there is already refuse everything more.
  public var limits = StoreLimits() {
    didSet { meter.limit = limits.byteCount }
  }
  /// The bytes that count for ``StoreLimits/byteCount``.
  public var countedBytes: UInt64 { meter.used }
  /// The number of references to values of the host (``ExternReference``).
  public var externReferenceCount: Int { externs.count }
  /// Stops what the store executes, from any thread.
  public let interruptHandle: InterruptHandle

  let context: StoreContext
  /// The context of host functions: a header without an instance.
  let hostContext: VMContext
  let meter = ResourceMeter()
  let exceptions: ExceptionArena
  var instances: [InstanceData] = []
  var hostFunctions: [HostFunction] = []
  /// The host's; those of instances are theirs.
  var tags: [TagInstance] = []
  var externs: [Any] = []
  /// A Swift error that a host function threw, on its way to the host.
  var parkedError: (any Error)?
  /// The frames of a trap that goes out through compiled code, whose frames are gone when the host is told.
  var capturedFrames: [(function: FunctionRecord, offset: Int)]?
  let stack: MemoryMapping?
  /// What code reads that uses guard pages, and that faults when it is to stop. Where there is none, code without them runs.
  let trapPage: TrapPage?
  private var memorySequence = 0
  private var machineEntryCount = 0
  private var deadlineToken: UInt64?
  /// The stacks that calls are under way on and that are no thread's.
  var givenStacks: [StackBounds] = [] {
    didSet { context[StoreContext.givenStackCountOffset] = UInt64(clamping: givenStacks.count) }
  }

  public init(_ engine: Engine) {
    self.engine = engine
    exceptions = ExceptionArena(meter)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: StoreContext.size + VMContext.headerSize, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: StoreContext.size + VMContext.headerSize)
    context = StoreContext(memory)
    hostContext = VMContext(memory + StoreContext.size)
    if engine.configuration.tier == .compiler, engine.configuration.usesGuardPages, SignalTraps.areAvailable {
      context[StoreContext.takesFaultsOffset] = 1
      trapPage = TrapPage()
    } else {
      trapPage = nil
    }
    if let trapPage { context[StoreContext.interruptPageOffset] = UInt64(UInt(bitPattern: trapPage.address)) }
    context[StoreContext.nativeStackSizeOffset] = UInt64(clamping: max(engine.configuration.stackSize, 4096))
    interruptHandle = InterruptHandle(context, page: trapPage)
    // Without a stack nothing can be instantiated.
    stack = MemoryMapping(allocating: UInt64(clamping: max(engine.configuration.stackSize, 4096)))
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
    MachineEntryTable.deallocate(in: context)
    trapPage?.release()
    context.base.deallocate()
  }

  // MARK: Limits

  /// Fuel that is left, one unit for each instruction; nil where the engine does not meter it. A store begins with none.
  public var fuel: Int64? {
    engine.configuration.metersFuel ? Int64(bitPattern: context[StoreContext.fuelOffset]) : nil
  }

  /// Sets the fuel that is left; less than none is none.
  public func setFuel(_ fuel: Int64) throws(UsageError) {
    guard engine.configuration.metersFuel else { throw .fuelNotMetered }
    context[StoreContext.fuelOffset] = UInt64(bitPattern: max(fuel, 0))
  }

  /// Makes everything that the store executes at a later time trap as ``Trap/Kind-swift.enum/deadlineExceeded``, instead of
  /// the deadline that it had.
  ///
  /// - Throws: ``UsageError/deadlineRefused`` where the system gives no thread that looks at the clock. The deadline has
  ///   then passed, so that nothing runs without one, until another can be set or ``removeDeadline()`` is called.
  public func setDeadline(_ instant: ContinuousClock.Instant) throws(UsageError) {
    removeDeadline()
    guard instant > .now else { return interruptHandle.set(InterruptWord.deadline) }
    deadlineToken = DeadlineTimer.shared.add(interruptHandle, at: instant)
    guard deadlineToken == nil else { return }
    interruptHandle.set(InterruptWord.deadline)
    throw .deadlineRefused
  }

  /// Sets the deadline to a time from now; more than a hundred years are a hundred years.
  ///
  /// - Throws: ``UsageError/deadlineRefused``, as for an instant.
  public func setDeadline(after duration: Duration) throws(UsageError) {
    // Far ends of durations are beyond those of instants.
    let most = Duration.seconds(100 * 365 * 86_400)
    try setDeadline(.now + min(max(duration, .zero), most))
  }

  /// Takes the deadline back, also one that has passed.
  public func removeDeadline() {
    if let deadlineToken { DeadlineTimer.shared.remove(deadlineToken) }
    deadlineToken = nil
    interruptHandle.clear(InterruptWord.deadline)
    InterruptWord.refreshLimit(context)
  }

  /// Whether execution is to stop: for host functions that wait or work long, which should then throw an
  /// ``Interruption``.
  public var isInterrupted: Bool { InterruptWord.at(context).pointee.load(ordering: .relaxed) != 0 }

  // MARK: Growth

  /// A number of pages in bytes, or as many as there can be.
  private static func bytes(_ pages: UInt64, _ type: MemoryType) -> UInt64 {
    let (bytes, overflow) = pages.multipliedReportingOverflow(by: type.pageSize)
    return overflow ? .max : bytes
  }

  func grow(_ memory: LinearMemory, by delta: UInt64) -> UInt64? {
    guard delta > 0 else { return memory.pageCount }
    let type = memory.declaredType
    if let limiter {
      guard let pages = memory.pageCount(growingBy: delta) else { return nil }
      let maximum = type.limits.maximum.map { Self.bytes($0, type) }
      let desired = Self.bytes(pages, type)
      guard limiter(.memory(current: memory.byteCount, desired: desired, maximum: maximum)) else { return nil }
    }
    // The limiter may have let the guest run, which may have grown the memory.
    guard let pages = memory.pageCount(growingBy: delta), memory.charge.change(to: Self.bytes(pages, type)) else {
      return nil
    }
    let old = memory.grow(by: delta)
    // What the system has refused does not count.
    if old == nil { _ = memory.charge.change(to: memory.byteCount) }
    return old
  }

  func grow(
    _ table: TableInstance, by delta: UInt64, filledWith word: UInt64, while goesOn: () -> Bool = { true }
  ) -> UInt64? {
    guard delta > 0 else { return table.count }
    if let limiter {
      guard let count = table.count(growingBy: delta) else { return nil }
      let maximum = table.declaredType.limits.maximum
      guard limiter(.table(current: table.count, desired: count, maximum: maximum)) else { return nil }
    }
    guard let count = table.count(growingBy: delta), let bytes = TableInstance.byteCount(count),
      table.charge.change(to: bytes)
    else { return nil }
    let old = table.grow(by: delta, filledWith: word, while: goesOn)
    if old == nil { _ = table.charge.change(to: table.byteCount) }
    return old
  }

  // MARK: Allocation

  func makeMemory(_ type: MemoryType, policy: MemoryPolicy?) throws(UsageError) -> LinearMemory {
    memorySequence &+= 1
    let bytes = Self.bytes(type.limits.minimum, type)
    if let limiter {
      let maximum = type.limits.maximum.map { Self.bytes($0, type) }
      guard limiter(.memory(current: 0, desired: bytes, maximum: maximum)) else {
        throw .resourceRefused("memory \(type)")
      }
    }
    let charge = ResourceCharge(meter)
    guard charge.change(to: bytes),
      let memory = LinearMemory(
        type, policy: policy ?? engine.configuration.memoryPolicy, sequence: memorySequence, charge: charge)
    else { throw .resourceRefused("memory \(type)") }
    return memory
  }

  func makeTable(_ type: TableType, filledWith word: UInt64) throws(UsageError) -> TableInstance {
    if let limiter {
      guard limiter(.table(current: 0, desired: type.limits.minimum, maximum: type.limits.maximum)) else {
        throw .resourceRefused("table \(type)")
      }
    }
    let charge = ResourceCharge(meter)
    guard let bytes = TableInstance.byteCount(type.limits.minimum), charge.change(to: bytes),
      let table = TableInstance(
        type, filledWith: word, largestCount: engine.configuration.largestTable, charge: charge)
    else { throw .resourceRefused("table \(type)") }
    return table
  }

  func makeHostFunction(_ type: FunctionType, body: HostFunctionBody) throws(UsageError) -> HostFunction {
    let types = try engine.register(type)
    let function = HostFunction(type, registered: types, store: self, index: hostFunctions.count, body: body)
    hostFunctions.append(function)
    if engine.configuration.tier == .compiler, let pieces = MachineCode.pieces {
      function.record.machineCode = machineExit(to: function.record) ?? UInt(bitPattern: pieces.lazyStub)
    }
    return function
  }

  /// The machine code that calls a host function; nil where there is no room for it.
  func machineExit(to record: FunctionRecord) -> UInt? {
    let function = hostFunctions[Int(record.index)]
    let thunk = engine.thunks.thunk(function.takesWords ? .wordExit : .exit, function.type)
    return thunk.map { UInt(bitPattern: $0) }
  }

  /// The machine code that enters functions of a canonical type, if there is any, in a table for the calls to come.
  func makeMachineEntry(_ typeID: UInt32) -> UnsafeRawPointer? {
    guard let entry = engine.thunks.thunk(.entry, engine.functionType(typeID)) else { return nil }
    MachineEntryTable.add(typeID, entry, count: machineEntryCount, in: context)
    machineEntryCount += 1
    return entry
  }
}
