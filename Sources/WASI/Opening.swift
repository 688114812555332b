#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  /// The platform module does not show it.
  @_extern(c, "fstatfs")
  private func fileSystemStatus(_ file: Int32, _ status: UnsafeMutableRawPointer) -> Int32
#endif

extension WASI {
  func path_open(
    _ memory: GuestMemory, _ fd: UInt32, _ lookupFlags: UInt32, _ path: UInt32, _ length: UInt32, _ openFlags: UInt32,
    _ base: UInt64, _ inheriting: UInt64, _ descriptorFlags: UInt32, _ result: UInt32
  ) throws(Errno) {
    guard openFlags <= UInt32(OpenFlags.defined.rawValue) else { throw .invalid }
    guard descriptorFlags <= UInt32(DescriptorFlags.defined.rawValue) else { throw .invalid }
    let openFlags = OpenFlags(rawValue: UInt16(clamping: openFlags))
    let flags = DescriptorFlags(rawValue: UInt16(clamping: descriptorFlags))
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

    let place = try resolve(try memory.path(path, length), from: host, last: last)
    if place.mustBeDirectory && openFlags.contains(.create) { throw .isDirectory }
    let opened = try HostDescriptor(
      openat(place.directory.raw, place.name, Self.hostFlags(place, openFlags, flags, base), 0o666))
    guard !Self.isMemoryOfProcess(opened, place.name) else { throw .notPermitted }
    let status = try opened.status()
    let descriptor: Descriptor
    if status.fileType == .directory {
      descriptor = Descriptor(
        .directory(opened), fileType: .directory, rights: base.intersection(.directory), inheriting: inheriting)
    } else {
      let isSeekable = opened.isSeekable
      var rights = base.intersection(.file)
      if !isSeekable { rights.subtract([.fdSeek, .fdTell]) }
      descriptor = Descriptor(
        .file(opened), fileType: status.fileType, isSeekable: isSeekable, flags: flags, rights: rights,
        inheriting: inheriting)
    }
    try memory.store(try descriptors.insert(descriptor), at: result)
  }

  /// Whether a file is the memory of a process. Who writes to that of this one writes machine code, whatever its pages allow:
  /// a guest that is given `/proc`, or all there is, is not given that.
  private static func isMemoryOfProcess(_ file: HostDescriptor, _ name: [CChar]) -> Bool {
    #if canImport(Darwin)
      return false
    #else
      guard name == Array("mem".utf8CString) else { return false }
      var status = [Int](repeating: 0, count: 64)
      // PROC_SUPER_MAGIC, in the first word. What cannot be told is not opened.
      return fileSystemStatus(file.raw, &status) != 0 || status[0] == 0x9FA0
    #endif
  }

  private static func hostFlags(
    _ place: ResolvedPath, _ openFlags: OpenFlags, _ flags: DescriptorFlags, _ rights: Rights
  ) -> Int32 {
    // Not to wait: a pipe without another end must not hold us up, here and later.
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
