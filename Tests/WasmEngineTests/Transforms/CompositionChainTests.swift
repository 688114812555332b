import Testing
import WasmEngine
import WebAssembly

/// Chains of the tools: each step takes what the one before has written, and what comes out does what went in did.
@Suite struct CompositionChainTests {
  typealias Step = @Sendable (ValidatedModule) throws -> Module

  static let single: FeatureSet = {
    var features = FeatureSet.all
    features.remove(.multiMemory)
    return features
  }()

  static let lower: Step = { try MemoryLowering.lower($0).module }
  static let strip: Step = { try ModuleDecoder.decode(SectionStripping(.all).strip($0.module).bytes) }
  static let removeDeadCode: Step = { try DeadCodeRemoval.remove(from: $0).module }
  static func instrument(_ change: @escaping @Sendable (inout InstrumentOptions) -> Void) -> Step {
    {
      var options = InstrumentOptions()
      options.traceCapacity = 16
      change(&options)
      return try Instrumentation.instrument($0, options: options).module
    }
  }
  static let observe = instrument {
    $0.stores = .log
    $0.tracesMemory = true
    $0.countsCalls = true
    $0.covers = true
  }

  /// The results of the steps one after the other, each from its binary; the last one with one memory where it is lowered.
  static func chain(_ module: ValidatedModule, _ steps: [Step]) throws -> [ValidatedModule] {
    var results: [ValidatedModule] = []
    for step in steps {
      let new = try step(results.last ?? module)
      let isSingle = new.memories.count + new.imports.count { $0.type.kind == .memory } < 2
      results.append(try CompositionTests.validated(new, isSingle ? single : .all))
    }
    return results
  }

  static func instance(_ module: ValidatedModule, _ tier: ExecutionTier) throws -> Instance {
    let isSingle = module.spaces.memories.count < 2
    let engine = makeEngine {
      $0.tier = tier
      $0.features = isSingle ? single : .all
    }
    return try Store(engine).instantiate(CompiledModule(module, engine: engine), imports: [])
  }

  /// Calls with their results or traps.
  static func outcomes(_ instance: Instance, _ calls: [(String, [Value])]) -> [String] {
    calls.map { name, arguments in
      do {
        return try instance.function(name).call(arguments).map { "\($0)" }.joined(separator: " ")
      } catch let trap as Trap {
        return "\(trap.kind)"
      } catch {
        return "\(error)"
      }
    }
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func linkedObservedLoweredAndStripped(tier: ExecutionTier) throws {
    let expected = try CompositionTests.separate(tier)
    let linked = try CompositionTests.linked(removingDeadCode: true)
    let results = try Self.chain(linked, [Self.observe, Self.lower, Self.removeDeadCode, Self.strip])
    #expect(results[0].spaces.memories.count == 4 && results[1].spaces.memories.count == 1)
    for result in results { #expect(CompositionTests.outcomes(of: try Self.instance(result, tier)) == expected) }
    // What was observed lies at another place, and is the same.
    let (apart, one) = (try Self.instance(results[0], tier), try Self.instance(results[3], tier))
    var marks: [[String]] = []
    for instance in [apart, one] {
      let mark = try instance.function("polymnia.mark").call([])
      let first = CompositionTests.outcomes(of: instance)
      #expect(first == expected)
      #expect(try instance.function("polymnia.rollback").call(mark).map { "\($0)" } == ["\(Value.i32(0))"])
      // All but growth, whose pages are there still.
      let again = CompositionTests.outcomes(of: instance)
      #expect(again[0...2] == first[0...2])
      marks.append(again)
    }
    #expect(marks[0] == marks[1])
  }

  /// Each module is observed before it is linked: two secondary memories in one module.
  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func observedAndLinked(tier: ExecutionTier) throws {
    let expected = try CompositionTests.separate(tier)
    var inputs: [LinkInput] = []
    for (number, (name, text)) in CompositionTests.modules.enumerated() {
      let module = try CompositionTests.validated(text)
      let steps = number == 1 ? [] : [Self.observe]
      inputs.append(LinkInput(name: name, module: try Self.chain(module, steps).last ?? module))
    }
    var options = LinkOptions()
    options.exports = ["mark", "rollback"].map { .init(module: "store", name: "polymnia.\($0)", as: "store.\($0)") }
    let linked = try CompositionTests.validated(try ModuleLinker.link(inputs, options: options).module)
    #expect(linked.spaces.memories.count == 5)
    for module in [linked, try #require(try Self.chain(linked, [Self.lower]).last)] {
      #expect(CompositionTests.outcomes(of: try Self.instance(module, tier)) == expected)
      let instance = try Self.instance(module, tier)
      let mark = try instance.function("store.mark").call([])
      let put = Self.outcomes(instance, [("put", [.i32(3)]), ("put", [.i32(4)])])
      #expect(try instance.function("store.rollback").call(mark).map { "\($0)" } == ["\(Value.i32(0))"])
      #expect(Self.outcomes(instance, [("put", [.i32(3)]), ("put", [.i32(4)])]) == put)
    }
  }

  /// Accesses to a second memory, as calls of imports where it is to be bound.
  private static func heap(isBound: Bool) -> String {
    let imports = """
      (import "multi_memory" "i32.load@heap" (func $load (param i32) (result i32)))
      (import "multi_memory" "i32.store@heap offset=4" (func $store (param i32 i32)))
      (import "multi_memory" "memory.grow@heap" (func $grow (param i32) (result i32)))
      (import "multi_memory" "memory.copy@0,heap" (func $copy (param i32 i32 i32)))
      """
    func operation(_ bound: String, _ plain: String) -> String { isBound ? "call \(bound)" : plain }
    return """
      (module \(isBound ? imports : "") (memory (export "memory") 1) \(isBound ? "" : "(memory $heap 1 3)")
        (func (export "store") (param i32 i32) (\(operation("$store", "i32.store $heap offset=4")) (local.get 0) (local.get 1)))
        (func (export "load") (param i32) (result i32) (\(operation("$load", "i32.load $heap")) (local.get 0)))
        (func (export "grow") (result i32) (\(operation("$grow", "memory.grow $heap")) (i32.const 1)))
        (func (export "copy") (param i32 i32 i32)
          (\(operation("$copy", "memory.copy 0 $heap")) (local.get 0) (local.get 1) (local.get 2)))
        (func (export "own") (param i32) (result i32) (i32.load (local.get 0))))
      """
  }

  private static var heapCalls: [(String, [Value])] {
    [
      ("store", [.i32(0), .i32(77)]), ("load", [.i32(4)]), ("copy", [.i32(16), .i32(4), .i32(4)]), ("own", [.i32(16)]),
      ("load", [.i32(65536)]), ("grow", []), ("load", [.i32(65536)]), ("store", [.i32(131_060), .i32(5)]),
      ("store", [.i32(131_065), .i32(6)]), ("copy", [.i32(65530), .i32(131_064), .i32(7)]),
      ("copy", [.i32(65528), .i32(131_064), .i32(8)]), ("own", [.i32(65528)]), ("grow", []), ("grow", []),
    ]
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func boundLoweredAndStripped(tier: ExecutionTier) throws {
    let plain = try CompositionTests.validated(Self.heap(isBound: false))
    let expected = Self.outcomes(try Self.instance(plain, tier), Self.heapCalls)
    #expect(expected[3] == "\(Value.i32(77))" && expected.contains("outOfBoundsMemoryAccess"))
    let bind: Step = {
      var options = BindingOptions()
      options.memories = [try MemoryDeclaration(parsing: "heap=max=3")]
      return try MemoryBinding.bind($0, options: options).module
    }
    let calling = try CompositionTests.validated(Self.heap(isBound: true))
    for steps in [[bind, Self.lower, Self.strip], [bind, Self.strip, Self.observe, Self.lower]] {
      for result in try Self.chain(calling, steps) {
        #expect(Self.outcomes(try Self.instance(result, tier), Self.heapCalls) == expected)
      }
    }
  }

  private static let sum = """
    (module (memory $a 1) (memory $b 1) (memory $c 1)
      (data (memory $a) (i32.const 0) "\\01\\02\\03\\04") (data (memory $b) (i32.const 0) "\\0a\\14\\1e\\28")
      (data (memory $c) (i32.const 65534) "\\63\\64")
      (func $at (param i32) (result i32) (i32.load8_u $a (local.get 0)))
      (func $sum (export "sum") (param i32 i32) (result i32) (local i32)
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get 1)))
          (local.set 2 (i32.add (local.get 2) (call $at (local.get 0))))
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
          (br $next)))
        (local.get 2)))
    """

  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func copiesAreObservedAndLowered(tier: ExecutionTier) throws {
    let module = try CompositionTests.validated(Self.sum)
    // The data are at 0, so that each small number may be the address of some.
    var options = SpecializationOptions()
    options.assumesRelocatable = true
    let copy: Step = { [options] in
      try FunctionSpecialization.specialize($0, functions: ["sum"], memories: [("0", "1")], options: options).module
    }
    let dispatch: Step = { [options] in
      try FunctionSpecialization.dispatch($0, functions: ["sum"], options: options).module
    }
    let calls: [(String, [Value])] = [
      ("sum", [.i32(0), .i32(4)]), ("sum@1", [.i32(0), .i32(4)]), ("sum@*", [.i32(1), .i32(1), .i32(2)]),
      ("sum@*", [.i32(2), .i32(65534), .i32(2)]), ("sum@*", [.i32(2), .i32(65534), .i32(3)]),
      ("sum@*", [.i32(9), .i32(0), .i32(1)]), ("sum@1", [.i32(-1), .i32(1)]),
    ]
    let expected =
      ([10, 100, 50, 199] as [Int32]).map { "\(Value.i32($0))" } + [
        "outOfBoundsMemoryAccess", "unreachable", "outOfBoundsMemoryAccess",
      ]
    let results = try Self.chain(module, [copy, dispatch, Self.observe, Self.lower])
    for result in results.dropFirst() {
      #expect(Self.outcomes(try Self.instance(result, tier), calls) == expected)
    }
    // The other way round, a copy is observed where its original is.
    for result in try Self.chain(module, [Self.observe, copy, dispatch, Self.lower, Self.strip]).dropFirst(2) {
      #expect(Self.outcomes(try Self.instance(result, tier), calls) == expected)
    }
    // Each copy has its own counters: three entries of the copy for memory 1 and of what it calls.
    let observed = try Self.instance(results[2], tier)
    _ = Self.outcomes(observed, calls)
    let memory = try observed.memory("polymnia.instrument")
    let data = try InstrumentData(try memory.read(Int(memory.byteCount), at: 0))
    let names = Names(results[2].module)
    let entries = (0..<Int(data.functionCount)).map { number in
      (names.name(of: .function, data.importedFunctionCount + UInt32(number)) ?? "", data.entries(ofFunction: number))
    }
    #expect(entries.reduce(0) { $0 + $1.1 } > 20)
    #expect(entries.first { $0.0 == "sum" }?.1 == 1)
  }

  /// An imported memory is added before the module's own, then supplied by another module.
  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func addedLinkedAndLowered(tier: ExecutionTier) throws {
    let plain = try CompositionTests.validated(Self.sum)
    let calls: [(String, [Value])] = [("sum", [.i32(0), .i32(4)]), ("sum", [.i32(65535), .i32(2)])]
    let expected = Self.outcomes(try Self.instance(plain, tier), calls)
    let add: Step = {
      try MemoryAddition.add(
        [try MemoryDeclaration(parsing: "heap=import:host.heap,min=1"), try MemoryDeclaration(parsing: "own=export")],
        to: $0
      ).module
    }
    let more = try #require(try Self.chain(plain, [add]).last)
    #expect(more.spaces.memories.count == 5)
    let host = try CompositionTests.validated("(module (memory (export \"heap\") 2))")
    var options = LinkOptions()
    options.removesDeadCode = false
    let linked = try CompositionTests.validated(
      try ModuleLinker.link(
        [LinkInput(name: "host", module: host), LinkInput(name: "program", module: more)], options: options
      ).module)
    #expect(linked.spaces.memories.count == 5 && linked.spaces.importedMemoryCount == 0)
    for result in [linked] + (try Self.chain(linked, [Self.observe, Self.lower, Self.strip])) {
      #expect(Self.outcomes(try Self.instance(result, tier), calls) == expected)
    }
  }
}
