import WebAssembly

/// The compiler for one thread at a time: everything it needs from function to function, reused.
final class CompilerContext: @unchecked Sendable {
  private let environment: CompilationEnvironment
  /// Is shown the intermediate representation after the front end and after each pass.
  var observer: ((_ stage: String, _ function: IRFunction) -> Void)?

  private var translator: FunctionTranslator
  private var lowering: Lowering
  private var allocator = Allocator()
  private var emitter: Emitter

  init(_ environment: CompilationEnvironment) {
    assert(Pipeline.violations(in: Pipeline.passes).isEmpty, Pipeline.violations(in: Pipeline.passes)[0])
    self.environment = environment
    translator = FunctionTranslator(environment)
    lowering = Lowering(environment)
    emitter = Emitter(avx: environment.processor.contains(.avx))
  }

  /// The size in bytes of the largest body so far.
  private(set) var largestBody = 0

  /// Whether ``CompiledFunction/steps`` are wanted.
  var recordsSteps = false

  /// Compiles a defined function, counted without imports.
  ///
  /// What one stage makes is swapped into the next, so that each finds the memory of earlier functions.
  func compile(_ function: Int) throws(CompilationRefusal) -> CompiledFunction {
    largestBody = max(largestBody, environment.module.module.bodies[function].range.count)
    try translator.translate(function)
    let budget = CompilationBudget(bodyBytes: environment.module.module.bodies[function].range.count)
    guard translator.ir.nesting <= budget.steps else {
      throw CompilationRefusal(reason: "too much for its size: instructions in nested loops")
    }
    let ir = (translator.ir.instructions.count, translator.ir.arguments.count, translator.ir.edges.count)
    guard max(ir.0, ir.1, ir.2) <= IRFunction.largestCount else {
      throw CompilationRefusal(reason: "it has more instructions than positions can count")
    }
    try look(at: translator.ir, function, after: Pipeline.frontEnd)
    for pass in Pipeline.passes {
      pass.run(&translator.ir, environment)
      try look(at: translator.ir, function, after: pass.name)
    }
    guard !translator.ir.lacksLooks else {
      throw CompilationRefusal(reason: "too long a path without a look at the interrupt word")
    }
    swap(&translator.ir, &lowering.ir)
    try lowering.lower()
    guard lowering.machine.instructions.count <= MachineFunction.largestCount else {
      throw CompilationRefusal(reason: "it has more instructions than positions can count")
    }
    guard allocator.run(lowering.machine, budget) else {
      throw CompilationRefusal(reason: "more values are live in it than the register allocator handles")
    }
    guard allocator.slotCount <= Emitter.mostSlots else {
      throw CompilationRefusal(reason: "its frame is larger than any stack")
    }
    let checked = environment.checks == nil ? nil : lowering.machine
    swap(&lowering.machine, &emitter.machine)
    emitter.recordsSteps = recordsSteps || environment.checks != nil
    guard let compiled = emitter.emit(allocator, incomingStackBytes: lowering.incomingStackBytes) else {
      if emitter.assembler.code.isTooLarge { throw CompilationRefusal(reason: "its code is larger than jumps reach") }
      let reason = "something does not fit the instruction that it is for"
      try environment.checks?.note([reason], function, after: "emission")
      throw CompilationRefusal(reason: reason)
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
