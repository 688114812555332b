/// What may be done with a descriptor (`rights`).
struct Rights: OptionSet, Hashable, Sendable {
  let rawValue: UInt64

  static let fdDatasync = Rights(rawValue: 1 << 0)
  static let fdRead = Rights(rawValue: 1 << 1)
  static let fdSeek = Rights(rawValue: 1 << 2)
  static let fdFdstatSetFlags = Rights(rawValue: 1 << 3)
  static let fdSync = Rights(rawValue: 1 << 4)
  static let fdTell = Rights(rawValue: 1 << 5)
  static let fdWrite = Rights(rawValue: 1 << 6)
  static let fdAdvise = Rights(rawValue: 1 << 7)
  static let fdAllocate = Rights(rawValue: 1 << 8)
  static let pathCreateDirectory = Rights(rawValue: 1 << 9)
  static let pathCreateFile = Rights(rawValue: 1 << 10)
  static let pathLinkSource = Rights(rawValue: 1 << 11)
  static let pathLinkTarget = Rights(rawValue: 1 << 12)
  static let pathOpen = Rights(rawValue: 1 << 13)
  static let fdReaddir = Rights(rawValue: 1 << 14)
  static let pathReadlink = Rights(rawValue: 1 << 15)
  static let pathRenameSource = Rights(rawValue: 1 << 16)
  static let pathRenameTarget = Rights(rawValue: 1 << 17)
  static let pathFilestatGet = Rights(rawValue: 1 << 18)
  static let pathFilestatSetSize = Rights(rawValue: 1 << 19)
  static let pathFilestatSetTimes = Rights(rawValue: 1 << 20)
  static let fdFilestatGet = Rights(rawValue: 1 << 21)
  static let fdFilestatSetSize = Rights(rawValue: 1 << 22)
  static let fdFilestatSetTimes = Rights(rawValue: 1 << 23)
  static let pathSymlink = Rights(rawValue: 1 << 24)
  static let pathRemoveDirectory = Rights(rawValue: 1 << 25)
  static let pathUnlinkFile = Rights(rawValue: 1 << 26)
  static let pollFdReadwrite = Rights(rawValue: 1 << 27)
  static let sockShutdown = Rights(rawValue: 1 << 28)
  static let sockAccept = Rights(rawValue: 1 << 29)

  /// Every right that preview 1 defines; bits beyond them are ignored where a guest sets them.
  static let defined = Rights(rawValue: 1 << 30 - 1)

  /// All that can be done with a file.
  static let file: Rights = [
    .fdDatasync, .fdRead, .fdSeek, .fdFdstatSetFlags, .fdSync, .fdTell, .fdWrite, .fdAdvise, .fdAllocate,
    .fdFilestatGet, .fdFilestatSetSize, .fdFilestatSetTimes, .pollFdReadwrite,
  ]

  /// All that can be done with a directory.
  static let directory: Rights = [
    .fdDatasync, .fdFdstatSetFlags, .fdSync, .fdReaddir, .fdFilestatGet, .fdFilestatSetTimes, .pathCreateDirectory,
    .pathCreateFile, .pathLinkSource, .pathLinkTarget, .pathOpen, .pathReadlink, .pathRenameSource,
    .pathRenameTarget, .pathFilestatGet, .pathFilestatSetSize, .pathFilestatSetTimes, .pathSymlink,
    .pathRemoveDirectory, .pathUnlinkFile,
  ]
}

/// What a descriptor or directory entry refers to (`filetype`).
enum FileType: UInt8, Hashable, Sendable {
  case unknown = 0
  case blockDevice
  case characterDevice
  case directory
  case regularFile
  case socketDatagram
  case socketStream
  case symbolicLink
}

/// How a descriptor behaves (`fdflags`).
struct DescriptorFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt16

  static let append = DescriptorFlags(rawValue: 1)
  static let dsync = DescriptorFlags(rawValue: 2)
  static let nonblock = DescriptorFlags(rawValue: 4)
  static let rsync = DescriptorFlags(rawValue: 8)
  static let sync = DescriptorFlags(rawValue: 16)

  static let defined = DescriptorFlags(rawValue: 31)
  static let synchronizing: DescriptorFlags = [.dsync, .rsync, .sync]
}

/// How `path_open` opens (`oflags`).
struct OpenFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt16

  static let create = OpenFlags(rawValue: 1)
  static let directory = OpenFlags(rawValue: 2)
  static let exclusive = OpenFlags(rawValue: 4)
  static let truncate = OpenFlags(rawValue: 8)

  static let defined = OpenFlags(rawValue: 15)
}

/// How a path is resolved (`lookupflags`).
struct LookupFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt32

  static let symlinkFollow = LookupFlags(rawValue: 1)
}

/// Which times to set, and to what (`fstflags`).
struct FileTimesFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt16

  static let accessTime = FileTimesFlags(rawValue: 1)
  static let accessTimeNow = FileTimesFlags(rawValue: 2)
  static let modificationTime = FileTimesFlags(rawValue: 4)
  static let modificationTimeNow = FileTimesFlags(rawValue: 8)

  static let defined = FileTimesFlags(rawValue: 15)
}

/// From where `fd_seek` counts (`whence`).
enum Whence: UInt8, Hashable, Sendable {
  case set = 0
  case current
  case end
}

/// The clocks of preview 1 (`clockid`).
enum ClockIdentifier: UInt32, Hashable, Sendable {
  case realtime = 0
  case monotonic
  case processCPUTime
  case threadCPUTime
}

/// What a subscription waits for and an event tells (`eventtype`).
enum EventType: UInt8, Hashable, Sendable {
  case clock = 0
  case fdRead
  case fdWrite
}
