import WasmEngine
import WebAssembly

/// What `compile` writes without `--dump`: a module with all its machine code.
struct Precompilation {
  var features: FeatureSet
  var bounds: MemoryPolicy.Bounds
  var processor = ProcessorFeatures.native
  var guardsSpeculation = true
  var threads: Int?

  /// Compiles a module in either format.
  func run(_ path: String, to output: String) throws {
    let input = try InputFile(path: path)
    guard !CompiledModule.isPrecompiled(input.bytes) else {
      throw CommandFailure(input.name, "this is precompiled code already")
    }
    var configuration = Engine.Configuration()
    configuration.features = features
    configuration.memoryPolicy.bounds = bounds
    configuration.processor = processor
    configuration.guardsSpeculation = guardsSpeculation
    configuration.validationThreads = threads
    let engine = Engine(configuration)
    let module = try module(input, engine)
    // Before the long work, so that one does not wait for it to hear that there is nowhere to write.
    var file = try OutputFile.create(output)
    CompilationProgressLine.show { module.compileFunctions(progress: $0) }
    do {
      try module.writePrecompiled { file.write(Array($0)) }
    } catch let error as PrecompiledCodeError {
      throw CommandFailure(input.name, error.description)
    }
    try file.finish()
  }

  private func module(_ input: InputFile, _ engine: Engine) throws -> CompiledModule {
    guard !input.isBinary else {
      do throws(ModuleError) {
        return try engine.compile(input.bytes)
      } catch {
        throw CommandFailure(input.name, error.description)
      }
    }
    let file = try ModuleFile(input, features: features)
    do throws(ModuleError) {
      // First as it is, so that an error has its place in the text.
      _ = try engine.validate(file.module)
      return try engine.compile(ModuleEncoder.encode(file.module))
    } catch {
      throw file.failure(error)
    }
  }
}
