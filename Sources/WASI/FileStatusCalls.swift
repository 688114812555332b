#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// What a guest asks and changes of a descriptor itself and of a file's attributes.
extension WASI {
  func fd_close(_ fd: UInt32) throws(Errno) { try descriptors.remove(fd) }

  func fd_renumber(_ from: UInt32, _ to: UInt32) throws(Errno) { try descriptors.renumber(from, to: to) }

  func fd_prestat_get(_ memory: GuestMemory, _ fd: UInt32, _ result: UInt32) throws(Errno) {
    guard let name = descriptors[fd]?.preopenName else { throw .badDescriptor }
    try Prestat(nameLength: UInt32(clamping: name.count)).store(in: memory, at: result)
  }

  func fd_prestat_dir_name(_ memory: GuestMemory, _ fd: UInt32, _ path: UInt32, _ length: UInt32) throws(Errno) {
    guard let name = descriptors[fd]?.preopenName else { throw .badDescriptor }
    guard length >= name.count else { throw .nameTooLong }
    try memory.store(bytes: name, at: path)
  }

  func fd_fdstat_get(_ memory: GuestMemory, _ fd: UInt32, _ result: UInt32) throws(Errno) {
    let descriptor = try descriptors.any(fd, [])
    try DescriptorStatus(
      fileType: descriptor.fileType, flags: try descriptor.flags(), rights: descriptor.rights,
      inheriting: descriptor.inheriting
    ).store(in: memory, at: result)
  }

  func fd_fdstat_set_flags(_ fd: UInt32, _ flags: UInt32) throws(Errno) {
    let descriptor = try descriptors.any(fd, .fdFdstatSetFlags)
    guard flags <= UInt32(DescriptorFlags.defined.rawValue) else { throw .invalid }
    try descriptor.setFlags(DescriptorFlags(rawValue: UInt16(clamping: flags)))
  }

  func fd_fdstat_set_rights(_ fd: UInt32, _ base: UInt64, _ inheriting: UInt64) throws(Errno) {
    let descriptor = try descriptors.any(fd, [])
    let base = Rights(rawValue: base)
    let inheriting = Rights(rawValue: inheriting)
    guard descriptor.rights.isSuperset(of: base), descriptor.inheriting.isSuperset(of: inheriting) else {
      throw .notCapable
    }
    descriptor.rights = base
    descriptor.inheriting = inheriting
  }

  func fd_filestat_get(_ memory: GuestMemory, _ fd: UInt32, _ result: UInt32) throws(Errno) {
    let descriptor = try descriptors.any(fd, .fdFilestatGet)
    var status = FileStatus(fileType: descriptor.fileType)
    if let host = descriptor.host { status = try host.status() }
    try status.store(in: memory, at: result)
  }

  func fd_filestat_set_times(_ fd: UInt32, _ access: UInt64, _ modification: UInt64, _ flags: UInt32) throws(Errno) {
    let descriptor = try descriptors.any(fd, .fdFilestatSetTimes)
    let times = try Self.times(access, modification, flags)
    guard let host = descriptor.host else { throw .invalid }
    try checked(futimens(host.raw, times))
  }

  /// The two times as the host takes them.
  static func times(_ access: UInt64, _ modification: UInt64, _ flags: UInt32) throws(Errno) -> [timespec] {
    guard flags <= UInt32(FileTimesFlags.defined.rawValue) else { throw .invalid }
    let flags = FileTimesFlags(rawValue: UInt16(clamping: flags))
    guard !flags.isSuperset(of: [.accessTime, .accessTimeNow]) else { throw .invalid }
    guard !flags.isSuperset(of: [.modificationTime, .modificationTimeNow]) else { throw .invalid }
    return [
      time(access, flags.contains(.accessTime), now: flags.contains(.accessTimeNow)),
      time(modification, flags.contains(.modificationTime), now: flags.contains(.modificationTimeNow)),
    ]
  }

  private static func time(_ nanoseconds: UInt64, _ isGiven: Bool, now: Bool) -> timespec {
    #if canImport(Darwin)
      let (utimeNow, utimeOmit) = (-1, -2)
    #else
      let (utimeNow, utimeOmit) = (1 << 30 - 1, 1 << 30 - 2)
    #endif
    if now { return timespec(tv_sec: 0, tv_nsec: utimeNow) }
    guard isGiven else { return timespec(tv_sec: 0, tv_nsec: utimeOmit) }
    return timespec(
      tv_sec: Int(clamping: nanoseconds / 1_000_000_000), tv_nsec: Int(clamping: nanoseconds % 1_000_000_000))
  }
}
