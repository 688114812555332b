#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The descriptors that the engine holds for itself, and what keeps them out of a guest's reach.
///
/// A standard stream that was closed before leaves its number to the next file that is opened. Whoever then hands
/// "descriptor 1" on as a guest's output would hand on that file: the file of machine code, say. So numbers below 3 are
/// occupied before the engine opens anything, nothing of its own is ever kept under one of them, and WASI asks here before
/// it takes a descriptor for a stream.
package enum OwnDescriptors {
  private static let kept = Lock<Set<Int32>>([])
  private static let standIns = Lock<Set<Int32>>([])

  /// Opens the null device in the place of each standard stream that is not open.
  package static func occupyStandardStreams() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is given, unless another thread opens something at this moment.
      let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
      if descriptor == number {
        _ = standIns.withLock { $0.insert(number) }
      } else if descriptor >= 0 {
        close(descriptor)
      }
    }
  }

  /// Whether a number stands for no stream, but is only occupied by the null device. The embedder may have opened something
  /// else under it since.
  package static func isStandIn(_ number: Int32) -> Bool {
    guard standIns.withLock({ $0.contains(number) }) else { return false }
    var status = stat()
    var null = stat()
    guard fstat(number, &status) == 0, stat("/dev/null", &null) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == null.st_rdev
  }

  /// A descriptor that was just opened (or -1, with `errno`), under a number that is no standard stream's.
  package static func aboveStandardStreams(_ descriptor: Int32) -> Int32 {
    guard (0...2).contains(descriptor) else { return descriptor }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    let error = errno
    close(descriptor)
    errno = error
    return moved
  }

  /// Keeps a descriptor that was just opened, so that it is none for a guest. -1, with `errno`, stays -1.
  static func keep(_ descriptor: Int32) -> Int32 {
    let number = aboveStandardStreams(descriptor)
    if number >= 0 { _ = kept.withLock { $0.insert(number) } }
    return number
  }

  /// Closes what ``keep(_:)`` has kept.
  static func release(_ descriptor: Int32) {
    _ = kept.withLock { $0.remove(descriptor) }
    close(descriptor)
  }

  /// Whether a number is one of the engine's own files.
  package static func contains(_ number: Int32) -> Bool { kept.withLock { $0.contains(number) } }

  /// The numbers of the engine's own files, for tests.
  package static var all: Set<Int32> { kept.withLock { $0 } }
}
