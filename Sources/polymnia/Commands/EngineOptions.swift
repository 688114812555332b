import ArgumentParser
import WasmEngine

extension ExecutionTier: ExpressibleByArgument {}
extension MemoryPolicy.Bounds: ExpressibleByArgument {}

/// `--engine` and `--bounds`, of the commands that execute.
struct EngineOptions: ParsableArguments {
  @Option(name: .customLong("engine"), help: "How to execute: 'interpreter', or 'jit', which makes machine code.")
  var tier = ExecutionTier.interpreter

  @Option(
    help: """
      How to keep memories: 'guarded' reserves a range of addresses so that growth never moves one, 'checked' takes the \
      smallest allocation.
      """)
  var bounds = MemoryPolicy.Bounds.guarded
}
