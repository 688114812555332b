import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The name of a module's bytes, made while something else is done with them: SHA-256 of the SHA-256 of each megabyte, so
/// that threads can share the work.
final class ModuleDigest: Sendable {
  private static let pieceSize = 1 << 20
  /// Says of what it is the hash, so that no module has the name of another one's list of hashes.
  private static let domain: [UInt8] = Array("polymnia module, pieces of 1048576".utf8)

  private let work: Work
  private let thread: Lock<pthread_t?>
  private let generation = Fork.generation

  private final class Work: Sendable {
    let bytes: [UInt8]
    let next = Atomic<Int>(0)
    let pieces: Lock<[SHA256.Digest]>

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      let count = (bytes.count + pieceSize - 1) / pieceSize
      pieces = Lock(Array(repeating: [], count: count))
    }

    func run() {
      while true {
        let start = next.wrappingAdd(1, ordering: .relaxed).oldValue * pieceSize
        guard start < bytes.count else { return }
        let digest = hash(start)
        pieces.withLock { $0[start / pieceSize] = digest }
      }
    }

    func hash(_ start: Int) -> SHA256.Digest {
      bytes.withUnsafeBytes { bytes in
        SHA256.hash(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + pieceSize)]))
      }
    }
  }

  /// Begins on a thread of its own.
  init(_ bytes: [UInt8]) {
    let work = Work(bytes)
    self.work = work
    thread = Lock(bytes.count > Self.pieceSize ? Threads.start { work.run() } : nil)
  }

  deinit {
    if let thread = thread.withLock({ $0 }), generation == Fork.generation { pthread_detach(thread) }
  }

  /// Takes part in what is left, and waits for the rest.
  func finish() -> SHA256.Digest {
    work.run()
    thread.withLock { thread in
      if let thread { Threads.join([thread], startedIn: generation) }
      thread = nil
    }
    var hasher = SHA256()
    hasher.update(Self.domain)
    hasher.update(UInt64(work.bytes.count))
    for (index, piece) in work.pieces.withLock({ $0 }).enumerated() {
      // The piece that the thread was at when this process was forked.
      hasher.update(piece.isEmpty ? work.hash(index * Self.pieceSize) : piece)
    }
    return hasher.finish()
  }
}
