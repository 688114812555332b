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
    var kind: any ParsableCommand.Type = Polymnia.self
    do {
      let (arguments, guest) = prepared(Array(CommandLine.arguments.dropFirst()))
      var command = try parse(arguments)
      // A program may have thousands of arguments, and the parser takes a time that is quadratic in their number.
      if var run = command as? RunCommand {
        run.command += guest
        command = run
      }
      kind = type(of: command)
      try command.run()
    } catch {
      exit(status(reporting: error, of: kind))
    }
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
  /// several options of one letter, of which `-h` is one. And with `--stores` alone as `--stores=log`. Apart from them what
  /// stands behind the file of `run`, which belongs to the guest.
  static func prepared(_ arguments: [String]) -> (command: [String], guest: ArraySlice<String>) {
    var result: [String] = []
    var index = 0
    // All options of `run` that stand before the file have a value, except these.
    let flags: Set = [
      "--help", "--cache", "--no-cache", "--precompiled", "--no-speculation-guards", "--perf-map", "--jitdump",
    ]
    let isRun = arguments.first == "run"
    while index < arguments.count {
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
    return (result, [])
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
      return 0
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
    printError(message)
    return ExitStatus.usage
  }
}

/// The guest ended itself with this status, or has been reported already.
struct GuestExit: Error {
  var status: Int32
}
