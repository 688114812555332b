import Testing

@testable import WebAssembly

@Suite struct ModuleParserTests {
  @Test func foldedAndFlatInstructionsAreTheSame() throws {
    let folded = try instructions(
      """
      (param i32) (result i32)
      (block $out (result i32)
        (if (result i32) (i32.eqz (local.get 0))
          (then (br $out (i32.const 1)))
          (else (loop $in (result i32) (br_if $in (local.get 0)) (i32.const 2)))))
      """)
    let flat = try instructions(
      """
      (param i32) (result i32)
      block $out (result i32)
        local.get 0 i32.eqz
        if (result i32) i32.const 1 br $out
        else loop $in (result i32) local.get 0 br_if $in i32.const 2 end $in
        end
      end $out
      """)
    #expect(folded == flat)
    #expect(
      folded == [
        0x02, 0x7F, 0x20, 0, 0x45, 0x04, 0x7F, 0x41, 1, 0x0C, 1, 0x05, 0x03, 0x7F, 0x20, 0, 0x0D, 0, 0x41, 2, 0x0B,
        0x0B, 0x0B, 0x0B,
      ])
  }

  @Test func implicitTypesFollowAllExplicitOnes() throws {
    let module = try parsed(
      """
      (func $f (result f64) (f64.const 0))
      (func $g (param i32))
      (func (block (param) (result i32 i32) (unreachable)) (drop) (drop))
      (type $t (func (param i32)))
      (rec (type (func (result i64))) (type (func)))
      (func (result i64) (i64.const 0))
      """)
    #expect(module.functions == [3, 0, 4, 6])
    #expect(module.types.count == 7)
    #expect(module.recursionGroups.map(\.range) == [0..<1, 1..<3, 3..<4, 4..<5, 5..<6, 6..<7])
  }

  @Test func deepNestingCostsNoRecursion() throws {
    let depth = 49_000
    let folded = String(repeating: "(i32.eqz ", count: depth) + "(i32.const 0)" + String(repeating: ")", count: depth)
    #expect(try instructions("(drop \(folded))").count == depth + 4)
    let blocks = String(repeating: "block ", count: depth) + String(repeating: "end ", count: depth)
    #expect(try instructions(blocks).count == 3 * depth + 1)
    let deeper = String(repeating: "(block ", count: 60_000) + String(repeating: ")", count: 60_000)
    #expect(textError("(func \(deeper))") == "nesting is too deep")
    #expect(textError(String(repeating: "(;", count: 200_000)) == "unclosed comment")
    #expect(textError("(@x" + String(repeating: "(", count: 200_000)) == "unclosed annotation")
  }

  @Test func errorsSayWhere() throws {
    do {
      _ = try parsed("(module\n  (func (export \"ö\") (drop (i32.const x)))\r\n)")
      Issue.record("parsed")
    } catch {
      #expect(error.message == "unknown operator x")
      #expect(error.line == 2)
      #expect(error.column == 39)
      #expect(
        error.description == """
          2:39: error: unknown operator x
              (func (export "ö") (drop (i32.const x)))
                                                  ^
          """)
    }
  }

  @Test func positionsOfInstructionsAreKept() throws {
    let text = "(module\n (func\n  (drop\n   (i32.const 7))\n  nop))"
    let result = try ModuleParser.parse(Array(text.utf8))
    let start = result.module.bodies[0].range.lowerBound
    let places = [1, 2, 3, 4].map { result.positions.position(ofOffset: start + $0) }
    #expect(places.map { $0?.line } == [4, 4, 3, 5])
    #expect(places.map { $0?.column } == [4, 4, 3, 3])
    #expect(result.positions.position(ofOffset: start) == nil)
  }

  @Test func featuresCanBeSwitchedOff() {
    var features = FeatureSet.all
    features.remove(.simd)
    #expect(
      textError("(func (drop (v128.const i32x4 0 0 0 0)))", features: features)?.hasPrefix(
        "unknown operator v128.const") == true)
    features.remove(.memory64)
    #expect(textError("(memory i64 1)", features: features) == "unexpected token i64")
    #expect(textError("(memory 0x1_0000_0000)", features: features) == "i32 constant out of range")
    #expect(textError("(memory 0x1_0000_0000)") == nil)
    features.remove(.customAnnotations)
    #expect(textError("(@x) (func)", features: features) == "unknown operator @x")
  }

  @Test func identifiersBecomeNames() throws {
    let module = try parsed(
      """
      (module $m
        (func $f (param $p i32) (local $l i32) (block $b))
        (func $g (@name "λ")))
      """, emitNames: true)
    #expect(module.customSections.count == 1)
    #expect(module.customSections[0].name == "name")
    #expect(module.customSections[0].after == .code)
    #expect(
      Array(module.bytes[module.customSections[0].range]) == [
        0, 2, 1, 0x6D, 1, 8, 2, 0, 1, 0x66, 1, 2, 0xCE, 0xBB, 2, 9, 1, 0, 2, 0, 1, 0x70, 1, 1, 0x6C, 3, 6, 1, 0, 1,
        0, 1, 0x62,
      ])
  }

  @Test func customSectionsGoWhereTheyAreSent() throws {
    let module = try parsed(
      """
      (module (@custom "z") (@custom "a" (before global) "1" "2") (func) (@custom "b" (after func))
        (@custom "c" (before first)) (global i32 (i32.const 0)))
      """)
    #expect(module.customSections.map(\.name) == ["c", "b", "a", "z"])
    #expect(module.customSections.map(\.after) == [nil, .function, .function, .code])
    #expect(Array(module.bytes[module.customSections[2].range]) == Array("12".utf8))
  }
}
