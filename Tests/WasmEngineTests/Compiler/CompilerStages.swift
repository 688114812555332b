import WebAssembly

@testable import WasmEngine

/// The functions of a module at each stage of the compiler.
struct CompilerStages {
  let module: CompiledModule
  let environment: CompilationEnvironment

  init(_ module: CompiledModule) {
    self.module = module
    environment = module.compilationEnvironment()
  }

  init(text: String, configure: (inout Engine.Configuration) -> Void = { _ in }) throws {
    var configuration = Engine.Configuration()
    configure(&configuration)
    self.init(try Engine(configuration).compile(text: text))
  }

  var count: Int { module.module.functions.count }

  /// The intermediate representation after each stage, as far as the compiler comes.
  func stages(_ function: Int) -> [(name: String, ir: IRFunction)] {
    var result: [(name: String, ir: IRFunction)] = []
    let compiler = CompilerContext(environment)
    compiler.observer = { result.append(($0, $1)) }
    _ = try? compiler.compile(function)
    return result
  }

  /// The machine code of a function, with how it was written.
  func compile(_ function: Int) throws -> CompiledFunction {
    let compiler = CompilerContext(environment)
    compiler.recordsSteps = true
    return try compiler.compile(function)
  }

  /// What is behind the passes: the machine code of a function in the intermediate representation.
  func generate(_ ir: IRFunction) throws -> (machine: MachineFunction, compiled: CompiledFunction) {
    var lowering = Lowering(environment)
    lowering.ir = ir
    try lowering.lower()
    var allocator = Allocator()
    let machine = lowering.machine
    guard allocator.run(machine) else { throw CompilationRefusal(reason: "registers") }
    var emitter = Emitter(avx: environment.processor.contains(.avx))
    emitter.recordsSteps = true
    emitter.machine = machine
    guard let compiled = emitter.emit(allocator, incomingStackBytes: lowering.incomingStackBytes) else {
      throw CompilationRefusal(reason: "code does not fit together")
    }
    return (machine, compiled)
  }
}
