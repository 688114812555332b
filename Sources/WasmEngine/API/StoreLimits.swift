/// The most that a store may hold of what guests can make grow. What would exceed a limit is refused as if the system had
/// refused it: memory.grow and table.grow yield -1, a throw traps as ``Trap/Kind-swift.enum/outOfMemory``, and what the host
/// makes is a ``UsageError/resourceRefused(_:)``. What is given back, or was refused by the system, does not count.
///
/// Beside what is counted, a store holds what the host decides: the stack (``Engine/Configuration/stackSize``), instances,
/// host functions and globals, in proportion to the modules that it instantiates. What WASI holds for a guest (descriptors,
/// names of directories that are listed) has limits of its own.
public struct StoreLimits: Hashable, Sendable {
  /// Bytes of all memories, tables, exceptions and references to values of the host together. A memory or table counts with
  /// its current size in whole pages of the system; an exception, until nothing can refer to it any more, with
  /// ``exceptionSize`` bytes and 8 for each word of its payload; a reference to a value of the host with
  /// ``externReferenceSize`` bytes.
  public var byteCount: UInt64
  /// How many references to values of the host there may be (``ExternReference``).
  public var externReferences: Int

  /// What an exception costs beside its payload, in bytes.
  public static let exceptionSize: UInt64 = 48
  /// What an ``ExternReference`` costs beside the value, in bytes.
  public static let externReferenceSize: UInt64 = 64

  public init(byteCount: UInt64 = .max, externReferences: Int = .max) {
    self.byteCount = byteCount
    self.externReferences = externReferences
  }
}

/// Counts the bytes that a store's limit is about.
final class ResourceMeter {
  var limit = UInt64.max
  private(set) var used: UInt64 = 0

  /// Takes bytes, or does nothing where they would exceed the limit.
  func take(_ byteCount: UInt64) -> Bool {
    let (sum, overflow) = used.addingReportingOverflow(byteCount)
    guard !overflow, sum <= limit || byteCount == 0 else { return false }
    used = sum
    return true
  }

  func giveBack(_ byteCount: UInt64) { used -= min(byteCount, used) }
}

/// The bytes that a memory or table has taken of its store's limit. They are given back with it.
final class ResourceCharge {
  private let meter: ResourceMeter
  private var byteCount: UInt64 = 0

  init(_ meter: ResourceMeter) { self.meter = meter }

  deinit { meter.giveBack(byteCount) }

  /// Makes the charge another one, or does nothing where a larger one would exceed the limit.
  func change(to size: UInt64) -> Bool {
    let size = VirtualMemory.roundedUp(size).map { UInt64(clamping: $0) } ?? .max
    guard size > byteCount else {
      meter.giveBack(byteCount - size)
      byteCount = size
      return true
    }
    guard meter.take(size - byteCount) else { return false }
    byteCount = size
    return true
  }
}
