import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Imported memories of modules that are lowered: as the module's own, and through functions of the host.
@Suite struct LoweringImportTests {
  static let outOfBounds = LoweringPair.Outcome.trap(.outOfBoundsMemoryAccess)

  /// Two imports of one memory, another import, and an own memory.
  static let text = """
    (module (import "host" "heap" (memory $a 1 4)) (import "host" "heap" (memory $b 1 4))
      (import "host" "f" (func $f (param i32) (result i32)))
      (import "other" "far" (memory $c i64 1)) (memory $d 1)
      (table funcref (elem $load $f))
      (data (memory $a) (i32.const 8) "abcdefgh") (data $x (memory $d) (i32.const 0) "own") (data $p "passive")
      (start $start)
      (func $start (i32.store8 $d (i32.const 100) (i32.load8_u $b (i32.const 8))))
      (func $load (export "load") (param i32) (result i64) (i64.load $b (local.get 0)))
      (func (export "store") (param i32 i64) (i64.store $a offset=4 (local.get 0) (local.get 1)))
      (func (export "grow") (param i32) (result i32 i32 i32)
        (memory.grow $a (local.get 0)) (memory.size $a) (memory.size $b))
      (func (export "growC") (param i64) (result i64 i64) (memory.grow $c (local.get 0)) (memory.size $c))
      (func (export "move") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
      (func (export "bring") (param i32 i64 i32) (memory.copy $d $c (local.get 0) (local.get 1) (local.get 2)))
      (func (export "take") (param i64 i32 i32) (memory.copy $c $d (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i64 i32 i64) (memory.fill $c (local.get 0) (local.get 1) (local.get 2)))
      (func (export "init") (param i32 i32 i32) (memory.init $a $p (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $p))
      (func (export "vector") (param i64 i64) (result i64 i64) (local $v v128)
        (v128.store $c offset=3 (local.get 0) (i64x2.replace_lane 1 (i64x2.splat (local.get 1)) (i64.const 77)))
        (local.set $v (v128.load16_lane $c offset=3 2 (local.get 0) (v128.load8x8_s $c (local.get 0))))
        (v128.store8_lane $c 5 (local.get 0) (local.get $v))
        (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v)))
      (func (export "narrow") (param i64 i32) (result i64)
        (i64.store16 $c offset=1 (local.get 0) (i64.extend_i32_u (local.get 1)))
        (f32.store $c offset=8 (local.get 0) (f32.convert_i32_s (local.get 1)))
        (f64.store $c offset=12 (local.get 0) (f64.load $c offset=7 (local.get 0)))
        (i64.add (i64.load16_s $c offset=1 (local.get 0)) (i64.extend_i32_u
          (i32.reinterpret_f32 (f32.load $c offset=8 (local.get 0))))))
      (func (export "d") (param i32) (result i64) (i64.load $d (local.get 0)))
      (func (export "c") (param i64) (result i64) (i64.load $c (local.get 0)))
      (func (export "indirect") (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1)))
      (func (export "call") (param i32) (result i32) (call $f (local.get 0))))
    """

  @Test(arguments: ImportedMemories.allCases, [ExecutionTier.interpreter, .compiler])
  func importedMemoriesAreUsedAsBefore(imports: ImportedMemories, tier: ExecutionTier) throws {
    var options = LoweringOptions()
    options.imports = imports
    let pair = try LoweringPair(Self.text, options: options, tier: tier)
    #expect(pair.result.remotes.count == (imports == .accessors ? 3 : 0))
    pair.same("load", .i32(8))
    pair.same("d", .i32(96))
    pair.same("store", .i32(10), .i64(0x0123_4567_89AB_CDEF))
    for at in [8, 12, 65528, 65529, -1] as [Int32] { pair.same("load", .i32(at)) }
    for pages in [1, 0, 5, 2, 1, -1] as [Int32] { pair.same("grow", .i32(pages)) }
    for pages in [1, 0, -1] as [Int64] { pair.same("growC", .i64(pages)) }
    // Overlapping, both ways, across aliases, at all small distances.
    for distance in 1..<10 as Range<Int32> {
      pair.same("move", .i32(20 + distance), .i32(8), .i32(30))
      pair.same("load", .i32(40))
      pair.same("move", .i32(8), .i32(8 + distance), .i32(29))
      pair.same("load", .i32(24))
    }
    #expect(pair.same("move", .i32(0), .i32(262_140), .i32(5)) == Self.outOfBounds)
    pair.same("move", .i32(0), .i32(262_144), .i32(0))
    pair.same("fill", .i64(5), .i32(0x1A7), .i64(21))
    #expect(pair.same("fill", .i64(131_070), .i32(1), .i64(3)) == Self.outOfBounds)
    #expect(pair.same("fill", .i64(-1), .i32(1), .i64(2)) == Self.outOfBounds)
    pair.same("bring", .i32(200), .i64(0), .i32(29))
    pair.same("take", .i64(1000), .i32(0), .i32(13))
    #expect(pair.same("bring", .i32(65530), .i64(0), .i32(7)) == Self.outOfBounds)
    pair.same("init", .i32(50), .i32(1), .i32(6))
    #expect(pair.same("init", .i32(50), .i32(1), .i32(7)) == Self.outOfBounds)
    #expect(pair.same("init", .i32(50), .i32(0), .i32(1_000_000)) == Self.outOfBounds)
    pair.same("drop")
    #expect(pair.same("init", .i32(50), .i32(0), .i32(1)) == Self.outOfBounds)
    for at in [0, 7, 131_053, 131_054, -3] as [Int64] { pair.same("vector", .i64(at), .i64(-0x0123_4567_89AB_CDEF)) }
    for at in [100, 131_052, 131_053, -12] as [Int64] { pair.same("narrow", .i64(at), .i32(-12345)) }
    for at in stride(from: Int64(0), to: 1100, by: 4) { pair.same("c", .i64(at)) }
    for at in stride(from: Int32(0), to: 300, by: 4) { pair.same("d", .i32(at)) }
    for at in stride(from: Int32(0), to: 100, by: 4) { pair.same("load", .i32(at)) }
    pair.same("indirect", .i32(5))
    pair.same("call", .i32(5))
  }

  @Test func theHostsMemoryIsTheOneThatIsUsed() throws {
    var options = LoweringOptions()
    options.imports = .accessors
    let pair = try LoweringPair(Self.text, options: options)
    let memory = try #require(pair.loweredHost.memories["heap"])
    #expect(try memory.read(8, at: 8) == Array("abcdefgh".utf8))
    try memory.write([1, 2, 3, 4, 5, 6, 7, 8], at: 30)
    try #require(pair.originalHost.memories["heap"]).write([1, 2, 3, 4, 5, 6, 7, 8], at: 30)
    #expect(pair.same("load", .i32(30)) == .results(["\(Value.i64(0x0807_0605_0403_0201))"]))
  }

  @Test func anOwnedImportIsReachable() throws {
    let pair = try LoweringPair(
      """
      (module (import "env" "memory" (memory $m 1)) (memory $p 1)
        (data (memory $m) (i32.const 4) "hi")
        (func (export "load") (param i32) (result i32) (i32.load8_u $m (local.get 0)))
        (func (export "p") (param i32) (result i32) (i32.load8_u $p (local.get 0))))
      """)
    #expect(pair.lowered.module.imports.isEmpty)
    let memory = try pair.lowered.memory(LoweredModule.exportName)
    #expect(try "\(pair.lowered.global("env.memory.base").value)" == "\(Value.i32(0))")
    #expect(try memory.read(2, at: 4) == Array("hi".utf8))
    try memory.write([9], at: 65535)
    _ = try pair.lowered.function("env.memory.grow").call([.i32(1)])
    #expect(try "\(pair.lowered.global("env.memory.size").value)" == "\(Value.i64(131_072))")
    #expect(try callI32(pair.lowered, "load", .i32(65535)) == 9)
    #expect(try callI32(pair.lowered, "p", .i32(0)) == 0)
  }

  /// The size is that of the memory that is supplied, not the one that the import states.
  @Test func theActualMemoryCounts() throws {
    var options = LoweringOptions()
    options.imports = .accessors
    let text = """
      (module (import "host" "heap" (memory $m 1)) (memory $p 1) (data (memory $m) (i32.const 131070) "ab")
        (func (export "size") (result i32) (memory.size $m))
        (func (export "grow") (result i32) (memory.grow $m (i32.const 1))))
      """
    let engine = makeEngine()
    let lowered = try MemoryLowering.lower(
      engine.validate(try ModuleParser.parse(Array(text.utf8)).module), options: options)
    let store = Store(engine)
    let host = LoweringHost(
      store,
      remotes: lowered.remotes.map {
        var remote = $0
        remote.type.limits = Limits(minimum: 2, maximum: 2)
        return remote
      })
    let module = try engine.compile(lowered.module)
    let instance = try store.instantiate(module, imports: try module.imports.map { try host.value(of: $0) })
    #expect(try host.memories["heap"]?.read(2, at: 131_070) == Array("ab".utf8))
    #expect(try callI32(instance, "size") == 2)
    #expect(try callI32(instance, "grow") == -1)
  }

  /// Two instances that import the same memory, which is larger than they say, share that one and nothing else.
  @Test func instancesShareTheImportAlone() throws {
    let text = """
      (module (import "host" "m" (memory $m 1)) (memory $own 1)
        (func (export "size") (result i32 i32) (memory.size $m) (memory.size $own))
        (func (export "store") (param i32) (i32.store $m (i32.const 8) (local.get 0))
          (i32.store $own (i32.const 8) (local.get 0)))
        (func (export "load") (result i32 i32) (i32.load $m (i32.const 8)) (i32.load $own (i32.const 8))))
      """
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    var options = LoweringOptions()
    options.imports = .accessors
    let result = try MemoryLowering.lower(ModuleValidator.validate(module), options: options)
    let single = makeEngine { $0.features.remove(.multiMemory) }
    let compiled = try single.compile(
      ModuleDecoder.decode(ModuleEncoder.encode(result.module), features: single.configuration.features))
    let store = Store(single)
    let host = LoweringHost(store, remotes: result.remotes)
    let imports = try compiled.imports.map { try host.value(of: $0) }
    let shared = try #require(host.memories["m"])
    _ = try shared.grow(by: 2)
    let pair = try (0..<2).map { _ in try store.instantiate(compiled, imports: imports) }
    func call(_ instance: Instance, _ name: String, _ arguments: [Value] = []) throws -> String {
      try instance.function(name).call(arguments).map { "\($0)" }.joined(separator: " ")
    }
    #expect(try call(pair[0], "size") == "\(Value.i32(Int32(shared.pageCount))) \(Value.i32(1))")
    _ = try call(pair[0], "store", [.i32(7)])
    #expect(try call(pair[0], "load") == "\(Value.i32(7)) \(Value.i32(7))")
    #expect(try call(pair[1], "load") == "\(Value.i32(7)) \(Value.i32(0))")
    _ = try call(pair[1], "store", [.i32(9)])
    #expect(try call(pair[0], "load") == "\(Value.i32(9)) \(Value.i32(7))")
  }

  @Test(arguments: [
    (
      "(import \"a\" \"m\" (memory 1)) (import \"a\" \"m\" (memory i64 1)) (memory 1)", ImportedMemories.own,
      "differ in type"
    ),
    (
      "(import \"a\" \"m\" (memory 3)) (import \"a\" \"m\" (memory 1 2)) (memory 1)", .own, "limits that no memory fits"
    ),
    ("(import \"a\" \"m\" (memory 1 2 shared)) (memory 1)", .own, "\"a\" \"m\" cannot become the module's own"),
    ("(import \"a\" \"m\" (memory 1)) (memory 1) (export \"m\" (memory 0))", .accessors, "\"a\" \"m\" is exported"),
    (
      "(import \"a\" \"m\" (memory 1)) (memory 1) (func (drop (i32.atomic.load 0 (i32.const 0))))", .accessors,
      "\"a\" \"m\" is accessed by atomic instructions"
    ),
    (
      "(import \"a\" \"m\" (memory 1)) (memory 1) (global (export \"a.m.base\") i32 (i32.const 0))", .own,
      "\"a.m.base\""
    ),
  ])
  func whatCannotWorkIsNamed(text: String, imports: ImportedMemories, message: String) throws {
    let module = try ModuleParser.parse(Array("(module \(text))".utf8), features: .all).module
    var options = LoweringOptions()
    options.imports = imports
    let error = #expect(throws: ModuleError.self) {
      try MemoryLowering.lower(ModuleValidator.validate(module), options: options)
    }
    #expect(error?.kind == .unsupported && error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
