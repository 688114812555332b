import ArgumentParser
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz tools`
struct ToolsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tools",
    abstract: "Make mutants of real modules and send those that are valid through every tool.",
    discussion: """
      A tool may refuse a module with its typed error; what it writes must validate, and its sections be in order. objdump and report run as processes \
      of the polymnia command that lies beside this one, if there is one. Workers do it, so that a crash or a hang ends \
      one of them only.

      Exit status: 0 if nothing was found and 10 % of the mutants were valid, else 1.
      """)

  @OptionGroup var campaign: CampaignOptions

  @Option(help: ArgumentHelp("The folder of the official scripts; without it there are only modules of ours."))
  var scripts = "../shared/testsuite"

  @Option(help: ArgumentHelp("The folder of the package.", valueName: "folder"))
  var package = "."

  @Flag(help: "Take the modules as they are, one after the other, instead of mutants of them.")
  var unchanged = false

  /// What a worker counts; behind it, for each tool, what it wrote and what it refused.
  enum Field: Int {
    case mutants = 2
    case texts, decoded, valid, finds
    static let firstTool = 8
  }

  func run() throws {
    if campaign.isWorker { return work() }
    let command = ["tools", "--scripts", scripts, "--package", package] + (unchanged ? ["--unchanged"] : [])
    // Made when there is something to write down.
    var corpus: Corpus?
    let result = try GenerationCampaign(campaign, command: command, finds: Field.finds.rawValue) { number, what in
      let modules = corpus ?? Corpus(scripts: scripts, package: package)
      corpus = modules
      report(number, mutant(number, of: modules), what)
    }.run()
    guard summary(result.totals, result.crashes) else { throw ExitCode(1) }
  }

  private func work() {
    let corpus = Corpus(scripts: scripts, package: package)
    let command = ToolProcess(folder: "\(campaign.finds)/tools-\(getpid())")
    defer { command?.remove() }
    campaign.work { number, board in
      let mutant = mutant(number, of: corpus)
      board[Field.mutants] += 1
      if mutant.isText { board[Field.texts] += 1 }
      let decoded =
        mutant.isText ? try? ModuleParser.parse(mutant.bytes).module : try? ModuleDecoder.decode(mutant.bytes)
      guard let decoded else { return }
      board[Field.decoded] += 1
      guard let validated = try? ModuleValidator.validate(decoded) else { return }
      board[Field.valid] += 1
      for (index, tool) in ToolTrial.tools.enumerated() {
        var trial = ToolTrial(
          corpus: corpus, random: RandomSource(seed: campaign.seed, number: number), command: command)
        switch trial.run(tool, validated) {
        case .written: board[Field.firstTool + index * 2] += 1
        case .refused: board[Field.firstTool + index * 2 + 1] += 1
        case .wrong(let what):
          board[Field.finds] += 1
          report(number, mutant, "\(tool.name): \(what)")
        }
      }
    }
  }

  private func mutant(_ number: Int, of corpus: Corpus) -> Mutant {
    unchanged
      ? Mutant(bytes: corpus.binaries[number % corpus.binaries.count], isText: false)
      : Mutator.mutant(number, seed: campaign.seed, of: corpus)
  }

  private func report(_ number: Int, _ mutant: Mutant, _ what: String) {
    Find(number: number, seed: campaign.seed, mutant: mutant).report(what, in: campaign.finds)
  }

  private func summary(_ totals: [UInt64], _ crashes: Int) -> Bool {
    func total(_ field: Field) -> UInt64 { totals[field.rawValue] }
    let mutants = max(1, total(.mutants))
    func share(_ count: UInt64) -> String { "\(count) (\(count * 100 / mutants) %)" }
    print("mutants: \(total(.mutants)), of them texts: \(total(.texts))")
    print("decoded: \(share(total(.decoded)))")
    print("valid: \(share(total(.valid)))")
    for (index, tool) in ToolTrial.tools.enumerated() {
      let (written, refused) = (totals[Field.firstTool + index * 2], totals[Field.firstTool + index * 2 + 1])
      print("  \(tool.name): \(written) \(tool.writesModule ? "written and valid" : "shown"), \(refused) refused")
    }
    print("finds: \(total(.finds))")
    print("crashes and hangs: \(crashes)")
    let isEnough = total(.valid) * 10 >= mutants
    if !isEnough { print("not reached: 10 % of the mutants are valid") }
    return crashes == 0 && total(.finds) == 0 && isEnough
  }
}
