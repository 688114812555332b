import ArgumentParser
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz deadlines`
struct DeadlinesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deadlines",
    abstract: "Run random programs that have no end, or a far one, and see that a deadline ends them.",
    discussion: """
      More than half of the programs are endless. Each is made ready to run before its clock starts, and must trap within \
      a number of milliseconds of its thread's processor time, on each engine.

      Exit status: 0 if all trapped in time, else 1.
      """)

  @Option(help: ArgumentHelp("Where the random numbers begin.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("How many programs.", valueName: "number"))
  var count = 1000

  @Option(help: ArgumentHelp("The number of the first program.", valueName: "number"))
  var first = 0

  @Option(help: ArgumentHelp("The deadline, in milliseconds.", valueName: "number"))
  var deadline = 50

  @Option(help: ArgumentHelp("How much processor time each program may have, in milliseconds.", valueName: "number"))
  var most = 100

  @Option(help: ArgumentHelp("One engine only: interpreter or jit.", valueName: "engine"))
  var engine: String?

  @Option(help: ArgumentHelp("Where programs that ran too long are written.", valueName: "folder"))
  var finds = ".build/finds"

  @Flag(help: "Print the program, and run nothing.")
  var print = false

  func validate() throws {
    guard count > 0, first >= 0, first <= Int.max - count, (1...10_000).contains(deadline), most > 0 else {
      throw ValidationError("No such numbers")
    }
    if let engine, ExecutionTier(rawValue: engine) == nil {
      throw ValidationError("'--engine' must be interpreter or jit")
    }
  }

  func run() throws {
    if print { return Swift.print(DeadlineProgram.make(seed: seed, number: first).text) }
    let tiers = engine.flatMap { ExecutionTier(rawValue: $0) }.map { [$0] } ?? ExecutionTier.allCases
    var failed = false
    for tier in tiers {
      var trial = DeadlineTrial(tier, deadline: deadline, most: most)
      for number in first..<first + count {
        let program = DeadlineProgram.make(seed: seed, number: number)
        if let failure = trial.run(program) {
          failed = true
          Swift.print("program \(number), \(tier.rawValue): \(failure)")
          try makeFolder(finds)
          GenerateCommand.write(Array(program.text.utf8), to: "\(finds)/deadline-\(seed)-\(number).wat")
        }
      }
      trial.report()
    }
    if failed { throw ExitCode(1) }
  }
}

/// The programs of one engine.
private struct DeadlineTrial {
  private let tier: ExecutionTier
  private let deadline: Int
  private let most: Int
  private var endless = 0
  /// The processor time that each program took, in microseconds.
  private var times: [Int] = []

  init(_ tier: ExecutionTier, deadline: Int, most: Int) {
    self.tier = tier
    self.deadline = deadline
    self.most = most
  }

  /// Runs a program; what was wrong, or nil.
  mutating func run(_ program: DeadlineProgram) -> String? {
    var configuration = Engine.Configuration()
    configuration.tier = tier
    configuration.compilation = .eager
    configuration.features = .all
    configuration.aheadThreads = 0
    let engine = Engine(configuration)
    let start: Int
    do throws(any Error) {
      let module = try engine.compile(text: program.text)
      if tier == .compiler, !module.functionsLeftToInterpreter.isEmpty { return "not compiled" }
      let linker = Linker(Store(engine))
      if program.isStart {
        try linker.store.setDeadline(after: .milliseconds(deadline))
        start = Self.processorTime()
        do { _ = try linker.instantiate(module) } catch { return judge(error, start, program) }
      } else {
        let run = try linker.instantiate(module).function("run")
        try linker.store.setDeadline(after: .milliseconds(deadline))
        start = Self.processorTime()
        do { _ = try run.call([]) } catch { return judge(error, start, program) }
      }
    } catch { return "\(error)" }
    return "it ended after \((Self.processorTime() - start) / 1000) ms"
  }

  private mutating func judge(_ error: any Error, _ start: Int, _ program: DeadlineProgram) -> String? {
    let time = Self.processorTime() - start
    guard (error as? Trap)?.kind == .deadlineExceeded else { return "\(error)" }
    times.append(time)
    if program.isEndless { endless += 1 }
    return time <= most * 1000 ? nil : "\(time / 1000) ms of processor time"
  }

  /// That of this thread, in microseconds.
  private static func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }

  func report() {
    guard !times.isEmpty else { return Swift.print("\(tier.rawValue): none ran") }
    let sorted = times.sorted()
    func percentile(_ part: Int) -> String {
      let time = sorted[min(sorted.count - 1, sorted.count * part / 1000)]
      return "\(time / 1000).\(time / 100 % 10)"
    }
    Swift.print(
      "\(tier.rawValue): \(times.count) programs trapped, \(endless) of them endless; ms of processor time: median \(percentile(500)), 99 % \(percentile(990)), 99.9 % \(percentile(999)), longest \(percentile(1000))"
    )
  }
}
