import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Memory for machine code: one reserved range of addresses for the process, in which written memory is never executable.
/// The range is a view of a memory file, and code is written into the file: no address exists at which it could be
/// written. (A write of a few hundred bytes takes about a microsecond, a temporary second view seven.) The file has no name,
/// its size is sealed, it is closed where another program is executed, and its descriptor is none that a guest can be given
/// (``OwnDescriptors``).
///
/// A `fork` would leave the file to both processes, which would write into each other's code. So the child gets a copy of
/// its own at the same addresses, before it goes on, and before the parent writes anything more.
final class ExecutableMemory: Sendable {
  /// nil where the system does not let us have executable memory.
  static let shared: ExecutableMemory? = ExecutableMemory()

  /// Near calls and jumps reach everywhere.
  static let size = 1 << 30
  /// What is handed out comes in pieces of this many bytes.
  static let granule = 1 << 14

  private let file: Int32
  let base: UInt
  /// Granules that nobody has, in order.
  private let free = Lock([0..<size / granule])
  /// Whether there is another process that still runs the code in this file, so that none of it may be changed. In the child
  /// of a fork that got no copy, nothing at all may be written either.
  private let isBorrowed = Atomic<Bool>(false)
  private let isReadOnly = Atomic<Bool>(false)
  /// The ends of the pipe by which, during a fork, the child says that it has a copy; -1 where there is none.
  private let readEnd = Atomic<Int32>(-1)
  private let writeEnd = Atomic<Int32>(-1)

  private init?() {
    #if canImport(Darwin)
      return nil
    #else
      guard VirtualMemory.canSpare(Self.size) else { return nil }
      OwnDescriptors.occupyStandardStreams()
      guard let file = Self.makeFile().map(OwnDescriptors.keep), file >= 0 else { return nil }
      guard let address = System.map(Self.size, PROT_READ | PROT_EXEC, MAP_SHARED, file: file) else {
        OwnDescriptors.release(file)
        return nil
      }
      self.file = file
      base = UInt(bitPattern: address)
      Fork.shared.add(
        Fork.Handlers(
          prepare: { ExecutableMemory.shared?.prepareFork() }, parent: { ExecutableMemory.shared?.finishFork() },
          child: { ExecutableMemory.shared?.becomeChild() }))
    #endif
  }

  /// At least so many bytes of addresses, zeroed; nil where there are none left.
  func allocate(_ byteCount: Int) -> Range<UInt>? {
    guard byteCount <= Self.size else { return nil }
    let count = max(1, (byteCount + Self.granule - 1) / Self.granule)
    let found: Int? = free.withLock { free in
      guard let index = free.firstIndex(where: { $0.count >= count }) else { return nil }
      let start = free[index].lowerBound
      if free[index].count == count {
        free.remove(at: index)
      } else {
        free[index] = start + count..<free[index].upperBound
      }
      return start
    }
    return found.map { start in
      let address = base + UInt(start * Self.granule)
      return address..<address + UInt(count * Self.granule)
    }
  }

  /// Takes back what ``allocate(_:)`` gave, in which no code runs any more.
  func release(_ range: Range<UInt>) {
    let start = Int(range.lowerBound - base)
    let granules = start / Self.granule..<(start + range.count) / Self.granule
    // A fork waits for the lock, and copies what is there.
    free.withLock { free in
      if isBorrowed.load(ordering: .relaxed) { return }
      #if !canImport(Darwin)
        // The pages go back to the system. Where it refuses that, old code stays until it is overwritten.
        _ = System.punchHole(file, start, range.count)
      #endif
      var index = free.firstIndex { $0.lowerBound >= granules.upperBound } ?? free.count
      free.insert(granules, at: index)
      if index + 1 < free.count, free[index].upperBound == free[index + 1].lowerBound {
        free[index] = free[index].lowerBound..<free[index + 1].upperBound
        free.remove(at: index + 1)
      }
      if index > 0, free[index - 1].upperBound == free[index].lowerBound {
        free[index - 1] = free[index - 1].lowerBound..<free[index].upperBound
        free.remove(at: index)
        index -= 1
      }
    }
  }

  /// Writes bytes to an address of what was allocated. False where the system refuses it (no memory is left).
  func write(_ bytes: UnsafeRawBufferPointer, to address: UInt) -> Bool {
    #if canImport(Darwin)
      return false
    #else
      return !isReadOnly.load(ordering: .relaxed) && System.write(bytes, to: file, at: Int(address - base))
    #endif
  }

  /// All addresses that code can have.
  var range: Range<UInt> { base..<base + UInt(Self.size) }

  func contains(_ address: UInt) -> Bool { address >= base && address < base + UInt(Self.size) }

  #if !canImport(Darwin)
    /// nil where the system refuses it, as where files may not become so large: then all is interpreted.
    private static func makeFile() -> Int32? {
      guard let file = System.memoryFile("wasm-code") else { return nil }
      guard System.setSize(file, size) else {
        close(file)
        return nil
      }
      // F_ADD_SEALS: F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW. Code is written as long as the process lives, so writing
      // cannot be sealed; but what is mapped can never be cut off. An older system has no seals.
      _ = fcntl(file, 1033, 7)
      return file
    }

    // MARK: Forks

    /// How long a parent waits for its child, in milliseconds.
    private static let patience: Int32 = 1000

    private func prepareFork() {
      guard let ends = System.makePipe() else { return }
      readEnd.store(ends.read, ordering: .relaxed)
      writeEnd.store(ends.write, ordering: .relaxed)
    }

    /// In the parent: waits until the child has its copy, or has ended, or was never there. If that cannot be told, none of
    /// the code that is there now is ever overwritten.
    private func finishFork() {
      let (read, write) = takePipe()
      guard read >= 0 else { return isBorrowed.store(true, ordering: .relaxed) }
      close(write)
      defer { close(read) }
      var entry = pollfd(fd: read, events: Int16(POLLIN), revents: 0)
      var isReady: Int32
      repeat { isReady = poll(&entry, 1, Self.patience) } while isReady < 0 && errno == EINTR
      var answer: UInt8 = 0
      // The end of the pipe means that the child no longer needs what is here.
      if isReady != 1 || Glibc.read(read, &answer, 1) != 0 { isBorrowed.store(true, ordering: .relaxed) }
    }

    private func takePipe() -> (read: Int32, write: Int32) {
      (readEnd.exchange(-1, ordering: .relaxed), writeEnd.exchange(-1, ordering: .relaxed))
    }

    /// In the child: puts a copy in the place of the parent's file. Where the system refuses it, the code that is there can
    /// be run, and no more can come.
    private func becomeChild() {
      let (read, write) = takePipe()
      if read >= 0 { close(read) }
      if !copyFile() {
        isBorrowed.store(true, ordering: .relaxed)
        isReadOnly.store(true, ordering: .relaxed)
        var answer: UInt8 = 1
        _ = WriteSignals.withheld(expecting: 1) { Glibc.write(write, &answer, 1) }
      }
      if write >= 0 { close(write) }
    }

    private func copyFile() -> Bool {
      guard !isReadOnly.load(ordering: .relaxed), let copy = Self.makeFile() else { return false }
      guard let start = UnsafeMutableRawPointer(bitPattern: base), copyWritten(to: copy),
        System.replace(start, Self.size, PROT_READ | PROT_EXEC, MAP_SHARED, file: copy)
      else {
        close(copy)
        return false
      }
      isBorrowed.store(false, ordering: .relaxed)
      // The number stays what it was.
      return System.replace(file, by: copy)
    }

    private func copyWritten(to copy: Int32) -> Bool {
      var offset = 0
      while let part = System.written(in: file, from: offset) {
        let bytes = UnsafeRawBufferPointer(
          start: UnsafeRawPointer(bitPattern: base + UInt(part.lowerBound)), count: part.count)
        guard System.write(bytes, to: copy, at: part.lowerBound) else { return false }
        offset = part.upperBound
      }
      return true
    }
  #endif
}
