import Foundation

/// A file that states a command, what it reads, and what comes out of it.
///
///     ; What the case shows.
///     $ polymnia run --invoke add add.wat 2 3
///     --- file add.wat
///     (module …)
///     --- binary other.wasm
///     00 61 73 6d …
///     --- address-space 12582912
///     --- stdin
///     --- status 0
///     --- stdout
///     5
///     --- stderr
///
/// Arguments are separated by spaces; single quotes keep spaces together. `$EXAMPLES` stands for the examples' folder. A
/// part that is missing is empty, a missing status is 0. The command has no more addresses than so many KiB if the case says
/// so.
struct GoldenCase {
  struct Part: Equatable {
    var title: String
    var contents: String
  }

  let url: URL
  var heading: String
  var parts: [Part]

  static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples").standardizedFileURL.path

  init(url: URL) throws {
    self.url = url
    let text = try String(contentsOf: url, encoding: .utf8)
    var heading = ""
    var parts: [Part] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("--- ") {
        parts.append(Part(title: String(line.dropFirst(4)), contents: ""))
      } else if parts.isEmpty {
        heading += line + "\n"
      } else {
        parts[parts.count - 1].contents += line + "\n"
      }
    }
    self.heading = heading
    self.parts = parts
  }

  var arguments: [String] {
    let line = heading.split(separator: "\n").first { $0.hasPrefix("$ polymnia") } ?? ""
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in line.dropFirst("$ polymnia".count) {
      switch character {
      case "'":
        isQuoted.toggle()
        word = word ?? ""
      case " " where !isQuoted:
        if let finished = word { words.append(finished) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    return words.map { $0.replacing("$EXAMPLES", with: Self.examples) }
  }

  func contents(_ title: String) -> String { parts.first { $0.title == title }?.contents ?? "" }

  var status: Int32 {
    parts.lazy.compactMap { part in
      part.title.hasPrefix("status ") ? Int32(part.title.dropFirst(7)) : nil
    }.first ?? 0
  }

  /// The limit of the addresses that the command may have, in KiB.
  var addressSpace: Int? {
    parts.lazy.compactMap { $0.title.hasPrefix("address-space ") ? Int($0.title.dropFirst(14)) : nil }.first
  }

  /// Files to lie in the command's folder, by name. Binary ones are written as hexadecimal digits.
  var files: [(name: String, contents: Data)] {
    parts.compactMap { part in
      if part.title.hasPrefix("file ") { return (String(part.title.dropFirst(5)), Data(part.contents.utf8)) }
      guard part.title.hasPrefix("binary ") else { return nil }
      let bytes = part.contents.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
      return (String(part.title.dropFirst(7)), Data(bytes))
    }
  }

  /// What a command did.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs the command in a folder of its own that holds the case's files.
  func run() throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appending(path: "polymnia-golden-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for file in files {
      try file.contents.write(to: folder.appending(path: file.name))
    }
    // Through files, which cannot fill up as pipes do while nobody reads.
    let input = folder.appending(path: ".input")
    let output = folder.appending(path: ".output")
    let errors = folder.appending(path: ".errors")
    try contents("stdin").write(to: input, atomically: false, encoding: .utf8)
    for url in [output, errors] { try Data().write(to: url) }
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    if let addressSpace {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments =
        ["-c", "ulimit -v \(addressSpace) && exec \"$0\" \"$@\"", Self.executable.path] + arguments
    }
    process.currentDirectoryURL = folder
    process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "100"]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
      output: Self.text(try Data(contentsOf: output)), errors: Self.text(try Data(contentsOf: errors)))
  }

  /// The command of this build, which lies beside the tests.
  static let executable = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "polymnia")

  /// Text whose last line is marked where it does not end.
  private static func text(_ data: Data) -> String {
    let text = String(decoding: data, as: UTF8.self).replacing(examples, with: "$EXAMPLES")
    return text.isEmpty || text.hasSuffix("\n") ? text : text + "\\ no line end\n"
  }

  private func isInput(_ part: Part) -> Bool {
    ["file ", "binary ", "address-space "].contains { part.title.hasPrefix($0) } || part.title == "stdin"
  }

  /// Writes the file anew with an outcome in the place of what was expected.
  func bless(_ outcome: Outcome) throws {
    var text = heading
    for part in parts where isInput(part) {
      text += "--- \(part.title)\n\(part.contents)"
    }
    text += "--- status \(outcome.status)\n--- stdout\n\(outcome.output)--- stderr\n\(outcome.errors)"
    try text.write(to: url, atomically: true, encoding: .utf8)
  }
}
