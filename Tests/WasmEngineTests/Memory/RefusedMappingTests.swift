import Testing
import WebAssembly

@testable import WasmEngine

/// What a memory is called goes by what the system gave, not by what was asked for.
@Suite struct RefusedMappingTests {
  private static let module = """
    (module (memory $a (export "a") 1) (memory $b (export "b") 1)
      (func (export "write") (param i32) (i32.store $b offset=0x70000000 (local.get 0) (i32.const 0x41414141)))
      (func (export "read") (param i32) (result i32) (i32.load $b offset=0x70000000 (local.get 0))))
    """

  /// The range without guard of `$b` ends where that of `$a` begins, or the other way round.
  @Test(arguments: ExecutionTier.allCases, 1...4)
  func aMemoryWithoutGuardIsNotReserved(_ tier: ExecutionTier, use: Int) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let module = try store.engine.compile(text: Self.module)
    let failures = InjectedFailures(.mmap) { $0 == use }
    let instance = try failures.run { try store.instantiate(module) }
    #expect(failures.useCount >= 2)
    let a = try instance.memory("a").instance
    let b = try instance.memory("b").instance
    for memory in [a, b] { #expect(memory.accessClass == (memory.reach ? .reserved : .fixed)) }
    let distance = UInt(bitPattern: a.base) &- UInt(bitPattern: b.base) &- 0x7000_0000
    var addresses: [UInt32] = [0, 0x8FFF_FFFC, 0x9000_0000, 0x9001_0000, 0xFFFF_FFFC, .max]
    if distance <= UInt(UInt32.max) { addresses.append(UInt32(distance)) }
    for address in addresses {
      let argument = Value.i32(Int32(bitPattern: address))
      #expect(trapKind { try instance.function("write").call([argument]) } == .outOfBoundsMemoryAccess)
      #expect(trapKind { try instance.function("read").call([argument]) } == .outOfBoundsMemoryAccess)
    }
    #expect(try instance.memory("a").read(65536, at: 0).allSatisfy { $0 == 0 })
  }

  /// Kinds of memories, each by what a module declares.
  static let kinds = [
    "1", "0", "1 2", "1 65536", "32770 40000", "i64 1", "i64 1 4", "i64 1 0x30000", "1 4 shared", "1 65536 shared",
    "i64 1 4 shared", "3 (pagesize 1)", "3 10000 (pagesize 1)", "i64 3 10000 (pagesize 1)",
  ]

  /// A memory in whose making a call of the system is refused is one that works, of whatever class, or there is none.
  @Test(arguments: kinds, MemoryPolicy.Bounds.allCases)
  func everyKindOfMemoryIsWhatItSays(_ kind: String, bounds: MemoryPolicy.Bounds) throws {
    let address = kind.hasPrefix("i64") ? "i64" : "i32"
    let text = """
      (module (memory $other 1) (memory $m (export "m") \(kind))
        (func (export "size") (result \(address)) (memory.size $m))
        (func (export "grow") (param \(address)) (result \(address)) (memory.grow $m (local.get 0)))
        (func (export "load") (param \(address)) (result i32) (i32.load8_u $m (local.get 0)))
        (func (export "far") (param \(address)) (result i32) (i32.load $m offset=0x7ffffff0 (local.get 0)))
        (func (export "store") (param \(address)) (i32.store8 $m (local.get 0) (i32.const 7))))
      """
    for tier in ExecutionTier.allCases {
      let engine = makeEngine(bounds: bounds) { $0.tier = tier }
      let module = try engine.compile(text: text)
      func number(_ value: UInt64) -> Value {
        address == "i64" ? .i64(Int64(bitPattern: value)) : .i32(Int32(truncatingIfNeeded: value))
      }
      for call in [SystemCall.mmap, .mprotect, .mremap] {
        for use in 1...4 {
          let store = Store(engine)
          let failures = InjectedFailures(call) { $0 == use }
          do {
            try failures.run {
              let instance = try store.instantiate(module)
              let memory = try instance.memory("m")
              try checkClass(memory.instance)
              let size = memory.byteCount
              if size > 0 {
                _ = try instance.function("store").call([number(size - 1)])
                #expect(try memory.load(UInt8.self, at: size - 1) == 7)
              }
              #expect(trapKind { try instance.function("load").call([number(size)]) } == .outOfBoundsMemoryAccess)
              if size < 0x7fff_fff0 {
                for far: UInt64 in [0, size, 0xFFFF_FFF0] {
                  #expect(trapKind { try instance.function("far").call([number(far)]) } == .outOfBoundsMemoryAccess)
                }
              }
              let old = memory.pageCount
              let grown = unsignedIntegers(try instance.function("grow").call([number(1)]))
              if grown == unsignedIntegers([number(.max)]) {
                #expect(memory.pageCount == old)
              } else {
                #expect(grown == [old] && memory.pageCount == old + 1)
                _ = try instance.function("store").call([number(memory.byteCount - 1)])
              }
              if size > 0 { #expect(try memory.load(UInt8.self, at: size - 1) == 7) }
              let end = memory.byteCount
              #expect(trapKind { try instance.function("load").call([number(end)]) } == .outOfBoundsMemoryAccess)
              try checkClass(memory.instance)
            }
          } catch let error as UsageError {
            guard case .resourceRefused = error else {
              Issue.record("\(kind), \(call.rawValue), use \(use): \(error)")
              continue
            }
          }
        }
      }
    }
  }

  private func checkClass(_ memory: LinearMemory) throws {
    switch memory.accessClass {
    case .reserved: #expect(memory.reach)
    case .fixed, .movable: #expect(!memory.satisfies(.reserved) || memory.reach)
    }
  }

  /// An instance gets code that is right for a memory of a weaker class than the module was compiled for.
  @Test func importedMemoriesOfWeakerClasses() throws {
    let store = Store()
    let type = MemoryType(limits: Limits(minimum: 1, maximum: nil))
    let memory = try InjectedFailures(.mmap) { $0 == 1 }.run { try Memory(in: store, type: type) }
    #expect(memory.accessClass == .fixed)
    let module = try store.engine.compile(
      text: """
        (module (memory (import "m" "m") 1) (memory 1)
          (func (export "write") (param i32) (i32.store offset=0x70000000 (local.get 0) (i32.const 1))))
        """)
    let instance = try store.instantiate(module, imports: [.memory(memory)])
    for address: Int32 in [0, Int32.max, -1] {
      #expect(trapKind { try instance.function("write").call([.i32(address)]) } == .outOfBoundsMemoryAccess)
    }
  }

  /// A system has so many ranges of addresses for a process and no more; near the end it gives small ones alone.
  @Test func whenNothingIsProtectedAnyMore() throws {
    let store = Store()
    let module = try store.engine.compile(text: Self.module)
    let failures = InjectedFailures(.mprotect) { _ in true }
    let instance = try failures.run { try store.instantiate(module) }
    let memory = try instance.memory("b")
    #expect(memory.accessClass == .movable)
    #expect(trapKind { try instance.function("write").call([.i32(0)]) } == .outOfBoundsMemoryAccess)
    #expect(try memory.grow(by: 0x7001) == 1)
    _ = try instance.function("write").call([.i32(8)])
    #expect(try memory.load(UInt32.self, at: 0x7000_0008) == 0x4141_4141)
  }
}

extension LinearMemory {
  /// Whether an address of 32 bits with any offset that is left unchecked leads to the memory or to nothing.
  fileprivate var reach: Bool { satisfies(.reserved) }
}
