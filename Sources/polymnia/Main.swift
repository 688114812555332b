import ArgumentParser

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

@main
enum Main {
  static func main() {
    do {
      var command = try Polymnia.parseAsRoot()
      try command.run()
    } catch {
      exit(status(reporting: error))
    }
  }

  /// Says what went wrong on standard error (help and version on standard output), and returns the exit status.
  private static func status(reporting error: any Error) -> Int32 {
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
    let message = Polymnia.fullMessage(for: error)
    if Polymnia.exitCode(for: error) == .success {
      var output = OutputFile.standardOutput
      output.write(message.isEmpty || message.hasSuffix("\n") ? message : message + "\n")
      try? output.flush()
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
