import Testing

@testable import WASI

/// Numbers of guests and embedders at the ends of their types: an error or a result, and never a trap of the host's.
@Suite struct ExtremeNumberTests {
  private static let numbers: [UInt64] = [
    0, 1, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
  ]

  /// Whatever it throws is what a guest is told.
  private func attempt(_ body: () throws(Errno) -> Void) { _ = try? body() }

  @Test func numbersOfFiles() throws {
    let guest = try Guest(Scratch())
    let memory = guest.memory
    let wasi = guest.wasi
    let fd = try guest.open("new", [.create], rights: .file)
    let other = try guest.open("file")
    let folder = try guest.openFolder("dir")
    let (address, length) = guest.put(Array("text".utf8))
    let (vector, _) = guest.put(words([address, length]))
    let (path, pathLength) = guest.put(Array("new".utf8))
    for a in Self.numbers {
      let signed = Int64(truncatingIfNeeded: a)
      let half = UInt32(truncatingIfNeeded: a)
      for whence in [0, 1, 2, half] { attempt { () throws(Errno) in try wasi.fd_seek(memory, fd, signed, whence, 16) } }
      attempt { () throws(Errno) in try wasi.fd_pread(memory, fd, vector, 1, a, 16) }
      // Not at places that a file system has: the file would be as large.
      if a >= 1 << 62 { attempt { () throws(Errno) in try wasi.fd_pwrite(memory, fd, vector, 1, a, 16) } }
      attempt { () throws(Errno) in try wasi.fd_readdir(memory, folder, 32768, 4096, a, 16) }
      attempt { () throws(Errno) in try wasi.fd_fdstat_set_flags(fd, half) }
      attempt { () throws(Errno) in try wasi.fd_renumber(77, half) }
      attempt { () throws(Errno) in try wasi.fd_renumber(half, half) }
      attempt { () throws(Errno) in try wasi.random_get(memory, half, half) }
      attempt { () throws(Errno) in try wasi.clock_res_get(memory, half, 16) }
      attempt { () throws(Errno) in try wasi.path_symlink(memory, half, half, 3, path, pathLength) }
      for b in Self.numbers {
        attempt { () throws(Errno) in try wasi.fd_advise(fd, a, b, half % 7) }
        attempt { () throws(Errno) in try wasi.fd_filestat_set_times(fd, a, b, 5) }
        attempt { () throws(Errno) in try wasi.path_filestat_set_times(memory, 3, 0, path, pathLength, a, b, 5) }
        attempt { () throws(Errno) in try wasi.fd_read(memory, fd, half, UInt32(truncatingIfNeeded: b), 16) }
        attempt { () throws(Errno) in try wasi.fd_write(memory, fd, half, UInt32(truncatingIfNeeded: b), 16) }
        // More than a disk has.
        if b >= 1 << 62 { attempt { () throws(Errno) in try wasi.fd_allocate(fd, a, b) } }
        if a != 0 { attempt { () throws(Errno) in try wasi.fd_fdstat_set_rights(other, a, b) } }
      }
      if a >= 1 << 62 { attempt { () throws(Errno) in try wasi.fd_filestat_set_size(fd, a) } }
    }
    #expect(throws: Never.self) { try guest.contents("file") }
  }

  /// Parts whose sizes add up to more than 2³².
  @Test func sumsOfParts() throws {
    let guest = try Guest(Scratch())
    let fd = try guest.open("new", [.create], rights: .file)
    let count = 4096
    let parts = (0..<count).flatMap { _ in [0, 65536] as [UInt32] }
    UnsafeMutableRawBufferPointer(rebasing: guest.buffer[16384...]).copyBytes(from: words(parts))
    // So many as the host takes at once are written, 64 MB.
    try guest.wasi.fd_write(guest.memory, fd, 16384, UInt32(count), 16)
    #expect(guest.word(16) as UInt32 == 1024 * 65536)
    for size in [UInt32.max, 1 << 31, 65537] {
      let (vector, _) = guest.put(words([0, size, 0, size]))
      #expect(throws: Errno.fault) { try guest.wasi.fd_write(guest.memory, fd, vector, 2, 16) }
      #expect(throws: Errno.fault) { try guest.wasi.fd_write(guest.memory, fd, vector, size, 16) }
    }
  }

  /// Whoever waits until the end of time beside something that is due is told of that.
  @Test(arguments: [UInt16(0), 1], [UInt32(0), 1, 2, 9])
  func timesToWait(flags: UInt16, clock: UInt32) throws {
    var configuration = WASIConfiguration()
    configuration.realtimeClock = { .max }
    configuration.monotonicClock = { 0 }
    for configuration in [configuration, WASIConfiguration()] {
      let guest = try Guest(configuration)
      for time in Self.numbers {
        var subscriptions = [UInt8](repeating: 0, count: 96)
        subscriptions.withUnsafeMutableBytes {
          $0.storeBytes(of: clock, toByteOffset: 16, as: UInt32.self)
          $0.storeBytes(of: time, toByteOffset: 24, as: UInt64.self)
          $0.storeBytes(of: .max, toByteOffset: 32, as: UInt64.self)
          $0.storeBytes(of: flags, toByteOffset: 40, as: UInt16.self)
          $0.storeBytes(of: 1, toByteOffset: 48 + 16, as: UInt32.self)
        }
        let (input, _) = guest.put(subscriptions)
        try guest.wasi.poll_oneoff(guest.memory, input, 512, 2, 16)
        #expect((1...2).contains(guest.word(16) as UInt32))
      }
    }
  }

  @Test func limitsOfTheEmbedder() throws {
    for limit in [Int.min, -1, 0, 1, .max] {
      var configuration = WASIConfiguration()
      configuration.descriptorLimit = limit
      let guest = try Guest(configuration)
      #expect(throws: Errno.self) { try guest.open("file") }
    }
  }
}
