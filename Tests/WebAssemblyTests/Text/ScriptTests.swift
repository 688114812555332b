import Testing
import WebAssembly

@Suite struct ScriptTests {
  private func commands(_ text: String) throws -> [ScriptCommand] { try Script.parse(Array(text.utf8)).commands }

  @Test func commandsKeepTheirLines() throws {
    let commands = try commands(
      """
      (module $M (func (export "f")))
      (register "m" $M)

      (assert_return (invoke $M "f"))
      (;
      ;) (module definition $D) (module instance $I $D)
      """)
    #expect(commands.map(\.line) == [1, 2, 4, 6, 6])
    guard case .module(let module) = commands[0].kind, case .register("m", "M") = commands[1].kind,
      case .assertReturn(.invoke(instance: "M", name: "f", _), let results) = commands[2].kind, results.isEmpty,
      case .definition(let definition) = commands[3].kind, case .instance("I", "D") = commands[4].kind
    else {
      Issue.record("\(commands)")
      return
    }
    #expect(module.name == "M")
    #expect(try module.module().exports.count == 1)
    #expect(definition.name == "D")
    #expect(try definition.module().customSections.count == 1)
  }

  @Test func valuesAndPatternsAreRead() throws {
    let commands = try commands(
      """
      (assert_return
        (invoke "f" (i32.const -1) (f32.const 0x1p0) (v128.const i16x8 1 2 3 4 5 6 7 -1) (ref.null func) (ref.extern 3)
          (ref.host 4))
        (i64.const 0xffffffffffffffff) (f32.const nan:canonical) (f64.const -inf) (ref.null) (ref.null any) (ref.func)
        (ref.extern 2) (ref.struct) (ref.i31) (v128.const f64x2 nan:arithmetic 1)
        (either (i32.const 1) (i32.const 2)))
      """)
    guard case .assertReturn(.invoke(nil, "f", let arguments), let results) = commands[0].kind else {
      Issue.record("\(commands)")
      return
    }
    #expect(
      arguments == [
        .i32(.max), .f32(0x3F80_0000), .v128(0x0004_0003_0002_0001, 0xFFFF_0007_0006_0005), .null(.function),
        .external(3), .host(4),
      ])
    #expect(
      results == [
        .i64(.max), .f32(.canonicalNaN), .f64(.bits((-Double.infinity).bitPattern)), .null(nil), .null(.any),
        .reference(.function), .external(2), .reference(.structure), .reference(.i31),
        .v128(laneWidth: 64, lanes: [.arithmeticNaN, .bits(1.0.bitPattern)]), .either([.i32(1), .i32(2)]),
      ])
  }

  @Test func patternsOfNaNsMatchAsTheSpecificationSays() {
    #expect(ScriptNumber.canonicalNaN.matches(0xFFC0_0000, width: 32))
    #expect(!ScriptNumber.canonicalNaN.matches(0x7FC0_0001, width: 32))
    #expect(ScriptNumber.arithmeticNaN.matches(0x7FC0_0001, width: 32))
    #expect(!ScriptNumber.arithmeticNaN.matches(0x7F80_0001, width: 32))
    #expect(ScriptNumber.arithmeticNaN.matches(0x7FF8_0000_0000_0001, width: 64))
    #expect(!ScriptNumber.canonicalNaN.matches(0x7FF0_0000_0000_0000, width: 64))
    #expect(!ScriptNumber.bits(0).matches(1 << 63, width: 64))
  }

  @Test func anErrorInAModuleIsAnErrorOfItsCommandOnly() throws {
    let commands = try commands(
      """
      (module
        (func (nonsense)))
      (assert_malformed (module quote "(func" " x)") "unknown operator")
      (assert_malformed (module binary "\\00asm") "unexpected end")
      (assert_invalid (module (func (result i32))) "type mismatch")
      """)
    #expect(commands.count == 4)
    guard case .module(let first) = commands[0].kind, case .assertMalformed(let second, let message) = commands[1].kind,
      case .assertMalformed(let third, _) = commands[2].kind, case .binary(let bytes) = third.form
    else {
      Issue.record("\(commands)")
      return
    }
    do {
      _ = try first.module()
      Issue.record("read")
    } catch { #expect((error as? TextError)?.line == 2) }
    #expect(message == "unknown operator")
    #expect(second.text == Array("(func x)".utf8))
    #expect(bytes == [0, 0x61, 0x73, 0x6D])
    #expect(throws: ModuleError.self) { try third.module() }
  }

  @Test func theFieldsOfAModuleAreAScript() throws {
    let commands = try commands(";; a module\n(func) (memory 0) (func (export \"f\"))")
    #expect(commands.count == 1)
    guard case .module(let module) = commands[0].kind else {
      Issue.record("\(commands)")
      return
    }
    #expect(try module.module().functions.count == 2)
  }

  @Test func threadsHaveCommandsOfTheirOwn() throws {
    let commands = try commands(
      """
      (thread $T (shared (module $M)) (register "m" $M) (assert_return (invoke "f")))
      (wait $T)
      """)
    guard case .thread("T", shared: ["M"], let inner) = commands[0].kind, case .wait("T") = commands[1].kind else {
      Issue.record("\(commands)")
      return
    }
    #expect(inner.count == 2)
  }

  @Test func threadsStandInThreads() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "(thread $T ", count: depth) + String(repeating: "(wait $T))", count: depth)
    }
    var commands = try commands(nested(100))
    for _ in 0..<100 {
      guard case .thread("T", shared: [], let inner) = commands[0].kind else {
        Issue.record("\(commands)")
        return
      }
      commands = inner
    }
    guard case .wait("T") = commands[0].kind else {
      Issue.record("\(commands)")
      return
    }
    let error = #expect(throws: TextError.self) { try Script.parse(Array(nested(1000).utf8)) }
    #expect(error?.message == "nesting is too deep")
  }

  @Test func otherCommandsAreRefused() {
    #expect(throws: TextError.self) { try Script.parse(Array("(nop)".utf8)) }
    #expect(throws: TextError.self) { try Script.parse(Array("(module".utf8)) }
    #expect(throws: TextError.self) { try Script.parse(Array("(assert_return (invoke))".utf8)) }
    #expect(throws: TextError.self) { try Script.parse(Array("(register)".utf8)) }
    #expect(throws: TextError.self) { try Script.parse(Array(")".utf8)) }
    #expect(throws: TextError.self) { try Script.parse(Array("(assert_trap".utf8)) }
  }
}
