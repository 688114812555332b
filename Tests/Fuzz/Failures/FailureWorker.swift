import ArgumentParser
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Which uses of a call are refused while a program runs.
enum FailurePlan: Equatable {
  /// The n-th.
  case use(Int)
  /// Each with the probability of an eighth, as the seed has it.
  case storm(UInt64)

  init?(_ word: Substring) {
    guard let number = UInt64(word.dropFirst()) else { return nil }
    switch word.first {
    case "u": self = .use(Int(number))
    case "s": self = .storm(number)
    default: return nil
    }
  }

  var word: String {
    switch self {
    case .use(let number): "u\(number)"
    case .storm(let seed): "s\(seed)"
    }
  }

  func isRefused(_ use: Int) -> Bool {
    switch self {
    case .use(let number): return use == number
    case .storm(let seed):
      var random = RandomSource(seed: seed, number: use)
      return random.below(8) == 0
    }
  }
}

/// `polymnia-fuzz fail`: a worker of `failures`. Runs programs one after another, each with one call refused, and prints a line
/// before each and one after it.
struct FailureWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "fail", shouldDisplay: false)

  @OptionGroup var corpus: CorpusOptions
  @Option var engine: String
  /// Without one nothing is refused, and the uses of each call are counted.
  @Option var call: String?
  /// Numbers of programs with the words of plans: `3:u1,4:s9`.
  @Option var plans: String

  func run() throws {
    guard let tier = ExecutionTier(rawValue: engine) else { throw ExitCode(2) }
    let programs = try FailureProgram.all(corpus)
    for part in plans.split(separator: ",") {
      let words = part.split(separator: ":")
      guard words.count == 2, let number = Int(words[0]), programs.indices.contains(number),
        let plan = FailurePlan(words[1])
      else { throw ExitCode(2) }
      try printLine("begin\t\(part)")
      if let call {
        guard let call = SystemCall(rawValue: call) else { throw ExitCode(2) }
        let failures = InjectedFailures(call, in: .process) { plan.isRefused($0) }
        let outcome = failures.run { programs[number].run(tier) }
        try printLine("end\t\(failures.refusalCount)\t\(outcome.line)")
      } else {
        let counters = SystemCall.allCases.map { InjectedFailures($0, in: .process) { _ in false } }
        let outcome = Self.run(programs[number], tier, counters[...])
        try printLine("end\t\(counters.map { "\($0.useCount)" }.joined(separator: " "))\t\(outcome.line)")
      }
    }
    try printLine("done")
  }

  private static func run(
    _ program: FailureProgram, _ tier: ExecutionTier, _ counters: ArraySlice<InjectedFailures>
  ) -> FailureOutcome {
    guard let first = counters.first else { return program.run(tier) }
    return first.run { run(program, tier, counters.dropFirst()) }
  }

  /// At once: a crash must leave it behind.
  private func printLine(_ text: String) throws {
    let bytes = Array((text + "\n").utf8)
    guard write(1, bytes, bytes.count) == bytes.count else { throw ExitCode(3) }
  }
}
