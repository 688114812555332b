import Synchronization
import WebAssembly

/// How many threads of an engine may compile ahead at a time, for all its modules together.
final class AheadThreads: Sendable {
  let limit: Int
  private let running = Lock(Running())

  private struct Running {
    var count = 0
    /// Threads do not come along when the process forks.
    var generation = Fork.generation
  }

  init(limit: Int) { self.limit = min(max(0, limit), Engine.Configuration.mostThreads) }

  /// Whether there may be one thread more. It is given back when it ends.
  func take() -> Bool {
    running.withLock { running in
      if running.generation != Fork.generation { running = Running() }
      guard running.count < limit else { return false }
      running.count += 1
      return true
    }
  }

  func giveBack() { running.withLock { $0.count -= 1 } }
}

/// What of a module's functions is to be compiled before it is called: what is called by functions that have been entered.
/// Of a large C++ program three quarters of that, by size, are called soon.
///
/// What functions call that were entered last comes first, in the order of the calls. The threads that compile last as long
/// as there is something to do. They hold the set of code but not the module: when that goes, they stop behind the function
/// that they are at.
final class AheadCompilation: @unchecked Sendable {
  /// A function that may be called soon.
  struct Candidate {
    var function: UInt32
    /// How many of the calls that lead to it, from a function that has been entered, need not happen.
    var guesses: Int
  }

  private let lock = ConditionVariable()
  // Under the lock.
  /// Functions whose calls are still to be looked for.
  private var entered: [UInt32] = []
  /// The next one last.
  private var candidates: [Candidate] = []
  private var idleThreads = 0
  private var generation = Fork.generation
  private var isStopped = false

  private let threads: AheadThreads
  /// For each defined function, whether it has been entered.
  private let isEntered: UnsafeMutablePointer<Atomic<Bool>>
  private let functionCount: Int

  /// Every further guess halves what comes of it; and nothing is gained by more.
  private static let mostGuesses = 1
  /// For how many milliseconds a thread waits for something to do before it ends.
  private static let patience = 20

  init(_ threads: AheadThreads, functionCount: Int) {
    self.threads = threads
    self.functionCount = functionCount
    isEntered = .allocate(capacity: max(functionCount, 1))
    for index in 0..<functionCount { (isEntered + index).initialize(to: Atomic(false)) }
  }

  deinit {
    isEntered.deinitialize(count: functionCount)
    isEntered.deallocate()
  }

  /// Takes note that a defined function is entered.
  func enter(_ defined: Int, of code: ModuleMachineCode) {
    guard !isEntered[defined].exchange(true, ordering: .relaxed) else { return }
    let startsThread = lock.withLock {
      guard !isStopped else { return false }
      entered.append(UInt32(defined))
      if generation != Fork.generation {
        // Those who wait have stayed in the parent process.
        generation = Fork.generation
        idleThreads = 0
      }
      if idleThreads > 0 {
        lock.wakeOne()
        return false
      }
      return threads.take()
    }
    guard startsThread else { return }
    let thread = Threads.start { [threads] in
      code.compileAhead()
      threads.giveBack()
    }
    if let thread { Threads.detach(thread) } else { threads.giveBack() }
  }

  /// Lets threads end. What is compiled from now on is compiled when it is called.
  func stop() {
    lock.withLock {
      isStopped = true
      entered = []
      candidates = []
      lock.wakeAll()
    }
  }

  /// The next function to compile; nil where there is none.
  ///
  /// - Parameter waits: Whether it is waited for a little while that there is one.
  func next(waits: Bool, in code: ModuleMachineCode) -> Candidate? {
    while true {
      let (caller, candidate) = lock.withLock { take(waits: waits) }
      if let caller {
        addCalls(of: Candidate(function: caller, guesses: 0), in: code)
      } else if let candidate {
        if !code.isSettled(Int(candidate.function)) { return candidate }
      } else {
        return nil
      }
    }
  }

  private func take(waits: Bool) -> (caller: UInt32?, candidate: Candidate?) {
    while true {
      if let caller = entered.popLast() { return (caller, nil) }
      if let candidate = candidates.popLast() { return (nil, candidate) }
      guard waits, !isStopped else { return (nil, nil) }
      idleThreads += 1
      let isWoken = lock.wait(milliseconds: Self.patience)
      idleThreads -= 1
      if !isWoken, entered.isEmpty { return (nil, nil) }
    }
  }

  /// Makes candidates of what a function calls.
  func addCalls(of caller: Candidate, in code: ModuleMachineCode) {
    let calls = code.calls(of: Int(caller.function))
    guard !calls.isEmpty else { return }
    lock.withLock {
      guard !isStopped else { return }
      for call in calls.reversed() {
        let guesses = caller.guesses + (call.isCertain ? 0 : 1)
        if guesses <= Self.mostGuesses { candidates.append(Candidate(function: call.function, guesses: guesses)) }
      }
    }
  }
}
