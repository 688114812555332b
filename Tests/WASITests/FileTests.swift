import Testing

@testable import WASI

@Suite struct FileTests {
  @Test func readsWritesAndSeeks() throws {
    let scratch = Scratch()
    let guest = try Guest(scratch)
    let fd = try guest.open("new", [.create, .exclusive], rights: .file)
    #expect(try guest.write("hello world", to: fd) == 11)
    try guest.wasi.fd_seek(guest.memory, fd, -5, 2, guest.result)
    #expect(guest.word(guest.result, as: UInt64.self) == 6)
    #expect(try guest.read(fd) == "world")
    try guest.wasi.fd_tell(guest.memory, fd, guest.result)
    #expect(guest.word(guest.result, as: UInt64.self) == 11)
    let (address, length) = guest.put(Array("HELLO".utf8))
    let (vector, _) = guest.put(words([address, length]))
    try guest.wasi.fd_pwrite(guest.memory, fd, vector, 1, 0, guest.result)
    #expect(scratch.read("inside/new") == "HELLO world")
    try guest.wasi.fd_pread(guest.memory, fd, vector, 1, 6, guest.result)
    #expect(guest.bytes(address, 5) == Array("world".utf8))
    try guest.wasi.fd_filestat_set_size(fd, 3)
    #expect(scratch.read("inside/new") == "HEL")
    try guest.wasi.fd_allocate(fd, 0, 10)
    #expect(scratch.read("inside/new")?.utf8.count == 10)
    // More than any disk has is refused at once, instead of when the disk is full.
    for (offset, length) in [(0, 1 << 62), (5, 1 << 60), (1 << 40, 1 << 58)] as [(UInt64, UInt64)] {
      #expect(throws: Errno.noSpace) { try guest.wasi.fd_allocate(fd, offset, length) }
    }
    #expect(throws: Errno.fileTooBig) { try guest.wasi.fd_allocate(fd, 1 << 62, 1 << 62) }
    #expect(scratch.read("inside/new")?.utf8.count == 10)
    try guest.wasi.fd_sync(fd)
    try guest.wasi.fd_datasync(fd)
    try guest.wasi.fd_advise(fd, 0, 0, 3)
    #expect(throws: Errno.invalid) { try guest.wasi.fd_advise(fd, 0, 0, 6) }
    #expect(throws: Errno.invalid) { try guest.wasi.fd_seek(guest.memory, fd, -1, 0, guest.result) }
    #expect(throws: Errno.invalid) { try guest.wasi.fd_seek(guest.memory, fd, 0, 3, guest.result) }
    #expect(throws: Errno.invalid) { try guest.wasi.fd_pread(guest.memory, fd, vector, 1, .max, guest.result) }
    #expect(throws: Errno.exists) { try guest.open("new", [.create, .exclusive], rights: .file) }
  }

  @Test func opensAsAsked() throws {
    let scratch = Scratch()
    let guest = try Guest(scratch)
    #expect(throws: Errno.noEntry) { try guest.open("missing") }
    #expect(throws: Errno.notDirectory) { try guest.open("file/") }
    #expect(throws: Errno.notDirectory) { try guest.open("file/x") }
    #expect(throws: Errno.notDirectory) { try guest.openFolder("file") }
    #expect(throws: Errno.isDirectory) { try guest.open("dir", rights: .fdWrite) }
    #expect(throws: Errno.isDirectory) { try guest.open("new/", .create, rights: .fdWrite) }
    #expect(throws: Errno.invalid) { try guest.open("new", [.create, .directory]) }
    #expect(throws: Errno.noEntry) { try guest.open("missing/new", .create, rights: .fdWrite) }
    #expect(try guest.names(try guest.openFolder("dir/")).sorted() == [".", "..", "nested"])
    let fd = try guest.open("file", .truncate, rights: .fdWrite)
    #expect(scratch.read("inside/file") == "")
    #expect(throws: Errno.notCapable) { try guest.read(fd) }
    let append = try guest.open(Array("file".utf8), rights: .file, descriptorFlags: .append)
    _ = try guest.write("a", to: append)
    try guest.wasi.fd_seek(guest.memory, append, 0, 0, guest.result)
    _ = try guest.write("b", to: append)
    #expect(scratch.read("inside/file") == "ab")
    try guest.wasi.fd_fdstat_set_flags(append, 0)
    try guest.wasi.fd_seek(guest.memory, append, 0, 0, guest.result)
    _ = try guest.write("c", to: append)
    #expect(scratch.read("inside/file") == "cb")
    #expect(throws: Errno.invalid) { try guest.wasi.fd_fdstat_set_flags(append, 32) }
  }

  @Test func descriptorsAreLowestFree() throws {
    let guest = try Guest(Scratch())
    let first = try guest.open("file")
    let second = try guest.open("file")
    #expect([first, second] == [5, 6])
    try guest.wasi.fd_close(first)
    #expect(try guest.open("file") == 5)
    try guest.wasi.fd_renumber(6, 5)
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_close(6) }
    #expect(try guest.read(5) == "inside")
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_renumber(5, 9) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_close(0xFFFF_FFFF) }
    #expect(throws: Errno.badDescriptor) { try guest.read(77) }
  }

  @Test func descriptorsAreLimited() throws {
    let scratch = Scratch()
    var configuration = WASIConfiguration()
    configuration.preopens = [.init(host: scratch.inside, guest: "/")]
    configuration.descriptorLimit = 6
    let guest = try Guest(configuration)
    _ = try guest.open("file")
    _ = try guest.open("file")
    #expect(throws: Errno.tooManyOpenFiles) { try guest.open("new", .create, rights: .fdWrite) }
    #expect(!scratch.exists("inside/new"))
  }

  @Test func rightsOnlyShrink() throws {
    let guest = try Guest(Scratch())
    let fd = try guest.open("file", rights: [.fdRead, .fdTell])
    #expect(throws: Errno.notCapable) { try guest.wasi.fd_fdstat_set_rights(fd, Rights.file.rawValue, 0) }
    try guest.wasi.fd_fdstat_set_rights(fd, Rights.fdTell.rawValue, 0)
    #expect(throws: Errno.notCapable) { try guest.read(fd) }
    #expect(throws: Errno.notCapable) { try guest.wasi.fd_fdstat_set_rights(fd, Rights.fdRead.rawValue, 0) }
    #expect(throws: Errno.notCapable) { try guest.wasi.fd_filestat_set_size(fd, 0) }
    #expect(throws: Errno.notCapable) { try guest.wasi.fd_allocate(fd, 0, 1) }
    #expect(throws: Errno.notCapable) { try guest.wasi.fd_sync(fd) }
  }

  @Test func directoriesAreMadeRenamedAndRemoved() throws {
    let scratch = Scratch()
    let guest = try Guest(scratch)
    try guest.makeDirectory("new/")
    #expect(throws: Errno.exists) { try guest.makeDirectory("new") }
    #expect(throws: Errno.exists) { try guest.makeDirectory(".") }
    try guest.rename("new", "dir/renamed/")
    #expect(scratch.exists("inside/dir/renamed"))
    #expect(throws: Errno.notDirectory) { try guest.rename("file", "moved/") }
    #expect(throws: Errno.notEmpty) { try guest.removeDirectory("dir") }
    #expect(throws: Errno.notDirectory) { try guest.removeDirectory("file") }
    #expect(throws: Errno.isDirectory) { try guest.unlink("dir/renamed") }
    #expect(throws: Errno.isDirectory) { try guest.unlink("dir/renamed/") }
    #expect(throws: Errno.notDirectory) { try guest.unlink("file/") }
    try guest.removeDirectory("dir/renamed/")
    try guest.rename("file", "moved", to: 4)
    #expect(scratch.read("second/moved") == "inside")
    try guest.link("dir/nested/file", "hard")
    #expect(try guest.contents("hard") == "nested")
    #expect(throws: Errno.exists) { try guest.link("dir/nested/file", "hard") }
    #expect(throws: Errno.notPermitted) { try guest.link("dir", "hard-dir") }
    #expect(throws: Errno.noEntry) { try guest.link("hard", "slash/") }
    try guest.unlink("hard")
    #expect(throws: Errno.noEntry) { try guest.unlink("hard") }
    try guest.symlink("dir/nested", "soft")
    #expect(try guest.status("soft", follow: false) == .symbolicLink)
    #expect(try guest.status("soft/", follow: false) == .directory)
    #expect(try guest.status("soft") == .directory)
    #expect(try guest.contents("soft/file") == "nested")
    #expect(throws: Errno.exists) { try guest.symlink("x", "soft/") }
    #expect(throws: Errno.noEntry) { try guest.symlink("x", "none/") }
    #expect(throws: Errno.invalid) { try guest.readLink("dir") }
    try guest.unlink("soft")
    try guest.touch("dir")
    #expect(try guest.status("dir") == .directory)
    #expect(guest.word(128 + 48, as: UInt64.self) == 1)
  }

  @Test func longListingsAreReadPieceByPiece() throws {
    let scratch = Scratch()
    scratch.directory("inside/many")
    for number in 0..<300 { scratch.write("", to: "inside/many/entry-\(number)") }
    let expected = ([".", ".."] + (0..<300).map { "entry-\($0)" }).sorted()
    let guest = try Guest(scratch)
    let fd = try guest.openFolder("many")
    for size in [48, 100, 1000, 32768] as [UInt32] {
      #expect(try guest.names(fd, bufferSize: size).sorted() == expected)
    }
    // Positions that were never given out list something, or nothing, but do no harm.
    for cookie in [1, 77, 1 << 40, UInt64(Int64.max), .max] {
      do throws(Errno) { try guest.wasi.fd_readdir(guest.memory, fd, 4096, 256, cookie, guest.result) } catch {}
    }
    #expect(try guest.names(fd).sorted() == expected)
    #expect(throws: Errno.notDirectory) {
      try guest.wasi.fd_readdir(guest.memory, try guest.open("file"), 4096, 256, 0, guest.result)
    }
  }

  @Test func streamsAreClosuresOrBytes() throws {
    final class Collected: @unchecked Sendable { var text = "" }
    let collected = Collected()
    var configuration = WASIConfiguration()
    configuration.standardInput = .bytes(Array("input".utf8))
    configuration.standardOutput = .sink { collected.text += String(decoding: $0, as: UTF8.self) }
    configuration.standardError = .sink { _ throws(Errno) in throw .brokenPipe }
    let guest = try Guest(configuration)
    #expect(try guest.read(0, 3) == "inp")
    #expect(try guest.read(0) == "ut")
    #expect(try guest.read(0) == "")
    _ = try guest.write("one ", to: 1)
    _ = try guest.write("two", to: 1)
    #expect(collected.text == "one two")
    #expect(throws: Errno.brokenPipe) { try guest.write("x", to: 2) }
    #expect(throws: Errno.notCapable) { try guest.write("x", to: 0) }
    #expect(throws: Errno.notCapable) { try guest.read(1) }
    #expect(throws: Errno.illegalSeek) { try guest.wasi.fd_seek(guest.memory, 0, 0, 0, guest.result) }
    #expect(throws: Errno.notSocket) { try guest.wasi.sock_shutdown(0, 0) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.sock_accept(guest.memory, 50, 0, 16) }
    #expect(throws: Errno.notSupported) { try guest.wasi.proc_raise(6) }
  }

  @Test func clocksCanBeReplaced() throws {
    var configuration = WASIConfiguration()
    configuration.realtimeClock = { 5 }
    configuration.random = { $0.initializeMemory(as: UInt8.self, repeating: 7) }
    let guest = try Guest(configuration)
    try guest.wasi.clock_time_get(guest.memory, 0, 0, 16)
    #expect(guest.word(16, as: UInt64.self) == 5)
    try guest.wasi.clock_time_get(guest.memory, 1, 0, 16)
    let first = guest.word(16, as: UInt64.self)
    try guest.wasi.clock_time_get(guest.memory, 1, 0, 16)
    #expect(guest.word(16, as: UInt64.self) >= first)
    for clock in 0..<UInt32(4) {
      try guest.wasi.clock_res_get(guest.memory, clock, 16)
      #expect(guest.word(16, as: UInt64.self) > 0)
    }
    #expect(throws: Errno.invalid) { try guest.wasi.clock_time_get(guest.memory, 4, 0, 16) }
    try guest.wasi.random_get(guest.memory, 32, 4)
    #expect(guest.bytes(32, 5) == [7, 7, 7, 7, 0xA5])
  }

  @Test func setUpIsRefusedWithAReason() {
    var configuration = WASIConfiguration()
    configuration.preopens = [.init(host: "/no/such/folder", guest: "/")]
    #expect(throws: WASIError.preopen(host: "/no/such/folder", .noEntry)) { try WASI(configuration) }
    configuration = WASIConfiguration()
    configuration.arguments = ["a\0b"]
    #expect(throws: WASIError.unusableText("a\0b")) { try WASI(configuration) }
    configuration = WASIConfiguration()
    configuration.environment = [("A=B", "c")]
    #expect(throws: WASIError.unusableText("A=B")) { try WASI(configuration) }
    configuration = WASIConfiguration()
    configuration.standardInput = .descriptor(9999)
    #expect(throws: WASIError.stream(9999, .badDescriptor)) { try WASI(configuration) }
  }
}
