/// The structures that cross to the guest, written field by field at the offsets of the preview 1 witx. Padding is zero.
struct Prestat {
  static let size: UInt32 = 8
  var nameLength: UInt32

  func store(in memory: GuestMemory, at address: UInt32) throws(Errno) {
    let target = try memory.region(address, Self.size)
    target.clear()
    target.put(nameLength, at: 4)
  }
}

struct DescriptorStatus {
  static let size: UInt32 = 24
  var fileType: FileType
  var flags: DescriptorFlags
  var rights: Rights
  var inheriting: Rights

  func store(in memory: GuestMemory, at address: UInt32) throws(Errno) {
    let target = try memory.region(address, Self.size)
    target.clear()
    target.put(fileType.rawValue, at: 0)
    target.put(flags.rawValue, at: 2)
    target.put(rights.rawValue, at: 8)
    target.put(inheriting.rawValue, at: 16)
  }
}

struct FileStatus: Equatable {
  static let size: UInt32 = 64
  var device: UInt64 = 0
  var inode: UInt64 = 0
  var fileType: FileType
  var linkCount: UInt64 = 1
  /// In bytes.
  var byteCount: UInt64 = 0
  /// In nanoseconds since 1970, as the other times.
  var accessTime: UInt64 = 0
  var modificationTime: UInt64 = 0
  var changeTime: UInt64 = 0

  func store(in memory: GuestMemory, at address: UInt32) throws(Errno) {
    let target = try memory.region(address, Self.size)
    target.clear()
    target.put(device, at: 0)
    target.put(inode, at: 8)
    target.put(fileType.rawValue, at: 16)
    target.put(linkCount, at: 24)
    target.put(byteCount, at: 32)
    target.put(accessTime, at: 40)
    target.put(modificationTime, at: 48)
    target.put(changeTime, at: 56)
  }
}

struct DirectoryEntryHeader {
  static let size = 24
  /// The cookie of the entry after this one.
  var next: UInt64
  var inode: UInt64
  var nameLength: UInt32
  var fileType: FileType

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.size)
    bytes.withUnsafeMutableBytes {
      $0.put(next, at: 0)
      $0.put(inode, at: 8)
      $0.put(nameLength, at: 16)
      $0.put(fileType.rawValue, at: 20)
    }
    return bytes
  }
}

struct Event: Equatable {
  static let size = 32
  var userData: UInt64
  var error: Errno?
  var type: EventType
  var byteCount: UInt64 = 0
  /// The other end has hung up.
  var hangUp = false

  func put(in target: UnsafeMutableRawBufferPointer, at offset: Int) {
    let target = UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + Self.size])
    target.clear()
    target.put(userData, at: 0)
    target.put(error?.rawValue ?? 0, at: 8)
    target.put(type.rawValue, at: 10)
    target.put(byteCount, at: 16)
    target.put((hangUp ? 1 : 0) as UInt16, at: 24)
  }
}

struct Subscription {
  static let size = 48
  var userData: UInt64
  /// As the guest gives it: it may be none of ``EventType``.
  var type: UInt8
  var clock: UInt32
  var timeout: UInt64
  var isAbsolute: Bool
  /// The descriptor, at the place where a clock's identifier stands.
  var descriptor: UInt32 { clock }

  init(from source: UnsafeMutableRawBufferPointer, at offset: Int) {
    userData = source.get(at: offset)
    type = source.get(at: offset + 8)
    clock = source.get(at: offset + 16)
    timeout = source.get(at: offset + 24)
    isAbsolute = (source.get(at: offset + 40) as UInt16) & 1 != 0
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func clear() { initializeMemory(as: UInt8.self, repeating: 0) }

  fileprivate func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }

  fileprivate func get<T: FixedWidthInteger>(at offset: Int) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
