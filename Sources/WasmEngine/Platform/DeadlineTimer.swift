/// One thread, started at first need, that sets stores' interrupt words when their deadlines have come.
final class DeadlineTimer: @unchecked Sendable {
  static let shared = DeadlineTimer()

  private struct Entry {
    let instant: ContinuousClock.Instant
    let token: UInt64
    let handle: InterruptHandle
  }

  private let lock = ConditionVariable()
  // Under the lock.
  private var entries: [Entry] = []
  private var lastToken: UInt64 = 0
  private var isRunning = false

  private init() {
    Fork.shared.add(Fork.Handlers(childIsReady: { DeadlineTimer.shared.restart() }))
  }

  /// Sets a deadline, and returns what it can be removed by; nil where the system gives no thread.
  func add(_ handle: InterruptHandle, at instant: ContinuousClock.Instant) -> UInt64? {
    lock.withLock {
      guard start() else { return nil }
      lastToken += 1
      entries.append(Entry(instant: instant, token: lastToken, handle: handle))
      lock.wakeOne()
      return lastToken
    }
  }

  /// After it returns the deadline no longer fires.
  func remove(_ token: UInt64) { lock.withLock { entries.removeAll { $0.token == token } } }

  private func start() -> Bool {
    guard !isRunning else { return true }
    guard let thread = Threads.start({ DeadlineTimer.shared.run() }) else { return false }
    Threads.detach(thread)
    isRunning = true
    return true
  }

  /// In the child of a fork the deadlines are as they were, but the thread is not there.
  private func restart() {
    lock.withLock {
      isRunning = false
      guard !entries.isEmpty, !start() else { return }
      // Nothing runs without the deadline that it was given.
      for entry in entries { entry.handle.set(InterruptWord.deadline) }
      entries = []
    }
  }

  private func run() {
    lock.withLock {
      while true {
        let now = ContinuousClock.now
        for entry in entries where entry.instant <= now { entry.handle.set(InterruptWord.deadline) }
        entries.removeAll { $0.instant <= now }
        guard let next = entries.map(\.instant).min() else {
          lock.wait()
          continue
        }
        // Less than a second at once: the condition's clock is the calendar's, which people can set.
        let left = min(now.duration(to: next), .milliseconds(998)).components
        lock.wait(milliseconds: Int(left.attoseconds / 1_000_000_000_000_000) + 1)
      }
    }
  }
}
