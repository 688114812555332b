#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
@testable import WASI

/// A folder tree of one test: `inside`, which a guest gets, and `outside`, which it must not reach. Gone with the object.
final class Scratch: @unchecked Sendable {
  let root: String
  var inside: String { root + "/inside" }
  var outside: String { root + "/outside" }

  static let secret = "not for guests"

  init() {
    var template = Array("/tmp/polymnia-wasi-XXXXXX".utf8CString)
    root = String(cString: mkdtemp(&template)!)
    for folder in ["inside", "inside/dir", "inside/dir/nested", "outside", "outside/empty", "second"] {
      directory(folder)
    }
    write("inside", to: "inside/file")
    write("nested", to: "inside/dir/nested/file")
    write("second", to: "second/file")
    write(Self.secret, to: "outside/secret")
  }

  deinit { Self.remove(root) }

  func directory(_ path: String) { precondition(mkdir("\(root)/\(path)", 0o755) == 0) }

  func link(_ path: String, to target: String) { precondition(symlink(target, "\(root)/\(path)") == 0) }

  func write(_ text: String, to path: String) {
    let file = open("\(root)/\(path)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    precondition(file >= 0)
    precondition(
      text.utf8.withContiguousStorageIfAvailable { Glibc.write(file, $0.baseAddress, $0.count) } == text.utf8.count)
    close(file)
  }

  func read(_ path: String) -> String? {
    let file = open("\(root)/\(path)", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(file, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat("\(root)/\(path)", &status) == 0
  }

  /// All that a guest could have changed outside: names, contents, kinds, link counts and times.
  func stateOutside() -> [String] { Self.state(outside) }

  private static func state(_ path: String) -> [String] {
    var status = stat()
    guard lstat(path, &status) == 0 else { return [] }
    var lines = [
      "\(path) \(status.st_mode) \(status.st_nlink) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    ]
    for name in names(path) { lines += state("\(path)/\(name)") }
    return lines
  }

  static func names(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in names(path) { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
