import WASI
import WasmEngine
import WastRunner

/// Something to run while calls of the system are refused: an official script, or a program of the examples.
enum FailureProgram {
  case script(path: String)
  /// Modules by the names under which the last one imports from the others, and what to call of it with which number; nil for
  /// a program of WASI.
  case example(modules: [(name: String, path: String)], call: (name: String, argument: Int32?)?)
  /// A module of the generator.
  case generated(seed: UInt64, number: Int)

  var name: String {
    switch self {
    case .script(let path): String(path.split(separator: "/").suffix(2).joined(separator: "/"))
    case .generated(let seed, let number): "module \(number) of seed \(seed)"
    case .example(let modules, let call): "\(modules[modules.count - 1].path) \(call?.name ?? "")"
    }
  }

  /// The scripts of memories, one of ours about what lies behind them, six calls of examples, and modules of the generator.
  static func all(_ corpus: CorpusOptions) throws -> [FailureProgram] {
    let folders = ["multi-memory", "memory64"].map { "\(corpus.scripts)/core/\($0)" }
    let scripts = try ScriptFiles.find(folders).map { FailureProgram.script(path: $0) }
    let examples = "\(corpus.package)/Examples"
    func modules(_ folder: String, _ names: String...) -> [(name: String, path: String)] {
      names.map { ($0, "\(examples)/\(folder)/\($0).wat") }
    }
    return scripts + [
      .script(path: "\(corpus.package)/Tests/Fuzz/Scripts/far.wast"),
      .example(modules: modules("picture", "picture"), call: nil),
      .example(modules: modules("link", "numerals", "table"), call: nil),
      .example(modules: modules("chart", "text", "renderer", "application"), call: nil),
      .example(modules: modules("lower", "ledger"), call: ("total", 2)),
      .example(modules: modules("lower", "ledger"), call: ("grow_names", nil)),
      .example(modules: modules("compiler", "sum"), call: ("sum", 100)),
    ] + (0..<12).map { .generated(seed: corpus.seed, number: $0) }
  }

  /// Runs it in a store of its own.
  func run(_ tier: ExecutionTier) -> FailureOutcome {
    switch self {
    case .script(let path):
      var options = SuiteOptions()
      options.tier = tier
      let outcome = ScriptSuite.run(path, options: options)
      var result = FailureOutcome(steps: outcome.passed)
      // A function that is interpreted since there is no room for its code is a weaker class, and no failure.
      for failure in outcome.failures where failure.what != "compilation" {
        result.failures.append("\(failure.line): \(failure.what): \(failure.got)")
      }
      return result
    case .generated(let seed, let number):
      var generator = ProgramGenerator(seed: seed, number: number)
      do {
        let events = try Differential.events(generator.make(), seed: seed, tier)
        var result = FailureOutcome(steps: events.count)
        result.failures = events
        return result
      } catch {
        var result = FailureOutcome(steps: 0)
        result.failures = ["error: \(error)"]
        return result
      }
    case .example(let modules, let call):
      let output = Captured()
      var result = FailureOutcome(steps: 0)
      do {
        let values = try Self.run(modules, call, output, tier)
        result.failures.append(values)
      } catch {
        result.failures.append("error: \((error as? Trap)?.message ?? "\(error)")")
      }
      result.steps = output.count
      result.failures.append("output \(output.hash)")
      return result
    }
  }

  private static func run(
    _ modules: [(name: String, path: String)], _ call: (name: String, argument: Int32?)?, _ output: Captured,
    _ tier: ExecutionTier
  ) throws -> String {
    var configuration = Engine.Configuration()
    configuration.tier = tier
    let engine = Engine(configuration)
    let linker = Linker(Store(engine))
    var settings = WASIConfiguration()
    settings.standardOutput = .sink { output.take($0) }
    let wasi = try WASI(settings)
    try wasi.define(in: linker)
    var last: Instance?
    for (name, path) in modules {
      let text = String(decoding: try ScriptFiles.read(path), as: UTF8.self)
      let instance = try linker.instantiate(try engine.compile(text: text))
      try linker.define(instance, as: name)
      last = instance
    }
    guard let last else { return "nothing" }
    guard let call else { return "exit \(try wasi.run(last))" }
    return "\(try last.function(call.name).call(call.argument.map { [.i32($0)] } ?? []))"
  }
}

/// What a program has printed, as a hash of 64 bits (FNV-1a). Programs print from one thread.
private final class Captured: @unchecked Sendable {
  private(set) var count = 0
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  func take(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
}

/// How a run went.
struct FailureOutcome: Equatable {
  /// Checks that passed, or bytes that were printed.
  var steps: Int
  var failures: [String] = []

  enum Verdict {
    case same, typedError
    case wrong(String)
  }

  /// Compares with a run in which nothing was refused. What follows after a typed error is not looked at: there are no
  /// instances that were to be made.
  func compared(with expected: FailureOutcome, refusing call: SystemCall?) -> Verdict {
    if self == expected { return .same }
    guard let first = failures.first(where: { !expected.failures.contains($0) }) else {
      return .wrong("\(steps) steps of \(expected.steps)")
    }
    return Self.isTypedError(first, refusing: call) ? .typedError : .wrong(first)
  }

  /// The words of errors of the library, and of memories and tables that could not grow.
  private static func isTypedError(_ text: String, refusing call: SystemCall?) -> Bool {
    if ["refused", "out of memory"].contains(where: text.contains) { return true }
    return switch call {
    // What a guest is told of a growth that is refused, then or when it asks for the size.
    case .mmap, .mremap, .mprotect, nil: text.contains("grow") || text.contains("size") || text == "[i32:-1]"
    // A deadline that nobody watches has passed.
    case .createThread: text.contains("deadline exceeded") || text.contains("no deadline can be kept")
    // Of a stack whose end is not known, only a part is used.
    case .threadAttributes: text.contains("call stack exhausted")
    default: false
    }
  }

  // MARK: Lines between processes

  init(steps: Int) { self.steps = steps }

  init?(line: String) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard let first = fields.first, let steps = Int(first) else { return nil }
    self.steps = steps
    failures = fields.dropFirst().map { String($0) }
  }

  var line: String {
    let texts = failures.map { $0.map { $0 == "\t" || $0.isNewline ? " " : String($0) }.joined() }
    return (["\(steps)"] + texts).joined(separator: "\t")
  }
}
