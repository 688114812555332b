import ArgumentParser
import WasmEngine

/// How modules are executed.
enum EngineKind: String, ExpressibleByArgument, CaseIterable {
  case jit
  case interpreter
}

extension MemoryPolicy.Bounds: ExpressibleByArgument {}

/// `--engine` and `--bounds`, of the commands that execute.
struct EngineOptions: ParsableArguments {
  @Option(help: "How to execute: 'interpreter'. (The compiler, 'jit', is not there yet.)")
  var engine = EngineKind.interpreter

  @Option(
    help: """
      How to keep memories: 'guarded' reserves a range of addresses so that growth never moves one, 'checked' takes the \
      smallest allocation.
      """)
  var bounds = MemoryPolicy.Bounds.guarded

  func validate() throws {
    if engine == .jit {
      throw ValidationError("The engine 'jit' does not exist yet. Use '--engine interpreter', which is the default.")
    }
  }
}
