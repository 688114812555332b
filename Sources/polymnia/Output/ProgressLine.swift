#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A line on the terminal that says how far a long piece of work is: shown from the third of a second on, and only where
/// standard error is a terminal.
final class ProgressLine {
  private let title: String
  private let total: Int
  private let isTerminal = isatty(2) == 1
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant?

  init(_ title: String, total: Int) {
    self.title = title
    self.total = total
    start = clock.now
  }

  /// - Parameter done: of the total.
  func update(_ done: Int) {
    guard isTerminal else { return }
    let now = clock.now
    guard now - start > .milliseconds(300), last.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    last = now
    let percent = total > 0 ? min(done * 100 / total, 100) : 100
    _ = writeAll(Array("\r\(title) \(percent) %".utf8), to: 2)
  }

  /// Takes the line away.
  func finish() {
    guard last != nil else { return }
    last = nil
    _ = writeAll(Array("\r\u{1B}[K".utf8), to: 2)
  }
}
