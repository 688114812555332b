#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The `polymnia` command in a process of its own, for the tools that only it has. Its files lie in one folder, each time
/// under the same names.
struct ToolProcess {
  /// A file that cannot be written.
  struct Failure: Error {
    var path: String
    /// The system's.
    var number: Int32
  }

  let executable: String
  let folder: String

  /// nil where the command does not lie beside the fuzzer.
  init?(folder: String) {
    let own = CommandLine.arguments[0]
    let place = own.lastIndex(of: "/").map { String(own[...$0]) } ?? "./"
    executable = place + "polymnia"
    self.folder = folder
    guard access(executable, X_OK) == 0 else { return nil }
    mkdir(folder, 0o755)
  }

  /// Takes the folder away.
  func remove() {
    for name in ["module", "data", "page"] { unlink(path(name)) }
    rmdir(folder)
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Writes a file, and returns its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = path(name)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(path: path, number: errno) }
    defer { close(descriptor) }
    guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
      throw Failure(path: path, number: errno)
    }
    return path
  }

  /// What comes of a command: it must end by itself, with success or an error in the input.
  func run(_ words: [String]) -> ToolTrial.Outcome {
    guard let process = spawn(words) else { return .wrong("\(executable) does not start") }
    guard let end = wait(for: process, upTo: .seconds(20)) else {
      return .wrong("hang: \(words.joined(separator: " "))")
    }
    let status = end.status
    if status & 0x7F != 0 { return .wrong("signal \(status & 0x7F): \(words.joined(separator: " "))") }
    switch status >> 8 & 0xFF {
    case 0: return .written
    case 1: return .refused
    case let code: return .wrong("exit status \(code): \(words.joined(separator: " "))")
    }
  }

  /// The processor time of a command in seconds, however it ends, or nil where it does not start or its words make no
  /// sense. One that takes a minute is ended.
  func time(_ words: [String]) -> Double? {
    guard let process = spawn(words) else { return nil }
    guard let end = wait(for: process, upTo: .seconds(60)) else { return 60 }
    return end.status == 2 << 8 ? nil : end.seconds
  }

  private func spawn(_ words: [String]) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in [1, 2] as [Int32] {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
    }
    var arguments = ([executable] + words).map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    return posix_spawn(&process, executable, &actions, nil, arguments, environ) == 0 ? process : nil
  }

  /// How a process ends, or nil where it takes too long and is ended.
  private func wait(for process: pid_t, upTo limit: Duration) -> (status: Int32, seconds: Double)? {
    let end = ContinuousClock.now + limit
    var status: Int32 = 0
    var usage = rusage()
    while wait4(process, &status, WNOHANG, &usage) != process {
      guard ContinuousClock.now < end else {
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
        return nil
      }
      usleep(500)
    }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return (status, seconds(usage.ru_utime) + seconds(usage.ru_stime))
  }
}
