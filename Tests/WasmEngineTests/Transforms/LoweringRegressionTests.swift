import Testing
import WasmEngine
import WebAssembly

/// What other lowerings to one memory get wrong, each as a test.
@Suite struct LoweringRegressionTests {
  static let outOfBounds = LoweringPair.Outcome.trap(.outOfBoundsMemoryAccess)

  @Test func boundsAreBytesAgainstBytes() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 1) (memory $b 1 2) (memory $c 1)
        (func (export "load") (param i32) (result i32) (i32.load $b (local.get 0)))
        (func (export "grow") (result i32) (memory.grow $b (i32.const 1)))
        (func (export "c") (param i32) (result i32) (i32.load $c (local.get 0))))
      """)
    #expect(pair.same("load", .i32(65532)) != Self.outOfBounds)
    #expect(pair.same("load", .i32(65533)) == Self.outOfBounds)
    #expect(pair.same("c", .i32(65533)) == Self.outOfBounds)
    pair.same("grow")
    #expect(pair.same("load", .i32(65533)) != Self.outOfBounds)
    #expect(pair.same("load", .i32(131069)) == Self.outOfBounds)
  }

  @Test func memoriesWithoutMaximumCount() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 1) (memory $b 1 1) (data (memory $b) (i32.const 0) "x")
        (func (export "load") (result i32) (i32.load8_u $b (i32.const 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow $a (local.get 0)))
        (func (export "growB") (param i32) (result i32) (memory.grow $b (local.get 0))))
      """)
    pair.same("load")
    pair.same("grow", .i32(3))
    pair.same("growB", .i32(1))
  }

  @Test func grownPagesAreZero() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 1) (memory $b 1) (memory $c 1)
        (func (export "fill") (memory.fill $b (i32.const 0) (i32.const 0xAA) (i32.const 65536))
          (memory.fill $c (i32.const 0) (i32.const 0xCC) (i32.const 65536)))
        (func (export "grow") (param i32) (result i32)
          (memory.grow $a (local.get 0)) (memory.grow $b (local.get 0)) (memory.grow $c (local.get 0)) i32.add i32.add)
        (func (export "a") (param i32) (result i64) (i64.load $a (local.get 0)))
        (func (export "b") (param i32) (result i64) (i64.load $b (local.get 0)))
        (func (export "c") (param i32) (result i64) (i64.load $c (local.get 0))))
      """)
    #expect(pair.result.regions.contains { $0.growth == .relocating })
    pair.same("fill")
    for pages in [1, 2, 3] {
      pair.same("grow", .i32(Int32(pages)))
      for address in stride(from: Int32(0), to: 7 * 65536, by: 4096) {
        for name in ["a", "b", "c"] { pair.same(name, .i32(address)) }
      }
    }
  }

  @Test func theValueComesBeforeTheUseOfTheAddress() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 1) (memory $b 1) (memory $c 1)
        (func (export "store")
          (i32.store $b (i32.const 0) (i32.add (i32.const 41) (memory.grow $a (i32.const 1))))
          (i32.store $c (i32.const 65536) (memory.grow $c (i32.const 1))))
        (func (export "a") (param i32) (result i32) (i32.load $a (local.get 0)))
        (func (export "b") (param i32) (result i32) (i32.load $b (local.get 0)))
        (func (export "c") (param i32) (result i32) (i32.load $c (local.get 0))))
      """)
    pair.same("store")
    #expect(pair.same("b", .i32(0)) == .results(["\(Value.i32(42))"]))
    for name in ["a", "b", "c"] { for at in [0, 65536] { pair.same(name, .i32(Int32(at))) } }
  }

  @Test func maximaHold() throws {
    for reservation in [nil, 7] as [UInt64?] {
      var options = LoweringOptions()
      options.reservations[1] = reservation
      let pair = try LoweringPair(
        """
        (module (memory $a 0 2) (memory $b 1 3) (memory $c 0 1)
          (func (export "a") (param i32) (result i32 i32) (memory.grow $a (local.get 0)) (memory.size $a))
          (func (export "b") (param i32) (result i32 i32) (memory.grow $b (local.get 0)) (memory.size $b))
          (func (export "c") (param i32) (result i32 i32) (memory.grow $c (local.get 0)) (memory.size $c)))
        """, options: options)
      for pages in [0, 4, 1, 1, 1, 1, 0, -1] {
        for name in ["a", "b", "c"] { pair.same(name, .i32(Int32(pages))) }
      }
    }
    let module = try ModuleParser.parse(
      Array("(module (memory 1 2 shared) (memory 1 3 shared) (func (drop (memory.grow 1 (i32.const 1)))))".utf8),
      features: .all
    ).module
    let lowered = try MemoryLowering.lower(ModuleValidator.validate(module))
    #expect(lowered.memory?.isShared == true && lowered.memory?.limits.maximum != nil)
    #expect(throws: Never.self) { try ModuleValidator.validate(lowered.module) }
  }

  @Test func sixtyFourBitMemoriesAreWellTyped() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a i64 1) (memory $b 1 4) (memory $c i64 1 4)
        (data (memory $c) (i64.const 7) "seven")
        (func (export "grow") (param i64) (result i64) (memory.grow $c (local.get 0)))
        (func (export "growB") (param i32) (result i32) (memory.grow $b (local.get 0)))
        (func (export "size") (result i64 i32) (memory.size $a) (memory.size $b))
        (func (export "copy") (param i64 i32 i32) (memory.copy $c $b (local.get 0) (local.get 1) (local.get 2)))
        (func (export "load") (param i64) (result i64) (i64.load $c offset=3 (local.get 0))))
      """)
    for pages in [1, -1, 9, 1] as [Int64] { pair.same("grow", .i64(pages)) }
    pair.same("growB", .i32(1))
    pair.same("size")
    pair.same("copy", .i64(100), .i32(0), .i32(10))
    #expect(pair.same("copy", .i64(.max), .i32(0), .i32(0)) == Self.outOfBounds)
    for address in [0, 4, 100, 196_597, 196_598, -1, -3, -8, .max] as [Int64] { pair.same("load", .i64(address)) }
    #expect(pair.same("load", .i64(-1)) == Self.outOfBounds)
  }

  @Test func customPageSizesAreCarriedOver() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 10 (pagesize 1)) (memory $b 1) (memory $c 5 100000 (pagesize 1))
        (func (export "a") (param i32) (result i32) (i32.load8_u $a (local.get 0)))
        (func (export "c") (param i32) (result i32) (i32.load8_u $c (local.get 0)))
        (func (export "grow") (param i32) (result i32 i32) (memory.grow $c (local.get 0)) (memory.size $c))
        (func (export "growA") (param i32) (result i32 i32) (memory.grow $a (local.get 0)) (memory.size $a)))
      """)
    #expect(pair.same("a", .i32(9)) != Self.outOfBounds)
    #expect(pair.same("a", .i32(10)) == Self.outOfBounds)
    for bytes in [1, 70000, 40000, 3] {
      pair.same("grow", .i32(Int32(bytes)))
      pair.same("growA", .i32(Int32(bytes)))
      for at in [5, 6, 70005, 70006, 70009] {
        pair.same("a", .i32(Int32(at)))
        pair.same("c", .i32(Int32(at)))
      }
    }
  }

  @Test func addressAndOffsetDoNotWrap() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 1) (memory $b 1 1) (memory $c 1 2)
        (func (export "grow") (drop (memory.grow $c (i32.const 0))))
        (func (export "a") (param i32) (result i32) (i32.load $a offset=16 (local.get 0)))
        (func (export "b") (param i32) (result i32) (i32.load $b offset=0xFFFFFFFF (local.get 0)))
        (func (export "c") (param i32) (result i32) (i32.load $c offset=4096 (local.get 0))))
      """)
    for address in [-1, -16, -4096, 1] {
      for name in ["a", "b", "c"] where address < 0 || name == "b" {
        #expect(pair.same(name, .i32(Int32(address))) == Self.outOfBounds)
      }
    }
  }

  @Test func segmentsAreCheckedAgainstTheirMemory() throws {
    for offset in [65530, -1, 65536] {
      let text = """
        (module (memory $a 1) (memory $b 1) (global $g i32 (i32.const 3))
          (data (memory $b) (i32.const 0) "first") (data (memory $a) (i32.const \(offset)) "does not fit")
          (func (export "f")))
        """
      #expect(trapKind { _ = try Store().load(text) } == .outOfBoundsMemoryAccess)
      #expect(trapKind { _ = try LoweringPair(text) } == .outOfBoundsMemoryAccess)
      let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
      let lowered = try MemoryLowering.lower(ModuleValidator.validate(module)).module
      let store = Store()
      #expect(
        trapKind { _ = try store.instantiate(store.engine.compile(lowered), imports: []) } == .outOfBoundsMemoryAccess)
    }
  }

  @Test func offsetsThatAreNotConstantsRunInOrder() throws {
    let pair = try LoweringPair(
      """
      (module (global $g i32 (i32.const 3)) (memory $a 1) (memory $b 1)
        (data (memory $b) (i32.const 0) "abcdefgh")
        (data $x (memory $b) (global.get $g) "XY")
        (data (memory $b) (i32.add (global.get $g) (i32.const 1)) "Z")
        (start $s)
        (func $s (i32.store8 $a (i32.const 9) (i32.load8_u $b (i32.const 4))))
        (func (export "b") (param i32) (result i64) (i64.load $b (local.get 0)))
        (func (export "a") (param i32) (result i64) (i64.load $a (local.get 0)))
        (func (export "init") (memory.init $b $x (i32.const 0) (i32.const 0) (i32.const 1))))
      """)
    for address in [0, 8, 9] as [Int32] {
      pair.same("a", .i32(address))
      pair.same("b", .i32(address))
    }
    #expect(pair.same("init") == Self.outOfBounds)
  }

  @Test func reservedMemoriesDoNotMove() throws {
    let text =
      "(module (memory $a 1) (memory $b 1) (func (drop (memory.grow 0 (i32.const 1))) "
      + "(drop (memory.grow 1 (i32.const 1)))))"
    let module = try ModuleValidator.validate(ModuleParser.parse(Array(text.utf8), features: .all).module)
    #expect(try MemoryLowering.lower(module).regions.contains { $0.moves })
    var options = LoweringOptions()
    options.reservations[0] = 10
    #expect(try !MemoryLowering.lower(module, options: options).regions.contains { $0.moves })
  }

  @Test func exportedMemoriesAreReachable() throws {
    let pair = try LoweringPair(
      """
      (module (memory $p (export "private") 1) (memory $m (export "memory") 1) (memory $z 1)
        (data (memory $m) (i32.const 4) "hi") (data (memory $p) (i32.const 4) "yo")
        (func (export "size") (result i32 i32) (memory.size $p) (memory.size $m))
        (func (export "load") (param i32) (result i32) (i32.load8_u $m (local.get 0))))
      """)
    func number(_ name: String) throws -> UInt64 {
      switch try pair.lowered.global(name).value {
      case .i32(let value): UInt64(UInt32(bitPattern: value))
      case .i64(let value): UInt64(bitPattern: value)
      default: 0
      }
    }
    let memory = try pair.lowered.memory(LoweredModule.exportName)
    #expect(try memory.read(2, at: try number("memory.base") + 4) == Array("hi".utf8))
    #expect(try memory.read(2, at: try number("private.base") + 4) == Array("yo".utf8))
    _ = try pair.lowered.function("private.grow").call([.i32(2)])
    _ = try pair.original.memory("private").grow(by: 2)
    #expect(try number("private.size") == 3 * 65536)
    #expect(try memory.read(2, at: try number("memory.base") + 4) == Array("hi".utf8))
    pair.same("size")
    pair.same("load", .i32(4))
  }
}
