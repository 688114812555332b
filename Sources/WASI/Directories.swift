#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// What a guest does with the names in a directory.
extension WASI {
  func fd_readdir(
    _ memory: GuestMemory, _ fd: UInt32, _ buffer: UInt32, _ length: UInt32, _ cookie: UInt64, _ result: UInt32
  ) throws(Errno) {
    let (descriptor, host) = try descriptors.directory(fd, .fdReaddir)
    let target = try memory.region(buffer, length)
    _ = try memory.region(result, 4)
    let listing: DirectoryListing
    if let current = descriptor.listing {
      listing = current
    } else {
      listing = try DirectoryListing(host, listings)
      descriptor.listing = listing
    }
    try listing.seek(cookie) { () throws(Errno) in try checkInterruption() }
    var used = 0
    // An entry that does not fit is cut off, and the guest asks again from its cookie with a larger buffer.
    while used < target.count, let entry = try listing.next() {
      try checkInterruption()
      let header = DirectoryEntryHeader(
        next: UInt64(clamping: listing.position), inode: entry.inode, nameLength: UInt32(clamping: entry.name.count),
        fileType: entry.type)
      for part in [header.bytes, entry.name] {
        let count = min(part.count, target.count - used)
        UnsafeMutableRawBufferPointer(rebasing: target[used..<used + count]).copyBytes(from: part.prefix(count))
        used += count
      }
    }
    try memory.store(UInt32(clamping: used), at: result)
  }

  func path_create_directory(_ memory: GuestMemory, _ fd: UInt32, _ path: UInt32, _ length: UInt32) throws(Errno) {
    let place = try resolve(memory, fd, .pathCreateDirectory, path, length, last: .leave)
    try checked(mkdirat(place.directory.raw, place.name, 0o777))
  }

  func path_remove_directory(_ memory: GuestMemory, _ fd: UInt32, _ path: UInt32, _ length: UInt32) throws(Errno) {
    let place = try resolve(memory, fd, .pathRemoveDirectory, path, length, last: .leave)
    try checked(unlinkat(place.directory.raw, place.name, AT_REMOVEDIR))
  }

  func path_unlink_file(_ memory: GuestMemory, _ fd: UInt32, _ path: UInt32, _ length: UInt32) throws(Errno) {
    let place = try resolve(memory, fd, .pathUnlinkFile, path, length, last: .leave)
    if place.mustBeDirectory {
      // A slash asks for a directory, and those are not files.
      throw try place.status().fileType == .directory ? .isDirectory : .notDirectory
    }
    do {
      try checked(unlinkat(place.directory.raw, place.name, 0))
    } catch .notPermitted {
      // What POSIX says for a directory, where Linux says EISDIR.
      throw try place.status().fileType == .directory ? .isDirectory : .notPermitted
    }
  }

  func path_filestat_get(
    _ memory: GuestMemory, _ fd: UInt32, _ flags: UInt32, _ path: UInt32, _ length: UInt32, _ result: UInt32
  ) throws(Errno) {
    let place = try resolve(memory, fd, .pathFilestatGet, path, length, last: try Self.last(flags))
    try place.status().store(in: memory, at: result)
  }

  func path_filestat_set_times(
    _ memory: GuestMemory, _ fd: UInt32, _ flags: UInt32, _ path: UInt32, _ length: UInt32, _ access: UInt64,
    _ modification: UInt64, _ timeFlags: UInt32
  ) throws(Errno) {
    let times = try Self.times(access, modification, timeFlags)
    let place = try resolve(memory, fd, .pathFilestatSetTimes, path, length, last: try Self.last(flags))
    if place.mustBeDirectory { _ = try place.status() }
    try checked(utimensat(place.directory.raw, place.name, times, AT_SYMLINK_NOFOLLOW))
  }

  func path_link(
    _ memory: GuestMemory, _ oldFD: UInt32, _ flags: UInt32, _ oldPath: UInt32, _ oldLength: UInt32, _ newFD: UInt32,
    _ newPath: UInt32, _ newLength: UInt32
  ) throws(Errno) {
    let old = try resolve(memory, oldFD, .pathLinkSource, oldPath, oldLength, last: try Self.last(flags))
    let new = try resolve(memory, newFD, .pathLinkTarget, newPath, newLength, last: .leave)
    if old.mustBeDirectory { _ = try old.status() }
    try new.refuseSlash()
    // Without AT_SYMLINK_FOLLOW: a link that turns up here meanwhile is itself linked, wherever it leads.
    try checked(linkat(old.directory.raw, old.name, new.directory.raw, new.name, 0))
  }

  func path_rename(
    _ memory: GuestMemory, _ oldFD: UInt32, _ oldPath: UInt32, _ oldLength: UInt32, _ newFD: UInt32,
    _ newPath: UInt32, _ newLength: UInt32
  ) throws(Errno) {
    let old = try resolve(memory, oldFD, .pathRenameSource, oldPath, oldLength, last: .leave)
    let new = try resolve(memory, newFD, .pathRenameTarget, newPath, newLength, last: .leave)
    if old.mustBeDirectory || new.mustBeDirectory {
      guard try old.status(ignoringSlash: true).fileType == .directory else { throw .notDirectory }
    }
    try checked(renameat(old.directory.raw, old.name, new.directory.raw, new.name))
  }

  func path_symlink(
    _ memory: GuestMemory, _ target: UInt32, _ targetLength: UInt32, _ fd: UInt32, _ path: UInt32, _ length: UInt32
  ) throws(Errno) {
    let target = try memory.path(target, targetLength)
    let place = try resolve(memory, fd, .pathSymlink, path, length, last: .leave)
    guard let first = target.first else { throw .noEntry }
    // It could not be followed, and would lead others astray.
    guard first != UInt8(ascii: "/") else { throw .notPermitted }
    try place.refuseSlash()
    try checked(symlinkat(target.map { CChar(bitPattern: $0) } + [0], place.directory.raw, place.name))
  }

  func path_readlink(
    _ memory: GuestMemory, _ fd: UInt32, _ path: UInt32, _ length: UInt32, _ buffer: UInt32, _ bufferLength: UInt32,
    _ result: UInt32
  ) throws(Errno) {
    let place = try resolve(memory, fd, .pathReadlink, path, length, last: .followIfSlash)
    let buffer = try memory.region(buffer, bufferLength)
    _ = try memory.region(result, 4)
    if place.mustBeDirectory { _ = try place.status() }
    let target = try PathResolution.readLink(place.name, in: place.directory)
    // A path of the host's tells the guest about what lies outside.
    guard target.first != UInt8(ascii: "/") else { throw .notPermitted }
    let count = min(target.count, buffer.count)
    buffer.copyBytes(from: target.prefix(count))
    try memory.store(UInt32(clamping: count), at: result)
  }

  /// Resolves a guest's path relative to a descriptor with the rights for what is to be done.
  func resolve(
    _ memory: GuestMemory, _ fd: UInt32, _ rights: Rights, _ path: UInt32, _ length: UInt32,
    last: PathResolution.LastLink
  ) throws(Errno) -> ResolvedPath {
    let (_, directory) = try descriptors.directory(fd, rights)
    return try resolve(try memory.path(path, length), from: directory, last: last)
  }

  func resolve(
    _ path: [UInt8], from directory: HostDescriptor, last: PathResolution.LastLink
  ) throws(Errno) -> ResolvedPath {
    try PathResolution.resolve(path, from: directory, last: last) { () throws(Errno) in try checkInterruption() }
  }

  static func last(_ flags: UInt32) throws(Errno) -> PathResolution.LastLink {
    guard flags <= LookupFlags.symlinkFollow.rawValue else { throw .invalid }
    return LookupFlags(rawValue: flags).contains(.symlinkFollow) ? .follow : .followIfSlash
  }
}

extension ResolvedPath {
  /// What is there now, be it a link. With a slash at the path's end it has to be a directory.
  func status(ignoringSlash: Bool = false) throws(Errno) -> FileStatus {
    var status = stat()
    try checked(fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW))
    let result = FileStatus(status)
    if mustBeDirectory, !ignoringSlash, result.fileType != .directory { throw .notDirectory }
    return result
  }

  /// A new name that is no directory's cannot end in a slash.
  func refuseSlash() throws(Errno) {
    guard mustBeDirectory else { return }
    _ = try status(ignoringSlash: true)
    throw .exists
  }
}
