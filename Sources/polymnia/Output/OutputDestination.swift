#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Where an ``OutputFile`` goes: a stream that is open already, or a file that is written beside its final name and renamed
/// when it is whole. A full disk or an error in the input so costs neither an older file nor, where a command writes over
/// its own input, the input.
final class OutputDestination {
  let descriptor: Int32
  /// As messages call it.
  let name: String
  /// The name that a file has until it is whole, and the one that it gets. Nil for streams, and once it is in its place.
  private var pending: (temporary: String, final: String)?
  private let isOwned: Bool

  /// A stream that stays open.
  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
    isOwned = false
  }

  private init(opened descriptor: Int32, name: String, pending: (temporary: String, final: String)?) {
    self.descriptor = descriptor
    self.name = name
    self.pending = pending
    isOwned = true
  }

  deinit {
    if isOwned { close(descriptor) }
    if let pending { unlink(pending.temporary) }
  }

  static func create(_ path: String) throws -> OutputDestination {
    var status = stat()
    let exists = stat(path, &status) == 0
    // Devices and pipes are written to; to replace them is not what somebody means who names one.
    if exists, status.st_mode & S_IFMT != S_IFREG { return try open(path, O_WRONLY, named: path) }
    // The file that a link leads to is replaced, not the link.
    let final = exists ? try target(of: path) : path
    if exists, access(final, W_OK) != 0 { throw CommandFailure(path, systemMessage()) }
    var attempt = 0
    while true {
      let temporary = "\(final).\(getpid()).\(attempt).tmp"
      let descriptor = Self.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
      if descriptor >= 0 {
        if exists { _ = fchmod(descriptor, status.st_mode & 0o7777) }
        return OutputDestination(opened: descriptor, name: path, pending: (temporary, final))
      }
      switch errno {
      case EEXIST where attempt < 100: attempt += 1
      // In a folder where nothing can be created, a file that is there can still be written.
      case EACCES where exists, EROFS where exists, ENAMETOOLONG:
        return try open(path, O_WRONLY | O_CREAT | O_TRUNC, named: path)
      default: throw CommandFailure(path, systemMessage())
      }
    }
  }

  /// Puts the file in its place. A stream is where it belongs.
  func commit() throws {
    guard let pending else { return }
    guard rename(pending.temporary, pending.final) == 0 else { throw CommandFailure(name, systemMessage()) }
    self.pending = nil
  }

  private static func open(_ path: String, _ flags: Int32, named name: String) throws -> OutputDestination {
    let descriptor = open(path, flags)
    guard descriptor >= 0 else { throw CommandFailure(name, systemMessage()) }
    return OutputDestination(opened: descriptor, name: name, pending: nil)
  }

  private static func open(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Darwin)
      Darwin.open(path, flags | O_CLOEXEC, 0o666)
    #else
      Glibc.open(path, flags | O_CLOEXEC, 0o666)
    #endif
  }

  private static func target(of path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw CommandFailure(path, systemMessage()) }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
