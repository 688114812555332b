import Testing
import WasmEngine
import WebAssembly

/// Functions, tables, globals and tags across linked modules.
@Suite struct LinkedBindingTests {
  @Test func callsThroughATableOfAnother() throws {
    let owner = """
      (module
        (type $op (func (param i32) (result i32)))
        (table $t (export "table") 4 8 funcref)
        (func $double (type $op) (i32.mul (local.get 0) (i32.const 2)))
        (elem (table $t) (i32.const 0) func $double)
        (func (export "apply") (param i32 i32) (result i32) (call_indirect $t (type $op) (local.get 1) (local.get 0))))
      """
    let user = """
      (module
        (type $unused (func (param f64)))
        (type $op (func (param i32) (result i32)))
        (import "owner" "table" (table $t 4 funcref))
        (import "owner" "apply" (func $apply (param i32 i32) (result i32)))
        (table $own (export "own") 2 funcref)
        (func $square (type $op) (i32.mul (local.get 0) (local.get 0)))
        (func $wrong (param f64))
        (elem (table $t) (i32.const 1) func $square $wrong)
        (elem (table $own) (i32.const 0) func $square)
        (func (export "both") (param i32) (result i32)
          (i32.add (call $apply (i32.const 0) (local.get 0)) (call $apply (i32.const 1) (local.get 0))))
        (func (export "wrong") (result i32) (call $apply (i32.const 2) (i32.const 1)))
        (func (export "empty") (result i32) (call $apply (i32.const 3) (i32.const 1)))
        (func (export "copy") (result i32)
          (table.copy $own $t (i32.const 1) (i32.const 0) (i32.const 1))
          (call_indirect $own (type $op) (i32.const 21) (i32.const 1)))
        (func (export "grow") (result i32)
          (drop (table.grow $t (ref.func $square) (i32.const 2))) (table.size $t)))
      """
    try LinkScenario(
      "tables", ["owner": owner, "user": user],
      calls: [
        ("user/both", [.i32(5)]), ("user/wrong", []), ("user/empty", []), ("user/copy", []), ("user/grow", []),
        ("owner/apply", [.i32(5), .i32(6)]), ("owner/apply", [.i32(9), .i32(6)]),
      ]
    ).check(
      calls: [
        "i32:35", "trap: indirect call type mismatch", "trap: uninitialized element", "i32:42", "i32:6", "i32:36",
        "trap: undefined element",
      ])
  }

  @Test func aTableThatAStartFunctionHasGrown() throws {
    let owner = """
      (module (table $t (export "table") 2 10 funcref)
        (func $start (drop (table.grow $t (ref.null func) (i32.const 3)))) (start $start))
      """
    func user(_ minimum: Int) -> String {
      """
      (module (import "owner" "table" (table $t \(minimum) funcref)) (func $f (result i32) (i32.const 4))
        (elem (table $t) (i32.const 4) func $f))
      """
    }
    try LinkScenario("grown table", ["owner": owner, "user": user(5)]).check()
    try LinkScenario("table, not grown enough", ["owner": owner, "user": user(6)]).checkMatchedAtRunTime(log: [])
  }

  @Test func tablesThatDoNotFit() throws {
    let owner = """
      (module (table (export "t") 2 4 funcref) (table (export "e") 2 4 externref) (table (export "w") i64 2 4 funcref))
      """
    for (name, type) in [
      ("t", "3 funcref"), ("t", "2 3 funcref"), ("t", "2 externref"), ("e", "2 funcref"), ("w", "2 funcref"),
      ("t", "i64 2 funcref"), ("t", "2 (ref null func) "), ("t", "2 (ref null nofunc)"),
    ] {
      let user = "(module (import \"owner\" \"\(name)\" (table \(type))))"
      try LinkScenario("\(name) as \(type)", ["owner": owner, "user": user])
        .check(instantiation: type.contains("ref null func") ? "done" : "incompatibleImportType")
    }
  }

  @Test func globals() throws {
    let owner = """
      (module
        (global $mutable (export "mutable") (mut i64) (i64.const 1))
        (global (export "constant") f32 (f32.const 2.5)) (global (export "vector") v128 (v128.const i32x4 1 2 3 4))
        (func (export "bump") (global.set $mutable (i64.add (global.get $mutable) (i64.const 1)))))
      """
    let user = """
      (module
        (import "owner" "constant" (global $constant f32)) (import "owner" "mutable" (global $mutable (mut i64)))
        (import "owner" "bump" (func $bump)) (import "owner" "vector" (global $vector v128))
        (global $copy (export "copy") f32 (global.get $constant))
        (global $vectors v128 (global.get $vector))
        (func (export "run") (result i64)
          (call $bump) (global.set $mutable (i64.mul (global.get $mutable) (i64.const 10))) (call $bump)
          (i64.add (global.get $mutable) (i64.trunc_f32_s (global.get $copy))))
        (func (export "lane") (result i32) (i32x4.extract_lane 2 (global.get $vectors))))
      """
    try LinkScenario(
      "globals", ["owner": owner, "user": user], calls: [("user/run", []), ("user/run", []), ("user/lane", [])]
    ).check(calls: ["i64:23", "i64:223", "i32:3"])
  }

  @Test func globalsThatDoNotFit() throws {
    let owner = """
      (module (global (export "c") i32 (i32.const 1)) (global (export "m") (mut i32) (i32.const 1))
        (global (export "f") funcref (ref.null func)))
      """
    for (name, type) in [("c", "i64"), ("c", "(mut i32)"), ("m", "i32"), ("f", "externref"), ("f", "(ref func)")] {
      let user = "(module (import \"owner\" \"\(name)\" (global \(type))))"
      try LinkScenario("\(name) as \(type)", ["owner": owner, "user": user])
        .check(instantiation: "incompatibleImportType")
    }
  }

  @Test func referencesInGlobals() throws {
    let owner = """
      (module
        (func $f (export "f") (result i32) (i32.const 7))
        (global (export "ref") (ref func) (ref.func $f)) (global (export "null") externref (ref.null extern)))
      """
    let user = """
      (module
        (type $number (func (result i32)))
        (import "owner" "ref" (global $ref funcref)) (import "owner" "null" (global $null externref))
        (import "owner" "f" (func $f (result i32)))
        (global $mine (ref func) (ref.func $f))
        (table $t (export "table") 3 funcref (global.get $ref))
        (elem (table $t) (i32.const 1) funcref (item (global.get $ref)) (item (ref.func $f)))
        (func (export "call") (param i32) (result i32) (call_indirect $t (type $number) (local.get 0)))
        (func (export "null") (result i32) (ref.is_null (global.get $null))))
      """
    try LinkScenario(
      "references", ["owner": owner, "user": user],
      calls: [("user/call", [.i32(0)]), ("user/call", [.i32(1)]), ("user/call", [.i32(2)]), ("user/null", [])]
    ).check(calls: ["i32:7", "i32:7", "i32:7", "i32:1"])
  }

  @Test func exceptionsAcross() throws {
    let owner = """
      (module
        (tag $t (export "tag") (param i32)) (tag $other (param i32))
        (func (export "throw") (param i32) (throw $t (local.get 0)))
        (func (export "private") (param i32) (throw $other (local.get 0))))
      """
    let user = """
      (module
        (import "owner" "tag" (tag $theirs (param i32))) (import "owner" "throw" (func $throw (param i32)))
        (import "owner" "private" (func $private (param i32)))
        (tag $own (param i32))
        (func (export "catch") (result i32)
          (block $h (result i32)
            (try_table (result i32) (catch $own $h) (catch $theirs $h) (call $throw (i32.const 5)) (i32.const 0))))
        (func (export "pass") (result i32)
          (block $h (result i32)
            (try_table (result i32) (catch $own $h) (catch $theirs $h) (call $private (i32.const 6)) (i32.const 0))))
        (func (export "all") (result i32)
          (block $h (try_table (catch_all $h) (call $private (i32.const 6))) (return (i32.const 0)))
          (i32.const 1)))
      """
    try LinkScenario(
      "tags", ["owner": owner, "user": user], calls: [("user/catch", []), ("user/pass", []), ("user/all", [])]
    ).check(calls: ["i32:5", "exception: [i32:6]", "i32:1"])
    try LinkScenario(
      "tag of another type", ["owner": owner, "user": "(module (import \"owner\" \"tag\" (tag (param i64))))"]
    ).check(instantiation: "incompatibleImportType")
  }

  @Test func theHostsTagInBoth() throws {
    let one = """
      (module (import "env" "tag" (tag $t (param i32)))
        (func (export "throw") (throw $t (i32.const 8))))
      """
    let two = """
      (module (import "env" "tag" (tag $t (param i32))) (import "one" "throw" (func $throw))
        (func (export "catch") (result i32)
          (block $h (result i32) (try_table (result i32) (catch $t $h) (call $throw) (i32.const 0)))))
      """
    try LinkScenario("host's tag", ["one": one, "two": two], calls: [("two/catch", [])]).check(calls: ["i32:8"])
  }

  @Test func itemsThatArePassedOn() throws {
    let one = """
      (module (memory (export "m") 1) (func (export "f") (result i32) (i32.load (i32.const 0)))
        (global (export "g") (mut i32) (i32.const 3)) (table (export "t") 1 funcref))
      """
    let two = """
      (module
        (import "one" "m" (memory 1)) (import "one" "f" (func $f (result i32))) (import "one" "g" (global $g (mut i32)))
        (import "one" "t" (table $t 1 funcref)) (import "env" "log" (func $log (param i32)))
        (import "env" "memory" (memory $host 1))
        (export "memory" (memory 0)) (export "function" (func $f)) (export "global" (global $g))
        (export "table" (table $t)) (export "log" (func $log)) (export "host" (memory $host)))
      """
    let three = """
      (module
        (import "two" "memory" (memory $m 1)) (import "two" "function" (func $f (result i32)))
        (import "two" "global" (global $g (mut i32))) (import "two" "table" (table $t 1 funcref))
        (import "two" "log" (func $log (param i32))) (import "two" "host" (memory $host 1))
        (elem (table $t) (i32.const 0) func $f)
        (data (memory $m) (i32.const 0) "\\11")
        (data (memory $host) (i32.const 9) "host")
        (func (export "run") (result i32)
          (global.set $g (i32.add (global.get $g) (call_indirect $t (result i32) (i32.const 0))))
          (call $log (global.get $g)) (global.get $g)))
      """
    let scenario = LinkScenario(
      "passed on", ["one": one, "two": two, "three": three], calls: [("three/run", []), ("three/run", [])])
    try scenario.check(log: ["20", "37"], calls: ["i32:20", "i32:37"])
    #expect(try scenario.link(makeEngine()).module.imports.count == 2)
  }

  @Test func theSameImportsOfTheHostAreOne() throws {
    let module = """
      (module (import "env" "log" (func $log (param i32))) (import "env" "counter" (global $c (mut i32)))
        (import "env" "table" (table $t 2 funcref)) (func $own (result i32) (global.get $c))
        (elem (table $t) (i32.const 0) func $own)
        (func (export "run") (global.set $c (i32.add (global.get $c) (i32.const 1))) (call $log (global.get $c))))
      """
    let scenario = LinkScenario(
      "same imports", ["a": module, "b": module], calls: [("a/run", []), ("b/run", []), ("a/run", [])])
    try scenario.check(log: ["1", "2", "3"])
    let linked = try scenario.link(makeEngine())
    #expect(linked.module.imports.count == 3)
    #expect(linked.mergedImports == 3)
    #expect(linked.mergedTypes == 3)
  }

  @Test func functionsThatDoNotFit() throws {
    let owner = "(module (func (export \"f\") (param i32) (result i64) (i64.const 0)) (memory (export \"m\") 1))"
    for (name, type) in [
      ("f", "(func (param i32))"), ("f", "(func (param i64) (result i64))"), ("f", "(memory 1)"), ("m", "(func)"),
      ("g", "(func)"),
    ] {
      let user = "(module (import \"owner\" \"\(name)\" \(type)))"
      try LinkScenario("\(name) as \(type)", ["owner": owner, "user": user])
        .check(instantiation: name == "g" ? "unknownImport" : "incompatibleImportType")
    }
  }

  @Test func recursiveTypesAcross() throws {
    let owner = """
      (module
        (rec (type $f (func (param (ref null $g)) (result i32))) (type $g (func (param (ref null $f)))))
        (func $own (export "own") (type $f) (i32.const 3))
        (table $t (export "table") 1 (ref null $f))
        (elem (table $t) (i32.const 0) (ref null $f) (item (ref.func $own))))
      """
    let user = """
      (module
        (type $first (func))
        (rec (type $a (func (param (ref null $b)) (result i32))) (type $b (func (param (ref null $a)))))
        (rec (type $c (func (param (ref null $d)) (result i32))) (type $d (func (param (ref null $c)) (result i32))))
        (import "owner" "own" (func $own (type $a))) (import "owner" "table" (table $t 1 (ref null $a)))
        (func (export "run") (result i32) (call_ref $a (ref.null $b) (table.get $t (i32.const 0))))
        (func (export "indirect") (result i32) (call_indirect $t (type $c) (ref.null $d) (i32.const 0)))
        (func (export "direct") (result i32) (call $own (ref.null $b))))
      """
    try LinkScenario(
      "recursive types", ["owner": owner, "user": user],
      calls: [("user/run", []), ("user/indirect", []), ("user/direct", [])]
    ).check(calls: ["i32:3", "trap: indirect call type mismatch", "i32:3"])
    let other = """
      (module (rec (type $a (func (param (ref null $b)) (result i32))) (type $b (func (param (ref null $a)) (result i32))))
        (import "owner" "own" (func (type $a))))
      """
    try LinkScenario("recursive types that differ", ["owner": owner, "other": other])
      .check(instantiation: "incompatibleImportType")
  }

  @Test func subtypesAcross() throws {
    let owner = """
      (module
        (type $super (sub (func (result (ref null func))))) (type $sub (sub $super (func (result (ref func)))))
        (func $f (export "f") (type $sub) (ref.func $f)) (elem declare func $f))
      """
    let user = """
      (module
        (type $super (sub (func (result (ref null func))))) (type $sub (sub $super (func (result (ref func)))))
        (import "owner" "f" (func $f (type $super)))
        (func (export "run") (result i32) (ref.is_null (call $f))))
      """
    try LinkScenario("subtypes", ["owner": owner, "user": user], calls: [("user/run", [])]).check(calls: ["i32:0"])
    let swapped = """
      (module
        (type $super (sub (func (result (ref null func))))) (type $sub (sub $super (func (result (ref func)))))
        (func $g (type $super) (ref.null func)) (export "f" (func $g)))
      """
    let wants = """
      (module
        (type $super (sub (func (result (ref null func))))) (type $sub (sub $super (func (result (ref func)))))
        (import "owner" "f" (func $f (type $sub))))
      """
    try LinkScenario("a supertype is not enough", ["owner": swapped, "user": wants])
      .check(instantiation: "incompatibleImportType")
  }

  @Test func tailCallsAcross() throws {
    let owner = """
      (module (func (export "dec") (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1))))
      """
    let user = """
      (module
        (import "owner" "dec" (func $dec (param i32) (result i32)))
        (func $loop (export "loop") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0))
            (then (return_call $dec (i32.const 100)))
            (else (return_call $loop (call $dec (local.get 0)))))))
      """
    try LinkScenario("tail calls", ["owner": owner, "user": user], calls: [("user/loop", [.i32(100000)])])
      .check(calls: ["i32:99"])
  }

  @Test func oneFunctionHasOneIdentity() throws {
    let owner = """
      (module (func $f (export "f") (export "g")) (global (export "ref") funcref (ref.func $f)))
      """
    let user = """
      (module
        (import "owner" "f" (func $f)) (import "owner" "g" (func $g)) (import "owner" "ref" (global $ref funcref))
        (elem declare func $f $g)
        (table 3 funcref)
        (func (export "fill") (result i32)
          (table.set (i32.const 0) (ref.func $f)) (table.set (i32.const 1) (ref.func $g))
          (table.set (i32.const 2) (global.get $ref))
          (call_indirect (i32.const 0)) (call_indirect (i32.const 1)) (call_indirect (i32.const 2)) (i32.const 1)))
      """
    let scenario = LinkScenario("identity", ["owner": owner, "user": user], calls: [("user/fill", [])])
    try scenario.check(calls: ["i32:1"])
    // One function is left beside the exported one.
    #expect(try scenario.link(makeEngine()).module.functions.count == 2)
  }

  @Test func importsUnderOtherNames() throws {
    let library = "(module (func (export \"print\") (param i32) (result i32) (local.get 0)))"
    let user = """
      (module (import "env" "puts" (func $puts (param i32) (result i32))) (import "lib" "print" (func $p (param i32) (result i32)))
        (import "env" "log" (func $log (param i32)))
        (func (export "run") (result i32) (call $log (i32.const 4)) (call $p (call $puts (i32.const 9)))))
      """
    var options = LinkOptions()
    options.renames = [
      .init(module: "env", name: "puts", newModule: "text", newName: "print"), .init(module: "lib", newModule: "text"),
    ]
    let scenario = LinkScenario(
      "renamed", ["text": library, "user": user], calls: [("user/run", [])], options: options)
    for tier in LinkScenario.tiers {
      let seen = try scenario.linked(makeEngine { $0.tier = tier })
      #expect(seen.calls == ["i32:9"])
      #expect(seen.log == ["4"])
    }
  }
}
