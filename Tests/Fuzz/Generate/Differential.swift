import WasmEngine
import WebAssembly

/// Runs a module on both tiers in both kinds of bounds and compares what can be seen.
///
/// The number of the module decides how else the ways differ: which extensions of the processor machine code may use,
/// whether it guards against speculation and leaves accesses to fault, whether other threads compile ahead, whether
/// memories of one instance are kept in different ways, and whether machine code meters fuel too, of which as much must be
/// left, and which runs out at the same place in both tiers.
struct Differential {
  enum Outcome {
    case same(instructions: UInt64, traps: [Trap.Kind], throwing: Int)
    /// A deadline ended one of them.
    case stopped
    case invalid(String)
    case different(String)
  }

  private struct Way {
    var tier: ExecutionTier
    var bounds: MemoryPolicy.Bounds
    var processor = ProcessorFeatures.native
    var guardsSpeculation = true
    var usesGuardPages = true
    var metersFuel = false
    var compilesAhead = false
    /// Of each memory, whether it is kept in the other kind of bounds.
    var turned: UInt64 = 0

    var name: String {
      var name = "\(tier.rawValue) \(bounds.rawValue)"
      if tier == .compiler {
        if processor != .native { name += processor == .baseline ? " baseline" : " features \(processor.rawValue)" }
        if !guardsSpeculation { name += " without guards" }
        if !usesGuardPages { name += " without faults" }
        if metersFuel { name += " with fuel" }
        if compilesAhead { name += " ahead" }
      }
      return turned == 0 ? name : name + " turned \(turned)"
    }

    func policy(_ memory: Int, isReadOnly: Bool) -> MemoryPolicy {
      let other: MemoryPolicy.Bounds = bounds == .guarded ? .checked : .guarded
      return MemoryPolicy(
        bounds: turned >> UInt64(memory & 63) & 1 == 1 ? other : bounds, access: isReadOnly ? .readOnly : .readWrite)
    }
  }

  private struct Record {
    var events: [String] = []
    var instructions: UInt64 = 0
    var traps: [Trap.Kind] = []
    var throwing = 0
    var isStopped = false
    /// What the compiler's own checks have found.
    var faults: [String] = []
  }

  private static func ways(_ number: Int) -> [Way] {
    var random = RandomSource(seed: 0x77_6179, number: number)
    var ways = [
      Way(tier: .interpreter, bounds: .guarded, metersFuel: true), Way(tier: .interpreter, bounds: .checked),
      Way(tier: .compiler, bounds: .guarded), Way(tier: .compiler, bounds: .checked),
    ]
    if random.chance(35) { ways.append(Way(tier: .compiler, bounds: .guarded, metersFuel: true)) }
    for index in ways.indices.dropFirst() {
      if random.chance(30) { ways[index].turned = random.next() & 0xFF }
      if random.chance(20) { ways[index].guardsSpeculation = false }
      if random.chance(10) { ways[index].usesGuardPages = false }
      ways[index].compilesAhead = number % 4 == 0
      switch random.below(10) {
      case 0, 1: ways[index].processor = .baseline
      case 2: ways[index].processor = [.avx, .sse42]
      case 3: ways[index].processor = ProcessorFeatures(rawValue: UInt32(truncatingIfNeeded: random.next() & 0x7F))
      default: break
      }
    }
    return ways
  }

  /// How many functions each call from outside may enter.
  static let entries: Int32 = 40
  private static let deadline = Duration.seconds(5)

  static func run(_ bytes: [UInt8], seed: UInt64, number: Int) -> Outcome {
    let validated: ValidatedModule
    do {
      let validator = try ModuleValidator(ModuleDecoder.decode(bytes))
      validated = try validator.finish([try validator.validateFunctions(0..<validator.functionCount)])
    } catch {
      return .invalid("\(error)")
    }
    var first: Record?
    let ways = ways(number)
    // Few have a memory that cannot be written.
    var random = RandomSource(seed: 0x726F, number: number)
    let readOnly = random.chance(2) ? random.below(3) : -1
    for way in ways {
      let record: Record
      do {
        record = try run(validated, way, seed: seed, readOnly: readOnly)
      } catch {
        return .invalid("\(way.name): \(error)")
      }
      if let fault = record.faults.first { return .different("\(way.name): \(fault)") }
      if record.isStopped { return .stopped }
      guard let expected = first else {
        first = record
        continue
      }
      for (index, event) in expected.events.enumerated() {
        let other = index < record.events.count ? record.events[index] : "nothing"
        if event != other { return .different("\(ways[0].name): \(event)\n\(way.name): \(other)") }
      }
      if way.metersFuel, record.instructions != expected.instructions {
        return .different(
          "\(ways[0].name): \(expected.instructions) of fuel\n\(way.name): \(record.instructions) of fuel")
      }
    }
    let record = first ?? Record()
    if ways.contains(where: { $0.tier == .compiler && $0.metersFuel }), record.instructions > 10,
      let what = try? difference(
        validated, ways, seed: seed, readOnly: readOnly, fuel: random.below(Int(record.instructions)))
    {
      return .different(what)
    }
    return .same(instructions: record.instructions, traps: record.traps, throwing: record.throwing)
  }

  /// What differs where there is only so much fuel.
  private static func difference(
    _ validated: ValidatedModule, _ ways: [Way], seed: UInt64, readOnly: Int, fuel: Int
  ) throws -> String? {
    let metering = ways.filter(\.metersFuel)
    let records = try metering.map { try run(validated, $0, seed: seed, readOnly: readOnly, fuel: Int64(fuel)) }
    // How far a deadline lets them come says nothing.
    if records.contains(where: { $0.traps.contains(.deadlineExceeded) }) { return nil }
    for (way, record) in zip(metering, records).dropFirst() {
      for (expected, event) in zip(records[0].events, record.events) where expected != event {
        return "\(metering[0].name), \(fuel) of fuel: \(expected)\n\(way.name): \(event)"
      }
      if record.instructions != records[0].instructions || record.events.count != records[0].events.count {
        return
          "\(metering[0].name), \(fuel) of fuel: used \(records[0].instructions)\n\(way.name): \(record.instructions)"
      }
    }
    return nil
  }

  /// How often each operator is executed, by the interpreter.
  static func counts(_ program: Program, seed: UInt64, _ add: (Opcode, UInt64) -> Void) {
    let (bytes, counts) = program.counting
    guard let validator = try? ModuleValidator(ModuleDecoder.decode(bytes)),
      let summaries = try? validator.validateFunctions(0..<validator.functionCount),
      let validated = try? validator.finish([summaries])
    else { return }
    _ = try? run(validated, Way(tier: .interpreter, bounds: .guarded), seed: seed, readOnly: -1) { instance in
      for (index, piece) in counts.pieces.enumerated() {
        guard case .global(let global) = instance.export("c\(index)"), case .i64(let count) = global.value else {
          continue
        }
        for opcode in piece { add(opcode, UInt64(bitPattern: count)) }
      }
    }
  }

  /// All that can be seen of a module that is run in one way, in which nothing grows.
  static func events(_ program: Program, seed: UInt64, _ tier: ExecutionTier) throws -> [String] {
    let validated = try ModuleValidator.validate(try ModuleDecoder.decode(program.bytes, features: .all))
    return try run(validated, Way(tier: tier, bounds: .guarded), seed: seed, readOnly: -1, letsGrow: false).events
  }

  private static func run(
    _ validated: ValidatedModule, _ way: Way, seed: UInt64, readOnly: Int, fuel: Int64 = 1 << 40,
    letsGrow: Bool = true, inspect: (Instance) -> Void = { _ in }
  ) throws -> Record {
    var configuration = Engine.Configuration()
    configuration.features = .all
    configuration.memoryPolicy.bounds = way.bounds
    configuration.tier = way.tier
    configuration.checksCompiler = true
    configuration.stackSize = 1 << 20
    configuration.validationThreads = 1
    configuration.metersFuel = way.metersFuel
    configuration.processor = way.processor
    configuration.guardsSpeculation = way.guardsSpeculation
    configuration.usesGuardPages = way.usesGuardPages
    configuration.aheadThreads = way.compilesAhead ? 2 : 0
    configuration.smallestAheadModule = 0
    let engine = Engine(configuration)
    let store = Store(engine)
    store.limiter = { request in
      switch request {
      // Small, or at once so large that little of it is touched.
      case .memory(let current, let desired, _):
        (letsGrow || current == 0)
          && (desired <= 1 << 20 || (0x7FF0_0000...0x1_4000_0000).contains(desired))
      case .table(let current, let desired, _): (letsGrow || current == 0) && desired <= 1000
      case .instance: true
      }
    }
    if configuration.metersFuel { try store.setFuel(fuel) }
    let module = try CompiledModule(validated, engine: engine)
    var record = Record()
    var memories: [ExactName: Memory] = [:]
    var imports: [ExternalValue] = []
    for item in module.imports {
      switch item.type {
      case .function(let type):
        imports.append(.function(try Function(in: store, type: type) { _, arguments in answer(arguments, type) }))
      case .memory(let type):
        let memory =
          try memories[ExactName(item.name)]
          ?? Memory(in: store, type: type, policy: way.policy(memories.count, isReadOnly: false))
        memories[ExactName(item.name)] = memory
        imports.append(.memory(memory))
      default: break
      }
    }
    var policies: [Int: MemoryPolicy] = [:]
    for index in validated.spaces.memories.indices.dropFirst(validated.spaces.importedMemoryCount) {
      policies[index] = way.policy(index, isReadOnly: index == readOnly)
    }
    let instance = try store.instantiate(module, imports: imports, policies: policies)
    try store.setDeadline(after: deadline)
    defer { store.removeDeadline() }
    call(instance, seed, &record)
    record.events.append(state(instance))
    record.faults = engine.compilerFaults
    inspect(instance)
    if let left = store.fuel { record.instructions = UInt64(clamping: fuel - left) }
    return record
  }

  /// What a host function returns: numbers that depend on all arguments.
  static func answer(_ arguments: [Value], _ type: FunctionType) -> [Value] {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for argument in arguments {
      hash = (hash ^ word(argument)) &* 0x100_0000_01B3
      hash ^= hash >> 29
    }
    return type.results.enumerated().map { index, type in
      let bits = hash >> UInt64(index)
      return switch type {
      case .i32: .i32(Int32(truncatingIfNeeded: bits))
      case .i64: .i64(Int64(bitPattern: bits))
      case .f32: .f32(Float(Int32(truncatingIfNeeded: bits)))
      case .v128: .v128(V128(low: bits, high: hash &* 0x9E37_79B9_7F4A_7C15))
      default: .f64(Double(Int64(bitPattern: bits)))
      }
    }
  }

  /// The bits of a value, the same ones for all that are not numbers.
  private static func word(_ value: Value) -> UInt64 {
    switch value {
    case .i32(let value): UInt64(UInt32(bitPattern: value))
    case .i64(let value): UInt64(bitPattern: value)
    case .f32(let value): value.isNaN ? 0x7FC0_0000 : UInt64(value.bitPattern)
    case .f64(let value): value.isNaN ? 0x7FF8_0000_0000_0000 : value.bitPattern
    case .v128(let value): value.low &+ value.high &* 0x9E37_79B9_7F4A_7C15
    default: 0
    }
  }

  static func argument(_ type: ValueType, _ random: inout RandomSource) -> Value {
    let bits = random.chance(50) ? UInt64(random.below(300)) : random.next() >> UInt64(random.below(64))
    return switch type {
    case .i32: .i32(Int32(truncatingIfNeeded: bits))
    case .i64: .i64(Int64(bitPattern: bits))
    case .f32: .f32(Float(Int32(truncatingIfNeeded: bits)) / 16)
    case .v128: .v128(V128(low: bits, high: random.next()))
    default: .f64(Double(Int64(bitPattern: bits)) / 16)
    }
  }

  private static func call(_ instance: Instance, _ seed: UInt64, _ record: inout Record) {
    var random = RandomSource(seed: seed)
    for (name, value) in instance.exports {
      guard case .function(let function) = value else { continue }
      let arguments = function.type.parameters.map { argument($0, &random) }
      if case .global(let fuel) = instance.export("g0") { try? fuel.set(.i32(entries)) }
      do {
        let results = try function.call(arguments)
        record.events.append("\(name)\(arguments) = " + results.map(text).joined(separator: " "))
      } catch let trap as Trap {
        switch trap.kind {
        case .outOfFuel, .deadlineExceeded, .interrupted, .callStackExhausted: record.isStopped = true
        default: break
        }
        record.traps.append(trap.kind)
        var event = "\(name)\(arguments): \(trap.message)"
        if let fault = trap.memoryFault {
          event += " memory \(fault.memoryIndex) address 0x\(String(fault.address, radix: 16)) length \(fault.length)"
        }
        record.events.append(event)
      } catch let exception as UncaughtException {
        record.throwing += 1
        record.events.append("\(name)\(arguments) threw " + exception.payload.map(text).joined(separator: " "))
      } catch {
        record.events.append("\(name)\(arguments): \(error)")
      }
      record.events.append("after \(name): " + state(instance))
      if record.isStopped { return }
    }
  }

  static func text(_ value: Value) -> String { String(word(value), radix: 16) }

  private static func state(_ instance: Instance) -> String {
    var text = ""
    for index in 0..<instance.memoryCount {
      if let memory = instance.memory(at: index) { text += " memory \(index) \(MemoryDigest.digest(memory))" }
    }
    for (name, value) in instance.exports {
      if case .global(let global) = value { text += " \(name) \(Self.text(global.value))" }
    }
    return text
  }
}
