import Foundation
import WebAssembly

/// The official scripts, where they are.
enum OfficialScripts {
  /// Next to the package.
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("shared/testsuite")

  static let exist = FileManager.default.fileExists(atPath: folder.path)

  /// Why tests are skipped where the scripts are absent.
  static let absence = "the official scripts are not at ../shared/testsuite"

  /// The scripts in some folders, by path.
  static func paths(_ folders: [String]) -> [String] {
    folders.flatMap { name in
      let contents = FileManager.default.enumerator(atPath: folder.appendingPathComponent(name).path)
      return (contents?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".wast") }.map { "\(name)/\($0)" }
    }.sorted()
  }

  static func source(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(path)))
  }

  /// What the scripts of a folder expect to be on.
  static func features(_ path: String) -> FeatureSet {
    var features = FeatureSet.all
    if path.hasPrefix("proposals/threads") {
      // Written before memory64, whose limits are wider, and with segments in the notation of version 1.0.
      features.remove(.memory64)
      features.remove(.multiMemory)
    }
    return features
  }
}
