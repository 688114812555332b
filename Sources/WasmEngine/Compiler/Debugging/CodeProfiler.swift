#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How `perf` learns the names of functions in machine code.
public struct CodeProfile: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A file `/tmp/perf-PID.map`, from which `perf report` takes names.
  public static let perfMap = CodeProfile(rawValue: 1)
  /// A file `jit-PID.dump` in the current folder, with the code too: `perf inject --jit` makes objects of it that
  /// `perf annotate` can show. To be recorded with `perf record -k mono`.
  public static let jitDump = CodeProfile(rawValue: 2)
}

/// Tells `perf` which addresses are which functions, in either of the ways that it knows for code that is made while a
/// program runs. The files are those of the process, whose engines share them.
final class CodeProfiler: Sendable {
  private struct Files: Sendable {
    var map: Int32 = -1
    var dump: Int32 = -1
    var nextIndex: UInt64 = 0
    /// The child of a fork has files of its own, under its own number.
    var generation = Fork.generation
  }

  private static let files = Lock(Files())
  private let profile: CodeProfile

  /// - Returns: nil where nothing is wanted, or no file can be created; `failure` says why one cannot.
  static func make(_ profile: CodeProfile, failure: inout String?) -> CodeProfiler? {
    guard !profile.isEmpty else { return nil }
    OwnDescriptors.occupyStandardStreams()
    let (made, reason) = files.withLock { files in open(profile, in: &files) }
    failure = reason
    return made.isEmpty ? nil : CodeProfiler(made)
  }

  private init(_ profile: CodeProfile) { self.profile = profile }

  /// Creates the files that are wanted and not there yet. The result are those that are there, and why one is not.
  private static func open(_ profile: CodeProfile, in files: inout Files) -> (CodeProfile, failure: String?) {
    if files.generation != Fork.generation {
      for file in [files.map, files.dump] where file >= 0 { OwnDescriptors.release(file) }
      files = Files()
    }
    let process = getpid()
    var made: CodeProfile = []
    var failure: String?
    if profile.contains(.perfMap) {
      let path = "/tmp/perf-\(process).map"
      if !isThere(files.map) { files.map = create(path, O_WRONLY) }
      if files.map >= 0 { made.insert(.perfMap) } else { failure = "\(path): \(String(cString: strerror(errno)))" }
    }
    if profile.contains(.jitDump) {
      let path = "jit-\(process).dump"
      if !isThere(files.dump) {
        files.dump = create(path, O_RDWR)
        if files.dump >= 0, !writeHeader(files.dump, process) {
          failure = "\(path): it cannot be mapped, so that perf does not find it"
        }
      }
      if files.dump >= 0 { made.insert(.jitDump) } else { failure = "\(path): \(String(cString: strerror(errno)))" }
    }
    return (made, failure)
  }

  /// Whether a file is open that somebody can still find.
  private static func isThere(_ file: Int32) -> Bool {
    guard file >= 0 else { return false }
    var status = stat()
    if fstat(file, &status) == 0, status.st_nlink > 0 { return true }
    OwnDescriptors.release(file)
    return false
  }

  /// Creates a file in a folder where others can create files too: never do we write into what is there already, which may
  /// be a link to another file. What a process of this user left that had the same number goes away.
  private static func create(_ path: String, _ access: Int32) -> Int32 {
    let flags = access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = OwnDescriptors.keep(Glibc.open(path, flags, 0o600))
    guard file < 0, errno == EEXIST else { return file }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_uid == geteuid(), unlink(path) == 0 else {
      errno = EEXIST
      return -1
    }
    return OwnDescriptors.keep(Glibc.open(path, flags, 0o600))
  }

  /// False where perf will not find the file.
  private static func writeHeader(_ dump: Int32, _ process: pid_t) -> Bool {
    var header = Record()
    header.word(UInt32(0x4A69_5444))
    header.word(UInt32(1))
    header.word(UInt32(40))
    // x86-64
    header.word(UInt32(62))
    header.word(UInt32(0))
    header.word(UInt32(bitPattern: process))
    header.word(now())
    header.word(UInt64(0))
    header.write(to: dump)
    // perf finds the file because the process has mapped it as code.
    return System.map(VirtualMemory.pageSize, PROT_READ | PROT_EXEC, MAP_PRIVATE, file: dump) != nil
  }

  /// perf's own clock, as `perf record -k mono` uses it.
  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Notes the code of a function, at its place.
  func add(_ name: String, at address: UInt, size: Int) {
    let name = String(String.UnicodeScalarView(name.unicodeScalars.map { $0 == "\n" || $0 == "\0" ? "?" : $0 }))
    Self.files.withLock { files in
      // Nobody has asked for more than names, so nobody is told where there can be none.
      if files.generation != Fork.generation { _ = Self.open(profile, in: &files) }
      if files.map >= 0, profile.contains(.perfMap) {
        var line = Record()
        line.text("\(String(address, radix: 16)) \(String(size, radix: 16)) \(name)\n")
        line.write(to: files.map)
      }
      guard files.dump >= 0, profile.contains(.jitDump), let code = UnsafeRawPointer(bitPattern: address) else {
        return
      }
      var record = Record()
      record.word(UInt32(0))
      record.word(UInt32(16 + 40 + name.utf8.count + 1 + size))
      record.word(Self.now())
      record.word(UInt32(bitPattern: getpid()))
      // The format has 32 bits for it; truncated, it still tells threads apart for those who look.
      record.word(UInt32(truncatingIfNeeded: Int(bitPattern: pthread_self())))
      record.word(UInt64(address))
      record.word(UInt64(address))
      record.word(UInt64(size))
      record.word(files.nextIndex)
      record.text(name + "\0")
      record.bytes += UnsafeRawBufferPointer(start: code, count: size)
      record.write(to: files.dump)
      files.nextIndex += 1
    }
  }

  private struct Record {
    var bytes: [UInt8] = []

    mutating func word<Word: FixedWidthInteger>(_ value: Word) {
      withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func text(_ text: String) { bytes += text.utf8 }

    /// What cannot be written is lost: a profile is not worth an error.
    func write(to file: Int32) {
      bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
          let piece = UnsafeRawBufferPointer(rebasing: rest)
          let count = WriteSignals.withheld(expecting: piece.count) { writeBytes(file, piece.baseAddress, piece.count) }
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { return }
          rest = rest.dropFirst(count)
        }
      }
    }
  }
}

/// The system's function, under a name that the methods do not hide.
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
