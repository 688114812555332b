@testable import WASI

/// Calls the functions of WASI as a guest would, on a memory of one page.
final class Guest {
  let buffer: UnsafeMutableRawBufferPointer
  let memory: GuestMemory
  let wasi: WASI
  /// The descriptor of the first folder.
  let folder: UInt32 = 3
  /// Where results go.
  let result: UInt32 = 16
  private var free: UInt32 = 1024
  /// Kept as long as the guest is.
  private var scratch: Scratch?

  init(_ configuration: WASIConfiguration) throws {
    buffer = .allocate(byteCount: 65536, alignment: 16)
    buffer.initializeMemory(as: UInt8.self, repeating: 0xA5)
    memory = GuestMemory(buffer)
    wasi = try WASI(configuration)
  }

  convenience init(_ scratch: Scratch) throws {
    var configuration = WASIConfiguration()
    configuration.preopens = [
      .init(host: scratch.inside, guest: "/inside"), .init(host: scratch.root + "/second", guest: "/second"),
    ]
    try self.init(configuration)
    self.scratch = scratch
  }

  deinit { buffer.deallocate() }

  /// Puts bytes into memory and tells where.
  func put(_ bytes: [UInt8]) -> (UInt32, UInt32) {
    if Int(free) + bytes.count > buffer.count { free = 1024 }
    let address = free
    UnsafeMutableRawBufferPointer(rebasing: buffer[Int(address)...]).copyBytes(from: bytes)
    free = (address + UInt32(bytes.count) + 7) & ~7
    return (address, UInt32(bytes.count))
  }

  func word(_ address: UInt32) -> UInt32 { word(address, as: UInt32.self) }

  func word<T: FixedWidthInteger>(_ address: UInt32, as type: T.Type) -> T {
    T(littleEndian: buffer.loadUnaligned(fromByteOffset: Int(address), as: T.self))
  }

  func bytes(_ address: UInt32, _ count: UInt32) -> [UInt8] { Array(buffer[Int(address)..<Int(address + count)]) }

  // MARK: Calls

  func open(
    _ path: [UInt8], in fd: UInt32? = nil, follow: Bool = true, _ flags: OpenFlags = [], rights: Rights = .fdRead,
    inheriting: Rights = [.file, .directory], descriptorFlags: DescriptorFlags = []
  ) throws(Errno) -> UInt32 {
    let (path, length) = put(path)
    try wasi.path_open(
      memory, fd ?? folder, follow ? 1 : 0, path, length, UInt32(flags.rawValue), rights.rawValue, inheriting.rawValue,
      UInt32(descriptorFlags.rawValue), result)
    return word(result)
  }

  func open(
    _ path: String, in fd: UInt32? = nil, follow: Bool = true, _ flags: OpenFlags = [], rights: Rights = .fdRead
  ) throws(Errno) -> UInt32 {
    try open(Array(path.utf8), in: fd, follow: follow, flags, rights: rights)
  }

  func openFolder(_ path: String, in fd: UInt32? = nil) throws(Errno) -> UInt32 {
    try open(path, in: fd, .directory, rights: .directory)
  }

  func write(_ text: String, to fd: UInt32) throws(Errno) -> UInt32 {
    let (address, length) = put(Array(text.utf8))
    let (vector, _) = put(words([address, length]))
    try wasi.fd_write(memory, fd, vector, 1, result)
    return word(result)
  }

  func read(_ fd: UInt32, _ count: UInt32 = 256) throws(Errno) -> String {
    let (address, _) = put([UInt8](repeating: 0, count: Int(count)))
    let (vector, _) = put(words([address, count]))
    try wasi.fd_read(memory, fd, vector, 1, result)
    return String(decoding: bytes(address, word(result)), as: UTF8.self)
  }

  func contents(_ path: String) throws(Errno) -> String {
    let fd = try open(path)
    let text = try read(fd)
    try wasi.fd_close(fd)
    return text
  }

  func makeDirectory(_ path: String) throws(Errno) {
    let (path, length) = put(Array(path.utf8))
    try wasi.path_create_directory(memory, folder, path, length)
  }

  func removeDirectory(_ path: String) throws(Errno) {
    let (path, length) = put(Array(path.utf8))
    try wasi.path_remove_directory(memory, folder, path, length)
  }

  func unlink(_ path: String) throws(Errno) {
    let (path, length) = put(Array(path.utf8))
    try wasi.path_unlink_file(memory, folder, path, length)
  }

  func status(_ path: String, in fd: UInt32? = nil, follow: Bool = true) throws(Errno) -> FileType {
    let (path, length) = put(Array(path.utf8))
    try wasi.path_filestat_get(memory, fd ?? folder, follow ? 1 : 0, path, length, 128)
    return FileType(rawValue: word(128 + 16, as: UInt8.self))!
  }

  func touch(_ path: String, follow: Bool = true) throws(Errno) {
    let (path, length) = put(Array(path.utf8))
    try wasi.path_filestat_set_times(memory, folder, follow ? 1 : 0, path, length, 1, 1, 5)
  }

  func link(_ old: String, _ new: String, follow: Bool = false, to fd: UInt32? = nil) throws(Errno) {
    let (old, oldLength) = put(Array(old.utf8))
    let (new, newLength) = put(Array(new.utf8))
    try wasi.path_link(memory, folder, follow ? 1 : 0, old, oldLength, fd ?? folder, new, newLength)
  }

  func rename(_ old: String, _ new: String, to fd: UInt32? = nil) throws(Errno) {
    let (old, oldLength) = put(Array(old.utf8))
    let (new, newLength) = put(Array(new.utf8))
    try wasi.path_rename(memory, folder, old, oldLength, fd ?? folder, new, newLength)
  }

  func symlink(_ target: String, _ path: String) throws(Errno) {
    let (target, targetLength) = put(Array(target.utf8))
    let (path, length) = put(Array(path.utf8))
    try wasi.path_symlink(memory, target, targetLength, folder, path, length)
  }

  func readLink(_ path: String) throws(Errno) -> String {
    let (path, length) = put(Array(path.utf8))
    let (target, count) = put([UInt8](repeating: 0, count: 512))
    try wasi.path_readlink(memory, folder, path, length, target, count, result)
    return String(decoding: bytes(target, word(result)), as: UTF8.self)
  }

  /// The names in an open directory, read with a buffer of a given size.
  func names(_ fd: UInt32, bufferSize: UInt32 = 4096) throws(Errno) -> [String] {
    var names: [String] = []
    var cookie: UInt64 = 0
    let (address, _) = put([UInt8](repeating: 0, count: Int(bufferSize)))
    while true {
      try wasi.fd_readdir(memory, fd, address, bufferSize, cookie, result)
      let used: UInt32 = word(result)
      var offset: UInt32 = 0
      var found = false
      while offset + 24 <= used {
        let length: UInt32 = word(address + offset + 16)
        guard offset + 24 + length <= used else { break }
        names.append(String(decoding: bytes(address + offset + 24, length), as: UTF8.self))
        cookie = word(address + offset, as: UInt64.self)
        offset += 24 + length
        found = true
      }
      if used < bufferSize { return names }
      guard found else { throw .invalid }
    }
  }
}

/// 32-bit numbers as they lie in memory.
func words(_ values: [UInt32]) -> [UInt8] {
  values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
}
