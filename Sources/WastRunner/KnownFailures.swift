/// A list of scripts of which some checks are known to fail, and how many.
///
/// Each line is a path, as it ends, and a number: `core/gc/array.wast 12`. What follows a `#` is for people.
public struct KnownFailures: Sendable {
  private var counts: [(path: String, count: Int)] = []

  /// The list, or nil where a line is not one of the list's.
  public init?(_ text: String) {
    for line in text.lines {
      let words = line.parts(between: "#", most: 2)[0].words
      if words.isEmpty { continue }
      guard words.count == 2, let count = Int(words[1]) else { return nil }
      counts.append((words[0], count))
    }
  }

  /// How many checks of the script at a path are known to fail.
  public func count(of path: String) -> Int {
    counts.first { path == $0.path || path.hasSuffix("/" + $0.path) }?.count ?? 0
  }
}
