import ArgumentParser
import WasmEngine
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz bombs`
struct BombsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bombs",
    abstract: "Multiply two dimensions of a body at a time, and see that it costs no more than its length allows.",
    discussion: """
      Locals, blocks, loops, labels, results, calls, handlers, memory accesses and other things are combined, many of one \
      with many of the other. Validation, both translations and compilation are measured: processor time, and how \
      much memory the process has had at most, both for each byte of the body. Each body is tried in a process of its own.

      Exit status: 0 if all stayed within the limits, else 1.
      """)

  @Option(help: ArgumentHelp("How many of each dimension, about.", valueName: "number"))
  var scale = 2000

  @Option(help: ArgumentHelp("Only every so manieth combination.", valueName: "number"))
  var every = 1

  @Option(help: ArgumentHelp("Only combinations whose names contain this.", valueName: "text"))
  var only: String?

  @Option(
    help: ArgumentHelp(
      "Microseconds of processor time for each byte, beside a quarter of a second.", valueName: "number"))
  var microseconds = 10.0

  @Option(help: ArgumentHelp("Bytes of memory for each byte, beside 64 MB.", valueName: "number"))
  var bytes = 4096

  @Option(help: .hidden) var number: Int?

  @Flag(help: "Print every combination.")
  var verbose = false

  func validate() throws {
    guard (10...20_000).contains(scale), every > 0, bytes > 0 else { throw ValidationError("No such numbers") }
  }

  /// All combinations: as many of both, and few of the one with more of the other.
  private var shapes: [BombShape] {
    var result: [BombShape] = []
    for (place, first) in BombShape.Dimension.allCases.enumerated() {
      for second in BombShape.Dimension.allCases[place...] {
        for (firstCount, secondCount) in [(scale, scale), (scale / 10, scale * 5), (scale * 5, scale / 10)] {
          for isSpread in [false, true] where !(isSpread && second.isNest) {
            result.append(
              BombShape(
                first: first, second: second, firstCount: firstCount, secondCount: secondCount, isSpread: isSpread))
          }
        }
      }
    }
    return result
  }

  func run() throws {
    let shapes = shapes
    if let number { return try measure(shapes[number]) }
    var tried = 0
    var failed = 0
    for (number, shape) in shapes.enumerated()
    where number % every == 0 && only.map({ shape.name.contains($0) }) ?? true {
      tried += 1
      var words = ["bombs", "--number", "\(number)", "--scale", "\(scale)", "--bytes", "\(bytes)"]
      words += ["--microseconds", "\(microseconds)"] + (verbose ? ["--verbose"] : [])
      guard let process = GenerateCommand.start(words, isQuiet: false) else { throw ExitCode(1) }
      let end = ContinuousClock.now + .seconds(60)
      var status: Int32 = 0
      while waitpid(process, &status, WNOHANG) != process {
        usleep(500)
        if .now > end { kill(process, SIGKILL) }
      }
      guard status != 0 else { continue }
      failed += 1
      if status & 0x7F != 0 { print("\(shape.name): ended by signal \(status & 0x7F)") }
    }
    print("combinations: \(tried), beyond the limits: \(failed)")
    if failed > 0 { throw ExitCode(1) }
  }

  // MARK: One body

  private func measure(_ shape: BombShape) throws {
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(try ModuleParser.parse(Array(shape.text.utf8)).module))
    let length = module.bodies.last?.range.count ?? 0
    var lines: [String] = []
    var failed = false
    func stage(_ name: String, _ body: () throws -> Void) rethrows {
      let (time, peak) = (Self.processorTime(), Self.peak())
      try body()
      let microseconds = Self.processorTime() - time
      let bytes = Self.peak() - peak
      let isOver =
        Double(microseconds) > 250_000 + self.microseconds * Double(length) || bytes > 64 << 20 + self.bytes * length
      failed = failed || isOver
      lines.append("\(name) \(microseconds / 1000) ms \(bytes >> 20) MB\(isOver ? " (!)" : "")")
    }
    var configuration = Engine.Configuration()
    configuration.features = .all
    configuration.validationThreads = 1
    configuration.aheadThreads = 0
    configuration.checksCompiler = false
    let engine = Engine(configuration)
    var validated: ValidatedModule?
    try stage("validation") { validated = try engine.validate(module) }
    guard let validated else { throw ExitCode(1) }
    configuration.tier = .interpreter
    configuration.memoryPolicy.bounds = .checked
    let interpreter = Engine(configuration)
    let store = Store(interpreter)
    let run = try Linker(store).instantiate(try CompiledModule(interpreter.validate(module), engine: interpreter))
      .function("run")
    // What it does is nothing to us: it is translated when it is called.
    stage("translation") {
      try? store.setDeadline(after: .milliseconds(50))
      _ = try? run.call([.i32(0), .i32(0)])
    }
    let compiled = try CompiledModule(validated, engine: engine)
    stage("compilation") { compiled.compileFunctions { _ in } }
    if let reason = compiled.functionsLeftToInterpreter.values.first { lines.append("(\(reason))") }
    if failed || verbose { print("\(shape.name), \(length) bytes: \(lines.joined(separator: ", "))") }
    if failed { throw ExitCode(1) }
  }

  /// That of this process, in microseconds.
  private static func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }

  /// The most memory that this process has had, in bytes.
  private static func peak() -> Int { Int(Worker.peakKilobytes) * 1024 }
}
