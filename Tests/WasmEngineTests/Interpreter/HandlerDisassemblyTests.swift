import Foundation
import Testing

/// In the release binary each handler must end in a jump to the next one, and must not count references.
@Suite struct HandlerDisassemblyTests {
  private static let binary = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/release/polymnia")

  private static let tool = ["/usr/bin/objdump", "/usr/bin/llvm-objdump"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private static var isAvailable: Bool { tool != nil && FileManager.default.fileExists(atPath: binary.path) }

  private func disassembly() throws -> Substring {
    let process = Process()
    process.executableURL = URL(filePath: Self.tool!)
    process.arguments = ["-d", "--no-show-raw-insn", Self.binary.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Substring(decoding: data, as: UTF8.self)
  }

  @Test(.enabled(if: isAvailable, "needs objdump and a release build of polymnia"))
  func handlersEndInJumps() throws {
    var handlers = 0
    var withoutJump: [String] = []
    var counting: [String] = []
    var name: String?
    var hasJump = false
    for line in try disassembly().split(separator: "\n") {
      if line.hasSuffix(">:") {
        if let name, !hasJump { withoutJump.append(name) }
        // The closures of HandlerTable's methods.
        name = line.contains("12HandlerTableC") && line.contains("s6UInt64VSV_S2vtcfU") ? String(line) : nil
        handlers += name == nil ? 0 : 1
        hasJump = false
      } else if let name {
        if line.contains("\tjmp ") { hasJump = true }
        for call in ["swift_retain", "swift_release", "swift_beginAccess"] where line.contains(call) {
          counting.append(name)
        }
      }
    }
    if let name, !hasJump { withoutJump.append(name) }
    #expect(handlers > 500)
    // The one that ends an activation returns.
    #expect(withoutJump.count <= 1, "\(withoutJump)")
    #expect(counting.isEmpty, "\(counting)")
  }
}
