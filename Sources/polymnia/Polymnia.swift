import ArgumentParser

/// The root of the command line.
struct Polymnia: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polymnia",
    abstract: "Runs, checks and converts WebAssembly modules, with up to 100 memories each.",
    discussion: """
      Every FILE is a module in the binary or the text format, told apart by its contents; '-' is standard input.

      Exit status: 0 success, 1 an error in the input, 2 wrong usage, 134 a trap, 141 output that nobody reads any \
      more; of a program that calls proc_exit, its own.
      """,
    version: "polymnia \(version)",
    subcommands: [
      RunCommand.self, WastCommand.self, ValidateCommand.self, ParseCommand.self, PrintCommand.self,
      InspectCommand.self, LowerCommand.self, LinkCommand.self, BindMemoriesCommand.self, SpecializeCommand.self,
      DispatchCommand.self, CompileCommand.self,
      InstrumentCommand.self, ReportCommand.self, StripCommand.self, ObjdumpCommand.self, AddMemoryCommand.self,
    ])

  static let version = "0.1.0"
}

/// Exit statuses that do not come from a guest program.
enum ExitStatus {
  static let inputError: Int32 = 1
  static let usage: Int32 = 2
  static let trap: Int32 = 134
  /// The output was cut off by whoever read it: what shells say of a program that SIGPIPE has ended.
  static let brokenPipe: Int32 = 141
}
