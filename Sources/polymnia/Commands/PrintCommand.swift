import ArgumentParser
import WebAssembly

/// `polymnia print`: binary to text.
struct PrintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print",
    abstract: "Convert a module to the text format.",
    discussion: "The text parses back to the same module, with the names of its name section as identifiers.")

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output = "-"

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    let file = try ModuleFile(path: input, features: features.set)
    var text = try OutputFile.create(output)
    do throws(ModuleError) {
      try ModulePrinter.print(file.module) { text.write($0) }
    } catch {
      throw file.failure(error)
    }
    try text.finish()
  }
}
