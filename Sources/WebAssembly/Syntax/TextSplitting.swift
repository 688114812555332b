// Text from outside is taken apart by its Unicode scalars. A string's characters are what readers see as one: there "=" and a
// combining mark after it are no "=", and a carriage return with a line feed is neither.
extension String {
  /// What is before the first separator and after it.
  package func cut(at separator: Unicode.Scalar) -> (before: String, after: String)? {
    unicodeScalars.firstIndex(of: separator).map { cut(at: $0) }
  }

  /// What is before the last separator and after it.
  package func cut(atLast separator: Unicode.Scalar) -> (before: String, after: String)? {
    unicodeScalars.lastIndex(of: separator).map { cut(at: $0) }
  }

  private func cut(at place: Index) -> (before: String, after: String) {
    (String(unicodeScalars[..<place]), String(unicodeScalars[unicodeScalars.index(after: place)...]))
  }

  /// The parts between separators, of which there is one more than of these.
  ///
  /// - Parameter most: How many parts there are at most; the last one has the rest.
  package func parts(between separator: Unicode.Scalar, most: Int = .max) -> [String] {
    unicodeScalars.split(separator: separator, maxSplits: most - 1, omittingEmptySubsequences: false).map { String($0) }
  }

  /// The words between spaces and tabs.
  package var words: [String] {
    unicodeScalars.split { $0 == " " || $0 == "\t" }.map { String($0) }
  }

  /// The lines, by any of the usual ends, without these.
  package var lines: [String] {
    unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { String($0) }
  }
}
