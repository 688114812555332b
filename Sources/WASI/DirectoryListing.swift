#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

/// The entries of a directory as `fd_readdir` gives them. A cookie is the number of entries before it: the host's own
/// positions do not fit into the 32 bits of wasi-libc's `telldir`, and mean something else when entries have gone.
///
/// Entries that were read are kept, for a guest that goes back to one. An older one is come to by counting from the start
/// again.
final class DirectoryListing {
  struct Entry {
    var inode: UInt64
    var type: FileType
    var name: [UInt8]
  }

  /// What is kept of an entry beside its name.
  private struct Record {
    var inode: UInt64
    /// Where its name ends in the names.
    var nameEnd: UInt32
    var type: FileType
  }

  /// The bytes that the listings of a guest may keep together, beyond ``ownByteCount`` of each.
  final class Budget {
    static let size = 1 << 20
    fileprivate(set) var left = size
  }

  /// So many entries are kept at most.
  static let maximumKept = 8192
  /// The bytes that a listing may keep however many there are: what a guest reads at a time with the usual buffer.
  private static let ownByteCount = 4096

  #if canImport(Darwin)
    private let stream: UnsafeMutablePointer<DIR>
  #else
    private let stream: OpaquePointer
  #endif
  private let directory: HostDescriptor
  private let budget: Budget
  /// What was taken of the budget.
  private var taken = 0
  private var records: [Record] = []
  /// The names of the records, one after the other.
  private var names: [UInt8] = []
  /// The number of the first entry that is kept.
  private var first = 0
  /// The number of the entry that comes next.
  private(set) var position = 0

  init(_ directory: HostDescriptor, _ budget: Budget) throws(Errno) {
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
    self.budget = budget
  }

  deinit {
    closedir(stream)
    budget.left += taken
  }

  /// Goes to the entry that a cookie means, or to the end. From the start a listing shows what is there now.
  func seek(_ cookie: UInt64, checking check: () throws(Errno) -> Void) throws(Errno) {
    let number = Int(clamping: cookie)
    if number == 0 || number < first {
      rewinddir(stream)
      forget(records.count)
      first = 0
    }
    position = min(number, first + records.count)
    while position < number, try next() != nil { try check() }
  }

  /// The next entry, or nil after the last one.
  func next() throws(Errno) -> Entry? {
    if position == first + records.count {
      guard let entry = try read() else { return nil }
      keep(entry)
    }
    let place = position - first
    position += 1
    let start = place == 0 ? 0 : Int(records[place - 1].nameEnd)
    let record = records[place]
    return Entry(inode: record.inode, type: record.type, name: Array(names[start..<Int(record.nameEnd)]))
  }

  private func keep(_ entry: Entry) {
    if records.count == Self.maximumKept { forget(Self.maximumKept / 2) }
    if !pay(for: records.count + 1, names.count + entry.name.count) {
      forget((records.count + 1) / 2)
      if !pay(for: records.count + 1, names.count + entry.name.count) { forget(records.count) }
    }
    names += entry.name
    records.append(Record(inode: entry.inode, nameEnd: UInt32(clamping: names.count), type: entry.type))
  }

  /// Takes what is to be kept from the budget, or gives back what is not; false, and nothing happens, if it is too much.
  private func pay(for recordCount: Int, _ nameBytes: Int) -> Bool {
    let wanted = max(recordCount * MemoryLayout<Record>.stride + nameBytes - Self.ownByteCount, 0)
    guard wanted - taken <= budget.left else { return false }
    budget.left -= wanted - taken
    taken = wanted
    return true
  }

  /// Lets go of the oldest entries.
  private func forget(_ count: Int) {
    guard count > 0 else { return }
    let end = records[count - 1].nameEnd
    // New arrays: what is taken out of one stays its room.
    names = Array(names.dropFirst(Int(end)))
    records = records.dropFirst(count).map {
      Record(inode: $0.inode, nameEnd: $0.nameEnd - end, type: $0.type)
    }
    first += count
    _ = pay(for: records.count, names.count)
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
