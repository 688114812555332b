import Testing

@testable import WasmEngine

/// Registers that callees preserve: for their callers on every way out, whoever they call.
@Suite(.enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct PreservedRegisterTests {
  /// Functions with loops that keep values in registers across calls: of one another, of the host, of functions that throw,
  /// catch and leave by tail calls, and by all these at once. `name` is called with `$n` in each round.
  private static func program(_ arm: String) -> String {
    // Three values that a loop changes and wants behind its call, and two that it only reads.
    func loop(_ call: String, _ end: String = "(i32.const 9)") -> String {
      """
      (local.set $a (i32.mul (local.get $n) (i32.const 7)))
      (local.set $b (i32.xor (local.get $n) (i32.const 85)))
      (loop $again
        (local.set $c (i32.add (local.get $c) \(call)))
        (local.set $a (i32.rotl (i32.add (local.get $a) (local.get $c)) (local.get $n)))
        (local.set $b (i32.add (i32.mul (local.get $b) (i32.const 5)) (local.get $a)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) \(end))))
      """
    }
    let locals = "(local $i i32) (local $a i32) (local $b i32) (local $c i32)"
    let result = "(i32.xor (local.get $a) (i32.add (local.get $b) (local.get $c)))"
    return """
      (module
        (type $unary (func (param i32) (result i32)))
        (import "host" "f" (func $host (type $unary)))
        (tag $t (param i32))
        (table funcref (elem $leaf $host $loops $throws $catches $jumps))
        (func $leaf (type $unary) (i32.mul (local.get 0) (i32.const 3)))
        (func $loops (param $n i32) (result i32) \(locals)
          \(loop("(call $leaf (i32.add (local.get $i) (local.get $b)))")) \(result))
        (func $throws (param $n i32) (result i32) \(locals)
          \(loop("(call $loops (i32.add (local.get $i) (local.get $b)))", "(i32.const 3)"))
          (throw $t \(result)))
        (func $between (param $n i32) (result i32) \(locals)
          \(loop("(call $throws (i32.add (local.get $i) (local.get $a)))")) \(result))
        (func $catches (param $n i32) (result i32) \(locals)
          \(loop("""
            (block $caught (result i32)
              (try_table (catch $t $caught) (return (call $between (i32.add (local.get $i) (local.get $a)))))
              (unreachable))
            """, "(i32.const 4)")) \(result))
        (func $jumps (param $n i32) (result i32) \(locals)
          \(loop("(call $host (local.get $b))"))
          (return_call $loops (i32.add (local.get $a) (local.get $b))))
        (func (export "leaf") (param $n i32) (result i32) \(locals) \(loop("(call $leaf \(arm))")) \(result))
        (func (export "host") (param $n i32) (result i32) \(locals) \(loop("(call $host \(arm))")) \(result))
        (func (export "loops") (param $n i32) (result i32) \(locals) \(loop("(call $loops \(arm))")) \(result))
        (func (export "catches") (param $n i32) (result i32) \(locals) \(loop("(call $catches \(arm))")) \(result))
        (func (export "jumps") (param $n i32) (result i32) \(locals) \(loop("(call $jumps \(arm))")) \(result))
        (func (export "throws") (param $n i32) (result i32) \(locals) \(loop("(call $throws \(arm))")) \(result))
        (func (export "all") (param $n i32) (result i32) \(locals)
          \(loop("""
            (block $caught (result i32)
              (try_table (catch $t $caught)
                (local.set $c (i32.add (local.get $c)
                  (call_indirect (type $unary) \(arm) (i32.rem_u (local.get $i) (i32.const 6))))))
              (i32.const 11))
            """, "(i32.const 24)")) \(result)))
      """
  }

  private static let exports = ["leaf", "host", "loops", "catches", "jumps", "throws", "all"]

  @Test(arguments: [
    "(local.get $i)", "(i32.add (local.get $a) (local.get $n))", "(i32.xor (local.get $b) (local.get $c))",
  ])
  func valuesAcrossCallsInLoops(argument: String) throws {
    try CompiledExceptionTests.compare(
      Self.program(argument), Self.exports.map { ($0, [0, 1, 5, -3]) }, functions: 13
    ) { linker, store in
      try linker.define("host", "f") { (_: borrowing Caller, value: Int32) in value &* 31 ^ 5 }
    }
  }

  /// A host function that calls back, which goes through the entries and exits of both tiers.
  @Test func valuesAcrossTheHost() throws {
    final class Back { var call: ((Int32) throws -> Int32)? }
    for tier in [ExecutionTier.interpreter, .compiler] {
      let back = Back()
      let (instance, _) = try CompiledExceptionTests.load(Self.program("(local.get $b)"), tier) { linker, store in
        try linker.define("host", "f") { (_: borrowing Caller, value: Int32) -> Int32 in try back.call?(value) ?? value
        }
      }
      let loops = try instance.function("loops", as: Int32.self, returning: Int32.self)
      let host = try instance.function("host", as: Int32.self, returning: Int32.self)
      let plain = try host(3)
      back.call = { try loops($0) &+ 1 }
      let nested = try host(3)
      #expect(plain != nested)
      if tier == .interpreter { continue }
      let (other, _) = try CompiledExceptionTests.load(Self.program("(local.get $b)"), .interpreter) { linker, store in
        try linker.define("host", "f") { (_: borrowing Caller, value: Int32) in try loops(value) &+ 1 }
      }
      #expect(try other.function("host", as: Int32.self, returning: Int32.self)(3) == nested)
    }
  }

  /// A loop with a call keeps what it counts in registers, and the function brings its caller's back.
  @Test func loopsWithCallsDoNotSpill() throws {
    let stages = try CompilerStages(
      text: """
        (module
          (import "host" "f" (func $f (param i32) (result i32)))
          (func (param $n i32) (result i32) (local $i i32)
            (loop $again
              (drop (call $f (local.get $i)))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $i)))
        """)
    let ir = try #require(stages.stages(0).last).ir
    let (machine, compiled) = try stages.generate(ir)
    #expect(AllocationChecker.mistakes(in: machine, compiled.steps) == [])
    let header = try #require(machine.blocks.first { $0.loopEnd >= 0 })
    let end = machine.blocks[Int(header.loopEnd) - 1].end
    let written = compiled.steps.indices.filter {
      compiled.steps[$0].kind == .instruction && (header.first..<end).contains(compiled.steps[$0].index)
    }
    let (first, last) = (try #require(written.first), try #require(written.last))
    let moved = compiled.steps[first...last].filter {
      [.move, .store, .exchange].contains($0.kind) && !($0.a.isRegister && $0.d.isRegister)
    }
    #expect(moved.isEmpty, "\(moved.map(\.text))")
  }
}
