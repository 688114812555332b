import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A folder in which machine code is kept from run to run. Any number of threads and processes can use one folder at a
/// time.
///
/// What is in the folder is run without further checks, so it must be this user's alone: a folder of somebody else, one
/// that others may enter, or a symbolic link is refused.
public final class CodeCache: Sendable {
  /// Why a folder cannot be used.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var path: String
    public var description: String
    /// Whether there is a folder, but not one to be trusted.
    public var isUnsafe: Bool
  }

  public let path: String
  /// How many bytes the files may have together; the oldest ones go. What was used last counts as youngest.
  public let capacity: UInt64
  private let report: @Sendable (Failure) -> Void
  /// nil until it is opened, -1 where it cannot be.
  private let folder = Lock<Int32?>(nil)

  private static let suffix = ".code"
  private static let temporaryPrefix = "new-"
  private static let temporaries = Atomic<Int>(0)

  /// The folder that programs of this user share: `polymnia` in `$XDG_CACHE_HOME`, or in `~/.cache`. nil where neither
  /// variable has an absolute path.
  public static var standardPath: String? {
    func variable(_ name: String) -> String? {
      guard let value = getenv(name) else { return nil }
      let path = String(cString: value)
      return path.hasPrefix("/") ? path : nil
    }
    if let base = variable("XDG_CACHE_HOME") { return base + "/polymnia" }
    return variable("HOME").map { $0 + "/.cache/polymnia" }
  }

  /// The folder is opened when it is first wanted, and made where it is not there.
  ///
  /// - Parameter report: Is told, once, if it cannot be used. Everything then goes on without.
  public init(
    path: String, capacity: UInt64 = 1 << 30, report: @escaping @Sendable (Failure) -> Void = { _ in }
  ) {
    self.path = path
    self.capacity = capacity
    self.report = report
  }

  deinit {
    if let folder = folder.withLock({ $0 }), folder >= 0 { OwnDescriptors.release(folder) }
  }

  /// The descriptor of the folder.
  private var descriptor: Int32? {
    let opened = folder.withLock { folder in
      if let folder { return folder }
      do throws(Failure) {
        folder = try Self.openFolder(path)
      } catch {
        folder = -1
        report(error)
      }
      return folder ?? -1
    }
    return opened >= 0 ? opened : nil
  }

  private static func openFolder(_ path: String) throws(Failure) -> Int32 {
    OwnDescriptors.occupyStandardStreams()
    let parts = path.split(separator: "/")
    guard let name = parts.last.map(String.init) else {
      throw Failure(path: path, description: "no folder for the cache", isUnsafe: false)
    }
    let parentPath = (path.hasPrefix("/") ? "/" : "./") + parts.dropLast().joined(separator: "/")
    let parent = openParent(parentPath)
    guard parent >= 0 else { throw failure(path, isUnsafe: false) }
    defer { close(parent) }
    let folder = try open(name, in: parent, path)
    do throws(Failure) {
      try check(folder, path)
    } catch {
      close(folder)
      throw error
    }
    let kept = OwnDescriptors.keep(folder)
    guard kept >= 0 else { throw failure(path, isUnsafe: false) }
    return kept
  }

  private static func openParent(_ path: String) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    let descriptor = openFile(path, flags)
    if descriptor >= 0 || errno != ENOENT { return descriptor }
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") where part != "." {
      made += "/" + part
      mkdir(made, 0o700)
    }
    return openFile(path, flags)
  }

  private static func open(_ name: String, in parent: Int32, _ path: String) throws(Failure) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var descriptor = openat(parent, name, flags)
    if descriptor < 0, errno == ENOENT {
      mkdirat(parent, name, 0o700)
      descriptor = openat(parent, name, flags)
    }
    guard descriptor >= 0 else {
      let isLink = errno == ELOOP || errno == ENOTDIR
      throw isLink
        ? Failure(path: path, description: "is not a folder, or a symbolic link", isUnsafe: true)
        : failure(path, isUnsafe: false)
    }
    return descriptor
  }

  private static func check(_ folder: Int32, _ path: String) throws(Failure) {
    var status = stat()
    guard fstat(folder, &status) == 0 else { throw failure(path, isUnsafe: false) }
    guard status.st_uid == geteuid() else {
      throw Failure(path: path, description: "belongs to another user", isUnsafe: true)
    }
    guard status.st_mode & 0o7777 == 0o700 else {
      throw Failure(path: path, description: "can be entered by others; its mode must be 700", isUnsafe: true)
    }
  }

  private static func failure(_ path: String, isUnsafe: Bool) -> Failure {
    Failure(path: path, description: String(cString: strerror(errno)), isUnsafe: isUnsafe)
  }

  // MARK: Entries

  private static func name(_ key: [UInt8]) -> String {
    var name = ""
    for byte in key {
      if byte < 16 { name += "0" }
      name += String(byte, radix: 16)
    }
    return name + suffix
  }

  /// Hands the file of a key to a reader, with its size. nil where there is none to be trusted.
  func read<Result>(_ key: [UInt8], _ body: (_ size: Int, _ source: @escaping CodeFileReader.Source) -> Result?)
    -> Result?
  {
    guard let folder = descriptor else { return nil }
    let file = OwnDescriptors.aboveStandardStreams(
      openat(folder, Self.name(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
      status.st_mode & 0o022 == 0
    else { return nil }
    // It has been used: the oldest go first.
    futimens(file, nil)
    return body(Int(status.st_size)) { bytes in Self.fill(bytes, from: file) }
  }

  private static func fill(_ bytes: UnsafeMutableRawBufferPointer, from file: Int32) -> Bool {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let count = readBytes(file, start + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }

  private struct SystemError: Error {}

  /// Writes the file of a key under another name first, so that nobody sees half of it. False where that failed, which
  /// leaves nothing behind.
  @discardableResult
  func write(_ key: [UInt8], size: Int, _ body: (CodeFile.Sink) throws -> Void) -> Bool {
    guard let folder = descriptor, makeRoom(for: UInt64(size), in: folder) else { return false }
    let number = Self.temporaries.wrappingAdd(1, ordering: .relaxed).newValue
    let random = UInt64.random(in: .min ... .max)
    let temporary = Self.temporaryPrefix + "\(getpid())-\(number)-\(String(random, radix: 16))"
    let file = OwnDescriptors.aboveStandardStreams(
      openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
    guard file >= 0 else { return false }
    do {
      defer { close(file) }
      try body { bytes in
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
          let count = writeBytes(file, start + done, bytes.count - done)
          if count > 0 {
            done += count
          } else if count == 0 || errno != EINTR {
            throw SystemError()
          }
        }
      }
    } catch {
      unlinkat(folder, temporary, 0)
      return false
    }
    guard renameat(folder, temporary, folder, Self.name(key)) == 0 else {
      unlinkat(folder, temporary, 0)
      return false
    }
    return true
  }

  // MARK: Room

  /// A file that is left behind by a process that was killed is removed after so many seconds.
  private static let temporaryAge = 3600

  /// Removes the oldest files until one more of this size fits. False where it cannot.
  private func makeRoom(for size: UInt64, in folder: Int32) -> Bool {
    guard size <= capacity else { return false }
    var files: [(name: String, size: UInt64, seconds: Int, nanoseconds: Int)] = []
    let now = time(nil)
    for name in Self.names(in: folder) {
      var status = stat()
      guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      if name.hasPrefix(Self.temporaryPrefix), now - modificationTime(status).tv_sec > Self.temporaryAge {
        unlinkat(folder, name, 0)
      } else if name.hasSuffix(Self.suffix) {
        let time = modificationTime(status)
        files.append((name, UInt64(max(0, status.st_size)), time.tv_sec, time.tv_nsec))
      }
    }
    var total = files.reduce(0) { $0 + $1.size }
    guard total + size > capacity else { return true }
    files.sort { ($0.seconds, $0.nanoseconds) < ($1.seconds, $1.nanoseconds) }
    for file in files {
      unlinkat(folder, file.name, 0)
      total -= file.size
      if total + size <= capacity { break }
    }
    return true
  }

  private static func names(in folder: Int32) -> [String] {
    // A descriptor of its own, since the position in the folder belongs to it.
    let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    return names
  }
}

private func modificationTime(_ status: stat) -> timespec {
  #if canImport(Darwin)
    status.st_mtimespec
  #else
    status.st_mtim
  #endif
}

// The system's functions, under names that the methods do not hide.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
private func readBytes(_ file: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(file, bytes, count)
}
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  WriteSignals.withheld(expecting: count) { write(file, bytes, count) }
}
