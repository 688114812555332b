import WebAssembly

/// Compiled code at run time: entering it, leaving it, and what it calls that is not a runtime function of both tiers.
enum MachineCode {
  /// See ``Trampolines/entry(_:_:)``.
  typealias Entry = @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>) -> Void
  /// See ``Trampolines/wordEntry(_:_:)``.
  typealias WordEntry = @convention(c) (UnsafeMutableRawPointer, UInt64, UInt64, UInt64, UInt64) -> UInt64

  /// Whether this machine can run what the compiler makes.
  static let isAvailable =
    ExecutableMemory.shared != nil && ProcessorFeatures.hasFloor && CodeRegistry.shared.isAvailable

  /// Whether it could, if the system gave us the memory. Without that the processor cannot be asked what it has.
  static var isRefused: Bool {
    #if os(Linux) && arch(x86_64)
      ExecutableMemory.shared == nil || (ProcessorFeatures.hasFloor && pieces == nil)
    #else
      false
    #endif
  }

  /// The pieces that do not depend on types.
  struct Pieces: @unchecked Sendable {
    let trapExit: UnsafeRawPointer
    let throwExit: UnsafeRawPointer
    let lazyStub: UnsafeRawPointer
    /// Where calls end of functions for which there is no room.
    let refusalExit: UnsafeRawPointer
    let runtimeTable: UnsafeMutablePointer<UInt>
  }

  /// For what belongs to the process.
  static let arena = CodeArena()

  static let pieces: Pieces? = {
    guard isAvailable,
      let trapExit = arena.place(Trampolines.trapExit(recordTrap: address(recordTrap))),
      let throwExit = arena.place(Trampolines.throwExit(throw: address(throwException))),
      let lazyStub = arena.place(Trampolines.lazy(compile: address(compile))),
      let refusalExit = arena.place(Trampolines.exit([], [], call: address(refuse)))
    else { return nil }
    return Pieces(
      trapExit: trapExit, throwExit: throwExit, lazyStub: lazyStub, refusalExit: refusalExit,
      runtimeTable: MachineRuntime.table)
  }()

  /// The ways into and out of machine code.
  enum Thunk: UInt8 {
    case entry, exit, wordEntry, wordExit
  }

  /// What the code of a thunk depends on: which one it is, and how the parameters and results are passed. Not the canonical
  /// type, whose id goes to another type when the modules that have it are gone.
  private struct ThunkShape: Hashable {
    private var bytes: [UInt8]

    init(_ kind: Thunk, _ type: FunctionType) {
      bytes = [kind.rawValue]
      bytes.reserveCapacity(type.parameters.count + type.results.count + 2)
      for parameter in type.parameters { bytes.append(IRType(parameter).rawValue) }
      bytes.append(.max)
      for result in type.results { bytes.append(IRType(result).rawValue) }
    }
  }

  private struct Thunks: @unchecked Sendable {
    var made: [ThunkShape: UnsafeRawPointer] = [:]
  }

  /// The thunks of an engine.
  final class ThunkCache: Sendable {
    private let thunks = Lock(Thunks())
    private let arena = CodeArena()

    /// A thunk for functions of a type; nil where there is no room for it, or where calls of the type are not in words.
    func thunk(_ kind: Thunk, _ type: FunctionType) -> UnsafeRawPointer? {
      let shape = ThunkShape(kind, type)
      return thunks.withLock { thunks in
        if let thunk = thunks.made[shape] { return thunk }
        guard let code = Self.make(kind, type) else { return nil }
        let thunk = arena.place(code)
        thunks.made[shape] = thunk
        return thunk
      }
    }

    private static func make(_ kind: Thunk, _ type: FunctionType) -> [UInt8]? {
      let parameters = type.parameters.map { IRType($0) }
      let results = type.results.map { IRType($0) }
      switch kind {
      case .entry: return Trampolines.entry(parameters, results)
      case .exit: return Trampolines.exit(parameters, results, call: MachineCode.address(callOut))
      case .wordEntry, .wordExit:
        guard Trampolines.areWords(type) else { return nil }
        return kind == .wordEntry
          ? Trampolines.wordEntry(parameters, results)
          : Trampolines.wordExit(parameters, results, call: MachineCode.address(callHost))
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

  private static func address(
    _ function:
      @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UInt64, UInt64, UInt64, UInt64) -> UInt64
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
  /// refuses it. That of a host function is made here where there was no room for it before.
  private static let compile: @convention(c) (UnsafeMutableRawPointer) -> UInt = { base in
    let record = FunctionRecord(base)
    let code: UInt?
    if record.context.word(VMContext.instanceOffset) == 0 {
      code = RuntimeCalls.store(record.context.store).machineExit(to: record)
      if let code { record.machineCode = code }
    } else {
      code = RuntimeCalls.instance(record.context) { $0.machine?.code(of: record, in: $0.module) }
    }
    return code ?? UInt(bitPattern: MachineCode.pieces?.refusalExit)
  }

  /// What the refusal exit calls.
  private static let refuse:
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>, UInt) -> UInt64 = {
      base, _, _, frame in
      let context = FunctionRecord(base).context
      MachineFrames.noteCaller(context.store, of: frame, context: context)
      let status = RuntimeCalls.trap(context.store, .outOfMemory)
      RuntimeCalls.captureBacktrace(context.store)
      return status.rawValue
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
        status = result == .completed ? interruption(store) : result
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

  /// After a host function has returned: its caller may go on without another look at the interrupt word.
  @inline(__always)
  private static func interruption(_ store: StoreContext) -> ExecutionStatus {
    store[StoreContext.interruptOffset] == 0 ? .completed : RuntimeCalls.interrupted(store)
  }

  /// What word exits call: a host function over words. The result is its, and ``StoreContext/statusOffset`` says whether it
  /// is one.
  private static let callHost:
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UInt64, UInt64, UInt64, UInt64) -> UInt64 = {
      base, caller, a, b, c, d in
      let store = FunctionRecord(base).context.store
      var result: UInt64 = 0
      let status = HostFunction.enter(FunctionRecord(base), caller: VMContext(caller), a, b, c, d, result: &result)
      if status != .completed || store[StoreContext.interruptOffset] != 0 { failed(status, store) }
      return result
    }

  /// Says how a host function ended that did not complete, or whose caller is to stop.
  @inline(never)
  private static func failed(_ ending: ExecutionStatus, _ store: StoreContext) {
    var status = ending == .completed ? interruption(store) : ending
    switch status {
    case .trapped: RuntimeCalls.captureBacktrace(store)
    case .threw:
      guard let context = UnsafeMutableRawPointer(bitPattern: UInt(store[StoreContext.lastContextOffset])) else {
        break
      }
      status = Unwinding.unwind(
        store, frame: UInt(store[StoreContext.lastFrameOffset]) & ~MachineFrames.mark,
        position: UInt(store[StoreContext.lastPositionOffset]), context: VMContext(context))
    default: break
    }
    store[StoreContext.statusOffset] = status.rawValue
  }
}
