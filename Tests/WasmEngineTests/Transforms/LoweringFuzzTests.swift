import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Generated modules with two to five memories, before and after lowering. `polymnia-fuzz lower` does more of it.
@Suite struct LoweringFuzzTests {
  @Test(arguments: [ExecutionTier.interpreter, .compiler])
  func callsEndTheSame(tier: ExecutionTier) throws {
    var refused = 0
    for number in 0..<18 {
      let (bytes, options, calls) = try LowerCommand.subject(number, seed: 7)
      // Sequences take no time; programs that do are for the fuzzer.
      let trial = LoweringTrial(options: options, tier: tier, deadline: .milliseconds(400))
      switch trial.run(try ModuleDecoder.decode(bytes), calls: calls, seed: 7, isDeep: false) {
      case .same, .stopped: break
      case .refused: refused += 1
      case .different(let what): Issue.record("module \(number): \(what)")
      }
    }
    #expect(refused < 4)
  }
}
