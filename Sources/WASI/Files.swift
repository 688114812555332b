#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

// What a guest does with the contents of open files and streams.
extension WASI {
  func fd_read(_ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ result: UInt32) throws(Errno)
  {
    let descriptor = try descriptors.file(fd, .fdRead)
    let regions = try memory.vectors(vectors, count)
    _ = try memory.region(result, 4)
    let transferred: Int
    switch descriptor.resource {
    case .file(let host): transferred = try transfer(.read, descriptor, host, regions)
    case .source(let source):
      guard let region = regions.first else {
        transferred = 0
        break
      }
      try checkInterruption()
      transferred = try source(region)
      guard transferred >= 0, transferred <= region.count else { throw .io }
    default: throw .notCapable
    }
    try memory.store(UInt32(clamping: transferred), at: result)
  }

  func fd_write(_ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ result: UInt32) throws(Errno)
  {
    let descriptor = try descriptors.file(fd, .fdWrite)
    let regions = try memory.vectors(vectors, count)
    _ = try memory.region(result, 4)
    var transferred = 0
    switch descriptor.resource {
    case .file(let host): transferred = try transfer(.write, descriptor, host, regions)
    case .sink(let sink):
      for region in regions {
        try inPieces(region) { piece throws(Errno) in try sink(UnsafeRawBufferPointer(piece)) }
        transferred += region.count
      }
    default: throw .notCapable
    }
    try memory.store(UInt32(clamping: transferred), at: result)
  }

  func fd_pread(
    _ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ offset: UInt64, _ result: UInt32
  ) throws(Errno) {
    let (host, offset) = try positioned(fd, [.fdRead, .fdSeek], offset)
    let regions = try memory.vectors(vectors, count)
    _ = try memory.region(result, 4)
    let transferred = try transferInPieces(regions) { preadv(host.raw, $0, $1, offset &+ off_t($2)) }
    try memory.store(UInt32(clamping: transferred), at: result)
  }

  func fd_pwrite(
    _ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ offset: UInt64, _ result: UInt32
  ) throws(Errno) {
    let (host, offset) = try positioned(fd, [.fdWrite, .fdSeek], offset)
    let regions = try memory.vectors(vectors, count)
    _ = try memory.region(result, 4)
    let transferred = try transferInPieces(regions) { vectors, count, done in
      writing(vectors, count) { pwritev(host.raw, vectors, count, offset &+ off_t(done)) }
    }
    try memory.store(UInt32(clamping: transferred), at: result)
  }

  func fd_seek(_ memory: GuestMemory, _ fd: UInt32, _ offset: Int64, _ whence: UInt32, _ result: UInt32) throws(Errno) {
    guard let code = UInt8(exactly: whence), let whence = Whence(rawValue: code) else { throw .invalid }
    let onlyTells = whence == .current && offset == 0
    let host = try seekable(fd, onlyTells ? .fdTell : [.fdSeek, .fdTell])
    _ = try memory.region(result, 8)
    let origin =
      switch whence {
      case .set: SEEK_SET
      case .current: SEEK_CUR
      case .end: SEEK_END
      }
    try memory.store(UInt64(clamping: try checked(lseek(host.raw, off_t(offset), origin))), at: result)
  }

  func fd_tell(_ memory: GuestMemory, _ fd: UInt32, _ result: UInt32) throws(Errno) {
    let host = try seekable(fd, .fdTell)
    _ = try memory.region(result, 8)
    try memory.store(UInt64(clamping: try checked(lseek(host.raw, 0, SEEK_CUR))), at: result)
  }

  func fd_sync(_ fd: UInt32) throws(Errno) {
    guard let host = try descriptors.any(fd, .fdSync).host else { return }
    try writeBack(host)
    try checked(fsync(host.raw))
  }

  func fd_datasync(_ fd: UInt32) throws(Errno) {
    guard let host = try descriptors.any(fd, .fdDatasync).host else { return }
    try writeBack(host)
    #if canImport(Darwin)
      try checked(fsync(host.raw))
    #else
      try checked(fdatasync(host.raw))
    #endif
  }

  func fd_advise(_ fd: UInt32, _ offset: UInt64, _ length: UInt64, _ advice: UInt32) throws(Errno) {
    guard advice < 6 else { throw .invalid }
    let descriptor = try descriptors.file(fd, .fdAdvise)
    guard let offset = Int(exactly: offset), let length = Int(exactly: length) else { throw .invalid }
    guard let host = descriptor.host else { return }
    guard descriptor.isSeekable else { throw .illegalSeek }
    #if canImport(Darwin)
      _ = (host, offset, length)
    #else
      let advices = [
        POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM, POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,
        POSIX_FADV_NOREUSE,
      ]
      let code = posix_fadvise(host.raw, offset, length, advices[Int(advice)])
      if code != 0 { throw Errno(host: code) }
    #endif
  }

  func fd_allocate(_ fd: UInt32, _ offset: UInt64, _ length: UInt64) throws(Errno) {
    let descriptor = try descriptors.file(fd, .fdAllocate)
    guard let offset = Int(exactly: offset), let length = Int(exactly: length), length > 0 else { throw .invalid }
    guard case .file(let host) = descriptor.resource else { throw .notSupported }
    #if canImport(Darwin)
      _ = (host, offset)
      throw .notSupported
    #else
      guard !offset.addingReportingOverflow(length).overflow else { throw .fileTooBig }
      var before = stat()
      try checked(fstat(host.raw, &before))
      var space = statvfs()
      try checked(fstatvfs(host.raw, &space))
      // What can never fit is refused before the disk is filled with a part of it. Blocks that the file has may lie in the
      // range.
      let room = Double(space.f_bavail) * Double(space.f_frsize) + Double(before.st_blocks) * 512
      guard Double(length) <= room else { throw .noSpace }
      do throws(Errno) {
        // In parts, between which the guest can be interrupted: without such a call each block is written.
        for done in stride(from: 0, to: length, by: 1 << 30) {
          try checkInterruption()
          let part = min(1 << 30, length - done)
          let code = WriteSignals.withheld(expecting: 0) { Int(posix_fallocate(host.raw, offset + done, part)) }
          if code != 0 { throw Errno(host: Int32(clamping: code)) }
        }
      } catch {
        // All or nothing, as one call would have it: what was taken behind the old end goes back.
        if offset + length > Int(before.st_size) {
          _ = WriteSignals.withheld(expecting: 0) { Int(ftruncate(host.raw, before.st_size)) }
        }
        throw error
      }
    #endif
  }

  func fd_filestat_set_size(_ fd: UInt32, _ size: UInt64) throws(Errno) {
    let descriptor = try descriptors.file(fd, .fdFilestatSetSize)
    guard let size = Int(exactly: size) else { throw .fileTooBig }
    guard case .file(let host) = descriptor.resource else { throw .invalid }
    try checked(WriteSignals.withheld(expecting: 0) { Int(ftruncate(host.raw, off_t(size))) })
  }

  /// The host's descriptor and offset of a transfer that leaves the position alone.
  private func positioned(_ fd: UInt32, _ rights: Rights, _ offset: UInt64) throws(Errno) -> (HostDescriptor, off_t) {
    let host = try seekable(fd, rights)
    guard let offset = off_t(exactly: offset) else { throw .invalid }
    return (host, offset)
  }

  /// The host's descriptor of a file with a position. What can have none says so before it says what rights it lacks.
  private func seekable(_ fd: UInt32, _ rights: Rights) throws(Errno) -> HostDescriptor {
    let descriptor = try descriptors.file(fd, [])
    guard case .file(let host) = descriptor.resource, descriptor.isSeekable else { throw .illegalSeek }
    guard descriptor.rights.isSuperset(of: rights) else { throw .notCapable }
    return host
  }
}
