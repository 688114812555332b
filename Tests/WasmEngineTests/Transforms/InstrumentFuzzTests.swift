import Foundation
import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Generated modules with two to five memories, before and after instrumentation.
@Suite struct InstrumentFuzzTests {
  /// What is observed, by number.
  static func options(_ number: Int) -> InstrumentOptions {
    var options = InstrumentOptions()
    options.stores = [.log, .pages, .log, nil][number % 4]
    options.logsFromStart = number % 8 == 2
    options.tracesMemory = number % 3 != 0 || options.stores == nil
    options.traceCapacity = 64
    options.countsCalls = number % 5 < 2
    options.covers = number % 7 < 3
    return options
  }

  static let count = Int(Environment.value("POLYMNIA_INSTRUMENT_MODULES") ?? "") ?? 18

  /// One module in a store of its own.
  private struct Run {
    let instance: Instance
    let memoryCount: Int
    var isStopped = false

    init(_ module: Module, memoryCount: Int, _ tier: ExecutionTier) throws {
      let engine = makeEngine { $0.tier = tier }
      let store = Store(engine)
      try store.setDeadline(after: .seconds(20))
      let compiled = try engine.compile(module)
      let host = LoweringHost(store, remotes: [])
      instance = try store.instantiate(compiled, imports: try compiled.imports.map { try host.value(of: $0) })
      self.memoryCount = memoryCount
    }

    /// What a call ends in.
    mutating func call(_ call: LoweringTrial.Call) -> String {
      do {
        return try instance.function(call.function).call(call.arguments).map(Differential.text).joined(separator: " ")
      } catch let trap as Trap {
        switch trap.kind {
        // How deep calls can go and how long they take is another matter.
        case .deadlineExceeded, .interrupted, .callStackExhausted: isStopped = true
        default: break
        }
        return "\(trap.kind)"
      } catch let exception as UncaughtException {
        return "threw " + exception.payload.map(Differential.text).joined(separator: " ")
      } catch {
        return "\(error)"
      }
    }

    /// The contents of the program's memories.
    func memories() throws -> [[UInt8]] {
      try (0..<memoryCount).map { index in
        guard let memory = instance.memory(at: index) else { return [] }
        return try memory.read(Int(memory.byteCount), at: 0)
      }
    }
  }

  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func instrumentedModulesDoTheSame(tier: ExecutionTier) throws {
    var rollbacks = 0
    var again = 0
    for number in 0..<Self.count {
      let subject = try LowerCommand.subject(number, seed: 11)
      let module = try ModuleDecoder.decode(subject.bytes)
      // Programs can run for long where nothing counts what they do.
      // Contents are compared here: what reads whole memories is left out.
      guard let calls = subject.calls?.filter({ !$0.function.hasPrefix("digest") }) else { continue }
      let validated = try ModuleValidator.validate(module)
      let count = validated.spaces.memories.count
      let options = Self.options(number)
      let result: InstrumentedModule
      do throws(TransformError) {
        result = try Instrumentation.instrument(validated, options: options)
      } catch {
        #expect(
          error.message.contains("is shared") || error.message.contains("reference"), "module \(number): \(error)")
        continue
      }
      let instrumented = try ModuleDecoder.decode(ModuleEncoder.encode(result.module))
      guard var left = try? Run(module, memoryCount: count, tier) else {
        #expect(throws: (any Error).self) { try Run(instrumented, memoryCount: count, tier) }
        continue
      }
      var right = try Run(instrumented, memoryCount: count, tier)
      for call in calls where !left.isStopped && !right.isStopped {
        let (expected, got) = (left.call(call), right.call(call))
        guard !left.isStopped, !right.isStopped else { break }
        try #require(expected == got, "module \(number): \(call)")
      }
      if left.isStopped || right.isStopped { continue }
      try #require(try left.memories() == right.memories(), "module \(number)")
      guard options.stores == .log else { continue }
      rollbacks += 1
      if try roll(&right, calls, number, changesOthers: !result.warnings.isEmpty) { again += 1 }
    }
    #expect(rollbacks * 6 > Self.count, "\(rollbacks) rollbacks, \(again) runs again")
  }

  /// A run, rolled back, leaves what was there before, and the same run again does the same.
  ///
  /// - Returns: whether it could be run again.
  private func roll(_ run: inout Run, _ calls: [LoweringTrial.Call], _ number: Int, changesOthers: Bool) throws -> Bool
  {
    let before = try run.memories()
    let mark = try run.instance.function("polymnia.mark").call([])
    var outcomes: [String] = []
    for call in calls where !run.isStopped { outcomes.append(run.call(call)) }
    let after = try run.memories()
    let isDone = try run.instance.function("polymnia.rollback").call(mark).map(Differential.text) == ["0"]
    try #require(isDone, "module \(number)")
    for (memory, old) in try zip(run.memories(), before) {
      try #require(memory.starts(with: old), "module \(number)")
      try #require(memory.dropFirst(old.count).allSatisfy { $0 == 0 }, "module \(number)")
    }
    // Pages that are hidden do not trap, and tables stay as they are.
    guard !run.isStopped, !changesOthers, zip(before, after).allSatisfy({ $0.count == $1.count }) else { return false }
    var second: [String] = []
    for call in calls { second.append(run.call(call)) }
    try #require(second == outcomes, "module \(number)")
    try #require(try run.memories() == after, "module \(number)")
    return true
  }
}
