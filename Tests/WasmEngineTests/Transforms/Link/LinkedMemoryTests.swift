import Testing
import WasmEngine
import WebAssembly

/// Linked modules and their memories: whose is whose, who shares, how large they are.
@Suite struct LinkedMemoryTests {
  static let text = """
    (module
      (memory $glyphs (export "memory") 1)
      (data (memory $glyphs) (i32.const 16) "onetwothree")
      (func (export "length") (param i32) (result i32)
        (i32.load8_u (i32.add (i32.const 64) (local.get 0))))
      (func (export "at") (param i32) (result i32)
        (i32.load8_u (i32.add (i32.const 68) (local.get 0))))
      (data (memory $glyphs) (i32.const 64) "\\03\\03\\05\\00\\10\\13\\16"))
    """
  static let renderer = """
    (module
      (import "text" "memory" (memory $glyphs 1))
      (import "text" "length" (func $length (param i32) (result i32)))
      (import "text" "at" (func $at (param i32) (result i32)))
      (memory $pixels (export "memory") 1 4)
      (global $end (mut i32) (i32.const 0))
      (func (export "draw") (param $word i32)
        (memory.copy $pixels $glyphs
          (global.get $end) (call $at (local.get $word)) (call $length (local.get $word)))
        (global.set $end (i32.add (global.get $end) (call $length (local.get $word)))))
      (func (export "end") (result i32) (global.get $end)))
    """
  static let application = """
    (module
      (import "renderer" "draw" (func $draw (param i32)))
      (import "renderer" "end" (func $end (result i32)))
      (import "renderer" "memory" (memory $pixels 1))
      (import "env" "log" (func $log (param i32)))
      (memory $own (export "memory") 1)
      (data (memory $own) (i32.const 0) "\\02\\00\\01")
      (func (export "run") (result i32)
        (local $i i32)
        (loop $next
          (call $draw (i32.load8_u $own (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 3))))
        (memory.copy $own $pixels (i32.const 100) (i32.const 0) (call $end))
        (call $log (i32.load $own (i32.const 100)))
        (call $end)))
    """

  @Test func threeModulesWithAMemoryEach() throws {
    let scenario = LinkScenario(
      "three memories", ["text": Self.text, "renderer": Self.renderer, "app": Self.application],
      calls: [("app/run", []), ("renderer/draw", [.i32(1)]), ("app/run", []), ("text/length", [.i32(2)])])
    try scenario.check(log: ["1701996660", "1701996660"], calls: ["i32:11", "", "i32:25", "i32:5"])
    let linked = try scenario.link(makeEngine())
    #expect(linked.memories.map(\.module) == ["text", "renderer", "app"])
    #expect(linked.memories.map(\.name) == ["glyphs", "pixels", "own"])
    #expect(linked.bindings.count == 6)
    #expect(linked.module.imports.map(\.name) == ["log"])
    #expect(linked.startStepCount == 0)
  }

  @Test func severalMemoriesEach() throws {
    let pair = """
      (module
        (memory $a (export "a") 1) (memory $b (export "b") 2 3) (memory $c 1)
        (func (export "put") (param i32) (i32.store $a (i32.const 0) (local.get 0))
          (i32.store $b (i32.const 0) (i32.add (local.get 0) (i32.const 1)))
          (i32.store $c (i32.const 0) (i32.add (local.get 0) (i32.const 2))))
        (func (export "c") (result i32) (i32.load $c (i32.const 0))))
      """
    let other = """
      (module
        (import "one" "b" (memory $b 2)) (import "one" "a" (memory $a 1)) (memory $own (export "own") 1)
        (func (export "sum") (result i32)
          (i32.store $own (i32.const 8) (i32.add (i32.load $a (i32.const 0)) (i32.load $b (i32.const 0))))
          (i32.load $own (i32.const 8)))
        (func (export "grow") (result i32) (memory.grow $b (i32.const 1)))
        (func (export "size") (result i32) (i32.add (memory.size $a) (i32.mul (i32.const 10) (memory.size $b)))))
      """
    try LinkScenario(
      "several memories each", ["one": pair, "two": other],
      calls: [
        ("one/put", [.i32(7)]), ("two/sum", []), ("two/grow", []), ("two/grow", []), ("two/size", []), ("one/c", []),
      ]
    ).check(calls: ["", "i32:15", "i32:2", "i32:-1", "i32:31", "i32:9"])
  }

  @Test func oneMemoryUnderTwoNames() throws {
    let owner = """
      (module (memory $m (export "here") (export "there") 1 5))
      """
    let user = """
      (module
        (import "owner" "here" (memory $x 1)) (import "owner" "there" (memory $y 1 9))
        (func (export "alias") (result i32) (i32.store $x (i32.const 4) (i32.const 42)) (i32.load $y (i32.const 4)))
        (func (export "grow") (result i32) (drop (memory.grow $x (i32.const 2))) (memory.size $y))
        (func (export "overlap") (result i32)
          (i64.store $x (i32.const 16) (i64.const 0x0807060504030201))
          (memory.copy $x $y (i32.const 18) (i32.const 16) (i32.const 8))
          (i32.load $y (i32.const 22))))
      """
    try LinkScenario(
      "aliases", ["owner": owner, "user": user],
      calls: [("user/alias", []), ("user/grow", []), ("user/overlap", [])]
    ).check(calls: ["i32:42", "i32:3", "i32:\(0x0807_0605)"])
  }

  @Test func theHostsMemoryInBoth() throws {
    let one = """
      (module
        (import "env" "memory" (memory $host 1))
        (memory $own (export "own") 1)
        (func (export "put") (param i32) (i32.store $host (i32.const 40) (local.get 0))
          (i32.store $own (i32.const 40) (i32.const 1)))
        (data (memory $host) (i32.const 0) "from one"))
      """
    let two = """
      (module
        (import "env" "memory" (memory $host 1 20))
        (import "one" "put" (func $put (param i32)))
        (func (export "get") (result i32) (call $put (i32.const 12)) (i32.load $host (i32.const 40)))
        (data (memory $host) (i32.const 4) "t"))
      """
    let scenario = LinkScenario("host memory", ["one": one, "two": two], calls: [("two/get", [])])
    try scenario.check(calls: ["i32:12"])
    let imports = try scenario.link(makeEngine()).module.imports
    #expect(imports.count == 1)
    #expect(imports.first?.type == .memory(MemoryType(limits: Limits(minimum: 1, maximum: 20))))
  }

  @Test func aMemoryThatAStartFunctionHasGrown() throws {
    let owner = """
      (module
        (memory (export "memory") 1 4)
        (func $grow (drop (memory.grow (i32.const 2))))
        (start $grow))
      """
    func user(_ minimum: Int) -> String {
      """
      (module
        (import "owner" "memory" (memory \(minimum)))
        (import "env" "log" (func $log (param i32)))
        (func $start (call $log (memory.size)))
        (start $start)
        (data (i32.const 131072) "in the grown part"))
      """
    }
    let large = LinkScenario("grown memory", ["owner": owner, "user": user(3)])
    try large.check(log: ["3"])
    #expect(try large.link(makeEngine()).bindings.map(\.checkedMinimum).contains(3))
    try LinkScenario("not grown enough", ["owner": owner, "user": user(4)]).checkMatchedAtRunTime(log: [])
    try LinkScenario("beyond the maximum", ["owner": owner, "user": user(5)])
      .check(instantiation: "incompatibleImportType")
  }

  @Test func aMemoryThatNothingGrows() throws {
    let owner = """
      (module
        (import "env" "log" (func $log (param i32)))
        (memory (export "memory") 1 4)
        (func $start (call $log (i32.const 1)))
        (start $start))
      """
    let user = "(module (import \"owner\" \"memory\" (memory 2)))"
    // That it cannot fit is known before anything happens.
    let scenario = LinkScenario("never grown", ["owner": owner, "user": user])
    #expect(throws: LinkFailure.self) { try scenario.link(makeEngine()) }
  }

  @Test func theHostsMemoryGrownByAStartFunction() throws {
    let one = """
      (module
        (import "env" "memory" (memory 1))
        (func $start (drop (memory.grow (i32.const 2))))
        (start $start))
      """
    func two(_ minimum: Int) -> String {
      """
      (module
        (import "env" "memory" (memory \(minimum)))
        (import "env" "log" (func $log (param i32)))
        (func $start (call $log (memory.size)))
        (start $start))
      """
    }
    try LinkScenario("host memory, grown", ["one": one, "two": two(3)]).check(log: ["3"])
    try LinkScenario("host memory, grown less", ["one": one, "two": two(4)]).checkMatchedAtRunTime(log: [])
  }

  @Test func sixtyFourBitAddresses() throws {
    let owner = """
      (module
        (memory $wide (export "wide") i64 1 4) (memory $narrow (export "narrow") 1)
        (data (memory $wide) (i64.const 8) "wide") (data (memory $narrow) (i32.const 8) "narrow"))
      """
    let user = """
      (module
        (import "owner" "narrow" (memory $n 1)) (import "owner" "wide" (memory $w i64 1))
        (memory $own (export "own") i64 1)
        (global $at i64 (i64.const 32))
        (data (memory $own) (global.get $at) "placed")
        (func (export "mix") (result i64)
          (memory.copy $w $n (i64.const 100) (i32.const 8) (i32.const 6))
          (memory.copy $own $w (i64.const 0) (i64.const 100) (i64.const 6))
          (i64.load $own (i64.const 0)))
        (func (export "grow") (result i64) (memory.grow $w (i64.const 1)))
        (func (export "fault") (result i32) (i32.load $w (i64.const 0x1_0000_0000))))
      """
    try LinkScenario(
      "64-bit", ["owner": owner, "user": user],
      calls: [("user/mix", []), ("user/grow", []), ("user/fault", [])]
    ).check(calls: ["i64:131320545173870", "i64:1", "trap: out of bounds memory access"])
  }

  @Test func pagesOfOneByte() throws {
    let owner = """
      (module
        (memory $small (export "small") 20 30 (pagesize 1))
        (func $start (drop (memory.grow $small (i32.const 5))))
        (data (memory $small) (i32.const 17) "end")
        (start $start))
      """
    let user = """
      (module
        (import "owner" "small" (memory $s 25 (pagesize 1))) (memory $big (export "big") 1)
        (data (memory $s) (i32.const 20) "grown")
        (func (export "size") (result i32) (memory.size $s))
        (func (export "read") (param i32) (result i32) (i32.load $s (local.get 0))))
      """
    try LinkScenario(
      "byte pages", ["owner": owner, "user": user],
      calls: [("user/size", []), ("user/read", [.i32(21)]), ("user/read", [.i32(22)])]
    ).check(calls: ["i32:25", "i32:1853321074", "trap: out of bounds memory access"])
  }

  @Test func passiveSegmentsAndDrops() throws {
    let owner = """
      (module
        (memory (export "memory") 1)
        (data $first "abcd") (data $second "efgh") (data $active (i32.const 0) "now")
        (func (export "init") (memory.init $second (i32.const 8) (i32.const 1) (i32.const 3)))
        (func (export "drop") (data.drop $second))
        (func (export "again") (memory.init $active (i32.const 8) (i32.const 0) (i32.const 1))))
      """
    let user = """
      (module
        (import "owner" "memory" (memory 1))
        (import "owner" "init" (func $init)) (import "owner" "drop" (func $drop))
        (data $own "mine")
        (func (export "run") (call $init) (memory.init $own (i32.const 20) (i32.const 0) (i32.const 4)) (call $drop)
          (data.drop $own) (memory.init $own (i32.const 30) (i32.const 0) (i32.const 0)))
        (func (export "late") (memory.init $own (i32.const 30) (i32.const 0) (i32.const 1))))
      """
    try LinkScenario(
      "passive", ["owner": owner, "user": user],
      calls: [("user/run", []), ("owner/init", []), ("user/late", []), ("owner/again", [])]
    ).check(
      calls: [
        "", "trap: out of bounds memory access", "trap: out of bounds memory access",
        "trap: out of bounds memory access",
      ])
  }

  @Test func sharedMemories() throws {
    let owner = "(module (memory (export \"memory\") 1 3 shared))"
    let user = """
      (module
        (import "owner" "memory" (memory 1 3 shared))
        (func (export "grow") (result i32) (i32.store (i32.const 0) (i32.const 9)) (memory.grow (i32.const 1))))
      """
    try LinkScenario("shared", ["owner": owner, "user": user], calls: [("user/grow", [])]).check(calls: ["i32:1"])
  }

  @Test func memoriesThatDoNotFit() throws {
    let owner = """
      (module (memory (export "plain") 1 4) (memory (export "open") 1) (memory (export "wide") i64 1 4)
        (memory (export "shared") 1 4 shared) (memory (export "small") 1 4 (pagesize 1)))
      """
    for (name, type) in [
      ("plain", "2"), ("plain", "1 3"), ("plain", "i64 1"), ("plain", "1 4 shared"), ("plain", "1 (pagesize 1)"),
      ("open", "1 100"), ("wide", "1"), ("shared", "1"), ("small", "1"), ("missing", "1"),
    ] {
      let user = "(module (import \"owner\" \"\(name)\" (memory \(type))))"
      let scenario = LinkScenario("\(name) as \(type)", ["owner": owner, "user": user])
      try scenario.check(instantiation: name == "missing" ? "unknownImport" : "incompatibleImportType")
    }
  }
}
