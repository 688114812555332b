import ArgumentParser
import WebAssembly

/// What the commands that make a module out of another one have in common: the two files, and how they tell what they did.
struct TransformArguments: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output: String?

  @Flag(help: "Print what was done as JSON, on standard output.")
  var json = false

  @Flag(help: "Print nothing but errors and warnings.")
  var quiet = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  /// The two files.
  ///
  /// - Throws: a `ValidationError` where one is missing. They are optional so that `--features help` needs none.
  var paths: (input: String, output: String) {
    get throws {
      guard let input else { throw ValidationError("Missing expected argument '<file>'") }
      guard let output else { throw ValidationError("Missing expected option '--output <file>'") }
      if json, output == "-" { throw ValidationError("--json and the module cannot both go to standard output") }
      return (input, output)
    }
  }

  /// Says what was done: on standard error, or as JSON on standard output.
  func tell(_ text: @autoclosure () -> String, _ report: @autoclosure () -> JSON) throws {
    if json {
      var output = OutputFile.standardOutput
      output.write(report().text)
      try output.finish()
    } else if !quiet {
      printError(text())
    }
  }
}
