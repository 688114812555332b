import Foundation

/// The environment of the test run.
enum Environment {
  static let packageFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL.path

  static func value(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
