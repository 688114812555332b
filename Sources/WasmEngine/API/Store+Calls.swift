import WebAssembly

// Calls from the host into a store, and what it is told of those that do not complete.
extension Store {
  /// Slots for the arguments and results of a call, on the store's stack.
  @usableFromInline func takeSlots(_ count: Int) throws -> UnsafeMutablePointer<UInt64> {
    let top = context[StoreContext.valueStackTopOffset]
    let limit = context[StoreContext.valueStackLimitOffset]
    guard top != 0, UInt64(clamping: count) <= (limit - top) / 8 else { throw Trap(kind: .callStackExhausted) }
    // Frames stay aligned to 16 bytes.
    context[StoreContext.valueStackTopOffset] = top + (UInt64(clamping: count) * 8 + 15) & ~15
    return UnsafeMutablePointer(bitPattern: UInt(top))!
  }

  @usableFromInline func returnSlots(_ slots: UnsafeMutablePointer<UInt64>) {
    context[StoreContext.valueStackTopOffset] = UInt64(UInt(bitPattern: slots))
  }

  /// Calls a function with arguments and results in slots.
  @usableFromInline func call(_ function: Function, slots: UnsafeMutablePointer<UInt64>) throws {
    try call(function.record, slots: slots)
  }

  /// Calls a function with arguments and results in slots.
  func call(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    try context.onThisStack { () throws in try execute(record, slots: slots) }
  }

  private func execute(_ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>) throws {
    let isHost = record.context.base == hostContext.base
    guard UInt64(ThreadStack.position) > context[StoreContext.nativeStackLimitOffset] else { throw stackExhausted() }
    guard context[StoreContext.interruptOffset] == 0 else { throw interrupted() }
    if record.machineCode != 0, !isHost {
      let status = Tier.enterMachineCode(record, slots: slots, in: context)
      if status != .completed { throw failure(status) }
      return
    }
    let top = context[StoreContext.valueStackTopOffset]
    let activation = context[StoreContext.lastActivationOffset]
    let frame = context[StoreContext.lastFrameOffset]
    let position = context[StoreContext.lastPositionOffset]
    let innermost = context[StoreContext.lastContextOffset]
    defer {
      context[StoreContext.valueStackTopOffset] = top
      context[StoreContext.lastActivationOffset] = activation
      context[StoreContext.lastFrameOffset] = frame
      context[StoreContext.lastPositionOffset] = position
      context[StoreContext.lastContextOffset] = innermost
    }
    let status =
      isHost
      ? RuntimeCalls.hostCall(record, caller: hostContext, slots: slots)
      : Tier.interpret(record, slots: slots, in: context)
    if status != .completed { throw failure(status) }
  }

  // MARK: Failures

  func stackExhausted() -> any Error { failure(RuntimeCalls.trap(context, .callStackExhausted)) }

  /// For a call that is not to begin, since the interrupt word is set.
  func interrupted() -> any Error { failure(RuntimeCalls.interrupted(context)) }

  /// What the host is told of an execution that did not complete.
  func failure(_ status: ExecutionStatus) -> any Error {
    defer { capturedFrames = nil }
    switch status {
    case .completed, .trapped, .caught, .wrongStack: return trap()
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
    if error is Interruption { return RuntimeCalls.interrupted(context) }
    parkedError = error
    return .hostFailed
  }

  /// Throws an exception of the host's in the guest.
  private func raise(_ exception: UncaughtException) -> ExecutionStatus {
    guard exception.tag.store === self else {
      parkedError = exception
      return .hostFailed
    }
    let record = exception.reference?.record ?? exceptions.make(exception.tag.instance, exception.payload)
    guard let record else { return RuntimeCalls.trap(context, .outOfMemory) }
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
        let place = instance.module.textPosition(ofOffset: offset)
        return Frame(
          module: names.module, function: function.index, name: names.name(of: .function, function.index),
          offset: offset, line: place?.line, column: place?.column)
      }
    }
  }
}
