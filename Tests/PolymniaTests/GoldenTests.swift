import Foundation
import Testing

/// Each file below `Golden/` is a command line with its output. `POLYMNIA_BLESS=1` takes the present output as expected.
@Suite struct GoldenTests {
  static let files: [URL] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    let found = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return found.filter { $0.pathExtension == "test" }.sorted { $0.path < $1.path }
  }()

  @Test func thereAreCases() {
    #expect(!Self.files.isEmpty)
  }

  @Test(arguments: files.map(\.lastPathComponent))
  func commandDoesWhatItsFileSays(name: String) throws {
    let url = try #require(Self.files.first { $0.lastPathComponent == name })
    let golden = try GoldenCase(url: url)
    let outcome = try golden.run()
    if ProcessInfo.processInfo.environment["POLYMNIA_BLESS"] == "1" {
      try golden.bless(outcome)
      return
    }
    #expect(outcome.status == golden.status)
    #expect(outcome.output == golden.contents("stdout"))
    #expect(outcome.errors == golden.contents("stderr"))
  }
}
