import Testing
import WasmEngine
import WebAssembly

/// What instrumented modules keep, and what is refused.
@Suite struct InstrumentTests {
  static let outOfBounds = LoweringPair.Outcome.trap(.outOfBoundsMemoryAccess)

  static let program = """
    (module (memory $a 1) (memory $b i64 1 4) (memory $c 10 100 (pagesize 1))
      (global $n (mut i32) (i32.const 3)) (global $v (mut v128) (v128.const i64x2 1 2)) (global $f (mut f64) (f64.const 1))
      (data $d "passive")
      (func (export "store") (param i32 i32) (i32.store $a offset=8 (local.get 0) (local.get 1)))
      (func (export "wide") (param i64 i64)
        (v128.store $b (local.get 0) (i64x2.splat (local.get 1)))
        (v128.store8_lane $b offset=40 3 (local.get 0) (i64x2.splat (local.get 1)))
        (f32.store $b offset=50 (local.get 0) (f32.const 1.5)))
      (func (export "fill") (param i32 i32) (memory.fill $a (local.get 0) (i32.const 0xEE) (local.get 1)))
      (func (export "copy") (param i64 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
      (func (export "init") (param i32 i32) (memory.init $c $d (local.get 0) (i32.const 0) (local.get 1)))
      (func (export "grow") (param i64) (result i64) (memory.grow $b (local.get 0)))
      (func (export "count") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (global.set $f (f64.mul (global.get $f) (f64.const 2)))
        (global.set $v (i64x2.add (global.get $v) (global.get $v)))
        (i32.add (global.get $n) (i32.add (i32.trunc_f64_s (global.get $f)) (i32x4.extract_lane 2 (global.get $v)))))
      (func (export "load") (param i64) (result i64) (i64.load $b (local.get 0))))
    """

  static func log(_ change: (inout InstrumentOptions) -> Void = { _ in }) -> InstrumentOptions {
    var options = InstrumentOptions()
    options.stores = .log
    change(&options)
    return options
  }

  static func word(_ data: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(data[offset + $1]) << UInt32(8 * $1) }
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler]) func everyKindOfStoreIsUndone(tier: ExecutionTier) throws {
    let pair = try InstrumentPair(Self.program, options: Self.log(), tier: tier)
    pair.same("store", .i32(1), .i32(-1))
    pair.same("wide", .i64(16), .i64(0x0123_4567_89AB_CDEF))
    #expect(Self.word(try pair.data(), 16) == 0, "nothing is logged before the first mark")
    let before = try pair.memories(of: pair.instrumented)
    let mark = try pair.mark()
    pair.same("store", .i32(3), .i32(77))
    pair.same("wide", .i64(20), .i64(-5))
    pair.same("fill", .i32(100), .i32(70))
    pair.same("copy", .i64(65500), .i32(100), .i32(36))
    pair.same("init", .i32(3), .i32(7))
    #expect(try pair.memories(of: pair.original) == pair.memories(of: pair.instrumented))
    #expect(try pair.memories(of: pair.instrumented) != before)
    #expect(try pair.rollback(mark) == 0)
    #expect(try pair.memories(of: pair.instrumented) == before)
  }

  @Test func trapsAreTheSameAndLogNothing() throws {
    let pair = try InstrumentPair(Self.program, options: Self.log { $0.logsFromStart = true })
    let start = Self.word(try pair.data(), 16)
    #expect(start != 0)
    #expect(pair.same("store", .i32(65529), .i32(1)) == Self.outOfBounds)
    #expect(pair.same("store", .i32(-8), .i32(1)) == Self.outOfBounds)
    #expect(pair.same("wide", .i64(-8), .i64(1)) == Self.outOfBounds)
    #expect(pair.same("fill", .i32(65535), .i32(2)) == Self.outOfBounds)
    #expect(pair.same("fill", .i32(65537), .i32(0)) == Self.outOfBounds)
    #expect(pair.same("copy", .i64(.max), .i32(0), .i32(1)) == Self.outOfBounds)
    #expect(pair.same("init", .i32(4), .i32(7)) == Self.outOfBounds)
    pair.same("fill", .i32(65536), .i32(0))
    pair.same("grow", .i64(-1))
    pair.same("grow", .i64(0))
    #expect(Self.word(try pair.data(), 16) == start)
    // The source is out of bounds, the destination is not: what is logged has not changed.
    #expect(pair.same("init", .i32(0), .i32(8)) == Self.outOfBounds)
    #expect(try pair.memories(of: pair.original) == pair.memories(of: pair.instrumented))
  }

  /// On an engine with one memory.
  @Test(arguments: [ExecutionTier.interpreter, .compiler]) func loweredOnesDoTheSame(tier: ExecutionTier) throws {
    let options = Self.log {
      $0.tracesMemory = true
      $0.traceCapacity = 8
      $0.countsCalls = true
      $0.covers = true
    }
    let pair = try InstrumentPair(Self.program, options: options, tier: tier, lowers: true)
    pair.same("wide", .i64(16), .i64(-2))
    let mark = try pair.mark()
    pair.same("store", .i32(3), .i32(77))
    pair.same("wide", .i64(20), .i64(-5))
    pair.same("fill", .i32(100), .i32(70))
    pair.same("copy", .i64(65500), .i32(100), .i32(36))
    pair.same("init", .i32(3), .i32(7))
    pair.same("grow", .i64(1))
    for address in [16, 20, 60, 65500, 65530, 65536, 131_064, 131_065] { pair.same("load", .i64(Int64(address))) }
    #expect(pair.same("store", .i32(-8), .i32(1)) == Self.outOfBounds)
    #expect(try pair.rollback(mark) == 0)
    let untouched = try InstrumentPair(Self.program, options: options, tier: tier)
    untouched.same("wide", .i64(16), .i64(-2))
    for address in [16, 20, 60, 65500] {
      let value = InstrumentPair.call(pair.instrumented, "load", [.i64(Int64(address))])
      #expect(value == InstrumentPair.call(untouched.instrumented, "load", [.i64(Int64(address))]))
    }
    // The data is a part of the one memory.
    let memory = try pair.instrumented.memory(LoweredModule.exportName)
    func number(_ name: String) throws -> UInt64 {
      switch try pair.instrumented.global(name).value {
      case .i32(let value): UInt64(UInt32(bitPattern: value))
      case .i64(let value): UInt64(bitPattern: value)
      default: 0
      }
    }
    let bytes = try memory.read(
      Int(try number("polymnia.instrument.size")), at: try number("polymnia.instrument.base"))
    let data = try InstrumentData(bytes)
    // Seven instructions of the program, three of them in one call, eight loads, one store that trapped, four loads more.
    #expect(data.accessCount == 3 + 1 + 3 + 4 + 8 + 1 + 4)
    #expect(data.entries(ofFunction: 7) == 12)
    for number in [Int.min, -1, bytes.count, .max] {
      #expect(data.entries(ofFunction: number) == 0)
      #expect(data.executions(ofCall: number) == 0)
      #expect(!data.isReached(block: number))
    }
  }

  @Test func marksNest() throws {
    let pair = try InstrumentPair(Self.program, options: Self.log())
    func memories() throws -> [[UInt8]] { try pair.memories(of: pair.instrumented) }
    func expected(_ level: Int) -> Int { 4 + level + (2 << level) + (4 << level) }
    var marks: [(mark: Int32, memories: [[UInt8]])] = []
    for step in 0..<4 {
      marks.append((try pair.mark(), try memories()))
      _ = try pair.number("store", Int32(step * 2), Int32(step + 1))
      #expect(try pair.number("count") == expected(step))
    }
    // To the same mark twice, then past others to the first.
    for level in [2, 2, 0] {
      #expect(try pair.rollback(marks[level].mark) == 0)
      #expect(try memories() == marks[level].memories)
      #expect(try pair.number("count") == expected(level))
    }
    // A mark that has been undone is none any more, nor is any other number.
    let others: [Int32] = [0, 4, 8, 1 << 20, -1, marks[3].mark]
    for number in others { #expect(try pair.rollback(number) == 1) }
    _ = try pair.number("polymnia.reset")
    #expect(try pair.rollback(marks[0].mark) == 1)
  }

  @Test func globalsCanBeLeftOut() throws {
    let pair = try InstrumentPair(Self.program, options: Self.log { $0.savesGlobals = false })
    let mark = try pair.mark()
    let first = try pair.number("count")
    #expect(try pair.rollback(mark) == 0)
    #expect(try pair.number("count") != first)
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler]) func growthIsTakenBack(tier: ExecutionTier) throws {
    let text = """
      (module (memory $a 1 5) (memory $b i64 2)
        (func (export "size") (result i64) (i64.add (i64.mul (memory.size $b) (i64.const 100))
          (i64.extend_i32_u (memory.size $a))))
        (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
        (func (export "b") (param i32) (result i64) (memory.grow $b (i64.extend_i32_s (local.get 0))))
        (func (export "store") (param i32) (i32.store $a (local.get 0) (i32.const -1))))
      """
    let pair = try InstrumentPair(text, options: Self.log(), tier: tier)
    for name in ["a", "b"] { for pages in [1, 0, -1] { pair.same(name, .i32(Int32(pages))) } }
    pair.same("size")
    let outer = try pair.mark()
    pair.same("a", .i32(1))
    let inner = try pair.mark()
    pair.same("a", .i32(2))
    pair.same("b", .i32(3))
    pair.same("store", .i32(4 * 65536))
    // What the host writes into new pages is not logged, but the growth is.
    try pair.instrumented.memory("all1").write([1, 2, 3], at: 4 * 65536)
    #expect(try pair.number("size") == 605)
    for mark in [inner, outer] {
      #expect(try pair.rollback(mark) == 0)
      let isInner = mark == inner
      #expect(try pair.number("size") == (isInner ? 303 : 302))
      // In steps: hidden pages first, then new ones, and no more than the maximum.
      #expect(try pair.number("a", 1) == (isInner ? 3 : 2))
      #expect(try pair.number("a", 3) == -1)
      #expect(try pair.number("a", 0) == (isInner ? 4 : 3))
      #expect(try pair.number("b", 5) == 3)
      #expect(try pair.memories(of: pair.instrumented)[0].dropFirst(65536).allSatisfy { $0 == 0 })
      #expect(try pair.rollback(mark) == 0)
    }
  }

  @Test func aLogThatCannotGrowSaysSo() throws {
    let limited = Self.log { $0.maximumPages = 1 }
    let pair = try InstrumentPair(Self.program, options: limited)
    let mark = try pair.mark()
    pair.same("store", .i32(0), .i32(1))
    #expect(Self.word(try pair.data(), 12) & 1 == 0)
    for _ in 0..<3 { pair.same("fill", .i32(0), .i32(40000)) }
    pair.same("store", .i32(0), .i32(5))
    #expect(Self.word(try pair.data(), 12) & 1 == 1)
    #expect(try pair.rollback(mark) == 1)
    #expect(try pair.mark() == 0)
    _ = try pair.number("polymnia.reset")
    let again = try pair.mark()
    pair.same("store", .i32(0), .i32(6))
    #expect(try pair.rollback(again) == 0)
    #expect(try pair.memories(of: pair.instrumented)[0][8] == 5)
    // A host that gives no more memory is the same.
    let refused = try InstrumentPair(Self.program, options: Self.log()) { request in
      if case .memory(let current, _, _) = request { current == 0 } else { true }
    }
    _ = try refused.instrumented.function("polymnia.mark").call([])
    for _ in 0..<3 { refused.same("fill", .i32(0), .i32(40000)) }
    #expect(Self.word(try refused.data(), 12) & 1 == 1)
  }

  @Test func writtenPagesAreNoted() throws {
    var options = InstrumentOptions()
    options.stores = .pages
    let pair = try InstrumentPair(Self.program, options: options)
    func map(_ memory: Int) throws -> [Int] {
      let data = try pair.data()
      let entry = Int(Self.word(data, 72)) + 24 * memory
      let start = Int(Self.word(data, entry + 4))
      return (0..<Int(Self.word(data, entry + 8))).filter { data[start + $0] != 0 }
    }
    pair.same("store", .i32(4086), .i32(1))  // 4094 to 4097: two pages
    pair.same("fill", .i32(12288), .i32(8192))
    #expect(pair.same("store", .i32(65529), .i32(1)) == Self.outOfBounds)
    #expect(pair.same("fill", .i32(65000), .i32(1000)) == Self.outOfBounds)
    pair.same("wide", .i64(8192), .i64(1))
    #expect(pair.same("wide", .i64(-1), .i64(1)) == Self.outOfBounds)
    #expect(try map(0) == [0, 1, 3, 4])
    #expect(try map(1) == [2])
    #expect(try map(2) == [])
    _ = try pair.number("polymnia.reset")
    #expect(try map(0) == [])
    #expect(try map(1) == [])
  }

  @Test func whatCannotBeDoneIsNamed() throws {
    func refusal(_ text: String, _ options: InstrumentOptions = Self.log()) throws -> String {
      let module = try ModuleValidator.validate(ModuleParser.parse(Array(text.utf8), features: .all).module)
      do throws(TransformError) {
        _ = try Instrumentation.instrument(module, options: options)
        return "done"
      } catch {
        return error.message
      }
    }
    #expect(try refusal("(module (memory $m 1 1 shared))").hasPrefix("memory 0 $m is shared"))
    #expect(
      try refusal("(module (global $g (mut funcref) (ref.null func)))").hasPrefix("global 0 $g holds a reference"))
    #expect(try refusal("(module (func (export \"polymnia.mark\")))").contains("\"polymnia.mark\" exists already"))
    #expect(try refusal("(module)", InstrumentOptions()) == "there is nothing to observe")
    #expect(try refusal("(module (memory 1))", Self.log { $0.memories = [1] }) == "there is no memory 1 to observe")
    #expect(
      try refusal("(module (memory 1))", Self.log { $0.maximumPages = 0 }).contains("which its maximum of 0 pages"))
    #expect(
      try refusal("(module (memory $m 1 1 shared) (memory 1))", Self.log { $0.memories = [1] }) == "done")
  }

  @Test func sharedMemoriesAndAtomicsValidate() throws {
    let text = """
      (module (memory 1) (func (param i32 i64) (result i64)
        (i64.atomic.store offset=8 (local.get 0) (local.get 1))
        (drop (i32.atomic.rmw8.cmpxchg_u (local.get 0) (i32.const 1) (i32.const 2)))
        (drop (memory.atomic.notify (local.get 0) (i32.const 1)))
        (i64.atomic.rmw32.cmpxchg_u (local.get 0) (local.get 1) (i64.atomic.rmw.add (local.get 0) (local.get 1)))))
      """
    let module = try ModuleValidator.validate(ModuleParser.parse(Array(text.utf8), features: .all).module)
    for number in 0..<8 {
      let result = try Instrumentation.instrument(module, options: InstrumentFuzzTests.options(number))
      #expect(throws: Never.self) { try ModuleValidator.validate(result.module) }
      if result.storeCount > 0 { #expect(result.storeCount == 4) }
    }
  }

  @Test func namesAndBranchHintsStay() throws {
    let text = """
      (module (memory $m 1) (func $f (param $x i32) (result i32)
        (i32.store $m (local.get $x) (i32.const 1))
        (@metadata.code.branch_hint "\\01") (if (local.get $x) (then (i32.store $m (i32.const 0) (i32.const 2))))
        (local.get $x)))
      """
    let module = try ModuleValidator.validate(ModuleParser.parse(Array(text.utf8), features: .all).module)
    for number in 0..<8 {
      let result = try Instrumentation.instrument(module, options: InstrumentFuzzTests.options(number)).module
      #expect(throws: Never.self) { try result.checkCustomSections() }
      let names = Names(result)
      #expect(names.name(of: .function, 0) == "f" && names.name(of: .local, 0, in: 0) == "x")
      #expect(names.name(of: .memory, 0) == "m" && names.name(of: .memory, 1) == "instrument")
      #expect(BranchHints(result).functions.first?.hints.count == 1)
    }
  }

  @Test func hostCallsAreLogged() throws {
    let text = """
      (module
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (table funcref (elem $read))
        (data (i32.const 0) "\\00\\01\\00\\00\\04\\00\\00\\00\\00\\02\\00\\00\\03\\00\\00\\00")
        (func (export "read") (result i32)
          (call_indirect (param i32 i32 i32 i32) (result i32)
            (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 100) (i32.const 0)))
        (func (export "get") (result i32) (call $get (i32.const 1000) (i32.const 2000))))
      """
    let engine = makeEngine { _ in }
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    let result = try Instrumentation.instrument(engine.validate(module), options: Self.log())
    #expect(result.warnings.isEmpty)
    let store = Store(engine)
    let linker = Linker(store)
    let wasi = "wasi_snapshot_preview1"
    try linker.define(wasi, "fd_read") { (caller: borrowing Caller, _: Int32, _: Int32, _: Int32, at: Int32) -> Int32 in
      let memory = try caller.memory("memory")
      try memory.write([1, 2, 3, 4], at: 256)
      try memory.write([5, 6, 7], at: 512)
      try memory.store(UInt32(7), at: UInt64(at))
      return 0
    }
    try linker.define(wasi, "args_sizes_get") { (caller: borrowing Caller, count: Int32, size: Int32) -> Int32 in
      let memory = try caller.memory("memory")
      try memory.store(UInt32(2), at: UInt64(count))
      try memory.store(UInt32(9), at: UInt64(size))
      return 0
    }
    try linker.define(wasi, "args_get") { (caller: borrowing Caller, list: Int32, contents: Int32) -> Int32 in
      let memory = try caller.memory("memory")
      // What asking for the sizes has overwritten is back.
      #expect(try memory.read(8, at: UInt64(list)) == [0, 0, 0, 0, 0, 0, 0, 0])
      try memory.write([UInt8](repeating: 1, count: 8), at: UInt64(list))
      try memory.write([UInt8](repeating: 2, count: 9), at: UInt64(contents))
      return 0
    }
    let instance = try linker.instantiate(engine.compile(result.module))
    let memory = try instance.memory("memory")
    let before = try memory.read(65536, at: 0)
    let mark = try instance.function("polymnia.mark").call([])
    _ = try instance.function("read").call([])
    _ = try instance.function("get").call([])
    #expect(try memory.read(3, at: 512) == [5, 6, 7])
    #expect(try memory.read(9, at: 2000) == [UInt8](repeating: 2, count: 9))
    _ = try instance.function("polymnia.rollback").call(mark)
    #expect(try memory.read(65536, at: 0) == before)
  }
}
