import Foundation

/// A folder of its own, in which the command of this build is run, with the caches below it. It goes with its owner.
final class CommandFolder {
  let path = FileManager.default.temporaryDirectory.appending(path: "polymnia-command-\(UUID().uuidString)").path

  /// - Parameter files: their texts, by name.
  init(_ files: [String: String] = [:]) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var cacheEntries: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path + "/cache/polymnia")) ?? [] }

  /// All files but those that hold what commands have said.
  var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted() }
  }

  func contents(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path + "/" + name)) }

  /// Runs the command with these arguments.
  func run(_ arguments: String...) throws -> GoldenCase.Outcome {
    try run(GoldenCase.executable, arguments)
  }

  /// Runs a line of a shell, for which `polymnia` is the command and `$POLYMNIA` its path. What hangs is killed after
  /// a minute. Threads of tests block most signals, and what they start inherits that: a line that ends a process must
  /// kill it, or it outlives the test, which waits for it.
  func shell(_ line: String) throws -> GoldenCase.Outcome {
    try run(
      URL(filePath: "/usr/bin/timeout"),
      ["-s", "KILL", "60", "/bin/sh", "-c", "polymnia() { \"$POLYMNIA\" \"$@\"; }\n\(line)"])
  }

  private func run(_ executable: URL, _ arguments: [String]) throws -> GoldenCase.Outcome {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: path)
    process.environment = [
      "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": path + "/cache", "POLYMNIA": GoldenCase.executable.path,
    ]
    let output = URL(filePath: path + "/.output")
    let errors = URL(filePath: path + "/.errors")
    for url in [output, errors] { try Data().write(to: url) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return GoldenCase.Outcome(
      status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
