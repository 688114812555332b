import ArgumentParser
import WasmEngine

/// `polymnia-fuzz failures`
struct FailuresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failures",
    abstract: "Run programs while the system refuses one call after the other.",
    discussion: """
      The scripts of multi-memory and memory64, five examples and twelve generated modules run on both engines, each time with one use of one of the \
      engine's calls of the operating system refused: the first uses, some by chance, and an eighth of all. What must come of \
      it is the same result, by a weaker kind of memory or without machine code, or an error of the library's. Other \
      processes run them, so that a crash ends one of these alone.

      Then they run as they are with less and less address space.

      Exit status: 0 if nothing was found and something was refused, else 1.
      """)

  @OptionGroup var corpus: CorpusOptions

  @Option(help: ArgumentHelp("Refuse each of the first uses up to this.", valueName: "number"))
  var uses = 20

  @Option(help: ArgumentHelp("Refuse so many further uses, by chance.", valueName: "number"))
  var random = 50

  @Option(help: ArgumentHelp("So many runs in which an eighth of all uses is refused.", valueName: "number"))
  var storms = 2

  @Option(help: ArgumentHelp("One call alone.", valueName: "name"))
  var call: String?

  @Option(
    help: ArgumentHelp(
      "Limit the address space to 16 GiB and less, in steps of so many MiB; 0 for no such runs.", valueName: "number"))
  var addressStep = 512

  @Option(help: ArgumentHelp("How many workers.", valueName: "number"))
  var jobs = 2

  @Option(help: ArgumentHelp("Where what the workers print is kept.", valueName: "folder"))
  var finds = ".build/finds"

  func validate() throws {
    guard (0...1000).contains(uses), (0...10_000).contains(random), (0...1000).contains(storms),
      (0...16_384).contains(addressStep)
    else { throw ValidationError("No such numbers") }
    guard (1...64).contains(jobs) else { throw ValidationError("'--jobs' must be between 1 and 64") }
    if let call, SystemCall(rawValue: call) == nil {
      let names = SystemCall.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'--call' must be one of \(names)")
    }
  }

  func run() throws {
    var campaign = try FailureCampaign(self)
    guard try campaign.run() else { throw ExitCode(1) }
  }
}
