import ArgumentParser
import WasmEngine
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes lowered modules for other engines: `N.wasm`, and beside it `N.calls`, a line for each call with what the module as
/// it was makes of it: the function, arguments, `=`, then results or `trap` and its kind. Numbers are their bits.
struct LoweringEmission {
  var folder: String

  func write(_ count: Int, seed: UInt64, first: Int) throws {
    try makeFolder(folder)
    for number in first..<first + count {
      let sequence = LoweringSequence(seed: seed, number: number, isPlain: true)
      let module = try ModuleParser.parse(Array(sequence.text.utf8), features: .all).module
      let validated = try ModuleValidator.validate(module)
      let lowered = try MemoryLowering.lower(validated, options: sequence.options)
      GenerateCommand.write(ModuleEncoder.encode(lowered.module), to: "\(folder)/\(number).wasm")
      GenerateCommand.write(Array(try lines(validated, sequence.calls).utf8), to: "\(folder)/\(number).calls")
    }
    print("\(count) modules")
  }

  private func lines(_ validated: ValidatedModule, _ calls: [LoweringTrial.Call]) throws -> String {
    var configuration = Engine.Configuration()
    configuration.features = .all
    let engine = Engine(configuration)
    let instance = try Store(engine).instantiate(try CompiledModule(validated, engine: engine), imports: [])
    var text = ""
    for call in calls {
      text += ([call.function] + call.arguments.map(Self.word)).joined(separator: " ") + " = "
      do {
        text += try instance.function(call.function).call(call.arguments).map(Self.word).joined(separator: " ")
      } catch let trap as Trap {
        text += "trap \(trap.kind)"
      }
      text += "\n"
    }
    return text
  }

  private static func word(_ value: Value) -> String {
    switch value {
    case .i32(let value): "i32:\(UInt32(bitPattern: value))"
    case .i64(let value): "i64:\(UInt64(bitPattern: value))"
    case .f32(let value): value.isNaN ? "f32:nan" : "f32:\(value.bitPattern)"
    case .f64(let value): value.isNaN ? "f64:nan" : "f64:\(value.bitPattern)"
    default: "?"
    }
  }
}
