/// How the engine keeps a memory. A policy is a wish and never part of a memory's type: what came of it is
/// ``Memory/accessClass``. Programs run with the same results under every policy.
public struct MemoryPolicy: Hashable, Sendable {
  public enum Bounds: String, Hashable, Sendable, CaseIterable {
    /// An address range for the largest size is reserved and backed as the memory grows, so that growth never moves it.
    case guarded
    /// The smallest allocation; growth may move it.
    case checked
  }

  public enum Access: Hashable, Sendable {
    case readWrite
    /// Active data segments fill it at instantiation; after that stores of the guest trap as out of bounds, and the host
    /// cannot write either.
    case readOnly
  }

  public var bounds: Bounds
  public var access: Access

  public init(bounds: Bounds = .guarded, access: Access = .readWrite) {
    self.bounds = bounds
    self.access = access
  }
}

/// What code can rely on when it accesses a memory, from the strongest class to the weakest.
public enum AccessClass: String, Hashable, Sendable, Comparable, CaseIterable {
  /// The base never moves, and the addresses that 32 bits and an offset of up to 2 GiB lead to are all the memory's: what
  /// is beyond its end faults.
  case reserved
  /// The base never moves; addresses are compared with the byte count.
  case fixed
  /// Growth may move the base.
  case movable

  /// The largest sum of a static offset and a width with which code leaves accesses of reserved memories unchecked.
  static let largestUncheckedExtent: UInt64 = 1 << 31
  /// How far from its base a memory must have the addresses for itself so that it is reserved: an index of 32 bits and an
  /// extent that is not checked lead no further.
  static let reservedReach: UInt64 = 1 << 32 + largestUncheckedExtent

  private var weakness: Int {
    switch self {
    case .reserved: 0
    case .fixed: 1
    case .movable: 2
    }
  }

  /// Whether the left class is stronger than the right one.
  public static func < (left: AccessClass, right: AccessClass) -> Bool { left.weakness < right.weakness }
}
