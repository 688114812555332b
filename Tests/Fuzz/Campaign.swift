import ArgumentParser

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Runs workers over a range of mutants, watches them, and sums up.
struct Campaign {
  private let options: MutateCommand
  private let folder: String
  private let end: ContinuousClock.Instant?

  /// A mutant that keeps a worker longer than this hangs. Far more than a mutant may take, since other processes may want
  /// the processor.
  private static let patience = Duration.seconds(10)
  private static let memoryLimit: UInt64 = 1 << 20

  init(_ options: MutateCommand) throws {
    self.options = options
    end = options.seconds.map { .now + .seconds($0) }
    try makeFolder(options.finds)
    folder = options.finds
  }

  /// A worker and what is known of it.
  private struct Running {
    var process: pid_t
    var board: Board
    var lastNumber = -1
    var lastChange = ContinuousClock.now
    var wasKilled = false
  }

  /// Whether all went well.
  func run() throws -> Bool {
    var totals = [UInt64](repeating: 0, count: Tally.allCases.count)
    var peak: UInt64 = 0
    var longest: UInt64 = 0
    var workers: [Running?] = try (0..<options.jobs).map { try start(job: $0, at: options.first + $0) }
    // Made when a worker dies, to write down what it died of.
    var corpus: Corpus?
    while workers.contains(where: { $0 != nil }) {
      usleep(20_000)
      for job in workers.indices {
        guard var worker = workers[job] else { continue }
        var status: Int32 = 0
        let hasEnded = waitpid(worker.process, &status, WNOHANG) == worker.process
        if !hasEnded {
          watch(&worker)
          workers[job] = worker
          continue
        }
        for tally in Tally.allCases { totals[tally.rawValue] += worker.board[tally] }
        peak = max(peak, worker.board.peak)
        longest = max(longest, worker.board.longest)
        workers[job] = nil
        if worker.board.isFinished && status == 0 { continue }
        if worker.board[.mutants] == 0 && worker.board.phase == .idle {
          print("a worker ended before its first mutant, with status \(status)")
          return false
        }
        let number = worker.board.number
        totals[(worker.wasKilled ? Tally.hangs : Tally.crashes).rawValue] += 1
        if corpus == nil { corpus = options.corpus.corpus() }
        if let corpus {
          let mutant = Mutator.mutant(number, seed: options.corpus.seed, of: corpus)
          Find(number: number, seed: options.corpus.seed, mutant: mutant).report(
            "\(worker.wasKilled ? "hang" : "crash (signal \(status & 0x7F))") in phase \(worker.board.phase)",
            in: folder)
        }
        let next = number + options.jobs
        if next < options.first + options.count { workers[job] = try start(job: job, at: next) }
      }
    }
    return report(totals, peak: peak, longest: longest)
  }

  private func watch(_ worker: inout Running) {
    let number = worker.board.phase == .idle && worker.board[.mutants] == 0 ? -1 : worker.board.number
    if number != worker.lastNumber {
      worker.lastNumber = number
      worker.lastChange = .now
    } else if number >= 0, worker.lastChange.duration(to: .now) > Self.patience {
      worker.wasKilled = true
      kill(worker.process, SIGKILL)
    }
  }

  private func start(job: Int, at first: Int) throws -> Running {
    let path = "\(folder)/board-\(job)"
    guard let board = Board(path: path) else { throw ValidationError("'\(path)' cannot be written") }
    board.reset()
    var words = ["polymnia-fuzz", "work"] + options.corpus.words
    words += ["--first", "\(first)", "--end", "\(options.first + options.count)", "--step", "\(options.jobs)"]
    words += ["--board", path, "--finds", folder]
    if let end {
      let left = ContinuousClock.now.duration(to: end)
      words += ["--seconds", "\(max(0, left / .seconds(1)))"]
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    #if os(Linux)
      let executable = "/proc/self/exe"
    #else
      let executable = CommandLine.arguments[0]
    #endif
    var process = pid_t()
    guard posix_spawn(&process, executable, nil, nil, arguments, environ) == 0 else {
      throw ValidationError("no worker can be started")
    }
    return Running(process: process, board: board)
  }

  // MARK: Report

  private func report(_ totals: [UInt64], peak: UInt64, longest: UInt64) -> Bool {
    let mutants = max(1, totals[Tally.mutants.rawValue])
    let width = Tally.allCases.map(\.title.count).max() ?? 0
    for tally in Tally.allCases {
      let count = totals[tally.rawValue]
      let share = tally.rawValue < Tally.calls.rawValue ? "  \(percent(count, of: mutants))" : ""
      print(pad(tally.title, to: width) + pad("\(count)", to: -10) + share)
    }
    print("most memory of a worker: \(peak >> 10) MB; longest mutant: \(longest / 1000) ms of processor time")
    var isGood = true
    func require(_ condition: Bool, _ what: String) {
      if !condition { print("not reached: \(what)") }
      isGood = isGood && condition
    }
    for tally in [Tally.mismatches, .slow, .crashes, .hangs] {
      require(totals[tally.rawValue] == 0, "no \(tally.title)")
    }
    require(peak < Self.memoryLimit, "less than 1 GB of memory")
    require(
      totals[Tally.reachedFunctions.rawValue] * 10 >= mutants * 3,
      "30 % of the mutants reach the validation of functions")
    require(totals[Tally.validated.rawValue] * 10 >= mutants, "10 % of the mutants are valid")
    return isGood
  }

  private func percent(_ count: UInt64, of total: UInt64) -> String {
    let tenths = count * 1000 / total
    return "\(tenths / 10).\(tenths % 10) %"
  }

  /// Fills a text with spaces, on the left where the width is negative.
  private func pad(_ text: String, to width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? spaces + text : text + spaces
  }
}
