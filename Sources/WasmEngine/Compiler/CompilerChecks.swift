import WebAssembly

/// What an engine that checks its compiler has found: after each pass ``IRVerifier`` looks at the function, and
/// ``AllocationChecker`` proves that its registers were allocated right. What fails is a mistake of the compiler, whatever
/// the module; the function is then interpreted.
final class CompilerChecks: Sendable {
  private let found = Lock<[String]>([])

  /// Everything so far.
  var faults: [String] { found.withLock { $0 } }

  /// Notes what is wrong with a function after a stage of the compiler, and throws if that is anything.
  func note(_ mistakes: [String], _ function: Int, after stage: String) throws(CompilationRefusal) {
    guard !mistakes.isEmpty else { return }
    let text = "function \(function) after \(stage): " + mistakes.joined(separator: "\n  ")
    found.withLock { $0.append(text) }
    // Debug builds stop, so that no test passes over it.
    assertionFailure(text)
    throw CompilationRefusal(reason: "compiler check: \(text)")
  }
}
