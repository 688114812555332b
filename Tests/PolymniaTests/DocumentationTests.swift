import Foundation
import Testing

/// The commands that pages of the documentation show, with the output that they show: every ```` ```console ```` block
/// is run line by line in one folder for the page. `POLYMNIA_BLESS=1` takes the present output as expected.
@Suite struct DocumentationTests {
  static let pages = ["lower", "link", "instrument", "everyday-tools"]

  @Test(arguments: pages)
  func commandsDoWhatThePageShows(page: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    let file = root.appending(path: "Documentation/\(page).md")
    var text = try String(contentsOf: file, encoding: .utf8)
    let isBlessing = ProcessInfo.processInfo.environment["POLYMNIA_BLESS"] == "1"
    let folder = FileManager.default.temporaryDirectory.appending(path: "polymnia-page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "Examples"), withDestinationURL: root.appending(path: "Examples"))
    var count = 0
    for block in text.components(separatedBy: "```console\n").dropFirst() {
      let lines = block.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
      for (command, expected) in Self.commands(lines) {
        count += 1
        let output = try Self.run(command, in: folder)
        if isBlessing {
          text = text.replacing("$ \(command)\n\(expected)", with: "$ \(command)\n\(output)", maxReplacements: 1)
        } else {
          #expect(output == expected, "\(command)")
        }
      }
    }
    if isBlessing { try Data(text.utf8).write(to: file) }
    #expect(count > 0)
  }

  /// Each line that begins with `$ `, and the lines behind it.
  private static func commands(_ lines: [String]) -> [(command: String, output: String)] {
    var result: [(command: String, output: String)] = []
    for line in lines {
      if line.hasPrefix("$ ") {
        result.append((String(line.dropFirst(2)), ""))
      } else if !result.isEmpty {
        result[result.count - 1].output += line + "\n"
      }
    }
    return result
  }

  /// Standard output and standard error together.
  private static func run(_ command: String, in folder: URL) throws -> String {
    let output = folder.appending(path: ".output")
    try Data().write(to: output)
    let handle = try FileHandle(forWritingTo: output)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    let path = GoldenCase.executable.deletingLastPathComponent().path
    process.environment = ["PATH": "\(path):/usr/bin:/bin", "COLUMNS": "100"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    // Trailing spaces of a line are lost on a page.
    return String(decoding: try Data(contentsOf: output), as: UTF8.self).components(separatedBy: "\n")
      .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
  }
}
