import Testing
import WastRunner

/// What the runner makes of single scripts.
@Suite struct ScriptTests {
  private func outcome(_ script: String, path: String = "test.wast", roundTrips: Bool = false) -> ScriptOutcome {
    var options = SuiteOptions()
    options.roundTrips = roundTrips
    return ScriptSuite.run(Array(script.utf8), path: path, options: options)
  }

  @Test func everyCommandCountsOnce() {
    let outcome = outcome(
      """
      (module $m (func (export "f") (result i32) (i32.const 1)) (global (export "g") i32 (i32.const 2)))
      (register "m" $m)
      (invoke "f")
      (assert_return (invoke $m "f") (i32.const 1))
      (assert_return (get "g") (i32.const 2))
      (assert_invalid (module (func (result i32))) "type mismatch")
      (assert_malformed (module quote "(func (result") "unexpected token")
      (assert_unlinkable (module (import "m" "h" (func))) "unknown import")
      (assert_trap (module (func $f unreachable) (start $f)) "unreachable")
      """)
    #expect(outcome.failures == [])
    #expect(outcome.passed == 9)
  }

  @Test func failuresTellLineExpectationAndResult() throws {
    let outcome = outcome(
      """
      (module (func (export "f") (result i32) (i32.const 1)))
      (assert_return (invoke "f")
        (i32.const 3))
      """)
    #expect(outcome.passed == 1)
    let failure = try #require(outcome.failures.first)
    #expect(failure.line == 2)
    #expect(failure.expected == "i32:3")
    #expect(failure.got == "i32:1")
  }

  @Test(arguments: [
    #"(assert_return (invoke "f") (f32.const nan:canonical))"#,
    #"(assert_trap (invoke "f") "unreachable")"#,
    #"(assert_exhaustion (invoke "f") "call stack exhausted")"#,
    #"(assert_exception (invoke "f"))"#,
    #"(assert_return (invoke "f"))"#,
    #"(assert_return (invoke "g") (i32.const 1))"#,
    #"(assert_invalid (module) "type mismatch")"#,
    #"(assert_malformed (module quote "") "unexpected token")"#,
    #"(assert_malformed (module quote "(func (result i32))") "type mismatch")"#,
    #"(assert_unlinkable (module) "unknown import")"#,
    #"(assert_unlinkable (module (import "x" "y" (func))) "incompatible import type")"#,
    #"(assert_trap (module) "unreachable")"#,
    #"(module instance $a $b)"#,
    #"(register "x" $b)"#,
    #"(module (import "spectest" "unknown" (func)))"#,
  ])
  func whatDoesNotHoldFails(command: String) {
    let outcome = outcome(#"(module (func (export "f") (result i32) (i32.const 1)))"# + "\n" + command)
    #expect(outcome.passed == 1)
    #expect(outcome.failures.map(\.line) == [2])
  }

  @Test func nothingRunsOnAnOlderModuleThanTheLast() {
    let outcome = outcome(
      """
      (module (func (export "f") (result i32) (i32.const 1)))
      (module (import "nobody" "f" (func)))
      (assert_return (invoke "f") (i32.const 1))
      """)
    #expect(outcome.passed == 1)
    #expect(outcome.failures.map(\.line) == [2, 3])
  }

  @Test func threadsHaveNamesOfTheirOwn() {
    let script = """
      (module $M (memory (export "m") 1 1 shared) (global (export "g") i32 (i32.const 7)))
      (register "m" $M)
      (module $N)
      (thread $T (shared (module $M))
        (assert_return (get $M "g") (i32.const 7))
        (assert_unlinkable (module (import "m" "m" (memory 1 1 shared))) "unknown import")
        (register "own" $M)
        (module $N (import "own" "m" (memory 1 1 shared))
          (func (export "f") (i32.store (i32.const 0) (i32.const 42))))
        (invoke $N "f")
        (thread $U (shared (module $N)) (invoke $N "f"))
        (wait $U))
      (wait $T)
      (assert_unlinkable (module (import "own" "m" (memory 1 1 shared))) "unknown import")
      (module (import "m" "m" (memory 1 1 shared)) (func (export "f") (result i32) (i32.load (i32.const 0))))
      (assert_return (invoke "f") (i32.const 42))
      """
    let outcome = outcome(script)
    #expect(outcome.failures == [])
    #expect(outcome.passed == 16)
  }

  @Test(arguments: [
    "(wait $T)", "(thread $T (invoke $M \"f\"))", "(thread $T (invoke \"f\"))", "(thread (shared (module $N)))",
    "(thread (thread $T)) (wait $T)", "(thread $T (wait $T))",
  ])
  func threadsDoNotSeeWhatIsNotShared(commands: String) {
    let outcome = outcome(#"(module $M (func (export "f")))"# + "\n" + commands)
    #expect(outcome.failures.map(\.line) == [2])
  }

  @Test func resultsAreComparedByPattern() {
    let outcome = outcome(
      """
      (module
        (func (export "canonical") (result f32 f64) (f32.const -nan) (f64.const nan))
        (func (export "arithmetic") (result f32) (f32.const nan:0x400001))
        (func (export "vector") (result v128) (v128.const f32x4 nan 1 -0 inf))
        (func (export "either") (result i32) (i32.const 2))
        (func (export "extern") (param externref) (result externref) (local.get 0))
        (func $f (export "func") (result funcref) (ref.func $f)))
      (assert_return (invoke "canonical") (f32.const nan:canonical) (f64.const nan:canonical))
      (assert_return (invoke "arithmetic") (f32.const nan:arithmetic))
      (assert_return (invoke "vector") (v128.const f32x4 nan:canonical 1 -0 inf))
      (assert_return (invoke "either") (either (i32.const 1) (i32.const 2)))
      (assert_return (invoke "extern" (ref.extern 7)) (ref.extern 7))
      (assert_return (invoke "extern" (ref.null extern)) (ref.null extern))
      (assert_return (invoke "func") (ref.func))
      """)
    #expect(outcome.failures == [])
    #expect(outcome.passed == 8)
  }

  @Test func zerosOfEitherSignAndOtherNaNsDiffer() {
    let outcome = outcome(
      """
      (module
        (func (export "zero") (result f32) (f32.const -0))
        (func (export "nan") (result f32) (f32.const nan:0x400001)))
      (assert_return (invoke "zero") (f32.const 0))
      (assert_return (invoke "nan") (f32.const nan:canonical))
      """)
    #expect(outcome.failures.map(\.line) == [4, 5])
  }

  @Test func roundTripsAreChecksOfTheirOwn() {
    let outcome = outcome(
      #"(module (memory $a 1) (memory $b 1)) (module binary "\00asm\01\00\00\00")"#, roundTrips: true)
    #expect(outcome.failures == [])
    #expect(outcome.passed == 4)
  }

  @Test func aTextThatIsNoScriptIsOneFailure() {
    #expect(outcome("(frobnicate)").failed == 1)
    #expect(outcome("(module").failed == 1)
  }

  @Test func theFolderDecidesOnFeatures() {
    let script = "(module (memory 1 (pagesize 1)))"
    #expect(outcome(script, path: "proposals/custom-page-sizes/a.wast").failed == 0)
    #expect(outcome(script, path: "core/a.wast").failed == 1)
    #expect(outcome(script, path: "a.wast").failed == 0)
  }

  @Test func knownFailuresAreFoundByTheEndOfThePath() throws {
    let known = try #require(KnownFailures("# why\ncore/gc/a.wast 3 # because\n"))
    #expect(known.count(of: "../suite/core/gc/a.wast") == 3)
    #expect(known.count(of: "core/gc/a.wast") == 3)
    #expect(known.count(of: "xcore/gc/a.wast") == 0)
    #expect(KnownFailures("core/gc/a.wast") == nil)
  }
}
