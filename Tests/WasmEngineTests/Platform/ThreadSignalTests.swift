import Synchronization
import Testing

@testable import WasmEngine

#if os(Linux)
  import Glibc

  /// Threads that block signals, and signals that the engine's own files can raise.
  @Suite struct ThreadSignalTests {
    static let text = """
      (module (memory 1) (memory 1)
        (func (export "fault") (drop (i32.load 1 (i32.const -1))))
        (func (export "loop") (loop (br 0)))
        (func (export "one") (result i32) (i32.const 1)))
      """

    static func set(_ signals: Int32...) -> sigset_t {
      var set = sigset_t()
      sigemptyset(&set)
      for signal in signals { sigaddset(&set, signal) }
      return set
    }

    @Sendable static func traps(_ tier: ExecutionTier, _ compilation: CompilationTime) -> Bool {
      let store = Store(
        makeEngine {
          $0.tier = tier
          $0.compilation = compilation
        })
      guard let instance = try? store.load(text) else { return false }
      guard trapKind({ _ = try instance.function("fault").call() }) == .outOfBoundsMemoryAccess else { return false }
      store.interruptHandle.interrupt()
      guard trapKind({ _ = try instance.function("loop").call() }) == .interrupted else { return false }
      return (try? callI32(instance, "one")) == 1
    }

    static func require(_ condition: Bool, _ line: Int = #line) { ForkTests.require(condition, line) }

    @Test func aThreadThatBlocksFaultsSurvivesThem() async {
      await #expect(processExitsWith: .success) {
        var faults = Self.set(SIGSEGV, SIGBUS, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &faults, nil)
        for (tier, compilation) in ForeignStackTests.ways {
          Self.require(Self.traps(tier, compilation))
          // And one that has only interpreted before.
          Threads.run(stackSize: 8 << 20) {
            Self.require(Self.traps(.interpreter, .lazy))
            var faults = Self.set(SIGSEGV, SIGBUS)
            pthread_sigmask(SIG_BLOCK, &faults, nil)
            Self.require(Self.traps(tier, compilation))
          }
        }
        // Nothing else was unblocked.
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        Self.require(sigismember(&mask, SIGTERM) == 1)
      }
    }

    /// A fibre has the mask that it was made with.
    @Test func aFibreThatBlocksThem() async {
      await #expect(processExitsWith: .success) {
        Self.require(Self.traps(.compiler, .lazy))
        let store = Store(makeEngine { $0.tier = .compiler })
        let instance = try store.load(Self.text)
        var faults = Self.set(SIGSEGV, SIGBUS)
        pthread_sigmask(SIG_BLOCK, &faults, nil)
        let fibre = Fibre(size: 1 << 20) { fibre in
          try? store.onStack(UnsafeRawBufferPointer(fibre.stack)) {
            Self.require(trapKind { _ = try instance.function("fault").call() } == .outOfBoundsMemoryAccess)
          }
        }
        pthread_sigmask(SIG_UNBLOCK, &faults, nil)
        fibre.resume()
      }
    }

    @Test func aThreadThatCannotUnblockThemIsRefused() async {
      await #expect(processExitsWith: .success) {
        let store = Store(makeEngine { $0.tier = .compiler })
        let instance = try store.load(Self.text)
        InjectedFailures(.signalMask) { _ in true }.run {
          do {
            _ = try instance.function("fault").call()
            exit(2)
          } catch { Self.require(error as? UsageError == .resourceRefused("unblocking SIGSEGV and SIGBUS")) }
        }
        Self.require(trapKind { _ = try instance.function("fault").call() } == .outOfBoundsMemoryAccess)
      }
    }

    /// The file of machine code may not become larger than files of the process may: then there is none.
    @Test(arguments: [0, 40_000, 1 << 20])
    func aLimitOnTheSizeOfFiles(bytes: Int) async {
      await #expect(processExitsWith: .success) { [bytes = UInt64(bytes) as UInt64] in
        var limit: [UInt64] = [bytes, .max]
        let setLimit = symbol("setrlimit", as: (@convention(c) (Int32, UnsafeMutableRawPointer) -> Int32).self)
        Self.require(setLimit(1, &limit) == 0)
        for (tier, compilation) in ForeignStackTests.ways {
          Self.require(Self.traps(tier, compilation))
        }
        for way in ForkTests.ways {
          let guest = try ForkTests.Guest(makeEngine(way))
          Self.require(guest.isRight(0..<ForkTests.functionCount))
          Self.require(ForkTests.succeeds(ForkTests.fork { guest.isRight((0..<ForkTests.functionCount).reversed()) }))
        }
      }
    }

    @Test func signalsOfWritesAreTakenBack() async {
      await #expect(processExitsWith: .success) {
        var ends: [Int32] = [0, 0]
        Self.require(pipe(&ends) == 0)
        close(ends[0])
        var byte: UInt8 = 1
        let fails = { WriteSignals.withheld(expecting: 1) { write(ends[1], &byte, 1) } == -1 && errno == EPIPE }
        for _ in 0..<3 { Self.require(fails()) }
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        Self.require(sigismember(&mask, SIGPIPE) == 0)
        // One of the embedder's own that waits stays.
        var pipes = Self.set(SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipes, nil)
        Self.require(fails())
        var waiting = sigset_t()
        Self.require(sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 0)
        raise(SIGPIPE)
        Self.require(fails())
        Self.require(sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 1)
      }
    }

    // MARK: Deadlines

    @Test func aDeadlineWithoutAThreadIsAnError() async {
      await #expect(processExitsWith: .success) {
        for (tier, compilation) in ForeignStackTests.ways {
          let store = Store(
            makeEngine {
              $0.tier = tier
              $0.compilation = compilation
            })
          let instance = try store.load(Self.text)
          let setters: [() throws -> Void] = [
            { try store.setDeadline(after: .milliseconds(10)) }, { try store.setDeadline(.now + .seconds(3)) },
          ]
          for set in setters {
            InjectedFailures(.createThread) { _ in true }.run {
              do {
                try set()
                exit(2)
              } catch { Self.require(error as? UsageError == .deadlineRefused) }
            }
            // Whoever does not mind runs nothing either.
            Self.require(trapKind { _ = try instance.function("one").call() } == .deadlineExceeded)
            Self.require(trapKind { _ = try store.load("(module (func $s) (start $s))") } == .deadlineExceeded)
            store.removeDeadline()
            Self.require(try callI32(instance, "one") == 1)
          }
          // A moment that has passed needs none.
          try InjectedFailures(.createThread) { _ in true }.run { try store.setDeadline(after: .seconds(-1)) }
          Self.require(trapKind { _ = try instance.function("one").call() } == .deadlineExceeded)
        }
      }
    }

    @Test func deadlinesAtTheEndsOfTime() throws {
      let store = Store(makeEngine())
      let instance = try store.load(Self.text)
      let longest = Duration(secondsComponent: .max, attosecondsComponent: .max)
      for duration in [longest, .seconds(Int64.max / 2), .seconds(1e15)] {
        try store.setDeadline(after: duration)
        #expect(try callI32(instance, "one") == 1)
      }
      for duration in [Duration.zero - longest, .seconds(-5), .zero] {
        try store.setDeadline(after: duration)
        #expect(trapKind { _ = try instance.function("one").call() } == .deadlineExceeded)
      }
      store.removeDeadline()
    }
  }
#endif
