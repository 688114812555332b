import Synchronization
import WebAssembly

/// Compiled code at run time: entering it, leaving it, and what it calls that is not a runtime function of both tiers.
enum MachineCode {
  typealias Entry = @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> UInt64

  /// Whether this machine can run what the compiler makes.
  static let isAvailable = ExecutableMemory.shared != nil && ProcessorFeatures.hasFloor

  /// The pieces that do not depend on types.
  struct Pieces: @unchecked Sendable {
    let trapExit: UnsafeRawPointer
    let throwExit: UnsafeRawPointer
    let lazyStub: UnsafeRawPointer
    let runtimeTable: UnsafeMutablePointer<UInt>
  }

  /// For what belongs to the process.
  static let arena = CodeArena()

  static let pieces: Pieces? = {
    guard isAvailable,
      let trapExit = arena.place(Trampolines.trapExit(recordTrap: address(recordTrap))),
      let throwExit = arena.place(Trampolines.throwExit(throw: address(throwException))),
      let lazyStub = arena.place(Trampolines.lazy(compile: address(compile)))
    else { return nil }
    return Pieces(
      trapExit: trapExit, throwExit: throwExit, lazyStub: lazyStub, runtimeTable: MachineRuntime.table)
  }()

  private struct Thunks: @unchecked Sendable {
    var entries: [UInt32: UnsafeRawPointer] = [:]
    var exits: [UInt32: UnsafeRawPointer] = [:]
  }

  /// The entries and exits of an engine, by canonical type.
  final class ThunkCache: Sendable {
    private let thunks = Mutex(Thunks())
    private let arena = CodeArena()

    func entry(_ id: UInt32, _ type: () -> FunctionType) -> UnsafeRawPointer? {
      thunks.withLock { thunks in
        if let thunk = thunks.entries[id] { return thunk }
        let type = type()
        let code = Trampolines.entry(type.parameters.map { IRType($0) }, type.results.map { IRType($0) })
        let thunk = arena.place(code)
        thunks.entries[id] = thunk
        return thunk
      }
    }

    func exit(_ id: UInt32, _ type: () -> FunctionType) -> UnsafeRawPointer? {
      thunks.withLock { thunks in
        if let thunk = thunks.exits[id] { return thunk }
        let type = type()
        let code = Trampolines.exit(
          type.parameters.map { IRType($0) }, type.results.map { IRType($0) }, call: MachineCode.address(callOut))
        let thunk = arena.place(code)
        thunks.exits[id] = thunk
        return thunk
      }
    }
  }

  private static func address(_ function: @convention(c) (UInt, UInt, UInt, UInt, UInt) -> UInt64) -> UInt {
    unsafeBitCast(function, to: UInt.self)
  }
  private static func address(_ function: @convention(c) (UInt, UInt, UInt, UInt) -> UInt64) -> UInt {
    unsafeBitCast(function, to: UInt.self)
  }
  private static func address(_ function: @convention(c) (UnsafeMutableRawPointer) -> UInt) -> UInt {
    unsafeBitCast(function, to: UInt.self)
  }
  private static func address(
    _ function:
      @convention(c) (
        UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>, UInt
      ) -> UInt64
  ) -> UInt {
    unsafeBitCast(function, to: UInt.self)
  }

  /// What trap exits call: `site` is the return address, `end` the end of the access for memory faults.
  private static let recordTrap: @convention(c) (UInt, UInt, UInt, UInt, UInt) -> UInt64 = {
    context, site, end, frame, status in
    guard let base = UnsafeMutableRawPointer(bitPattern: context) else { return ExecutionStatus.trapped.rawValue }
    let context = VMContext(base)
    let store = context.store
    let found = CodeRegistry.shared.site(site)
    if found?.isPrologue == true {
      // It is the call that failed.
      MachineFrames.noteCaller(store, of: frame, context: context)
    } else {
      MachineFrames.note(store, frame: frame, position: site, context: context)
    }
    let result =
      found.map { record($0, store, end: UInt64(end), status: status) } ?? RuntimeCalls.trap(store, .unreachable)
    if result == .trapped { RuntimeCalls.captureBacktrace(store) }
    return result.rawValue
  }

  private static func record(_ site: CodeSite, _ store: StoreContext, end: UInt64, status: UInt) -> ExecutionStatus {
    switch site.trap {
    case nil: return ExecutionStatus(rawValue: UInt64(status & 0xFF)) ?? .trapped
    case .interrupted: return RuntimeCalls.interrupted(store)
    case .callStackExhausted where InterruptWord.at(store).pointee.load(ordering: .relaxed) != 0:
      // An interrupt makes the compare with the stack's limit fail.
      return RuntimeCalls.interrupted(store)
    case .outOfBoundsMemoryAccess:
      return RuntimeCalls.trap(
        store, .outOfBoundsMemoryAccess, index: site.memory, address: end &- UInt64(site.width),
        length: UInt64(site.width))
    case .uninitializedElement: return RuntimeCalls.trap(store, .uninitializedElement, address: end)
    case .some(let kind): return RuntimeCalls.trap(store, kind)
    }
  }

  /// What throw exits call: an exception is thrown by the call that returns to `site`.
  private static let throwException: @convention(c) (UInt, UInt, UInt, UInt) -> UInt64 = {
    context, exception, frame, site in
    guard let base = UnsafeMutableRawPointer(bitPattern: context) else { return ExecutionStatus.trapped.rawValue }
    let context = VMContext(base)
    let store = context.store
    store[StoreContext.pendingExceptionOffset] = UInt64(exception)
    return Unwinding.unwind(store, frame: frame, position: site, context: context).rawValue
  }

  /// What the lazy stub calls: the machine code of a function, which is the way to the interpreter where the compiler
  /// refuses it.
  private static let compile: @convention(c) (UnsafeMutableRawPointer) -> UInt = { base in
    let record = FunctionRecord(base)
    return RuntimeCalls.instance(record.context) { instance in
      let code = instance.machine?.code(of: record, in: instance.module)
      return code ?? UInt(bitPattern: MachineCode.pieces?.trapExit)
    }
  }

  /// What exits call: a host function, or a function that is interpreted.
  private static let callOut:
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>, UInt) -> UInt64 = {
      base, caller, slots, frame in
      let record = FunctionRecord(base)
      let store = record.context.store
      // A caller that does not keep its context is in the callee's instance.
      MachineFrames.noteCaller(store, of: frame, context: record.context)
      var status: ExecutionStatus
      // The slots lie on the native stack.
      if UInt(store[StoreContext.nativeStackLimitOffset]) >= UInt(bitPattern: slots) {
        status = RuntimeCalls.trap(store, .callStackExhausted)
      } else if record.context.word(VMContext.instanceOffset) == 0 {
        let result = HostFunction.enter(record, caller: VMContext(caller), slots: slots)
        // The caller may go on without another look at the interrupt word.
        let isInterrupted = result == .completed && store[StoreContext.interruptOffset] != 0
        status = isInterrupted ? RuntimeCalls.interrupted(store) : result
      } else {
        status = Tier.interpret(record, slots: slots, in: store)
      }
      switch status {
      case .trapped: RuntimeCalls.captureBacktrace(store)
      case .threw: status = Unwinding.unwindCaller(of: frame, store, context: record.context)
      default: break
      }
      return status.rawValue
    }
}
