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
  private let thread: Mutex<pthread_t?>

  private final class Work: Sendable {
    let bytes: [UInt8]
    let next = Atomic<Int>(0)
    let pieces: Mutex<[SHA256.Digest]>

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      let count = (bytes.count + pieceSize - 1) / pieceSize
      pieces = Mutex(Array(repeating: [], count: count))
    }

    func run() {
      while true {
        let start = next.wrappingAdd(1, ordering: .relaxed).oldValue * pieceSize
        guard start < bytes.count else { return }
        let digest = bytes.withUnsafeBytes { bytes in
          SHA256.hash(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + pieceSize)]))
        }
        pieces.withLock { $0[start / pieceSize] = digest }
      }
    }
  }

  /// Begins on a thread of its own.
  init(_ bytes: [UInt8]) {
    let work = Work(bytes)
    self.work = work
    thread = Mutex(bytes.count > Self.pieceSize ? Threads.start { work.run() } : nil)
  }

  deinit {
    if let thread = thread.withLock({ $0 }) { pthread_detach(thread) }
  }

  /// Takes part in what is left, and waits for the rest.
  func finish() -> SHA256.Digest {
    work.run()
    thread.withLock { thread in
      if let thread { pthread_join(thread, nil) }
      thread = nil
    }
    var hasher = SHA256()
    hasher.update(Self.domain)
    hasher.update(UInt64(work.bytes.count))
    for piece in work.pieces.withLock({ $0 }) { hasher.update(piece) }
    return hasher.finish()
  }
}
