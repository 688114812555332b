import WebAssembly

/// The compiler for one thread at a time: everything it needs from function to function, reused.
final class CompilerContext: @unchecked Sendable {
  private let environment: CompilationEnvironment

  init(_ environment: CompilationEnvironment) { self.environment = environment }

  /// Compiles a defined function, counted without imports.
  func compile(_ function: Int) throws(CompilationRefusal) -> CompiledFunction {
    var translator = FunctionTranslator(environment)
    guard environment.hasMachineCode(environment.module.spaces.importedFunctionCount + function) else {
      throw CompilationRefusal(reason: "more results than registers")
    }
    try translator.translate(function)
    var ir = translator.takeFunction()
    LoopInvariants.run(&ir)
    DeadCode.run(&ir)
    var lowering = Lowering(environment)
    try lowering.lower(ir)
    var allocator = Allocator()
    guard allocator.run(lowering.machine) else { throw CompilationRefusal(reason: "registers") }
    var emitter = Emitter()
    let stackBytes = lowering.incomingStackBytes
    guard let compiled = emitter.emit(lowering.takeMachine(), allocator, incomingStackBytes: stackBytes) else {
      throw CompilationRefusal(reason: "code does not fit together")
    }
    return compiled
  }
}

extension CompilationEnvironment {
  /// Whether the results of a function fit the registers that the calling convention has for them; otherwise it and what
  /// calls it are interpreted.
  func hasMachineCode(_ function: Int) -> Bool {
    let type = functionType(module.spaces.functions[function])
    return CallLayout(parameters: [], results: type.results.map { IRType($0) }).results != nil
  }
}
