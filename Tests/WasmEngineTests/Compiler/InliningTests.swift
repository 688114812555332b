import Testing
import WebAssembly

@testable import WasmEngine

/// Calls of small functions that are replaced by what the functions do: nobody can tell, but by the machine code.
@Suite("Inlining", .enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct InliningTests {
  static let text = """
    (module
      (memory $m 1) (memory $n 1) (global $g (mut i32) (i32.const 40))
      (table 1 funcref) (elem (i32.const 0) $word)
      (func $word (param i32) (result i32) (i32.load $n offset=4 (local.get 0)))
      (func $quotient (param i32 i32) (result i32) (local i32)
        (local.set 2 (i32.div_s (local.get 0) (local.get 1))) (i32.add (local.get 2) (global.get $g)))
      (func $swap (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
      (func $count (global.set $g (i32.add (global.get $g) (i32.const 1))))
      (func $outer (export "outer") (param i32 i32) (result i32)
        (local $x i32)
        (local.set $x (i32.const 7))
        (call $count)
        (i32.add (local.get $x) (i32.add (call $word (local.get 0)) (call $quotient (local.get 0) (local.get 1)))))
      (func (export "run") (param i32 i32) (result i32) (call $outer (local.get 0) (local.get 1)))
      (func (export "indirect") (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))
      (func (export "swapped") (param i64 f64) (result f64 i64) (call $swap (local.get 0) (local.get 1)))
      (func (export "loop") (param i32) (result i32) (local i32)
        (loop (local.set 1 (i32.add (local.get 1) (call $quotient (local.get 0) (i32.const 3))))
          (call $count)
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))
    """

  private func instance(_ tier: ExecutionTier, _ bounds: MemoryPolicy.Bounds) throws -> Instance {
    try Store(makeEngine(bounds: bounds) { $0.tier = tier }).load(Self.text)
  }

  @Test(arguments: [MemoryPolicy.Bounds.guarded, .checked])
  func resultsAreThoseOfCalls(bounds: MemoryPolicy.Bounds) throws {
    let machine = try instance(.compiler, bounds)
    let interpreter = try instance(.interpreter, bounds)
    for instance in [machine, interpreter] {
      #expect(try callI32(instance, "run", .i32(9), .i32(2)) == 7 + 0 + 4 + 41)
      #expect(try callI32(instance, "loop", .i32(5)) == 3 + 41 + 42 + 43 + 44 + 45)
      let swapped = try instance.function("swapped", as: (Int64, Double).self, returning: (Double, Int64).self)
      #expect(try swapped(-3, 2.5) == (2.5, -3))
    }
  }

  @Test(arguments: [MemoryPolicy.Bounds.guarded, .checked])
  func trapsHaveTheFramesOfCalls(bounds: MemoryPolicy.Bounds) throws {
    for (name, arguments) in [
      ("run", [Value.i32(65_530), .i32(1)]), ("run", [.i32(8), .i32(0)]), ("run", [.i32(.min), .i32(-1)]),
      ("indirect", [.i32(-1)]),
    ] {
      var traps: [Trap] = []
      for tier in [ExecutionTier.compiler, .interpreter] {
        let instance = try instance(tier, bounds)
        traps.append(
          try #require(throws: Trap.self) { _ = try instance.function(name).call(arguments) })
      }
      #expect(traps[0].kind == traps[1].kind)
      #expect(traps[0].memoryFault == traps[1].memoryFault)
      #expect(traps[0].backtrace.map(\.function) == traps[1].backtrace.map(\.function))
      #expect(traps[0].backtrace.map(\.offset) == traps[1].backtrace.map(\.offset))
      #expect(traps[0].backtrace.count == (name == "run" ? 3 : 2))
    }
  }

  @Test func smallFunctionsAreNotCalled() throws {
    let module = try makeEngine { $0.tier = .compiler }.compile(text: Self.text)
    let compiler = CompilerContext(try #require(module.machine).environment)
    var calls = 0
    compiler.observer = { stage, ir in
      guard stage == Pipeline.frontEnd else { return }
      calls = ir.instructions.count { $0.operation == .call }
    }
    _ = try compiler.compile(4)
    #expect(calls == 0)
    // What calls itself calls others, and is too large.
    _ = try compiler.compile(5)
    #expect(calls == 1)
  }
}
