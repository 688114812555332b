#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

/// The entries of a directory as `fd_readdir` gives them. A cookie is the host's position after an entry.
final class DirectoryListing {
  struct Entry {
    var next: UInt64
    var inode: UInt64
    var type: FileType
    var name: [UInt8]
  }

  #if canImport(Darwin)
    private let stream: UnsafeMutablePointer<DIR>
  #else
    private let stream: OpaquePointer
  #endif
  private let directory: HostDescriptor
  /// The cookie at which the stream stands.
  private var position: UInt64 = 0

  init(_ directory: HostDescriptor) throws(Errno) {
    // A description of its own, so that its position is nobody else's.
    let raw = try checked(
      OwnDescriptors.aboveStandardStreams(openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
    guard let stream = fdopendir(raw) else {
      let error = Errno.last
      close(raw)
      throw error
    }
    self.stream = stream
    self.directory = directory
  }

  deinit { closedir(stream) }

  func seek(_ cookie: UInt64) {
    guard cookie != position else {
      // From the start a listing shows what is there now.
      if cookie == 0 { rewinddir(stream) }
      return
    }
    if cookie == 0 { rewinddir(stream) } else { seekdir(stream, Int(truncatingIfNeeded: cookie)) }
    position = cookie
  }

  /// The next entry, or nil after the last one.
  func next() throws(Errno) -> Entry? {
    errno = 0
    guard let entry = readdir(stream) else {
      if errno != 0 { throw Errno.last }
      return nil
    }
    position = UInt64(truncatingIfNeeded: telldir(stream))
    // Only as much of the record as there is: the name's array is longer than what stands behind it.
    let name = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
    let count = strlen(name.assumingMemoryBound(to: CChar.self))
    let bytes = [UInt8](UnsafeRawBufferPointer(start: name, count: count))
    var inode = UInt64(entry.pointee.d_ino)
    var type = FileType(entry: entry.pointee.d_type)
    if bytes == [46, 46] {
      // What lies above a preopened folder is not the guest's to know.
      inode = try directory.status().inode
      type = .directory
    } else if type == .unknown {
      var status = stat()
      if fstatat(directory.raw, bytes.map { CChar(bitPattern: $0) } + [0], &status, AT_SYMLINK_NOFOLLOW) == 0 {
        type = FileStatus(status).fileType
      }
    }
    return Entry(next: position, inode: inode, type: type, name: bytes)
  }
}

extension FileType {
  /// From the type in a directory entry of the host.
  fileprivate init(entry type: UInt8) {
    self =
      switch Int(type) {
      case Int(DT_REG): .regularFile
      case Int(DT_DIR): .directory
      case Int(DT_LNK): .symbolicLink
      case Int(DT_CHR): .characterDevice
      case Int(DT_BLK): .blockDevice
      case Int(DT_SOCK): .socketStream
      default: .unknown
      }
  }
}
