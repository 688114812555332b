import ArgumentParser
import WebAssembly

/// `polymnia parse`: text to binary.
struct ParseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parse",
    abstract: "Convert a module to the binary format.",
    discussion: "The module is not validated. A binary is written anew, in shortest form.")

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output: String?

  @Flag(name: .customLong("no-names"), help: "Write no name section for the identifiers of the text.")
  var omitsNames = false

  @Flag(help: "Write imports from one module as a group, which needs a reader with the feature compact-imports.")
  var compactImports = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    guard let output else { throw ValidationError("Missing expected option '--output <file>'") }
    let set = try features.set
    guard !compactImports || set.contains(.compactImports) else {
      throw ValidationError("--compact-imports needs the feature compact-imports, which is switched off")
    }
    let module = try ModuleFile(path: input, features: set, emitNames: !omitsNames).module
    let bytes = ModuleEncoder.encode(module, compactsImports: compactImports)
    var file = try OutputFile.create(output)
    file.write(bytes)
    try file.finish()
  }
}
