import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What lets the engine be used on both sides of a `fork`.
///
/// A child has the memory of its parent as it is at that moment, but of its threads only the one that forked. So a fork waits
/// until no other thread holds a lock of the engine, and the child begins with locks that nobody holds around values that
/// nobody is in the middle of changing. What else belongs to one process (machine code, the threads of the engine) is
/// renewed by handlers, or, where that would be long, by whoever looks at it and finds an older ``generation``.
///
/// All of that happens in `fork` itself (`pthread_atfork`). A child that was made by the bare system call may do nothing
/// but execute another program.
final class Fork: @unchecked Sendable {
  static let shared = Fork()

  /// How many forks lie between the process in which the engine was first used and this one.
  nonisolated(unsafe) private(set) static var generation: UInt32 = 0

  /// What is done in a fork while all locks of the engine are held: before it, and after it in the parent and in the child,
  /// which is also told when the locks are free again. Nothing may be locked but in `childIsReady`.
  struct Handlers: Sendable {
    var prepare: @Sendable () -> Void = {}
    var parent: @Sendable () -> Void = {}
    var child: @Sendable () -> Void = {}
    var childIsReady: @Sendable () -> Void = {}
  }

  /// Of the list. Whoever holds it may try another lock, but wait for none.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var first: Unmanaged<ConditionVariable>?
  private var handlers: [Handlers] = []

  /// A thread that does not give its lock back for so long waits itself for something that the forking one has: then the
  /// fork goes on without, and the child takes what the lock guards as it is.
  private static let attempts = 4000
  private static let microsecondsBetween: UInt32 = 500

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_atfork({ Fork.shared.prepare() }, { Fork.shared.finishInParent() }, { Fork.shared.finishInChild() })
  }

  func add(_ handlers: Handlers) {
    pthread_mutex_lock(mutex)
    self.handlers.append(handlers)
    pthread_mutex_unlock(mutex)
  }

  // MARK: Locks

  func add(_ lock: ConditionVariable) {
    pthread_mutex_lock(mutex)
    let node = Unmanaged.passUnretained(lock)
    lock.next = first
    first?._withUnsafeGuaranteedRef { $0.previous = node }
    first = node
    pthread_mutex_unlock(mutex)
  }

  /// To be called by a lock that is about to go.
  func remove(_ lock: ConditionVariable) {
    pthread_mutex_lock(mutex)
    let (previous, next) = (lock.previous, lock.next)
    if let previous { previous._withUnsafeGuaranteedRef { $0.next = next } } else { first = next }
    next?._withUnsafeGuaranteedRef { $0.previous = previous }
    pthread_mutex_unlock(mutex)
  }

  private func forEachLock(_ body: (ConditionVariable) -> Void) {
    var node = first
    while let current = node {
      node = current._withUnsafeGuaranteedRef { lock in
        body(lock)
        return lock.next
      }
    }
  }

  // MARK: The three moments

  private func prepare() {
    for attempt in 1... {
      pthread_mutex_lock(mutex)
      if holdAll() || attempt == Self.attempts { break }
      letGo()
      pthread_mutex_unlock(mutex)
      usleep(Self.microsecondsBetween)
    }
    for handler in handlers { handler.prepare() }
  }

  /// Tries to hold all locks that the calling thread does not hold anyway.
  private func holdAll() -> Bool {
    var isWhole = true
    forEachLock { lock in isWhole = lock.holdForFork() && isWhole }
    return isWhole
  }

  private func letGo() { forEachLock { $0.letGoAfterFork() } }

  private func finishInParent() {
    for handler in handlers { handler.parent() }
    letGo()
    pthread_mutex_unlock(mutex)
  }

  private func finishInChild() {
    Self.generation &+= 1
    for handler in handlers { handler.child() }
    forEachLock { $0.resetInChild() }
    pthread_mutex_init(mutex, nil)
    for handler in handlers { handler.childIsReady() }
  }
}
