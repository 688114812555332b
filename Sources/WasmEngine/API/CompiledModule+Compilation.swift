import WebAssembly

extension CompiledModule {
  /// How far an eager compilation is.
  public struct CompilationProgress: Hashable, Sendable {
    /// Bytes of function bodies.
    public var done: Int
    public var total: Int
  }

  /// Compiles all functions that are not compiled yet, on several threads. Does nothing where the engine makes no machine
  /// code. What the compiler refuses is interpreted.
  ///
  /// What is compiled is the code for memories as the engine's configuration asks for them. An instance that is given
  /// weaker ones compiles its functions when they are called.
  ///
  /// - Parameters:
  ///   - threads: How many; by default as the configuration says.
  ///   - progress: Is called now and then, by one thread at a time.
  public func compileFunctions(threads: Int? = nil, progress: (@Sendable (CompilationProgress) -> Void)? = nil) {
    guard let machine else { return }
    let bodies = module.bodies
    let batches = Self.batches(bodies)
    let total = batches.reduce(0) { $0 + $1.bytes }
    let done = Lock(0)
    Threads.forEach(
      batches.count, threads: threads ?? engine.configuration.validationThreads ?? Threads.processorCount
    ) { index in
      machine.compile(batches[index].functions)
      done.withLock { done in
        done += batches[index].bytes
        progress?(CompilationProgress(done: done, total: total))
      }
    }
  }

  /// Puts the code that is there into the cache of the configuration, for the next one who compiles the same bytes. Best
  /// called when the module has been used: what was compiled lazily is what will be wanted again. Does nothing where there
  /// is no cache, or nearly all of the code came out of it.
  ///
  /// Returns whether the code is where it should be. That it is not is nothing to stop for.
  @discardableResult
  public func saveCode() -> Bool {
    let other = weakest.withLock { $0 }
    return [machine, other].reduce(true) { $0 && $1?.save() ?? true }
  }

  /// Neighbouring functions with some ten kilobytes of bodies together, the largest batches first, so that none is left
  /// for one thread at the end.
  private static func batches(_ bodies: [FunctionBody]) -> [(functions: Range<Int>, bytes: Int)] {
    var batches: [(functions: Range<Int>, bytes: Int)] = []
    var start = 0
    var bytes = 0
    for (index, body) in bodies.enumerated() {
      bytes += body.range.count
      if bytes >= batchSize || index == bodies.count - 1 {
        batches.append((start..<index + 1, bytes))
        start = index + 1
        bytes = 0
      }
    }
    batches.sort { $0.bytes > $1.bytes }
    return batches
  }

  private static let batchSize = 32 << 10
}
