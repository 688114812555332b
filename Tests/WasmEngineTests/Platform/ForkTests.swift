import Synchronization
import Testing

@testable import WasmEngine

#if os(Linux)
  import Glibc

  /// The engine on both sides of a `fork`. Each test is a process of its own, whose children end with 0 where all is right.
  @Suite struct ForkTests {
    static let functionCount: Int32 = 24

    /// Functions of different code, each of which calls the ones before it; and what a child has to be stopped in.
    static let text: String = {
      var text = """
        (module (import "env" "host" (func $host (param i32) (result i32)))
          (memory 1) (memory 1)
          (func (export "loop") (loop (br 0)))
          (func (export "host") (param i32) (result i32) (i32.add (call $host (local.get 0)) (i32.const 1)))
          (func (export "forked") (param i32) (drop (call $host (local.get 0))) (loop (br 0)))
          (func (export "fault") (drop (i32.load 1 (i32.const -1))))

        """
      for index in 0..<functionCount {
        let call = index == 0 ? "(i32.const 0)" : "(call $f\(index - 1) (local.get 0))"
        text += """
          (func $f\(index) (export "f\(index)") (param i32) (result i32)
            (i32.store 1 (i32.const \(index * 4)) (i32.mul (local.get 0) (i32.const \(index + 1))))
            (i32.add \(call) (i32.load 1 (i32.const \(index * 4)))))

          """
      }
      return text + ")"
    }()

    static func result(_ index: Int32, _ x: Int32) -> Int32 { (0...index).reduce(0) { $0 &+ x &* ($1 + 1) } }

    final class Guest {
      let store: Store
      let instance: Instance
      private let box: Box
      private final class Box { var host: (Int32) throws -> Int32 = { $0 } }

      init(_ engine: Engine, _ module: CompiledModule? = nil) throws {
        let box = Box()
        self.box = box
        store = Store(engine)
        let linker = Linker(store)
        try linker.define("env", "host") { (_: borrowing Caller, x: Int32) throws -> Int32 in try box.host(x) }
        instance = try linker.instantiate(module ?? engine.compile(text: ForkTests.text))
      }

      var host: (Int32) throws -> Int32 {
        get { box.host }
        set { box.host = newValue }
      }

      /// - Parameter orRefused: Whether there may be no memory for code.
      func isRight(_ functions: some Sequence<Int32>, orRefused: Bool = false) -> Bool {
        functions.allSatisfy { index in
          let f = try? instance.function("f\(index)", as: Int32.self, returning: Int32.self)
          do {
            return try f?(index + 3) == ForkTests.result(index, index + 3)
          } catch { return orRefused && (error as? Trap)?.kind == .outOfMemory }
        }
      }

      var traps: Bool {
        trapKind { _ = try instance.function("fault").call() } == .outOfBoundsMemoryAccess
      }

      func isStopped(_ body: () throws -> Void) -> Bool { trapKind(body) == .deadlineExceeded }
    }

    /// Lazily, eagerly, with a thread that compiles ahead, and interpreted.
    static let ways: [@Sendable (inout Engine.Configuration) -> Void] = [
      { $0.aheadThreads = 0 },
      { $0.compilation = .eager },
      {
        $0.aheadThreads = 1
        $0.smallestAheadModule = 0
      },
      { $0.tier = .interpreter },
    ]

    static func fork(_ body: () throws -> Bool) -> pid_t {
      let process = symbol("fork", as: (@convention(c) () -> pid_t).self)()
      guard process == 0 else { return process }
      limitTime()
      do { _exit(try body() ? 0 : 1) } catch { _exit(2) }
    }

    /// Ends a process that hangs, in which a thread of a pool, which blocks signals, is the only one.
    static func limitTime() {
      var alarms = sigset_t()
      sigemptyset(&alarms)
      sigaddset(&alarms, SIGALRM)
      pthread_sigmask(SIG_UNBLOCK, &alarms, nil)
      alarm(60)
    }

    static func succeeds(_ process: pid_t) -> Bool {
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return false } }
      return status == 0
    }

    static func require(_ condition: Bool, _ line: Int = #line) {
      guard !condition else { return }
      let text = "line \(line)\n"
      _ = write(2, text, text.utf8.count)
      exit(1)
    }

    @Test func parentAndChildrenCompileAtTheSameTime() async {
      await #expect(processExitsWith: .success) {
        for way in Self.ways {
          let guest = try Guest(makeEngine(way))
          Self.require(guest.isRight(0..<4))
          let children = (0..<3).map { child in
            Self.fork {
              let order: [Int32] = (0..<Self.functionCount).map { ($0 &* 7 &+ Int32(child)) % Self.functionCount }
              let other = try Guest(guest.store.engine)
              return guest.isRight(order) && guest.traps && other.isRight(order.reversed()) && guest.isRight(order)
            }
          }
          Self.require(guest.isRight(0..<Self.functionCount))
          let other = try Guest(guest.store.engine)
          Self.require(other.isRight((0..<Self.functionCount).reversed()) && other.traps)
          for child in children { Self.require(Self.succeeds(child)) }
          Self.require(guest.isRight(0..<Self.functionCount))
        }
      }
    }

    /// A child of a child, which was made inside a host function.
    @Test func inTheMiddleOfACall() async {
      await #expect(processExitsWith: .success) {
        for way in Self.ways {
          let guest = try Guest(makeEngine(way))
          var children: [pid_t] = []
          guest.host = { x in
            let child = Self.fork {
              let second = Self.fork { guest.isRight(0..<Self.functionCount) }
              return guest.isRight((0..<Self.functionCount).reversed()) && Self.succeeds(second)
            }
            children.append(child)
            return x
          }
          let host = try guest.instance.function("host", as: Int32.self, returning: Int32.self)
          Self.require(try host(1) == 2)
          guest.host = { x in
            let process = symbol("fork", as: (@convention(c) () -> pid_t).self)()
            if process == 0 { Self.limitTime() }
            return process == 0 ? 100 : x
          }
          // The child comes back into the guest, and out of it.
          let result = try host(5)
          if result == 101 { _exit(guest.isRight(0..<Self.functionCount) ? 0 : 1) }
          Self.require(result == 6)
          var status: Int32 = 0
          while waitpid(-1, &status, 0) > 0 { Self.require(status == 0) }
        }
      }
    }

    /// What the parent no longer needs, and writes over, its child still has.
    @Test func codeThatTheParentReleases() async {
      await #expect(processExitsWith: .success) {
        for way in Self.ways {
          var guest: Guest? = try Guest(makeEngine(way))
          Self.require(guest!.isRight(0..<Self.functionCount))
          var ends: [Int32] = [0, 0]
          Self.require(pipe(&ends) == 0)
          let child = Self.fork {
            close(ends[1])
            var byte: UInt8 = 0
            guard let guest, read(ends[0], &byte, 1) == 0 else { return false }
            return guest.isRight(0..<Self.functionCount) && guest.traps
          }
          close(ends[0])
          guest = nil
          for _ in 0..<4 {
            let other = Store(makeEngine(way))
            let instance = try other.load("(module (func (export \"g\") (result i32) (i32.const 77)))")
            Self.require(try callI32(instance, "g") == 77)
          }
          close(ends[1])
          Self.require(Self.succeeds(child))
        }
      }
    }

    @Test func deadlinesHoldOnBothSides() async {
      await #expect(processExitsWith: .success) {
        for way in Self.ways {
          let guest = try Guest(makeEngine(way))
          let loop = try guest.instance.function("loop", as: Void.self)
          let forked = try guest.instance.function("forked", as: Int32.self)
          // Set before, in a process that has the thread already, and in one that has not.
          try guest.store.setDeadline(after: .milliseconds(300))
          var children = [
            Self.fork { guest.isStopped { try loop() } },
            Self.fork {
              guest.store.removeDeadline()
              let other = try Guest(guest.store.engine)
              try other.store.setDeadline(after: .milliseconds(20))
              return other.isStopped { try other.instance.function("loop", as: Void.self)() }
                && guest.isRight(0..<Self.functionCount)
            },
          ]
          Self.require(guest.isStopped { try loop() })
          guest.store.removeDeadline()
          // Set on the way, where the child goes on in the guest.
          var isChild = false
          guest.host = { x in
            let process = symbol("fork", as: (@convention(c) () -> pid_t).self)()
            isChild = process == 0
            if isChild { Self.limitTime() } else { children.append(process) }
            return x
          }
          try guest.store.setDeadline(after: .milliseconds(300))
          let isStopped = guest.isStopped { try forked(1) }
          if isChild { _exit(isStopped ? 0 : 1) }
          Self.require(isStopped)
          for child in children { Self.require(Self.succeeds(child)) }
        }
      }
    }

    /// A thread that is at a function when the process forks is not there in the child, which compiles it itself.
    @Test func functionsThatAThreadOfTheParentIsCompiling() async {
      await #expect(processExitsWith: .success) {
        let adds = String(repeating: "(i32.add (i32.const 3)) (i32.mul (local.get 0))", count: 2000)
        let text = """
          (module (func $a (export "a") (param i32) (result i32) (local.get 0) \(adds))
            (func (export "b") (param i32) (result i32) (call $a (local.get 0))))
          """
        for way in Self.ways.dropLast() {
          for delay in [1, 3, 10, 30] as [UInt32] {
            let engine = makeEngine {
              way(&$0)
              $0.compilation = .lazy
              $0.checksCompiler = false
            }
            let module = try engine.compile(text: text)
            // What the runtime of the language makes at first use is there.
            let warm = try Store(engine).load("(module (func (export \"a\") (result i32) (i32.const 5)))")
            Self.require(try callI32(warm, "a") == 5)
            let thread = Threads.start {
              _ = try? callI32(Store(engine).instantiate(module, imports: []), "b", .i32(1))
            }
            Self.require(thread != nil)
            usleep(delay * 1000)
            let child = Self.fork { try callI32(Store(engine).instantiate(module, imports: []), "a", .i32(0)) == 0 }
            Self.require(Self.succeeds(child))
            Self.require(try callI32(Store(engine).instantiate(module, imports: []), "b", .i32(0)) == 0)
            if let thread { pthread_join(thread, nil) }
          }
        }
      }
    }

    /// Whatever the other threads hold when it comes.
    @Test func whileOtherThreadsUseTheEngine() async {
      await #expect(processExitsWith: .success) {
        let engine = makeEngine {
          $0.aheadThreads = 1
          $0.smallestAheadModule = 0
          $0.checksCompiler = false
        }
        let isDone = Atomic(false)
        let work: @Sendable (Int) -> Bool = { number in
          guard let guest = try? Guest(engine) else { return false }
          try? guest.store.setDeadline(after: .seconds(100))
          let tag = "(module (type (func (param i32 i64) (result \(number % 2 == 0 ? "f32" : "f64")))))"
          return guest.isRight(0..<Self.functionCount) && (try? engine.compile(text: tag)) != nil
        }
        Self.require(work(0) && work(1))
        let threads = (0..<3).compactMap { _ in
          Threads.start {
            var number = 0
            while !isDone.load(ordering: .relaxed) {
              Self.require(work(number))
              number += 1
            }
          }
        }
        for number in 0..<24 {
          Self.require(Self.succeeds(Self.fork { work(number) && work(number + 1) }))
        }
        isDone.store(true, ordering: .relaxed)
        Threads.join(threads, startedIn: Fork.generation)
      }
    }

    /// Where the child gets no file of its own, the code that is there runs on, and all else is interpreted or a trap; the
    /// parent keeps its hands off that code.
    @Test(arguments: [SystemCall.memoryFile, .pwrite, .mmap, .pipe])
    func withoutACopy(refused: SystemCall) async {
      await #expect(processExitsWith: .success) { [refused = refused.rawValue as String] in
        guard let call = SystemCall(rawValue: refused) else { exit(1) }
        // Code memory first, so that the fork itself is what is refused something.
        var guest: Guest? = try Guest(makeEngine())
        Self.require(guest!.isRight(0..<3) && guest!.traps)
        let child = InjectedFailures(call) { $0 == 1 }.run {
          Self.fork {
            guard let guest else { return false }
            let other = try Guest(makeEngine())
            // New ways into the interpreter are machine code too.
            return guest.isRight(0..<3) && guest.traps && guest.isRight(3..<Self.functionCount, orRefused: true)
              && other.isRight(0..<Self.functionCount, orRefused: true)
              && Self.succeeds(Self.fork { guest.isRight(0..<3) })
          }
        }
        guest = nil
        let other = try Guest(makeEngine())
        Self.require(other.isRight(0..<Self.functionCount))
        Self.require(Self.succeeds(child))
      }
    }

    /// The child's timer is refused its thread: then its deadlines have passed.
    @Test func aChildWithoutAThreadForItsDeadlines() async {
      await #expect(processExitsWith: .success) {
        let guest = try Guest(makeEngine())
        try guest.store.setDeadline(after: .seconds(100))
        let child = InjectedFailures(.createThread) { _ in true }.run {
          Self.fork { guest.isStopped { _ = try guest.instance.function("f1").call([.i32(1)]) } }
        }
        Self.require(Self.succeeds(child))
        Self.require(guest.isRight(0..<Self.functionCount))
      }
    }
  }
#endif
