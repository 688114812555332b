/// A command line. In it `module` is replaced by a file with what grows, `text` by the same as text, `empty` by a module
/// without it, and `output` by where to write.
struct GrowthLine: Sendable {
  var name: String
  var words: @Sendable (Int) -> [String]
  /// The most that are tried, where the command takes few.
  var most = 16_000
  /// A module that grows with the line, which calls it `own`.
  var module: (@Sendable (Int) -> String)?
  /// A script that grows, which the line calls `script`.
  var script: (@Sendable (Int) -> String)?

  init(_ text: String) {
    name = text
    words = { _ in text.split(separator: " ").map(String.init) }
  }

  /// A line that repeats an option with values that are made of numbers.
  init(
    _ name: String, most: Int = 16_000, _ before: String, _ option: String, _ after: String = "",
    module: (@Sendable (Int) -> String)? = nil, value: @escaping @Sendable (_ number: Int) -> String
  ) {
    self.name = name
    self.most = most
    self.module = module
    words = { count in
      var words = before.split(separator: " ").map(String.init)
      for number in 0..<count { words += option.isEmpty ? [value(number)] : [option, value(number)] }
      return words + after.split(separator: " ").map(String.init)
    }
  }

  /// A script of so many commands.
  init(_ name: String, script begin: String, _ command: @escaping @Sendable (_ number: Int) -> String) {
    self.name = name
    words = { _ in ["wast", "script"] }
    script = { count in begin + (0..<count).map(command).joined(separator: "\n") }
  }

  static let commands: [GrowthLine] = [
    GrowthLine("validate module"), GrowthLine("print module -o output"), GrowthLine("inspect module"),
    GrowthLine("inspect --json module"),
    GrowthLine("objdump module"), GrowthLine("objdump --disassemble module"), GrowthLine("strip module -o output"),
    GrowthLine("strip --dead module -o output"), GrowthLine("link one=module two=empty -o output"),
    GrowthLine("link --keep-dead one=module two=module -o output"), GrowthLine("lower module -o output"),
    GrowthLine("bind-memories module -o output"),
    GrowthLine("add-memory --memory new=import:e.m module -o output"),
    GrowthLine("specialize --function f --memory 0=1 --static stay module -o output"),
    GrowthLine("dispatch --function f --assume-relocatable module -o output"),
    GrowthLine("instrument --stores=log --trace-memory --profile --coverage module -o output"),
    GrowthLine("compile module -o output"),
    GrowthLine("run --engine interpreter --no-cache --invoke f module"),
    GrowthLine("run --no-cache --invoke f module"),
    GrowthLine("parse text -o output"), GrowthLine("validate text"),
  ]

  /// Lines that grow themselves.
  static let growing: [GrowthLine] = [
    GrowthLine("run with arguments", "run --no-cache --invoke f empty", "") { "a\($0)" },
    GrowthLine("run with variables", "run --no-cache", "--env", "--invoke f empty") { "v\($0)=1" },
    GrowthLine("run with folders", most: 4000, "run --no-cache", "--dir", "--invoke f empty") { "/tmp::/d\($0)" },
    GrowthLine("run with linked modules", most: 4000, "run --no-cache", "--link", "--invoke f empty") {
      "m\($0)=empty"
    },
    GrowthLine("link with modules", most: 4000, "link --export-all -o output", "") { "m\($0)=empty" },
    GrowthLine("link with exports", "link m=empty -o output", "--export") { "m=f=e\($0)" },
    GrowthLine("link with exports of many", "link m=own -o output", "--export", module: functions) {
      "m=f\($0)=e\($0)"
    },
    GrowthLine("link with renames", "link m=own -o output", "--rename", module: imports) { "m\($0)=n\($0)" },
    GrowthLine("strip with names", "strip --keep name empty -o output", "--remove") { "c\($0)" },
    GrowthLine("strip with sections", "strip own -o output", "--remove", module: sections) { "c\($0)" },
    GrowthLine("add-memory with memories", most: 90, "add-memory empty -o output", "--memory") { "m\($0)=export" },
    GrowthLine("bind-memories with memories", most: 90, "bind-memories empty -o output", "--memory") {
      "m\($0)=export"
    },
    GrowthLine("lower with room", most: 90, "lower own -o output", "--reserve", module: memories) { "\($0)=1" },
    GrowthLine(
      "instrument with memories", most: 90, "instrument --stores log own -o output", "--memory", module: memories
    ) {
      "\($0)"
    },
    GrowthLine("specialize with functions", "specialize --memory 0=1 own -o output", "--function", module: functions) {
      "f\($0)"
    },
    GrowthLine("dispatch with functions", "dispatch own -o output", "--function", module: functions) { "f\($0)" },
    GrowthLine("objdump with functions", "objdump own", "--function", module: functions) { "f\($0)" },
    GrowthLine("objdump with sections", most: 4000, "objdump own", "--section", module: sections) { "c\($0)" },
    GrowthLine("compile with functions", most: 4000, "compile --dump ir own", "--function", module: functions) {
      "f\($0)"
    },
    GrowthLine("validate with files", "validate", "") { _ in "empty" },
    GrowthLine("validate with features", "validate empty", "--features") { $0 % 2 == 0 ? "-simd" : "+simd" },
    GrowthLine("wast with registrations", script: "(module $m (func (export \"f\")))") { "(register \"r\($0)\" $m)" },
    GrowthLine("wast with calls", script: "(module (func (export \"f\")))") { _ in "(assert_return (invoke \"f\"))" },
    GrowthLine("wast with modules", script: "") { "(module $m\($0) (func (export \"f\"))) (invoke $m\($0) \"f\")" },
    GrowthLine("wast with quoted modules", script: "") {
      "(assert_malformed (module quote \"(func x\($0))\") \"unexpected\")"
    },
  ]

  // MARK: Modules of what the lines name

  private static func module(_ count: Int, _ field: (_ number: Int) -> String) -> String {
    "(module (memory 1) (memory 1) " + (0..<count).map(field).joined(separator: "\n") + ")"
  }

  private static let functions: @Sendable (Int) -> String = { count in
    module(count) { number in
      "(func $f\(number) (export \"f\(number)\") (param i32) (result i32) (i32.load (local.get 0)))"
    }
  }
  private static let imports: @Sendable (Int) -> String = { count in
    "(module " + (0..<count).map { "(import \"m\($0)\" \"f\" (func))" }.joined(separator: "\n") + ")"
  }
  private static let sections: @Sendable (Int) -> String = { count in module(count) { "(@custom \"c\($0)\" \"x\")" } }
  private static let memories: @Sendable (Int) -> String = { count in module(count) { _ in "(memory 1)" } }
}
