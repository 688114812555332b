import Testing
import WasmEngine

/// Programs have the same results, whichever way their memories are kept.
@Suite struct BoundsTests {
  static let program = #"""
    (module
      (memory $a (export "a") 1 3) (memory $b (export "b") i64 1 3) (memory $c (export "c") 5 (pagesize 1))
      (data $d "0123456789")
      (func (export "load") (param i32 i32) (result i32)
        (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
          (return (i32.load $a offset=3 (local.get 1))))
          (return (i32.load $b offset=3 (i64.extend_i32_s (local.get 1)))))
        (i32.load8_u $c offset=3 (local.get 1)))
      (func (export "store") (param i32) (i64.store $a (local.get 0) (i64.const -1)))
      (func (export "grow a") (param i32) (result i32) (memory.grow $a (local.get 0)))
      (func (export "grow b") (param i32) (result i32) (i32.wrap_i64 (memory.grow $b (i64.extend_i32_u (local.get 0)))))
      (func (export "copy") (param i32 i32 i32)
        (memory.copy $a $b (local.get 0) (i64.extend_i32_u (local.get 1)) (local.get 2)))
      (func (export "fill") (param i32 i32) (memory.fill $b (i64.extend_i32_u (local.get 0)) (i32.const 0x141) (i64.extend_i32_u (local.get 1))))
      (func (export "init") (param i32 i32 i32) (memory.init $a $d (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $d))
      (func (export "discard") (param i32 i32) (memory.discard $a (local.get 0) (local.get 1))))
    """#

  /// What every step of a fixed run yields: results, traps and the first bytes of the memories.
  private func run(_ bounds: MemoryPolicy.Bounds) throws -> [String] {
    let instance = try Store(bounds: bounds).load(Self.program)
    var log: [String] = []
    func step(_ name: String, _ arguments: Int32...) throws {
      do {
        let results = try instance.function(name).call(arguments.map { .i32($0) })
        log.append("\(name) \(arguments): \(results)")
      } catch let trap as Trap {
        log.append("\(name) \(arguments): \(trap.message) \(String(describing: trap.memoryFault))")
      }
    }
    for memory in Int32(0)..<3 {
      for address: Int32 in [0, 1, 2, 65529, 65530, 65533, 65536, 131_071, -1, -4, .min, .max] {
        try step("load", memory, address)
      }
    }
    for address: Int32 in [65528, 65529, -8, -1] { try step("store", address) }
    try step("grow a", 1)
    try step("store", 65529)
    try step("grow b", 2)
    try step("grow b", 1)
    try step("grow a", 65536)
    try step("grow a", -1)
    try step("fill", 0, 10)
    try step("fill", 65536 * 3, 0)
    try step("fill", 65536 * 3, 1)
    try step("fill", 65536 * 3 - 1, 2)
    try step("copy", 131_070, 0, 2)
    try step("copy", 131_070, 0, 3)
    try step("copy", 131_072, 196_608, 0)
    try step("copy", 131_073, 0, 0)
    try step("init", 20, 3, 7)
    try step("init", 20, 3, 8)
    try step("init", 20, 11, 0)
    try step("drop")
    try step("init", 20, 0, 0)
    try step("init", 20, 0, 1)
    try step("load", 0, 17)
    try step("discard", 0, 65536)
    try step("load", 0, 17)
    try step("discard", 1, 65536)
    try step("discard", 65536, 131_072)
    for name in ["a", "b", "c"] {
      let memory = try instance.memory(name)
      log.append("\(name): \(memory.byteCount) \(try memory.read(Int(min(memory.byteCount, 64)), at: 0))")
    }
    return log
  }

  @Test func bothKindsHaveTheSameResults() throws {
    let guarded = try run(.guarded)
    #expect(try guarded == run(.checked))
    #expect(guarded.filter { $0.contains("out of bounds memory access") }.count == 37)
  }

  @Test func overlappingCopiesBetweenAliases() throws {
    let store = Store()
    let memory = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1)))
    let instance = try store.load(
      #"""
      (module (import "a" "m" (memory $m 1)) (import "a" "n" (memory $n 1))
        (data (memory $m) (i32.const 0) "abcdefgh")
        (func (export "copy") (memory.copy $n $m (i32.const 2) (i32.const 0) (i32.const 6)))
        (func (export "grow") (result i32) (drop (memory.grow $m (i32.const 2))) (memory.size $n))
        (func (export "through") (result i32)
          (i32.store $m (i32.const 100) (i32.const 7))
          (i32.load $n (i32.const 100))))
      """#, [.memory(memory), .memory(memory)])
    _ = try instance.function("copy")()
    #expect(try memory.string(at: 0, count: 8) == "ababcdef")
    #expect(try callI32(instance, "grow") == 3)
    #expect(try callI32(instance, "through") == 7)
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func growthIsSeenByEveryInstanceAtOnce(_ bounds: MemoryPolicy.Bounds) throws {
    let store = Store(bounds: bounds)
    let owner = try store.load(
      #"(module (memory (export "m") 1) (func (export "size") (result i32) (memory.size)))"#)
    let text = #"""
      (module (import "a" "m" (memory 1)) (import "a" "size" (func $size (result i32)))
        (func (export "grow") (result i32)
          (i32.store (i32.const 0) (i32.const 9))
          (drop (memory.grow (i32.const 50)))
          (i32.store (i32.const 3000000) (i32.const 33))
          (i32.add (i32.add (i32.load (i32.const 0)) (call $size)) (i32.load (i32.const 3000000)))))
      """#
    let user = try store.load(text, [.memory(owner.memory("m")), .function(owner.function("size"))])
    #expect(try callI32(user, "grow") == 9 + 51 + 33)
    #expect(try callI32(owner, "size") == 51)
  }

  @Test func writesToAReadOnlyMemoryTrap() throws {
    let instance = try Store().load(
      #"""
      (module (memory 1) (data (i32.const 0) "\2a")
        (func (export "load") (result i32) (i32.load8_u (i32.const 0)))
        (func (export "store") (i32.store8 (i32.const 0) (i32.const 1)))
        (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1))))
      """#, policies: [0: MemoryPolicy(access: .readOnly)])
    #expect(trapKind { try instance.function("store")() } == .outOfBoundsMemoryAccess)
    #expect(trapKind { try instance.function("fill")() } == .outOfBoundsMemoryAccess)
    #expect(try callI32(instance, "load") == 42)
  }

  @Test(arguments: ExecutionTier.allCases)
  func theTrapOfAnOffsetThatNoMemoryReachesTellsTheAddress(tier: ExecutionTier) throws {
    let instance = try Store(makeEngine { $0.tier = tier }).load(
      """
      (module (memory i64 1)
        (func (export "f") (param i64) (result i32)
          (drop (i32.load8_u (i64.add (local.get 0) (i64.const -1))))
          (i32.load8_u offset=0xffffffffffffffff (local.get 0))))
      """)
    // What was in bounds before does not speak for the same sum of an address and an offset.
    for (argument, address) in [(Int64(1), UInt64(0)), (0, .max)] {
      do {
        _ = try instance.function("f").call([.i64(argument)])
        Issue.record("no trap")
      } catch let trap as Trap {
        #expect(trap.memoryFault == Trap.MemoryFault(memoryIndex: 0, address: address, length: 1))
      }
    }
  }
}
