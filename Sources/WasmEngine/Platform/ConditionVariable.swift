#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A lock with a condition that threads wait for.
final class ConditionVariable: @unchecked Sendable {
  // Both need a fixed address.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Lets others have the lock, which the caller holds, until it is woken; the condition is to be looked at again. False
  /// where that takes longer than so many milliseconds, at most 999.
  @discardableResult
  func wait(milliseconds: Int? = nil) -> Bool {
    guard let milliseconds else { return pthread_cond_wait(condition, mutex) == 0 }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    time.tv_nsec += milliseconds * 1_000_000
    if time.tv_nsec >= 1_000_000_000 {
      time.tv_nsec -= 1_000_000_000
      time.tv_sec += 1
    }
    return pthread_cond_timedwait(condition, mutex, &time) == 0
  }

  /// Wakes all who wait, or one of them.
  func wakeAll() { pthread_cond_broadcast(condition) }
  func wakeOne() { pthread_cond_signal(condition) }
}
