#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

/// The entries of a directory as `fd_readdir` gives them. A cookie is the number of entries before it: the host's own
/// positions do not fit into the 32 bits of wasi-libc's `telldir`, and mean something else when entries have gone.
final class DirectoryListing {
  struct Entry {
    var inode: UInt64
    var type: FileType
    var name: [UInt8]
  }

  /// So many of the entries that were read are kept, for a guest that goes back to one. An older one is come to by
  /// counting from the start again.
  static let maximumKept = 8192

  #if canImport(Darwin)
    private let stream: UnsafeMutablePointer<DIR>
  #else
    private let stream: OpaquePointer
  #endif
  private let directory: HostDescriptor
  private var kept: [Entry] = []
  /// The number of the first entry that is kept.
  private var first = 0
  /// The number of the entry that comes next.
  private(set) var position = 0

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

  /// Goes to the entry that a cookie means, or to the end. From the start a listing shows what is there now.
  func seek(_ cookie: UInt64, checking check: () throws(Errno) -> Void) throws(Errno) {
    let number = Int(clamping: cookie)
    if number == 0 || number < first {
      rewinddir(stream)
      kept.removeAll()
      first = 0
    }
    position = min(number, first + kept.count)
    while position < number, try next() != nil { try check() }
  }

  /// The next entry, or nil after the last one.
  func next() throws(Errno) -> Entry? {
    if position == first + kept.count {
      guard let entry = try read() else { return nil }
      if kept.count == Self.maximumKept {
        kept.removeFirst(Self.maximumKept / 2)
        first += Self.maximumKept / 2
      }
      kept.append(entry)
    }
    position += 1
    return kept[position - 1 - first]
  }

  private func read() throws(Errno) -> Entry? {
    errno = 0
    guard let entry = readdir(stream) else {
      if errno != 0 { throw Errno.last }
      return nil
    }
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
    return Entry(inode: inode, type: type, name: bytes)
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
