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
  private let free: Mutex<[Range<Int>]>

  private init?() {
    free = Mutex([0..<Self.size / Self.granule])
    #if canImport(Darwin)
      return nil
    #else
      OwnDescriptors.occupyStandardStreams()
      guard let opened = System.memoryFile("wasm-code") else { return nil }
      let file = OwnDescriptors.keep(opened)
      guard file >= 0 else { return nil }
      guard System.setSize(file, Self.size),
        let address = System.map(Self.size, PROT_READ | PROT_EXEC, MAP_SHARED, file: file)
      else {
        OwnDescriptors.release(file)
        return nil
      }
      // F_ADD_SEALS: F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW. Code is written as long as the process lives, so writing
      // cannot be sealed; but what is mapped can never be cut off. An older system has no seals.
      _ = fcntl(file, 1033, 7)
      self.file = file
      base = UInt(bitPattern: address)
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
    #if !canImport(Darwin)
      // The pages go back to the system. Where it refuses that, old code stays until it is overwritten.
      _ = System.punchHole(file, start, range.count)
    #endif
    let granules = start / Self.granule..<(start + range.count) / Self.granule
    free.withLock { free in
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
      return System.write(bytes, to: file, at: Int(address - base))
    #endif
  }

  /// All addresses that code can have.
  var range: Range<UInt> { base..<base + UInt(Self.size) }

  func contains(_ address: UInt) -> Bool { address >= base && address < base + UInt(Self.size) }
}
