import Testing
import WasmEngine
import WebAssembly

/// Transforms one after the other: what comes out does what went in did.
@Suite struct CompositionTests {
  /// Modules that own a memory each; the last one uses the others.
  static let modules = [
    (
      "store",
      """
      (module (memory (export "memory") 1 3) (global $next (mut i32) (i32.const 16))
        (func (export "put") (param i32) (result i32)
          (i32.store (global.get $next) (local.get 0))
          (global.set $next (i32.add (global.get $next) (i32.const 4)))
          (i32.sub (global.get $next) (i32.const 4)))
        (func (export "more") (result i32) (memory.grow (i32.const 1))))
      """
    ),
    (
      "words",
      """
      (module (memory (export "memory") i64 1) (data (i64.const 8) "some words to sum")
        (func (export "sum") (param i64 i64) (result i64) (local i64)
          (block $done (loop $next
            (br_if $done (i64.ge_u (local.get 0) (local.get 1)))
            (local.set 2 (i64.add (i64.mul (local.get 2) (i64.const 31)) (i64.load8_u (local.get 0))))
            (local.set 0 (i64.add (local.get 0) (i64.const 1)))
            (br $next)))
          (local.get 2)))
      """
    ),
    (
      "application",
      """
      (module
        (import "store" "put" (func $put (param i32) (result i32)))
        (import "store" "more" (func $more (result i32)))
        (import "words" "sum" (func $sum (param i64 i64) (result i64)))
        (import "store" "memory" (memory $store 1 3))
        (import "words" "memory" (memory $words i64 1))
        (memory $own 1)
        (data (memory $own) (i32.const 0) "more words")
        (func (export "put") (param i32) (result i32) (i32.load $store (call $put (local.get 0))))
        (func (export "bring") (param i32) (result i64)
          (memory.copy $words $own (i64.const 100) (i32.const 0) (local.get 0))
          (call $sum (i64.const 8) (i64.const 120)))
        (func (export "grow") (param i32) (result i32 i32 i32)
          (call $more) (memory.size $store)
          (block (result i32) (i32.store $store (local.get 0) (i32.const 7)) (i32.load8_u $store (local.get 0))))
        (func (export "own") (param i32) (result i32) (i32.load $own (local.get 0))))
      """
    ),
  ]

  static var calls: [(String, [Value])] {
    [
      ("put", [.i32(5)]), ("put", [.i32(-6)]), ("bring", [.i32(10)]), ("grow", [.i32(70000)]), ("put", [.i32(8)]),
      ("grow", [.i32(196_604)]), ("grow", [.i32(196_605)]), ("grow", [.i32(0)]), ("bring", [.i32(65536)]),
      ("bring", [.i32(65537)]), ("own", [.i32(4)]), ("own", [.i32(65533)]), ("own", [.i32(-1)]),
    ]
  }

  static func outcomes(of instance: Instance) -> [String] { CompositionChainTests.outcomes(instance, calls) }

  static func validated(_ text: String) throws -> ValidatedModule {
    try ModuleValidator.validate(ModuleParser.parse(Array(text.utf8), features: .all).module)
  }

  /// From its binary.
  static func validated(_ module: Module, _ features: FeatureSet = .all) throws -> ValidatedModule {
    try ModuleValidator.validate(
      ModuleDecoder.decode(ModuleEncoder.encode(module), features: features), features: features)
  }

  static func linked(removingDeadCode: Bool) throws -> ValidatedModule {
    var options = LinkOptions()
    options.removesDeadCode = removingDeadCode
    let inputs = try modules.map { LinkInput(name: $0.0, module: try validated($0.1)) }
    return try validated(ModuleLinker.link(inputs, options: options).module)
  }

  static func separate(_ tier: ExecutionTier) throws -> [String] {
    let engine = makeEngine { $0.tier = tier }
    let linker = Linker(Store(engine))
    for (name, text) in modules.dropLast() {
      try linker.define(try linker.instantiate(engine.compile(text: text)), as: name)
    }
    return outcomes(of: try linker.instantiate(engine.compile(text: modules[modules.count - 1].1)))
  }

  static func alone(_ module: ValidatedModule, _ tier: ExecutionTier, _ features: FeatureSet) throws -> [String] {
    let engine = makeEngine {
      $0.tier = tier
      $0.features = features
    }
    return outcomes(of: try Store(engine).instantiate(CompiledModule(module, engine: engine), imports: []))
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler], [false, true])
  func linkedAndLowered(tier: ExecutionTier, removesDeadCode: Bool) throws {
    let expected = try Self.separate(tier)
    #expect(expected.contains("outOfBoundsMemoryAccess") && expected[0] == "\(Value.i32(5))")
    let linked = try Self.linked(removingDeadCode: removesDeadCode)
    #expect(linked.spaces.memories.count == 3)
    #expect(try Self.alone(linked, tier, .all) == expected)
    var single = FeatureSet.all
    single.remove(.multiMemory)
    for reserves in [false, true] {
      var options = LoweringOptions()
      options.reservesMaxima = reserves
      let lowered = try MemoryLowering.lower(linked, options: options)
      #expect(try Self.alone(Self.validated(lowered.module, single), tier, single) == expected)
      // Once more makes no difference, and neither does what removes nothing.
      let again = try Self.validated(MemoryLowering.lower(Self.validated(lowered.module, single)).module, single)
      #expect(ModuleEncoder.encode(again.module) == ModuleEncoder.encode(lowered.module))
      let pruned = try DeadCodeRemoval.remove(from: again)
      #expect(try Self.alone(Self.validated(pruned.module, single), tier, single) == expected)
    }
  }
}
