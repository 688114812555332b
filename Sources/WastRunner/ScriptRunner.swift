import WasmEngine
import WebAssembly

/// Runs the commands of one script in a store of its own.
struct ScriptRunner {
  private let engine: Engine
  private let store: Store
  private let options: SuiteOptions
  private var scope: Scope
  /// All modules, where they are machine code in the end.
  private var compiled: [CompiledModule] = []
  private var outcome: ScriptOutcome

  /// What the commands of the script, or of one of its threads, can name.
  private struct Scope {
    let linker: Linker
    /// What modules defined, and the last one.
    var definitions: [ExactName: CompiledModule] = [:]
    var lastDefinition: CompiledModule?
    var instances: [ExactName: Instance] = [:]
    /// nil too where the last module could not be instantiated: what follows must not run on an older one.
    var lastInstance: Instance?
    var threads: Set<ExactName> = []

    init(store: Store, features: FeatureSet) throws(UsageError) {
      linker = Linker(store)
      for (name, value) in try SpectestModule.exports(in: store, features: features) {
        try linker.define(SpectestModule.name, name, value)
      }
    }
  }

  /// What a check found instead of what it expected.
  struct Mismatch: Error {
    var expected: String
    var got: String
  }

  private init(path: String, features: FeatureSet, options: SuiteOptions) throws(UsageError) {
    var configuration = Engine.Configuration()
    configuration.features = features
    configuration.memoryPolicy.bounds = options.bounds
    configuration.tier = options.tier
    configuration.processor = options.processor
    configuration.guardsSpeculation = options.guardsSpeculation
    configuration.compilation = options.compilation
    configuration.validationThreads = 1
    engine = Engine(configuration)
    store = Store(engine)
    self.options = options
    scope = try Scope(store: store, features: features)
    outcome = ScriptOutcome(path: path)
    try store.setDeadline(after: options.timeLimit)
  }

  /// Runs a whole script.
  static func run(_ source: [UInt8], path: String, options: SuiteOptions) -> ScriptOutcome {
    let suite = SuiteFeatures.features(forScript: path)
    let features = options.featureChanges?(suite) ?? suite
    do {
      let script = try Script.parse(source, features: features)
      var runner = try ScriptRunner(path: path, features: features, options: options)
      for command in script.commands { runner.run(command) }
      runner.checkNothingWasLeft()
      return runner.outcome
    } catch {
      var outcome = ScriptOutcome(path: path)
      let line = (error as? TextError)?.line ?? 1
      outcome.failures.append(
        ScriptFailure(line: line, what: "script", expected: "a script", got: Self.describe(error)))
      return outcome
    }
  }

  // MARK: Commands

  private mutating func run(_ command: ScriptCommand) {
    switch command.kind {
    case .module(let module):
      check("module", command.line) { try $0.define(module, instantiates: true) }
      roundTrip(module, command.line)
    case .definition(let module):
      check("module definition", command.line) { try $0.define(module, instantiates: false) }
      roundTrip(module, command.line)
    case .instance(let name, let definition):
      check("module instance", command.line) { try $0.instantiate(definition: definition, as: name) }
    case .register(let name, let instance):
      check("register", command.line) { try $0.register(instance, as: name) }
    case .action(let action):
      check("action \(action.text)", command.line) { _ = try $0.perform(action) }
    case .assertReturn(let action, let expected):
      check("assert_return \(action.text)", command.line) { runner in
        let results = try runner.perform(action)
        guard ResultMatching.matches(results, expected) else {
          throw Mismatch(expected: ResultMatching.text(expected), got: ResultMatching.text(results))
        }
      }
    case .assertTrap(let action, let message):
      check("assert_trap \(action.text)", command.line) { runner in
        try Self.expectTrap(message) { "returned " + ResultMatching.text(try runner.perform(action)) }
      }
    case .assertExhaustion(let action, let message):
      check("assert_exhaustion \(action.text)", command.line) { runner in
        do {
          let results = try runner.perform(action)
          throw Mismatch(expected: "\(name: message)", got: "returned " + ResultMatching.text(results))
        } catch let trap as Trap where trap.kind == .callStackExhausted {}
      }
    case .assertException(let action):
      check("assert_exception \(action.text)", command.line) { runner in
        do {
          let results = try runner.perform(action)
          throw Mismatch(expected: "an exception", got: "returned " + ResultMatching.text(results))
        } catch is UncaughtException {}
      }
    case .assertModuleTrap(let module, let message):
      check("assert_trap module", command.line) { runner in
        try Self.expectTrap(message) {
          _ = try runner.scope.linker.instantiate(try runner.compile(module))
          return "instantiated"
        }
      }
      roundTrip(module, command.line)
    case .assertUnlinkable(let module, let message):
      check("assert_unlinkable", command.line) { try $0.expectUnlinkable(module, message) }
      roundTrip(module, command.line)
    case .assertMalformed(let module, let message):
      check("assert_malformed", command.line) { try $0.expectMalformed(module, message) }
    case .assertMalformedCustom(let module, let message):
      check("assert_malformed_custom", command.line) { try $0.expectMalformed(module, message) }
    case .assertInvalid(let module, let message):
      check("assert_invalid", command.line) { try $0.expectInvalid(module, message) }
    case .assertInvalidCustom(let module, let message):
      check("assert_invalid_custom", command.line) { try $0.expectInvalid(module, message, inCustomSections: true) }
    case .thread(let name, let shared, let commands):
      runThread(name, shared: shared, commands, command.line)
    case .wait(let thread):
      check("wait", command.line) { runner in
        guard runner.scope.threads.contains(ExactName(thread)) else {
          throw Mismatch(expected: "a thread", got: "none")
        }
      }
    }
  }

  /// Runs the commands of a thread to their end before those that follow it: one of the orders that the script allows,
  /// unless a thread waits for what a later one does.
  private mutating func runThread(_ name: String?, shared: [String], _ commands: [ScriptCommand], _ line: Int) {
    var outer = scope
    check("thread", line) { runner in
      runner.scope = try Scope(store: runner.store, features: runner.engine.configuration.features)
      for module in shared {
        guard let instance = outer.instances[ExactName(module)] else {
          throw Mismatch(expected: "the instance $\(name: module)", got: "the module was not instantiated")
        }
        runner.scope.instances[ExactName(module)] = instance
      }
    }
    for command in commands { run(command) }
    if let name { outer.threads.insert(ExactName(name)) }
    scope = outer
  }

  /// Does one check and counts it.
  private mutating func check(_ what: String, _ line: Int, _ body: (inout ScriptRunner) throws -> Void) {
    do {
      try body(&self)
      outcome.passed += 1
    } catch let mismatch as Mismatch {
      fail(what, line, mismatch)
    } catch {
      fail(what, line, Mismatch(expected: "no error", got: Self.describe(error)))
    }
  }

  private mutating func fail(_ what: String, _ line: Int, _ mismatch: Mismatch) {
    outcome.failures.append(
      ScriptFailure(line: line, what: what, expected: mismatch.expected, got: mismatch.got))
  }

  /// What the interpreter runs the compiler must take.
  private mutating func checkNothingWasLeft() {
    for module in compiled {
      for (function, reason) in module.functionsLeftToInterpreter.sorted(by: { $0.key < $1.key }) {
        fail("compilation", 1, Mismatch(expected: "machine code", got: "function \(function) was left: \(reason)"))
      }
    }
  }

  // MARK: Modules

  private mutating func compile(_ module: ScriptModule) throws -> CompiledModule {
    let features = engine.configuration.features
    let parsed = try module.module(features: features)
    let module = try engine.compile(try options.moduleTransform?(parsed, features) ?? parsed)
    if options.tier == .compiler { compiled.append(module) }
    return module
  }

  private mutating func define(_ module: ScriptModule, instantiates: Bool) throws {
    scope.lastDefinition = nil
    if instantiates { scope.lastInstance = nil }
    if let name = module.name {
      scope.definitions[ExactName(name)] = nil
      if instantiates { scope.instances[ExactName(name)] = nil }
    }
    let compiled = try compile(module)
    scope.lastDefinition = compiled
    if let name = module.name { scope.definitions[ExactName(name)] = compiled }
    if instantiates { try instantiate(compiled, as: module.name) }
  }

  private mutating func instantiate(definition: String?, as name: String?) throws {
    scope.lastInstance = nil
    if let name { scope.instances[ExactName(name)] = nil }
    guard let compiled = definition.map({ scope.definitions[ExactName($0)] }) ?? scope.lastDefinition else {
      throw Mismatch(expected: "a module definition", got: "none")
    }
    try instantiate(compiled, as: name)
  }

  private mutating func instantiate(_ compiled: CompiledModule, as name: String?) throws {
    let instance = try scope.linker.instantiate(compiled)
    scope.lastInstance = instance
    if let name { scope.instances[ExactName(name)] = instance }
  }

  private func instance(_ name: String?) throws -> Instance {
    guard let instance = name.map({ scope.instances[ExactName($0)] }) ?? scope.lastInstance else {
      throw Mismatch(expected: "an instance", got: "the module was not instantiated")
    }
    return instance
  }

  private func register(_ name: String?, as module: String) throws {
    scope.linker.remove(module)
    try scope.linker.define(try instance(name), as: module)
  }

  // MARK: Actions

  private func perform(_ action: ScriptAction) throws -> [Value] {
    switch action {
    case .get(let name, let export):
      return [try instance(name).global(export).value]
    case .invoke(let name, let export, let arguments):
      let function = try instance(name).function(export)
      return try function.call(try arguments.map { try value($0) })
    }
  }

  private func value(_ value: ScriptValue) throws -> Value {
    switch value {
    case .i32(let bits): return .i32(Int32(bitPattern: bits))
    case .i64(let bits): return .i64(Int64(bitPattern: bits))
    case .f32(let bits): return .f32(Float(bitPattern: bits))
    case .f64(let bits): return .f64(Double(bitPattern: bits))
    case .v128(let low, let high): return .v128(V128(low: low, high: high))
    case .null(let type): return .null(type)
    case .external(let number): return .externref(try ExternReference(number, in: store))
    case .host: throw Mismatch(expected: "a reference of the host", got: "the engine has none below any")
    }
  }

  // MARK: Errors that scripts want

  private static func expectTrap(_ message: String, _ body: () throws -> String) throws {
    do {
      throw Mismatch(expected: "trap: \(name: message)", got: try body())
    } catch let trap as Trap {
      guard trap.message.hasPrefix(message) else {
        throw Mismatch(expected: "trap: \(name: message)", got: "trap: \(trap.message)")
      }
    }
  }

  private mutating func expectUnlinkable(_ module: ScriptModule, _ message: String) throws {
    let compiled = try compile(module)
    do {
      _ = try scope.linker.instantiate(compiled)
      throw Mismatch(expected: "\(name: message)", got: "instantiated")
    } catch let error as LinkError {
      guard error.message.hasPrefix(message) else { throw Mismatch(expected: "\(name: message)", got: error.message) }
    }
  }

  private func expectMalformed(_ module: ScriptModule, _ message: String) throws {
    do {
      // Bodies are read only when they are validated.
      _ = try engine.validate(try module.module(features: engine.configuration.features))
    } catch let error as TextError {
      return try Self.expect(message, error.message)
    } catch let error as ModuleError where error.kind == .malformed {
      return try Self.expect(message, error.message)
    } catch {
      throw Mismatch(expected: "malformed: \(name: message)", got: Self.describe(error))
    }
    throw Mismatch(expected: "malformed: \(name: message)", got: "valid")
  }

  private func expectInvalid(_ module: ScriptModule, _ message: String, inCustomSections: Bool = false) throws {
    let features = engine.configuration.features
    let parsed = try module.module(features: features)
    do throws(ModuleError) {
      _ = try engine.validate(parsed)
      if inCustomSections { try parsed.checkCustomSections(features: features) }
    } catch {
      guard error.kind == .invalid else {
        throw Mismatch(expected: "invalid: \(name: message)", got: Self.describe(error))
      }
      return try Self.expect(message, error.message)
    }
    throw Mismatch(expected: "invalid: \(name: message)", got: "valid")
  }

  private static func expect(_ expected: String, _ message: String) throws(Mismatch) {
    guard message.hasPrefix(expected) else { throw Mismatch(expected: "\(name: expected)", got: message) }
  }

  // MARK: Round trips

  private mutating func roundTrip(_ module: ScriptModule, _ line: Int) {
    guard options.roundTrips else { return }
    let features = engine.configuration.features
    check("round trip", line) { _ in try RoundTrip.check(module, features: features) }
  }

  static func describe(_ error: any Error) -> String {
    switch error {
    case let error as TextError: "\(error.line):\(error.column): \(error.message)"
    case let trap as Trap: "trap: \(trap.message)"
    default: "\(error)"
    }
  }
}
