import Synchronization
import Testing

@testable import WasmEngine

#if os(Linux)
  import Glibc

  /// Calls on stacks that are not the thread's, and how much of a stack compiled code may use.
  @Suite struct ForeignStackTests {
    static let text = """
      (module
        (import "env" "host" (func $host (param i32) (result i32)))
        (memory 1) (memory 1)
        (func $deep (export "deep") (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
        (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "fault") (param i32) (result i32) (i32.load 1 (i32.const -1)))
        (func $note (export "note") (param i32) (result i32)
          (drop (call $host (local.get 0)))
          (i32.add (i32.const 1) (call $note (local.get 0))))
        (func (export "host") (param i32) (result i32) (i32.add (i32.const 1) (call $host (local.get 0)))))
      """

    /// An instance, and what its host function does.
    final class Guest {
      let store: Store
      let instance: Instance
      private let box: Box

      private final class Box { var host: (Int32) throws -> Int32 = { $0 } }

      init(
        _ tier: ExecutionTier, _ compilation: CompilationTime = .lazy,
        _ change: (inout Engine.Configuration) -> Void = { _ in }
      ) throws {
        let engine = makeEngine {
          $0.tier = tier
          $0.compilation = compilation
          change(&$0)
        }
        let box = Box()
        self.box = box
        store = Store(engine)
        let linker = Linker(store)
        try linker.define("env", "host") { (_: borrowing Caller, x: Int32) throws -> Int32 in try box.host(x) }
        instance = try linker.instantiate(engine.compile(text: ForeignStackTests.text))
      }

      var host: (Int32) throws -> Int32 {
        get { box.host }
        set { box.host = newValue }
      }

      /// Calls a function in the two ways that there are.
      func call(_ name: String, _ argument: Int32 = 0) throws -> Int32 {
        let result = try instance.function(name, as: Int32.self, returning: Int32.self)(argument)
        guard case .i32(result)? = try instance.function(name).call([.i32(argument)]).first else { return -1 }
        return result
      }
    }

    private static func value(_ body: () throws -> Int32) -> Int32? { try? body() }

    static let ways: [(ExecutionTier, CompilationTime)] = [
      (.interpreter, .lazy), (.compiler, .lazy), (.compiler, .eager),
    ]

    private static func refuses(_ body: () throws -> Int32) -> Bool {
      do { _ = try body() } catch { return error as? UsageError == .foreignStack }
      return false
    }

    @Test(arguments: ways)
    func aFibreNobodyHasToldOfIsRefused(tier: ExecutionTier, compilation: CompilationTime) throws {
      let guest = try Guest(tier, compilation)
      #expect(try guest.call("double", 4) == 8)
      let fibre = Fibre(size: 256 << 10) { _ in
        #expect(Self.refuses { try guest.call("deep") })
        #expect(Self.refuses { try guest.call("double", 3) })
        #expect(Self.refuses { try guest.instance.function("double").call([.i32(1)]).count == 1 ? 1 : 0 })
        #expect(throws: UsageError.foreignStack) {
          try guest.store.load("(module (func $start) (start $start))")
        }
      }
      fibre.resume()
      #expect(fibre.isIntact)
      #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
      #expect(try guest.call("double", 5) == 10)
    }

    @Test(arguments: ways, [64 << 10, 256 << 10, 4 << 20])
    func onAFibreOfKnownBounds(way: (ExecutionTier, CompilationTime), size: Int) throws {
      let guest = try Guest(way.0, way.1)
      let fibre = Fibre(size: size) { fibre in
        #expect(throws: UsageError.foreignStack) { try guest.call("double", 3) }
        // Debug builds of the engine need more than there is on the smallest.
        do {
          try guest.store.onStack(UnsafeRawBufferPointer(fibre.stack)) {
            #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
            if size > 64 << 10 {
              #expect(Self.value { try guest.call("double", 3) } == 6)
              #expect(trapKind { _ = try guest.call("fault") } == .outOfBoundsMemoryAccess)
              #expect(trapKind { _ = try guest.call("note") } == .callStackExhausted)
            }
          }
        } catch { Issue.record(error) }
        #expect(throws: UsageError.foreignStack) { try guest.call("double", 3) }
      }
      fibre.resume()
      #expect(fibre.isIntact)
      #expect(try guest.call("double", 5) == 10)
    }

    @Test func boundsThatTheCallerIsNotOnAreRefused() throws {
      let guest = try Guest(.compiler)
      let fibre = Fibre(size: 64 << 10) { _ in }
      #expect(throws: UsageError.foreignStack) {
        try guest.store.onStack(UnsafeRawBufferPointer(fibre.stack)) { _ = try guest.call("double", 1) }
      }
      #expect(throws: UsageError.foreignStack) {
        try guest.store.onStack(UnsafeRawBufferPointer(start: nil, count: 0)) { _ = try guest.call("double", 1) }
      }
    }

    /// A guest calls the host, which goes on on a fibre and calls the guest there, which calls the host, which leaves it.
    @Test(arguments: ways)
    func betweenHostAndGuest(tier: ExecutionTier, compilation: CompilationTime) throws {
      let guest = try Guest(tier, compilation)
      var log: [String] = []
      let fibre = Fibre(size: 512 << 10) { fibre in
        #expect(Self.refuses { try guest.call("double", 3) })
        do {
          try guest.store.onStack(UnsafeRawBufferPointer(fibre.stack)) {
            guest.host = { x in
              log.append("inner \(x)")
              // Back to the thread's stack, where the store may be called too.
              if x == 7 { fibre.leave() }
              return x * 10
            }
            #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
            let host = try guest.instance.function("host", as: Int32.self, returning: Int32.self)
            #expect(Self.value { try host(7) } == 71)
            #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
          }
        } catch { Issue.record(error) }
      }
      guest.host = { x in
        fibre.resume()
        #expect(Self.value { try guest.call("double", 21) } == 42)
        #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
        fibre.resume()
        log.append("outer \(x)")
        return x
      }
      #expect(try guest.instance.function("host", as: Int32.self, returning: Int32.self)(1) == 2)
      #expect(log == ["inner 7", "outer 1"])
      #expect(fibre.isIntact)
      #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
      #expect(try guest.call("double", 5) == 10)
    }

    /// A stack that is a part of the thread's own.
    @Test(arguments: ways)
    func aFibreInAFrameOfTheHost(tier: ExecutionTier, compilation: CompilationTime) throws {
      let guest = try Guest(tier, compilation)
      let isIntact = Atomic(false)
      nonisolated(unsafe) let shared = guest
      Threads.run(stackSize: 8 << 20) {
        let guest = shared
        // Far more than the optimiser would put elsewhere.
        withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 4096) { memory in
          let fibre = Fibre(size: 768 << 10, in: memory) { fibre in
            do {
              try guest.store.onStack(UnsafeRawBufferPointer(fibre.stack)) {
                #expect(trapKind { _ = try guest.call("deep") } == .callStackExhausted)
                #expect(Self.value { try guest.call("double", 4) } == 8)
              }
            } catch { Issue.record(error) }
          }
          guest.host = { x in
            fibre.resume()
            return x
          }
          let result = Self.value {
            try guest.instance.function("host", as: Int32.self, returning: Int32.self)(1)
          }
          #expect(result == 2)
          isIntact.store(fibre.isIntact, ordering: .relaxed)
          guest.host = { $0 }
        }
      }
      let wasIntact = isIntact.load(ordering: .relaxed)
      #expect(wasIntact)
    }

    /// The configured size, on a stack that is far larger.
    @Test(arguments: ways, [64 << 10, 1 << 20])
    func theConfiguredSizeBoundsCompiledCode(way: (ExecutionTier, CompilationTime), size: Int) throws {
      let used = Atomic(UInt(0))
      let kind = Mutex<Trap.Kind?>(nil)
      Threads.run(stackSize: 64 << 20) {
        do {
          let guest = try Guest(way.0, way.1) { $0.stackSize = size }
          let start = ThreadStack.position
          guest.host = { x in
            used.max(start - ThreadStack.position, ordering: .relaxed)
            return x
          }
          let result = trapKind { _ = try guest.call("note") }
          kind.withLock { $0 = result }
        } catch { Issue.record(error) }
      }
      #expect(kind.withLock { $0 } == .callStackExhausted)
      let bytes = Int(used.load(ordering: .relaxed))
      // The frames of the host come on top.
      #expect(bytes < size + (64 << 10), "\(bytes) bytes were used")
    }

    /// The host between the guest's calls does not give it another such size.
    @Test(arguments: ways)
    func theConfiguredSizeHoldsThroughTheHost(tier: ExecutionTier, compilation: CompilationTime) throws {
      let deepest = Atomic(UInt(0))
      Threads.run(stackSize: 64 << 20) {
        do {
          let guest = try Guest(tier, compilation) { $0.stackSize = 256 << 10 }
          let start = ThreadStack.position
          guest.host = { [unowned guest] x in
            deepest.max(start - ThreadStack.position, ordering: .relaxed)
            return try guest.instance.function("host", as: Int32.self, returning: Int32.self)(x)
          }
          #expect(trapKind { _ = try guest.call("host") } == .callStackExhausted)
          #expect(trapKind { _ = try guest.call("host") } == .callStackExhausted)
        } catch { Issue.record(error) }
      }
      let bytes = deepest.load(ordering: .relaxed)
      #expect(bytes < 400 << 10, "\(bytes) bytes were used")
    }

    /// Where the system does not say where the stack is, calls are refused rather than made somewhere.
    @Test func aStackThatIsNotKnown() throws {
      let guest = try Guest(.compiler)
      let kinds = Mutex<[UsageError?]>([])
      nonisolated(unsafe) let shared = guest
      Threads.run(stackSize: 1 << 20) {
        InjectedFailures(.threadAttributes) { $0 == 1 }.run {
          for _ in 0..<2 {
            do {
              _ = try shared.call("double", 2)
              kinds.withLock { $0.append(nil) }
            } catch {
              let error = error as? UsageError
              kinds.withLock { $0.append(error) }
            }
          }
        }
      }
      #expect(kinds.withLock { $0 } == [.resourceRefused("the bounds of the thread's stack"), nil])
    }
  }
#endif
