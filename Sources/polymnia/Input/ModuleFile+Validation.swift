import WasmEngine
import WebAssembly

extension ModuleFile {
  /// Validates the module on all processors, or on a number of threads.
  ///
  /// - Throws: a ``CommandFailure`` that names the file and the place in it.
  func validate(features: FeatureSet, threads: Int?) throws {
    var configuration = Engine.Configuration()
    configuration.features = features
    configuration.validationThreads = threads
    do throws(ModuleError) {
      _ = try Engine(configuration).validate(module)
    } catch {
      throw failure(error)
    }
  }
}
