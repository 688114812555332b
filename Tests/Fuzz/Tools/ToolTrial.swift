import WebAssembly

/// A valid module sent through one of the tools.
struct ToolTrial {
  enum Outcome {
    case written
    case refused
    case wrong(String)
  }

  /// What a tool made of a module.
  struct Product {
    var module: Module
    /// What the new module must validate under.
    var features = FeatureSet.all
    /// Whether the tool leaves custom sections where they are, however wrong that is.
    var keepsOrder = false
  }

  struct Tool: Sendable {
    var name: String
    /// Whether what it writes is a module, and no text.
    var writesModule = false
    var run: @Sendable (ValidatedModule, inout ToolTrial) throws -> Outcome

    init(_ name: String, run: @escaping @Sendable (ValidatedModule, inout ToolTrial) throws -> Outcome) {
      self.name = name
      self.run = run
    }

    /// A tool that makes a new module, which must be valid; nil where it refuses the old one.
    init(_ name: String, _ make: @escaping @Sendable (ValidatedModule, inout ToolTrial) throws -> Product?) {
      self.init(
        name,
        run: { validated, trial in
          try make(validated, &trial).map { ToolTrial.check($0, of: validated.module) } ?? .refused
        })
      writesModule = true
    }
  }

  let corpus: Corpus
  var random: RandomSource
  /// The command, for the tools that are not part of the library.
  var command: ToolProcess?

  static let tools: [Tool] = [
    Tool("lower") { try lower($0, imports: .own, &$1) },
    Tool("lower --imports accessors") { try lower($0, imports: .accessors, &$1) },
    Tool("link") { try link($0, &$1) },
    Tool("bind-memories") { module, _ in
      do throws(TransformError) {
        return Product(module: try MemoryBinding.bind(module).module)
      } catch {
        return nil
      }
    },
    Tool("specialize") { try specialize($0, dispatches: false, &$1) },
    Tool("dispatch") { try specialize($0, dispatches: true, &$1) },
    Tool("dead code removal") { module, _ in Product(module: try DeadCodeRemoval.remove(from: module).module) },
    Tool("instrument --stores=log") { try instrument($0, [.log], &$1) },
    Tool("instrument --stores=pages") { try instrument($0, [.pages], &$1) },
    Tool("instrument --trace-memory") { try instrument($0, [.trace], &$1) },
    Tool("instrument --profile") { try instrument($0, [.profile], &$1) },
    Tool("instrument --coverage") { try instrument($0, [.coverage], &$1) },
    Tool("instrument, all at once") { try instrument($0, [.log, .trace, .profile, .coverage], &$1) },
    Tool("instrument, then lower") { module, trial in
      let kinds: [InstrumentLayout.Flags] = [.log, .pages, .trace, .profile, .coverage]
      guard let instrumented = try instrument(module, trial.random.pick(kinds), &trial) else { return nil }
      let bytes = ModuleEncoder.encode(instrumented.module)
      return try lower(
        ModuleValidator.validate(ModuleDecoder.decode(bytes)), imports: trial.random.chance(50) ? .own : .accessors,
        &trial)
    },
    Tool("strip") { try strip($0, &$1) },
    Tool("print, then parse") { module, _ in
      Product(module: try ModuleParser.parse(Array(ModulePrinter.text(module.module).utf8)).module, keepsOrder: true)
    },
    Tool("add-memory") { try addMemories($0, &$1) },
    Tool("objdump", run: dump),
    Tool("report", run: report),
  ]

  mutating func run(_ tool: Tool, _ validated: ValidatedModule) -> Outcome {
    do {
      return try tool.run(validated, &self)
    } catch {
      return .wrong("failed: \(error)")
    }
  }

  private static func check(_ product: Product, of old: Module) -> Outcome {
    let bytes = ModuleEncoder.encode(product.module)
    if let fault = SectionOrder.fault(of: bytes) {
      // Where there is nothing to do, the module stays as it is.
      let original = ModuleEncoder.encode(old)
      guard bytes == original || product.keepsOrder && SectionOrder.fault(of: original) != nil else {
        return .wrong("what it wrote is in a wrong order: \(fault)")
      }
    }
    do throws(ModuleError) {
      _ = try ModuleValidator.validate(
        try ModuleDecoder.decode(bytes, features: product.features), features: product.features)
      return .written
    } catch {
      // Two modules can be more than one may be.
      return error.kind == .limitExceeded ? .refused : .wrong("what it wrote is not valid: \(error)")
    }
  }

  // MARK: Tools

  static func lower(
    _ validated: ValidatedModule, imports: ImportedMemories, _ trial: inout ToolTrial
  ) throws -> Product? {
    var options = LoweringOptions()
    options.imports = imports
    options.isUnchecked = trial.random.chance(10)
    options.reservesMaxima = trial.random.chance(60)
    for memory in 0..<validated.spaces.memories.count where trial.random.chance(20) {
      options.reservations[memory] = UInt64(trial.random.below(20))
    }
    do throws(ModuleError) {
      var features = FeatureSet.all
      features.remove(.multiMemory)
      return Product(module: try MemoryLowering.lower(validated, options: options).module, features: features)
    } catch {
      guard error.kind == .unsupported else { throw error }
      return nil
    }
  }

  /// For a function that is exported, on two of the memories.
  private static func specialize(
    _ validated: ValidatedModule, dispatches: Bool, _ trial: inout ToolTrial
  ) throws -> Product? {
    let functions = validated.module.exports.filter { $0.kind == .function }.map(\.name)
    let count = validated.spaces.memories.count
    guard !functions.isEmpty, count > 0 else { return nil }
    let function = trial.random.pick(functions)
    let (from, to) = ("\(trial.random.below(count))", "\(trial.random.below(count))")
    var options = SpecializationOptions()
    options.stack = trial.random.pick([.refused, .shared, .at(4096)])
    options.staticData = trial.random.pick([.refused, .stay, .move])
    options.assumesRelocatable = trial.random.chance(30)
    options.allowsImports = trial.random.chance(50)
    options.allowsIndirectCalls = trial.random.chance(50)
    do throws(TransformError) {
      let result =
        if dispatches {
          try FunctionSpecialization.dispatch(validated, functions: [function], from: from, options: options)
        } else {
          try FunctionSpecialization.specialize(
            validated, functions: [function], memories: [(from, to)], options: options)
        }
      return Product(module: result.module)
    } catch {
      return nil
    }
  }

  /// With a module of the corpus before it or behind it, under a name that the later one imports from where it imports.
  private static func link(_ validated: ValidatedModule, _ trial: inout ToolTrial) throws -> Product? {
    var inputs = [validated]
    for _ in 0..<trial.random.below(3) {
      guard let other = try? ModuleDecoder.decode(trial.random.pick(trial.corpus.binaries)),
        let valid = try? ModuleValidator.validate(other)
      else { continue }
      inputs.insert(valid, at: trial.random.below(inputs.count + 1))
    }
    var named: [LinkInput] = []
    for (index, input) in inputs.enumerated() {
      let wanted = inputs[(index + 1)...].flatMap { $0.module.imports.map(\.module) }
      var name = wanted.isEmpty ? "m\(index)" : trial.random.pick(wanted)
      if named.contains(where: { $0.name == name }) { name = "m\(index)" }
      named.append(LinkInput(name: name, module: input))
    }
    var options = LinkOptions()
    options.removesDeadCode = trial.random.chance(50)
    options.callsInitializers = trial.random.chance(50)
    do throws(LinkFailure) {
      return Product(module: try ModuleLinker.link(named, options: options).module)
    } catch {
      return nil
    }
  }
}
