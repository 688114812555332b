import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Nobody reads the output any more. Ends the command quietly.
struct BrokenPipe: Error {}

/// A file that is written front to back, in large pieces. It is there once ``finish()`` has returned: until then, and if
/// the command fails, what stood under its name stays as it was.
struct OutputFile: TextOutputStream {
  private let destination: OutputDestination
  private var buffer: [UInt8] = []
  private var failure: (any Error)?

  private static let pieceSize = 1 << 16

  private init(_ destination: OutputDestination) {
    self.destination = destination
  }

  static var standardOutput: OutputFile { OutputFile(OutputDestination(descriptor: 1, name: "standard output")) }

  /// A file that replaces the one of that name, if there is one. `-` is standard output.
  static func create(_ path: String) throws -> OutputFile {
    path == "-" ? standardOutput : OutputFile(try OutputDestination.create(path))
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

  /// Writes what is left and puts the file in its place. Nothing may be written after it.
  mutating func finish() throws {
    writeOut()
    if let failure { throw failure }
    try destination.commit()
  }

  /// Once a write has failed the rest is dropped; ``finish()`` tells why.
  private mutating func writeOut() {
    if failure == nil {
      failure = writeAll(buffer, to: destination.descriptor).map { error -> any Error in
        if error == EPIPE { BrokenPipe() } else { CommandFailure(destination.name, systemMessage(error)) }
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Writes everything, or returns the system's error number.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  if !bytes.isEmpty, OwnDescriptors.isStandIn(descriptor) { return EBADF }
  return bytes.withUnsafeBytes { contents in
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
