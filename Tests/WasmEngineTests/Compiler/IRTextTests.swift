import Foundation
import Testing
import WebAssembly

@testable import WasmEngine

/// The text form of the intermediate representation: what is printed reads back to the same, and what cannot be read is
/// refused with its place.
struct IRTextTests {
  /// Prints and reads each function at each stage. What is read must print the same, be right, and give the same code.
  private func check(_ stages: CompilerStages, _ what: String, _ seen: inout Set<IROperation>) throws {
    for function in 0..<stages.count {
      let all = stages.stages(function)
      for (name, ir) in all {
        let text = IRPrinter.print(ir)
        let place = "\(what), function \(function) after \(name)"
        let parsed: IRFunction
        do {
          parsed = try IRParser.parse(text)
        } catch {
          Issue.record("\(place): \(error)\n\(text)")
          continue
        }
        #expect(IRPrinter.print(parsed) == text, "\(place)")
        #expect(IRVerifier.mistakes(in: ir, stages.environment) == [], "\(place)\n\(text)")
        #expect(IRVerifier.mistakes(in: parsed, stages.environment) == [], "\(place)\n\(text)")
        for block in ir.blocks { for value in ir.instructions(of: block) { seen.insert(ir[value].operation) } }
      }
      guard let last = all.last else { continue }
      let parsed = try IRParser.parse(IRPrinter.print(last.ir))
      guard let original = try? stages.generate(last.ir).compiled.code else { continue }
      #expect(try stages.generate(parsed).compiled.code == original, "\(what), function \(function)")
    }
  }

  @Test(arguments: [MemoryPolicy.Bounds.guarded, .checked])
  func everyOperationReadsBack(bounds: MemoryPolicy.Bounds) throws {
    let stages = try CompilerStages(text: EverythingModule.text) {
      $0.memoryPolicy.bounds = bounds
      $0.features.insert(.wideArithmetic)
    }
    var seen: Set<IROperation> = []
    try check(stages, "everything", &seen)
    let metering = try CompilerStages(text: MeteringTests.everyBlock) { $0.metersFuel = true }
    try check(metering, "blocks with fuel", &seen)
    // The front end makes calls through records of tail calls; parameters stand with their blocks.
    let unused: Set<IROperation> = [.nothing, .parameter, .tailCall]
    let missing = Set(IROperation.allCases).subtracting(seen).subtracting(unused)
    #expect(missing.isEmpty, "no function uses \(missing.map { "\($0)" }.sorted())")
  }

  private static let suite = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../../shared/testsuite/core").standardizedFileURL.path
  private static var hasSuite: Bool { FileManager.default.fileExists(atPath: suite) }

  @Test(
    .enabled(if: hasSuite, "The official scripts are not in ../shared/testsuite."),
    arguments: [
      "br_table", "call_indirect", "conversions", "endianness", "loop", "nop", "return_call_indirect", "switch",
      "unwind",
      "simd/simd_lane", "simd/simd_i16x8_extadd_pairwise_i8x16", "multi-memory/memory_copy1", "bulk-memory/table_init",
    ])
  func officialModulesReadBack(script: String) throws {
    let path = Self.suite + "/\(script).wast"
    guard let data = FileManager.default.contents(atPath: path) else { return }
    var seen: Set<IROperation> = []
    var count = 0
    for directive in try Script.parse(Array(data)).commands {
      guard case .module(let definition) = directive.kind,
        let compiled = try? Engine().compile(ModuleEncoder.encode(definition.module()))
      else { continue }
      count += 1
      try check(CompilerStages(compiled), "\(script), module \(count)", &seen)
    }
    #expect(count > 0)
  }

  /// A function around a body of one block.
  private func function(_ body: String) -> String { "function (i32, i64) -> ()\nblock0(v0: i32, v1: i64):\n" + body }

  @Test func mistakesHaveTheirPlace() {
    let cases: [(text: String, error: String)] = [
      ("", "1:1: expected 'function', found the end"),
      ("function (i32", "1:14: expected ')', found the end"),
      ("function (int) -> ()", "1:11: no type 'int'"),
      ("function () -> ()", "1:18: a function has at least one block"),
      ("function () -> ()\nblock1:\n", "2:1: expected block0"),
      (function("  v2 = plus.i32 v0, v0\n"), "3:8: no operation 'plus.i32'"),
      (function("  v2 = add.i33 v0, v0\n"), "3:8: no type 'i33'"),
      (function("  v2 = add.i32 v0, v9\n  return()\n"), "3:20: v9 is not defined"),
      (function("  v1 = add.i32 v0, v0\n  return()\n"), "3:3: v1 is defined twice"),
      (function("  v5000000 = add.i32 v0, v0\n"), "3:3: the number of the value is too large"),
      (function("  add.i32 v0, v0\n"), "3:3: 'add.i32' needs a value to define"),
      (function("  v2 = jump block0\n"), "3:3: 'jump' makes no value"),
      (function("  v2 = add.i32 v0, v0 v0\n"), "3:23: expected the end of the line, found 'v0'"),
      (function("  v2 = compare.i32 less v0, v0\n"), "3:20: no condition 'less'"),
      (function("  v2 = constant.i32 99999999999999999999\n"), "3:21: not a number of 64 bits"),
      (function("  v2 = vector.v128 i32x5.add v0, v0\n"), "3:20: no vector instruction 'i32x5.add'"),
      (function("  jump block7\n"), "3:8: there is no block7"),
      (function("  v2 = load.i32 full memory 0 v1 + 4]\n"), "3:31: expected '[', found 'v1'"),
      (function("  trap oops\n"), "3:8: no trap 'oops'"),
      (function("  return() $\n"), "3:12: unexpected character"),
      (function("  return() @0x100000000\n"), "3:13: an offset is out of range"),
      (
        "function () -> ()\nloop 0 = block1 ..< block9 preheader block0\nblock0:\n return()\nblock1:\n return()\n",
        "2:21: there is no block9"
      ),
      ("function () -> ()\nloop 1 = block1 ..< block2 preheader block0\n", "2:6: expected loop 0"),
      ("function () -> ()\nblock0 loop 0:\n", "2:13: no loop 0"),
    ]
    for (text, expected) in cases {
      do {
        _ = try IRParser.parse(text)
        Issue.record("read without an error: \(text)")
      } catch {
        #expect(error.description == expected, "\(text)")
      }
    }
  }

  /// Cutting a text anywhere, or changing one byte, gives an error or a function that can be printed.
  @Test func damagedTextNeverTraps() throws {
    let stages = try CompilerStages(text: EverythingModule.text) { $0.features.insert(.wideArithmetic) }
    let text = Array(IRPrinter.print(stages.stages(stages.count - 1)[0].ir).utf8)
    var state: UInt64 = 1
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    var accepted = 0
    for _ in 0..<600 {
      var damaged = text
      switch random(3) {
      case 0: damaged.removeSubrange(random(text.count)...)
      case 1: damaged[random(text.count)] = Array("v0,()[]@ \nblockx".utf8)[random(16)]
      default: damaged.remove(at: random(text.count))
      }
      guard let ir = try? IRParser.parse(String(decoding: damaged, as: UTF8.self)) else { continue }
      accepted += 1
      _ = IRPrinter.print(ir)
      _ = IRVerifier.mistakes(in: ir, stages.environment)
    }
    #expect(accepted > 0)
  }
}
