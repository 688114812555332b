import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// One thread, started at first need, that sets stores' interrupt words when their deadlines have come.
final class DeadlineTimer: @unchecked Sendable {
  static let shared = DeadlineTimer()

  private struct Entry {
    let instant: ContinuousClock.Instant
    let generation: UInt64
    let handle: InterruptHandle
  }

  // A condition variable needs a mutex of its own kind at a fixed address.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var entries: [Entry] = []
  private var generation: UInt64 = 0
  private var isRunning = false

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  /// Sets a deadline, and returns what it can be removed by; nil where the system gives no thread.
  func add(_ handle: InterruptHandle, at instant: ContinuousClock.Instant) -> UInt64? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if !isRunning {
      guard let thread = Threads.start({ DeadlineTimer.shared.run() }) else { return nil }
      pthread_detach(thread)
      isRunning = true
    }
    generation += 1
    entries.append(Entry(instant: instant, generation: generation, handle: handle))
    pthread_cond_signal(condition)
    return generation
  }

  /// After it returns the deadline no longer fires.
  func remove(_ generation: UInt64) {
    pthread_mutex_lock(mutex)
    entries.removeAll { $0.generation == generation }
    pthread_mutex_unlock(mutex)
  }

  private func run() {
    pthread_mutex_lock(mutex)
    while true {
      let now = ContinuousClock.now
      for entry in entries where entry.instant <= now { entry.handle.set(InterruptWord.deadline) }
      entries.removeAll { $0.instant <= now }
      guard let next = entries.map(\.instant).min() else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      // At most a second at once: the condition's clock is the calendar's, which people can set.
      let wait = min(now.duration(to: next), .seconds(1)).components
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      let nanoseconds = Int64(time.tv_nsec) + wait.attoseconds / 1_000_000_000 + 1
      time.tv_sec += Int(wait.seconds + nanoseconds / 1_000_000_000)
      time.tv_nsec = Int(nanoseconds % 1_000_000_000)
      pthread_cond_timedwait(condition, mutex, &time)
    }
  }
}
