import Testing
import WebAssembly

/// Names, branch hints, custom sections, exports and failures of linked modules.
@Suite struct LinkedSectionsTests {
  private func link(
    _ modules: KeyValuePairs<String, String>, _ options: LinkOptions = LinkOptions()
  ) throws -> LinkedModule {
    var inputs: [LinkInput] = []
    for (name, text) in modules {
      let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
      let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(module))
      inputs.append(LinkInput(name: name, module: try ModuleValidator.validate(decoded)))
    }
    let linked = try ModuleLinker.link(inputs, options: options)
    let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(linked.module))
    _ = try ModuleValidator.validate(decoded)
    try decoded.checkCustomSections()
    return linked
  }

  private let keepAll: LinkOptions = {
    var options = LinkOptions()
    options.removesDeadCode = false
    return options
  }()

  @Test func namesThatCollideGetTheirModulesName() throws {
    let one = """
      (module (type $t (func (param $x i32))) (memory $m 1) (table $table 1 funcref) (global $only i32 (i32.const 0))
        (func $draw (export "draw") (param $p i32) (local $l i32) (block $b (nop))) (elem $e func) (data $d "1")
        (tag $tag))
      """
    let two = """
      (module (import "one" "draw" (func $theirDraw (param i32))) (memory $m 1) (table $table 1 funcref)
        (func $draw (param $q i64) (loop $c (nop))) (func $helper) (elem $e func) (data $d "2") (tag $tag)
        (type $s (struct (field $f i32))))
      """
    let linked = try link(["one": one, "two": two], keepAll)
    let names = Names(linked.module)
    #expect(names.names(of: .function).map(\.name) == ["one.draw", "two.draw", "helper"])
    #expect(names.names(of: .memory).map(\.name) == ["one.m", "two.m"])
    #expect(names.names(of: .table).map(\.name) == ["one.table", "two.table"])
    #expect(names.names(of: .global).map(\.name) == ["only"])
    #expect(names.names(of: .element).map(\.name) == ["one.e", "two.e"])
    #expect(names.names(of: .data).map(\.name) == ["one.d", "two.d"])
    #expect(names.names(of: .tag).map(\.name) == ["one.tag", "two.tag"])
    #expect(names.names(of: .type).map(\.name) == ["t", "s"])
    #expect(names.names(of: .local, in: 0).map(\.name) == ["p", "l"])
    #expect(names.names(of: .local, in: 1).map(\.name) == ["q"])
    #expect(names.names(of: .label, in: 1).map(\.name) == ["c"])
    #expect(names.names(of: .field).map(\.name) == ["f"])
  }

  @Test func anImportIsNamedByItsOwner() throws {
    let named = "(module (func $their (export \"f\")) (memory (export \"m\") 1))"
    let user = """
      (module (import "one" "f" (func $mine)) (import "one" "m" (memory $theirs 1)) (export "f" (func $mine))
        (export "m" (memory 0)))
      """
    let names = Names(try link(["one": named, "two": user]).module)
    #expect(names.names(of: .function).map(\.name) == ["their"])
    // Where the owner has no name for it, the importer's counts.
    #expect(names.names(of: .memory).map(\.name) == ["theirs"])
  }

  @Test func branchHintsAreKept() throws {
    func module(_ likely: Int) -> String {
      """
      (module (func $first) (func (export "f\(likely)") (param i32)
        (block $b (@metadata.code.branch_hint "\\0\(likely)") (br_if $b (local.get 0)) (call $first))))
      """
    }
    var options = LinkOptions()
    options.defaultExports = .all
    let linked = try link(["a": module(0), "b": module(1)], options)
    let hints = BranchHints(linked.module)
    #expect(hints.functions.map(\.index) == [1, 3])
    #expect(hints.functions.flatMap(\.hints).map(\.isLikely) == [false, true])
    try hints.check(in: linked.module)
  }

  @Test func otherSectionsAreKeptOnce() throws {
    let one = """
      (module (@custom "license" "same") (@custom "notes" "one") (@custom ".debug_info" "x") (@custom "mine" "1")
        (@custom "target_features" "\\02+\\04simd+\\0amultivalue"))
      """
    let two = """
      (module (@custom "license" "same") (@custom "notes" "two") (@custom "sourceMappingURL" "x")
        (@custom "target_features" "\\02+\\04simd+\\07atomics"))
      """
    let linked = try link(["one": one, "two": two])
    let sections = linked.module.customSections.map { section in
      (section.name, String(decoding: linked.module.bytes[section.range], as: UTF8.self))
    }
    #expect(sections.map(\.0) == ["mine", "license", "notes", "target_features"])
    #expect(sections.map(\.1).prefix(3) == ["1", "same", "two"])
    #expect(sections.last?.1 == "\u{3}+\u{4}simd+\u{A}multivalue+\u{7}atomics")
    #expect(Set(linked.droppedSections.map(\.name)) == ["notes", ".debug_info", "sourceMappingURL"])
  }

  @Test func whichExportsThereAre() throws {
    let one = "(module (func (export \"f\")) (func (export \"g\")) (memory (export \"memory\") 1))"
    let two = "(module (func (export \"g\")) (func (export \"run\")) (memory (export \"memory\") 1))"
    #expect(try link(["one": one, "two": two]).module.exports.map(\.name) == ["g", "run", "memory"])
    var options = LinkOptions()
    options.defaultExports = .all
    #expect(
      try link(["one": one, "two": two], options).module.exports.map(\.name)
        == ["f", "one.g", "one.memory", "g", "run", "memory"])
    options.defaultExports = .none
    options.exports = [.init(module: "one", name: "g", as: "other"), .init(module: "two", name: "run")]
    #expect(try link(["one": one, "two": two], options).module.exports.map(\.name) == ["other", "run"])
    options.exports.append(.init(module: "one", name: "f", as: "run"))
    #expect(failure { try link(["one": one, "two": two], options) }?.kind == .duplicateExport)
    options.exports = [.init(module: "one", name: "h")]
    #expect(failure { try link(["one": one, "two": two], options) }?.kind == .unknownExport)
    options.exports = [.init(module: "three", name: "h")]
    #expect(failure { try link(["one": one, "two": two], options) }?.kind == .unknownExport)
  }

  @Test func failuresNameModuleAndItem() throws {
    let owner = "(module (memory (export \"memory\") 1 4))"
    let user = "(module (import \"owner\" \"memory\" (memory 2 4)))"
    let error = try #require(failure { try link(["owner": owner, "user": user]) })
    #expect(error.kind == .incompatibleImportType)
    #expect(error.module == "user")
    #expect(error.item == "\"owner\" \"memory\"")
    #expect(
      error.message
        == "incompatible import type: \"owner\" \"memory\" must be a memory 2 4, but a memory 1 4 was given")
    let itself = try #require(failure { try link(["user": "(module (import \"user\" \"f\" (func)))"]) })
    #expect(
      itself.message == "unknown import: \"user\" \"f\", a function [] -> []: a module cannot import from itself")
    let later = try #require(failure { try link(["user": user, "owner": owner]) })
    #expect(later.kind == .unknownImport)
    #expect(failure { try link(["same": owner, "same": owner]) }?.kind == .duplicateModule)
  }

  private func failure(_ body: () throws -> LinkedModule) -> LinkFailure? {
    do { _ = try body() } catch { return error as? LinkFailure }
    return nil
  }

  @Test func oneModuleStaysAsItIs() throws {
    let text = """
      (module $m (type $f (func (param i32))) (import "h" "f" (func $f (type $f))) (memory $a 1) (memory $b i64 1 2)
        (data (memory $b) (i64.const 4) "xyz") (global $g (mut i32) (i32.const 3)) (table $t 2 funcref)
        (elem (table $t) (i32.const 0) func $f $run) (start $start)
        (func $start (call $f (global.get $g))) (func $run (export "run") (param i32) (call $f (local.get 0))))
      """
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    #expect(ModuleEncoder.encode(try link(["m": text], keepAll).module) == ModuleEncoder.encode(module))
  }

  @Test func aTableIsFilledWhereItsInitialValueIsAnothersObject() throws {
    let owner = "(module (type $s (struct)) (global (export \"g\") (ref $s) (struct.new $s)))"
    func user(_ element: String) -> String {
      """
      (module (type $s (struct)) (import "owner" "g" (global $g (ref $s)))
        (table (export "t") 2 \(element) (global.get $g)))
      """
    }
    let linked = try link(["owner": owner, "user": user("(ref null $s)")])
    #expect(linked.startStepCount == 1)
    #expect(linked.module.tables[0].initializer == nil)
    let error = try #require(failure { try link(["owner": owner, "user": user("(ref $s)")]) })
    #expect(error.kind == .unsupported)
    #expect(error.module == "user")
  }

  @Test func anImportThatIsPassedOnAsAnotherTypeIsImportedTwice() throws {
    let types = "(type $super (sub (func))) (type $sub (sub $super (func)))"
    let one = "(module \(types) (import \"env\" \"f\" (func $f (type $super))) (export \"f\" (func $f)))"
    let two = """
      (module \(types) (import "one" "f" (func $f (type $sub))) (export "f" (func $f)))
      """
    let linked = try link(["one": one, "two": two], keepAll)
    #expect(linked.module.imports.map(\.name) == ["f", "f"])
    #expect(linked.module.imports.map(\.type) == [.function(0), .function(1)])
    // Where it cannot be of both types, it is refused.
    let three = "(module (import \"one\" \"f\" (func $f (param i32))))"
    #expect(failure { try link(["one": one, "three": three]) }?.kind == .incompatibleImportType)
  }

  @Test func importsOfOneNameThatDifferStay() throws {
    let one = "(module (import \"env\" \"m\" (memory 1)) (import \"env\" \"f\" (func)) (data (i32.const 0) \"x\"))"
    let two = """
      (module (import "env" "m" (memory i64 1)) (import "env" "f" (func (param i32))) (data (i64.const 0) "x"))
      """
    let linked = try link(["one": one, "two": two], keepAll)
    #expect(linked.module.imports.count == 4)
    #expect(linked.mergedImports == 0)
  }
}
