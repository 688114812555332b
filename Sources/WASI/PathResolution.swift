#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Where a path of the guest leads: a directory that is held open, and one name in it.
///
/// The operation itself is always a call of the host relative to `directory` that does not follow links, on a name without
/// a slash and other than `..`. So whatever others do to the tree meanwhile, it happens in a directory that was reached
/// from the base step by step.
struct ResolvedPath {
  var directory: HostDescriptor
  /// With a NUL at its end. `.` if the path designates `directory` itself.
  var name: [CChar]
  /// The path ended in a slash.
  var mustBeDirectory: Bool
}

/// Resolves a path relative to a directory, one component at a time.
///
/// The host never sees more than one component: each is opened with no-follow, symbolic links are read and expanded here
/// and counted, and `..` goes back to a directory that this resolution came through (never to what the host holds for its
/// parent). There is no check whose answer a later use relies on.
struct PathResolution {
  /// Of a path, in bytes (PATH_MAX with its NUL).
  static let maximumLength = 4096
  /// Links expanded in one resolution, as on Linux.
  static let maximumExpansions = 40
  /// Directories that a resolution holds open at a time beside its base.
  private static let maximumHeld = 16
  /// Calls of the host in one resolution: some ten times what the longest path wants that only goes down. Where links lead
  /// up and down again, a path of 4 KB can name millions of steps.
  static let maximumCalls = 1 << 15

  private let base: HostDescriptor
  private var current: HostDescriptor
  /// The names that lead from the base to the current directory; the last ones with their descriptors.
  private var entered: [(name: [CChar], directory: HostDescriptor?)] = []
  /// Components that are still to be walked, the next one last.
  private var pending: [[CChar]] = []
  private var mustBeDirectory = false
  private var expansions = 0
  private var calls = 0
  /// Throws where the resolution is to be given up.
  private let check: () throws(Errno) -> Void

  /// What to do with a symbolic link as the last component.
  enum LastLink {
    /// Goes where it leads.
    case follow
    /// Goes where it leads only if the path ends in a slash, which asks for the directory behind it.
    case followIfSlash
    /// Leaves it, slash or not: the operation is on the name.
    case leave
  }

  /// Resolves `path` relative to `base`.
  ///
  /// Errors: ``Errno/noEntry`` for the empty path, ``Errno/notPermitted`` for one that is absolute, leads above the base or
  /// goes through a link whose target is absolute, ``Errno/loop`` for too many links, ``Errno/nameTooLong`` for too many
  /// steps, and those of the host.
  static func resolve(
    _ path: [UInt8], from base: HostDescriptor, last: LastLink, checking check: () throws(Errno) -> Void
  ) throws(Errno) -> ResolvedPath {
    try withoutActuallyEscaping(check) { check throws(Errno) in
      var resolution = PathResolution(base: base, check: check)
      try resolution.push(path)
      return try resolution.walk(last)
    }
  }

  private init(base: HostDescriptor, check: @escaping () throws(Errno) -> Void) {
    self.base = base
    self.check = check
    current = base
  }

  /// To be asked before each call of the host.
  private mutating func countCall() throws(Errno) {
    try check()
    calls += 1
    guard calls <= Self.maximumCalls else { throw .nameTooLong }
  }

  /// Puts the components of a path before what is still to be walked.
  private mutating func push(_ path: [UInt8]) throws(Errno) {
    guard let first = path.first else { throw .noEntry }
    guard first != UInt8(ascii: "/") else { throw .notPermitted }
    if pending.isEmpty { mustBeDirectory = mustBeDirectory || path.last == UInt8(ascii: "/") }
    for component in path.split(separator: UInt8(ascii: "/")).reversed() {
      pending.append(component.map { CChar(bitPattern: $0) } + [0])
    }
  }

  private mutating func walk(_ last: LastLink) throws(Errno) -> ResolvedPath {
    while let component = pending.popLast() {
      let isLast = pending.isEmpty
      if component == Self.dot {
        if isLast { break }
      } else if component == Self.dotDot {
        try ascend()
        if isLast { break }
      } else if isLast {
        let follows =
          switch last {
          case .follow: true
          case .followIfSlash: mustBeDirectory
          case .leave: false
          }
        if follows, let target = try linkTarget(component) {
          try expand(target)
        } else {
          return ResolvedPath(directory: current, name: component, mustBeDirectory: mustBeDirectory)
        }
      } else if try !descend(component) {
        guard let target = try linkTarget(component) else { throw .notDirectory }
        try expand(target)
      }
    }
    return ResolvedPath(directory: current, name: Self.dot, mustBeDirectory: true)
  }

  private mutating func expand(_ target: [UInt8]) throws(Errno) {
    expansions += 1
    guard expansions <= Self.maximumExpansions else { throw .loop }
    try push(target)
  }

  /// Enters a directory; false if the name is there but is none (a link, perhaps).
  private mutating func descend(_ name: [CChar]) throws(Errno) -> Bool {
    let next: HostDescriptor
    do {
      next = try openDirectory(name, in: current)
    } catch .notDirectory, .loop {
      return false
    }
    entered.append((name, next))
    if entered.count > Self.maximumHeld { entered[entered.count - 1 - Self.maximumHeld].directory = nil }
    current = next
    return true
  }

  /// Goes back to the directory from which the current one was entered.
  private mutating func ascend() throws(Errno) {
    guard entered.popLast() != nil else { throw .notPermitted }
    guard let index = entered.indices.last else {
      current = base
      return
    }
    if let directory = entered[index].directory {
      current = directory
      return
    }
    // It is no longer held: walk down again, and hold the last ones for the steps to come. None of these names was a link;
    // if one is now, this fails.
    var directory = base
    for place in entered.indices {
      directory = try openDirectory(entered[place].name, in: directory)
      if place + Self.maximumHeld > index { entered[place].directory = directory }
    }
    current = directory
  }

  private mutating func openDirectory(
    _ name: [CChar], in directory: HostDescriptor
  ) throws(Errno) -> HostDescriptor {
    try countCall()
    #if canImport(Darwin)
      let access = O_RDONLY
    #else
      // O_PATH, which the platform module does not show: to pass through a directory needs no right to list it.
      let access: Int32 = 0o10_000_000
    #endif
    return try HostDescriptor(openat(directory.raw, name, access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
  }

  /// The target of a link in the current directory, or nil if the name is no link or is not there.
  private mutating func linkTarget(_ name: [CChar]) throws(Errno) -> [UInt8]? {
    try countCall()
    do {
      return try Self.readLink(name, in: current)
    } catch .invalid, .noEntry {
      return nil
    }
  }

  /// What a symbolic link holds.
  static func readLink(_ name: [CChar], in directory: HostDescriptor) throws(Errno) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: maximumLength)
    let count = target.withUnsafeMutableBytes {
      readlinkat(directory.raw, name, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    try checked(count)
    guard count < maximumLength else { throw .nameTooLong }
    return Array(target[..<count])
  }

  private static let dot: [CChar] = [46, 0]
  private static let dotDot: [CChar] = [46, 46, 0]
}
