#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

/// A descriptor of the host that is closed when nobody holds it any more. Its number is never one of a standard stream, in
/// which others would see what the embedder has closed.
final class HostDescriptor {
  let raw: Int32

  /// Takes over what a call such as `openat` returned, or throws why it failed.
  init(_ raw: Int32) throws(Errno) { self.raw = try checked(OwnDescriptors.aboveStandardStreams(raw)) }

  deinit { close(raw) }

  /// What `fstat` tells.
  func status() throws(Errno) -> FileStatus {
    var status = stat()
    try checked(fstat(raw, &status))
    return FileStatus(status, socketOf: raw)
  }

  var isSeekable: Bool { lseek(raw, 0, SEEK_CUR) >= 0 }
}

extension FileStatus {
  /// - Parameter descriptor: the open descriptor, where there is one, to tell the kinds of sockets apart.
  init(_ status: stat, socketOf descriptor: Int32? = nil) {
    let type: FileType =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regularFile
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      case S_IFSOCK: descriptor.map(socketType) ?? .socketStream
      default: .unknown
      }
    #if canImport(Darwin)
      let (access, modification, change) = (status.st_atimespec, status.st_mtimespec, status.st_ctimespec)
    #else
      let (access, modification, change) = (status.st_atim, status.st_mtim, status.st_ctim)
    #endif
    self.init(
      device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino),
      fileType: type, linkCount: UInt64(truncatingIfNeeded: status.st_nlink),
      byteCount: UInt64(clamping: status.st_size), accessTime: nanoseconds(access),
      modificationTime: nanoseconds(modification), changeTime: nanoseconds(change))
  }
}

private func socketType(_ descriptor: Int32) -> FileType {
  var type: Int32 = 0
  var length = socklen_t(clamping: MemoryLayout<Int32>.size)
  guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0 else { return .unknown }
  #if canImport(Darwin)
    return type == SOCK_DGRAM ? .socketDatagram : .socketStream
  #else
    return type == Int32(clamping: SOCK_DGRAM.rawValue) ? .socketDatagram : .socketStream
  #endif
}

/// A time of the host in nanoseconds; times before 1970, which WASI cannot express, are 0.
func nanoseconds(_ time: timespec) -> UInt64 {
  guard time.tv_sec >= 0 else { return 0 }
  let (seconds, overflow) = UInt64(clamping: time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
  return overflow ? .max : seconds &+ UInt64(clamping: time.tv_nsec)
}
