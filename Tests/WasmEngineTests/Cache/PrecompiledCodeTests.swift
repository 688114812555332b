import Synchronization
import Testing
import WebAssembly

@testable import WasmEngine

@Suite(.enabled(if: MachineCode.isAvailable, "There is no compiler for this system."))
struct PrecompiledCodeTests {
  private func precompile(_ change: (inout Engine.Configuration) -> Void = { _ in }) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let module = try makeEngine(change).compile(CachedProgram.binary())
    try module.writePrecompiled { bytes.append(contentsOf: $0) }
    return bytes
  }

  private func error(_ bytes: [UInt8], _ change: (inout Engine.Configuration) -> Void = { _ in })
    -> PrecompiledCodeError?
  {
    do {
      _ = try unsafe CompiledModule(precompiled: bytes, engine: makeEngine(change))
      return nil
    } catch {
      return error as? PrecompiledCodeError
    }
  }

  @Test func roundTrip() throws {
    let bytes = try precompile()
    #expect(CompiledModule.isPrecompiled(bytes))
    let engine = makeEngine()
    // Types have other numbers than where it was compiled.
    _ = try engine.compile(text: "(module (type (func (param i64 f32))) (type (func (param f64))))")
    let module = try unsafe CompiledModule(precompiled: bytes, engine: engine)
    #expect(module.module.functions.indices.allSatisfy { module.machine?.isSettled($0) == true })
    try CachedProgram.run(module)
  }

  @Test func sameModuleSameFile() throws {
    // Threads place code in any order, with one it is always the same.
    #expect(try precompile { $0.validationThreads = 1 } == precompile { $0.validationThreads = 1 })
  }

  @Test func whatIsSomethingElse() throws {
    #expect(error([]) == .notPrecompiled)
    #expect(error(try CachedProgram.binary()) == .notPrecompiled)
    #expect(!CompiledModule.isPrecompiled(try CachedProgram.binary()))
  }

  @Test func otherBuildsAndVersions() throws {
    var bytes = try precompile()
    bytes[20] ^= 1
    #expect(error(bytes) == .otherBuild)
    bytes[20] ^= 1
    bytes[7] += 1
    #expect(CompiledModule.isPrecompiled(bytes))
    #expect(error(bytes) == .otherBuild)
  }

  @Test func otherProcessors() throws {
    let bytes = try precompile { $0.processor = .baseline }
    #expect(error(bytes) == nil)
    #expect(error(bytes) { $0.processor = .baseline } == nil)
    let native = try precompile()
    if ProcessorFeatures.native != .baseline { #expect(error(native) { $0.processor = .baseline } == .otherProcessor) }
  }

  @Test func otherConfigurations() throws {
    let bytes = try precompile()
    #expect(error(bytes) { $0.memoryPolicy.bounds = .checked } == .otherConfiguration)
    #expect(error(bytes) { $0.guardsSpeculation = false } == .otherConfiguration)
    #expect(error(bytes) { $0.usesGuardPages = false } == .otherConfiguration)
    #expect(error(bytes) { $0.tier = .interpreter } == .notExecutable)
    #expect(error(bytes) { $0.metersFuel = true } == .otherConfiguration)
    let checked = try precompile { $0.memoryPolicy.bounds = .checked }
    #expect(error(checked) == .otherConfiguration)
    #expect(error(checked) { $0.memoryPolicy.bounds = .checked } == nil)
  }

  @Test func truncatedFiles() throws {
    let bytes = try precompile()
    for count in stride(from: 8, to: bytes.count, by: max(1, bytes.count / 61)) {
      let error = #expect(throws: (any Error).self) {
        _ = try unsafe CompiledModule(precompiled: Array(bytes.prefix(count)), engine: makeEngine())
      }
      #expect(error is PrecompiledCodeError)
    }
    #expect(error(bytes + [0]) == .damaged)
  }

  @Test("A changed byte of code or of what is known about it is found")
  func changedFiles() throws {
    let bytes = try precompile()
    let start = bytes.count - bytes.count / 2
    for position in stride(from: start, to: bytes.count, by: max(1, bytes.count / 97)) {
      var copy = bytes
      copy[position] ^= 0x10
      #expect(error(copy) == .damaged)
    }
  }

  @Test func modulesWithoutBytesAreNotWritten() throws {
    let module = try ModuleDecoder.decode(CachedProgram.binary())
    let compiled = try makeEngine().compile(module)
    #expect(throws: PrecompiledCodeError.noBinary) { try compiled.writePrecompiled { _ in } }
    let interpreted = try makeEngine { $0.tier = .interpreter }.compile(CachedProgram.binary())
    #expect(throws: PrecompiledCodeError.notExecutable) { try interpreted.writePrecompiled { _ in } }
  }
}

@Suite(.enabled(if: MachineCode.isAvailable, "There is no compiler for this system."))
struct EagerCompilationTests {
  @Test func everythingIsCompiledBeforeItRuns() throws {
    let module = try makeEngine { $0.compilation = .eager }.compile(CachedProgram.binary())
    let machine = try #require(module.machine)
    #expect(module.module.functions.indices.allSatisfy { machine.isSettled($0) })
    #expect(machine.refusals.withLock { $0.isEmpty })
    try CachedProgram.run(module)
  }

  @Test func progressIsReported() throws {
    let module = try makeEngine().compile(CachedProgram.binary())
    let steps = Mutex<[CompiledModule.CompilationProgress]>([])
    module.compileFunctions(threads: 3) { step in steps.withLock { $0.append(step) } }
    let all = steps.withLock { $0 }
    #expect(all.last.map { $0.done == $0.total } == true)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.done < $1.done && $0.total == $1.total })
  }

  @Test("Records of an instance that is there already are left as they are, and lead to the same code")
  func whileAnInstanceIsThere() throws {
    let module = try makeEngine().compile(CachedProgram.binary())
    let instance = try CachedProgram.instance(module)
    #expect(try callI32(instance, "sum", .i32(0)) == CachedProgram.sum)
    module.compileFunctions()
    #expect(try callI32(instance, "sum", .i32(0)) == CachedProgram.sum)
    try CachedProgram.run(module)
  }

  @Test("Functions that are left to the interpreter call compiled ones and are called by them")
  func refusedFunctions() throws {
    for left in [Set(0..<40), [41], [3, 7, 42], Set(stride(from: 0, to: 44, by: 2))] {
      let module = try makeEngine().compile(CachedProgram.binary())
      module.machine?.leftToInterpreter.withLock { $0 = left }
      module.compileFunctions()
      try CachedProgram.run(module)
    }
  }

  @Test("Refusals are kept in files")
  func refusalsInFiles() throws {
    let module = try makeEngine().compile(CachedProgram.binary())
    module.machine?.leftToInterpreter.withLock { $0 = [0, 41] }
    var bytes: [UInt8] = []
    try module.writePrecompiled { bytes.append(contentsOf: $0) }
    let second = try unsafe CompiledModule(precompiled: bytes, engine: makeEngine())
    #expect(second.machine?.refusals.withLock { Set($0.keys) } == [0, 41])
    try CachedProgram.run(second)
  }

  @Test("Code goes with its module, and its room is used again")
  func codeIsFreed() throws {
    let memory = try #require(ExecutableMemory.shared)
    var places: Set<UInt> = []
    let binary = try CachedProgram.binary()
    for _ in 0..<60 {
      let module = try makeEngine { $0.compilation = .eager }.compile(binary)
      let function = try #require(module.machine?.arena.functions.first)
      #expect(memory.contains(function.start))
      #expect(CodeRegistry.shared.function(containing: function.start)?.index == function.index)
      places.insert(function.start)
    }
    // Other tests run at the same time and take room too, but not so much.
    #expect(places.count < 60)
  }

  @Test func granulesAreJoinedWhenTheyComeBack() throws {
    let memory = try #require(ExecutableMemory.shared)
    let ranges = try (0..<5).map { _ in try #require(memory.allocate(100_000)) }
    for range in ranges { #expect(range.count >= 100_000 && range.count % ExecutableMemory.granule == 0) }
    for (index, range) in ranges.enumerated() {
      for other in ranges[(index + 1)...] { #expect(!range.overlaps(other)) }
    }
    for index in [3, 1, 2, 0, 4] { memory.release(ranges[index]) }
    #expect(memory.allocate(ExecutableMemory.size + 1) == nil)
    let large = try #require(memory.allocate(400_000))
    memory.release(large)
  }
}
