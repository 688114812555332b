#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a worker of `generate` counts, in memory that its parent reads and that outlives it.
final class GenerationBoard {
  enum Field: Int, CaseIterable {
    case number, finished, modules, long, trapping, throwing, stopped, invalid, different, instructions
  }

  private let words: UnsafeMutablePointer<UInt64>

  init?(path: String) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let size = Field.allCases.count * MemoryLayout<UInt64>.stride
    guard ftruncate(descriptor, off_t(size)) == 0,
      let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED
    else { return nil }
    words = base.bindMemory(to: UInt64.self, capacity: Field.allCases.count)
  }

  init() {
    words = .allocate(capacity: Field.allCases.count)
    words.initialize(repeating: 0, count: Field.allCases.count)
  }

  subscript(field: Field) -> UInt64 {
    get { words[field.rawValue] }
    set { words[field.rawValue] = newValue }
  }

  func reset() { words.update(repeating: 0, count: Field.allCases.count) }
}

/// Runs workers over a range of generated modules and sums up.
struct GenerationCampaign {
  private let options: GenerateCommand
  private let end: ContinuousClock.Instant?

  init(_ options: GenerateCommand) {
    self.options = options
    end = options.seconds.map { .now + .seconds($0) }
  }

  private struct Running {
    var process: pid_t
    var board: GenerationBoard
    var lastNumber: UInt64 = 0
    var lastChange = ContinuousClock.now
    var wasKilled = false
  }

  /// Whether there was no difference.
  func run() throws -> Bool {
    var totals = [UInt64](repeating: 0, count: GenerationBoard.Field.allCases.count)
    var crashes = 0
    var workers: [Running?] = (0..<options.jobs).map { start(job: $0, at: options.first + $0) }
    while workers.contains(where: { $0 != nil }) {
      usleep(10_000)
      for job in workers.indices {
        guard var worker = workers[job] else { continue }
        var status: Int32 = 0
        if waitpid(worker.process, &status, WNOHANG) != worker.process {
          let number = worker.board[.number]
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
        for field in GenerationBoard.Field.allCases { totals[field.rawValue] += worker.board[field] }
        workers[job] = nil
        if worker.board[.finished] == 1 { continue }
        crashes += 1
        guard worker.board[.number] > 0 else { continue }
        let number = Int(worker.board[.number]) - 1
        options.report(
          number, GenerateCommand.program(number, seed: options.seed).bytes,
          worker.wasKilled ? "hang" : "crash (signal \(status & 0x7F))")
        let next = number + options.jobs
        let found = crashes + Int(totals[GenerationBoard.Field.different.rawValue])
        if next < options.first + options.count, found < options.enough { workers[job] = start(job: job, at: next) }
      }
    }
    return report(totals, crashes)
  }

  private func start(job: Int, at first: Int) -> Running? {
    let path = "\(options.finds)/generation-\(job)"
    guard let board = GenerationBoard(path: path) else { return nil }
    board.reset()
    var words = ["generate", "--seed", "\(options.seed)", "--first", "\(first)", "--step", "\(options.jobs)"]
    words += ["--count", "\(max(1, options.first + options.count - first))", "--board", path, "--finds", options.finds]
    if let end { words += ["--seconds", "\(max(0, ContinuousClock.now.duration(to: end) / .seconds(1)))"] }
    guard let process = GenerateCommand.start(words, isQuiet: false) else { return nil }
    return Running(process: process, board: board)
  }

  private func report(_ totals: [UInt64], _ crashes: Int) -> Bool {
    func total(_ field: GenerationBoard.Field) -> UInt64 { totals[field.rawValue] }
    let modules = max(1, total(.modules))
    func share(_ count: UInt64) -> String { "\(count) (\(count * 100 / modules) %)" }
    print("modules: \(total(.modules))")
    print("past 10,000 instructions: \(share(total(.long)))")
    print("with a trap: \(share(total(.trapping)))")
    print("with an uncaught exception: \(share(total(.throwing)))")
    print("stopped by a deadline: \(total(.stopped))")
    print("invalid: \(total(.invalid))")
    print("instructions: \(total(.instructions))")
    print("differences: \(total(.different))")
    print("crashes and hangs: \(crashes)")
    return crashes == 0 && total(.different) == 0 && total(.invalid) == 0
  }
}
