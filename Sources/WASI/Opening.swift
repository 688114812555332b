#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension WASI {
  func path_open(
    _ memory: GuestMemory, _ fd: UInt32, _ lookupFlags: UInt32, _ path: UInt32, _ length: UInt32, _ openFlags: UInt32,
    _ base: UInt64, _ inheriting: UInt64, _ descriptorFlags: UInt32, _ result: UInt32
  ) throws(Errno) {
    guard openFlags <= UInt32(OpenFlags.defined.rawValue) else { throw .invalid }
    guard descriptorFlags <= UInt32(DescriptorFlags.defined.rawValue) else { throw .invalid }
    let openFlags = OpenFlags(rawValue: UInt16(openFlags))
    let flags = DescriptorFlags(rawValue: UInt16(descriptorFlags))
    let base = Rights(rawValue: base).intersection(.defined)
    let inheriting = Rights(rawValue: inheriting).intersection(.defined)
    var last = try Self.last(lookupFlags)
    if openFlags.isSuperset(of: [.create, .directory]) { throw .invalid }
    // Exclusive creation never goes through a link (POSIX, open).
    if openFlags.isSuperset(of: [.create, .exclusive]) { last = .leave }

    var needed: Rights = .pathOpen
    if openFlags.contains(.create) { needed.insert(.pathCreateFile) }
    if openFlags.contains(.truncate) { needed.insert(.pathFilestatSetSize) }
    let (directory, host) = try descriptors.directory(fd, needed)
    guard directory.inheriting.isSuperset(of: base.union(inheriting)) else { throw .notCapable }
    if !flags.isDisjoint(with: [.sync, .rsync]) {
      guard directory.inheriting.contains(.fdSync) else { throw .notCapable }
    }
    if flags.contains(.dsync) { guard directory.inheriting.contains(.fdDatasync) else { throw .notCapable } }
    _ = try memory.region(result, 4)
    guard descriptors.hasRoom else { throw .tooManyOpenFiles }

    let place = try PathResolution.resolve(try memory.path(path, length), from: host, last: last)
    if place.mustBeDirectory && openFlags.contains(.create) { throw .isDirectory }
    let opened = try HostDescriptor(
      openat(place.directory.raw, place.name, Self.hostFlags(place, openFlags, flags, base), 0o666))
    let status = try opened.status()
    let descriptor: Descriptor
    if status.fileType == .directory {
      descriptor = Descriptor(
        .directory(opened), fileType: .directory, rights: base.intersection(.directory), inheriting: inheriting)
    } else {
      // It was opened so that a pipe without another end does not hold us up.
      if !flags.contains(.nonblock) {
        let now = try checked(fcntl(opened.raw, F_GETFL))
        try checked(fcntl(opened.raw, F_SETFL, now & ~O_NONBLOCK))
      }
      let isSeekable = opened.isSeekable
      var rights = base.intersection(.file)
      if !isSeekable { rights.subtract([.fdSeek, .fdTell]) }
      descriptor = Descriptor(
        .file(opened), fileType: status.fileType, isSeekable: isSeekable, rights: rights, inheriting: inheriting)
    }
    try memory.store(try descriptors.insert(descriptor), at: result)
  }

  private static func hostFlags(
    _ place: ResolvedPath, _ openFlags: OpenFlags, _ flags: DescriptorFlags, _ rights: Rights
  ) -> Int32 {
    var host = flags.host | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY
    let isDirectory = place.mustBeDirectory || openFlags.contains(.directory)
    if isDirectory {
      host |= O_DIRECTORY
    }
    let writes = !rights.isDisjoint(with: [.fdWrite, .fdDatasync, .fdAllocate, .fdFilestatSetSize])
    let reads = !rights.isDisjoint(with: [.fdRead, .fdReaddir])
    if writes && !isDirectory {
      host |= reads ? O_RDWR : O_WRONLY
    } else {
      host |= O_RDONLY
    }
    if openFlags.contains(.create) { host |= O_CREAT }
    if openFlags.contains(.exclusive) { host |= O_EXCL }
    if openFlags.contains(.truncate) { host |= O_TRUNC }
    return host
  }
}
