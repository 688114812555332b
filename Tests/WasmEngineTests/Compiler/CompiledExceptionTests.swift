import Synchronization
import Testing

@testable import WasmEngine

/// Exceptions in machine code, and on their way through the interpreter, the host and other instances.
@Suite struct CompiledExceptionTests {
  /// A program for both tiers. With `interpreted`, every function whose number among the defined ones is in the set is
  /// interpreted though the engine compiles.
  static func load(
    _ text: String, _ tier: ExecutionTier, interpreted: Set<Int> = [], in store: Store? = nil,
    define: (Linker, Store) throws -> Void = { _, _ in }
  ) throws -> (instance: Instance, module: CompiledModule) {
    let store = store ?? Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    try define(linker, store)
    let module = try store.engine.compile(text: text)
    module.machine?.leftToInterpreter.withLock { $0 = interpreted }
    return (try linker.instantiate(module), module)
  }

  /// What a call gives: results, or what ended it.
  static func outcome(_ instance: Instance, _ name: String, _ arguments: [Value]) -> String {
    do {
      return "\(try instance.function(name).call(arguments))"
    } catch let exception as UncaughtException {
      return "exception \(exception.payload)"
    } catch let trap as Trap {
      return "\(trap)"
    } catch {
      return "\(error)"
    }
  }

  /// Calls the exports of a program with some numbers in the interpreter, in machine code, and with functions of both in
  /// turn.
  static func compare(
    _ text: String, _ calls: [(String, [Int32])], functions: Int,
    define: (Linker, Store) throws -> Void = { _, _ in }
  ) throws {
    func outcomes(_ instance: Instance) -> [String] {
      calls.flatMap { name, numbers in
        numbers.map { "\(name) \($0): \(outcome(instance, name, [.i32($0)]))" }
      }
    }
    let interpreted = try load(text, .interpreter, define: define).instance
    let expected = outcomes(interpreted)
    let (compiled, module) = try load(text, .compiler, define: define)
    #expect(outcomes(compiled) == expected)
    // Again, in the state that the calls have left.
    #expect(outcomes(compiled) == outcomes(interpreted))
    #expect(module.functionsLeftToInterpreter == [:])
    for step in 1..<8 {
      let some = Set((0..<functions).filter { ($0 &* 2_654_435_761 >> 3) & step != 0 || $0 % 3 == step % 3 })
      let (mixed, _) = try load(text, .compiler, interpreted: some, define: define)
      #expect(outcomes(mixed) == expected, "\(some.sorted())")
    }
  }

  // MARK: Values

  static let values = """
    (module (tag $t (param i32 i64 f32 f64 v128 externref)) (tag $empty) (tag $other (param f64))
      (memory 1) (global $g (mut i64) (i64.const 1))
      (func $throw (param i32)
        (global.set $g (i64.add (global.get $g) (i64.const 3)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (local.get 0)))
        (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 5))) (then (throw $empty)))
        (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3)))
          (then (throw $t (local.get 0) (i64.extend_i32_s (local.get 0)) (f32.convert_i32_s (local.get 0))
            (f64.convert_i32_s (local.get 0)) (i32x4.splat (local.get 0)) (ref.null extern)))))
      (func $passes (param i32) (call $throw (i32.add (local.get 0) (i32.const 0))) (call $throw (i32.add (local.get 0) (i32.const 1))))
      ;; Locals of every type are assigned in guarded code, between calls, in a loop, and read by the handlers.
      (func (export "loop") (param $n i32) (result i64)
        (local $i i32) (local $a i32) (local $b i64) (local $c f32) (local $d f64) (local $v v128) (local $sum i64) (local $e externref)
        (local.set $d (f64.const 0.5))
        (loop $again
          (block $done
            (block $caught (result i32 i64 f32 f64 v128 externref)
              (block $none
                (try_table (catch $t $caught) (catch $empty $none)
                  (local.set $a (i32.add (local.get $a) (local.get $i)))
                  (call $throw (local.get $i))
                  (local.set $b (i64.add (local.get $b) (i64.extend_i32_s (local.get $a))))
                  (local.set $c (f32.add (local.get $c) (f32.const 1.25)))
                  (call $passes (i32.add (local.get $i) (i32.const 1)))
                  (local.set $d (f64.mul (local.get $d) (f64.const 1.0625)))
                  (local.set $v (i64x2.add (local.get $v) (i64x2.splat (local.get $b))))
                  (call $throw (i32.add (local.get $i) (i32.const 2)))
                  (local.set $a (i32.mul (local.get $a) (i32.const 3))))
                (br $done))
              (local.set $sum (i64.add (local.get $sum) (i64.const 1000)))
              (br $done))
            (local.set $e)
            (local.set $v (i64x2.add (local.get $v)))
            (local.set $d (f64.add (local.get $d)))
            (local.set $c (f32.add (local.get $c)))
            (local.set $b (i64.add (local.get $b)))
            (local.set $a (i32.add (local.get $a))))
          (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.extend_i32_u (local.get $a))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_s (local.get $i) (local.get $n))))
        (i64.add (local.get $sum) (i64.add (local.get $b) (i64.add (i64.extend_i32_u (i32.reinterpret_f32 (local.get $c)))
          (i64.add (i64.reinterpret_f64 (local.get $d)) (i64.add (i64x2.extract_lane 0 (local.get $v)) (i64.add (i64x2.extract_lane 1 (local.get $v))
            (i64.add (global.get $g) (i64.load (i32.const 8))))))))))
      ;; Many values wait on the operand stack below the guarded code.
      (func (export "below") (param $n i32) (result i64)
        (i64.const 7) (local.get $n) (f64.const 2.5) (i64.extend_i32_s (local.get $n)) (f32.const 8)
        (block $caught (result i32)
          (block $all
            (try_table (result i32) (catch_all $all) (call $passes (local.get $n)) (i32.const 100))
            (br $caught))
          (i32.const 200))
        (f32.convert_i32_s) (f32.add) (i64.trunc_f32_s) (i64.add) (f64.convert_i64_s) (f64.add) (i32.trunc_f64_s) (i32.add)
        (i64.extend_i32_s) (i64.add))
      ;; More results than registers, of which the handler must see none.
      (func $many (param i32) (result i64 i64 i64 i64 i64 f64 f64 f64 f64 v128)
        (call $throw (local.get 0))
        (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.extend_i32_s (local.get 0))
        (f64.const 1) (f64.const 2) (f64.const 3) (f64.const 4) (i64x2.splat (i64.const 9)))
      (func (export "many") (param $n i32) (result i64) (local $x i64) (local $y f64) (local $v v128)
        (block $caught
          (try_table (catch_all $caught)
            (call $many (local.get $n))
            (local.set $v) (local.set $y (f64.add (f64.add (f64.add)))) 
            (local.set $x (i64.add (i64.add (i64.add (i64.add)))))
            (call $many (i32.add (local.get $n) (i32.const 1)))
            (local.set $v) (local.set $y (f64.add (local.get $y) (f64.add (f64.add (f64.add))))) 
            (local.set $x (i64.mul (local.get $x) (i64.add (i64.add (i64.add (i64.add))))))))
        (i64.add (local.get $x) (i64.add (i64.trunc_f64_s (local.get $y)) (i64x2.extract_lane 1 (local.get $v))))))
    """

  @Test func valuesThatLiveAcrossGuardedCode() throws {
    try Self.compare(
      Self.values,
      [
        ("loop", [1, 2, 7, 50, 400]), ("below", Array(-1...16)), ("many", Array(-1...16)), ("loop", [33]),
      ], functions: 7)
  }

  // MARK: Clauses

  static let clauses = """
    (module
      ;; The host gives the same tag for both.
      (import "env" "same" (tag $same (param i32)))
      (import "env" "again" (tag $again (param i32)))
      (tag $a (param i32)) (tag $b (param i32 i32)) (tag $c)
      (func $throw (param $kind i32)
        (block (block (block (block (block (block (br_table 0 1 2 3 4 5 (local.get $kind)))
          (throw $a (i32.const 11))) (throw $b (i32.const 12) (i32.const 13))) (throw $c)) (throw $same (i32.const 14)))
          (throw $again (i32.const 15))))
      (func $middle (param i32) (result i32) (call $throw (local.get 0)) (i32.const 1))
      (func (export "each") (param i32) (result i32) (local exnref)
        (block $b (result i32 i32)
          (block $aRef (result i32 exnref)
            (block $allRef (result exnref)
              (block $same (result i32)
                (return (i32.add (i32.const 1000)
                  (try_table (result i32) (catch_ref $a $aRef) (catch $b $b) (catch $same $same) (catch_all_ref $allRef)
                    (call $middle (local.get 0))))))
              (return (i32.add (i32.const 2000))))
            (local.set 1) (return (i32.add (i32.const 3000) (ref.is_null (local.get 1)))))
          (local.set 1) (i32.add (i32.const 4000)) (return))
        (i32.mul) (return (i32.add (i32.const 5000))))
      ;; What the inner one does not catch goes to the outer one, which is of the same function.
      (func (export "nested") (param i32) (result i32) (local $x i32)
        (block $outer (result i32)
          (block $all
            (try_table (catch $a $outer) (catch_all $all)
              (local.set $x (i32.const 1))
              (block $inner
                (try_table (catch $c $inner)
                  (local.set $x (i32.add (local.get $x) (i32.const 1)))
                  (drop (call $middle (local.get 0)))
                  (local.set $x (i32.add (local.get $x) (i32.const 10))))
                (return (i32.add (i32.const 100) (local.get $x))))
              (local.set $x (i32.add (local.get $x) (i32.const 20)))
              (drop (call $middle (i32.rem_u (local.get 0) (i32.const 2)))))
            (unreachable))
          (return (i32.add (i32.const 200) (local.get $x))))
        (i32.add (local.get $x)))
      ;; No clause, and clauses with the labels of a loop and of the function.
      (func (export "odd") (param i32) (result i32) (local $n i32)
        (try_table (local.set $n (i32.const 3)))
        (loop $l
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (if (i32.gt_s (local.get $n) (i32.const 100)) (then (return (local.get $n))))
          (try_table (catch $c $l) (catch $a 1) (catch_all $l)
            (drop (call $middle (i32.sub (local.get 0) (i32.div_s (local.get $n) (i32.const 100))))))
          (return (local.get $n)))
        (local.get $n))
      (func (export "thrown here") (param i32) (result i32) (local $x i32)
        (block $a (result i32)
          (try_table (catch $a $a) (catch $same $a)
            (local.set $x (i32.const 5))
            (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a (i32.add (local.get $x) (i32.const 30)))))
            (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $again (local.get 0))))
            (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $c)))
            (if (i32.eq (local.get 0) (i32.const 4)) (then (return_call $middle (i32.const 0)))))
          (i32.const 77))
        (i32.add (local.get $x)))
      (func (export "nothing") (param i32) (try_table (catch_all 0) (call $throw (local.get 0))))
      (func (export "null") (param i32) (block (try_table (catch_all 0) (throw_ref (ref.null exn))))))
    """

  static func defineTags(_ linker: Linker, _ store: Store) throws {
    let tags = try store.load(#"(module (tag (export "t") (param i32)))"#)
    try linker.define("env", "same", tags.export("t")!)
    try linker.define("env", "again", tags.export("t")!)
  }

  @Test func everyKindOfClause() throws {
    try Self.compare(
      Self.clauses,
      [
        ("each", Array(0...5)), ("nested", Array(0...5)), ("odd", Array(0...6)), ("thrown here", Array(0...4)),
        ("nothing", Array(0...5)), ("null", [0]),
      ], functions: 8, define: Self.defineTags)
  }
  /// Calls right before guarded code, and between pieces of it, are not guarded by it.
  @Test func callsInFrontOfGuardedCode() throws {
    try Self.compare(
      """
      (module (tag $t)
        (func $odd (param i32) (result i32)
          (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t))) (i32.add (local.get 0) (i32.const 10)))
        (func $nothing)
        (func (export "front") (param i32) (result i32)
          (local.set 0 (call $odd (local.get 0)))
          (block $caught (try_table (catch_all $caught) (call $nothing)))
          (local.get 0))
        (func (export "between") (param i32) (result i32)
          (block $caught (try_table (catch $t $caught) (call $nothing)))
          (local.set 0 (call $odd (local.get 0)))
          (block $caught (try_table (catch $t $caught) (throw $t)))
          (local.set 0 (call $odd (i32.add (local.get 0) (i32.const 2))))
          (block $outer
            (try_table (catch $t $outer)
              (local.set 0 (call $odd (i32.shr_u (local.get 0) (i32.const 1))))
              (block $inner (try_table (catch $t $inner) (drop (call $odd (i32.const 1)))))
              (return (i32.const 1))))
          (local.get 0)))
      """, [("front", [0, 1]), ("between", [0, 1, 2, 4])], functions: 4)
  }

  // MARK: Frames

  static let deep = """
    (module
      (tag $t (param i64)) (tag $u)
      (table 4 exnref)
      (func $down (param $n i32) (param $x i64) (result i64)
        (if (i32.eqz (local.get $n)) (then (throw $t (local.get $x))))
        (i64.add (call $down (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (i64.extend_i32_u (local.get $n))))
          (local.get $x)))
      (func (export "deep") (param i32) (result i64)
        (block $t (result i64) (try_table (result i64) (catch $t $t) (call $down (local.get 0) (i64.const 5)))))
      ;; Caught and thrown again in every frame, with work before and after.
      (func $again (param $n i32) (result i64) (local $e exnref) (local $k i64)
        (if (i32.eqz (local.get $n)) (then (throw $t (i64.const 1))))
        (local.set $k (i64.extend_i32_s (local.get $n)))
        (block $caught (result i64 exnref)
          (return (i64.mul (local.get $k)
            (try_table (result i64) (catch_ref $t $caught) (call $again (i32.sub (local.get $n) (i32.const 1)))))))
        (local.set $e)
        (local.set $k (i64.add (i64.mul (local.get $k) (i64.const 3))))
        (if (i32.and (local.get $n) (i32.const 1)) (then (throw_ref (local.get $e))))
        (throw $t (local.get $k)))
      (func (export "again") (param i32) (result i64)
        (block $t (result i64) (try_table (result i64) (catch $t $t) (call $again (local.get 0)))))
      ;; Handlers of another tag in every frame.
      (func $others (param $n i32) (result i64)
        (if (i32.eqz (local.get $n)) (then (throw $t (i64.const 77))))
        (block $u (return (try_table (result i64) (catch $u $u) (call $others (i32.sub (local.get $n) (i32.const 1))))))
        (i64.const -1))
      (func (export "others") (param i32) (result i64)
        (block $t (result i64) (try_table (result i64) (catch $t $t) (call $others (local.get 0)))))
      ;; One exception, kept in a table, thrown many times in a loop, out of which an inner one is caught too.
      (func $rethrow (param i32) (throw_ref (table.get (i32.and (local.get 0) (i32.const 3)))))
      (func (export "kept") (param $n i32) (result i64) (local $sum i64) (local $i i32) (local $e exnref)
        (loop $fill
          (block $c (result i64 exnref)
            (try_table (catch_ref $t $c) (throw $t (i64.extend_i32_u (local.get $i)))) (unreachable))
          (local.set $e) (drop)
          (table.set (local.get $i) (local.get $e))
          (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
        (loop $l
          (block $c (result i64 exnref)
            (block $all
              (try_table (catch_ref $t $c) (catch_all $all)
                (block (try_table (catch $u 0) (throw $u)))
                (call $rethrow (local.get $n)))
              (unreachable))
            (unreachable))
          (drop)
          (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 5))))
          (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
        (local.get $sum))
      (func (export "uncaught") (param i32) (result i64)
        (block $u (return (try_table (result i64) (catch $u $u) (call $down (local.get 0) (i64.const 3)))))
        (i64.const 0)))
    """

  @Test func throughManyFrames() throws {
    try Self.compare(
      Self.deep,
      [
        ("deep", [0, 1, 10, 3000]), ("again", [0, 1, 2, 300]), ("others", [0, 1, 400]), ("kept", [1, 5, 500]),
        ("uncaught", [0, 9, 2000]),
      ], functions: 9)
  }

  /// Two instances and the host call each other; the tag of each is known to the other.
  static let chain = """
    (module
      (import "env" "tag" (tag $t (param i32 f64)))
      (import "env" "host" (func $host (param i32)))
      (import "env" "next" (table $next 1 funcref))
      (type $f (func (param i32) (result i64)))
      (tag $own (param i64))
      (memory 1)
      (func $step (export "step") (type $f) (local $k i64)
        (local.set $k (i64.extend_i32_s (i32.mul (local.get 0) (i32.const 7))))
        (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (local.get $k)))
        (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 1000) (f64.const 0.25))))
        (if (i32.eq (i32.rem_u (local.get 0) (i32.const 4)) (i32.const 3))
          (then (call $host (i32.sub (local.get 0) (i32.const 1))))
          (else
            (local.set $k (i64.add (local.get $k)
              (call_indirect $next (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))))
        (local.get $k))
      (func $guarded (export "guarded") (type $f) (local $x f64)
        (block $all (result exnref)
          (block $own (result i64)
            (block $t (result i32 f64)
              (return (try_table (result i64) (catch $t $t) (catch $own $own) (catch_all_ref $all) (call $step (local.get 0)))))
            (local.set $x)
            (i64.extend_i32_s)
            (i64.add (i64.trunc_f64_s (f64.mul (local.get $x) (f64.const 100))))
            (i64.add (i64.load (i32.const 8)))
            (if (param i64) (result i64) (i32.gt_s (local.get 0) (i32.const 20)) (then (throw $own)))
            (return))
          (return))
        (throw_ref)))
    """

  @Test(arguments: 0..<8)
  func throughInstancesAndTheHost(interpreted: Int) throws {
    var expected: [String] = []
    for tier in ExecutionTier.allCases {
      let store = Store(makeEngine { $0.tier = tier })
      let tags = try store.load(#"(module (tag (export "t") (param i32 f64)))"#)
      let tables = try store.load(#"(module (table (export "a") 1 funcref) (table (export "b") 1 funcref))"#)
      final class Counter { var value = 0 }
      let counter = Counter()
      var instances: [Instance] = []
      for (place, (own, other)) in [("a", "b"), ("b", "a")].enumerated() {
        let (instance, _) = try Self.load(
          Self.chain, tier, interpreted: interpreted & 1 << place != 0 ? [0, 1] : interpreted & 4 != 0 ? [place] : [],
          in: store
        ) { linker, store in
          try linker.define("env", "tag", tags.export("t")!)
          try linker.define("env", "next", tables.export(other)!)
          try linker.define("env", "host") { (caller: borrowing Caller, count: Int32) throws in
            counter.value += 1
            let function = try tables.table(own).get(0)
            guard case .funcref(let step?) = function else { return }
            do {
              _ = try step.call([.i32(count)])
            } catch let exception as UncaughtException where counter.value % 2 == 0 {
              // The host catches and throws another one of the same tag.
              throw try UncaughtException(tag: exception.tag, payload: exception.payload)
            }
          }
        }
        try tables.table(own).set(0, .funcref(instance.function("step")))
        instances.append(instance)
      }
      var outcomes: [String] = []
      for number in Int32(0)..<40 {
        outcomes.append(Self.outcome(instances[Int(number) & 1], "guarded", [.i32(number)]))
      }
      for _ in 0..<200 { outcomes.append(Self.outcome(instances[0], "guarded", [.i32(13)])) }
      if tier == .interpreter { expected = outcomes } else { #expect(outcomes == expected) }
    }
    #expect(Set(expected).count > 30)
  }

  // MARK: What is not caught

  static let traps = """
    (module (import "env" "stop" (func $stop (param i32))) (memory $m 1) (tag $t) (table 2 funcref)
      (func $trap (param i32)
        (block (block (block (block (block (block (block (br_table 0 1 2 3 4 5 6 (local.get 0)))
          (unreachable)) (drop (i32.div_u (i32.const 1) (i32.const 0))) (return)) (drop (i32.load offset=65535 (local.get 0))) (return))
          (call_indirect (local.get 0)) (return)) (call $endless (i64.const 0)) (return))
          (memory.fill (i32.const 65535) (i32.const 0) (i32.const 9)) (return))
        (call $stop (local.get 0))
        (loop (br 0)))
      (func $endless (param i64) (call $endless (i64.add (local.get 0) (i64.const 1))) (drop (i64.load (i32.const 0))))
      (func (export "caught") (param i32)
        (block (try_table (catch_all 0)
          (block (try_table (catch $t 0) (call $trap (local.get 0)))) (throw $t)))))
    """

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func trapsInterruptsAndErrorsOfTheHostAreNot(bounds: MemoryPolicy.Bounds) throws {
    struct HostError: Error {}
    var outcomes: [[String]] = []
    for tier in ExecutionTier.allCases {
      let store = Store(makeEngine(bounds: bounds) { $0.tier = tier })
      let (instance, _) = try Self.load(Self.traps, tier, in: store) { linker, _ in
        try linker.define("env", "stop") { (caller: borrowing Caller, kind: Int32) throws in
          if kind == 7 { throw HostError() }
          if kind == 6 { caller.store.interruptHandle.interrupt() }
          if kind == 8 { try caller.store.setDeadline(after: .zero) }
        }
      }
      outcomes.append((0...8).map { Self.outcome(instance, "caught", [.i32($0)]) })
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(outcomes[0].count { $0.hasPrefix("trap") } == 8)
    #expect(outcomes[0][7].hasPrefix("HostError"))
  }

  /// Many threads compile, throw and catch at the same time.
  @Test func inManyThreads() throws {
    let sums = Mutex<[String]>([])
    let deep = Self.deep
    Threads.forEach(4, threads: 4) { _ in
      let result = (0..<3).map { _ in
        do {
          let (instance, _) = try Self.load(deep, .compiler)
          return ["deep", "again", "others", "kept"].map { Self.outcome(instance, $0, [.i32(200)]) }.joined()
        } catch { return "\(error)" }
      }
      sums.withLock { $0 += result }
    }
    let all = sums.withLock { $0 }
    #expect(all.count == 12)
    let (instance, _) = try Self.load(deep, .interpreter)
    let expected = ["deep", "again", "others", "kept"].map { Self.outcome(instance, $0, [.i32(200)]) }.joined()
    #expect(Set(all) == [expected])
  }

  @Test func whatWasCaughtIsFreed() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let (instance, _) = try Self.load(Self.values, .compiler, in: store)
    _ = try instance.function("loop").call([.i32(500)])
    #expect(store.exceptions.isEmpty)
  }
}
