import ArgumentParser
import WASI
import WasmEngine
import WebAssembly

/// `polymnia run`: executes a program, or one function.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    _superCommandName: "polymnia",
    abstract: "Run a WASI program, or one exported function.",
    usage: "polymnia run [<options>] <file> [<arguments> ...]",
    discussion: """
      Without '--invoke', the module is a WASI program: its '_start' is called. It sees the arguments behind the file, \
      the variables given with '--env', the folders given with '--dir', and nothing else.

      With '--invoke', an exported function is called with the arguments behind the file, and its results are printed, \
      one a line: integers signed, floats in the fewest digits that read back as the same number, v128 as one \
      hexadecimal number.

      Everything behind the file belongs to the program, options too.
      """)

  @Option(help: ArgumentHelp("Call an exported function instead of '_start'.", valueName: "name"))
  var invoke: String?

  @Option(
    name: .customLong("link"),
    help: ArgumentHelp(
      "Instantiate a module first, whose exports can then be imported from <name>, and call its '_initialize'. May be "
        + "repeated; each module may import from those before it, and from WASI.", valueName: "name=file"))
  var links: [Many<LinkedFile>] = []

  @OptionGroup var engineOptions: EngineOptions

  @Option(
    name: .customLong("dir"),
    help: ArgumentHelp("Let the program use a folder, by default under the same name.", valueName: "host[::guest]"))
  var folders: [Many<Folder>] = []

  @Option(
    name: .customLong("env"),
    help: ArgumentHelp("Set a variable of the program's environment.", valueName: "name=value"))
  var variables: [Many<Variable>] = []

  @Option(
    help: ArgumentHelp(
      "The exported memory that the program's pointers mean; by default 'memory'.", valueName: "name"))
  var wasiMemory: String?

  @Option(help: ArgumentHelp("Trap after so many instructions.", valueName: "n"))
  var fuel: Fuel?

  @Option(help: ArgumentHelp("Trap after so many seconds, from when all is loaded.", valueName: "seconds"))
  var timeout: Seconds?

  @Option(
    help: ArgumentHelp(
      "Refuse memory beyond so many bytes: all memories, tables and exceptions together. K, M and G may follow.",
      valueName: "bytes"))
  var maxMemory: ByteCount?

  @Option(
    help: ArgumentHelp("How many threads validate and compile; by default one for each processor.", valueName: "n"))
  var threads: ThreadCount?

  @Flag(
    inversion: .prefixedNo,
    help: """
      Keep machine code for the next run, in 'polymnia' below $XDG_CACHE_HOME or ~/.cache. By default that is done for \
      binary modules from a megabyte on.
      """)
  var cache: Bool?

  @Flag(
    help: """
      The file is what 'polymnia compile' has written, and its machine code is executed as it is: only for files that \
      nobody else can have written or changed.
      """)
  var precompiled = false

  @Flag(help: "Write the names of functions in machine code to /tmp/perf-PID.map, where perf looks for them.")
  var perfMap = false

  @Flag(
    name: .customLong("jitdump"),
    help: "Write machine code with its names to jit-PID.dump, for 'perf record -k mono' and 'perf inject --jit'.")
  var jitDump = false

  @Option(help: ArgumentHelp("Write how long each phase took, as JSON, to a file.", valueName: "file"))
  var timings: String?

  @Option(
    help: ArgumentHelp(
      "Write what a module of 'polymnia instrument' has observed to a file, however it ends.", valueName: "file"))
  var instrumentOut: String?

  @OptionGroup var features: FeatureOptions

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The module, then the program's or the function's arguments.", valueName: "file"))
  var command: [String] = []

  func validate() throws {
    guard let first = command.first, first.hasPrefix("-"), first != "-" else { return }
    if first == "--help" || first == "-h" { throw CleanExit.helpRequest(RunCommand.self) }
    if first == "--version" { throw CleanExit.message(Polymnia.configuration.version) }
    throw ValidationError("Unknown option '\(name: first)'")
  }

  func run() throws {
    guard let file = command.first else { throw ValidationError("Missing expected argument '<file>'") }
    var clock = Timings()
    let result = Result { try execute(file, &clock) }
    if let timings { try clock.write(to: timings) }
    try result.get()
  }

  private func execute(_ path: String, _ clock: inout Timings) throws {
    let program = try Program(self, features: try features.set)
    defer { program.saveCode() }
    let links = links.all()
    let linked = try links.map { try program.load($0.file, isProgram: false, &clock) }
    let module = try program.load(path, isProgram: true, &clock)
    // Whatever code runs from here on has its time limited, that of the linked modules too.
    try program.setDeadline()
    for (link, module) in zip(links, linked) {
      let instance = try program.instantiate(module, initializing: true, &clock)
      try program.reporting(link.file) { try program.linker.define(instance, as: link.name) }
    }
    program.instance = nil
    let result = Result {
      if let invoke {
        try program.call(invoke, of: module, arguments: command.dropFirst(), &clock)
      } else {
        try program.start(module, &clock)
      }
    }
    let output = Result {
      if let instrumentOut, let instance = program.instance {
        try InstrumentOutput.write(instance, of: module.name, to: instrumentOut)
      }
    }
    try result.get()
    try output.get()
  }
}

/// A value of `--link`.
struct LinkedFile: ExpressibleByArgument {
  var name: String
  var file: String

  init?(argument: String) {
    guard let (name, file) = argument.cut(at: "="), !file.isEmpty else { return nil }
    (self.name, self.file) = (name, file)
  }
}

/// A value of `--dir`.
struct Folder: ExpressibleByArgument {
  var host: String
  var guest: String

  init?(argument: String) {
    // The first "::".
    let parts = argument.parts(between: ":")
    let place = parts.indices.dropFirst().dropLast().first { parts[$0].isEmpty } ?? parts.count
    host = parts[..<place].joined(separator: ":")
    guest = place < parts.count ? parts[(place + 1)...].joined(separator: ":") : host
    if host.isEmpty || guest.isEmpty { return nil }
  }
}

/// A value of `--env`.
struct Variable: ExpressibleByArgument {
  var name: String
  var value: String

  init?(argument: String) {
    guard let (name, value) = argument.cut(at: "="), !name.isEmpty else { return nil }
    (self.name, self.value) = (name, value)
  }
}
