import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Does independent pieces of work on several threads and hands their results on in order.
final class ParallelRun<Result: Sendable>: Sendable {
  private struct Progress {
    var next = 0
    var results: [Result?]
    var reported = 0
  }

  private let progress: Mutex<Progress>
  private let work: @Sendable (Int) -> Result
  private let report: @Sendable (Result) -> Void

  private init(
    count: Int, work: @escaping @Sendable (Int) -> Result, report: @escaping @Sendable (Result) -> Void
  ) {
    progress = Mutex(Progress(results: Array(repeating: nil, count: count)))
    self.work = work
    self.report = report
  }

  /// The results of `work` for 0 ..< `count`, in order. `report` gets each as soon as it and all before it are there, and
  /// is never called by two threads at a time.
  static func run(
    count: Int, threads: Int, work: @escaping @Sendable (Int) -> Result,
    report: @escaping @Sendable (Result) -> Void
  ) -> [Result] {
    let run = ParallelRun(count: count, work: work, report: report)
    var handles: [pthread_t] = []
    for _ in 1..<max(2, min(threads, count)) where threads > 1 {
      if let handle = run.startThread() { handles.append(handle) }
    }
    run.takeWork()
    for handle in handles { pthread_join(handle, nil) }
    return run.progress.withLock { $0.results.compactMap { $0 } }
  }

  private func takeWork() {
    while true {
      let index = progress.withLock { progress -> Int? in
        guard progress.next < progress.results.count else { return nil }
        progress.next += 1
        return progress.next - 1
      }
      guard let index else { return }
      let result = work(index)
      progress.withLock { progress in
        progress.results[index] = result
        while progress.reported < progress.results.count, let result = progress.results[progress.reported] {
          report(result)
          progress.reported += 1
        }
      }
    }
  }

  /// nil where the system refuses one more thread; the others then do its work.
  private func startThread() -> pthread_t? {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    // As much as the main thread usually has.
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let context = Unmanaged.passRetained(Start(self.takeWork)).toOpaque()
    var handle: pthread_t?
    #if canImport(Darwin)
      let status = pthread_create(&handle, &attributes, Start.run, context)
    #else
      var created = pthread_t()
      let status = pthread_create(&created, &attributes, Start.run, context)
      handle = created
    #endif
    guard status == 0 else {
      Unmanaged<Start>.fromOpaque(context).release()
      return nil
    }
    return handle
  }
}

/// What a new thread is to do.
private final class Start: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  #if canImport(Darwin)
    static let run: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
      Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
      return nil
    }
  #else
    static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
      if let context { Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }
  #endif
}
