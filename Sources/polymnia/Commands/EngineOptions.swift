import ArgumentParser
import WasmEngine

extension ExecutionTier: ExpressibleByArgument {}
extension CompilationTime: ExpressibleByArgument {}
extension MemoryPolicy.Bounds: ExpressibleByArgument {}
extension ProcessorFeatures: ExpressibleByArgument {
  public init?(argument: String) { self.init(names: argument) }
  public var defaultValueDescription: String { "native" }
}

/// `--engine`, `--compile` and `--bounds`, of the commands that execute.
struct EngineOptions: ParsableArguments {
  @Option(
    name: .customLong("engine"),
    help: """
      How to execute: 'jit' makes machine code, and interprets where that is not possible; 'interpreter' makes none.
      """)
  var tier = ExecutionTier.compiler

  @Option(
    name: .customLong("compile"),
    help: "When to make machine code: when a function is first called, or all of it before anything runs.")
  var compilation = CompilationTime.lazy

  @Option(
    help: """
      How to keep memories: 'guarded' reserves a range of addresses so that growth never moves one, 'checked' takes the \
      smallest allocation.
      """)
  var bounds = MemoryPolicy.Bounds.guarded

  @Option(
    help: ArgumentHelp(
      "Which extensions of the processor machine code may use: 'native' for all that it has, 'baseline' for none, or of "
        + ProcessorFeatures.names.joined(separator: ",") + " those that are named.", valueName: "features"))
  var cpu = ProcessorFeatures.native

  @Flag(help: "Leave out the conditional moves that keep checked addresses within bounds under speculation.")
  var noSpeculationGuards = false
}
