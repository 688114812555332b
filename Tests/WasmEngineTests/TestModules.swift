import WasmEngine

/// An engine that runs everything the project knows of.
func makeEngine(bounds: MemoryPolicy.Bounds = .guarded, _ change: (inout Engine.Configuration) -> Void = { _ in })
  -> Engine
{
  var configuration = Engine.Configuration()
  configuration.features = .all
  configuration.memoryPolicy.bounds = bounds
  change(&configuration)
  return Engine(configuration)
}

/// Sets of the processor's features with different machine code for most of what there is.
let processorSets: [ProcessorFeatures] = [.native, [.avx, .sse42, .popcnt], .baseline]

extension Store {
  convenience init(bounds: MemoryPolicy.Bounds = .guarded) { self.init(makeEngine(bounds: bounds)) }

  /// Instantiates a module in the text format with imports in its order.
  @discardableResult
  func load(
    _ text: String, _ imports: [ExternalValue] = [], policies: [Int: MemoryPolicy] = [:]
  ) throws -> Instance {
    try instantiate(engine.compile(text: text), imports: imports, policies: policies)
  }
}

/// The i32 of the only result of an exported function.
func callI32(_ instance: Instance, _ name: String, _ arguments: Value...) throws -> Int32? {
  guard case .i32(let value) = try instance.function(name).call(arguments).first else { return nil }
  return value
}

/// The kind of the trap that a piece of work ends in, or nil.
func trapKind(_ body: () throws -> Void) -> Trap.Kind? {
  do { try body() } catch { return (error as? Trap)?.kind }
  return nil
}

/// Integers as numbers; those of 32 bits without their sign.
func unsignedIntegers(_ values: [Value]) -> [UInt64] {
  values.map { value in
    switch value {
    case .i32(let value): UInt64(UInt32(bitPattern: value))
    case .i64(let value): UInt64(bitPattern: value)
    default: 0
    }
  }
}
