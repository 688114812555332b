import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A line on the terminal that says how far a long piece of work is: shown from the third of a second on that a command
/// runs, and only where standard error is a terminal. Threads may share it.
final class ProgressLine: Sendable {
  private static let start = ContinuousClock.now

  private let title: String
  private let total: Int
  private let isTerminal = isatty(2) == 1
  /// When the line was written last; nil while there is none.
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  init(_ title: String, total: Int) {
    self.title = title
    self.total = total
    // The first line is made when the command begins.
    _ = Self.start
  }

  /// - Parameter done: of the total.
  func update(_ done: Int) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    guard now - Self.start > .milliseconds(300) else { return }
    last.withLock { last in
      guard last.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
      last = now
      let percent = total > 0 ? min(done * 100 / total, 100) : 100
      // It is no loss if it is not seen.
      _ = writeAll(Array("\r\(title) \(percent) %\u{1B}[K".utf8), to: 2)
    }
  }

  /// Takes the line away.
  func finish() {
    last.withLock { last in
      guard last != nil else { return }
      last = nil
      _ = writeAll(Array("\r\u{1B}[K".utf8), to: 2)
    }
  }
}
