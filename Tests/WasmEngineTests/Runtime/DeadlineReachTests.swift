import Testing
import WebAssembly

@testable import WasmEngine

/// Programs without a loop that looks at the interrupt word by itself: a deadline ends them all the same.
struct DeadlineReachTests {
  /// Each has an export `run`, which takes some seconds.
  static let programs: [(name: String, text: String)] = [
    ("calls of a leaf", "\(memory) \(leaf) (func (export \"run\") \(repeated("(call $leaf)", 4000)))"),
    (
      "calls of a leaf through a table",
      """
      \(memory) (table funcref (elem $leaf)) \(leaf)
      (func (export "run") \(repeated("(call_indirect (i32.const 0))", 4000)))
      """
    ),
    ("loops side by side", "\(memory) (func (export \"run\") (local $i i32) \(repeated(loop, 4000)))"),
    (
      "loops in guarded code",
      """
      \(memory) (tag $t) \(leaf)
      (func (export "run") (block $b (try_table (catch_all $b) \(repeated("(call $leaf)", 4000)))))
      """
    ),
    (
      "memory.fill",
      "(memory 2000) (func (export \"run\") \(repeated("(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x7000000))", 400)))"
    ),
    (
      "memory.copy to and fro",
      """
      (memory 2000) (memory $b 2000)
      (func (export "run")
        \(repeated("(memory.copy (i32.const 1) (i32.const 0) (i32.const 0x7000000))", 200))
        \(repeated("(memory.copy $b 0 (i32.const 1) (i32.const 0) (i32.const 0x7000000))", 200)))
      """
    ),
    (
      "table.fill",
      """
      (table $t 9000000 externref)
      (func (export "run")
        \(repeated("(table.fill $t (i32.const 0) (ref.null extern) (i32.const 9000000))", 500)))
      """
    ),
    (
      "table.copy",
      """
      (table $t 9000000 externref)
      (func (export "run") \(repeated("(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 8000000))", 500)))
      """
    ),
    (
      "tail calls",
      """
      (func $a (param i64) (if (i64.eqz (local.get 0)) (then (return)))
        (return_call $b (i64.sub (local.get 0) (i64.const 1))))
      (func $b (param i64) (return_call $a (local.get 0)))
      (func (export "run") (call $a (i64.const 0x4000000000)))
      """
    ),
    (
      "tail calls through a table",
      """
      (table funcref (elem $a))
      (func $a (param i64) (return_call_indirect (param i64) (i64.add (local.get 0) (i64.const 1)) (i32.const 0)))
      (func (export "run") (call $a (i64.const 0)))
      """
    ),
    (
      "exceptions",
      """
      (tag $t (param i32))
      (func $raise (throw $t (i32.const 1)))
      (func $f0 (block $b (drop (block (result i32) (try_table (catch $t 0) (call $raise)) (br $b)))))
      \(doubling(from: 0, to: 30))
      (func (export "run") (call $f30))
      """
    ),
    (
      "exceptions through deep stacks",
      """
      (tag $t)
      (func $deep (param i32)
        (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (throw $t))))
      (func $f0 (block $b (try_table (catch_all $b) (call $deep (i32.const 20000)))))
      \(doubling(from: 0, to: 20))
      (func (export "run") (call $f20))
      """
    ),
    ("a tree of calls", "(func $f0) \(doubling(from: 0, to: 40)) (func (export \"run\") (call $f40))"),
    (
      "long ways out of deep stacks",
      """
      \(memory)
      (func $deep (param $n i32) (local $i i32)
        (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1)))))
        \(loop))
      (func (export "run") (call $deep (i32.const 20000)))
      """
    ),
  ]

  private static let memory = "(memory 1)"
  private static let leaf = "(func $leaf (local $i i32) \(loop))"
  /// Sixty thousand rounds.
  private static let loop = """
    (local.set $i (i32.const 0))
    (loop $l
      (i32.store (i32.const 8) (i32.mul (i32.load (i32.const 8)) (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000))))
    """

  private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  private static func doubling(from: Int, to: Int) -> String {
    (from..<to).map { "(func $f\($0 + 1) (call $f\($0)) (call $f\($0)))" }.joined()
  }

  private static func engine(_ tier: ExecutionTier) -> Engine {
    var configuration = Engine.Configuration()
    configuration.tier = tier
    configuration.compilation = .eager
    configuration.features = .all
    return Engine(configuration)
  }

  @Test(arguments: programs.map(\.name), ExecutionTier.allCases)
  func aDeadlineEnds(_ name: String, in tier: ExecutionTier) throws {
    let program = try #require(Self.programs.first { $0.name == name })
    let module = try Self.engine(tier).compile(text: "(module \(program.text))")
    let store = Store(module.engine)
    let run = try Linker(store).instantiate(module).function("run")
    try store.setDeadline(after: .milliseconds(20))
    let trap = #expect(throws: Trap.self) { _ = try run.call([]) }
    #expect(trap?.kind == .deadlineExceeded)
    // What was stopped can go on.
    store.removeDeadline()
    #expect(!store.isInterrupted)
  }

  /// A table whose growth is broken off has the elements that it had, wherever they are now.
  @Test func aTableThatStopsGrowingIsAsItWas() throws {
    let table = try #require(
      TableInstance(
        TableType(element: .external, limits: Limits(minimum: 3)), filledWith: 2, largestCount: 10_000_000,
        charge: ResourceCharge(ResourceMeter())))
    let record = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
    defer { record.deallocate() }
    table.register(record)
    var asked = 0
    let old = table.grow(by: 5_000_000, filledWith: 4) {
      asked += 1
      return asked < 3
    }
    #expect(old == nil && table.count == 3 && asked == 3)
    #expect(record.load(as: UInt.self) == UInt(bitPattern: table.elements))
    #expect(record.load(fromByteOffset: 8, as: UInt64.self) == 3)
    #expect(table.elements[2] == 2)
    #expect(table.grow(by: 100_000, filledWith: 6) == 3)
    #expect(table.elements[2] == 2 && table.elements[3] == 6 && table.elements[100_002] == 6)
  }

  @Test(arguments: ExecutionTier.allCases)
  func aDeadlineEndsStartFunctions(_ tier: ExecutionTier) throws {
    let module = try Self.engine(tier).compile(
      text: "(module \(Self.memory) \(Self.leaf) (func $s \(Self.repeated("(call $leaf)", 4000))) (start $s))")
    let store = Store(module.engine)
    try store.setDeadline(after: .milliseconds(20))
    let trap = #expect(throws: Trap.self) { _ = try Linker(store).instantiate(module) }
    #expect(trap?.kind == .deadlineExceeded)
  }
}
