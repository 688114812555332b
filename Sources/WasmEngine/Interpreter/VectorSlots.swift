// Vectors stand in two slots, lanes of less than 32 bits only within one.

extension SIMD16: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Self.self) }
}

extension SIMD8: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Self.self) }
}

extension SIMD4: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Self.self) }
}

extension SIMD2: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { slot.storeBytes(of: self, as: Self.self) }
}

extension UInt8: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { UInt32(self).write(slot) }
}

extension Int8: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { Int32(self).write(slot) }
}

extension UInt16: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { UInt32(self).write(slot) }
}

extension Int16: SlotValue {
  @inline(__always) func write(_ slot: UnsafeMutableRawPointer) { Int32(self).write(slot) }
}
