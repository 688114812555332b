import Testing

@testable import WasmEngine

/// Typed calls with and without parameter packs, on both tiers.
@Suite("Typed functions")
struct TypedFunctionTests {
  static let text = """
    (module
      (import "host" "twice" (func $twice (param i32) (result i32)))
      (func (export "none"))
      (func (export "constant") (result i64) (i64.const -5))
      (func (export "one") (param f32) (result f32) (f32.neg (local.get 0)))
      (func (export "two") (param i32 v128) (result v128) (i32x4.replace_lane 1 (local.get 1) (local.get 0)))
      (func (export "three") (param v128 i32 i64) (result i64)
        (i64.add (i64.add (local.get 2) (i64.extend_i32_s (local.get 1))) (i64x2.extract_lane 1 (local.get 0))))
      (func (export "four") (param i32 i32 i32 i32) (result i32)
        (i32.sub (i32.sub (local.get 0) (local.get 1)) (i32.sub (local.get 2) (local.get 3))))
      (func (export "five") (param i32 i64 f32 f64 i32) (result f64) (f64.add (local.get 3) (f64.promote_f32 (local.get 2))))
      (func (export "pair") (param i32) (result i32 v128) (local.get 0) (i32x4.splat (local.get 0)))
      (func (export "forward") (param i32) (result i32) (call $twice (local.get 0)))
      (func (export "sink") (param i32 i64)))
    """

  @Test(arguments: [ExecutionTier.compiler, .interpreter])
  func valuesPassThrough(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    var inner: TypedFunction<(Int32, Int32, Int32, Int32), Int32>?
    try linker.define("host", "twice") { (_: borrowing Caller, x: Int32) -> Int32 in
      try inner.map { try $0(x, 1, 2, 3) } ?? 2 * x
    }
    let instance = try linker.instantiate(store.engine.compile(text: Self.text))
    try instance.function("none", as: Void.self)()
    #expect(try instance.function("constant", as: Void.self, returning: Int64.self)() == -5)
    #expect(try instance.function("one", as: Float.self, returning: Float.self)(1.5) == -1.5)
    let vector = V128(low: 1 << 32 | 2, high: 7)
    let two = try instance.function("two", as: (Int32, V128).self, returning: V128.self)
    #expect(try two(-1, vector) == V128(low: 0xFFFF_FFFF_0000_0002, high: 7))
    let three = try instance.function("three", as: (V128, Int32, Int64).self, returning: Int64.self)
    #expect(try three(vector, -3, 100) == 104)
    let four = try instance.function(
      "four", as: (Int32, Int32, Int32, Int32).self, returning: Int32.self)
    #expect(try four(10, 1, 2, 3) == 10)
    let five = try instance.function(
      "five", as: (Int32, Int64, Float, Double, Int32).self, returning: Double.self)
    #expect(try five(1, 2, 0.5, 4, 5) == 4.5)
    let pair = try instance.function("pair", as: Int32.self, returning: (Int32, V128).self)
    let (number, lanes) = try pair(3)
    #expect(number == 3)
    #expect(lanes == V128(low: 3 << 32 | 3, high: 3 << 32 | 3))
    try instance.function("sink", as: (Int32, Int64).self)(1, 2)
    let forward = try instance.function("forward", as: Int32.self, returning: Int32.self)
    #expect(try forward(21) == 42)
    inner = four
    #expect(try forward(21) == 21)
  }
}
