/// A value as the slots of a frame hold it. All that conform are plain bits; Swift does not say so of its vectors.
protocol SlotValue {
  static func read(_ slot: UnsafeMutableRawPointer) -> Self
  func write(_ slot: UnsafeMutableRawPointer)
}

extension SlotValue {
  @inline(__always) static func read(_ slot: UnsafeMutableRawPointer) -> Self { slot.loadUnaligned(as: Self.self) }
}

extension UInt32: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: UInt64(self), as: UInt64.self) }
}

extension Int32: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { UInt32(bitPattern: self).write(slot) }
}

extension UInt64: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: UInt64.self) }
}

extension Int64: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Int64.self) }
}

extension Float: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { bitPattern.write(slot) }
}

extension Double: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Double.self) }
}

/// The result of a comparison, an i32 that is 0 or 1. It is never read.
extension Bool: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { (self ? 1 as UInt64 : 0).write(slot) }
}
