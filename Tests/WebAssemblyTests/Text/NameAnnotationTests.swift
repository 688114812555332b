import Testing

@testable import WebAssembly

/// `@name` annotations where identifiers stand, with an identifier before or none.
@Suite struct NameAnnotationTests {
  @Test func parametersLocalsAndFieldsTakeThem() throws {
    let text = """
      (module
        (type $s (struct (field (@name "f 0") i32) (field $f (@name "f 1") (mut i64)) (field i8)))
        (import "m" "i" (func (param (@name "p") i32) (param $q (@name "p") i32)))
        (func (param (@name "a b") i32) (param i64) (param $x (@name "y") f32)
          (local (@name "l") i32) (local $k (@name "\\1b") i32) (local i32 i32) (local $z i64)
          (local.set $z (i64.const 1)) (local.set $k (local.get 0)) (drop (local.get $x))))
      """
    let module = try ModuleParser.parse(Array(text.utf8)).module
    _ = try ModuleValidator.validate(module)
    func names(_ module: Module) -> [[UInt32: String]] {
      let names = Names(module)
      func map(_ space: NameSpace, _ outer: UInt32) -> [UInt32: String] {
        Dictionary(uniqueKeysWithValues: names.names(of: space, in: outer).map { ($0.index, $0.name) })
      }
      return [map(.local, 1), map(.local, 0), map(.field, 0)]
    }
    let expected: [[UInt32: String]] = [
      [0: "a b", 2: "y", 3: "l", 4: "\u{1b}", 7: "z"], [0: "p", 1: "p"], [0: "f 0", 1: "f 1"],
    ]
    #expect(names(module) == expected)
    let printed = try ModulePrinter.text(module)
    let again = try ModuleParser.parse(Array(printed.utf8)).module
    #expect(names(again) == expected, "\(printed)")
    #expect(again.bytes == module.bytes)
  }

  @Test(arguments: [
    #"(func (param (@name "x") i32 i32))"#, #"(func (local (@name "x") i32 i32))"#, #"(func (param (@name "x")))"#,
    #"(type (struct (field (@name "x") i32 i32)))"#, #"(func (param (@name "x") (@name "y") i32))"#,
    #"(func (block (param (@name "x") i32)))"#, #"(func (param (@name x) i32))"#,
  ])
  func thereIsOneNameForOneThing(text: String) {
    #expect(throws: TextError.self) { try ModuleParser.parse(Array(text.utf8)) }
  }
}
