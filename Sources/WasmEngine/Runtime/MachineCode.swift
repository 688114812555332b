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
    let lazyStub: UnsafeRawPointer
    let runtimeTable: UnsafeMutablePointer<UInt>
  }

  static let pieces: Pieces? = {
    guard isAvailable, let memory = ExecutableMemory.shared,
      let trapExit = memory.place(Trampolines.trapExit(recordTrap: address(recordTrap))),
      let lazyStub = memory.place(Trampolines.lazy(compile: address(compile)))
    else { return nil }
    return Pieces(trapExit: trapExit, lazyStub: lazyStub, runtimeTable: MachineRuntime.table)
  }()

  private struct Thunks: @unchecked Sendable {
    var entries: [UInt32: UnsafeRawPointer] = [:]
    var exits: [UInt32: UnsafeRawPointer] = [:]
  }

  /// The entries and exits of an engine, by canonical type.
  final class ThunkCache: Sendable {
    private let thunks = Mutex(Thunks())

    func entry(_ id: UInt32, _ type: () -> FunctionType) -> UnsafeRawPointer? {
      thunks.withLock { thunks in
        if let thunk = thunks.entries[id] { return thunk }
        let type = type()
        let code = Trampolines.entry(type.parameters.map { IRType($0) }, type.results.map { IRType($0) })
        let thunk = ExecutableMemory.shared?.place(code)
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
        let thunk = ExecutableMemory.shared?.place(code)
        thunks.exits[id] = thunk
        return thunk
      }
    }
  }

  private static func address(_ function: @convention(c) (UInt, UInt, UInt, UInt, UInt) -> UInt64) -> UInt {
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
      let status: ExecutionStatus
      if record.context.word(VMContext.instanceOffset) == 0 {
        let result = RuntimeCalls.hostCall(record, caller: VMContext(caller), slots: slots)
        // The caller may go on without another look at the interrupt word.
        let isInterrupted = result == .completed && store[StoreContext.interruptOffset] != 0
        status = isInterrupted ? RuntimeCalls.interrupted(store) : result
      } else if UInt(store[StoreContext.nativeStackLimitOffset]) >= UInt(bitPattern: slots) {
        status = RuntimeCalls.trap(store, .callStackExhausted)
      } else {
        status = Tier.interpret(record, slots: slots, in: store)
      }
      if status == .trapped { RuntimeCalls.captureBacktrace(store) }
      return status.rawValue
    }
}

/// Where compiled code came from, for traps and backtraces.
final class CodeRegistry: Sendable {
  static let shared = CodeRegistry()

  struct Entry: Sendable {
    var start: UInt
    var end: UInt
    var sites: [CodeSite]
    var accesses: [AccessSite]
    var function: UInt32
    /// Whether its frames hold their context below the saved frame pointer.
    var keepsContext: Bool
  }

  /// Sorted by address, since code is placed at rising addresses.
  private let entries = Mutex<[Entry]>([])

  func add(_ entry: Entry) {
    entries.withLock { entries in
      var index = entries.count
      while index > 0, entries[index - 1].start > entry.start { index -= 1 }
      entries.insert(entry, at: index)
    }
  }

  private func entry(_ address: UInt, in entries: [Entry]) -> Entry? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    guard low < entries.count, entries[low].start <= address else { return nil }
    return entries[low]
  }

  /// What a return address belongs to.
  func site(_ address: UInt) -> CodeSite? {
    entries.withLock { entries in
      // A return address can be the end of the code.
      guard let entry = entry(address - 1, in: entries) else { return nil }
      return site(address, in: entry)
    }
  }

  private func site(_ address: UInt, in entry: Entry) -> CodeSite? {
    let offset = UInt32(truncatingIfNeeded: address - entry.start)
    var low = 0
    var high = entry.sites.count
    while low < high {
      let middle = (low + high) / 2
      if entry.sites[middle].codeOffset < offset { low = middle + 1 } else { high = middle }
    }
    return low < entry.sites.count && entry.sites[low].codeOffset == offset ? entry.sites[low] : nil
  }

  /// The access that the instruction at an address belongs to.
  func access(_ address: UInt) -> AccessSite? {
    entries.withLock { entries in
      guard let entry = entry(address, in: entries) else { return nil }
      return access(address, in: entry)
    }
  }

  private func access(_ address: UInt, in entry: Entry) -> AccessSite? {
    let offset = UInt32(truncatingIfNeeded: address - entry.start)
    var low = 0
    var high = entry.accesses.count
    while low < high {
      let middle = (low + high) / 2
      if entry.accesses[middle].codeOffset <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? entry.accesses[low - 1] : nil
  }

  /// The function that a return address, or the address of an instruction that faulted, lies in, and the wasm offset.
  func frame(_ address: UInt, isFault: Bool) -> (function: UInt32, offset: Int, keepsContext: Bool)? {
    entries.withLock { entries in
      guard address > 0, let entry = entry(isFault ? address : address - 1, in: entries) else { return nil }
      let position = isFault ? access(address, in: entry)?.position : site(address, in: entry)?.position
      return (entry.function, Int(position ?? 0), entry.keepsContext)
    }
  }
}

/// The compiled code of a module.
final class ModuleMachineCode: @unchecked Sendable {
  let environment: CompilationEnvironment
  private let compiled = Mutex<[UInt]>([])
  private let compilers = Mutex<[CompilerContext]>([])
  /// Why functions are interpreted, by their index among the defined ones.
  let refusals = Mutex<[Int: String]>([:])
  /// Functions that are to be interpreted though they could be compiled, by the same index: for tests of what passes
  /// between the tiers. To be set before the functions are called.
  let leftToInterpreter = Mutex<Set<Int>>([])
  let thunks: MachineCode.ThunkCache

  init(_ environment: CompilationEnvironment, count: Int, thunks: MachineCode.ThunkCache) {
    self.environment = environment
    self.thunks = thunks
    compiled.withLock { $0 = Array(repeating: 0, count: count) }
  }

  /// The code of a defined function for its instance's record, which takes it.
  func code(of record: FunctionRecord, in module: CompiledModule) -> UInt? {
    let defined = Int(record.index) - module.layout.importedFunctionCount
    let known = compiled.withLock { $0[defined] }
    if known > 1 {
      record.machineCode = known
      return known
    }
    if known == 0, let code = compile(defined, record.index) {
      record.machineCode = code
      return code
    }
    compiled.withLock { $0[defined] = 1 }
    // Interpreted from now on.
    let exit = thunks.exit(record.typeID) { module.engine.functionType(record.typeID) }
    guard let exit else { return nil }
    record.interpreterCode = Interpreter.lazyStub
    record.machineCode = UInt(bitPattern: exit)
    return record.machineCode
  }

  private func compile(_ defined: Int, _ index: UInt32) -> UInt? {
    guard leftToInterpreter.withLock({ !$0.contains(defined) }) else { return nil }
    let compiler = compilers.withLock { $0.popLast() } ?? CompilerContext(environment)
    defer { compilers.withLock { $0.append(compiler) } }
    let function: CompiledFunction
    do {
      function = try compiler.compile(defined)
    } catch {
      refusals.withLock { $0[defined] = error.reason }
      return nil
    }
    guard let code = ExecutableMemory.shared?.place(function.code) else { return nil }
    let start = UInt(bitPattern: code)
    CodeRegistry.shared.add(
      CodeRegistry.Entry(
        start: start, end: start + UInt(function.code.count), sites: function.sites, accesses: function.accesses,
        function: index, keepsContext: function.keepsContext))
    return compiled.withLock { compiled in
      if compiled[defined] <= 1 { compiled[defined] = start }
      return compiled[defined]
    }
  }
}
