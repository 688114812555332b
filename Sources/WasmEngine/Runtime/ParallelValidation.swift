import Synchronization
import WebAssembly

extension Engine {
  /// Validates a module on the configured number of threads. Of several errors in bodies the one with the lowest offset is
  /// thrown.
  public func validate(_ module: Module) throws(ModuleError) -> ValidatedModule {
    let validator = try ModuleValidator(
      module, features: configuration.features, limits: configuration.limits)
    let count = validator.functionCount
    // A thread is worth its start only for some hundred kilobytes of code.
    let size = module.bodies.reduce(0) { $0 + $1.range.count }
    let threads = size < 200_000 ? 1 : configuration.validationThreads ?? Threads.processorCount
    let chunks = Self.chunks(module.bodies, count: count, size: threads == 1 ? .max : 100_000)
    let results = Mutex<[Int: Result<FunctionSummaries, ModuleError>]>([:])
    Threads.forEach(chunks.count, threads: threads) { index in
      let result = Result { () throws(ModuleError) in try validator.validateFunctions(chunks[index]) }
      results.withLock { $0[index] = result }
    }
    let all = results.withLock { $0 }
    var summaries: [FunctionSummaries] = []
    // Bodies stand in the order of their offsets, and a chunk stops at its first error.
    for index in chunks.indices {
      switch all[index] {
      case .success(let summary): summaries.append(summary)
      case .failure(let error): throw error
      case nil: break
      }
    }
    return try validator.finish(summaries)
  }

  /// Ranges of functions with about `size` bytes of code each.
  private static func chunks(_ bodies: [FunctionBody], count: Int, size: Int) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var start = 0
    var bytes = 0
    for index in 0..<count {
      bytes += bodies[index].range.count
      if bytes >= size {
        chunks.append(start..<index + 1)
        start = index + 1
        bytes = 0
      }
    }
    if start < count { chunks.append(start..<count) }
    return chunks
  }
}
