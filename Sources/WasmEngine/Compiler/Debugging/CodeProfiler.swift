import Synchronization

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
/// program runs.
final class CodeProfiler: Sendable {
  private struct Files: Sendable {
    var map: Int32 = -1
    var dump: Int32 = -1
    var nextIndex: UInt64 = 0
  }

  private let files: Mutex<Files>

  /// - Returns: nil where nothing is wanted, or no file can be created; `failure` says why one cannot.
  static func make(_ profile: CodeProfile, failure: inout String?) -> CodeProfiler? {
    guard !profile.isEmpty else { return nil }
    OwnDescriptors.occupyStandardStreams()
    var files = Files()
    let process = getpid()
    if profile.contains(.perfMap) {
      let path = "/tmp/perf-\(process).map"
      files.map = OwnDescriptors.keep(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
      if files.map < 0 { failure = "\(path): \(String(cString: strerror(errno)))" }
    }
    if profile.contains(.jitDump) {
      let path = "jit-\(process).dump"
      files.dump = OwnDescriptors.keep(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
      if files.dump < 0 {
        failure = "\(path): \(String(cString: strerror(errno)))"
      } else if !writeHeader(files.dump, process) {
        failure = "\(path): it cannot be mapped, so that perf does not find it"
      }
    }
    return files.map < 0 && files.dump < 0 ? nil : CodeProfiler(files)
  }

  private init(_ files: sending Files) { self.files = Mutex(files) }

  deinit {
    files.withLock { files in
      if files.map >= 0 { OwnDescriptors.release(files.map) }
      if files.dump >= 0 { OwnDescriptors.release(files.dump) }
    }
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
    let name = String(name.map { $0 == "\n" || $0 == "\0" ? "?" : $0 })
    files.withLock { files in
      if files.map >= 0 {
        var line = Record()
        line.text("\(String(address, radix: 16)) \(String(size, radix: 16)) \(name)\n")
        line.write(to: files.map)
      }
      guard files.dump >= 0, let code = UnsafeRawPointer(bitPattern: address) else { return }
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
          let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { return }
          rest = rest.dropFirst(count)
        }
      }
    }
  }
}
