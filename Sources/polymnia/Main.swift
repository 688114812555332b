import ArgumentParser
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

@main
enum Main {
  static func main() {
    // Before anything is opened, which would otherwise get the number of a stream that is closed.
    OwnDescriptors.occupyStandardStreams()
    // What they say, writes say too: a pipe that nobody reads ends the command quietly, a limit on the size of files with a
    // message.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    var kind: any ParsableCommand.Type = Polymnia.self
    do {
      let (arguments, rest) = prepared(Array(CommandLine.arguments.dropFirst()))
      var command = try parsed(arguments)
      if var taking = command as? any TakesManyArguments {
        taking.manyArguments += rest
        command = taking
      }
      kind = type(of: command)
      try command.run()
    } catch {
      exit(status(reporting: error, of: kind))
    }
  }

  /// The command that the arguments say. What is wrong with them is told of them as they are.
  private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    let packed = ManyOptions.packed(arguments)
    if packed.count < arguments.count, let command = try? parse(packed) { return command }
    return try parse(arguments)
  }

  /// `run`, which scripts start again and again, is parsed as a root of its own: below another one, the parser goes through
  /// its options three times more, which takes longer than to run a small module. What is wrong is told by the other one.
  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    if arguments.first == RunCommand.configuration.commandName,
      let command = try? RunCommand.parseAsRoot(Array(arguments.dropFirst()))
    {
      return command
    }
    return try Polymnia.parseAsRoot(arguments)
  }

  /// The command's arguments with `--features x` as one, `--features=x`: a value like `-threads` is not to be taken for
  /// several options of one letter, of which `-h` is one. And with `--stores` alone as `--stores=log`.
  ///
  /// Apart from them those that can be nothing but more of what the command takes many of: the parser's time is quadratic in
  /// the number of arguments. That is what stands behind the file of `run`, which belongs to the guest; and of words in a
  /// row at the end, none of which is an option, all but two, the first of which may be an option's value.
  static func prepared(_ arguments: [String]) -> (command: [String], rest: ArraySlice<String>) {
    var result: [String] = []
    var index = 0
    // All options of `run` that stand before the file have a value, except these.
    let flags: Set = [
      "--help", "--cache", "--no-cache", "--precompiled", "--no-speculation-guards", "--perf-map", "--jitdump",
    ]
    let isRun = arguments.first == "run"
    let takesFiles = ["validate", "wast", "link"].contains(arguments.first)
    let files = takesFiles ? arguments.reversed().prefix { !$0.hasPrefix("-") || $0 == "-" }.count : 0
    let rest = arguments.suffix(max(0, min(files, arguments.count - 1) - 2))
    while index < rest.startIndex {
      let argument = arguments[index]
      if isRun, index > 0, !argument.hasPrefix("-") || argument == "-" {
        return (result + [argument], arguments[(index + 1)...])
      }
      let next = index + 1 < arguments.count ? arguments[index + 1] : nil
      if argument == "--features", let next {
        result.append("--features=\(next)")
        index += 2
      } else if argument == "--stores", arguments.first == "instrument", !["log", "pages"].contains(next) {
        result.append("--stores=log")
        index += 1
      } else if isRun, argument.hasPrefix("--"), !argument.contains("="), !flags.contains(argument),
        let next
      {
        result += [argument, next]
        index += 2
      } else {
        result.append(argument)
        index += 1
      }
    }
    return (result, rest)
  }

  /// Says what went wrong on standard error (help and version on standard output), and returns the exit status.
  private static func status(reporting error: any Error, of command: any ParsableCommand.Type) -> Int32 {
    switch error {
    case let status as GuestExit:
      return status.status
    case let failure as CommandFailure:
      for diagnostic in failure.diagnostics { printError(diagnostic) }
      return failure.status
    case is BrokenPipe:
      return ExitStatus.brokenPipe
    default:
      break
    }
    let message = command.fullMessage(for: error)
    if command.exitCode(for: error) == .success {
      var output = OutputFile.standardOutput
      output.write(message.isEmpty || message.hasSuffix("\n") ? message : message + "\n")
      do {
        try output.finish()
      } catch {
        return self.status(reporting: error, of: command)
      }
      return 0
    }
    if let plain = error as? ExitCode { return plain.rawValue }
    printError(shown(message))
    return ExitStatus.usage
  }

  /// A message of the parser, which quotes arguments as they are, with escapes in place of what no message of ours holds.
  private static func shown(_ message: String) -> String {
    var scalars = Array(message.unicodeScalars)
    // The value of an option stands in messages without the option, and the option without the value.
    let quoted = CommandLine.arguments.flatMap { argument in
      [argument] + (argument.cut(at: "=").map { [$0.before, $0.after] } ?? [])
    }
    // The longest first, which may hold others.
    for text in quoted.filter({ $0.unicodeScalars.contains("\n") }).sorted(by: { $0.utf8.count > $1.utf8.count }) {
      scalars = scalars.replacing(Array(text.unicodeScalars), with: Array("\(name: text)".unicodeScalars))
    }
    return scalars.map { scalar in
      let text = String(scalar)
      return scalar != "\n" && scalar != "\\" ? "\(name: text)" : text
    }.joined()
  }
}

/// The guest ended itself with this status, or has been reported already.
struct GuestExit: Error {
  var status: Int32
}

/// A command whose last arguments are a list of any length.
protocol TakesManyArguments: ParsableCommand {
  var manyArguments: [String] { get set }
}

extension RunCommand: TakesManyArguments {
  var manyArguments: [String] {
    get { command }
    set { command = newValue }
  }
}

extension ValidateCommand: TakesManyArguments {
  var manyArguments: [String] {
    get { inputs }
    set { inputs = newValue }
  }
}

extension WastCommand: TakesManyArguments {
  var manyArguments: [String] {
    get { paths }
    set { paths = newValue }
  }
}

extension LinkCommand: TakesManyArguments {
  var manyArguments: [String] {
    get { modules }
    set { modules = newValue }
  }
}
