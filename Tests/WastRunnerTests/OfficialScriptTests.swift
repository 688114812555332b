import Foundation
import Testing
import WastRunner

/// The official scripts about several memories, where they are there; `.ci/run` runs all.
@Suite struct OfficialScriptTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../shared/testsuite").standardizedFileURL.path

  static var isThere: Bool { FileManager.default.fileExists(atPath: folder + "/core/multi-memory") }

  @Test(.enabled(if: isThere, "The official scripts are not in ../shared/testsuite."))
  func exceptionsInMachineCode() throws {
    var options = SuiteOptions()
    options.tier = .compiler
    options.threads = 2
    let paths = try ScriptFiles.find([Self.folder + "/core/exceptions", Self.folder + "/core/func.wast"])
    #expect(paths.count == 5)
    for outcome in ScriptSuite.run(paths, options: options) {
      // A function that is left to the interpreter is a failure too.
      #expect(outcome.failures == [], "\(outcome.path)")
      #expect(outcome.passed > 0, "\(outcome.path)")
    }
  }

  @Test(
    .enabled(if: isThere, "The official scripts are not in ../shared/testsuite."),
    arguments: ["guarded", "checked"])
  func severalMemories(bounds: String) throws {
    var options = SuiteOptions()
    options.bounds = try #require(.init(rawValue: bounds))
    options.roundTrips = true
    options.threads = 2
    let paths = try ScriptFiles.find([
      Self.folder + "/core/multi-memory", Self.folder + "/core/simd/simd_memory-multi.wast",
    ])
    #expect(paths.count == 42)
    for outcome in ScriptSuite.run(paths, options: options) {
      #expect(outcome.failures == [], "\(outcome.path)")
      #expect(outcome.passed > 0, "\(outcome.path)")
    }
  }
}
