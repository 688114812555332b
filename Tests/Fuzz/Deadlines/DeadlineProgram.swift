/// A random program that runs without end, or for longer than anybody would wait, made of what might keep it from looking
/// at the interrupt word.
struct DeadlineProgram {
  private(set) var text = ""
  /// Whether it has no end; otherwise it ends after more rounds than a second has time for.
  private(set) var isEndless = false
  /// Whether instantiation runs it.
  private(set) var isStart = false

  private var random: RandomSource
  private var functions: [String] = []
  private var loopCount = 0

  /// The depth of calls, loops and guarded code within each other.
  private static let depth = 4
  /// What a body may still grow to, in pieces of work.
  private var budget = 120

  static func make(seed: UInt64, number: Int) -> DeadlineProgram {
    var program = DeadlineProgram(RandomSource(seed: seed, number: number))
    program.isEndless = number % 2 == 0 || program.random.chance(20)
    program.isStart = program.random.chance(15)
    program.build()
    return program
  }

  private init(_ random: RandomSource) { self.random = random }

  private mutating func build() {
    let main = isEndless ? endless() : long()
    text = """
      (module
        (memory $a 600) (memory $b 600) (memory $c i64 1 40)
        (table $t 500000 externref) (table $u 20 5000000 funcref)
        (elem $e declare func $none) (data $d "\(String(repeating: "data", count: 500))")
        (type $work (func))
        (tag $tag (param i64)) (tag $other)
        (global $x (mut i64) (i64.const 1))
        (func $none)
        (func $raise (throw $tag (i64.const 3)))
      \(functions.joined(separator: "\n"))
        (func $main (export "run") \(Self.locals) \(main))
        \(isStart ? "(start $main)" : ""))
      """
  }

  /// The locals that every piece of work may use.
  private static let locals = "(local $p i64) (local $q i64) (local $far i64) (local $v v128)" + counters
  private static let counters = (0..<12).map { "(local $i\($0) i32)" }.joined()

  /// A counter that no loop around uses, as long as there are some.
  private mutating func counter() -> Int {
    loopCount += 1
    return loopCount % 12
  }

  // MARK: The whole

  private mutating func endless() -> String {
    switch random.below(7) {
    case 0: return tailCalls(count: nil)
    case 1:
      let body = work(Self.depth)
      return "(loop $end \(body) (br $end))"
    case 2:
      // The way back is one of many.
      let body = work(Self.depth)
      return "(loop $end \(body) (block $b (br_table $b $end $end (i32.const 1))))"
    case 3:
      let body = work(Self.depth)
      return "(loop $end \(body) (br_on_null $end (ref.null func)) (drop))"
    case 4:
      // An exception is what goes round.
      let body = work(Self.depth)
      return "(loop $end (try_table (catch_all $end) \(body) (throw $other)))"
    case 5: return tree(work(2), levels: 200)
    default:
      let body = work(2)
      let name = function("\(body)")
      return "(loop $end (call \(name)) (br_if $end (i32.const 1)))"
    }
  }

  private mutating func long() -> String {
    switch random.below(6) {
    case 0: return tailCalls(count: 1 << 40)
    case 1: return tree(work(2), levels: 34)
    case 2:
      let body = work(Self.depth)
      return """
        (loop $end \(body)
          (br_if $end (i64.lt_u (local.tee $far (i64.add (local.get $far) (i64.const 1))) (i64.const 0x4000000000))))
        """
    case 3:
      // Counted loops within each other.
      var body = "(local.set $q (i64.add (local.get $q) (i64.const 1)))"
      for _ in 0..<5 { body = counted(rounds: 4000, body) }
      return body
    case 4:
      // Long runs of what takes a while.
      let name = function(leaf())
      let inner = function(String(repeating: "(call \(name))", count: 3000))
      let outer = function(String(repeating: "(call \(inner))", count: 3000))
      return String(repeating: "(call \(outer))", count: 100)
    default: return tree(leaf(), levels: 36)
    }
  }

  /// Functions of which each calls the next some times, down to one that works.
  private mutating func tree(_ work: String, levels: Int) -> String {
    var name = function(work)
    for _ in 0..<levels {
      let rest = random.chance(30) ? straight(random.below(30)) : ""
      name = function("(call \(name)) (call \(name)) \(rest)")
    }
    return "(call \(name))"
  }

  private mutating func tailCalls(count: Int?) -> String {
    let first = functions.count
    let length = 1 + random.below(4)
    let end = count.map { "(if (i64.gt_u (local.get $n) (i64.const \($0))) (then (return)))" } ?? ""
    var bodies: [String] = []
    for _ in 0..<length { bodies.append(work(1)) }
    let base = functions.count
    for (index, body) in bodies.enumerated() {
      let next = "$f\(base + (index + 1) % length)"
      let count = "(i64.add (local.get $n) (i64.const 1))"
      let call =
        switch random.below(3) {
        case 0: "(return_call \(next) \(count))"
        case 1: "(return_call_ref $counting \(count) (ref.func \(next)))"
        default:
          "(table.set $u (i32.const 3) (ref.func \(next))) (return_call_indirect $u (type $counting) \(count) (i32.const 3))"
        }
      let name = "$f\(functions.count)"
      functions.append("(func \(name) (param $n i64) \(Self.locals) \(end) \(body) \(call))")
    }
    let names = (0..<length).map { "$f\(base + $0)" }.joined(separator: " ")
    functions[first] = "(type $counting (func (param i64))) (elem declare func \(names))" + functions[first]
    return "(call $f\(base) (i64.const 0))"
  }

  // MARK: Work

  /// A function of its own, by name.
  private mutating func function(_ body: String) -> String {
    let name = "$f\(functions.count)"
    functions.append("(func \(name) \(Self.locals) \(body))")
    return name
  }

  /// Something that ends, and takes from nothing to some seconds.
  private mutating func work(_ depth: Int) -> String {
    var result = ""
    for _ in 0..<1 + random.below(3) where budget > 0 { result += piece(depth) }
    return result
  }

  private mutating func piece(_ depth: Int) -> String {
    budget -= 1
    guard depth > 0 else { return straight(1 + random.below(40)) }
    switch random.below(14) {
    case 0: return straight(1 + random.below(400))
    case 1: return counted(rounds: 1 + random.below(50_000), straight(1 + random.below(12)))
    case 2:
      // Loops side by side.
      return (0..<2 + random.below(40)).map { _ in
        counted(rounds: 1000 + random.below(60_000), straight(1 + random.below(4)))
      }.joined()
    case 3: return counted(rounds: 1 + random.below(4000), work(depth - 1))
    case 4, 5:
      let name = function(random.chance(50) ? leaf() : work(depth - 1))
      return String(repeating: "(call \(name))", count: 1 + random.below(200))
    case 6:
      let name = function(leaf())
      functions[functions.count - 1] += " (elem declare func \(name))"
      let call =
        "(table.set $u (i32.const 5) (ref.func \(name)))"
        + String(repeating: "(call_indirect $u (type $work) (i32.const 5))", count: 1 + random.below(100))
      return call + String(repeating: "(call_ref $work (ref.func \(name)))", count: random.below(50))
    case 7, 8: return bulk()
    case 9: return exceptions(work(depth - 1))
    case 10: return deep(work(0), raises: random.chance(50))
    case 11:
      let arm = work(depth - 1)
      return "(if (i64.eqz (i64.and (global.get $x) (i64.const \(random.below(4))))) (then \(arm)) (else \(bulk())))"
    case 12: return divisions(1 + random.below(200))
    default: return vectors()
    }
  }

  private mutating func straight(_ count: Int) -> String {
    (0..<count).map { _ in
      switch random.below(4) {
      case 0: "(local.set $p (i64.mul (local.get $p) (i64.const 6364136223846793005)))"
      case 1: "(i64.store $a (i32.const \(random.below(4000))) (i64.add (local.get $p) (local.get $q)))"
      case 2: "(local.set $q (i64.xor (local.get $q) (i64.load $b (i32.const \(random.below(4000))))))"
      default: "(global.set $x (i64.add (global.get $x) (local.get $q)))"
      }
    }.joined()
  }

  private mutating func divisions(_ count: Int) -> String {
    let one =
      random.chance(50)
      ? "(local.set $p (i64.div_u (i64.const 0x7fffffffffffffff) (i64.or (local.get $p) (i64.const 1))))"
      : "(i64.store $a (i32.const 8) (i64.reinterpret_f64 (f64.sqrt (f64.load $a (i32.const 8)))))"
    return counted(rounds: 1 + random.below(2000), String(repeating: one, count: count))
  }

  private mutating func vectors() -> String {
    counted(
      rounds: 1 + random.below(30_000),
      "(local.set $v (i8x16.add (f64x2.sqrt (f64x2.div (local.get $v) (local.get $v))) (v128.load $a (i32.const 64))))")
  }

  /// A body without calls.
  private mutating func leaf() -> String {
    switch random.below(6) {
    case 0: return straight(1 + random.below(2000))
    case 1: return counted(rounds: 1 + random.below(250), straight(1 + random.below(6)))
    case 2: return counted(rounds: 1 + random.below(90_000), straight(1 + random.below(6)))
    case 3:
      return (0..<1 + random.below(6)).map { _ in counted(rounds: 1 + random.below(9000), straight(2)) }.joined()
    case 4: return counted(rounds: 1 + random.below(100), counted(rounds: 1 + random.below(100), straight(3)))
    default: return vectors()
    }
  }

  private mutating func counted(rounds: Int, _ body: String) -> String {
    let i = counter()
    let label = "$l\(loopCount)"
    let next = "(local.tee $i\(i) (i32.add (local.get $i\(i)) (i32.const 1)))"
    if random.chance(30) {
      return """
        (local.set $i\(i) (i32.const 0))
        (block (loop \(label) (br_if 1 (i32.ge_s (local.get $i\(i)) (i32.const \(rounds)))) \(body)
          (drop \(next)) (br \(label))))
        """
    }
    return """
      (local.set $i\(i) (i32.const 0))
      (loop \(label) \(body) (br_if \(label) (i32.lt_u \(next) (i32.const \(rounds)))))
      """
  }

  private mutating func bulk() -> String {
    // Up to 32 MB, and up to all of the table.
    let size = 1 << (4 + random.below(22))
    let elements = 1 + random.below(400_000)
    let one =
      switch random.below(11) {
      case 0: "(memory.fill $a (i32.const \(random.below(5000))) (i32.const 1) (i32.const \(size)))"
      case 1: "(memory.copy $a $a (i32.const 1) (i32.const 0) (i32.const \(size)))"
      case 2: "(memory.copy $a $a (i32.const 0) (i32.const 1) (i32.const \(size)))"
      case 3: "(memory.copy $b $a (i32.const 0) (i32.const 64) (i32.const \(size)))"
      case 4: "(memory.init $a $d (i32.const 0) (i32.const 0) (i32.const \(random.below(2000))))"
      case 5: "(table.fill $t (i32.const 0) (ref.null extern) (i32.const \(elements)))"
      case 6: "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const \(elements)))"
      case 7: "(drop (memory.grow $c (i64.const \(random.below(2)))))"
      case 8: "(drop (table.grow $u (ref.null func) (i32.const \(random.below(2) * random.below(100_000)))))"
      case 9: "(memory.copy $a $b (i32.const 8) (i32.const 16) (i32.const \(1 + random.below(64))))"
      default: "(table.init $u $e (i32.const 0) (i32.const 0) (i32.const 0))"
      }
    return String(repeating: one, count: 1 + random.below(100))
  }

  /// Work in guarded code from which an exception comes.
  private mutating func exceptions(_ body: String) -> String {
    loopCount += 1
    let label = "$b\(loopCount)"
    let raise = random.chance(50) ? "(call $raise)" : "(throw $tag (i64.const 1))"
    switch random.below(3) {
    case 0: return "(block \(label) (try_table (catch_all \(label)) \(body) \(raise)))"
    case 1:
      return """
        (block \(label) (local.set $p (block (result i64)
          (try_table (catch $other \(label)) (catch $tag 0) \(body) \(raise)) (br \(label)))))
        """
    default:
      return """
        (block \(label) (drop (block (result exnref) (try_table (catch_all_ref 0)
          (block (drop (block (result exnref) (try_table (catch_all_ref 0) \(raise)) (br 1))) \(body))
          (throw_ref (block (result exnref) (try_table (catch_all_ref 0) \(raise)) (unreachable)))) (br \(label)))))
        """
    }
  }

  /// Deep recursion, out of which it goes by returns with some work each, or by an exception.
  private mutating func deep(_ body: String, raises: Bool) -> String {
    let name = "$f\(functions.count)"
    let end = raises ? "(then (throw $other))" : "(then (return))"
    functions.append(
      """
      (func \(name) (param $n i32) \(Self.locals)
        (if (i32.eqz (local.get $n)) \(end))
        (call \(name) (i32.sub (local.get $n) (i32.const 1))) \(body))
      """)
    let call = "(call \(name) (i32.const \(1 + random.below(4000))))"
    loopCount += 1
    return raises ? "(block $b\(loopCount) (try_table (catch_all $b\(loopCount)) \(call)))" : call
  }
}
