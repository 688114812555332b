import WasmEngine
import WebAssembly

/// Instantiates a module with imports made to fit and calls all its exported functions.
struct Execution {
  var tier = ExecutionTier.interpreter
  var bounds: MemoryPolicy.Bounds
  var metersFuel: Bool
  /// Decides the arguments.
  var seed: UInt64
  /// Where to count, or nil for a repetition.
  var board: Board?

  /// What an observer sees of an execution.
  struct Record {
    /// Something that happened, in all detail and as far as it is the same in every tier: which not-a-number an operation
    /// yields is open (Core 3.0, 4.3.3), and so is how deep calls can go.
    struct Event {
      var exact: String
      var loose: String
    }

    var events: [Event] = []
    /// Whether fuel or a deadline ended it somewhere, so that what it left behind says nothing.
    var isStopped = false
    /// Whether calls went too deep somewhere, which depends on the tier.
    var isExhausted = false
    /// What the compiler has found wrong with its own work.
    var compilerFaults: [String] = []

    mutating func add(_ exact: String, loose: String? = nil) {
      events.append(Event(exact: exact, loose: loose ?? exact))
    }
  }

  private static let fuel: Int64 = 100_000
  private static let deadline = Duration.milliseconds(400)
  private static let memoryLimit: UInt64 = 16 << 20
  private static let exportLimit = 24

  /// nil for a module that the engine does not run.
  func run(_ validated: ValidatedModule) -> Record? {
    board?.phase = .compile
    var configuration = Engine.Configuration()
    configuration.features = .all
    configuration.memoryPolicy.bounds = bounds
    configuration.metersFuel = metersFuel
    configuration.tier = tier
    configuration.compilation = .eager
    configuration.checksCompiler = true
    configuration.stackSize = 256 << 10
    configuration.validationThreads = 1
    let engine = Engine(configuration)
    guard let module = try? CompiledModule(validated, engine: engine) else {
      board?.add(.unsupported)
      return nil
    }
    board?.add(.compiled)
    let store = makeStore(engine)
    var record = Record()
    record.compilerFaults = engine.compilerFaults
    guard record.compilerFaults.isEmpty else { return record }
    board?.phase = .instantiate
    guard let imports = try? module.imports.map({ try stub($0.type, in: store) }) else {
      board?.add(.unlinkable)
      return record
    }
    defer { store.removeDeadline() }
    do {
      try store.setDeadline(after: Self.deadline)
      refuel(store)
      let instance = try store.instantiate(module, imports: imports)
      board?.add(.instantiated)
      record.add("instantiated")
      board?.phase = .call
      call(instance, &record)
      state(of: instance, &record)
    } catch {
      switch error {
      case is LinkError: board?.add(.unlinkable)
      case UsageError.resourceRefused: board?.add(.refused)
      default: break
      }
      note("instantiation", error, &record)
    }
    for (index, value) in imports.enumerated() {
      if case .memory(let memory) = value { record.add("import \(index): \(MemoryDigest.digest(memory))") }
    }
    return record
  }

  private func makeStore(_ engine: Engine) -> Store {
    let store = Store(engine)
    store.limits.byteCount = Self.memoryLimit
    return store
  }

  private func refuel(_ store: Store) {
    if metersFuel { try? store.setFuel(Self.fuel) }
  }

  // MARK: Imports

  /// Something of the type that is imported: functions return zeros, memories, tables and globals hold them.
  private func stub(_ type: ExternalType, in store: Store) throws -> ExternalValue {
    switch type {
    case .function(let type):
      let results = type.results.map(Self.zero)
      return .function(try Function(in: store, type: type) { _, _ in results })
    case .table(let type):
      return .table(try Table(in: store, type: type, filledWith: .null(type.element.heapType)))
    case .memory(let type):
      return .memory(try Memory(in: store, type: type))
    case .global(let type):
      return .global(try Global(in: store, type: type, value: Self.zero(type.value)))
    case .tag(let type):
      return .tag(try Tag(in: store, payload: type.parameters))
    }
  }

  private static func zero(_ type: ValueType) -> Value {
    switch type {
    case .i32: .i32(0)
    case .i64: .i64(0)
    case .f32: .f32(0)
    case .f64: .f64(0)
    case .v128: .v128(V128(low: 0, high: 0))
    default: .null(type.referenceType?.heapType ?? .function)
    }
  }

  // MARK: Calls

  private static let edges: [UInt64] = [
    1, 2, 7, 0x7F, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 1 << 63, .max,
    0x7F80_0000, 0x7FC0_0001, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0001, 0x3FF0_0000_0000_0000, 0x3F80_0000,
  ]

  private static func edge(_ type: ValueType, _ random: inout RandomSource) -> Value {
    let word = random.pick(edges)
    return switch type {
    case .i32: .i32(Int32(truncatingIfNeeded: word))
    case .i64: .i64(Int64(bitPattern: word))
    case .f32: .f32(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
    case .f64: .f64(Double(bitPattern: word))
    case .v128: .v128(V128(low: word, high: random.pick(edges)))
    default: zero(type)
    }
  }

  /// Calls each exported function with zeros and, where it has parameters, with values at the edges.
  private func call(_ instance: Instance, _ record: inout Record) {
    var random = RandomSource(seed: seed)
    for (name, value) in instance.exports.prefix(Self.exportLimit) {
      guard case .function(let function) = value else { continue }
      let parameters = function.type.parameters
      var attempts = [parameters.map(Self.zero)]
      if !parameters.isEmpty { attempts.append(parameters.map { Self.edge($0, &random) }) }
      for arguments in attempts {
        board?.add(.calls)
        refuel(instance.store)
        do {
          let results = try function.call(arguments)
          board?.add(.returned)
          let call = "\(name)\(arguments) = "
          record.add(
            call + results.map(Self.bits).joined(separator: " "),
            loose: call + results.map(Self.looseBits).joined(separator: " "))
        } catch {
          note("\(name)\(arguments)", error, &record)
        }
        if record.isStopped { return }
      }
    }
  }

  private func note(_ what: String, _ error: any Error, _ record: inout Record) {
    switch error {
    case let trap as Trap:
      switch trap.kind {
      case .outOfFuel, .deadlineExceeded, .interrupted:
        board?.add(.stopped)
        record.isStopped = true
      default:
        board?.add(.trapped)
        if trap.kind == .callStackExhausted { record.isExhausted = true }
        let fault = trap.memoryFault.map { " \($0)" } ?? ""
        record.add("\(what): \(trap)", loose: "\(what): \(trap.kind)\(fault)")
      }
    case let exception as UncaughtException:
      board?.add(.threw)
      record.add(
        "\(what) threw " + exception.payload.map(Self.bits).joined(separator: " "),
        loose: "\(what) threw " + exception.payload.map(Self.looseBits).joined(separator: " "))
    default:
      record.add("\(what): \(error)")
    }
  }

  // MARK: What is left behind

  /// A value with the bits of not-a-numbers; of references only whether they are null.
  private static func bits(_ value: Value) -> String {
    switch value {
    case .f32(let value): "f32:0x" + String(value.bitPattern, radix: 16)
    case .f64(let value): "f64:0x" + String(value.bitPattern, radix: 16)
    case .funcref, .externref, .exnref, .anyref: value.isNull ? "null" : "a reference"
    default: value.description
    }
  }

  private static func looseBits(_ value: Value) -> String {
    switch value {
    case .f32(let value) where value.isNaN: "f32:nan"
    case .f64(let value) where value.isNaN: "f64:nan"
    case .v128(let value): looseBits(value)
    default: bits(value)
    }
  }

  /// A vector, in which words that are or hold a not-a-number of either width are shown as one.
  private static func looseBits(_ value: V128) -> String {
    func text(_ word: UInt64) -> String {
      let isNumber =
        !Double(bitPattern: word).isNaN && !Float(bitPattern: UInt32(truncatingIfNeeded: word >> 32)).isNaN
        && !Float(bitPattern: UInt32(truncatingIfNeeded: word)).isNaN
      return isNumber ? String(word, radix: 16) : "nan"
    }
    return "v128:\(text(value.high)) \(text(value.low))"
  }

  private func state(of instance: Instance, _ record: inout Record) {
    for index in 0..<instance.memoryCount {
      if let memory = instance.memory(at: index) {
        record.add("memory \(index) at the end: \(MemoryDigest.digest(memory))")
      }
    }
    for (name, value) in instance.exports {
      guard case .global(let global) = value else { continue }
      record.add(
        "\(name) at the end: \(Self.bits(global.value))", loose: "\(name) at the end: \(Self.looseBits(global.value))")
    }
  }
}
