import Testing
import WebAssembly

@testable import WasmEngine

/// Functions whose results do not fit the registers, called in every way there is, in and between both tiers.
@Suite struct ManyResultsTests {
  static let cycle = ["i32", "f64", "i64", "v128", "f32", "i64", "externref", "f64", "i32", "v128"]

  /// The types of `count` results, from another place of the cycle for each count.
  static func types(_ count: Int) -> [String] { (0..<count).map { cycle[($0 + count * 3) % cycle.count] } }

  /// An expression of the type that depends on the i32 in local 0 and on the place.
  static func value(_ type: String, _ place: Int) -> String {
    let seed = "(i32.add (i32.mul (local.get 0) (i32.const \(2 * place + 3))) (i32.const \(place)))"
    return switch type {
    case "i32": seed
    case "i64": "(i64.mul (i64.extend_i32_s \(seed)) (i64.const 0x123456789))"
    case "f32": "(f32.convert_i32_s \(seed))"
    case "f64": "(f64.div (f64.convert_i32_s \(seed)) (f64.const 3))"
    case "v128": "(i32x4.replace_lane 1 (i32x4.splat \(seed)) (i32.const \(place * 77)))"
    default: "(ref.null extern)"
    }
  }

  /// Takes the results from the stack, the last one first, into an i64 in local `h`.
  static func digest(_ types: [String]) -> String {
    var text = ""
    for type in types.reversed() {
      let word =
        switch type {
        case "i32": "(i64.extend_i32_u (local.get $i32))"
        case "i64": "(local.get $i64)"
        case "f32": "(i64.extend_i32_u (i32.reinterpret_f32 (local.get $f32)))"
        case "f64": "(i64.reinterpret_f64 (local.get $f64))"
        case "v128":
          "(i64.add (i64x2.extract_lane 0 (local.get $v128)) (i64.rotl (i64x2.extract_lane 1 (local.get $v128)) (i64.const 7)))"
        default: "(i64.extend_i32_u (ref.is_null (local.get $externref)))"
        }
      text += "(local.set $\(type)) (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) \(word)))\n"
    }
    return text + "(local.get $h)"
  }

  static let locals =
    "(local $h i64) (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $v128 v128) "
    + "(local $externref externref)"

  /// Results go through calls of every kind, between functions whose arguments take different room.
  static func program(_ count: Int) -> String {
    let types = types(count)
    let results = "(result \(types.joined(separator: " ")))"
    let values = types.enumerated().map { value($1, $0) }.joined(separator: "\n")
    let wide = String(repeating: " i64", count: 9)
    let arguments = (1...9).map { "(i64.const \($0))" }.joined(separator: " ")
    func user(_ name: String, _ call: String) -> String {
      "(func (export \"\(name)\") (param i32) (result i64) \(locals) \(call) \(digest(types)))\n"
    }
    return """
      (module
        (type $make (func (param i32) \(results)))
        (type $wide (func (param i32\(wide) v128) \(results)))
        (import "env" "host" (func $host (type $make)))
        (import "env" "other" (func $other (type $make)))
        (table funcref (elem $make $tail $tailWide $host $other $tailHost $tailRef))
        (elem declare func $make $tailWide)
        (func $make (export "make") (type $make) \(values))
        (func $tail (type $make) (return_call $make (i32.add (local.get 0) (i32.const 1))))
        (func $wide (type $wide)
          (return_call $tail (i32.sub (local.get 0) (i32.wrap_i64 (i64.add (local.get 8) (local.get 9))))))
        (func $tailWide (type $make) (return_call $wide (local.get 0) \(arguments) (v128.const i64x2 1 2)))
        (func $tailIndirect (param f32 i32 i32) \(results)
          (return_call_indirect (type $make) (local.get 1) (local.get 2)))
        (func $tailRef (type $make) (return_call_ref $make (local.get 0) (ref.func $tailWide)))
        (func $tailHost (type $make) (return_call $host (local.get 0)))
        (func $through (param i32) \(results) (local i64) (local.set 1 (i64.const 5))
          (call $make (i32.add (local.get 0) (i32.wrap_i64 (local.get 1)))))
        \(user("direct", "(call $make (local.get 0))"))
        \(user("through", "(call $through (local.get 0))"))
        \(user("tail", "(call $tail (local.get 0))"))
        \(user("wide", "(call $wide (local.get 0) \(arguments) (v128.const i64x2 1 2))"))
        \(user("ref", "(call_ref $make (local.get 0) (ref.func $make))"))
        \(user("tailRef", "(call $tailRef (local.get 0))"))
        \(user("host", "(call $host (local.get 0))"))
        \(user("other", "(call $other (local.get 0))"))
        \((0..<7).map { user("indirect\($0)", "(call_indirect (type $make) (local.get 0) (i32.const \($0)))") }.joined())
        \((0..<7).map { user("tailIndirect\($0)", "(call $tailIndirect (f32.const 1) (local.get 0) (i32.const \($0)))") }.joined())
        (func (export "both") (param i32) (result i64) \(locals) (local $sum i64)
          (local.set $sum (i64.const 17))
          (call $make (local.get 0)) \(digest(types)) (local.set $sum (i64.add (local.get $sum)))
          (call $host (local.get 0)) \(digest(types)) (local.set $sum (i64.mul (local.get $sum)))
          (local.get $sum))
        (func (export "loop") (param i32) (result i64) \(locals)
          (loop
            (call $tailWide (local.get 0)) \(digest(types)) (local.set $h)
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $h)))
      """
  }

  /// The same as `$make`, by the host.
  static func hostValues(_ types: [String], _ number: Int32) -> [Value] {
    types.enumerated().map { place, type in
      let seed = number &* Int32(2 * place + 3) &+ Int32(place)
      switch type {
      case "i32": return .i32(seed)
      case "i64": return .i64(Int64(seed) &* 0x1_2345_6789)
      case "f32": return .f32(Float(seed))
      case "f64": return .f64(Double(seed) / 3)
      case "v128":
        let lane = UInt64(UInt32(bitPattern: seed))
        return .v128(V128(low: lane | UInt64(place * 77) << 32, high: lane | lane << 32))
      default: return .externref(nil)
      }
    }
  }

  static func load(_ count: Int, _ tier: ExecutionTier, interpreted: Set<Int> = []) throws -> (Instance, CompiledModule)
  {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    let module = try store.engine.compile(text: program(count))
    module.machine?.leftToInterpreter.withLock { $0 = interpreted }
    guard case .function(let type) = module.imports[0].type else { throw UsageError.noExport("host") }
    let names = types(count)
    try linker.define(
      "env", "host",
      .function(
        Function(in: store, type: type) { _, arguments in
          guard case .i32(let number) = arguments[0] else { return [] }
          return hostValues(names, number)
        }))
    // Another instance of another module.
    let values = names.enumerated().map { value($1, $0) }.joined(separator: "\n")
    let other = try store.load(
      "(module (func (export \"f\") (param i32) (result \(names.joined(separator: " "))) \(values)))")
    try linker.define("env", "other", other.export("f")!)
    return (try linker.instantiate(module), module)
  }

  static let names =
    ["direct", "through", "tail", "wide", "ref", "tailRef", "host", "other", "both"]
    + (0..<7).flatMap { ["indirect\($0)", "tailIndirect\($0)"] } + ["loop"]

  static func digests(_ instance: Instance) throws -> [String] {
    try names.flatMap { name in
      try [Int32(3), 1000, 12].map { "\(name) \(try instance.function(name).call([.i32($0)]))" }
    } + ["\(instance.function("make").call([.i32(-7)]))"]
  }

  @Test(arguments: 1...20)
  func inEveryKindOfCall(count: Int) throws {
    let (interpreted, _) = try Self.load(count, .interpreter)
    let expected = try Self.digests(interpreted)
    #expect(expected.last == "\(Self.hostValues(Self.types(count), -7))")
    let (compiled, module) = try Self.load(count, .compiler)
    #expect(try Self.digests(compiled) == expected)
    #expect(module.machine?.refusals.withLock { $0 } == [:])
  }

  /// Some functions of the module are interpreted: results pass between the tiers in both directions.
  @Test(arguments: [1, 4, 7, 12, 20])
  func betweenTheTiers(count: Int) throws {
    let (interpreted, module) = try Self.load(count, .interpreter)
    let expected = try Self.digests(interpreted)
    let functions = module.module.functions.count
    for step in 1...7 {
      let some = Set((0..<functions).filter { ($0 * step + step) % 3 == 0 || ($0 + step) % 4 == 1 })
      let (mixed, _) = try Self.load(count, .compiler, interpreted: some)
      #expect(try Self.digests(mixed) == expected, "\(some.sorted())")
    }
  }

  @Test func asManyAsThereCanBe() throws {
    let count = 1000
    let types = (0..<count).map { Self.cycle[$0 % Self.cycle.count] }
    let values = types.enumerated().map { Self.value($1, $0) }.joined(separator: "\n")
    let text = """
      (module
        (func $make (export "make") (param i32) (result \(types.joined(separator: " "))) \(values))
        (func (export "use") (param i32) (result i64) \(Self.locals) (call $make (local.get 0)) \(Self.digest(types))))
      """
    var results: [String] = []
    for tier in ExecutionTier.allCases {
      let store = Store(makeEngine { $0.tier = tier })
      let module = try store.engine.compile(text: text)
      let instance = try store.instantiate(module)
      #expect(try "\(instance.function("make").call([.i32(9)]))" == "\(Self.hostValues(types, 9))")
      results.append("\(try instance.function("use").call([.i32(11)]))")
      #expect((module.machine?.refusals.withLock { $0 } ?? [:]) == [:])
    }
    #expect(results[0] == results[1])
  }

  /// Swift's own types, in both directions.
  @Test(arguments: ExecutionTier.allCases)
  func typedByTheHost(tier: ExecutionTier) throws {
    let store = Store(makeEngine { $0.tier = tier })
    let linker = Linker(store)
    let results = "(result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64)"
    try linker.define("env", "ten") {
      (_: borrowing Caller, a: Int32) -> (Int32, Int64, Float, Double, Int32, Int64, Float, Double, Int32, Int64) in
      (a, Int64(a) << 40, 1.5, Double(a) / 3, a + 1, -5, -2.25, .infinity, -a, .max)
    }
    let instance = try linker.instantiate(
      store.engine.compile(
        text: """
          (module (import "env" "ten" (func $ten (param i32) \(results)))
            (func (export "pass") (param i32) \(results) (call $ten (i32.add (local.get 0) (i32.const 1)))))
          """))
    let pass = try instance.function(
      "pass", as: Int32.self,
      returning: (Int32, Int64, Float, Double, Int32, Int64, Float, Double, Int32, Int64).self)
    let got = try pass(6)
    #expect((got.0, got.1, got.2, got.3, got.4) == (7, 7 << 40, 1.5, 7.0 / 3, 8))
    #expect((got.5, got.6, got.7, got.8, got.9) == (-5, -2.25, .infinity, -7, .max))
  }
}
