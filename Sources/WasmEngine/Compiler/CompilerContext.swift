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

  /// Whether ``CompiledFunction/steps`` are wanted.
  var recordsSteps = false

  /// Compiles a defined function, counted without imports.
  func compile(_ function: Int) throws(CompilationRefusal) -> CompiledFunction {
    var translator = FunctionTranslator(environment)
    try translator.translate(function)
    var ir = translator.takeFunction()
    try look(at: ir, function, after: Pipeline.frontEnd)
    for pass in Pipeline.passes {
      pass.run(&ir, environment)
      try look(at: ir, function, after: pass.name)
    }
    var lowering = Lowering(environment)
    try lowering.lower(ir)
    var allocator = Allocator()
    guard allocator.run(lowering.machine) else { throw CompilationRefusal(reason: "registers") }
    var emitter = Emitter(avx: environment.processor.contains(.avx))
    emitter.recordsSteps = recordsSteps || environment.checks != nil
    let stackBytes = lowering.incomingStackBytes
    let checked = environment.checks == nil ? nil : lowering.machine
    guard let compiled = emitter.emit(lowering.takeMachine(), allocator, incomingStackBytes: stackBytes) else {
      throw CompilationRefusal(reason: "code does not fit together")
    }
    if let checks = environment.checks, let checked {
      try checks.note(AllocationChecker.mistakes(in: checked, compiled.steps), function, after: "register allocation")
    }
    return compiled
  }

  private func look(at ir: IRFunction, _ function: Int, after stage: String) throws(CompilationRefusal) {
    if let checks = environment.checks {
      try checks.note(IRVerifier.mistakes(in: ir, environment), function, after: stage)
    }
    observer?(stage, ir)
  }
}
