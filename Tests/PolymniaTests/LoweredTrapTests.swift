import Foundation
import Testing
import WasmEngine
import WebAssembly

@testable import polymnia

/// What traps of lowered modules are told as, and what the glue makes of lowered modules in another engine.
@Suite struct LoweredTrapTests {
  static let program = """
    (module $m (memory $a (export "a") 1 4) (memory $b 2 2) (memory $c (export "c") i64 1 3) (memory $tail 1)
      (data $d "0123456789")
      (func (export "load") (param i32) (result i32) (i32.load $a offset=8 (local.get 0)))
      (func (export "store") (param i32) (i64.store $b offset=16 (local.get 0) (i64.const 1)))
      (func (export "wide") (param i64) (result i64) (i64.load $c offset=3 (local.get 0)))
      (func (export "vector") (param i32) (drop (v128.load $b (local.get 0))))
      (func (export "fill") (param i32) (memory.fill $b (local.get 0) (i32.const 1) (i32.const 100)))
      (func (export "fill some") (param i32 i32) (memory.fill $b (local.get 0) (i32.const 1) (local.get 1)))
      (func (export "copy") (param i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (i32.const 10)))
      (func (export "copy some") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
      (func (export "init") (param i32) (memory.init $b $d (local.get 0) (i32.const 0) (i32.const 10)))
      (func (export "discard") (param i32 i32) (memory.discard $b (local.get 0) (local.get 1)))
      (func (export "tail") (param i32) (result i32) (i32.load16_u $tail offset=2 (local.get 0)))
      (func (export "grow") (memory.grow $a (i32.const 1)) (drop) (memory.grow $tail (i32.const 1)) (drop))
      (func (export "many") (param i32) (result i32) \((0..<40).map { "(drop (i32.load $a offset=\($0 * 4) (local.get 0)))" }.joined())
        (i32.const 0)))
    """

  static func instance(_ module: Module, _ tier: ExecutionTier) throws -> Instance {
    var configuration = Engine.Configuration()
    configuration.features = .all
    configuration.tier = tier
    let engine = Engine(configuration)
    return try Store(engine).instantiate(engine.compile(ModuleEncoder.encode(module)), imports: [])
  }

  static func trap(_ instance: Instance, _ name: String, _ arguments: [Value]) throws -> Trap? {
    do {
      _ = try instance.function(name).call(arguments)
      return nil
    } catch let trap as Trap {
      return trap
    }
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func trapsAreToldAsTheyWere(tier: ExecutionTier) throws {
    let parsed = try ModuleParser.parse(Array(Self.program.utf8), features: .all).module
    let lowered = try MemoryLowering.lower(try ModuleValidator.validate(parsed)).module
    let layout = try #require(LoweredLayout(binary: ModuleEncoder.encode(lowered)))
    #expect(layout == LoweredLayout(lowered))
    let calls: [(name: String, arguments: [Value])] = [
      ("load", [.i32(65530)]), ("load", [.i32(-1)]), ("store", [.i32(131060)]), ("wide", [.i64(65530)]),
      ("wide", [.i64(-1)]), ("vector", [.i32(131060)]), ("fill", [.i32(131000)]), ("fill some", [.i32(5), .i32(-1)]),
      ("copy", [.i32(131065), .i32(0)]), ("copy", [.i32(0), .i32(65530)]),
      ("copy some", [.i32(0), .i32(65530), .i32(7)]),
      ("discard", [.i32(1), .i32(65536)]), ("discard", [.i32(65536), .i32(7)]),
      ("discard", [.i32(65536), .i32(131072)]), ("discard", [.i32(0), .i32(65536)]),
      ("init", [.i32(131065)]), ("tail", [.i32(65533)]), ("tail", [.i32(-1)]), ("many", [.i32(65534)]),
    ]
    for grows in [false, true] {
      for (name, arguments) in calls {
        let old = try Self.instance(parsed, tier)
        let new = try Self.instance(lowered, tier)
        if grows {
          _ = try old.function("grow").call([])
          _ = try new.function("grow").call([])
        }
        var traps = LoweredTraps()
        traps.add(new, layout)
        let expected = try Self.trap(old, name, arguments)
        let actual = try Self.trap(new, name, arguments).map(traps.translated)
        #expect(actual?.kind == expected?.kind, "\(name)")
        guard let fault = expected?.memoryFault else { continue }
        if name.hasPrefix("copy") || name.hasPrefix("fill") || name == "init" {
          // How the engine tells of a range is its own affair.
          #expect(actual?.memoryFault?.memoryIndex == fault.memoryIndex, "\(name), \(arguments)")
        } else {
          #expect(actual?.memoryFault == fault, "\(name), \(arguments), \(grows)")
        }
        #expect(actual?.backtrace.first?.name?.contains("out_of_bounds") != true, "\(name)")
        #expect(actual?.backtrace.first?.name?.contains("unaligned") != true, "\(name)")
      }
    }
  }

  @Test func aTrapOfAnotherKindStaysAsItIs() throws {
    let text = "(module (memory 1) (memory 1) (func (export \"f\") (unreachable)))"
    let lowered = try MemoryLowering.lower(
      try ModuleValidator.validate(try ModuleParser.parse(Array(text.utf8)).module))
    let instance = try Self.instance(lowered.module, .interpreter)
    var traps = LoweredTraps()
    traps.add(instance, LoweredLayout(lowered.module))
    let trap = try #require(try Self.trap(instance, "f", []))
    #expect(traps.translated(trap) == trap)
    // What is no layout is none.
    #expect(LoweredLayout(binary: [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]) == nil)
    #expect(LoweredLayout(binary: Array("(module)".utf8)) == nil)
    var damaged = ModuleEncoder.encode(lowered.module)
    damaged[damaged.count - 1] |= 0x80
    #expect(LoweredLayout(binary: damaged) == nil)
  }

  @Test func aMemoryWithoutMaximumDeclaresNone() throws {
    func limits(_ text: String) throws -> Limits {
      let module = try ModuleParser.parse(Array("(module \(text))".utf8), features: .all).module
      return try MemoryLowering.lower(try ModuleValidator.validate(module)).module.memories[0].limits
    }
    for text in [
      "(memory i64 1) (memory i64 2) (func (drop (memory.grow 1 (i64.const 1))))",
      "(memory 1) (memory i64 2) (func (drop (memory.grow 1 (i64.const 1))))",
      "(memory (export \"a\") i64 1) (memory i64 2)",
      "(memory 1) (memory 2) (func (drop (memory.grow 1 (i32.const 1))))",
    ] {
      #expect(try limits(text).maximum == nil, "\(text)")
    }
    // The 32-bit one that lies last may not grow beyond what it can address.
    #expect(
      try limits("(memory i64 1 1) (memory 2) (func (drop (memory.grow 1 (i32.const 1))))").maximum == 65537)
  }

  static let node: String? = ["/usr/bin/node", "/usr/local/bin/node"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// The glue in Node, on a memory that begins beyond 2 GiB.
  @Test(.enabled(if: node != nil)) func theGlueWorksBeyondTwoGigabytes() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "polymnia-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = """
      (module (memory $low (export "low") 32769 32769) (memory $high (export "high") 1 1)
        (func (export "store") (param i32 i32) (i32.store8 $high offset=4 (local.get 0) (local.get 1))))
      """
    let lowered = try MemoryLowering.lower(
      try ModuleValidator.validate(try ModuleParser.parse(Array(text.utf8)).module))
    try Data(ModuleEncoder.encode(lowered.module)).write(to: folder.appending(path: "m.wasm"))
    try Data(LoweringGlue.javaScript.utf8).write(to: folder.appending(path: "glue.mjs"))
    try Data(
      """
      import { readFileSync } from "node:fs";
      import { LoweredMemory, loweredFault } from "./glue.mjs";
      const { instance } = await WebAssembly.instantiate(readFileSync("m.wasm"));
      const high = new LoweredMemory(instance, "high");
      instance.exports.store(3, 77);
      console.log(high.base, high.size, high.bytes[7], loweredFault(instance));
      try { instance.exports.store(65533, 1); } catch (error) {
        console.log(error.constructor.name, /memory1\\.out_of_bounds/.test(error.stack));
      }
      const fault = loweredFault(instance);
      console.log(fault.memory, fault.address, fault.length, loweredFault(instance));
      """.utf8
    ).write(to: folder.appending(path: "main.mjs"))
    let result = try Shell.run("'\(try #require(Self.node))' main.mjs", in: folder, path: "/usr/bin")
    #expect(
      result.output == """
        2147549184 65536 77 undefined
        RuntimeError true
        1 65537n 1n undefined

        """)
  }
}
