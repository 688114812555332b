import ArgumentParser
import WebAssembly

/// `polymnia specialize`: copies of functions for other memories.
struct SpecializeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "specialize",
    abstract: "Copy functions, and all that they call, so that the copies work on another memory.",
    discussion: """
      The copy of NAME for --memory 0=2 is exported as NAME@2, and takes the place of an import of that name from the \
      module 'specialized'. What a copy would not do as it should is refused: calls through tables and of imports, a \
      stack in memory, static data.
      """)

  @Option(
    name: .customLong("memory"), parsing: .singleValue,
    help: ArgumentHelp("The memory to replace and the one to take its place, by name or index.", valueName: "from=to"))
  var memories: [Many<String>] = []

  @OptionGroup var arguments: SpecializationArguments

  func run() throws {
    var pairs: [(from: String, to: String)] = []
    for text in memories.all() {
      guard let (from, to) = text.cut(atLast: "="), !from.isEmpty, !to.isEmpty else {
        throw ValidationError("--memory \(name: text): expected FROM=TO")
      }
      pairs.append((from, to))
    }
    guard !pairs.isEmpty else { throw ValidationError("Missing expected option '--memory <from=to>'") }
    try arguments.run { (module, options) throws(TransformError) in
      try FunctionSpecialization.specialize(
        module, functions: arguments.functions.all(), memories: pairs, options: options)
    }
  }
}
