import Testing
import WebAssembly

@testable import WasmEngine

/// Which code an instance gets follows from its memories.
@Suite(.enabled(if: MachineCode.isAvailable, "There is no compiler for this system."))
struct CodeSetTests {
  static let program = #"""
    (module (import "env" "m" (memory 1 4)) (memory $own 1)
      (data (memory $own) (i32.const 0) "abcd")
      (func (export "run") (param i32 i32) (result i32)
        (i32.store (local.get 0) (i32.load $own (i32.const 0)))
        (drop (memory.grow 0 (local.get 1)))
        (i32.store (i32.add (local.get 0) (i32.const 4)) (i32.const 1))
        (i32.load (local.get 0)))
      (func (export "write") (param i32) (i32.store $own (local.get 0) (i32.const 5))))
    """#

  private func type() -> MemoryType { MemoryType(limits: Limits(minimum: 1, maximum: 4)) }

  @Test(arguments: MemoryPolicy.Bounds.allCases, MemoryPolicy.Bounds.allCases)
  func importedMemoriesOfEveryPolicy(engine bounds: MemoryPolicy.Bounds, memory: MemoryPolicy.Bounds) throws {
    let store = Store(makeEngine(bounds: bounds) { $0.tier = .compiler })
    let module = try store.engine.compile(text: Self.program)
    let imported = try Memory(in: store, type: type(), policy: MemoryPolicy(bounds: memory))
    let instance = try store.instantiate(module, imports: [.memory(imported)])
    let isWeaker = bounds == .guarded && memory == .checked
    #expect((instance.data.machine === module.machine) != isWeaker)
    for growth: Int32 in [0, 1, 2] {
      #expect(try callI32(instance, "run", .i32(8), .i32(growth)) == 0x6463_6261)
    }
    #expect(imported.byteCount == 4 << 16)
    #expect(try callI32(instance, "run", .i32(4 << 16 - 8), .i32(0)) == 0x6463_6261)
    #expect(trapKind { _ = try callI32(instance, "run", .i32(4 << 16 - 7), .i32(0)) } == .outOfBoundsMemoryAccess)
  }

  @Test func bothSetsInOneStore() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let module = try store.engine.compile(text: Self.program)
    let strong = try Memory(in: store, type: type())
    let weak = try Memory(in: store, type: type(), policy: MemoryPolicy(bounds: .checked))
    let first = try store.instantiate(module, imports: [.memory(strong)])
    let second = try store.instantiate(module, imports: [.memory(weak)])
    let third = try store.instantiate(module, imports: [.memory(weak)])
    #expect(first.data.machine !== second.data.machine)
    #expect(second.data.machine === third.data.machine)
    for instance in [first, second, third, first] {
      #expect(try callI32(instance, "run", .i32(0), .i32(1)) == 0x6463_6261)
    }
  }

  @Test func storesToReadOnlyMemoriesTrap() throws {
    let store = Store(makeEngine { $0.tier = .compiler })
    let module = try store.engine.compile(text: Self.program)
    let imported = try Memory(in: store, type: type())
    let instance = try store.instantiate(
      module, imports: [.memory(imported)], policies: [1: MemoryPolicy(access: .readOnly)])
    #expect(try callI32(instance, "run", .i32(0), .i32(0)) == 0x6463_6261)
    #expect(trapKind { _ = try instance.function("write").call([.i32(0)]) } == .outOfBoundsMemoryAccess)
    #expect(try callI32(instance, "run", .i32(0), .i32(0)) == 0x6463_6261)
  }

  @Test func readOnlyByDefault() throws {
    let store = Store(
      makeEngine {
        $0.tier = .compiler
        $0.memoryPolicy.access = .readOnly
      })
    let instance = try store.load(
      #"""
      (module (memory 1) (data (i32.const 4) "abcd")
        (func (export "load") (result i32) (i32.load (i32.const 4)))
        (func (export "write") (i32.store (i32.const 4) (i32.const 5))))
      """#)
    #expect(trapKind { _ = try instance.function("write").call([]) } == .outOfBoundsMemoryAccess)
    #expect(try callI32(instance, "load") == 0x6463_6261)
  }

  @Test func withoutGuardPagesEveryAccessIsChecked() throws {
    let engine = makeEngine {
      $0.tier = .compiler
      $0.usesGuardPages = false
    }
    let module = try engine.compile(text: Self.program)
    #expect(module.machine?.environment.usesGuardPages == false)
    let store = Store(engine)
    let instance = try store.instantiate(module, imports: [.memory(try Memory(in: store, type: type()))])
    #expect(trapKind { _ = try callI32(instance, "run", .i32(65533), .i32(0)) } == .outOfBoundsMemoryAccess)
  }
}
