import WASI
import WasmEngine
import WebAssembly

/// What `run` executes: modules linked in one store, with WASI.
final class Program {
  let linker: Linker
  private let engine: Engine
  private let store: Store
  private let features: FeatureSet
  private let timeout: Seconds?
  private let compilation: CompilationTime
  private let takesPrecompiled: Bool
  private let wasi: WASI
  private var hasSystemInterface = false
  private var modules: [CompiledModule] = []
  private var loweredTraps = LoweredTraps()
  /// The instance that was made last.
  var instance: Instance?

  init(_ options: RunCommand, features: FeatureSet) throws {
    var configuration = Engine.Configuration()
    configuration.features = features
    configuration.memoryPolicy.bounds = options.engineOptions.bounds
    configuration.tier = options.engineOptions.tier
    configuration.processor = options.engineOptions.cpu
    configuration.guardsSpeculation = !options.engineOptions.noSpeculationGuards
    configuration.metersFuel = options.fuel != nil
    if let threads = options.threads?.value {
      configuration.validationThreads = threads
      configuration.aheadThreads = min(threads - 1, 1)
    }
    configuration.codeCache = Self.cache(options.cache)
    if options.cache == true { configuration.smallestCachedModule = 0 }
    if options.perfMap { configuration.profile.insert(.perfMap) }
    if options.jitDump { configuration.profile.insert(.jitDump) }
    engine = Engine(configuration)
    if let failure = engine.profileFailure { printError("polymnia: warning: \(failure)") }
    store = Store(engine)
    linker = Linker(store)
    self.features = features
    timeout = options.timeout
    compilation = options.engineOptions.compilation
    takesPrecompiled = options.precompiled
    if let fuel = options.fuel { try store.setFuel(fuel.units) }
    if let limit = options.maxMemory { store.limits.byteCount = limit.value }
    do throws(WASIError) {
      wasi = try WASI(Self.configuration(options))
    } catch {
      throw CommandFailure(diagnostics: ["polymnia: error: \(error)"])
    }
  }

  private static func configuration(_ options: RunCommand) -> WASIConfiguration {
    var configuration = WASIConfiguration()
    configuration.arguments = options.command
    configuration.environment = options.variables.all().map { ($0.name, $0.value) }
    configuration.preopens = options.folders.all().map { WASIConfiguration.Preopen(host: $0.host, guest: $0.guest) }
    configuration.standardInput = .descriptor(0)
    configuration.standardOutput = .descriptor(1)
    configuration.standardError = .descriptor(2)
    configuration.memoryName = options.wasiMemory
    configuration.brokenPipeExit = UInt32(clamping: ExitStatus.brokenPipe)
    return configuration
  }

  /// A module of a file, ready to be instantiated.
  struct Loaded {
    var name: String
    var module: CompiledModule
    /// Of a module that was lowered.
    var layout: LoweredLayout?
  }

  /// The cache, unless it is not wanted. A folder that cannot be trusted is said; that there can be no folder is only said
  /// to those who ask for it.
  private static func cache(_ isWanted: Bool?) -> CodeCache? {
    guard isWanted != false else { return nil }
    guard let path = CodeCache.standardPath else {
      if isWanted == true { printError("polymnia: warning: no cache: neither XDG_CACHE_HOME nor HOME is set") }
      return nil
    }
    return CodeCache(path: path) { failure in
      if isWanted == true || failure.isUnsafe { printError("polymnia: warning: no cache: \(name: path): \(failure)") }
    }
  }

  /// - Parameter isProgram: Whether it is what runs, rather than what it is linked with.
  func load(_ path: String, isProgram: Bool, _ clock: inout Timings) throws -> Loaded {
    let input = try clock.measure(.decode) { try InputFile(path: path) }
    if isProgram, takesPrecompiled, !CompiledModule.isPrecompiled(input.bytes) {
      throw CommandFailure(input.name, PrecompiledCodeError.notPrecompiled.description)
    }
    let name = input.name
    let module: CompiledModule
    var layout: LoweredLayout?
    if CompiledModule.isPrecompiled(input.bytes) {
      module = try clock.measure(.compile) { try precompiled(input) }
    } else if input.isBinary {
      layout = LoweredLayout(binary: input.bytes)
      do throws(ModuleError) {
        module = try clock.measure { phase throws(ModuleError) in
          try engine.compile(input.bytes) { phase(Timings.Phase($0)) }
        }
      } catch {
        throw CommandFailure(name, error.description)
      }
    } else {
      let file = try clock.measure(.decode) { try ModuleFile(input, features: features) }
      layout = LoweredLayout(file.module)
      do throws(ModuleError) {
        let validated = try clock.measure(.validate) { () throws(ModuleError) in try engine.validate(file.module) }
        module = try clock.measure(.compile) { () throws(ModuleError) in
          try CompiledModule(validated, engine: engine, positions: file.positions)
        }
      } catch {
        throw file.failure(error)
      }
    }
    if compilation == .eager {
      clock.measure(.compile) { CompilationProgressLine.show { module.compileFunctions(progress: $0) } }
    }
    try defineSystemInterface(for: module)
    modules.append(module)
    return Loaded(name: name, module: module, layout: layout)
  }

  /// Defines WASI where a module is the first to want it: its functions take longer to make than a small module to run.
  private func defineSystemInterface(for module: CompiledModule) throws {
    guard !hasSystemInterface, module.imports.contains(where: { $0.module == WASI.moduleName }) else { return }
    hasSystemInterface = true
    try wasi.define(in: linker)
  }

  /// A module with machine code, which is trusted only where the user says so.
  private func precompiled(_ input: InputFile) throws -> CompiledModule {
    guard takesPrecompiled else {
      throw CommandFailure(
        input.name, "this is precompiled code, which is executed as it is; '--precompiled' says that it can be trusted")
    }
    do {
      return try unsafe CompiledModule(precompiled: input.bytes, engine: engine)
    } catch let error as PrecompiledCodeError {
      throw CommandFailure(input.name, error.description)
    } catch let error as ModuleError {
      throw CommandFailure(input.name, error.description)
    }
  }

  /// Leaves in the cache what has been compiled.
  func saveCode() {
    for module in modules { module.saveCode() }
  }

  func instantiate(
    _ loaded: Loaded, initializing: Bool = false, _ clock: inout Timings
  ) throws -> Instance {
    let instance = try reporting(loaded.name) {
      try clock.measure(.instantiate) { try linker.instantiate(loaded.module, initializing: initializing) }
    }
    self.instance = instance
    loweredTraps.add(instance, loaded.layout)
    return instance
  }

  /// How many names a message lists.
  private static let listedCount = 20

  /// Runs a WASI program.
  func start(_ loaded: Loaded, _ clock: inout Timings) throws {
    let instance = try instantiate(loaded, &clock)
    guard case .function? = instance.export("_start") else {
      let functions = instance.exports.filter { $0.value.kind == .function }.map(\.name)
      let more = functions.count > Self.listedCount ? " and \(functions.count - Self.listedCount) more" : ""
      let choices =
        functions.isEmpty
        ? "" : "; with --invoke one can be called of: \(names: functions.prefix(Self.listedCount))" + more
      throw CommandFailure(loaded.name, "no function is exported as '_start'" + choices)
    }
    let status = try reporting(loaded.name) { try clock.measure(.run) { try wasi.run(instance) } }
    if status != 0 { throw GuestExit(status: status & 0xFF) }
  }

  /// Calls an exported function and prints its results.
  func call(
    _ name: String, of loaded: Loaded, arguments: ArraySlice<String>, _ clock: inout Timings
  ) throws {
    let instance = try instantiate(loaded, &clock)
    guard case .function(let function)? = instance.export(name) else {
      throw CommandFailure(loaded.name, "no function is exported as '\(name: name)'")
    }
    let values = try Self.values(arguments, of: function.type, calling: name)
    let results = try reporting(loaded.name) {
      try clock.measure(.run) {
        if name != Instance.initializerName { try instance.initialize() }
        return try function.call(values)
      }
    }
    var output = OutputFile.standardOutput
    for result in results { output.write(ValueText.print(result) + "\n") }
    try output.finish()
  }

  private static func values(
    _ arguments: ArraySlice<String>, of type: FunctionType, calling name: String
  ) throws -> [Value] {
    guard arguments.count == type.parameters.count else {
      throw CommandFailure(
        diagnostics: [
          "polymnia: error: '\(name: name)' is of type \(type): \(type.parameters.count) arguments expected, "
            + "\(arguments.count) given"
        ], status: ExitStatus.usage)
    }
    return try zip(arguments, type.parameters).map { argument, type in
      guard let value = ValueText.parse(argument, as: type) else {
        throw CommandFailure(
          diagnostics: [
            "polymnia: error: argument '\(name: argument)' of '\(name: name)' is not a value of type \(type)"
          ],
          status: ExitStatus.usage)
      }
      return value
    }
  }

  /// Begins the time that the modules have together.
  func setDeadline() throws {
    guard let timeout else { return }
    do {
      try store.setDeadline(after: timeout.duration)
    } catch {
      throw CommandFailure(diagnostics: ["polymnia: error: \(error)"])
    }
  }

  /// Which option helps where the memory for WASI is not the right one.
  private static func advice(_ error: WASIError) -> String {
    switch error {
    case .noMemory(_, let exported) where exported.isEmpty: ""
    case .noMemory, .ambiguousMemory, .memoryOf64BitAddresses, .readOnlyMemory: "; '--wasi-memory NAME' chooses one"
    case .preopen, .stream, .unusableText, .argumentsTooLarge, .noEntryPoint: ""
    }
  }

  /// Turns what an execution can throw into what the command says of it.
  func reporting<Result>(_ file: String, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch let exit as WASIExit {
      throw GuestExit(status: Int32(truncatingIfNeeded: exit.code & 0xFF))
    } catch let trap as Trap {
      throw CommandFailure(file, loweredTraps.translated(trap).description, status: ExitStatus.trap)
    } catch let exception as UncaughtException {
      throw CommandFailure(file, exception.description, status: ExitStatus.trap)
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as WASIError {
      throw CommandFailure(file, "\(error)" + Self.advice(error))
    } catch {
      throw CommandFailure(file, "\(error)")
    }
  }
}
