import Testing

@testable import WASI

/// A call with one of its pointers replaced.
struct PointerCall: Sendable, CustomTestStringConvertible {
  let name: String
  /// The bytes that the pointer must have room for.
  let size: UInt32
  let call: @Sendable (Guest, UInt32) throws(Errno) -> Void

  var testDescription: String { name }

  init(_ name: String, _ size: UInt32, _ call: @escaping @Sendable (Guest, UInt32) throws(Errno) -> Void) {
    self.name = name
    self.size = size
    self.call = call
  }
}

/// One vector of 8 bytes at 2048 whose length is 4 and whose address is 4096, and a path "file" at 2064.
private let vector: UInt32 = 2048
private let path: UInt32 = 2064
private let file: UInt32 = 5

private let pointerCalls: [PointerCall] = [
  .init("args_sizes_get count", 4) { g, p throws(Errno) in try g.wasi.args_sizes_get(g.memory, p, 16) },
  .init("args_sizes_get size", 4) { g, p throws(Errno) in try g.wasi.args_sizes_get(g.memory, 16, p) },
  .init("args_get pointers", 8) { g, p throws(Errno) in try g.wasi.args_get(g.memory, p, 16) },
  .init("args_get bytes", 4) { g, p throws(Errno) in try g.wasi.args_get(g.memory, 16, p) },
  .init("environ_sizes_get count", 4) { g, p throws(Errno) in try g.wasi.environ_sizes_get(g.memory, p, 16) },
  .init("environ_sizes_get size", 4) { g, p throws(Errno) in try g.wasi.environ_sizes_get(g.memory, 16, p) },
  .init("environ_get pointers", 4) { g, p throws(Errno) in try g.wasi.environ_get(g.memory, p, 16) },
  .init("environ_get bytes", 4) { g, p throws(Errno) in try g.wasi.environ_get(g.memory, 16, p) },
  .init("clock_res_get", 8) { g, p throws(Errno) in try g.wasi.clock_res_get(g.memory, 0, p) },
  .init("clock_time_get", 8) { g, p throws(Errno) in try g.wasi.clock_time_get(g.memory, 1, 0, p) },
  .init("fd_fdstat_get", 24) { g, p throws(Errno) in try g.wasi.fd_fdstat_get(g.memory, file, p) },
  .init("fd_filestat_get", 64) { g, p throws(Errno) in try g.wasi.fd_filestat_get(g.memory, file, p) },
  .init("fd_pread vectors", 8) { g, p throws(Errno) in try g.wasi.fd_pread(g.memory, file, p, 1, 0, 16) },
  .init("fd_pread result", 4) { g, p throws(Errno) in try g.wasi.fd_pread(g.memory, file, vector, 1, 0, p) },
  .init("fd_prestat_get", 8) { g, p throws(Errno) in try g.wasi.fd_prestat_get(g.memory, 3, p) },
  .init("fd_prestat_dir_name", 7) { g, p throws(Errno) in try g.wasi.fd_prestat_dir_name(g.memory, 3, p, 7) },
  .init("fd_pwrite vectors", 8) { g, p throws(Errno) in try g.wasi.fd_pwrite(g.memory, file, p, 1, 0, 16) },
  .init("fd_pwrite result", 4) { g, p throws(Errno) in try g.wasi.fd_pwrite(g.memory, file, vector, 1, 0, p) },
  .init("fd_read vectors", 8) { g, p throws(Errno) in try g.wasi.fd_read(g.memory, file, p, 1, 16) },
  .init("fd_read result", 4) { g, p throws(Errno) in try g.wasi.fd_read(g.memory, file, vector, 1, p) },
  .init("fd_read from memory, result", 4) { g, p throws(Errno) in try g.wasi.fd_read(g.memory, 0, vector, 1, p) },
  .init("fd_readdir buffer", 64) { g, p throws(Errno) in try g.wasi.fd_readdir(g.memory, 3, p, 64, 0, 16) },
  .init("fd_readdir result", 4) { g, p throws(Errno) in try g.wasi.fd_readdir(g.memory, 3, 4096, 64, 0, p) },
  .init("fd_seek", 8) { g, p throws(Errno) in try g.wasi.fd_seek(g.memory, file, 0, 0, p) },
  .init("fd_tell", 8) { g, p throws(Errno) in try g.wasi.fd_tell(g.memory, file, p) },
  .init("fd_write vectors", 8) { g, p throws(Errno) in try g.wasi.fd_write(g.memory, file, p, 1, 16) },
  .init("fd_write result", 4) { g, p throws(Errno) in try g.wasi.fd_write(g.memory, file, vector, 1, p) },
  .init("fd_write to a sink, result", 4) { g, p throws(Errno) in try g.wasi.fd_write(g.memory, 1, vector, 1, p) },
  .init("path_create_directory", 4) { g, p throws(Errno) in try g.wasi.path_create_directory(g.memory, 3, p, 4) },
  .init("path_filestat_get path", 4) { g, p throws(Errno) in try g.wasi.path_filestat_get(g.memory, 3, 0, p, 4, 4096) },
  .init("path_filestat_get result", 64) { g, p throws(Errno) in
    try g.wasi.path_filestat_get(g.memory, 3, 0, path, 4, p)
  },
  .init("path_filestat_set_times", 4) { g, p throws(Errno) in
    try g.wasi.path_filestat_set_times(g.memory, 3, 0, p, 4, 0, 0, 5)
  },
  .init("path_link old", 4) { g, p throws(Errno) in try g.wasi.path_link(g.memory, 3, 0, p, 4, 3, path, 3) },
  .init("path_link new", 4) { g, p throws(Errno) in try g.wasi.path_link(g.memory, 3, 0, path, 4, 3, p, 4) },
  .init("path_open path", 4) { g, p throws(Errno) in try g.wasi.path_open(g.memory, 3, 0, p, 4, 0, 2, 0, 0, 16) },
  .init("path_open result", 4) { g, p throws(Errno) in
    try g.wasi.path_open(g.memory, 3, 0, path, 4, 1, 2, 0, 0, p)
  },
  .init("path_readlink path", 4) { g, p throws(Errno) in try g.wasi.path_readlink(g.memory, 3, p, 4, 4096, 8, 16) },
  .init("path_readlink buffer", 8) { g, p throws(Errno) in try g.wasi.path_readlink(g.memory, 3, path, 4, p, 8, 16) },
  .init("path_readlink result", 4) { g, p throws(Errno) in
    try g.wasi.path_readlink(g.memory, 3, path, 4, 4096, 8, p)
  },
  .init("path_remove_directory", 4) { g, p throws(Errno) in try g.wasi.path_remove_directory(g.memory, 3, p, 4) },
  .init("path_rename old", 4) { g, p throws(Errno) in try g.wasi.path_rename(g.memory, 3, p, 4, 3, path, 4) },
  .init("path_rename new", 4) { g, p throws(Errno) in try g.wasi.path_rename(g.memory, 3, path, 4, 3, p, 4) },
  .init("path_symlink target", 4) { g, p throws(Errno) in try g.wasi.path_symlink(g.memory, p, 4, 3, path, 3) },
  .init("path_symlink path", 4) { g, p throws(Errno) in try g.wasi.path_symlink(g.memory, path, 4, 3, p, 4) },
  .init("path_unlink_file", 4) { g, p throws(Errno) in try g.wasi.path_unlink_file(g.memory, 3, p, 4) },
  .init("poll_oneoff subscriptions", 48) { g, p throws(Errno) in try g.wasi.poll_oneoff(g.memory, p, 4096, 1, 16) },
  .init("poll_oneoff events", 32) { g, p throws(Errno) in try g.wasi.poll_oneoff(g.memory, 8192, p, 1, 16) },
  .init("poll_oneoff result", 4) { g, p throws(Errno) in try g.wasi.poll_oneoff(g.memory, 8192, 4096, 1, p) },
  .init("random_get", 16) { g, p throws(Errno) in try g.wasi.random_get(g.memory, p, 16) },
]

@Suite struct PointerTests {
  private func guest(_ scratch: Scratch) throws -> Guest {
    var configuration = WASIConfiguration()
    configuration.arguments = ["a", "b"]
    configuration.environment = [("A", "b")]
    configuration.standardInput = .bytes([1, 2, 3, 4])
    configuration.preopens = [
      .init(host: scratch.inside, guest: "/inside"), .init(host: scratch.root + "/second", guest: "/second"),
    ]
    let guest = try Guest(configuration)
    let opened = try guest.open("file", rights: .file)
    #expect(opened == file)
    UnsafeMutableRawBufferPointer(rebasing: guest.buffer[2048...]).copyBytes(
      from: words([4096, 4]) + [UInt8](repeating: 0, count: 8) + Array("file".utf8))
    // A clock that is due at once.
    UnsafeMutableRawBufferPointer(rebasing: guest.buffer[8192..<8240]).initializeMemory(as: UInt8.self, repeating: 0)
    return guest
  }

  @Test(arguments: pointerCalls) func isAFault(_ call: PointerCall) throws {
    let scratch = Scratch()
    let guest = try guest(scratch)
    let before = Scratch.names(scratch.inside)
    let contents = scratch.read("inside/file")
    let memory = guest.bytes(0, 65536)
    // At the end, one byte too far, far away, and where address plus size wraps around 4 GiB.
    for pointer in [
      65536, 65536 - call.size + 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0 &- call.size, 1 &- call.size,
    ] {
      #expect(throws: Errno.fault, "\(call.name) at \(pointer)") { try call.call(guest, pointer) }
    }
    #expect(Scratch.names(scratch.inside) == before)
    #expect(scratch.read("inside/file") == contents)
    let changed = zip(memory, guest.bytes(0, 65536)).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    // Only results that stand before a later, faulting one can have been written: never more than those 16 bytes.
    #expect(changed.allSatisfy { $0 >= 16 && $0 < 32 || $0 >= 4096 && $0 < 4096 + 64 }, "\(call.name): \(changed)")
  }

  @Test func countsThatCannotBeAreFaults() throws {
    let guest = try guest(Scratch())
    for count in [0xFFFF_FFFF, 0x2000_0000, 0x2000_0001, 8192] as [UInt32] {
      #expect(throws: Errno.fault) { try guest.wasi.fd_write(guest.memory, file, vector, count, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_read(guest.memory, file, vector, count, 16) }
    }
    for length in [0xFFFF_FFFF, 65536, 0x8000_0000] as [UInt32] {
      #expect(throws: Errno.fault) { try guest.wasi.random_get(guest.memory, 16, length) }
      #expect(throws: Errno.fault) { try guest.wasi.path_unlink_file(guest.memory, 3, path, length) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_readdir(guest.memory, 3, 16, length, 0, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.path_readlink(guest.memory, 3, path, 4, 16, length, 16) }
    }
    #expect(throws: Errno.invalid) { try guest.wasi.poll_oneoff(guest.memory, 0, 0, 0, 16) }
    #expect(throws: Errno.invalid) { try guest.wasi.poll_oneoff(guest.memory, 0, 0, 0xFFFF_FFFF, 16) }
    #expect(throws: Errno.fault) { try guest.wasi.poll_oneoff(guest.memory, 0, 0, 4096, 16) }
  }

  /// A vector with one bad part moves nothing at all.
  @Test func aBadPartOfAVectorMovesNothing() throws {
    let scratch = Scratch()
    let guest = try guest(scratch)
    for bad in [[65535, 2], [0xFFFF_FFFF, 1], [0xFFFF_FFFF, 0xFFFF_FFFF], [65537, 0], [16, 0xFFFF_FFF0]] as [[UInt32]] {
      let (vectors, _) = guest.put(words([4096, 4] + bad))
      #expect(throws: Errno.fault) { try guest.wasi.fd_write(guest.memory, file, vectors, 2, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_pwrite(guest.memory, file, vectors, 2, 0, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_read(guest.memory, file, vectors, 2, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_read(guest.memory, 0, vectors, 2, 16) }
    }
    #expect(scratch.read("inside/file") == "inside")
  }

  /// More parts than the host takes at a time: a partial transfer.
  @Test func longVectorsAreTransferredInPart() throws {
    let scratch = Scratch()
    let guest = try guest(scratch)
    let (vectors, _) = guest.put(words((0..<3000).flatMap { _ in [4096, 1] as [UInt32] }))
    try guest.wasi.fd_write(guest.memory, file, vectors, 3000, 16)
    #expect(guest.word(16) as UInt32 == 1024)
    #expect(scratch.read("inside/file")?.utf8.count == 1024)
  }
}
