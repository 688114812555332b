#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import Testing

@testable import WASI

/// Every structure lies in memory as the witx of preview 1 says, padding zero.
@Suite struct LayoutTests {
  @Test func errorCodes() {
    #expect(Errno.allCases.map(\.rawValue) == Array(1...76))
    let some: [(Int32, Errno, UInt16)] = [
      (E2BIG, .tooBig, 1), (EACCES, .access, 2), (EAGAIN, .again, 6), (EBADF, .badDescriptor, 8), (EEXIST, .exists, 20),
      (EINVAL, .invalid, 28), (EISDIR, .isDirectory, 31), (ELOOP, .loop, 32), (ENAMETOOLONG, .nameTooLong, 37),
      (ENOENT, .noEntry, 44), (ENOSYS, .notImplemented, 52), (ENOTDIR, .notDirectory, 54), (ENOTEMPTY, .notEmpty, 55),
      (ENOTSUP, .notSupported, 58), (EPERM, .notPermitted, 63), (EPIPE, .brokenPipe, 64),
      (EROFS, .readOnlyFileSystem, 69),
      (ESPIPE, .illegalSeek, 70), (EXDEV, .crossDevice, 75), (9999, .io, 29),
    ]
    for (host, error, code) in some {
      #expect(Errno(host: host) == error)
      #expect(error.rawValue == code)
    }
    #expect(Errno.notCapable.rawValue == 76)
    #expect(Errno.fault.rawValue == 21)
    #expect(Errno.notSocket.rawValue == 57)
  }

  @Test func rightsAreTheBitsOfTheInterface() {
    #expect(Rights.defined.rawValue == 0x3FFF_FFFF)
    #expect(Rights.fdReaddir.rawValue == 0x4000)
    #expect(Rights.pollFdReadwrite.rawValue == 0x800_0000)
    #expect(Rights.defined.isSuperset(of: Rights.file.union(.directory)))
  }

  @Test func prestatAndName() throws {
    let guest = try Guest(Scratch())
    try guest.wasi.fd_prestat_get(guest.memory, 3, 256)
    #expect(guest.bytes(256, 9) == [0, 0, 0, 0, 7, 0, 0, 0, 0xA5])
    try guest.wasi.fd_prestat_dir_name(guest.memory, 3, 512, 7)
    #expect(guest.bytes(512, 8) == Array("/inside".utf8) + [0xA5])
    #expect(throws: Errno.nameTooLong) { try guest.wasi.fd_prestat_dir_name(guest.memory, 3, 256, 6) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_prestat_get(guest.memory, 0, 256) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_prestat_get(guest.memory, 5, 256) }
  }

  @Test func fdstat() throws {
    let guest = try Guest(Scratch())
    let fd = try guest.open(
      Array("file".utf8), rights: [.fdRead, .fdWrite, .fdSeek, .fdTell], inheriting: .fdRead, descriptorFlags: .append)
    try guest.wasi.fd_fdstat_get(guest.memory, fd, 256)
    #expect(guest.bytes(256, 25) == [4, 0, 1, 0, 0, 0, 0, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xA5])
    try guest.wasi.fd_fdstat_get(guest.memory, 3, 256)
    #expect(guest.word(256, as: UInt8.self) == 3)
    #expect(guest.word(264, as: UInt64.self) == Rights.directory.rawValue)
  }

  @Test func filestat() throws {
    let scratch = Scratch()
    let guest = try Guest(scratch)
    var host = stat()
    #expect(stat(scratch.inside + "/file", &host) == 0)
    _ = try guest.status("file")
    #expect(guest.word(128, as: UInt64.self) == UInt64(host.st_dev))
    #expect(guest.word(136, as: UInt64.self) == UInt64(host.st_ino))
    #expect(guest.word(144, as: UInt64.self) == 4)
    #expect(guest.word(152, as: UInt64.self) == 1)
    #expect(guest.word(160, as: UInt64.self) == 6)
    #expect(guest.word(168, as: UInt64.self) == UInt64(host.st_atim.tv_sec * 1_000_000_000 + host.st_atim.tv_nsec))
    #expect(guest.word(176, as: UInt64.self) == UInt64(host.st_mtim.tv_sec * 1_000_000_000 + host.st_mtim.tv_nsec))
    #expect(guest.word(184, as: UInt64.self) == UInt64(host.st_ctim.tv_sec * 1_000_000_000 + host.st_ctim.tv_nsec))
    #expect(guest.word(192, as: UInt8.self) == 0xA5)
  }

  @Test func directoryEntries() throws {
    let scratch = Scratch()
    let guest = try Guest(scratch)
    let fd = try guest.openFolder("dir/nested")
    try guest.wasi.fd_readdir(guest.memory, fd, 4096, 1024, 0, guest.result)
    var host = stat()
    #expect(stat(scratch.inside + "/dir/nested/file", &host) == 0)
    #expect(guest.word(guest.result) == 3 * 24 + 1 + 2 + 4)
    var offset: UInt32 = 4096
    var names: Set<String> = []
    for _ in 0..<3 {
      let length: UInt32 = guest.word(offset + 16)
      let name = String(decoding: guest.bytes(offset + 24, length), as: UTF8.self)
      names.insert(name)
      #expect(guest.word(offset + 20) == UInt32(name == "file" ? 4 : 3))
      if name == "file" { #expect(guest.word(offset + 8, as: UInt64.self) == UInt64(host.st_ino)) }
      offset += 24 + length
    }
    #expect(names == [".", "..", "file"])
  }

  @Test func subscriptionsAndEvents() throws {
    let guest = try Guest(WASIConfiguration())
    // A clock that is due, then a read of standard input, which is empty and so never waits.
    var bytes = [UInt8](repeating: 0, count: 96)
    bytes[0] = 7
    bytes[16] = 1
    bytes[48] = 9
    bytes[56] = 1
    let (input, _) = guest.put(bytes)
    try guest.wasi.poll_oneoff(guest.memory, input, 4096, 2, guest.result)
    #expect(guest.word(guest.result) == 2)
    var read = [UInt8](repeating: 0, count: 32)
    read[0] = 9
    read[10] = 1
    read[16] = 1
    var clock = [UInt8](repeating: 0, count: 32)
    clock[0] = 7
    #expect(guest.bytes(4096, 32) == read)
    #expect(guest.bytes(4096 + 32, 33) == clock + [0xA5])
  }

  @Test func argumentsAndEnvironment() throws {
    var configuration = WASIConfiguration()
    configuration.arguments = ["a", "", "ü"]
    configuration.environment = [("HOME", "/"), ("E", "")]
    let guest = try Guest(configuration)
    try guest.wasi.args_sizes_get(guest.memory, 16, 20)
    #expect([guest.word(16), guest.word(20)] == [3, 6] as [UInt32])
    try guest.wasi.args_get(guest.memory, 32, 64)
    #expect([guest.word(32), guest.word(36), guest.word(40)] == [64, 66, 67] as [UInt32])
    #expect(guest.bytes(64, 7) == Array("a\0\0ü\0".utf8) + [0xA5])
    try guest.wasi.environ_sizes_get(guest.memory, 16, 20)
    #expect([guest.word(16), guest.word(20)] == [2, 10] as [UInt32])
    try guest.wasi.environ_get(guest.memory, 32, 128)
    #expect(guest.bytes(128, 11) == Array("HOME=/\0E=\0".utf8) + [0xA5])
  }
}
