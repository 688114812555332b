import Foundation
import Synchronization
import Testing
import WebAssembly

@testable import WasmEngine

@Suite(.enabled(if: MachineCode.isAvailable))
struct AheadCompilationTests {
  private static func engine(threads: Int?, smallest: Int = 0) -> Engine {
    var configuration = Engine.Configuration()
    configuration.aheadThreads = threads
    configuration.smallestAheadModule = smallest
    return Engine(configuration)
  }

  /// A function that calls the host before it calls another one, which is never called; and one that it never calls.
  private static let waiting = """
    (module (import "host" "wait" (func $wait))
      (func $callee (param i32) (result i32) (loop (call $behind)) (i32.mul (local.get 0) (i32.const 3)))
      (func $behind (loop $l (br_if $l (i32.const 0))))
      (func $other (loop $l (br_if $l (i32.const 0))))
      (func (export "run") (param i32) (result i32)
        (call $wait)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 7)) (else (call $callee (local.get 0))))))
    """

  /// Which functions have code when the host is called, which gives other threads `seconds` for those that are expected.
  private static func settled(_ engine: Engine, expected: [Int], seconds: Double) throws -> [Int] {
    let module = try engine.compile(text: waiting)
    let machine = try #require(module.machine)
    let store = Store(engine)
    let linker = Linker(store)
    let found = Mutex<[Int]>([])
    try linker.define("host", "wait") { (_: borrowing Caller) in
      let end = Date().addingTimeInterval(seconds)
      while !expected.allSatisfy({ machine.isSettled($0) }), Date() < end { usleep(1000) }
      found.withLock { $0 = (0..<4).filter { machine.isSettled($0) } }
    }
    let instance = try linker.instantiate(module)
    let run = try instance.function("run", as: Int32.self, returning: Int32.self)
    #expect(try run(0) == 7)
    #expect(try run(5) == 15)
    return found.withLock { $0 }
  }

  @Test func whatIsCalledIsCompiledMeanwhile() throws {
    // What the callee calls in any case is expected too.
    #expect(try Self.settled(Self.engine(threads: 1), expected: [0, 1, 3], seconds: 60) == [0, 1, 3])
  }

  @Test func nothingIsCompiledAheadWithoutThreads() throws {
    #expect(try Self.settled(Self.engine(threads: 0), expected: [0], seconds: 0.05) == [3])
  }

  @Test func smallModulesAreLeftAlone() throws {
    #expect(try Self.settled(Self.engine(threads: 1, smallest: 10_000), expected: [0], seconds: 0.05) == [3])
  }

  @Test func callsAndWhetherTheyAreCertain() throws {
    let module = try ModuleParser.parse(
      Array(
        """
        (module (func) (func) (func) (func) (func) (func) (func) (func) (func) (func)
          (func (param i32)
            (call 0)
            (block (br_if 0 (local.get 0)) (call 1))
            (call 2)
            (if (local.get 0) (then (call 3)) (else (call 4)))
            (loop (call 5) (br_if 0 (local.get 0)) (call 6))
            (if (local.get 0) (then (call 7) unreachable))
            (block (block (br_if 1 (local.get 0))) (call 8))
            (call 9)
            (if (local.get 0) (then return))
            (call 0)
            (block (block (br_table 0 1 (local.get 0))) (call 1))
            (return_call 2)))
        """.utf8)
    ).module
    let calls = DirectCalls.find(in: InstructionReader(module.bytes, range: module.bodies[10].range))
    #expect(calls.map(\.function) == [0, 1, 2, 3, 4, 5, 6, 8, 9, 0, 1, 2])
    #expect(calls.filter(\.isCertain).map(\.function) == [0, 2, 5, 6, 9])
  }

  /// Functions that call one another, some by both ways of a branch, some never.
  private static func tree(_ count: Int) -> String {
    let functions = (0..<count).map { index in
      let calls = [2 * index + 1, 2 * index + 2].filter { $0 < count }.map { callee in
        """
        (if (i32.rem_u (local.get 0) (i32.const \(callee % 7 + 2)))
          (then (local.set 1 (i32.add (local.get 1) (call $f\(callee) (i32.add (local.get 0) (i32.const 1)))))))
        """
      }
      return """
        (func $f\(index) (export "f\(index)") (param i32) (result i32) (local i32)
          \(calls.joined(separator: "\n"))
          (i32.add (i32.mul (local.get 1) (i32.const 3)) (i32.xor (local.get 0) (i32.const \(index)))))
        """
    }
    return "(module \(functions.joined(separator: "\n")))"
  }

  private static func root(_ instance: Instance, _ argument: Int32) throws -> Int32 {
    try instance.function("f0", as: Int32.self, returning: Int32.self)(argument)
  }

  @Test func manyStoresCallWhatIsBeingCompiled() throws {
    let text = Self.tree(200)
    var configuration = Engine.Configuration()
    configuration.tier = .interpreter
    let reference = Engine(configuration)
    let expected = try (0..<8).map { argument in
      try Self.root(Store(reference).instantiate(reference.compile(text: text)), Int32(argument))
    }
    for _ in 0..<10 {
      let engine = Self.engine(threads: 2)
      let module = try engine.compile(text: text)
      DispatchQueue.concurrentPerform(iterations: 8) { argument in
        do {
          let instance = try Store(engine).instantiate(module)
          #expect(try Self.root(instance, Int32(argument)) == expected[argument])
        } catch {
          Issue.record(error)
        }
      }
      #expect(module.functionsLeftToInterpreter.isEmpty)
    }
  }

  @Test func threadsDoNotKeepCode() throws {
    weak var machine: ModuleMachineCode?
    do {
      let engine = Self.engine(threads: 1)
      let module = try engine.compile(text: Self.tree(400))
      machine = module.machine
      let instance = try Store(engine).instantiate(module)
      #expect(try instance.function("f300", as: Int32.self, returning: Int32.self)(1) == 1 ^ 300)
    }
    let end = Date().addingTimeInterval(60)
    while machine != nil, Date() < end { usleep(1000) }
    #expect(machine == nil)
  }

  @Test func threadsAreLimited() {
    let threads = AheadThreads(limit: 2)
    #expect([threads.take(), threads.take(), threads.take()] == [true, true, false])
    threads.giveBack()
    #expect(threads.take())
    #expect(!AheadThreads(limit: -1).take())
  }
}
