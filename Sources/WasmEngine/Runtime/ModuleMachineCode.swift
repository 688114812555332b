import Synchronization
import WebAssembly

/// The compiled code of a module: one of its at most two sets.
final class ModuleMachineCode: Sendable {
  let environment: CompilationEnvironment
  let thunks: MachineCode.ThunkCache
  let arena = CodeArena()
  private let importCount: Int
  private let functionCount: Int
  /// For each defined function the address of its code, or one of the states below.
  private nonisolated(unsafe) let addresses: UnsafeMutablePointer<Atomic<UInt>>
  private let compilers = Lock<[CompilerContext]>([])
  /// Why functions are interpreted, by their index among the defined ones.
  let refusals = Lock<[Int: String]>([:])

  /// Functions that are to be interpreted though they could be compiled, by the same index: for tests of what passes
  /// between the tiers. To be set before the functions are called.
  let leftToInterpreter = Lock<Set<Int>>([])
  /// Where the code is kept from run to run.
  private let kept: (cache: CodeCache, key: [UInt8])?
  /// Bytes of code that came from the cache, and that were made since.
  private let loadedBytes = Atomic<Int>(0)
  private let madeBytes = Atomic<Int>(0)

  /// What is told of functions that are placed, with their names.
  private let profile: (profiler: CodeProfiler, names: Names)?

  /// What calls of functions that have been entered lead to, where that is compiled ahead.
  private let ahead: AheadCompilation?
  /// Where threads wait for a function that another one compiles.
  private let settled = ConditionVariable()
  private let waiting = Atomic<Int>(0)

  private static let notCompiled: UInt = 0
  private static let refused: UInt = 1
  /// There was no room for its code. It is interpreted too, but no file says so of it: the next run may have room.
  private static let unplaced: UInt = 3
  /// Some thread of this process is at it. After a fork the claims of its parent's threads mean nothing.
  private static var claimed: UInt { UInt(Fork.generation & 0x3FFF) << 2 | 2 }
  /// Code has no address below, and the states are smaller.
  private static let lowestAddress: UInt = 1 << 16

  /// - Parameter digest: The name of the module's bytes, where its code may be kept in a cache.
  init(
    _ environment: CompilationEnvironment, count: Int, thunks: MachineCode.ThunkCache,
    cache: (cache: CodeCache, digest: SHA256.Digest)? = nil, profiler: CodeProfiler? = nil,
    aheadThreads: AheadThreads? = nil
  ) {
    self.environment = environment
    self.thunks = thunks
    kept = cache.flatMap { cache in environment.cacheKey(cache.digest).map { (cache.cache, $0) } }
    functionCount = count
    importCount = environment.layout.importedFunctionCount
    profile = profiler.map { ($0, Names(forPeople: environment.module.module)) }
    addresses = .allocate(capacity: max(count, 1))
    for index in 0..<count { (addresses + index).initialize(to: Atomic(Self.notCompiled)) }
    ahead = aheadThreads.map { AheadCompilation($0, functionCount: count) }
    if let kept {
      _ = kept.cache.read(kept.key) { size, source in load(size: size, key: kept.key, source) }
    }
  }

  deinit {
    addresses.deinitialize(count: functionCount)
    addresses.deallocate()
  }

  private func address(_ defined: Int) -> UInt { addresses[defined].load(ordering: .acquiring) }

  /// Whether it is settled how a defined function is executed.
  func isSettled(_ defined: Int) -> Bool { Self.isSettled(address(defined)) }

  private static func isSettled(_ address: UInt) -> Bool {
    address == refused || address == unplaced || isCode(address)
  }
  private static func isCode(_ address: UInt) -> Bool { address >= lowestAddress }

  /// Lets the records of an instance point to the code that is there.
  func enter(into instance: InstanceData) {
    for defined in 0..<functionCount {
      let code = address(defined)
      if Self.isCode(code) { instance.functionRecord(importCount + defined).machineCode = code }
    }
  }

  /// The code of a defined function for its instance's record, which takes it.
  func code(of record: FunctionRecord, in module: CompiledModule) -> UInt? {
    let defined = Int(record.index) - importCount
    ahead?.enter(defined, of: self)
    if !isSettled(defined) { compile(defined..<defined + 1) }
    let code = address(defined)
    if Self.isCode(code) {
      record.machineCode = code
      return code
    }
    // Interpreted from now on.
    let exit = thunks.thunk(.exit, module.engine.functionType(record.typeID))
    guard let exit else { return nil }
    record.interpreterCode = Interpreter.lazyStub
    record.machineCode = UInt(bitPattern: exit)
    return record.machineCode
  }

  /// Compiles those of some defined functions that are not compiled yet, and places them together. They are settled when
  /// this returns.
  func compile(_ functions: Range<Int>) {
    let others = compileUnclaimed(functions)
    for defined in others { wait(for: defined) }
  }

  /// Compilers that have met larger bodies are not kept: the room that a function takes is some hundred times its body.
  private static let mostIdleBody = 64 << 10

  /// The largest body that a compiler has met which waits to be used again, for tests.
  var largestIdleBody: Int { compilers.withLock { $0.map(\.largestBody).max() ?? 0 } }

  /// Lets one thread compile a function.
  private func claim(_ defined: Int) -> Bool {
    let known = address(defined)
    guard known != Self.claimed, !Self.isSettled(known) else { return false }
    return addresses[defined].compareExchange(
      expected: known, desired: Self.claimed, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Compiles those of some defined functions that nobody compiles; those that others are at are the result.
  private func compileUnclaimed(_ functions: Range<Int>) -> [Int] {
    var others: [Int] = []
    let compiler = compilers.withLock { $0.popLast() } ?? CompilerContext(environment)
    var batch = CodeBatch()
    let left = leftToInterpreter.withLock { $0 }
    for defined in functions where !isSettled(defined) {
      guard claim(defined) else {
        others.append(defined)
        continue
      }
      guard !left.contains(defined) else {
        settle(defined, Self.refused)
        continue
      }
      do throws(CompilationRefusal) {
        batch.add(try compiler.compile(defined), index: UInt32(importCount + defined))
      } catch {
        refuse(defined, error.reason)
      }
    }
    // One that has met a large function holds as much room as that needed.
    if compiler.largestBody <= Self.mostIdleBody { compilers.withLock { $0.append(compiler) } }
    place(batch)
    return others
  }

  /// Waits until a function is settled that another thread has claimed.
  private func wait(for defined: Int) {
    // Meanwhile there may be others to compile.
    if let ahead {
      while !isSettled(defined), let candidate = ahead.next(waits: false, in: self) { compile(candidate, of: ahead) }
    }
    guard !isSettled(defined) else { return }
    waiting.add(1, ordering: .sequentiallyConsistent)
    settled.withLock {
      while !Self.isSettled(addresses[defined].load(ordering: .sequentiallyConsistent)) { settled.wait() }
    }
    waiting.subtract(1, ordering: .sequentiallyConsistent)
  }

  // MARK: Ahead of calls

  /// Compiles what ``ahead`` has, until it has nothing any more.
  func compileAhead() {
    guard let ahead else { return }
    while let candidate = ahead.next(waits: true, in: self) { compile(candidate, of: ahead) }
  }

  private func compile(_ candidate: AheadCompilation.Candidate, of ahead: AheadCompilation) {
    let defined = Int(candidate.function)
    guard compileUnclaimed(defined..<defined + 1).isEmpty else { return }
    ahead.addCalls(of: candidate, in: self)
  }

  func stopCompilingAhead() { ahead?.stop() }

  /// The defined functions without code that one calls.
  func calls(of defined: Int) -> [(function: UInt32, isCertain: Bool)] {
    let module = environment.module.module
    let calls = DirectCalls.find(in: InstructionReader(module.bytes, range: module.bodies[defined].range))
    return calls.compactMap { call in
      let callee = Int(call.function) - importCount
      return callee >= 0 && !isSettled(callee) ? (UInt32(callee), call.isCertain) : nil
    }
  }

  private func refuse(_ defined: Int, _ reason: String, as state: UInt = ModuleMachineCode.refused) {
    refusals.withLock { $0[defined] = reason }
    settle(defined, state)
  }

  /// Places code and lets calls find it. Where there is no room left, the functions are interpreted.
  func place(_ batch: consuming CodeBatch) {
    let entries = batch.entries
    guard !entries.isEmpty else { return }
    guard let base = arena.place(batch) else {
      for entry in entries {
        refuse(Int(entry.function) - importCount, "there is no room for its code", as: Self.unplaced)
      }
      return
    }
    for entry in entries {
      settle(Int(entry.function) - importCount, base + UInt(entry.codeOffset))
      tellProfiler(entry, base)
      madeBytes.add(Int(entry.codeSize), ordering: .relaxed)
    }
  }

  private func tellProfiler(_ entry: CodeBatch.Entry, _ base: UInt) {
    guard let profile else { return }
    let name = profile.names.name(of: .function, entry.function).map { "\(name: $0)" } ?? "function \(entry.function)"
    profile.profiler.add(name, at: base + UInt(entry.codeOffset), size: Int(entry.codeSize))
  }

  // MARK: Files

  /// Takes the code that a file holds. nil, and nothing has happened, where the file is not right.
  func load(size: Int, key: [UInt8], _ source: @escaping CodeFileReader.Source) -> Void? {
    let range = importCount..<importCount + functionCount
    guard var reader = CodeFileReader(size: size, key: key, functions: range, source),
      let memory = ExecutableMemory.shared
    else { return nil }
    let base = arena.place(reader.codeSize) { chunk, address in
      var next = address
      let isWhole = reader.readCode { piece in
        defer { next += UInt(piece.count) }
        return memory.write(piece, to: next)
      }
      if isWhole { chunk.add(reader.functions, at: address, metadata: reader.metadata) }
      return isWhole
    }
    guard let base else { return nil }
    for entry in reader.functions {
      settle(Int(entry.function) - importCount, base + UInt(entry.codeOffset))
      tellProfiler(entry, base)
    }
    for function in reader.refused { refuse(Int(function) - importCount, "the compiler has refused it before") }
    loadedBytes.store(reader.codeSize, ordering: .relaxed)
    return ()
  }

  /// What is compiled, for a file.
  private func functions() -> (functions: [CodeFile.Function], refused: [UInt32]) {
    var functions: [CodeFile.Function] = []
    for entry in arena.functions where address(Int(entry.index) - importCount) == entry.start {
      functions.append(
        CodeFile.Function(
          index: entry.index,
          code: UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: entry.start), count: Int(entry.size)),
          metadata: entry.metadata.bytes))
    }
    let refused = (0..<functionCount).filter { address($0) == Self.refused }.map { UInt32(importCount + $0) }
    return (functions, refused)
  }

  /// Writes what is compiled. Returns the number of bytes that are written.
  func write(key: [UInt8], to sink: CodeFile.Sink) throws {
    let (functions, refused) = functions()
    try CodeFile.write(functions, refused: refused, key: key, to: sink)
  }

  /// Puts what is compiled into the cache, if enough has come to what is there already. False where that is not possible.
  @discardableResult
  func save() -> Bool {
    let made = madeBytes.load(ordering: .relaxed)
    guard let kept, made > 0, made >= loadedBytes.load(ordering: .relaxed) / Self.worthwhile else { return true }
    let (functions, refused) = functions()
    return kept.cache.write(kept.key, size: CodeFile.size(functions, refused: refused)) { sink in
      try CodeFile.write(functions, refused: refused, key: kept.key, to: sink)
    }
  }

  /// A file is written anew for this part of it.
  private static let worthwhile = 20

  /// The first one to settle a function decides.
  private func settle(_ defined: Int, _ address: UInt) {
    var known = self.address(defined)
    while !Self.isSettled(known) {
      let result = addresses[defined].compareExchange(
        expected: known, desired: address, ordering: .sequentiallyConsistent)
      if result.exchanged { break }
      known = result.original
    }
    if waiting.load(ordering: .sequentiallyConsistent) > 0 { settled.withLock { settled.wakeAll() } }
  }
}
