import Testing
import WasmEngine
import WebAssembly

/// A module as it is and instrumented, side by side.
struct InstrumentPair {
  typealias Outcome = LoweringPair.Outcome

  let original: Instance
  let instrumented: Instance
  let result: InstrumentedModule
  let module: Module
  /// Whether the instrumented one has been lowered to one memory.
  let isLowered: Bool

  init(
    _ text: String, options: InstrumentOptions, tier: ExecutionTier = .interpreter, lowers: Bool = false,
    limiter: ((ResourceRequest) -> Bool)? = nil
  ) throws {
    let engine = makeEngine { $0.tier = tier }
    var module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    if !lowers {
      for index in module.memories.indices {
        module.exports.append(Export(name: "all\(index)", kind: .memory, index: UInt32(index)))
      }
    }
    let validated = try engine.validate(module)
    result = try Instrumentation.instrument(validated, options: options)
    self.module = try ModuleDecoder.decode(ModuleEncoder.encode(result.module))
    let store = Store(engine)
    original = try store.instantiate(engine.compile(module), imports: [])
    isLowered = lowers
    if lowers {
      let single = makeEngine {
        $0.features.remove(.multiMemory)
        $0.tier = tier
      }
      let lowered = try MemoryLowering.lower(engine.validate(self.module)).module
      let bytes = ModuleEncoder.encode(lowered)
      let decoded = try ModuleDecoder.decode(bytes, features: single.configuration.features)
      instrumented = try Store(single).instantiate(single.compile(decoded), imports: [])
    } else {
      let other = Store(engine)
      if let limiter { other.limiter = limiter }
      instrumented = try other.instantiate(engine.compile(self.module), imports: [])
    }
  }

  func call(_ name: String, _ arguments: [Value] = []) -> (original: Outcome, instrumented: Outcome) {
    (Self.call(original, name, arguments), Self.call(instrumented, name, arguments))
  }

  /// Calls both and expects the same of them.
  @discardableResult
  func same(_ name: String, _ arguments: Value..., location: SourceLocation = #_sourceLocation) -> Outcome {
    let (left, right) = call(name, arguments)
    #expect(left == right, "\(name) \(arguments)", sourceLocation: location)
    return left
  }

  /// The result of a function of the instrumented module: an i32, or an i64 that fits.
  func number(_ name: String, _ arguments: Int32...) throws -> Int {
    switch try instrumented.function(name).call(arguments.map { .i32($0) }).first {
    case .i32(let value)?: Int(value)
    case .i64(let value)?: Int(value)
    default: 0
    }
  }

  func mark() throws -> Int32 { Int32(try number("polymnia.mark")) }
  func rollback(_ mark: Int32) throws -> Int { try number("polymnia.rollback", mark) }

  static func call(_ instance: Instance, _ name: String, _ arguments: [Value]) -> Outcome {
    do {
      return .results(try instance.function(name).call(arguments).map { "\($0)" })
    } catch let trap as Trap {
      return .trap(trap.kind)
    } catch {
      return .other("\(error)")
    }
  }

  /// The contents of all memories of the program.
  func memories(of instance: Instance) throws -> [[UInt8]] {
    try module.memories.indices.dropLast().map { index in
      let memory = try instance.memory("all\(index)")
      return try memory.read(Int(memory.byteCount), at: 0)
    }
  }

  /// The bytes of the secondary memory.
  func data(_ name: String = "polymnia.instrument") throws -> [UInt8] {
    let memory = try instrumented.memory(name)
    return try memory.read(Int(memory.byteCount), at: 0)
  }
}
