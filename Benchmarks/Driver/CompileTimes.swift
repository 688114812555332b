import ArgumentParser
import WasmEngine

/// How long the compiler takes for each function of a module, on one thread.
struct CompileTimesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile-times",
    abstract: "Compiles a module function by function and tells how long each takes for its size.",
    discussion: """
      Of small functions, what does not depend on their size counts most; they are in the sum only. What took more than \
      three times the median for each byte is compiled several times more, and counts with its least time: most of it was \
      an interruption.
      """)

  @Option(help: ArgumentHelp("How large a body must be to be compared with others.", valueName: "bytes"))
  var smallest = 1024

  @Option(help: ArgumentHelp("How many of the slowest to name.", valueName: "n"))
  var slowest = 5

  @Argument(help: "The module.")
  var file: String

  func run() throws {
    var configuration = Engine.Configuration()
    configuration.features = .all
    let module = try Engine(configuration).compile(try read(file))
    struct Row {
      var function: Int
      var size: Int
      var nanoseconds: Double
      var perByte: Double { nanoseconds / Double(size) }
    }
    var rows: [Row] = []
    var total = (functions: 0, bytes: 0, code: 0, nanoseconds: 0.0)
    let clock = ContinuousClock()
    var last = clock.now
    CompilerInspector(module).compileAll { function, size, code in
      let now = clock.now
      let time = (now - last) / .nanoseconds(1)
      total = (total.functions + 1, total.bytes + size, total.code + code, total.nanoseconds + time)
      if size >= smallest { rows.append(Row(function: function, size: size, nanoseconds: time)) }
      last = clock.now
    }
    print("functions: \(total.functions), \(total.bytes) bytes, to \(total.code) bytes of code")
    print("time: \(Int(total.nanoseconds / 1e6)) ms, \(rounded(Double(total.bytes) / total.nanoseconds * 1e3)) MB/s")
    guard !rows.isEmpty else { return }
    rows.sort { $0.perByte < $1.perByte }
    let median = rows[rows.count / 2].perByte
    let slow = rows.indices.filter { rows[$0].perByte > 3 * median }
    for _ in 0..<4 where !slow.isEmpty {
      // The first one makes the compiler's memory ready.
      var next = -1
      let functions = slow.map { rows[$0].function }
      CompilerInspector(module).compileAll([functions[0]] + functions) { _, _, _ in
        let now = clock.now
        if next >= 0 {
          rows[slow[next]].nanoseconds = min(rows[slow[next]].nanoseconds, (now - last) / .nanoseconds(1))
        }
        next += 1
        last = clock.now
      }
    }
    rows.sort { $0.perByte < $1.perByte }
    let beyond = rows.count { $0.perByte > 3 * median }
    print(
      "of \(rows.count) functions from \(smallest) bytes on: median \(rounded(median)) ns a byte, \(beyond) above three times that"
    )
    for row in rows.suffix(slowest).reversed() {
      print(
        "  function \(row.function): \(row.size) bytes, \(rounded(row.perByte)) ns a byte, \(rounded(row.perByte / median)) times the median"
      )
    }
  }
}

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
