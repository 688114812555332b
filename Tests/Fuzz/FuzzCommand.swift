import ArgumentParser
import WastRunner

/// The root of the fuzzers' command line.
@main
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polymnia-fuzz",
    abstract: "Tries damaged and recombined modules on every part of Polymnia.",
    subcommands: [
      MutateCommand.self, GenerateCommand.self, LowerCommand.self, LinkCommand.self, ToolsCommand.self,
      TrapsCommand.self, DeadlinesCommand.self, BombsCommand.self, FailuresCommand.self, GrowthCommand.self,
      CompileCommand.self, CheckCommand.self,
      WorkerCommand.self, FailureWorkerCommand.self,
    ])
}

/// Where mutants come from.
struct CorpusOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the random numbers begin.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The folder of the official scripts; without it there are only modules of ours."))
  var scripts = "../shared/testsuite"

  @Option(help: ArgumentHelp("The folder of the package.", valueName: "folder"))
  var package = "."

  func corpus() -> Corpus { Corpus(scripts: scripts, package: package) }

  /// The same options as words for a worker.
  var words: [String] { ["--seed", "\(seed)", "--scripts", scripts, "--package", package] }
}

/// `polymnia-fuzz mutate`
struct MutateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate",
    abstract: "Make mutants of real modules and try them.",
    discussion: """
      Each mutant is decoded, printed, validated, taken from one format to the other and back, and executed in both kinds \
      of bounds. Workers do it, so that a crash or a hang ends one of them only; the mutant is then written to a file.

      Exit status: 0 if nothing was found and enough mutants came far enough, else 1.
      """)

  @OptionGroup var corpus: CorpusOptions

  @Option(help: ArgumentHelp("How many mutants to try.", valueName: "number"))
  var count = 10_000

  @Option(help: ArgumentHelp("The number of the first mutant.", valueName: "number"))
  var first = 0

  @Option(help: ArgumentHelp("Stop after so many seconds.", valueName: "seconds"))
  var seconds: Double?

  @Option(help: ArgumentHelp("How many workers.", valueName: "number"))
  var jobs = 2

  @Option(help: ArgumentHelp("Where mutants that found something are written.", valueName: "folder"))
  var finds = ".build/finds"

  func validate() throws {
    guard count > 0, first >= 0, first <= Int.max - count else { throw ValidationError("No such numbers") }
    guard (1...64).contains(jobs) else { throw ValidationError("'--jobs' must be between 1 and 64") }
  }

  func run() throws {
    guard try Campaign(self).run() else { throw ExitCode(1) }
  }
}

/// `polymnia-fuzz check`
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Try files, or one mutant again, in this process.")

  @OptionGroup var corpus: CorpusOptions

  @Option(help: ArgumentHelp("The number of a mutant.", valueName: "number"))
  var number: Int?

  @Argument(help: "Modules; those whose names end in '.wat' are texts.")
  var files: [String] = []

  func run() throws {
    let trial = Trial(board: Board())
    var failed = false
    func check(_ name: String, _ mutant: Mutant, _ number: Int) {
      do {
        try trial.run(mutant, number: number)
        print("\(name): nothing found")
      } catch {
        print("\(name): \(error)")
        failed = true
      }
    }
    for file in files {
      check(file, Mutant(bytes: try ScriptFiles.read(file), isText: file.hasSuffix(".wat")), number ?? 1)
    }
    if files.isEmpty, let number {
      check("mutant \(number)", Mutator.mutant(number, seed: corpus.seed, of: corpus.corpus()), number)
    }
    for tally in Tally.allCases where trial.board[tally] > 0 { print("\(tally.title): \(trial.board[tally])") }
    if failed { throw ExitCode(1) }
  }
}

/// `polymnia-fuzz work`: what a worker of `mutate` executes.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "work", shouldDisplay: false)

  @OptionGroup var corpus: CorpusOptions
  @Option var first: Int
  @Option var end: Int
  @Option var step: Int
  @Option var seconds: Double?
  @Option var board: String
  @Option var finds: String

  func run() throws {
    guard let board = Board(path: board) else { throw ExitCode(1) }
    Worker(self, board).run()
  }
}
