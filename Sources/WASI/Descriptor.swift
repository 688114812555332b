#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a guest's descriptor stands for.
final class Descriptor {
  enum Resource {
    case file(HostDescriptor)
    case directory(HostDescriptor)
    case source(WASIConfiguration.Source)
    case sink(WASIConfiguration.Sink)
  }

  let resource: Resource
  let fileType: FileType
  /// Whether it has a position. Pipes, terminals and sockets have none.
  let isSeekable: Bool
  /// Its description is shared with others outside (standard input and so on), whose flags are left alone.
  let isShared: Bool
  /// Flags of the guest's that the host's description does not carry: of a shared one all, of any other `nonblock`. What the
  /// guest opens never waits on the host's side, so that waiting can be given up (``WASI/transfer(_:_:_:_:)``).
  var ownFlags: DescriptorFlags
  /// Whether the host knows calls that do not wait on this shared description; false once it has said no.
  var canBeAskedNotToWait = true
  var rights: Rights
  var inheriting: Rights
  /// The name of a folder that the embedder opened for the guest.
  let preopenName: [UInt8]?
  /// The listing in progress.
  var listing: DirectoryListing?

  init(
    _ resource: Resource, fileType: FileType, isSeekable: Bool = false, isShared: Bool = false,
    flags: DescriptorFlags = [], rights: Rights, inheriting: Rights = [], preopenName: [UInt8]? = nil
  ) {
    self.resource = resource
    self.fileType = fileType
    self.isSeekable = isSeekable
    self.isShared = isShared
    ownFlags = isShared ? flags : flags.intersection(.nonblock)
    self.rights = rights
    self.inheriting = inheriting
    self.preopenName = preopenName
  }

  /// Whether its bytes may be a while in coming or going: all but files do that.
  var mayWait: Bool { !isSeekable || fileType == .characterDevice }

  /// The host's descriptor, where there is one.
  var host: HostDescriptor? {
    switch resource {
    case .file(let host), .directory(let host): host
    case .source, .sink: nil
    }
  }

  /// One of the standard streams that the host holds open. The descriptor is duplicated, so that the guest's closing it
  /// closes nothing of the embedder's.
  static func stream(_ raw: Int32, isInput: Bool) throws(Errno) -> Descriptor {
    let host = try HostDescriptor(fcntl(raw, F_DUPFD_CLOEXEC, 3))
    let status = try host.status()
    let isSeekable = host.isSeekable && status.fileType != .directory
    var rights: Rights = [.fdFdstatSetFlags, .fdFilestatGet, .fdAdvise, .pollFdReadwrite]
    rights.formUnion(isInput ? .fdRead : [.fdWrite, .fdSync, .fdDatasync])
    // Without these two a character device counts as a terminal in C libraries.
    if isSeekable { rights.formUnion([.fdSeek, .fdTell]) }
    return Descriptor(
      .file(host), fileType: status.fileType, isSeekable: isSeekable, isShared: true, rights: rights)
  }

  /// What `fd_fdstat_get` calls its flags.
  func flags() throws(Errno) -> DescriptorFlags {
    guard !isShared, let host else { return ownFlags }
    return DescriptorFlags(host: try checked(fcntl(host.raw, F_GETFL))).subtracting(.nonblock).union(ownFlags)
  }

  /// Changes them; the host can set `dsync`, `rsync` and `sync` only when it opens a file.
  func setFlags(_ flags: DescriptorFlags) throws(Errno) {
    guard flags.intersection(.synchronizing) == (try self.flags()).intersection(.synchronizing) else { throw .invalid }
    if !isShared, let host { try checked(fcntl(host.raw, F_SETFL, flags.union(.nonblock).host)) }
    ownFlags = isShared ? flags : flags.intersection(.nonblock)
  }
}

extension DescriptorFlags {
  init(host flags: Int32) {
    self = []
    if flags & O_APPEND != 0 { insert(.append) }
    if flags & O_NONBLOCK != 0 { insert(.nonblock) }
    if flags & O_DSYNC == O_DSYNC { insert(.dsync) }
    // O_SYNC holds the bit of O_DSYNC and one more; on Linux O_RSYNC is the same as O_SYNC.
    if flags & O_SYNC == O_SYNC { insert([.sync, .rsync]) }
  }

  var host: Int32 {
    var flags: Int32 = 0
    if contains(.append) { flags |= O_APPEND }
    if contains(.nonblock) { flags |= O_NONBLOCK }
    if contains(.dsync) { flags |= O_DSYNC }
    if !isDisjoint(with: [.sync, .rsync]) { flags |= O_SYNC }
    return flags
  }
}

/// The descriptors of one guest.
struct DescriptorTable {
  /// So many may be open at a time.
  let limit: Int
  private var entries: [Descriptor?]
  /// Numbers of standard streams that are not there. Nothing else ever gets one of them, or what a guest prints would end
  /// up in a file that it opened.
  private let absent: Set<Int>
  /// No number below is free.
  private var lowest = 0

  /// - Parameter streams: The standard streams, nil for one that is not there.
  init(limit: Int, streams: [Descriptor?]) {
    self.limit = limit
    entries = streams
    absent = Set(streams.indices.filter { streams[$0] == nil })
  }

  private var free: Int? { entries.indices[lowest...].first { entries[$0] == nil && !absent.contains($0) } }

  /// The open descriptor of a number.
  subscript(_ number: UInt32) -> Descriptor? {
    guard let index = Int(exactly: number), index < entries.count else { return nil }
    return entries[index]
  }

  /// Gives a descriptor the lowest free number.
  mutating func insert(_ descriptor: Descriptor) throws(Errno) -> UInt32 {
    let number = free ?? entries.count
    guard number < entries.count || number < limit else { throw .tooManyOpenFiles }
    if number == entries.count { entries.append(descriptor) } else { entries[number] = descriptor }
    lowest = number + 1
    return UInt32(clamping: number)
  }

  /// Whether another descriptor can be inserted: asked before anything is created for it.
  var hasRoom: Bool { entries.count < limit || free != nil }

  mutating func remove(_ number: UInt32) throws(Errno) {
    guard self[number] != nil else { throw .badDescriptor }
    entries[Int(number)] = nil
    lowest = min(lowest, Int(number))
  }

  /// Moves what `from` stands for to `to`, which is closed.
  mutating func renumber(_ from: UInt32, to: UInt32) throws(Errno) {
    guard let descriptor = self[from], self[to] != nil else { throw .badDescriptor }
    guard from != to else { return }
    entries[Int(to)] = descriptor
    entries[Int(from)] = nil
    lowest = min(lowest, Int(from))
  }

  /// A descriptor with the rights for an operation on a file or stream.
  func file(_ number: UInt32, _ required: Rights) throws(Errno) -> Descriptor {
    guard let descriptor = self[number] else { throw .badDescriptor }
    if case .directory = descriptor.resource { throw .badDescriptor }
    guard descriptor.rights.isSuperset(of: required) else { throw .notCapable }
    return descriptor
  }

  /// A directory with the rights for an operation in it.
  func directory(_ number: UInt32, _ required: Rights) throws(Errno) -> (Descriptor, HostDescriptor) {
    guard let descriptor = self[number] else { throw .badDescriptor }
    guard case .directory(let host) = descriptor.resource else { throw .notDirectory }
    guard descriptor.rights.isSuperset(of: required) else { throw .notCapable }
    return (descriptor, host)
  }

  /// A descriptor of any kind with the rights for an operation.
  func any(_ number: UInt32, _ required: Rights) throws(Errno) -> Descriptor {
    guard let descriptor = self[number] else { throw .badDescriptor }
    guard descriptor.rights.isSuperset(of: required) else { throw .notCapable }
    return descriptor
  }
}
