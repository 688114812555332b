import ArgumentParser
import Synchronization
import WasmEngine
import WastRunner
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz compile`
struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compile every function of real modules and have the compiler prove what it does.",
    discussion: """
      The intermediate representation is verified after each pass and the allocation of registers is checked, in both \
      kinds of bounds, with the extensions of this processor and with those of the oldest. Nothing is executed, so \
      programs can be of any size. Modules that are not valid, or use what the engine does not have, are counted and \
      passed over.

      Exit status: 0 if no mistake was found and something was compiled, else 1.
      """)

  @Argument(help: "Modules ('.wasm', '.wat'), scripts ('.wast'), and folders with such.")
  var paths: [String]

  @Option(help: ArgumentHelp("One kind of bounds only: guarded or checked.", valueName: "kind"))
  var bounds: String?

  @Option(help: ArgumentHelp("One set of extensions only: native or baseline.", valueName: "set"))
  var cpu: String?

  @Option(help: ArgumentHelp("How many threads; one per processor if not given.", valueName: "number"))
  var jobs: Int?

  @Option(help: ArgumentHelp("Print so many mistakes at most.", valueName: "number"))
  var enough = 20

  @Flag(help: "Print no progress.")
  var quiet = false

  func validate() throws {
    if let jobs, !(1...64).contains(jobs) { throw ValidationError("'--jobs' must be between 1 and 64") }
    guard enough > 0 else { throw ValidationError("'--enough' must be positive") }
    if let bounds, MemoryPolicy.Bounds(rawValue: bounds) == nil {
      throw ValidationError("'--bounds' must be guarded or checked")
    }
    if let cpu, cpu != "native", cpu != "baseline" { throw ValidationError("'--cpu' must be native or baseline") }
  }

  func run() throws {
    let files = try ScriptFiles.find(paths, extensions: [".wasm", ".wat", ".wast"])
    let processors: [ProcessorFeatures] = cpu.map { [$0 == "baseline" ? .baseline : .native] } ?? [.native, .baseline]
    let kinds = bounds.flatMap { MemoryPolicy.Bounds(rawValue: $0) }.map { [$0] } ?? [.guarded, .checked]
    let ways = processors.flatMap { processor in
      kinds.map { CompileCampaign.Way(bounds: $0, processor: processor) }
    }
    let campaign = CompileCampaign(ways: ways, jobs: jobs, enough: enough, isQuiet: quiet)
    for file in files { campaign.check(file, try CompilableModules.read(file)) }
    guard campaign.summary() else { throw ExitCode(1) }
  }
}

/// The modules of files of all kinds.
enum CompilableModules {
  static func read(_ path: String) throws -> [Module] {
    let bytes = try ScriptFiles.read(path)
    if path.hasSuffix(".wast") { return ofScript(bytes) }
    if path.hasSuffix(".wat") { return [try? ModuleParser.parse(bytes).module].compactMap { $0 } }
    return [try? ModuleDecoder.decode(bytes)].compactMap { $0 }
  }

  private static func ofScript(_ source: [UInt8]) -> [Module] {
    guard let script = try? Script.parse(source) else { return [] }
    return script.modules.compactMap { module in
      if let text = module.text { return try? ModuleParser.parse(text).module }
      guard case .binary(let bytes) = module.form else { return nil }
      return try? ModuleDecoder.decode(bytes)
    }
  }
}

/// Compiles modules in several ways and counts what comes of it.
final class CompileCampaign {
  struct Way {
    var bounds: MemoryPolicy.Bounds
    var processor: ProcessorFeatures

    var name: String { bounds.rawValue + (processor == .baseline ? ", baseline" : "") }
  }

  private let ways: [Way]
  private let enough: Int
  private let isQuiet: Bool
  private let jobs: Int?
  private let start = ContinuousClock.now
  private var modules = 0
  private var refusedModules = 0
  private var functions = 0
  private var left = 0
  private var mistakes = 0

  init(ways: [Way], jobs: Int?, enough: Int, isQuiet: Bool) {
    self.ways = ways
    self.jobs = jobs
    self.enough = enough
    self.isQuiet = isQuiet
  }

  func check(_ file: String, _ modules: [Module]) {
    for (index, module) in modules.enumerated() {
      check(modules.count == 1 ? file : "\(file), module \(index)", module)
    }
    if modules.isEmpty { refusedModules += 1 }
  }

  private func check(_ name: String, _ module: Module) {
    var validated: ValidatedModule?
    for way in ways {
      let engine = Engine(configuration(way))
      if validated == nil { validated = try? engine.validate(module) }
      guard let validated, let compiled = try? CompiledModule(validated, engine: engine) else {
        refusedModules += 1
        return
      }
      // How far it is, in tenths; none where the engine makes no machine code.
      let tenths = Mutex(-1)
      let showsProgress = !isQuiet && module.bodies.count > 1000
      compiled.compileFunctions { progress in
        let now = progress.done * 10 / max(1, progress.total)
        let isNews = tenths.withLock { last in
          defer { last = max(last, now) }
          return last < now
        }
        guard showsProgress, isNews, now > 0 else { return }
        print("\(name), \(way.name): \(now * 10) %")
        fflush(nil)
      }
      if tenths.withLock({ $0 >= 0 }) {
        functions += module.bodies.count - compiled.functionsLeftToInterpreter.count
        left += compiled.functionsLeftToInterpreter.count
      }
      for fault in engine.compilerFaults {
        mistakes += 1
        if mistakes <= enough { print("\(name), \(way.name): \(fault)") }
      }
    }
    modules += 1
  }

  private func configuration(_ way: Way) -> Engine.Configuration {
    var configuration = Engine.Configuration()
    configuration.features = .all
    configuration.tier = .compiler
    configuration.memoryPolicy.bounds = way.bounds
    configuration.processor = way.processor
    configuration.checksCompiler = true
    configuration.validationThreads = jobs
    configuration.aheadThreads = 0
    return configuration
  }

  /// Whether all is well.
  func summary() -> Bool {
    let time = start.duration(to: .now)
    print("modules: \(modules)")
    print("not valid, or of no use to the compiler: \(refusedModules)")
    print("functions compiled in \(ways.count) ways: \(functions)")
    print("left to the interpreter: \(left)")
    print("seconds: \((time / .milliseconds(100)).rounded() / 10)")
    print("mistakes: \(mistakes)")
    return mistakes == 0 && functions > 0
  }
}
