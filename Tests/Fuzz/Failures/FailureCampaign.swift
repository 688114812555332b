import ArgumentParser
import WasmEngine
import WastRunner

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Runs the workers of `failures` and compares what they print.
struct FailureCampaign {
  private let options: FailuresCommand
  private let programs: [FailureProgram]
  private let calls: [SystemCall]
  private var finds: [String] = []
  private var total = Tally()

  /// What came of refusals.
  private struct Tally {
    var refusals = 0
    var same = 0
    var typedErrors = 0

    static func += (left: inout Tally, right: Tally) {
      left.refusals += right.refusals
      left.same += right.same
      left.typedErrors += right.typedErrors
    }
  }

  /// A program with a plan.
  private struct Trial {
    var program: Int
    var plan: FailurePlan
    var word: String { "\(program):\(plan.word)" }
  }

  /// What one worker is to do.
  private struct Batch {
    var tier: ExecutionTier
    var call: SystemCall?
    var trials: [Trial]
    /// In MiB.
    var addressSpace: Int?
  }

  /// A batch under way.
  private struct Running {
    var batch: Batch
    var process: pid_t
    var output: String
    var started = ContinuousClock.now
  }

  /// Whoever takes longer hangs.
  private static let patience = Duration.seconds(120)

  init(_ options: FailuresCommand) throws {
    self.options = options
    programs = try FailureProgram.all(options.corpus)
    calls = SystemCall.allCases.filter { options.call == nil || options.call == $0.rawValue }
    try makeFolder(options.finds)
  }

  /// Whether nothing was found.
  mutating func run() throws -> Bool {
    for tier in ExecutionTier.allCases {
      let all = programs.indices.map { Trial(program: $0, plan: .use(0)) }
      var expected: [Int: FailureOutcome] = [:]
      var uses: [Int: [Int]] = [:]
      try run([Batch(tier: tier, call: nil, trials: all)]) { trial, first, outcome, _ in
        expected[trial.program] = outcome
        uses[trial.program] = first.split(separator: " ").map { Int($0) ?? 0 }
      }
      guard expected.count == programs.count else { return report() }
      for call in calls {
        guard let place = SystemCall.allCases.firstIndex(of: call) else { continue }
        let counts = programs.indices.map { uses[$0]?[place] ?? 0 }
        try runRefusals(tier, call, counts, expected)
      }
      try runLimited(tier, all, expected)
    }
    return report()
  }

  private mutating func runRefusals(
    _ tier: ExecutionTier, _ call: SystemCall, _ counts: [Int], _ expected: [Int: FailureOutcome]
  ) throws {
    var batches: [Batch] = []
    for use in 1...max(1, options.uses) where options.uses > 0 {
      // Each begins with another program: the first one of a process makes what the process has once.
      let trials = programs.indices.map { ($0 + use) % programs.count }.filter { counts[$0] >= use }
        .map { Trial(program: $0, plan: .use(use)) }
      // What is used once in a process is so by its first program.
      batches.append(
        Batch(tier: tier, call: call, trials: trials.isEmpty ? [Trial(program: 0, plan: .use(use))] : trials))
    }
    var random = RandomSource(seed: options.corpus.seed, number: batches.count)
    let used = programs.indices.filter { counts[$0] > 0 }
    if !used.isEmpty, options.random > 0 {
      let trials = (0..<options.random).map { _ in
        let program = random.pick(used)
        return Trial(program: program, plan: .use(1 + random.below(counts[program])))
      }
      batches.append(Batch(tier: tier, call: call, trials: trials))
    }
    for storm in 0..<options.storms {
      let trials = programs.indices.map { Trial(program: $0, plan: .storm(UInt64(storm * 1000 + $0))) }
      batches.append(Batch(tier: tier, call: call, trials: trials))
    }
    var tally = Tally()
    try run(batches) { trial, first, outcome, finds in
      let refusals = Int(first) ?? 0
      tally.refusals += refusals
      switch expected[trial.program].map({ outcome.compared(with: $0, refusing: call) }) ?? .same {
      case .same: tally.same += refusals
      case .typedError: tally.typedErrors += refusals
      case .wrong(let what): finds.append("wrong result: \(what)")
      }
    }
    total += tally
    print(
      "\(tier.rawValue), \(call.rawValue): \(tally.refusals) refused; \(tally.same) with the same result, "
        + "\(tally.typedErrors) with an error")
  }

  /// The same programs under limits of the address space, in which nothing is refused but by the system.
  private mutating func runLimited(
    _ tier: ExecutionTier, _ all: [Trial], _ expected: [Int: FailureOutcome]
  ) throws {
    guard options.addressStep > 0, options.call == nil else { return }
    let sizes = stride(from: 16_384, through: 1024, by: -options.addressStep)
    var errors = 0
    try run(sizes.map { Batch(tier: tier, call: nil, trials: all, addressSpace: $0) }) { trial, _, outcome, finds in
      switch expected[trial.program].map({ outcome.compared(with: $0, refusing: nil) }) ?? .same {
      case .same: break
      case .typedError: errors += 1
      case .wrong(let what): finds.append("wrong result: \(what)")
      }
    }
    let runs = Array(sizes).count * programs.count
    print("\(tier.rawValue), 1 to 16 GiB of addresses: \(runs) runs, \(errors) with an error")
  }

  private func report() -> Bool {
    for find in finds { print(find) }
    print(
      "\(total.refusals) calls refused: \(total.same) with the same result, \(total.typedErrors) with an error; "
        + "\(finds.count) finds")
    return finds.isEmpty && total.refusals > 0
  }

  // MARK: Workers

  /// Runs batches, several at a time. `take` gets each program's outcome; what it appends is found. After a crash what is
  /// left of a batch goes on in another process.
  private mutating func run(
    _ batches: [Batch], take: (Trial, Substring, FailureOutcome, inout [String]) -> Void
  ) throws {
    var pending = Array(batches.reversed())
    var running: [Int: Running] = [:]
    while !pending.isEmpty || !running.isEmpty {
      for job in 0..<options.jobs where running[job] == nil {
        guard let batch = pending.popLast() else { break }
        running[job] = try start(batch, job)
      }
      usleep(5_000)
      for (job, worker) in running {
        var status: Int32 = 0
        let hangs = worker.started.duration(to: .now) > Self.patience
        if hangs { kill(worker.process, SIGKILL) }
        guard waitpid(worker.process, &status, hangs ? 0 : WNOHANG) == worker.process else { continue }
        running[job] = nil
        let done = try finish(worker, hangs ? "hang" : "crash (status \(status))", take)
        if done < worker.batch.trials.count {
          var rest = worker.batch
          rest.trials.removeFirst(done)
          if !rest.trials.isEmpty { pending.append(rest) }
        }
      }
    }
  }

  /// Reads what a worker has printed. The result is how many programs are done with.
  private mutating func finish(
    _ worker: Running, _ death: String, _ take: (Trial, Substring, FailureOutcome, inout [String]) -> Void
  ) throws -> Int {
    let text = String(decoding: try ScriptFiles.read(worker.output), as: UTF8.self)
    var done = 0
    var isFinished = false
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
      if fields[0] == "done" { isFinished = true }
      guard fields[0] == "end", fields.count == 3, done < worker.batch.trials.count,
        let outcome = FailureOutcome(line: String(fields[2]))
      else { continue }
      let trial = worker.batch.trials[done]
      done += 1
      var found: [String] = []
      take(trial, fields[1], outcome, &found)
      for find in found { finds.append("\(name(worker.batch, trial)): \(find)") }
    }
    if isFinished { return worker.batch.trials.count }
    guard done < worker.batch.trials.count else { return done }
    finds.append("\(name(worker.batch, worker.batch.trials[done])): \(death)")
    return done + 1
  }

  private func name(_ batch: Batch, _ trial: Trial) -> String {
    var name = batch.tier.rawValue
    if let call = batch.call { name += ", \(call.rawValue) \(trial.plan.word)" }
    if let size = batch.addressSpace { name += ", \(size) MiB of addresses" }
    return name + ", \(programs[trial.program].name) (\(trial.word))"
  }

  private func start(_ batch: Batch, _ job: Int) throws -> Running {
    let output = "\(options.finds)/failures-\(job)"
    var words = ["polymnia-fuzz", "fail", "--engine", batch.tier.rawValue] + options.corpus.words
    if let call = batch.call { words += ["--call", call.rawValue] }
    words += ["--plans", batch.trials.map(\.word).joined(separator: ",")]
    var executable = CommandLine.arguments[0]
    #if os(Linux)
      executable = "/proc/self/exe"
      if let size = batch.addressSpace {
        // Only a shell sets limits for what it executes.
        words =
          ["sh", "-c", "ulimit -v \(size << 10); exec \"$0\" \"$@\"", "/proc/\(getpid())/exe"] + words.dropFirst()
        executable = "/bin/sh"
      }
    #endif
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, output + ".errors", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    var process = pid_t()
    guard posix_spawn(&process, executable, &actions, nil, arguments, environ) == 0 else {
      throw ValidationError("no worker can be started")
    }
    return Running(batch: batch, process: process, output: output)
  }
}
