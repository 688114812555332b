import Testing
import WebAssembly

@testable import WasmEngine

/// What a store's limits count: everything that a guest can make grow, in both tiers.
@Suite struct ResourceLimitTests {
  private static func store(_ tier: ExecutionTier, bytes: UInt64) -> Store {
    let store = Store(makeEngine { $0.tier = tier })
    store.limits.byteCount = bytes
    return store
  }

  /// Makes exceptions, catches them by reference and drops the references.
  private static let thrower = #"""
    (module (tag $a (param i64 i64))
      (func (export "byReference") (param i32)
        (loop $again
          (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (throw $a (i64.const 1) (i64.const 2)))
            (unreachable))
          (drop)
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "byValue") (param i32)
        (loop $again
          (block $caught (result i64 i64)
            (try_table (catch $a $caught) (throw $a (i64.const 1) (i64.const 2)))
            (unreachable))
          (drop) (drop)
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "uncaught") (throw $a (i64.const 1) (i64.const 2))))
    """#

  @Test(arguments: ExecutionTier.allCases)
  func exceptionsCaughtByReferenceCountAndTrapAtTheLimit(_ tier: ExecutionTier) throws {
    let store = Self.store(tier, bytes: 64 * 100)
    let instance = try store.load(Self.thrower)
    try instance.function("byReference").call([.i32(100)])
    #expect(store.countedBytes == 6400)
    let trap = #expect(throws: Trap.self) { try instance.function("byReference").call([.i32(1)]) }
    #expect(trap?.kind == .outOfMemory)
    #expect(trap?.backtrace.count == 1)
    #expect(store.countedBytes == 6400)
    // The store works on, and a higher limit lets it throw again.
    store.limits.byteCount += 64
    try instance.function("byReference").call([.i32(1)])
    #expect(trapKind { try instance.function("byValue").call([.i32(1)]) } == .outOfMemory)
  }

  @Test(arguments: ExecutionTier.allCases)
  func exceptionsThatNothingRefersToDoNotCount(_ tier: ExecutionTier) throws {
    let store = Self.store(tier, bytes: 64)
    let instance = try store.load(Self.thrower)
    try instance.function("byValue").call([.i32(1000)])
    #expect(store.countedBytes == 0)
    for _ in 0..<10 { #expect(throws: UncaughtException.self) { try instance.function("uncaught").call() } }
    #expect(store.exceptions.byteCount == 0)
    #expect(store.countedBytes == 0)
  }

  @Test(arguments: ExecutionTier.allCases)
  func anExceptionLastsAsLongAsTheHostHoldsIt(_ tier: ExecutionTier) throws {
    let store = Self.store(tier, bytes: 3 * 64)
    let instance = try store.load(Self.thrower)
    var held: [UncaughtException] = []
    for _ in 0..<3 {
      let exception = #expect(throws: UncaughtException.self) { try instance.function("uncaught").call() }
      held.append(try #require(exception))
    }
    #expect(trapKind { try instance.function("uncaught").call() } == .outOfMemory)
    held.removeLast()
    #expect(throws: UncaughtException.self) { try instance.function("uncaught").call() }
    #expect(store.exceptions.byteCount == 2 * 64)
    let payload: [Int64] = held.flatMap(\.payload).compactMap { if case .i64(let value) = $0 { value } else { nil } }
    #expect(payload == [1, 2, 1, 2])
  }

  @Test(arguments: ExecutionTier.allCases)
  func anExceptionThroughAHostFunctionIsFreedOnceItIsCaught(_ tier: ExecutionTier) throws {
    let store = Self.store(tier, bytes: 3 * 64)
    let linker = Linker(store)
    let thrower = try store.load(Self.thrower)
    try linker.define("env", "call") { (_: borrowing Caller) throws in
      _ = try thrower.function("uncaught").call()
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "call" (func $call))
            (func (export "run") (param i32)
              (loop $again
                (block $caught (try_table (catch_all $caught) (call $call)))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
          """#))
    try instance.function("run").call([.i32(100)])
    #expect(store.exceptions.byteCount == 0)
  }

  @Test(arguments: ExecutionTier.allCases)
  func exceptionsOfTheHostTrapTheGuestAtTheLimit(_ tier: ExecutionTier) throws {
    let store = Self.store(tier, bytes: 10)
    let linker = Linker(store)
    let tag = try Tag(in: store, payload: [.i32])
    try linker.define("env", "raise") { (_: borrowing Caller) throws in
      throw try UncaughtException(tag: tag, payload: [.i32(1)])
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "raise" (func $raise))
            (func (export "run") (block $caught (try_table (catch_all $caught) (call $raise)))))
          """#))
    #expect(trapKind { try instance.function("run").call() } == .outOfMemory)
  }

  @Test(arguments: ExecutionTier.allCases)
  func memoriesAndTablesShareOneLimit(_ tier: ExecutionTier) throws {
    let page = UInt64(VirtualMemory.pageSize)
    let store = Self.store(tier, bytes: 4 * 65_536 + 2 * page)
    let instance = try store.load(
      #"""
      (module (memory $a 1) (memory $b i64 1) (table $t 1 funcref) (table $u i64 1 externref)
        (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
        (func (export "b") (param i32) (result i32)
          (i32.wrap_i64 (memory.grow $b (i64.extend_i32_s (local.get 0)))))
        (func (export "t") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
        (func (export "u") (param i32) (result i32)
          (i32.wrap_i64 (table.grow $u (ref.null extern) (i64.extend_i32_s (local.get 0))))))
      """#)
    #expect(store.countedBytes == 2 * 65_536 + 2 * page)
    #expect(try callI32(instance, "a", .i32(3)) == -1)
    #expect(try callI32(instance, "a", .i32(1)) == 1)
    #expect(try callI32(instance, "t", .i32(Int32(page / 8 - 1))) == 1)
    #expect(try callI32(instance, "t", .i32(65_536 / 8 + 1)) == -1)
    #expect(try callI32(instance, "u", .i32(65_536 / 8)) == 1)
    #expect(store.countedBytes <= store.limits.byteCount)
    #expect(try callI32(instance, "b", .i32(1)) == -1)
    #expect(try callI32(instance, "a", .i32(0)) == 2)
    #expect(throws: UsageError.growthRefused) { try #require(instance.memory(at: 0)).grow(by: 1) }
  }

  @Test(arguments: ExecutionTier.allCases)
  func growthThatIsRefusedDoesNotCount(_ tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let instance = try store.load(
      #"""
      (module (memory 1 2) (memory i64 1) (table 1 2 funcref)
        (func (export "m") (result i32) (memory.grow (i32.const 2)))
        (func (export "n") (result i32) (i32.wrap_i64 (memory.grow 1 (i64.const 0x100000000000))))
        (func (export "t") (result i32) (table.grow (ref.null func) (i32.const 2))))
      """#)
    let before = store.countedBytes
    for name in ["m", "n", "t"] { #expect(try callI32(instance, name) == -1) }
    #expect(store.countedBytes == before)
  }

  @Test func whatInstantiationTakesIsGivenBackWhenItFails() throws {
    let store = Store(makeEngine())
    let text = [
      // Refused while memories and tables are made.
      "(module (memory 1) (table 100 funcref) (table 20000000 funcref))",
      // A trap of a segment, which nobody else can have seen.
      #"(module (memory 1) (table 100 funcref) (func $f) (elem (i32.const 0) $f) (data (i32.const 65536) "x"))"#,
      "(module (memory 1) (table 100 funcref) (func $f) (elem (i32.const 100) $f))",
    ]
    for text in text {
      for _ in 0..<3 { #expect(throws: (any Error).self) { try store.load(text) } }
      #expect(store.countedBytes == 0)
      #expect(store.instances.isEmpty)
    }
    store.limits.byteCount = 65_536
    #expect(throws: UsageError.self) { try store.load("(module (memory 1) (memory 1))") }
    #expect(store.countedBytes == 0)
    try store.load("(module (memory 1))")
  }

  @Test func anInstanceThatOthersReferToStaysWhenItsInstantiationFails() throws {
    let store = Store(makeEngine())
    let table = try Table(
      in: store, type: TableType(element: .function, limits: Limits(minimum: 1)), filledWith: .funcref(nil))
    #expect(throws: Trap.self) {
      try store.load(
        #"""
        (module (import "a" "t" (table 1 funcref)) (memory 1)
          (func $f (result i32) (i32.load8_u (i32.const 0)))
          (elem (i32.const 0) $f) (data (i32.const 0) "\2a") (data (i32.const 65536) "x"))
        """#, [.table(table)])
    }
    #expect(store.instances.count == 1)
    guard case .funcref(let function?) = try table.get(0), case .i32(let value) = try function.call().first else {
      Issue.record("no function")
      return
    }
    #expect(value == 42)
  }

  @Test func memoriesThatAFailedInstanceImportedGrowOn() throws {
    let store = Store(makeEngine())
    let memory = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1)))
    for _ in 0..<10 {
      #expect(throws: Trap.self) {
        try store.load(#"(module (import "a" "m" (memory 1)) (data (i32.const 0x7fffffff) "x"))"#, [.memory(memory)])
      }
    }
    try memory.grow(by: 1)
    try memory.store(7 as UInt8, at: 131_071)
  }

  @Test func memoriesOfTheHostAreGivenBack() throws {
    let store = Store(makeEngine())
    store.limits.byteCount = 3 * 65_536
    let type = MemoryType(limits: Limits(minimum: 2))
    for _ in 0..<10 { try Memory(in: store, type: type).grow(by: 1) }
    #expect(store.countedBytes == 0)
    let memory = try Memory(in: store, type: type)
    #expect(throws: UsageError.self) { try Memory(in: store, type: type) }
    withExtendedLifetime(memory) {}
  }

  @Test func referencesToValuesOfTheHostAreLimited() throws {
    let store = Store(makeEngine())
    store.limits.externReferences = 3
    for number in 0..<3 { _ = try ExternReference(number, in: store) }
    #expect(throws: UsageError.self) { try ExternReference(3, in: store) }
    #expect(store.externReferenceCount == 3)
    store.limits = StoreLimits(byteCount: store.countedBytes + 2 * StoreLimits.externReferenceSize)
    for number in 3..<5 { _ = try ExternReference(number, in: store) }
    #expect(throws: UsageError.self) { try ExternReference(5, in: store) }
  }

  @Test func aHostFunctionThatMakesReferencesIsToldOfTheLimit() throws {
    let store = Store(makeEngine())
    store.limits.externReferences = 5
    let linker = Linker(store)
    try linker.define("env", "make") { (caller: borrowing Caller) throws -> ExternReference? in
      try ExternReference("value", in: caller.store)
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: #"""
          (module (import "env" "make" (func $make (result externref)))
            (func (export "run") (loop $again (drop (call $make)) (br $again))))
          """#))
    #expect(throws: UsageError.resourceRefused("externref")) { try instance.function("run").call() }
    #expect(store.externReferenceCount == 5)
  }

  @Test func loweredLimitsRefuseOnlyWhatIsNew() throws {
    let store = Store(makeEngine())
    let instance = try store.load("(module (memory (export \"m\") 2))")
    store.limits.byteCount = 0
    let memory = try instance.memory("m")
    try memory.grow(by: 0)
    #expect(throws: UsageError.growthRefused) { try memory.grow(by: 1) }
    store.limits.byteCount = .max
    try memory.grow(by: 1)
  }
}
