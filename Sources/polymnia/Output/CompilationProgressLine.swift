import Synchronization
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A line on the terminal that tells how far a compilation is. Work that is done soon shows none, and neither does a
/// command whose standard error is not a terminal.
final class CompilationProgressLine: Sendable {
  /// In milliseconds.
  private static let delay = 300.0
  private static let interval = 100.0

  private let lastShown = Mutex(Timings.now() + delay - interval)
  private let isShown = Mutex(false)

  /// Does a piece of work that reports how far it is, if anybody is to see that.
  static func show(_ work: ((@Sendable (CompiledModule.CompilationProgress) -> Void)?) -> Void) {
    guard isatty(2) == 1 else { return work(nil) }
    let line = CompilationProgressLine()
    work { line.show($0) }
    if line.isShown.withLock({ $0 }) { line.write("\r\u{1B}[K") }
  }

  private func show(_ progress: CompiledModule.CompilationProgress) {
    let now = Timings.now()
    let isDue = lastShown.withLock { last in
      guard now - last >= Self.interval else { return false }
      last = now
      return true
    }
    guard isDue, progress.total > 0 else { return }
    isShown.withLock { $0 = true }
    write("\rpolymnia: \(progress.done * 100 / progress.total) % compiled")
  }

  /// It is no loss if it is not seen.
  private func write(_ text: String) { _ = writeAll(Array(text.utf8), to: 2) }
}
