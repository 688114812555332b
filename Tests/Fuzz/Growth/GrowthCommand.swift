import ArgumentParser
import WastRunner
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz growth`
struct GrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth",
    abstract:
      "Double each repeated thing in a module and on a command line, and report what grows faster than it.",
    discussion: """
      Each command of the polymnia command that lies beside this one runs on modules with n, 2n, 4n, … of each thing, until \
      it takes long enough to be measured. What counts is the processor time beyond that of an empty module. Doubling a \
      thing may take up to three times as long, twice in a row being more is a find.

      Exit status: 0 if nothing grows faster, else 1.
      """)

  @Option(
    help: ArgumentHelp("What the order of what is tried depends on; by default another each time.", valueName: "number")
  )
  var seed: UInt64?

  @Option(help: ArgumentHelp("Stop after so many seconds.", valueName: "seconds"))
  var seconds: Double?

  @Option(
    help: ArgumentHelp("Only things and commands whose names contain this.", valueName: "text"))
  var only: String?

  @Flag(help: "Only command lines that are long themselves.")
  var commandLines = false

  @Flag(help: "Print every measurement.")
  var verbose = false

  private static let empty = "(module (memory (export \"a\") 1) (memory 1) (func (export \"f\")))"

  func run() throws {
    let folder = ".build/growth-\(getpid())"
    mkdir(".build", 0o755)
    guard let process = ToolProcess(folder: folder) else {
      throw ValidationError("the polymnia command does not lie beside this one")
    }
    defer {
      for name in ["text", "empty", "output", "own", "script"] { unlink(process.path(name)) }
      process.remove()
    }
    _ = try process.file("empty", try Self.binary(Self.empty))
    var trials: [(subject: GrowthSubject?, line: GrowthLine)] = GrowthLine.growing.map { (nil, $0) }
    if !commandLines {
      for subject in GrowthSubject.all { trials += GrowthLine.commands.map { (subject, $0) } }
    }
    if let only { trials.removeAll { !name($0.subject, $0.line).contains(only) } }
    let seed = seed ?? .random(in: 0..<1_000_000)
    print("seed: \(seed)")
    var random = RandomSource(seed: seed)
    trials.shuffle(using: &random)
    let start = ContinuousClock.now
    var finds = 0
    var tried = 0
    for (subject, line) in trials {
      if let seconds, start.duration(to: .now) > .seconds(seconds) { break }
      tried += 1
      if let find = try measure(subject, line, process) {
        finds += 1
        print("find: \(name(subject, line)): \(find)")
      }
    }
    print("tried: \(tried) of \(trials.count)")
    print("finds: \(finds)")
    if finds > 0 { throw ExitCode(1) }
  }

  private func name(_ subject: GrowthSubject?, _ line: GrowthLine) -> String {
    subject.map { "\($0.name): \(line.name)" } ?? line.name
  }

  private static func binary(_ text: String) throws -> [UInt8] {
    ModuleEncoder.encode(try ModuleParser.parse(Array(text.utf8), features: .all).module)
  }

  /// What grows faster than it may, or nil.
  private func measure(_ subject: GrowthSubject?, _ line: GrowthLine, _ process: ToolProcess) throws
    -> String?
  {
    let base = try time(line, 0, process, subject) ?? 0
    let most = subject?.most ?? line.most
    var count = min(subject == nil ? 500 : 1000, most / 4)
    var last: Double?
    var excesses = 0
    var figures: [String] = []
    while count <= most {
      guard let seconds = try time(line, count, process, subject) else { return nil }
      let own = max(0, seconds - base)
      figures.append("\(count): \(Int(own * 1000)) ms")
      if let last, own > 0.1 {
        // Once can be a cache that is full; twice is a law.
        excesses = own > last * 3 ? excesses + 1 : 0
        if excesses == 2 || own > 20 * max(last, 0.05) {
          return figures.joined(separator: ", ")
        }
      }
      last = max(own, 0.02)
      // Once more where the last step was an excess.
      if own > 1.5, excesses == 0 || own > 20 { break }
      count *= 2
    }
    if verbose { print("\(name(subject, line)): \(figures.joined(separator: ", "))") }
    return nil
  }

  /// The processor time of a command, or nil where it refuses so many.
  private func time(_ line: GrowthLine, _ count: Int, _ process: ToolProcess, _ subject: GrowthSubject?)
    throws -> Double?
  {
    var files = ["empty": process.path("empty"), "output": process.path("output")]
    if let own = line.module { files["own"] = try process.file("own", try Self.binary(own(count))) }
    if let script = line.script { files["script"] = try process.file("script", Array(script(count).utf8)) }
    if let subject {
      let text = subject.text(count)
      files["text"] = try process.file("text", Array(text.utf8))
      files["module"] = try process.file("module", try Self.binary(text))
    } else {
      files["module"] = files["empty"]
    }
    let words = line.words(count).map { word -> String in
      if let equals = word.lastIndex(of: "="),
        let file = files[String(word[word.index(after: equals)...])]
      {
        return word[...equals] + file
      }
      return files[word] ?? word
    }
    var best: Double?
    for _ in 0..<(count < 4000 ? 2 : 1) {
      guard let seconds = process.time(words) else { return nil }
      best = min(best ?? seconds, seconds)
    }
    return best
  }
}
