import WebAssembly

extension Engine {
  /// Validates a module on the configured number of threads. Of several errors in bodies the one with the lowest offset is
  /// thrown.
  ///
  /// - Parameter progress: told now and then, from any of the threads, how many bytes of bodies of how many are done.
  public func validate(
    _ module: Module, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(ModuleError) -> ValidatedModule {
    let validator = try ModuleValidator(
      module, features: configuration.features, limits: configuration.limits)
    let count = validator.functionCount
    // A thread is worth its start only for some hundred kilobytes of code.
    let size = module.bodies.reduce(0) { $0 + $1.range.count }
    let threads = size < 200_000 ? 1 : configuration.validationThreads ?? Threads.processorCount
    let chunks = Self.chunks(module.bodies, count: count, size: threads == 1 && progress == nil ? .max : 100_000)
    let results = Lock<[Int: Result<FunctionSummaries, ModuleError>]>([:])
    let done = Lock(0)
    Threads.forEach(chunks.count, threads: threads) { index in
      let chunk = chunks[index]
      let result = Result { () throws(ModuleError) in try validator.validateFunctions(chunk.functions) }
      results.withLock { $0[index] = result }
      guard let progress else { return }
      let bytes = done.withLock { done in
        done += chunk.byteCount
        return done
      }
      progress(bytes, size)
    }
    let all = results.withLock { $0 }
    var summaries: [FunctionSummaries] = []
    // Bodies stand in the order of their offsets, and a chunk stops at its first error. What is missing was in the hands of a
    // thread of the process that forked this one (in `progress`).
    for index in chunks.indices {
      switch all[index] {
      case .success(let summary): summaries.append(summary)
      case .failure(let error): throw error
      case nil: summaries.append(try validator.validateFunctions(chunks[index].functions))
      }
    }
    return try validator.finish(summaries)
  }

  /// Ranges of functions with about `size` bytes of code each.
  private static func chunks(
    _ bodies: [FunctionBody], count: Int, size: Int
  ) -> [(functions: Range<Int>, byteCount: Int)] {
    var chunks: [(functions: Range<Int>, byteCount: Int)] = []
    var start = 0
    var bytes = 0
    for index in 0..<count {
      bytes += bodies[index].range.count
      if bytes >= size {
        chunks.append((start..<index + 1, bytes))
        start = index + 1
        bytes = 0
      }
    }
    if start < count { chunks.append((start..<count, bytes)) }
    return chunks
  }
}
