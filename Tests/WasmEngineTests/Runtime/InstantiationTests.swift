import Testing
import WasmEngine

@Suite struct InstantiationTests {
  let store = Store()

  private func memories(_ count: Int) throws -> [Memory] {
    try (0..<count).map { _ in try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1, maximum: 4))) }
  }

  @Test func aTrapInASegmentKeepsWhatEarlierSegmentsWroteInOtherMemoriesToo() throws {
    let memories = try memories(2)
    let kind = trapKind {
      try store.load(
        #"""
        (module (import "a" "m" (memory $m 1)) (import "a" "n" (memory $n 1))
          (data (memory $m) (i32.const 0) "first")
          (data (memory $n) (i32.const 10) "second")
          (data (memory $m) (i32.const 65533) "beyond")
          (data (memory $n) (i32.const 20) "never"))
        """#, memories.map { .memory($0) })
    }
    #expect(kind == .outOfBoundsMemoryAccess)
    #expect(try memories[0].string(at: 0, count: 5) == "first")
    #expect(try memories[1].string(at: 10, count: 6) == "second")
    #expect(try memories[1].load(UInt8.self, at: 20) == 0)
    #expect(try memories[0].load(UInt8.self, at: 65533) == 0)
  }

  @Test func aSegmentThatTrapsSaysWhichMemoryAndWhere() throws {
    let trap = #expect(throws: Trap.self) {
      try store.load(#"(module (memory 1) (memory 1) (data (memory 1) (i32.const 65535) "ab"))"#)
    }
    #expect(trap?.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: 65535, length: 2))
  }

  @Test func elementsRunBeforeData() throws {
    let memory = try memories(1)[0]
    let table = try Table(
      in: store, type: TableType(element: .function, limits: Limits(minimum: 2)), filledWith: .funcref(nil))
    let kind = trapKind {
      try store.load(
        #"""
        (module (import "a" "m" (memory 1)) (import "a" "t" (table 2 funcref))
          (func $f)
          (data (i32.const 0) "x")
          (elem (i32.const 0) $f)
          (elem (i32.const 2) $f))
        """#, [.memory(memory), .table(table)])
    }
    #expect(kind == .outOfBoundsTableAccess)
    #expect(try !table.get(0).isNull)
    #expect(try memory.load(UInt8.self, at: 0) == 0)
  }

  @Test func anUnlinkableModuleWritesNothing() throws {
    let memory = try memories(1)[0]
    #expect(throws: LinkError.self) {
      try store.load(
        #"""
        (module (import "a" "m" (memory 1)) (import "a" "n" (memory 2))
          (data (i32.const 0) "x"))
        """#, [.memory(memory), .memory(memory)])
    }
    #expect(try memory.load(UInt8.self, at: 0) == 0)
  }

  @Test func aRefusedResourceWritesNothing() throws {
    let memory = try memories(1)[0]
    store.limiter = { request in
      if case .memory(0, 131_072, _) = request { false } else { true }
    }
    #expect(throws: UsageError.self) {
      try store.load(
        #"(module (import "a" "m" (memory 1)) (memory 2) (data (i32.const 0) "x"))"#, [.memory(memory)])
    }
    #expect(try memory.load(UInt8.self, at: 0) == 0)
    try memory.grow(by: 1)
  }

  @Test func theSameMemoryImportedTwiceAliases() throws {
    let memory = try memories(1)[0]
    let instance = try store.load(
      #"""
      (module (import "a" "m" (memory $m 1)) (import "a" "n" (memory $n 1))
        (data (memory $m) (i32.const 0) "abcdef")
        (data (memory $n) (i32.const 2) "X"))
      """#, [.memory(memory), .memory(memory)])
    #expect(instance.memory(at: 0) == instance.memory(at: 1))
    #expect(try memory.string(at: 0, count: 6) == "abXdef")
  }

  @Test func offsetsAndInitialValuesAreConstantExpressions() throws {
    let global = try Global(in: store, type: GlobalType(value: .i32, isMutable: false), value: .i32(40))
    let instance = try store.load(
      #"""
      (module (import "a" "g" (global $g i32))
        (memory (export "m") 1) (memory (export "n") i64 1)
        (func $f)
        (global (export "sum") i32 (i32.add (global.get $g) (i32.mul (i32.const 3) (i32.const -2))))
        (global (export "long") i64 (i64.sub (i64.const 1) (i64.const 2)))
        (global (export "vector") v128 (v128.const i64x2 1 2))
        (global (export "function") funcref (ref.func $f))
        (global (export "double") f64 (f64.const 1.5))
        (data (offset (i32.add (global.get $g) (i32.const 2))) "x")
        (data (memory 1) (i64.const 5) "y"))
      """#, [.global(global)])
    func value(_ name: String) throws -> Value { try instance.global(name).value }
    guard case .i32(34) = try value("sum"), case .i64(-1) = try value("long"), case .f64(1.5) = try value("double"),
      case .v128(V128(low: 1, high: 2)) = try value("vector"), case .funcref(.some) = try value("function")
    else { return #expect(Bool(false)) }
    #expect(try instance.memory("m").string(at: 42, count: 1) == "x")
    #expect(try instance.memory("n").string(at: 5, count: 1) == "y")
  }

  @Test func tablesBeginWithTheirInitialValue() throws {
    let instance = try store.load(
      #"(module (func $f) (table (export "t") 3 (ref null func) (ref.func $f)))"#)
    #expect(try !instance.table("t").get(2).isNull)
  }

  @Test func aReadOnlyMemoryIsFilledOnce() throws {
    let policy = MemoryPolicy(access: .readOnly)
    let instance = try store.load(
      #"(module (memory (export "m") 1) (data (i32.const 3) "abc"))"#, policies: [0: policy])
    let memory = try instance.memory("m")
    #expect(try memory.string(at: 3, count: 3) == "abc")
    #expect(throws: UsageError.readOnlyMemory) { try memory.store(UInt8(1), at: 0) }
    #expect(throws: UsageError.readOnlyMemory) { try memory.write([1], at: 0) }
  }
}
