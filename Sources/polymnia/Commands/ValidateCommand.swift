import ArgumentParser
import WebAssembly

/// `polymnia validate`: says what is wrong with modules.
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check that modules are valid.",
    discussion: "Silent where they are. Every file is checked, even after one that is not valid.")

  @OptionGroup var features: FeatureOptions

  @Option(
    help: ArgumentHelp("How many threads check functions; by default one for each processor.", valueName: "n"))
  var threads: ThreadCount?

  @Option(help: ArgumentHelp("Write how long each phase took, as JSON, to a file.", valueName: "file"))
  var timings: String?

  @Argument(help: ArgumentHelp("The modules.", valueName: "files"))
  var inputs: [String] = []

  func run() throws {
    guard !inputs.isEmpty else { throw ValidationError("Missing expected argument '<files> ...'") }
    let features = try features.set
    var clock = Timings()
    var diagnostics: [String] = []
    for path in inputs {
      do {
        let file = try clock.measure(.decode) { try ModuleFile(path: path, features: features) }
        try clock.measure(.validate) { try file.validate(features: features, threads: threads?.value) }
      } catch let failure as CommandFailure {
        diagnostics += failure.diagnostics
      }
    }
    if let timings { try clock.write(to: timings) }
    guard diagnostics.isEmpty else { throw CommandFailure(diagnostics: diagnostics) }
  }
}
