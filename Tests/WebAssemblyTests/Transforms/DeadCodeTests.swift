import Testing
import WebAssembly

/// What dead code removal takes away, and what it must keep.
@Suite struct DeadCodeTests {
  private func remove(_ text: String) throws -> PrunedModule {
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    let pruned = try DeadCodeRemoval.remove(from: try ModuleValidator.validate(module))
    _ = try ModuleValidator.validate(try ModuleDecoder.decode(ModuleEncoder.encode(pruned.module)))
    return pruned
  }

  private func removed(_ text: String, _ expected: (inout RemovedItems) -> Void) throws {
    var items = RemovedItems()
    expected(&items)
    #expect(try remove(text).removed == items, "\(text)")
  }

  @Test func whatNothingUses() throws {
    try removed(
      """
      (module
        (type $used (func)) (type $unused (func (param f32)))
        (import "h" "f" (func $imported (type $unused))) (import "h" "g" (func $kept (type $used)))
        (memory $m 1) (memory $n 1) (table $t 1 funcref) (global $g i32 (i32.const 1)) (tag $e (type $unused))
        (func $dead (call $dead2) (drop (i32.load $m (i32.const 0)))) (func $dead2 (call $dead))
        (func (export "run") (call $kept) (drop (i32.load $n (i32.const 0)))) (data $passive "x")
        (elem $p func $dead))
      """
    ) {
      $0.types = 1
      $0.functions = 3
      $0.imports = 1
      $0.memories = 1
      $0.tables = 1
      $0.globals = 1
      $0.tags = 1
      $0.elementSegments = 1
      $0.dataSegments = 1
    }
  }

  @Test func nothingIsLeftOfAModuleWithoutEffects() throws {
    let pruned = try remove(
      """
      (module (memory 1) (table 1 funcref) (func $f (nop)) (elem (i32.const 0) func $f) (data (i32.const 0) "x")
        (data (i32.const 65536) ""))
      """)
    #expect(ModuleEncoder.encode(pruned.module).count == 8)
  }

  @Test(arguments: [
    // Into memories and tables of the host.
    "(module (import \"h\" \"m\" (memory 1)) (data (i32.const 0) \"x\"))",
    "(module (import \"h\" \"t\" (table 1 funcref)) (func $f) (elem (i32.const 0) func $f))",
    // Not certain to fit.
    "(module (memory 1) (data (i32.const 65536) \"x\"))",
    "(module (memory 0) (data (i32.const 1) \"\"))",
    "(module (import \"h\" \"at\" (global i32)) (memory 1) (data (global.get 0) \"x\"))",
    "(module (table 1 funcref) (elem (i32.const 2) func))",
    "(module (memory i64 1) (data (i64.const -1) \"x\"))",
    "(module (import \"h\" \"m\" (memory 1)) (data (i32.const 65537) \"\"))",
    // Of a memory or table that is used.
    "(module (memory (export \"m\") 1) (data (i32.const 0) \"x\"))",
    "(module (table (export \"t\") 1 funcref) (func $f) (elem (i32.const 0) func $f))",
    // Through a table.
    """
    (module (type $f (func)) (table 1 funcref) (func $called) (elem (i32.const 0) func $called)
      (func (export "run") (call_indirect (i32.const 0))))
    """,
    // Started.
    "(module (memory 1) (func $start (i32.store (i32.const 0) (i32.const 1))) (start $start))",
    // Caught only.
    """
    (module (import "h" "f" (func $f)) (tag $e)
      (func (export "run") (block $h (try_table (catch $e $h) (call $f)))))
    """,
    // Segments that code names.
    """
    (module (memory 1) (data $d "x") (func (export "run")
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)))
    """,
    "(module (func (export \"run\") (elem.drop $e)) (elem $e declare func))",
    // In initial values.
    "(module (func $f) (global $g (export \"g\") funcref (ref.func $f)))",
    "(module (global $a i32 (i32.const 1)) (global $b (export \"b\") i32 (global.get $a)))",
    "(module (func $f) (table (export \"t\") 1 (ref func) (ref.func $f)))",
    "(module (import \"h\" \"g\" (global $g funcref)) (table (export \"t\") 1 funcref (global.get $g)))",
    // A recursion group is alive as a whole.
    "(module (rec (type $a (func)) (type $b (struct))) (func (export \"f\") (type $a)))",
    "(module (type $s (sub (struct))) (type $t (sub $s (struct (field i32)))) (func (export \"f\") (param (ref $t))))",
    // Types in bodies.
    "(module (type $s (struct)) (func (export \"f\") (result structref) (ref.null $s)))",
    "(module (type $s (struct)) (func (export \"f\") (local (ref null $s))))",
    """
    (module (type $b (func (param i32) (result i32)))
      (func (export "f") (i32.const 1) (block (type $b) (drop) (i32.const 1)) (drop)))
    """,
  ])
  func whatIsKept(text: String) throws {
    try removed(text) { _ in }
  }

  @Test func referencesStayDeclared() throws {
    // What declared the function is gone with the segment.
    let pruned = try remove(
      """
      (module (func $f) (elem $declared declare func $f) (table $dead 1 funcref)
        (func (export "run") (result funcref) (ref.func $f)))
      """)
    #expect(pruned.removed.elementSegments == 1)
    #expect(pruned.module.elements.count == 1)
    #expect(pruned.module.elements[0].mode == .declarative)
  }

  @Test func namesAndHintsFollow() throws {
    let pruned = try remove(
      """
      (module
        (func $dead (param $x i32)) (memory $deadMemory 1) (memory $m 1) (global $deadGlobal i32 (i32.const 0))
        (global $g i32 (i32.const 0))
        (func $run (export "run") (param $p i32) (local $l i32)
          (block $b (@metadata.code.branch_hint "\\01") (br_if $b (local.get $p)))
          (drop (i32.load $m (global.get $g)))))
      """)
    let names = Names(pruned.module)
    #expect(names.name(of: .function, 0) == "run")
    #expect(names.name(of: .memory, 0) == "m")
    #expect(names.name(of: .global, 0) == "g")
    #expect(names.names(of: .local, in: 0).map(\.name) == ["p", "l"])
    #expect(names.names(of: .label, in: 0).map(\.name) == ["b"])
    #expect(names.count(of: .function) == 1)
    let hints = BranchHints(pruned.module)
    #expect(hints.functions.map(\.index) == [0])
    try hints.check(in: pruned.module)
  }
}
