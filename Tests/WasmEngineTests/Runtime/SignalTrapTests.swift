import Synchronization
import Testing

@testable import WasmEngine

#if canImport(Glibc)
  import Glibc
#endif

/// Accesses beyond a memory that the processor finds.
@Suite(.enabled(if: SignalTraps.areAvailable, "Machine code cannot fault on this system."))
struct SignalTrapTests {
  /// Every width, at the end of the memory and far beyond it.
  static let program: String = {
    let accesses = [
      ("i32.load8_u", 1), ("i64.load16_s", 2), ("i32.load", 4), ("i64.load32_u", 4), ("i64.load", 8), ("f32.load", 4),
      ("f64.load", 8), ("v128.load", 16), ("v128.load8x8_s", 8), ("v128.load16_splat", 2), ("v128.load64_zero", 8),
    ]
    var text = "(module (memory 1) (memory 1 3)\n"
    for offset in ["0", "1", "65521", "65535", "0x7ffffff0", "0x80000000", "0xffffffff"] {
      for (name, _) in accesses {
        text += "(func (export \"\(name) \(offset)\") (param i32) (drop (\(name) 1 offset=\(offset) (local.get 0))))\n"
      }
      for (name, type) in [("i32.store8", "i32"), ("i64.store32", "i64"), ("f64.store", "f64"), ("i64.store", "i64")] {
        text +=
          "(func (export \"\(name) \(offset)\") (param i32) (\(name) 1 offset=\(offset) (local.get 0) (\(type).const 1)))\n"
      }
    }
    return text + ")"
  }()

  private func outcomes(_ tier: ExecutionTier) throws -> [String] {
    let instance = try Store(makeEngine { $0.tier = tier }).load(Self.program)
    var log: [String] = []
    for (name, value) in instance.exports {
      guard case .function(let function) = value else { continue }
      for address: Int32 in [0, 1, 14, 65520, 65521, 65528, 65529, 65533, 65535, 65536, .max, .min, -16, -1] {
        do {
          _ = try function.call([.i32(address)])
          log.append("\(name) \(address)")
        } catch { log.append("\(name) \(address): \(error)") }
      }
    }
    return log
  }

  @Test func everyWidthAndOffsetIsReportedAsByTheInterpreter() throws {
    let expected = try outcomes(.interpreter)
    let actual = try outcomes(.compiler)
    #expect(expected.count > 1000)
    for (expected, actual) in zip(expected, actual) where expected != actual {
      Issue.record("\(actual), expected \(expected)")
    }
  }

  @Test func fromSeveralThreadsAtOnce() throws {
    let engine = makeEngine { $0.tier = .compiler }
    let module = try engine.compile(
      text: #"""
        (module (import "env" "back" (func $back (param i32)))
          (memory 1) (memory 1)
          (func $deep (call $deep) (drop (i32.load (i32.const 0))))
          (func (export "store") (param i32)
            (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 1000))) (then (call $deep)))
            (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 50))) (then (call $back (i32.add (local.get 0) (i32.const 1)))))
            (i64.store 1 offset=65529 (local.get 0) (i64.const 1))))
        """#)
    let wrong = Mutex<[String]>([])
    Threads.forEach(4, threads: 4) { thread in
      do {
        let linker = Linker(Store(engine))
        try linker.define("env", "back") { (caller: borrowing Caller, number: Int32) throws in
          _ = try caller.instance?.function("store").call([.i32(number)])
        }
        let store = try linker.instantiate(module).function("store")
        for number in Int32(0)..<2500 {
          do {
            _ = try store.call([.i32(number)])
            wrong.withLock { $0.append("no trap") }
          } catch let trap as Trap {
            var address = UInt64(number) + 65529
            if number % 50 == 0 { address += 1 }
            let isRight =
              number % 1000 == 0
              ? trap.kind == .callStackExhausted
              : trap.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: address, length: 8)
                && trap.backtrace.count == (number % 50 == 0 ? 2 : 1)
            if !isRight { wrong.withLock { $0.append("\(number): \(trap)") } }
          }
        }
      } catch { wrong.withLock { $0.append("\(error)") } }
    }
    let list = wrong.withLock { $0 }
    #expect(list.isEmpty, "\(list.prefix(3))")
  }

  #if os(Linux)
    @Test func faultsThatAreNotOursGoToTheHandlerBefore() async {
      await #expect(processExitsWith: .exitCode(42)) {
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { _, information, _ in _exit(information == nil ? 1 : 42) }
        action.sa_flags = SA_SIGINFO
        sigaction(SIGSEGV, &action, nil)
        let store = Store(makeEngine { $0.tier = .compiler })
        let instance = try store.load(#"(module (memory 1) (func (export "run") (drop (i32.load (i32.const -1)))))"#)
        guard trapKind({ _ = try instance.function("run").call([]) }) == .outOfBoundsMemoryAccess else { exit(1) }
        UnsafeMutablePointer<Int>(bitPattern: 64)!.pointee = 1
      }
    }

    /// Nothing tells what such a fault is, so it is not taken for a trap: the embedder's handler gets it, with the registers.
    @Test func faultsOfMachineCodeThatMayNotFaultGoThereToo() async {
      await #expect(processExitsWith: .exitCode(42)) {
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { _, _, context in
          let registers = context?.load(fromByteOffset: 40 + 13 * 8, as: UInt.self)
          _exit(registers == 0x1234 ? 42 : 1)
        }
        action.sa_flags = SA_SIGINFO
        sigaction(SIGSEGV, &action, nil)
        guard SignalTraps.areAvailable else { exit(2) }
        // mov eax, 0x1234; mov rcx, [0x40]
        let code: [UInt8] = [0xB8, 0x34, 0x12, 0, 0, 0x48, 0x8B, 0x0C, 0x25, 0x40, 0, 0, 0, 0xC3]
        guard let place = MachineCode.arena.place(code) else { exit(3) }
        unsafeBitCast(place, to: (@convention(c) () -> Void).self)()
      }
    }

    @Test func withoutAnotherHandlerTheyEndTheProcess() async {
      await #expect(processExitsWith: .signal(SIGSEGV)) {
        var action = sigaction()
        sigaction(SIGSEGV, &action, nil)
        let store = Store(makeEngine { $0.tier = .compiler })
        let instance = try store.load(#"(module (memory 1) (func (export "run") (drop (i32.load (i32.const -1)))))"#)
        guard trapKind({ _ = try instance.function("run").call([]) }) == .outOfBoundsMemoryAccess else { exit(1) }
        UnsafeMutablePointer<Int>(bitPattern: 64)!.pointee = 1
      }
    }
  #endif
}
