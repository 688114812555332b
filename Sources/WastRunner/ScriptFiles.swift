#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The system refused to list or read a file, or the file is too large.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var path: String
  /// The system's words, or ours.
  public var message: String

  public var description: String { "\(name: path): \(message)" }

  init(_ path: String, errno number: Int32 = errno) {
    self.path = path
    message = String(cString: strerror(number))
  }

  init(_ path: String, largerThan limit: UInt64, _ advice: String) {
    self.path = path
    message = "more than \(limit) bytes\(advice)"
  }
}

/// Finds and reads the files of scripts.
public enum ScriptFiles {
  /// The scripts that paths stand for: files as they are named; below folders every `.wast` file, in the order of the
  /// names' bytes, without the folders that ``SuiteFeatures`` wants to be named. Other files can be asked for by the ends
  /// of their names.
  public static func find(_ paths: [String], extensions: [String] = [".wast"]) throws(FileFailure) -> [String] {
    var scripts: [String] = []
    for path in paths {
      guard path != "-", try isFolder(path) else {
        scripts.append(path)
        continue
      }
      // A stack, deepest and first in order on top; folders are only few levels deep, but nothing holds them to that.
      var pending = [path]
      while let next = pending.popLast() {
        if next != path, try !isFolder(next) {
          scripts.append(next)
          continue
        }
        let base = next.hasSuffix("/") ? next : next + "/"
        for name in try names(in: next).reversed() where !name.hasPrefix(".") {
          let child = base + name
          if try isFolder(child) ? SuiteFeatures.entersUnnamed(name) : extensions.contains(where: name.hasSuffix) {
            pending.append(child)
          }
        }
      }
    }
    return scripts
  }

  /// The contents of a file, or of standard input for `-`, which need not have an end: up to a limit in bytes.
  ///
  /// - Parameter advice: What a refusal says beside the limit.
  public static func read(_ path: String, limit: UInt64 = 1 << 30, advice: String = "") throws(FileFailure) -> [UInt8] {
    let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(path) }
    defer { if path != "-" { close(descriptor) } }
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = piece.withUnsafeMutableBytes { readBytes(descriptor, $0) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileFailure(path) }
      if count == 0 { return contents }
      contents.append(contentsOf: piece[..<count])
      guard contents.count <= limit else { throw FileFailure(path, largerThan: limit, advice) }
    }
  }

  private static func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Darwin)
      Darwin.read(descriptor, buffer.baseAddress, buffer.count)
    #else
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    #endif
  }

  private static func isFolder(_ path: String) throws(FileFailure) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileFailure(path) }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  private static func names(in folder: String) throws(FileFailure) -> [String] {
    guard let stream = opendir(folder) else { throw FileFailure(folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
