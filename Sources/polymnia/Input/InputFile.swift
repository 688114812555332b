import Synchronization
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file given on the command line, read into private memory.
struct InputFile {
  /// What messages call it.
  var name: String
  var bytes: [UInt8]

  /// In bytes. A file need not have an end.
  static let defaultLimit: UInt64 = 1 << 30
  /// What `--max-input` says, for all that this process reads.
  static let limit = Atomic<UInt64>(defaultLimit)
  private static let isStandardInputRead = Atomic(false)
  /// What is said of larger files behind the limit.
  static let limitAdvice = "; '--max-input' allows more"

  /// Reads a file, or standard input where the path is `-`.
  ///
  /// - Throws: a ``CommandFailure`` that names the file.
  init(path: String) throws {
    if path == "-" {
      name = "<standard input>"
      guard !Self.isStandardInputRead.exchange(true, ordering: .relaxed) else {
        throw CommandFailure(name, "it is read already: '-' can stand for one file")
      }
      guard !OwnDescriptors.isStandIn(0) else { throw CommandFailure(name, systemMessage(EBADF)) }
      bytes = try Self.read(0, name: name)
      return
    }
    name = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandFailure(path, systemMessage()) }
    defer { close(descriptor) }
    bytes = try Self.read(descriptor, name: path)
  }

  /// Whether the contents are to be taken for the binary format: whatever cannot begin a text is, so that a damaged
  /// binary is reported as one.
  var isBinary: Bool {
    // Without its mark it would be a text, and the parser says so.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return false }
    return switch bytes.first {
    case nil, UInt8(ascii: "("), UInt8(ascii: ";"), 0x20, 0x09, 0x0A, 0x0D: false
    default: true
    }
  }

  private static func read(_ descriptor: Int32, name: String) throws -> [UInt8] {
    let limit = Int(clamping: limit.load(ordering: .relaxed))
    let tooLarge = CommandFailure(name, "more than \(limit) bytes\(limitAdvice)")
    var status = stat()
    var expected = 0
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG { expected = Int(status.st_size) }
    guard expected <= limit else { throw tooLarge }
    // One byte more, so that the end of a file that has the expected size is seen without growing.
    var capacity = max(expected, 1 << 16 - 1)
    var contents: [UInt8] = []
    while true {
      let most = min(capacity, limit - contents.count)
      let (piece, isAtEnd) = try read(descriptor, upTo: most < .max ? most + 1 : most, name: name)
      if contents.isEmpty { contents = piece } else { contents.append(contentsOf: piece) }
      guard contents.count <= limit else { throw tooLarge }
      if isAtEnd { return contents }
      capacity = contents.count
    }
  }

  /// At most `capacity` bytes, and whether they are the last ones.
  private static func read(_ descriptor: Int32, upTo capacity: Int, name: String) throws -> ([UInt8], Bool) {
    var isAtEnd = false
    let piece = try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      useLargePages(UnsafeMutableRawBufferPointer(buffer))
      while count < capacity {
        let received = readBytes(descriptor, buffer.baseAddress! + count, capacity - count)
        if received > 0 {
          count += received
        } else if received == 0 {
          isAtEnd = true
          return
        } else if errno != EINTR {
          throw CommandFailure(name, systemMessage())
        }
      }
    }
    return (piece, isAtEnd)
  }
}

/// Asks the system to back large memory that will be filled by large pages: for each small one it would be asked again,
/// which takes longer than to read the file.
private func useLargePages(_ memory: UnsafeMutableRawBufferPointer) {
  #if os(Linux)
    let size = 2 << 20
    guard memory.count >= 2 * size, let base = memory.baseAddress else { return }
    let start = (UInt(bitPattern: base) + UInt(clamping: size) - 1) & ~UInt(clamping: size - 1)
    let end = (UInt(bitPattern: base) + UInt(clamping: memory.count)) & ~UInt(clamping: size - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: start), Int(clamping: end - start), Int32(MADV_HUGEPAGE))
  #endif
}

/// read(2), under a name that the methods above do not hide.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
