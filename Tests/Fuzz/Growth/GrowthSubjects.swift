/// A thing that a module can have any number of.
struct GrowthSubject: Sendable {
  var name: String
  /// The most that are tried, where the engine takes few.
  var most: Int
  /// The text of a module with so many.
  var text: @Sendable (Int) -> String

  static let all: [GrowthSubject] =
    sections + imports + definitions + segments + functions + blocks + instructions

  // MARK: Modules

  private static func repeated(_ count: Int, _ part: (_ number: Int) -> String) -> String {
    var text = ""
    for number in 0..<count {
      text += part(number)
      text += "\n"
    }
    return text
  }

  /// Every module has two memories, and exports a function `f` without parameters.
  private static func module(_ fields: String, function: String = "", before: String = "") -> String {
    "(module \(before) (memory $a (export \"a\") 1) (memory $b 1) \(fields) (func $f (export \"f\") \(function)))"
  }

  private static func fields(
    _ name: String, most: Int = 1 << 20, _ part: @escaping @Sendable (_ number: Int) -> String
  ) -> GrowthSubject {
    GrowthSubject(name: name, most: most) { count in module(repeated(count, part)) }
  }

  private static func importing(
    _ name: String, most: Int = 1 << 20, _ part: @escaping @Sendable (_ number: Int) -> String
  ) -> GrowthSubject {
    GrowthSubject(name: name, most: most) { count in module("", before: repeated(count, part)) }
  }

  private static func body(
    _ name: String, most: Int = 1 << 20, rest: String = "",
    _ part: @escaping @Sendable (_ number: Int) -> String
  ) -> GrowthSubject {
    GrowthSubject(name: name, most: most) { count in
      module(rest, function: "(local $x i32) (local $y i64) " + repeated(count, part))
    }
  }

  private static func nested(_ name: String, _ opening: String) -> GrowthSubject {
    // Below the limit on nesting, with what stands in the innermost.
    GrowthSubject(name: name, most: 40_000) { count in
      let openings: String = repeated(count) { _ in opening }
      let ends: String = repeated(count) { _ in "end" }
      return module("", function: "(local $x i32) " + openings + ends)
    }
  }

  /// What stands between other text.
  private static func list(
    _ name: String, most: Int = 1 << 20, before: String, after: String,
    _ item: @escaping @Sendable (_ number: Int) -> String
  ) -> GrowthSubject {
    GrowthSubject(name: name, most: most) { count in before + repeated(count, item) + after }
  }

  private static let head = "(module (memory $a (export \"a\") 1) (memory $b 1) "

  // MARK: What there can be many of

  private static let sections: [GrowthSubject] = [
    fields("custom sections") { "(@custom \"c\($0)\" (after last) \"\")" },
    fields("custom sections of one name") { _ in "(@custom \"c\" (after type) \"x\")" },
    fields("debugging sections") { "(@custom \".debug_\($0)\" (after last) \"\")" },
    fields("types") { "(type $t\($0) (func (param i32 i64) (result i32)))" },
    fields("distinct types", most: 60_000) { number in
      let kinds = ["i32", "i64", "f32", "f64"]
      var parameters = ""
      for place in 0..<8 { parameters += " " + kinds[number >> (2 * place) & 3] }
      return "(type (func (param" + parameters + ")))"
    },
    fields("subtypes") { "(type $s\($0) (sub (struct (field $x i32) (field i64))))" },
    list(
      "types of one group", most: 100_000, before: "(module (rec ",
      after: ") (memory 1) (memory 1) (func (export \"f\")))"
    ) {
      "(type $r\($0) (struct (field (ref null $r0))))"
    },
  ]

  private static let imports: [GrowthSubject] = [
    importing("imports") { "(import \"env\" \"f\($0)\" (func $i\($0)))" },
    importing("imports of one name") { _ in "(import \"env\" \"f\" (func))" },
    importing("imported globals") { "(import \"env\" \"g\($0)\" (global $i\($0) i32))" },
    importing("imported memories", most: 90) { "(import \"env\" \"m\($0)\" (memory $i\($0) 1))" },
    fields("exports") { "(export \"e\($0)\" (func $f))" },
    fields("exports of a memory") { "(export \"e\($0)\" (memory $a))" },
  ]

  private static let definitions: [GrowthSubject] = [
    fields("functions") { "(func $n\($0))" },
    fields("exported functions") { "(func $n\($0) (export \"e\($0)\"))" },
    fields("functions with names") {
      "(func $a_long_name_\($0) (param $p i32) (local $l i32) (block $b (nop)))"
    },
    fields("globals") { "(global $g\($0) (mut i32) (i32.const \($0)))" },
    fields("globals of globals") { number in
      let value = number == 0 ? "(i32.const 1)" : "(global.get $g\(number - 1))"
      return "(global $g\(number) i32 " + value + ")"
    },
    fields("memories", most: 90) { "(memory $m\($0) (export \"m\($0)\") 0)" },
    fields("tables", most: 10_000) { "(table $t\($0) 1 funcref)" },
    fields("tags") { "(tag $t\($0) (param i32))" },
  ]

  private static let segments: [GrowthSubject] = [
    fields("data segments", most: 90_000) {
      "(data $d\($0) (memory $a) (i32.const \($0 & 0xFFF)) \"x\")"
    },
    fields("passive data segments", most: 90_000) { "(data $d\($0) \"x\")" },
    fields("element segments") { "(elem $e\($0) func $f)" },
    list("elements", before: head + "(func $f (export \"f\")) (table funcref (elem ", after: ")))") { _ in "$f" },
  ]

  private static let functions: [GrowthSubject] = [
    fields("functions that access") {
      "(func $n\($0) (i32.store $b (i32.const \($0)) (i32.const 1)))"
    },
    body("calls", rest: "(func $g)") { _ in "(call $g)" },
    GrowthSubject(name: "calls of one another", most: 100_000) { count in
      let functions: String = repeated(count) { number in
        let call = number + 1 < count ? "(call $n\(number + 1))" : ""
        return "(func $n\(number) (local i32) (drop (i32.load (local.get 0))) " + call + ")"
      }
      return module(functions, function: count > 0 ? "(call $n0)" : "")
    },
    list("groups of locals", most: 40_000, before: head + "(func $f (export \"f\") ", after: "))") {
      number in
      number % 2 == 0 ? "(local $l\(number) i32)" : "(local $l\(number) i64)"
    },
  ]

  private static let blocks: [GrowthSubject] = [
    body("blocks") { "(block $b\($0) (br_if $b\($0) (local.get $x)))" },
    nested("nested blocks", "block (br_if 0 (local.get $x))"),
    nested("nested loops", "loop (local.set $x (i32.load (local.get $x)))"),
    body("loops") { _ in "(loop (local.set $x (i32.load (local.get $x))))" },
    list(
      "labels of a branch table", before: head + "(func $f (export \"f\") (block $l (br_table ",
      after: "$l (i32.const 0)))))"
    ) { _ in "$l" },
    list(
      "catch clauses", most: 50_000,
      before: head + "(tag $t) (func $f (export \"f\") (block $l (try_table ",
      after: "))))"
    ) { _ in "(catch $t $l)" },
    body("hints") { _ in "(@metadata.code.branch_hint \"\\01\") (if (local.get $x) (then (nop)))" },
  ]

  private static let instructions: [GrowthSubject] = [
    body("stores") { "(i32.store $a offset=\($0) (local.get $x) (i32.const 7))" },
    body("stores to the other memory") {
      "(i32.store $b offset=\($0) (local.get $x) (i32.const 7))"
    },
    body("copies") { "(memory.copy $a $b (i32.const \($0)) (local.get $x) (i32.const 9))" },
    body("computed addresses") { number in
      "(i64.store $a (i32.add (i32.shl (local.get $x) (i32.const 3)) (i32.const \(number))) (local.get $y))"
    },
    body("constants") { "(local.set $x (i32.add (local.get $x) (i32.const \($0))))" },
    body("locals that follow each other", most: 1 << 18) { _ in
      "(local.set $x (i32.load (local.tee $x (local.get $x))))"
    },
    GrowthSubject(name: "operands on the stack", most: 30_000) { count in
      let operands: String = repeated(count) { "i32.const \($0)" }
      let drops: String = repeated(count) { _ in "drop" }
      return module("", function: operands + drops)
    },
  ]
}
