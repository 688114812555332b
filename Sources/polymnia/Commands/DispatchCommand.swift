import ArgumentParser
import WebAssembly

/// `polymnia dispatch`: functions whose first operand is the index of a memory.
struct DispatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispatch",
    abstract: "Make functions that work on the memory whose index is their first operand.",
    discussion: """
      The function made of NAME is exported as NAME@*, and takes the place of an import of that name from the module \
      'specialized'. It branches to a copy for each memory, as specialize makes them; an index that is none of --memories \
      traps. What is refused is the same.
      """)

  @Option(help: ArgumentHelp("The memory that the functions work on now.", valueName: "name"))
  var from = "0"

  @Option(
    help: ArgumentHelp(
      "The memories to choose among, by name or index. By default all whose addresses have the same type.",
      valueName: "a,b,…"))
  var memories: String?

  @OptionGroup var arguments: SpecializationArguments

  func run() throws {
    let memories = memories.map { $0.parts(between: ",") }
    try arguments.run { (module, options) throws(TransformError) in
      try FunctionSpecialization.dispatch(
        module, functions: arguments.functions.all(), from: from, memories: memories, options: options)
    }
  }
}
