#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  // GNU extensions, which the platform module does not show.
  @_extern(c, "preadv2")
  private func readVectors(
    _ file: Int32, _ vectors: UnsafePointer<iovec>?, _ count: Int32, _ offset: off_t, _ flags: Int32
  ) -> Int
  @_extern(c, "pwritev2")
  private func writeVectors(
    _ file: Int32, _ vectors: UnsafePointer<iovec>?, _ count: Int32, _ offset: off_t, _ flags: Int32
  ) -> Int
  @_extern(c, "sync_file_range")
  private func syncRange(_ file: Int32, _ offset: off_t, _ count: off_t, _ flags: UInt32) -> Int32
#endif
import WasmEngine

// How bytes move between a guest's memory and the host, and how a guest waits. No call of the host is made that could last:
// large transfers go in pieces, nothing is read or written that would have to wait, and waiting is done by poll(2) for a
// moment at a time. Between them the store is asked whether the execution is to be given up.
extension WASI {
  /// The bytes that one call of the host moves at most: some milliseconds of work.
  static let pieceSize = 16 << 20
  /// In milliseconds: how soon an interruption from another thread takes effect on a guest that waits.
  static let longestWait: Int32 = 20

  enum Direction {
    case read, write
  }

  /// Ends a call where the execution is to be given up; the guest is not told of it but traps.
  func checkInterruption() throws(Errno) {
    if isInterrupted { throw .interrupted }
  }

  /// Reads what there is, up to the size of the regions, or writes all of them. Where that fails midway, the guest hears how
  /// much was moved, and of the error with its next call.
  func transfer(
    _ direction: Direction, _ descriptor: Descriptor, _ host: HostDescriptor, _ regions: [UnsafeMutableRawBufferPointer]
  ) throws(Errno) -> Int {
    guard descriptor.mayWait else {
      return try transferInPieces(regions) { vectors, count, _ in
        direction == .read
          ? readv(host.raw, vectors, count) : writing(vectors, count) { writev(host.raw, vectors, count) }
      }
    }
    let total = regions.byteCount
    var done = 0
    while true {
      try checkInterruption()
      let count = attempt(direction, descriptor, host, regions.part(from: done, upTo: Self.pieceSize))
      if count > 0 {
        done += count
        if direction == .read || done >= total { return done }
      } else if count == 0 {
        return done
      } else if errno == EAGAIN, try !descriptor.flags().contains(.nonblock) {
        try wait(for: host, direction)
      } else if errno != EINTR {
        if done > 0 { return done }
        throw Errno.last
      }
    }
  }

  /// Transfers with a file, which never makes a guest wait.
  func transferInPieces(
    _ regions: [UnsafeMutableRawBufferPointer],
    _ call: (UnsafePointer<iovec>?, Int32, _ done: Int) -> Int
  ) throws(Errno) -> Int {
    let total = regions.byteCount
    var done = 0
    while true {
      try checkInterruption()
      let part = regions.part(from: done, upTo: Self.pieceSize)
      let count = part.withHostVectors { call($0, $1, done) }
      if count >= 0 {
        done += count
        if done >= total || count < part.byteCount { return done }
      } else if errno != EINTR {
        if done > 0 { return done }
        throw Errno.last
      }
    }
  }

  /// Does something with a region, piece by piece.
  func inPieces(
    _ region: UnsafeMutableRawBufferPointer, size: Int = 1 << 20,
    _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Void
  ) throws(Errno) {
    var rest = region[...]
    repeat {
      try checkInterruption()
      let piece = rest.prefix(size)
      try body(UnsafeMutableRawBufferPointer(rebasing: piece))
      rest = rest.dropFirst(piece.count)
    } while !rest.isEmpty
  }

  /// Reads or writes once without waiting: -1 with `EAGAIN` where it would have to.
  private func attempt(
    _ direction: Direction, _ descriptor: Descriptor, _ host: HostDescriptor, _ part: [UnsafeMutableRawBufferPointer]
  ) -> Int {
    func plain(_ part: [UnsafeMutableRawBufferPointer]) -> Int {
      part.withHostVectors { vectors, count in
        direction == .read
          ? readv(host.raw, vectors, count) : writing(vectors, count) { writev(host.raw, vectors, count) }
      }
    }
    // What the guest has opened never waits.
    guard descriptor.isShared else { return plain(part) }
    #if !canImport(Darwin)
      if descriptor.canBeAskedNotToWait {
        let noWait: Int32 = 8  // RWF_NOWAIT
        let count = part.withHostVectors { vectors, count in
          direction == .read
            ? readVectors(host.raw, vectors, count, -1, noWait)
            : writing(vectors, count) { writeVectors(host.raw, vectors, count, -1, noWait) }
        }
        if count >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS) { return count }
        descriptor.canBeAskedNotToWait = false
      }
    #endif
    // A terminal, or an older system: where others use the same stream, they can be quicker, and then this waits for them.
    var entry = pollfd(fd: host.raw, events: direction.events, revents: 0)
    let ready = poll(&entry, 1, 0)
    if ready == 0 { errno = EAGAIN }
    guard ready > 0 else { return -1 }
    // So much a pipe takes at once that takes anything (PIPE_BUF).
    return plain(direction == .read ? part : part.part(from: 0, upTo: 4096))
  }

  /// Waits until a stream can go on.
  private func wait(for host: HostDescriptor, _ direction: Direction) throws(Errno) {
    var entry = pollfd(fd: host.raw, events: direction.events, revents: 0)
    while true {
      try checkInterruption()
      let ready = poll(&entry, 1, Self.longestWait)
      if ready > 0 { return }
      if ready < 0, errno != EINTR { throw Errno.last }
    }
  }

  /// Has the system write back what a file holds that is not on the disk yet, piece by piece: what fsync(2) has left to do
  /// is then short. It tells of errors too.
  func writeBack(_ host: HostDescriptor) throws(Errno) {
    #if !canImport(Darwin)
      let piece = 64 << 20
      let status = try host.status()
      // A file with holes can be of any size; what comes later is left to fsync(2).
      let size = off_t(clamping: min(status.byteCount, 1 << 40))
      guard status.fileType == .regularFile, size > piece else { return }
      let all: UInt32 = 7  // SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER
      for offset in stride(from: 0, to: size, by: piece) {
        try checkInterruption()
        guard syncRange(host.raw, offset, piece, all) == 0 else { return }
      }
    #endif
  }
}

/// Makes a call that writes vectors. That nobody reads them, or that a file cannot be so large, is an error of the call and no
/// signal, which would end the embedder.
func writing(_ vectors: UnsafePointer<iovec>?, _ count: Int32, _ call: () -> Int) -> Int {
  let total = UnsafeBufferPointer(start: vectors, count: Int(count)).reduce(0) { $0 + $1.iov_len }
  return WriteSignals.withheld(expecting: total, call)
}

extension WASI.Direction {
  fileprivate var events: Int16 { self == .read ? Int16(clamping: POLLIN) : Int16(clamping: POLLOUT) }
}

extension [UnsafeMutableRawBufferPointer] {
  var byteCount: Int { reduce(0) { $0 + $1.count } }

  /// The regions behind the first `start` bytes, up to a number of bytes.
  fileprivate func part(from start: Int, upTo limit: Int) -> [UnsafeMutableRawBufferPointer] {
    if start == 0, byteCount <= limit { return self }
    var result: [UnsafeMutableRawBufferPointer] = []
    var skipped = start
    var left = limit
    for region in self where left > 0 {
      let rest = region[Swift.min(skipped, region.count)...].prefix(left)
      skipped -= Swift.min(skipped, region.count)
      left -= rest.count
      if !rest.isEmpty { result.append(UnsafeMutableRawBufferPointer(rebasing: rest)) }
    }
    return result
  }

  /// Lends the host's vector of these regions and its count.
  fileprivate func withHostVectors(_ body: (UnsafePointer<iovec>?, Int32) -> Int) -> Int {
    let vectors = map { iovec(iov_base: $0.baseAddress, iov_len: $0.count) }
    return vectors.withUnsafeBufferPointer { body($0.baseAddress, Int32(clamping: $0.count)) }
  }
}
