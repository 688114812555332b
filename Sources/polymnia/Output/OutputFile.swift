#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Nobody reads the output any more. Ends the command quietly.
struct BrokenPipe: Error {}

/// A file that is written front to back, in large pieces.
struct OutputFile: TextOutputStream {
  private let descriptor: Int32
  private let name: String
  private var buffer: [UInt8] = []
  private var failure: (any Error)?

  private static let pieceSize = 1 << 16

  private init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  static var standardOutput: OutputFile { OutputFile(descriptor: 1, name: "standard output") }

  /// Creates or replaces a file. `-` is standard output.
  static func create(_ path: String) throws -> OutputFile {
    if path == "-" { return standardOutput }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw CommandFailure(path, systemMessage()) }
    return OutputFile(descriptor: descriptor, name: path)
  }

  mutating func write(_ string: String) {
    buffer.append(contentsOf: string.utf8)
    if buffer.count >= Self.pieceSize { writeOut() }
  }

  mutating func write(_ bytes: [UInt8]) {
    writeOut()
    buffer = bytes
    writeOut()
  }

  /// Writes what is left.
  mutating func flush() throws {
    writeOut()
    if let failure { throw failure }
  }

  /// Once a write has failed the rest is dropped; ``flush()`` tells why.
  private mutating func writeOut() {
    if failure == nil {
      failure = writeAll(buffer, to: descriptor).map { error -> any Error in
        if error == EPIPE { BrokenPipe() } else { CommandFailure(name, systemMessage(error)) }
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Writes everything, or returns the system's error number.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  bytes.withUnsafeBytes { contents in
    var rest = contents
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = write(descriptor, base, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return nil
  }
}

/// Writes one line, or several, to standard error.
func printError(_ message: String) {
  _ = writeAll(Array((message.hasSuffix("\n") ? message : message + "\n").utf8), to: 2)
}

/// The system's words for an error number, by default for the last one.
func systemMessage(_ number: Int32 = errno) -> String {
  String(cString: strerror(number))
}
