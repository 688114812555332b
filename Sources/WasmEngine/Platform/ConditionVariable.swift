import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A lock with a condition that threads wait for. ``Fork`` knows all of them: in the child of a `fork` it is unlocked, and
/// nobody waits.
final class ConditionVariable: @unchecked Sendable {
  // Both need a fixed address.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// The thread that holds the lock; 0 where none does, or a fork.
  private let owner = Atomic<UInt>(0)

  // In the list of all, which has its own lock.
  private var isHeldForFork = false
  var previous: Unmanaged<ConditionVariable>?
  var next: Unmanaged<ConditionVariable>?

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    Fork.shared.add(self)
  }

  deinit {
    Fork.shared.remove(self)
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  private static var thread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }

  func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    owner.store(Self.thread, ordering: .relaxed)
    defer {
      owner.store(0, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
    }
    return try body()
  }

  /// Lets others have the lock, which the caller holds, until it is woken; the condition is to be looked at again. False
  /// where that takes longer than so many milliseconds, at most 999.
  @discardableResult
  func wait(milliseconds: Int? = nil) -> Bool {
    owner.store(0, ordering: .relaxed)
    defer { owner.store(Self.thread, ordering: .relaxed) }
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

  // MARK: Forks

  /// False where another thread holds it. What the calling thread holds stays in the hands of whoever called `fork`, in the
  /// parent and in the child.
  func holdForFork() -> Bool {
    if owner.load(ordering: .relaxed) == Self.thread { return true }
    isHeldForFork = pthread_mutex_trylock(mutex) == 0
    return isHeldForFork
  }

  func letGoAfterFork() {
    guard isHeldForFork else { return }
    isHeldForFork = false
    pthread_mutex_unlock(mutex)
  }

  /// Nobody waits any more, and whoever held the lock is gone, but for the thread that forked.
  func resetInChild() {
    pthread_cond_init(condition, nil)
    guard owner.load(ordering: .relaxed) != Self.thread else { return }
    owner.store(0, ordering: .relaxed)
    isHeldForFork = false
    pthread_mutex_init(mutex, nil)
  }
}
