import Testing
import WasmEngine
import WebAssembly

/// Modules that are instantiated one after the other, and the same modules linked into one: all that can be seen of either.
struct LinkScenario {
  /// Everything that an embedder sees of a run.
  struct Observation: Equatable {
    /// How instantiation ended.
    var instantiation = "done"
    /// What the modules told the host, in order.
    var log: [String] = []
    /// The host's memory, table and global, then every exported memory, table and global by name.
    var state: [String] = []
    /// The results of the calls.
    var calls: [String] = []
  }

  var name: String
  /// Names and texts, in the order of instantiation.
  var modules: [(name: String, text: String)]
  /// Calls of exports after instantiation: `module/export`, then arguments.
  var calls: [(String, [Value])] = []
  var options = LinkOptions()

  init(
    _ name: String, _ modules: KeyValuePairs<String, String>, calls: [(String, [Value])] = [],
    options: LinkOptions = LinkOptions()
  ) {
    self.name = name
    self.modules = modules.map { ($0.key, $0.value) }
    self.calls = calls
    self.options = options
  }

  // MARK: Runs

  /// The host of a run. It offers `env` `log`, `memory`, `small`, `table`, `counter`, `limit` and `tag`.
  final class Host {
    let store: Store
    let linker: Linker
    var log: [String] = []
    let memory: Memory
    let table: WasmEngine.Table
    let counter: WasmEngine.Global

    init(_ engine: Engine) throws {
      store = Store(engine)
      linker = Linker(store)
      memory = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1, maximum: 10)))
      table = try WasmEngine.Table(
        in: store, type: TableType(element: .function, limits: Limits(minimum: 8, maximum: 20)),
        filledWith: .funcref(nil))
      counter = try WasmEngine.Global(
        in: store, type: GlobalType(value: .i32, isMutable: true), value: .i32(0))
      let limit = try WasmEngine.Global(
        in: store, type: GlobalType(value: .i32, isMutable: false), value: .i32(65530))
      try linker.define("env", "memory", .memory(memory))
      try linker.define("env", "table", .table(table))
      try linker.define("env", "counter", .global(counter))
      try linker.define("env", "limit", .global(limit))
      try linker.define("env", "tag", .tag(try WasmEngine.Tag(in: store, payload: [.i32])))
      try linker.define("env", "log") { [unowned self] (_: borrowing Caller, value: Int32) in
        self.log.append("\(value)")
      }
    }

    /// The contents of what is exported, and of what is the host's own.
    func state(_ exports: [(name: String, value: ExternalValue)]) throws -> [String] {
      var lines = [
        "env.memory \(Self.digest(memory))", "env.table \(try entries(table))", "env.counter \(counter.value)",
      ]
      for (name, value) in exports {
        switch value {
        case .memory(let memory): lines.append("\(name) \(memory.type) \(Self.digest(memory))")
        case .table(let table): lines.append("\(name) \(try entries(table))")
        case .global(let global) where global.type.value.isNumeric: lines.append("\(name) \(global.value)")
        case .global(let global): lines.append("\(name) \(global.type)")
        case .function, .tag: lines.append("\(name) \(value.kind)")
        }
      }
      return lines
    }

    /// Size and a hash of the contents.
    static func digest(_ memory: Memory) -> String {
      memory.withUnsafeBytes { bytes in
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes where byte != 0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for index in bytes.indices where bytes[index] != 0 { hash = (hash ^ UInt64(index)) &* 0x100_0000_01B3 }
        return "\(memory.pageCount) pages, \(hash)"
      }
    }

    /// What each function of a table returns, or its type where it takes arguments.
    private func entries(_ table: WasmEngine.Table) throws -> [String] {
      try (0..<table.count).map { index in
        guard case .funcref(let function?) = try table.get(index) else { return "-" }
        guard function.type.parameters.isEmpty else { return "\(function.type)" }
        return LinkScenario.outcome { try function.call([]) }
      }
    }
  }

  static func outcome(_ body: () throws -> [Value]) -> String {
    do {
      return try body().map { value in
        switch value {
        case .i32, .i64, .f32, .f64, .v128: "\(value)"
        default: value.isNull ? "null" : "a reference"
        }
      }.joined(separator: " ")
    } catch {
      return describe(error)
    }
  }

  static func describe(_ error: any Error) -> String {
    switch error {
    case let trap as Trap: "trap: \(trap.kind.message)"
    case let error as LinkError: "\(error.kind)"
    case let failure as LinkFailure: "\(failure.kind)"
    case let exception as UncaughtException: "exception: \(exception.payload)"
    default: "\(error)"
    }
  }

  private func parse(_ text: String, _ engine: Engine) throws -> Module {
    let features = engine.configuration.features
    let bytes = ModuleEncoder.encode(try ModuleParser.parse(Array(text.utf8), features: features).module)
    return try ModuleDecoder.decode(bytes, features: features)
  }

  /// Instantiates the modules one after the other.
  func separate(_ engine: Engine) throws -> Observation {
    let host = try Host(engine)
    var seen = Observation()
    var instances: [(name: String, instance: Instance)] = []
    for (name, text) in modules {
      let module = try engine.compile(try parse(text, engine))
      do {
        let instance = try host.linker.instantiate(module)
        instances.append((name, instance))
        try host.linker.define(instance, as: name)
      } catch {
        seen.instantiation = Self.describe(error)
        break
      }
    }
    if seen.instantiation != "done" {
      seen.log = host.log
      seen.state = try host.state([])
      return seen
    }
    for (path, arguments) in calls {
      let slash = path.firstIndex(of: "/")!
      let instance = instances.first { $0.name == path[..<slash] }!.instance
      seen.calls.append(
        Self.outcome { try instance.function(String(path[path.index(after: slash)...])).call(arguments) })
    }
    seen.log = host.log
    seen.state = try host.state(
      instances.flatMap { name, instance in instance.exports.map { ("\(name)/\($0.name)", $0.value) } })
    return seen
  }

  /// The linked module, with every export of every module as `module/export`.
  func link(_ engine: Engine) throws -> LinkedModule {
    var inputs: [LinkInput] = []
    var options = options
    options.defaultExports = .none
    for (name, text) in modules {
      let module = try engine.validate(try parse(text, engine))
      inputs.append(LinkInput(name: name, module: module))
      options.exports += module.module.exports.map {
        LinkOptions.ExportRequest(module: name, name: $0.name, as: "\(name)/\($0.name)")
      }
    }
    return try ModuleLinker.link(inputs, options: options)
  }

  /// Links the modules and instantiates the result.
  func linked(_ engine: Engine) throws -> Observation {
    let host = try Host(engine)
    var seen = Observation()
    let instance: Instance
    do {
      let module = try link(engine).module
      let bytes = ModuleEncoder.encode(module)
      let compiled = try engine.compile(bytes)
      try compiled.module.checkCustomSections()
      instance = try host.linker.instantiate(compiled)
    } catch {
      guard !(error is ModuleError) else { throw error }
      seen.instantiation = Self.describe(error)
      seen.log = host.log
      seen.state = try host.state([])
      return seen
    }
    for (path, arguments) in calls {
      seen.calls.append(Self.outcome { try instance.function(path).call(arguments) })
    }
    seen.log = host.log
    seen.state = try host.state(instance.exports.map { ($0.name, $0.value) })
    return seen
  }

  static let tiers: [ExecutionTier] = [.interpreter, .compiler]

  /// Expects both ways to be the same on both tiers, with dead code and without it.
  ///
  /// - Parameters:
  ///   - instantiation: How it must end.
  ///   - log: What the host must have heard.
  ///   - calls: What the calls must come to.
  func check(
    instantiation: String = "done", log: [String]? = nil, calls: [String]? = nil,
    location: SourceLocation = #_sourceLocation
  ) throws {
    for tier in Self.tiers {
      let engine = makeEngine { $0.tier = tier }
      let expected = try separate(engine)
      #expect(expected.instantiation == instantiation, "\(name), separate", sourceLocation: location)
      if let log { #expect(expected.log == log, "\(name), separate", sourceLocation: location) }
      if let calls { #expect(expected.calls == calls, "\(name), separate", sourceLocation: location) }
      for removesDeadCode in [true, false] {
        var scenario = self
        scenario.options.removesDeadCode = removesDeadCode
        let actual = try scenario.linked(engine)
        #expect(actual == expected, "\(name), \(tier), dead code removed: \(removesDeadCode)", sourceLocation: location)
      }
    }
  }

  /// Expects that separate instantiation fails to match an import, and that the linked module traps at that point with
  /// the same effects before.
  func checkMatchedAtRunTime(log: [String], location: SourceLocation = #_sourceLocation) throws {
    for tier in Self.tiers {
      let engine = makeEngine { $0.tier = tier }
      var expected = try separate(engine)
      #expect(expected.instantiation == "incompatibleImportType", "\(name)", sourceLocation: location)
      #expect(expected.log == log, "\(name)", sourceLocation: location)
      expected.instantiation = "trap: unreachable"
      #expect(try linked(engine) == expected, "\(name), \(tier)", sourceLocation: location)
    }
  }
}
