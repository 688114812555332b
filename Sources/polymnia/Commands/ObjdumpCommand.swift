import ArgumentParser
import WebAssembly

/// `polymnia objdump`: the places of everything in a binary.
struct ObjdumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "objdump",
    abstract: "Show where things are in a module: sections, bodies, instructions.",
    discussion: """
      Without options, a table of the sections. Places are bytes from the start of the module; those with a '+' are \
      bytes from the start of a function's body. A module in the text format is shown as 'polymnia parse' writes it. The \
      module is not validated.
      """)

  @Option(
    help: ArgumentHelp(
      "Show what is in a section, given by its name: 'code', 'data', 'name', '.debug_info'.", valueName: "name"))
  var section: [Many<String>] = []

  @Option(
    help: ArgumentHelp("Show the instructions of a function, given by its index, name or export.", valueName: "name"))
  var function: [Many<String>] = []

  @Flag(name: .shortAndLong, help: "Show the instructions of all functions.")
  var disassemble = false

  @Flag(help: "Write JSON.")
  var json = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    if json, !section.isEmpty { throw ValidationError("--json shows all sections; --section is for text") }
    let file = try ModuleFile(path: input, features: features.set)
    var output = OutputFile.standardOutput
    do {
      let dump = try ObjectDump(file)
      let functions = try functions(of: dump)
      if json {
        output.write(try dump.json(functions: functions).text)
      } else {
        try write(dump, functions, to: &output)
      }
    } catch let error as ModuleError {
      // What came before the place of the error is shown.
      try output.finish()
      throw file.failure(error)
    }
    try output.finish()
  }

  private func write(_ dump: ObjectDump, _ functions: [Int], to output: inout OutputFile) throws {
    if section.isEmpty, functions.isEmpty, !disassemble { dump.writeOverview(to: &output) }
    for name in section.all() {
      let found = dump.sections(named: name)
      guard !found.isEmpty else {
        let all = "\(names: dump.sections.map(\.name))"
        throw CommandFailure(dump.file, "there is no section '\(name: name)'; there are: \(all)")
      }
      for section in found { dump.write(section, to: &output) }
    }
    var listing = FunctionListing(dump.module)
    for function in functions { try dump.writeFunction(function, &listing, to: &output) }
  }

  private func functions(of dump: ObjectDump) throws -> [Int] {
    if disassemble { return Array(dump.module.bodies.indices) }
    return try function.all().map { text in
      guard let number = dump.function(text) else {
        throw CommandFailure(dump.file, "there is no function '\(name: text)'")
      }
      guard number >= 0 else { throw CommandFailure(dump.file, "function '\(name: text)' is imported: it has no body") }
      return number
    }
  }
}
