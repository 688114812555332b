import WebAssembly

/// A module that is ready to be instantiated, in any number of stores of its engine. It can be used by any number of
/// threads at once.
public final class CompiledModule: Sendable {
  /// An import with its type.
  public struct ImportDescription: Hashable, Sendable {
    public var module: String
    public var name: String
    /// Type indices in it are the engine's own.
    public var type: ExternalType
  }

  /// An export with its type.
  public struct ExportDescription: Hashable, Sendable {
    public var name: String
    /// Type indices in it are the engine's own.
    public var type: ExternalType
  }

  public let engine: Engine
  /// The module and what validation found out of it.
  public let validated: ValidatedModule
  /// The bytes that the module is decoded from; nil if it is not known to be as it was decoded.
  let binary: [UInt8]?
  let layout: ContextLayout
  /// Keeps the canonical ids of the module's types.
  let types: RegisteredTypes
  /// The index spaces with canonical ids for type indices: the function space holds canonical type ids.
  let spaces: IndexSpaces
  let exportIndex: ExportIndex
  let code: CodeTable
  let translation: ModuleTranslation
  /// The code that assumes memories to be of the engine's default classes; nil where the engine only interprets.
  let machine: ModuleMachineCode?
  /// The code that assumes nothing of memories, made when an instance needs it.
  let weakest = Lock<ModuleMachineCode?>(nil)
  /// Where the code is kept, and the name of the module there.
  private let cache: (cache: CodeCache, digest: SHA256.Digest)?
  private let cachedNames = Lock<Names?>(nil)
  /// Where instructions stand in the text that the module was parsed from; nil for a binary.
  private let positions: TextPositions?
  private let cachedLines = Lock<TextLines?>(nil)

  public var module: Module { validated.module }

  /// The canonical id of each type index.
  var typeIDs: [UInt32] { types.ids }

  deinit {
    machine?.stopCompilingAhead()
    weakest.withLock { $0?.stopCompilingAhead() }
  }

  /// Makes a validated module ready.
  ///
  /// - Parameter positions: Where instructions stand in the text that it was parsed from, for backtraces.
  /// - Throws: ``ModuleError`` of the kind `unsupported` where it uses instructions that this engine cannot run.
  public convenience init(
    _ validated: ValidatedModule, engine: Engine, positions: TextPositions? = nil
  ) throws(ModuleError) {
    try self.init(validated, engine: engine, binary: nil, digest: nil, positions: positions)
    if engine.configuration.compilation == .eager { compileFunctions() }
  }

  /// - Parameters:
  ///   - binary: The bytes that the module is decoded from, and is unchanged since.
  ///   - digest: Their name, where there is a cache.
  init(
    _ validated: ValidatedModule, engine: Engine, binary: [UInt8]?, digest: ModuleDigest?,
    positions: TextPositions? = nil
  ) throws(ModuleError) {
    try ExecutableFeatures.check(validated)
    self.positions = positions
    self.engine = engine
    self.validated = validated
    self.binary = binary
    layout = ContextLayout(validated.spaces, typeCount: validated.module.types.count)
    (types, spaces) = engine.types.register(validated.module, validated.spaces)
    exportIndex = ExportIndex(validated.module.exports)
    code = CodeTable(count: validated.module.functions.count)
    translation = ModuleTranslation(
      ModuleFacts(
        validated.module, spaces: validated.spaces, layout: layout, typeIDs: types.ids,
        metersFuel: engine.configuration.metersFuel))
    guard engine.makesMachineCode else {
      machine = nil
      cache = nil
      return
    }
    if let cache = engine.configuration.codeCache, let digest {
      self.cache = (cache, digest.finish())
    } else {
      cache = nil
    }
    machine = ModuleMachineCode(
      Self.environment(validated, engine, usesGuardPages: SignalTraps.areAvailable),
      count: validated.module.functions.count, thunks: engine.thunks, cache: cache,
      profiler: engine.profiler, aheadThreads: Self.aheadThreads(validated.module, engine))
  }

  /// What may compile ahead, where the module is large enough for that.
  private var aheadThreads: AheadThreads? { Self.aheadThreads(module, engine) }

  private static func aheadThreads(_ module: Module, _ engine: Engine) -> AheadThreads? {
    let threads = engine.aheadThreads
    guard threads.limit > 0, let first = module.bodies.first, let last = module.bodies.last else { return nil }
    let byteCount = last.range.upperBound - first.range.lowerBound
    return byteCount >= engine.configuration.smallestAheadModule ? threads : nil
  }

  /// What code may assume that is made for the engine's default memories.
  private static func environment(
    _ validated: ValidatedModule, _ engine: Engine, usesGuardPages: Bool
  ) -> CompilationEnvironment {
    var environment = CompilationEnvironment(
      module: validated,
      accessClasses: validated.spaces.memories.map {
        LinearMemory.expectedClass($0, engine.configuration.memoryPolicy)
      },
      usesGuardPages: engine.configuration.usesGuardPages && usesGuardPages,
      processor: engine.configuration.processor,
      guardsSpeculation: engine.configuration.guardsSpeculation,
      metersFuel: engine.configuration.metersFuel)
    environment.checks = engine.checks
    return environment
  }

  /// The same where nothing is to be executed, so that it does not matter what this machine can do.
  func compilationEnvironment() -> CompilationEnvironment {
    Self.environment(validated, engine, usesGuardPages: true)
  }

  /// The set of code for an instance with these memories in a store.
  func machine(for memories: [LinearMemory], in store: Store) -> ModuleMachineCode? {
    guard let machine else { return nil }
    let canFault = store.trapPage != nil || !machine.environment.usesGuardPages
    if canFault, zip(memories, machine.environment.accessClasses).allSatisfy({ $0.satisfies($1) }) { return machine }
    return weakest.withLock { weakest in
      if let weakest { return weakest }
      var environment = CompilationEnvironment(
        module: validated, accessClasses: memories.map { _ in .movable }, usesGuardPages: false,
        processor: engine.configuration.processor,
        guardsSpeculation: engine.configuration.guardsSpeculation,
        metersFuel: engine.configuration.metersFuel)
      environment.checks = engine.checks
      let made = ModuleMachineCode(
        environment, count: module.functions.count, thunks: engine.thunks, cache: cache, profiler: engine.profiler,
        aheadThreads: aheadThreads)
      weakest = made
      return made
    }
  }

  /// The functions that an engine that compiles has left to the interpreter so far, by their index, and why. Functions are
  /// compiled when they are first called. Only functions beyond the compiler's limits of size are among them.
  public var functionsLeftToInterpreter: [UInt32: String] {
    var result: [UInt32: String] = [:]
    for code in [machine, weakest.withLock { $0 }] {
      for (defined, reason) in code?.refusals.withLock({ $0 }) ?? [:] {
        result[UInt32(clamping: layout.importedFunctionCount + defined)] = reason
      }
    }
    return result
  }

  /// The imports in the order of the module.
  public var imports: [ImportDescription] {
    var counts = [Int](repeating: 0, count: ExternalKind.allCases.count)
    return module.imports.map { item in
      let kind = item.type.kind
      defer { counts[Int(kind.rawValue)] += 1 }
      return ImportDescription(
        module: item.module, name: item.name, type: type(kind, counts[Int(kind.rawValue)]))
    }
  }

  /// The exports in the order of the module.
  public var exports: [ExportDescription] {
    module.exports.map { ExportDescription(name: $0.name, type: type($0.kind, Int($0.index))) }
  }

  /// The declared type of an entry of an index space.
  func type(_ kind: ExternalKind, _ index: Int) -> ExternalType {
    switch kind {
    case .function: .function(engine.functionType(spaces.functions[index]))
    case .table: .table(spaces.tables[index])
    case .memory: .memory(spaces.memories[index])
    case .global: .global(spaces.globals[index])
    case .tag: .tag(engine.functionType(spaces.tags[index]))
    }
  }

  /// The names that people know things by, read when they are first asked for.
  var names: Names {
    cachedNames.withLock { names in
      if let names { return names }
      let read = Names(forPeople: validated.module)
      names = read
      return read
    }
  }

  /// The line and the column of an instruction; nil for a module from a binary.
  func textPosition(ofOffset offset: Int) -> (line: Int, column: Int)? {
    guard let positions else { return nil }
    return cachedLines.withLock { lines in
      let found = lines ?? TextLines(positions)
      lines = found
      return found.position(ofOffset: offset)
    }
  }
}

/// What is done to the bytes of a module, in this order.
public enum CompilationPhase: Hashable, Sendable {
  case decode, validate, compile
}

extension Engine {
  /// Decodes, validates and prepares a module in the binary format.
  ///
  /// - Throws: ``ModuleError``, with the offset of what is wrong.
  /// - Parameters:
  ///   - bytes: The module. Its code is looked for in the cache, if the configuration names one.
  ///   - entering: Is told when a phase begins.
  public func compile(_ bytes: [UInt8], entering: (CompilationPhase) -> Void = { _ in }) throws(ModuleError)
    -> CompiledModule
  {
    let configuration = configuration
    var digest: ModuleDigest?
    if makesMachineCode, configuration.codeCache != nil, bytes.count >= configuration.smallestCachedModule {
      // Beside decoding, which is the work of one thread.
      digest = ModuleDigest(bytes)
    }
    entering(.decode)
    let module = try ModuleDecoder.decode(bytes, features: configuration.features, limits: configuration.limits)
    entering(.validate)
    let validated = try validate(module)
    entering(.compile)
    let compiled = try CompiledModule(validated, engine: self, binary: bytes, digest: digest)
    if configuration.compilation == .eager { compiled.compileFunctions() }
    return compiled
  }

  /// Parses, validates and prepares a module in the text format. Offsets in errors of validation, and in backtraces, are
  /// those of the binary that the text stands for; backtraces have the places in the text too.
  ///
  /// - Throws: ``TextError`` with the line and column, or ``ModuleError``.
  public func compile(text: String) throws -> CompiledModule {
    let parsed = try ModuleParser.parse(
      Array(text.utf8), features: configuration.features, limits: configuration.limits)
    return try CompiledModule(try validate(parsed.module), engine: self, positions: parsed.positions)
  }

  /// Validates and prepares a module.
  public func compile(_ module: Module) throws(ModuleError) -> CompiledModule {
    try CompiledModule(try validate(module), engine: self)
  }
}
