import Testing

@testable import WasmEngine

/// Loads, operations and stores back to the same place, which the compiler makes one instruction.
struct UpdateTests {
  private static let source: String = {
    var text = "(module (memory $m (export \"m\") 1) (memory $other 1)"
    for (load, store, type) in [
      ("i32.load", "i32.store", "i32"), ("i64.load", "i64.store", "i64"), ("i32.load8_u", "i32.store8", "i32"),
      ("i32.load16_s", "i32.store16", "i32"), ("i64.load32_u", "i64.store32", "i64"),
    ] {
      for operation in ["add", "sub", "and", "or", "xor"] {
        for (suffix, operands) in [
          ("r", "(\(load) offset=8 (local.get 0)) (local.get 1)"),
          ("l", "(local.get 1) (\(load) offset=8 (local.get 0))"),
          ("c", "(\(load) offset=8 (local.get 0)) (\(type).const -77)"),
        ] {
          text += """
            (func (export "\(load) \(operation) \(suffix)") (param i32 \(type))
              (\(store) offset=8 (local.get 0) (\(type).\(operation) \(operands))))
            """
        }
      }
    }
    // Not the same place, or something between.
    text += """
      (func (export "between") (param i32) (result i32) (local i32)
        (local.set 1 (i32.load (local.get 0)))
        (i32.store (local.get 0) (i32.const 5))
        (i32.store (local.get 0) (i32.add (local.get 1) (i32.const 1)))
        (i32.load (local.get 0)))
      (func (export "scaled") (param i32 i32)
        (i32.store offset=16 (i32.shl (local.get 0) (i32.const 2))
          (i32.add (i32.load offset=16 (i32.shl (local.get 0) (i32.const 2))) (local.get 1))))
      (func (export "other") (param i32)
        (i32.store $m (local.get 0) (i32.add (i32.load $other (local.get 0)) (i32.const 1))))
      (func (export "beyond") (param i32)
        (i32.store offset=65532 (local.get 0) (i32.add (i32.load offset=65532 (local.get 0)) (i32.const 1))))
      """
    return text + ")"
  }()

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func bothTiersLeaveTheSameInMemory(bounds: MemoryPolicy.Bounds) throws {
    var contents: [[UInt8]] = []
    for tier in ExecutionTier.allCases {
      let store = Store(
        makeEngine {
          $0.tier = tier
          $0.memoryPolicy.bounds = bounds
        })
      let module = try store.engine.compile(text: Self.source)
      let instance = try Linker(store).instantiate(module)
      let memory = try instance.memory("m")
      for index in 0..<1024 {
        try memory.store(UInt32(truncatingIfNeeded: index &* 0x9E37_79B9), at: UInt64(index * 4))
      }
      for (place, export) in module.exports.enumerated() where export.name.contains("load") {
        let address = Value.i32(Int32(place * 24 + 1))
        let operand: Value = export.name.hasPrefix("i64") ? .i64(-0x1234_5678_9ABC) : .i32(0x1357_9BDF)
        _ = try instance.function(export.name).call([address, operand])
      }
      let first = try memory.load(UInt32.self, at: 4000)
      let between = try instance.function("between", as: Int32.self, returning: UInt32.self)
      #expect(try between(4000) == first &+ 1)
      for index in 0..<50 { _ = try instance.function("scaled").call([.i32(Int32(900 + index)), .i32(99)]) }
      _ = try instance.function("other").call([.i32(8)])
      var bytes: [UInt8] = []
      for address in 0..<65536 { bytes.append(try memory.load(UInt8.self, at: UInt64(address))) }
      contents.append(bytes)
    }
    #expect(contents[0] == contents[1])
  }

  @Test(arguments: ExecutionTier.allCases)
  func anUpdateBeyondTheEndTrapsAndWritesNothing(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let instance = try Linker(store).instantiate(store.engine.compile(text: Self.source))
    #expect(trapKind { _ = try instance.function("beyond").call([.i32(2)]) } == .outOfBoundsMemoryAccess)
    _ = try instance.function("beyond").call([.i32(0)])
    #expect(try instance.memory("m").load(UInt32.self, at: 65532) == 1)
  }
}
