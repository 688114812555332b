import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  /// A GNU extension, which the platform module does not show.
  @_extern(c, "sched_getaffinity")
  private func affinity(_ process: pid_t, _ size: Int, _ set: UnsafeMutableRawPointer) -> Int32
#endif

/// Threads of the engine's own.
enum Threads {
  /// The number of processors that the process may run on.
  static let processorCount: Int = {
    #if canImport(Darwin)
      let count = sysconf(_SC_NPROCESSORS_ONLN)
    #else
      var set = [UInt64](repeating: 0, count: 16)
      if affinity(0, set.count * 8, &set) == 0 {
        let count = set.reduce(0) { $0 + $1.nonzeroBitCount }
        if count > 0 { return count }
      }
      let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    #endif
    return max(1, Int(count))
  }()

  /// Starts a thread; nil where the system refuses one. `stackSize` is in bytes.
  static func start(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> pthread_t? {
    System.createThread(stackSize: stackSize.map { max($0, 65_536) }, body)
  }

  /// Waits for threads to end; does nothing in the child of a fork, where they never were.
  static func join(_ threads: [pthread_t], startedIn generation: UInt32) {
    guard generation == Fork.generation else { return }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Leaves a thread to itself.
  static func detach(_ thread: pthread_t) { pthread_detach(thread) }

  /// Runs a piece of work on a new thread with a stack of the given size, and waits for it. Where no thread can be had it
  /// runs here.
  static func run(stackSize: Int, _ body: @escaping @Sendable () -> Void) {
    guard let thread = start(stackSize: stackSize, body) else { return body() }
    pthread_join(thread, nil)
  }

  /// Calls the body once for each number below `count`, on up to `threads` threads of which the calling one is one. If the
  /// body forks, what the other threads were at stays undone in the child.
  static func forEach(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let next = Counter()
    let work: @Sendable () -> Void = {
      while true {
        let index = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index)
      }
    }
    let generation = Fork.generation
    var others: [pthread_t] = []
    for _ in 1..<max(1, min(threads, count, Engine.Configuration.mostThreads)) {
      guard let thread = start(work) else { break }
      others.append(thread)
    }
    work()
    join(others, startedIn: generation)
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
