import WasmEngine
import WebAssembly

/// Runs a module as it is and lowered to one memory, and compares results, kinds of trap, sizes and contents of all
/// memories after each call.
struct LoweringTrial {
  enum Outcome {
    case same(traps: Int)
    /// The lowering refuses it, for a reason.
    case refused(String)
    /// A deadline, or calls that went too deep, ended one of the two.
    case stopped
    case different(String)
  }

  typealias Call = LoweringSequence.Call

  var options: LoweringOptions
  var tier: ExecutionTier
  var bounds = MemoryPolicy.Bounds.guarded
  var deadline = Duration.seconds(5)

  private struct Record {
    var events: [String] = []
    var traps = 0
    var isStopped = false
  }

  /// - Parameters:
  ///   - calls: what to call, or nil for every exported function with random arguments.
  ///   - isDeep: whether to compare the contents after each call, not only at the end.
  func run(_ module: Module, calls: [Call]?, seed: UInt64, isDeep: Bool) -> Outcome {
    let original: ValidatedModule
    let lowered: LoweredModule
    let validated: ValidatedModule
    do throws(ModuleError) {
      original = try ModuleValidator.validate(module)
    } catch {
      return .different("invalid: \(error)")
    }
    do throws(ModuleError) {
      lowered = try MemoryLowering.lower(original, options: options)
    } catch {
      return error.kind == .unsupported ? .refused(error.message) : .different("not lowered: \(error)")
    }
    do throws(ModuleError) {
      validated = try Self.validate(Self.exportingParts(lowered))
    } catch {
      return .different("the lowered module is invalid: \(error)")
    }
    do {
      let left = try run(original, nil, calls, seed, isDeep)
      let right = try run(validated, lowered, calls, seed, isDeep)
      if left.isStopped || right.isStopped { return .stopped }
      for (index, event) in left.events.enumerated() {
        let other = index < right.events.count ? right.events[index] : "nothing"
        if event != other { return .different("original: \(event)\nlowered: \(other)") }
      }
      return .same(traps: left.traps)
    } catch {
      return .different("\(error)")
    }
  }

  static var single: FeatureSet {
    var features = FeatureSet.all
    features.remove(.multiMemory)
    return features
  }

  /// From its binary, with the several-memory feature off.
  static func validate(_ module: Module) throws(ModuleError) -> ValidatedModule {
    try ModuleValidator.validate(
      try ModuleDecoder.decode(ModuleEncoder.encode(module), features: single), features: single)
  }

  /// The lowered module with the globals of all its regions exported, so that they can be compared.
  private static func exportingParts(_ lowered: LoweredModule) -> Module {
    var module = lowered.module
    for region in lowered.regions {
      if let global = region.baseGlobal {
        module.exports.append(Export(name: "base of \(region.memory)", kind: .global, index: global))
      }
      if let global = region.sizeGlobal {
        module.exports.append(Export(name: "size of \(region.memory)", kind: .global, index: global))
      }
    }
    return module
  }

  // MARK: Execution

  private func run(
    _ validated: ValidatedModule, _ lowered: LoweredModule?, _ calls: [Call]?, _ seed: UInt64, _ isDeep: Bool
  ) throws -> Record {
    var configuration = Engine.Configuration()
    configuration.features = lowered == nil ? .all : Self.single
    configuration.memoryPolicy.bounds = bounds
    configuration.tier = tier
    configuration.stackSize = 1 << 20
    configuration.validationThreads = 1
    let engine = Engine(configuration)
    let store = Store(engine)
    let module = try CompiledModule(validated, engine: engine)
    let host = LoweringHost(store, remotes: lowered?.remotes ?? [])
    defer { withExtendedLifetime(host) {} }
    let imports = try module.imports.map { try host.value(of: $0) }
    var record = Record()
    try store.setDeadline(after: deadline)
    defer { store.removeDeadline() }
    let instance: Instance
    do {
      instance = try store.instantiate(module, imports: imports)
    } catch let trap as Trap {
      record.traps += 1
      record.events.append("instantiation: \(trap.kind)")
      return record
    }
    func state() -> String { self.state(instance, lowered, host) }
    record.events.append("instantiated: " + state())
    if let calls {
      for call in calls {
        invoke(instance, call, &record)
        if isDeep { record.events.append("after \(call.function): " + state()) }
        if record.isStopped { return record }
      }
    } else {
      callEverything(instance, seed, isDeep, &record, state)
    }
    record.events.append("at the end: " + state())
    return record
  }

  private func callEverything(
    _ instance: Instance, _ seed: UInt64, _ isDeep: Bool, _ record: inout Record, _ state: () -> String
  ) {
    var random = RandomSource(seed: seed)
    for (name, value) in instance.exports {
      guard case .function(let function) = value, name.hasPrefix("f") else { continue }
      let arguments = function.type.parameters.map { Differential.argument($0, &random) }
      if case .global(let fuel) = instance.export("g0") { try? fuel.set(.i32(Differential.entries)) }
      invoke(instance, Call(function: name, arguments: arguments), &record)
      if isDeep { record.events.append("after \(name): " + state()) }
      if record.isStopped { return }
    }
  }

  private func invoke(_ instance: Instance, _ call: Call, _ record: inout Record) {
    let title = "\(call.function)\(call.arguments)"
    do {
      let results = try instance.function(call.function).call(call.arguments)
      record.events.append(title + " = " + results.map(Differential.text).joined(separator: " "))
    } catch let trap as Trap {
      switch trap.kind {
      case .deadlineExceeded, .interrupted, .callStackExhausted: record.isStopped = true
      default: break
      }
      record.traps += 1
      record.events.append("\(title): \(trap.kind)")
    } catch let exception as UncaughtException {
      record.events.append("\(title) threw " + exception.payload.map(Differential.text).joined(separator: " "))
    } catch {
      record.events.append("\(title): \(error)")
    }
  }

  // MARK: State

  private func state(_ instance: Instance, _ lowered: LoweredModule?, _ host: LoweringHost) -> String {
    var text = ""
    if let lowered {
      var memories: [Int: String] = [:]
      for region in lowered.regions {
        let digest = Self.digest(region, instance)
        for memory in [region.memory] + region.aliases { memories[memory] = digest }
      }
      for remote in lowered.remotes {
        memories[remote.memory] = host.memories[ExactName(remote.importName)].map { MemoryDigest.digest($0) } ?? "none"
      }
      for (memory, digest) in memories.sorted(by: { $0.key < $1.key }) { text += " memory \(memory) \(digest)" }
    } else {
      for index in 0..<instance.memoryCount {
        if let memory = instance.memory(at: index) { text += " memory \(index) \(MemoryDigest.digest(memory))" }
      }
    }
    for (name, value) in instance.exports where name.hasPrefix("g") {
      if case .global(let global) = value { text += " \(name) \(Differential.text(global.value))" }
    }
    return text
  }

  private static func digest(_ region: LoweredModule.Region, _ instance: Instance) -> String {
    guard let memory = instance.memory(at: 0) else { return "none" }
    let base = number(instance.export("base of \(region.memory)")) ?? region.base
    let size =
      number(instance.export("size of \(region.memory)"))
      ?? (region.growth == .never ? region.byteCount : memory.byteCount - base)
    return memory.withUnsafeBytes { bytes in
      guard base + size <= bytes.count else { return "out of bounds" }
      return MemoryDigest.digest(UnsafeRawBufferPointer(rebasing: bytes[Int(base)..<Int(base + size)]))
    }
  }

  private static func number(_ value: ExternalValue?) -> UInt64? {
    guard case .global(let global) = value else { return nil }
    return switch global.value {
    case .i32(let bits): UInt64(UInt32(bitPattern: bits))
    case .i64(let bits): UInt64(bitPattern: bits)
    default: nil
    }
  }
}
