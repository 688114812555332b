import ArgumentParser
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a worker of a campaign counts, in memory that its parent reads and that outlives it.
final class CountBoard {
  /// The number of the module that is being tried, plus one.
  static let number = 0
  /// 1 once the worker has done all that it was to do.
  static let finished = 1
  static let count = 64 + Operator.opcodeLimit

  private let words: SharedWords

  init?(path: String) {
    guard let words = SharedWords(path: path, count: Self.count) else { return nil }
    self.words = words
  }

  init() { words = SharedWords(count: Self.count) }

  subscript(field: Int) -> UInt64 {
    get { words[field] }
    set { words[field] = newValue }
  }

  subscript<Field: RawRepresentable>(field: Field) -> UInt64 where Field.RawValue == Int {
    get { words[field.rawValue] }
    set { words[field.rawValue] = newValue }
  }

  func reset() { words.reset() }
}

/// Which modules a campaign tries, and how.
struct CampaignOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the random numbers begin.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("How many modules to make.", valueName: "number"))
  var count = 1000

  @Option(help: ArgumentHelp("The number of the first module.", valueName: "number"))
  var first = 0

  @Option(help: ArgumentHelp("Stop after so many seconds.", valueName: "seconds"))
  var seconds: Double?

  @Option(help: ArgumentHelp("How many workers.", valueName: "number"))
  var jobs = 2

  @Option(help: ArgumentHelp("Where modules that made a difference are written.", valueName: "folder"))
  var finds = ".build/finds"

  @Option(help: ArgumentHelp("Stop after so many finds.", valueName: "number"))
  var enough = 10

  @Flag(help: "Try the modules in this process.")
  var here = false

  @Option(help: ArgumentHelp("The worker's board.", visibility: .hidden))
  var board: String?

  @Option(help: ArgumentHelp("The distance between a worker's modules.", visibility: .hidden))
  var step = 1

  func validate() throws {
    guard count > 0, first >= 0, first <= Int.max - count else { throw ValidationError("No such numbers") }
    guard (1...64).contains(jobs) else { throw ValidationError("'--jobs' must be between 1 and 64") }
  }

  var isWorker: Bool { here || board != nil }

  /// Calls `body` with the numbers of this worker, one after the other.
  func work(_ body: (Int, CountBoard) -> Void) {
    let board = board.flatMap { CountBoard(path: $0) } ?? CountBoard()
    let end = seconds.map { ContinuousClock.now + .seconds($0) }
    var number = first
    while number < first + count {
      if let end, ContinuousClock.now >= end { break }
      board[CountBoard.number] = UInt64(number) + 1
      body(number, board)
      number += step
    }
    board[CountBoard.finished] = 1
  }
}

/// Runs workers over a range of generated modules and sums up.
struct GenerationCampaign {
  private let options: CampaignOptions
  /// The subcommand and options of its own.
  private let command: [String]
  private let end: ContinuousClock.Instant?
  /// Says what a module was that made a worker crash or hang.
  private let reportCrash: (_ number: Int, _ what: String) -> Void
  /// The counter of finds, of which a few are enough.
  private let finds: Int

  init(
    _ options: CampaignOptions, command: [String], finds: Int, reportCrash: @escaping (Int, String) -> Void
  ) throws {
    self.options = options
    self.command = command
    self.finds = finds
    self.reportCrash = reportCrash
    end = options.seconds.map { .now + .seconds($0) }
    try makeFolder(options.finds)
  }

  private struct Running {
    var process: pid_t
    var board: CountBoard
    var lastNumber: UInt64 = 0
    var lastChange = ContinuousClock.now
    var wasKilled = false
  }

  /// The sums of what the workers counted, and the number of crashes and hangs.
  func run() throws -> (totals: [UInt64], crashes: Int) {
    var totals = [UInt64](repeating: 0, count: CountBoard.count)
    var crashes = 0
    var workers: [Running?] = try (0..<options.jobs).map { try start(job: $0, at: options.first + $0) }
    while workers.contains(where: { $0 != nil }) {
      usleep(10_000)
      for job in workers.indices {
        guard var worker = workers[job] else { continue }
        var status: Int32 = 0
        if waitpid(worker.process, &status, WNOHANG) != worker.process {
          let number = worker.board[CountBoard.number]
          if number != worker.lastNumber {
            worker.lastNumber = number
            worker.lastChange = .now
          } else if worker.lastChange.duration(to: .now) > .seconds(60) {
            worker.wasKilled = true
            kill(worker.process, SIGKILL)
          }
          workers[job] = worker
          continue
        }
        for field in totals.indices { totals[field] &+= worker.board[field] }
        workers[job] = nil
        unlink(boardPath(job))
        if worker.board[CountBoard.finished] == 1 { continue }
        crashes += 1
        guard worker.board[CountBoard.number] > 0 else { continue }
        let number = Int(worker.board[CountBoard.number]) - 1
        reportCrash(number, worker.wasKilled ? "hang" : "crash (signal \(status & 0x7F))")
        let next = number + options.jobs
        let found = crashes + Int(totals[finds])
        if next < options.first + options.count, found < options.enough { workers[job] = try start(job: job, at: next) }
      }
    }
    return (totals, crashes)
  }

  /// Several campaigns may use one folder.
  private func boardPath(_ job: Int) -> String { "\(options.finds)/generation-\(getpid())-\(job)" }

  private func start(job: Int, at first: Int) throws -> Running {
    let path = boardPath(job)
    guard let board = CountBoard(path: path) else { throw ValidationError("'\(path)' cannot be written") }
    board.reset()
    var words = command + ["--seed", "\(options.seed)", "--first", "\(first)", "--step", "\(options.jobs)"]
    words += ["--count", "\(max(1, options.first + options.count - first))", "--board", path, "--finds", options.finds]
    if let end { words += ["--seconds", "\(max(0, ContinuousClock.now.duration(to: end) / .seconds(1)))"] }
    guard let process = GenerateCommand.start(words, isQuiet: false) else {
      throw ValidationError("a worker cannot be started")
    }
    return Running(process: process, board: board)
  }
}
