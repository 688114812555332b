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
      #expect(error.message == "unknown operator x, expected an integer of 32 bits")
      #expect(error.line == 2)
      #expect(error.column == 39)
      #expect(
        error.description == """
          2:39: error: unknown operator x, expected an integer of 32 bits
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
    // A trap on the way in is the function's.
    #expect(result.positions.position(ofOffset: start).map { [$0.line, $0.column] } == [2, 2])
    #expect(result.positions.position(ofOffset: start - 1) == nil)
  }

  @Test func featuresCanBeSwitchedOff() {
    var features = FeatureSet.all
    features.remove(.simd)
    #expect(
      textError("(func (drop (v128.const i32x4 0 0 0 0)))", features: features)?.hasPrefix(
        "unknown operator v128.const") == true)
    features.remove(.memory64)
    #expect(textError("(memory i64 1)", features: features)?.hasPrefix("unexpected token i64") == true)
    #expect(textError("(memory 0x1_0000_0000)", features: features) == "i32 constant out of range")
    #expect(textError("(memory 0x1_0000_0000)") == nil)
    features.remove(.customAnnotations)
    #expect(textError("(@x) (func)", features: features)?.hasPrefix("unknown operator @x") == true)
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

  @Test func annotationsNameWhatTheyFollow() throws {
    let module = try parsed(
      """
      (module $m (@name "The module")
        (import "a" "b" (func $i (param $x (@name "an x") i32) (param i32) (param $y i64)))
        (memory $memory (@name "a memory") 1)
        (type $t (@name "a type") (struct (field $f i32))))
      """, emitNames: true)
    let names = Names(module)
    #expect(names.module == "The module")
    #expect(names.name(of: .function, 0) == "i")
    #expect(names.names(of: .local, in: 0).map(\.name) == ["an x", "y"])
    #expect(names.names(of: .local, in: 0).map(\.index) == [0, 2])
    #expect(names.name(of: .memory, 0) == "a memory")
    #expect(names.name(of: .type, 0) == "a type")
    #expect(names.name(of: .field, 0, in: 0) == "f")
    #expect(textError("(func (@name \"a\") (@name \"b\"))") == "@name annotation: multiple names")
    #expect(textError("(func (@name 1))") == "@name annotation: unexpected token")
    #expect(textError("(func (@name \"\\ff\"))") == "@name annotation: malformed UTF-8 encoding")
    #expect(textError("(func nop (@name \"x\"))") == "misplaced @name annotation")
  }

  @Test func aNameSectionInTheTextIsTheOnlyOne() throws {
    let module = try parsed(#"(module $m (@custom "name" (after last) "\00\02\01n"))"#, emitNames: true)
    #expect(module.customSections.count == 1)
    #expect(Names(module).module == "n")
  }

  @Test func branchHintsAreKeptByOffset() throws {
    let hint = #"(@metadata.code.branch_hint "\01")"#
    let module = try parsed(
      """
      (func) (func (local i32) (block \(hint) (br_if 0 (i32.const 1)) i32.const 0 \(hint) if end
        \(hint) (if (i32.const 0) (then))))
      """)
    let hints = BranchHints(module)
    #expect(
      hints.functions == [
        BranchHints.Function(index: 1, hints: [7, 11, 16].map { BranchHints.Hint(offset: $0, isLikely: true) })
      ])
    try module.checkCustomSections()
    #expect(textError("(func \(hint))") == "@metadata.code.branch_hint annotation: invalid target")
    #expect(
      textError("(func (if (i32.const 0) \(hint) (then)))") == "@metadata.code.branch_hint annotation: invalid target")
    #expect(textError("\(hint) (func)") == "@metadata.code.branch_hint annotation: not in a function")
    #expect(throws: ModuleError.self) { try parsed("(func \(hint) nop)").checkCustomSections() }
  }

  @Test func elementSegmentsHaveManyForms() throws {
    let module = try parsed(
      """
      (table $t 10 funcref) (table $u (ref null $f) (elem $g)) (type $f (func)) (func $g)
      (table $v i64 funcref (elem $g $g)) (table $w funcref (elem (ref.func $g) (item ref.null func)))
      (elem $a funcref (item ref.func 0)) (elem declare func $g) (elem (i32.const 0) $g) (elem (offset i32.const 1))
      (elem (table $u) (i32.const 0) (ref null $f) (ref.func $g)) (elem (ref func) (ref.func 0)) (elem func 0 0)
      (func (table.init $u $a (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $a))
      """)
    #expect(module.elements.count == 10)
    #expect(module.elements.map(\.items.count) == [1, 2, 2, 1, 1, 1, 0, 1, 1, 2])
    #expect(module.tables.map(\.type.limits.minimum) == [10, 1, 2, 2])
    #expect(body(module, 1) == [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 12, 3, 1, 0xFC, 13, 3, 0x0B])
    guard case .active(1, _) = module.elements[0].mode, case .expressions = module.elements[0].items,
      case .active(2, let offset) = module.elements[1].mode, case .functions([0, 0]) = module.elements[1].items,
      case .declarative = module.elements[4].mode, case .active(1, _) = module.elements[7].mode
    else {
      Issue.record("\(module.elements)")
      return
    }
    #expect(Array(module.bytes[offset.range]) == [0x42, 0, 0x0B])
    #expect(textError("(elem)") == "unexpected token ), expected a reference type")
    #expect(
      textError("(table 1 funcref) (elem 0 (i32.const 0))") == "unexpected token 0, expected a reference type")
  }
}
