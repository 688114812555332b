import WebAssembly

/// The compiler for one thread at a time: everything it needs from function to function, reused.
final class CompilerContext: @unchecked Sendable {
  private let environment: CompilationEnvironment
  /// Is shown the intermediate representation after the front end and after each pass.
  var observer: ((_ stage: String, _ function: IRFunction) -> Void)?

  init(_ environment: CompilationEnvironment) {
    assert(Pipeline.violations(in: Pipeline.passes).isEmpty, Pipeline.violations(in: Pipeline.passes)[0])
    self.environment = environment
  }

  /// Compiles a defined function, counted without imports.
  func compile(_ function: Int) throws(CompilationRefusal) -> CompiledFunction {
    var translator = FunctionTranslator(environment)
    try translator.translate(function)
    var ir = translator.takeFunction()
    observer?(Pipeline.frontEnd, ir)
    for pass in Pipeline.passes {
      pass.run(&ir, environment)
      observer?(pass.name, ir)
    }
    var lowering = Lowering(environment)
    try lowering.lower(ir)
    var allocator = Allocator()
    guard allocator.run(lowering.machine) else { throw CompilationRefusal(reason: "registers") }
    var emitter = Emitter(avx: environment.processor.contains(.avx))
    let stackBytes = lowering.incomingStackBytes
    guard let compiled = emitter.emit(lowering.takeMachine(), allocator, incomingStackBytes: stackBytes) else {
      throw CompilationRefusal(reason: "code does not fit together")
    }
    return compiled
  }
}
