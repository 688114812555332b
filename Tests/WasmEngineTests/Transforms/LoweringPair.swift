import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// A module as it is and lowered, side by side.
struct LoweringPair {
  let original: Instance
  let lowered: Instance
  let result: LoweredModule
  /// What their hosts have: memories by the names of imports.
  let originalHost: LoweringHost
  let loweredHost: LoweringHost

  /// What a call ends in.
  enum Outcome: Equatable {
    case results([String])
    case trap(Trap.Kind)
    case other(String)
  }

  init(
    _ text: String, options: LoweringOptions = LoweringOptions(), tier: ExecutionTier = .interpreter
  ) throws {
    let engine = makeEngine { $0.tier = tier }
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    let validated = try engine.validate(module)
    result = try MemoryLowering.lower(validated, options: options)
    let single = makeEngine {
      $0.features.remove(.multiMemory)
      $0.features.remove(.memoryControl)
      $0.tier = tier
    }
    let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(result.module), features: single.configuration.features)
    let store = Store(engine)
    let host = LoweringHost(store, remotes: [])
    original = try store.instantiate(
      engine.compile(module), imports: try engine.compile(module).imports.map { try host.value(of: $0) })
    originalHost = host
    let other = Store(single)
    let otherHost = LoweringHost(other, remotes: result.remotes)
    lowered = try other.instantiate(
      single.compile(decoded), imports: try single.compile(decoded).imports.map { try otherHost.value(of: $0) })
    loweredHost = otherHost
  }

  /// The outcome of the same call on both.
  func call(_ name: String, _ arguments: [Value] = []) -> (original: Outcome, lowered: Outcome) {
    (Self.call(original, name, arguments), Self.call(lowered, name, arguments))
  }

  /// Calls both and expects the same of them.
  @discardableResult
  func same(
    _ name: String, _ arguments: Value..., location: SourceLocation = #_sourceLocation
  ) -> Outcome {
    let (left, right) = call(name, arguments)
    #expect(left == right, "\(name) \(arguments)", sourceLocation: location)
    return left
  }

  private static func call(_ instance: Instance, _ name: String, _ arguments: [Value]) -> Outcome {
    do {
      return .results(try instance.function(name).call(arguments).map { "\($0)" })
    } catch let trap as Trap {
      return .trap(trap.kind)
    } catch {
      return .other("\(error)")
    }
  }
}
