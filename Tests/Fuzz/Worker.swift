#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Tries every `step`-th mutant of a range.
final class Worker: @unchecked Sendable {
  private let options: WorkerCommand
  private let board: Board

  init(_ options: WorkerCommand, _ board: Board) {
    self.options = options
    self.board = board
  }

  /// The stack of threads on some systems: what needs more is a find.
  private static let stackSize = 512 << 10

  /// Works on a thread with a small stack.
  func run() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    let context = Unmanaged.passRetained(self).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(
        &thread, &attributes,
        { worker in
          Unmanaged<Worker>.fromOpaque(worker).takeRetainedValue().work()
          return nil
        }, context)
      if status == 0, let thread { pthread_join(thread, nil) }
    #else
      var thread = pthread_t()
      let status = pthread_create(
        &thread, &attributes,
        { worker in
          if let worker { Unmanaged<Worker>.fromOpaque(worker).takeRetainedValue().work() }
          return nil
        }, context)
      if status == 0 { pthread_join(thread, nil) }
    #endif
  }

  private func work() {
    let end = options.seconds.map { ContinuousClock.now + .seconds($0) }
    let corpus = options.corpus.corpus()
    let trial = Trial(board: board)
    var number = options.first
    while number < options.end {
      if let end, ContinuousClock.now >= end { break }
      board.number = number
      board.phase = .mutate
      let start = Self.processorMicroseconds
      let mutant = Mutator.mutant(number, seed: options.corpus.seed, of: corpus)
      do {
        try trial.run(mutant, number: number)
      } catch {
        board.add(.mismatches)
        Find(number: number, seed: options.corpus.seed, mutant: mutant).report("\(error)", in: options.finds)
      }
      let time = Self.processorMicroseconds - start
      board.longest = max(board.longest, time)
      if time > 1_000_000 {
        board.add(.slow)
        Find(number: number, seed: options.corpus.seed, mutant: mutant)
          .report("took \(time / 1000) ms of processor time", in: options.finds)
      }
      board.peak = Self.peakKilobytes
      number += options.step
    }
    board.isFinished = true
  }

  /// Of this thread, so that a busy machine makes nothing look slow.
  private static var processorMicroseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  static var peakKilobytes: UInt64 {
    var usage = rusage()
    getrusage(0, &usage)  // RUSAGE_SELF, which is an enumeration only in some C libraries
    #if canImport(Darwin)
      return UInt64(usage.ru_maxrss) / 1024
    #else
      return UInt64(usage.ru_maxrss)
    #endif
  }
}

/// A mutant that found something.
struct Find {
  var number: Int
  var seed: UInt64
  var mutant: Mutant

  /// Says what it found and writes it to a file.
  func report(_ what: String, in folder: String) {
    let path = "\(folder)/seed\(seed)-\(number).\(mutant.isText ? "wat" : "wasm")"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor >= 0 {
      _ = mutant.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      close(descriptor)
    }
    print("mutant \(number) of seed \(seed) (\(path)): \(what)")
    fflush(nil)
  }
}
