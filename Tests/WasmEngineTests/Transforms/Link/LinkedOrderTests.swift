import Testing
import WasmEngine
import WebAssembly

/// What happens when a linked module is instantiated, in the order of separate instantiation.
@Suite struct LinkedOrderTests {
  static func logging(_ number: Int, _ rest: String = "") -> String {
    """
    (module
      (import "env" "log" (func $log (param i32)))
      (import "env" "memory" (memory $host 1))
      (func $start (call $log (i32.const \(number))) (call $log (i32.load8_u $host (i32.const 0))))
      (data (memory $host) (i32.const 0) "\\0\(number)")
      \(rest)
      (start $start))
    """
  }

  @Test func segmentsAndStartFunctionsOfEachInTurn() throws {
    let scenario = LinkScenario(
      "three starts", ["a": Self.logging(1), "b": Self.logging(2), "c": Self.logging(3)])
    try scenario.check(log: ["1", "1", "2", "2", "3", "3"])
    // The first module's segment can stay active.
    let module = try scenario.link(makeEngine()).module
    #expect(module.data.map { $0.mode == .passive } == [false, true, true])
  }

  @Test func aSegmentThatFailsAfterAStartFunction() throws {
    let failing = """
      (module
        (import "env" "memory" (memory $host 1)) (memory $own 1)
        (data (memory $host) (i32.const 32) "written")
        (data (memory $own) (i32.const 65535) "xy")
        (data (memory $host) (i32.const 48) "never"))
      """
    try LinkScenario("failing segment", ["a": Self.logging(1), "b": failing, "c": Self.logging(3)])
      .check(instantiation: "trap: out of bounds memory access", log: ["1", "1"])
  }

  @Test func aSegmentThatFailsBeforeAnyStartFunction() throws {
    let failing = """
      (module
        (import "env" "memory" (memory $host 1)) (import "env" "limit" (global $limit i32))
        (data (memory $host) (i32.const 32) "written")
        (data (memory $host) (global.get $limit) "0123456789")
        (data (memory $host) (i32.const 48) "never"))
      """
    let later = """
      (module
        (import "env" "memory" (memory $host 1)) (import "env" "table" (table $t 1 funcref))
        (func $f (result i32) (i32.const 5))
        (elem (table $t) (i32.const 0) func $f)
        (data (memory $host) (i32.const 64) "never either"))
      """
    try LinkScenario("uncertain segment", ["a": failing, "b": later])
      .check(instantiation: "trap: out of bounds memory access")
  }

  @Test func elementSegmentsComeBeforeDataOfTheSameModuleOnly() throws {
    let one = """
      (module
        (import "env" "memory" (memory $host 1)) (import "env" "limit" (global $limit i32))
        (import "env" "table" (table $t 1 funcref))
        (func $f (result i32) (i32.const 1))
        (elem (table $t) (i32.const 0) func $f)
        (data (memory $host) (i32.const 0) "data of one"))
      """
    let two = """
      (module
        (import "env" "limit" (global $limit i32)) (import "env" "table" (table $t 1 funcref))
        (func $g (result i32) (i32.const 2))
        (elem (table $t) (i32.const 1) func $g)
        (elem (table $t) (global.get $limit) func $g))
      """
    try LinkScenario("element segment that fails", ["one": one, "two": two])
      .check(instantiation: "trap: out of bounds table access")
  }

  @Test func aTrapInTheMiddleStartFunction() throws {
    let trapping = """
      (module
        (import "env" "memory" (memory $host 1)) (import "env" "counter" (global $counter (mut i32)))
        (func $start
          (global.set $counter (i32.const 77))
          (i32.store $host (i32.const 100) (i32.const 5))
          (unreachable))
        (start $start))
      """
    try LinkScenario("trap in start", ["a": Self.logging(1), "b": trapping, "c": Self.logging(3)])
      .check(instantiation: "trap: unreachable", log: ["1", "1"])
  }

  @Test func anExceptionOutOfAStartFunction() throws {
    let throwing = """
      (module (import "env" "tag" (tag $t (param i32))) (func $start (throw $t (i32.const 3))) (start $start))
      """
    try LinkScenario("exception in start", ["a": Self.logging(1), "b": throwing])
      .check(instantiation: "exception: [i32:3]", log: ["1", "1"])
  }

  @Test func functionsOfAModuleThatFailedLiveOnInTables() throws {
    let one = """
      (module
        (import "env" "table" (table $t 4 funcref)) (memory $own 1)
        (data (memory $own) (i32.const 0) "\\2a")
        (func $f (result i32) (i32.load $own (i32.const 0)))
        (elem (table $t) (i32.const 2) func $f)
        (func $start) (start $start))
      """
    let two = """
      (module
        (import "env" "table" (table $t 4 funcref))
        (global $value (mut i32) (i32.const 9))
        (func $g (result i32) (global.get $value))
        (elem (table $t) (i32.const 3) func $g)
        (elem (table $t) (i32.const 8) func $g))
      """
    try LinkScenario("leaked functions", ["one": one, "two": two])
      .check(instantiation: "trap: out of bounds table access")
  }

  @Test func aStartFunctionThatIsImported() throws {
    let one = """
      (module (import "env" "log" (func $log (param i32)))
        (func (export "hello") (call $log (i32.const 11))))
      """
    let two = "(module (import \"one\" \"hello\" (func $hello)) (start $hello))"
    let scenario = LinkScenario("imported start", ["one": one, "two": two])
    try scenario.check(log: ["11"])
    #expect(try scenario.link(makeEngine()).startStepCount == 0)
  }

  @Test func aStartFunctionSeesLaterModulesUntouched() throws {
    let one = """
      (module
        (import "env" "log" (func $log (param i32))) (memory (export "memory") 1) (table (export "table") 4 funcref)
        (type $number (func (result i32)))
        (func $start (call $log (i32.load (i32.const 0)))
          (call $log (ref.is_null (table.get (i32.const 1)))))
        (func (export "call") (result i32) (call_indirect (type $number) (i32.const 1)))
        (start $start))
      """
    let two = """
      (module
        (import "one" "memory" (memory 1)) (import "one" "table" (table 4 funcref))
        (import "one" "call" (func $call (result i32))) (import "env" "log" (func $log (param i32)))
        (func $f (result i32) (i32.load (i32.const 0)))
        (data (i32.const 0) "\\08") (elem (i32.const 1) func $f)
        (func $start (call $log (call $call)))
        (start $start))
      """
    try LinkScenario("untouched", ["one": one, "two": two]).check(log: ["0", "1", "8"])
  }

  @Test func segmentsWhoseOffsetsAreGlobals() throws {
    let one = """
      (module (global (export "base") i32 (i32.const 24)) (global (export "sum") i32
        (i32.add (i32.const 3) (i32.mul (i32.const 4) (i32.const 5)))) (memory (export "memory") 1))
      """
    let two = """
      (module
        (import "one" "base" (global $base i32)) (import "one" "sum" (global $sum i32))
        (import "one" "memory" (memory 1)) (import "env" "limit" (global $limit i32))
        (global $own (export "own") i32 (i32.add (global.get $base) (i32.const 1)))
        (data (global.get $base) "base") (data (global.get $sum) "sum") (data (global.get $limit) "limit"))
      """
    try LinkScenario("offsets", ["one": one, "two": two]).check()
  }

  @Test func anEmptySegmentOutOfBounds() throws {
    let one = "(module (memory 0) (data (i32.const 0) \"\"))"
    let two = "(module (memory 0) (data (i32.const 1) \"\"))"
    try LinkScenario("empty segment in bounds", ["one": one]).check()
    try LinkScenario("empty segment out of bounds", ["one": one, "two": two])
      .check(instantiation: "trap: out of bounds memory access")
  }

  @Test func whatTheHostMustSupplyIsMatchedFirst() throws {
    let two = "(module (import \"env\" \"missing\" (func)))"
    let scenario = LinkScenario("missing", ["a": Self.logging(1), "b": two])
    let engine = makeEngine()
    #expect(try scenario.separate(engine).log == ["1", "1"])
    var keeping = scenario
    keeping.options.removesDeadCode = false
    let seen = try keeping.linked(engine)
    #expect(seen.instantiation == "unknownImport")
    #expect(seen.log == [])
    // Dead code removal takes an import away that nothing uses.
    #expect(try scenario.linked(engine).instantiation == "done")
  }
}
