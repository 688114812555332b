import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The calls of the operating system that the engine makes and that can be refused. ``System`` makes them, and nothing else
/// in the engine does: so tests can have any use of any of them refused (``InjectedFailures``).
package enum SystemCall: String, CaseIterable, Sendable {
  case mmap, munmap, mprotect, mremap, madvise
  case memoryFile = "memfd_create"
  case ftruncate, fallocate, pwrite
  case pipe = "pipe2"
  case createThread = "pthread_create"
  case createThreadKey = "pthread_key_create"
  case setThreadValue = "pthread_setspecific"
  case threadAttributes = "pthread_getattr_np"
  case sigaction, sigaltstack
  case signalMask = "pthread_sigmask"

  /// The error with which a system refuses it when it has no more to give.
  var usualError: Int32 {
    switch self {
    case .mmap, .munmap, .mprotect, .mremap, .sigaltstack, .setThreadValue, .threadAttributes: ENOMEM
    case .madvise, .sigaction, .signalMask: EINVAL
    case .memoryFile, .pipe: EMFILE
    case .ftruncate: EFBIG
    case .fallocate: EOPNOTSUPP
    case .pwrite: ENOSPC
    case .createThread, .createThreadKey: EAGAIN
    }
  }

  /// Whether this use of the call is to fail, for a test's sake; `errno` then says how.
  @inline(__always) var isRefused: Bool {
    InjectedFailures.areAny.load(ordering: .relaxed) && InjectedFailures.refuse(self)
  }
}

/// Uses of a system call that are refused, counted from 1 while a body runs. For tests: nothing outside of this package, no
/// option and no variable of the environment can ask for it.
package final class InjectedFailures: Sendable {
  package enum Scope: Sendable {
    /// Calls of the thread that runs the body.
    case thread
    /// Calls of all threads.
    case process
  }

  fileprivate static let areAny = Atomic<Bool>(false)
  // No lock that a fork holds: what the fork itself does may be refused too.
  private static let active = Mutex<[InjectedFailures]>([])

  private let call: SystemCall
  private let error: Int32
  private let scope: Scope
  private let thread = Atomic<UInt>(0)
  private let isRefused: @Sendable (Int) -> Bool
  private let uses = Atomic<Int>(0)
  private let refusals = Atomic<Int>(0)

  package init(
    _ call: SystemCall, error: Int32? = nil, in scope: Scope = .thread,
    where isRefused: @escaping @Sendable (Int) -> Bool
  ) {
    self.call = call
    self.error = error ?? call.usualError
    self.scope = scope
    self.isRefused = isRefused
  }

  /// How often the call was made, those included that were refused.
  package var useCount: Int { uses.load(ordering: .relaxed) }
  /// How often it was refused.
  package var refusalCount: Int { refusals.load(ordering: .relaxed) }

  /// Refuses what is to be refused while the body runs.
  package func run<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    thread.store(Self.currentThread, ordering: .relaxed)
    Self.active.withLock { active in
      active.append(self)
      Self.areAny.store(true, ordering: .relaxed)
    }
    defer {
      Self.active.withLock { active in
        active.removeAll { $0 === self }
        Self.areAny.store(!active.isEmpty, ordering: .relaxed)
      }
    }
    return try body()
  }

  private static var currentThread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }

  @inline(never)
  fileprivate static func refuse(_ call: SystemCall) -> Bool {
    let failures = active.withLock { $0 }
    for failure in failures where failure.call == call && failure.refusesNext() {
      errno = failure.error
      return true
    }
    return false
  }

  private func refusesNext() -> Bool {
    guard scope == .process || thread.load(ordering: .relaxed) == Self.currentThread else { return false }
    guard isRefused(uses.wrappingAdd(1, ordering: .relaxed).newValue) else { return false }
    refusals.wrappingAdd(1, ordering: .relaxed)
    return true
  }
}
