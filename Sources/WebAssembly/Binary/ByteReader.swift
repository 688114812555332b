/// Reads the primitive values of the binary format (Core 3.0, 5.2) from a range of bytes.
public struct ByteReader: Sendable {
  public let bytes: [UInt8]
  /// Where the next byte is read.
  public var position: Int
  /// Where the range ends.
  public var end: Int
  /// The types that are known.
  var types = KnownTypes.all

  /// A reader of all bytes, or of a range within them.
  public init(_ bytes: [UInt8], range: Range<Int>? = nil) {
    self.bytes = bytes
    let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
    position = range.lowerBound
    end = range.upperBound
  }

  public var isAtEnd: Bool { position >= end }

  static let pastEnd = "unexpected end of section or function"

  @inline(__always)
  mutating func byte() throws(ModuleError) -> UInt8 {
    guard position < end else { throw ModuleError(.malformed, Self.pastEnd, at: position) }
    let byte = bytes[position]
    position &+= 1
    return byte
  }

  @inline(__always)
  mutating func u32() throws(ModuleError) -> UInt32 {
    if position < end {
      let byte = bytes[position]
      if byte < 0x80 {
        position &+= 1
        return UInt32(byte)
      }
    }
    return UInt32(truncatingIfNeeded: try unsigned(bits: 32))
  }

  @inline(__always)
  mutating func u64() throws(ModuleError) -> UInt64 {
    if position < end {
      let byte = bytes[position]
      if byte < 0x80 {
        position &+= 1
        return UInt64(byte)
      }
    }
    return try unsigned(bits: 64)
  }

  mutating func s32() throws(ModuleError) -> Int32 { Int32(truncatingIfNeeded: try signed(bits: 32)) }
  mutating func s33() throws(ModuleError) -> Int64 { try signed(bits: 33) }
  mutating func s64() throws(ModuleError) -> Int64 { try signed(bits: 64) }

  /// An unsigned LEB128 integer of at most `bits` bits (Core 3.0, 5.2.2).
  @inline(never)
  mutating func unsigned(bits: Int) throws(ModuleError) -> UInt64 {
    let start = position
    var result: UInt64 = 0
    var shift = 0
    while true {
      let byte = try byte()
      let remaining = bits - shift
      if remaining < 7 {
        if byte & 0x80 != 0 { throw ModuleError(.malformed, "integer representation too long", at: start) }
        if byte >> UInt8(remaining) != 0 { throw ModuleError(.malformed, "integer too large", at: start) }
      }
      result |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte & 0x80 == 0 { return result }
      shift += 7
      if shift >= bits { throw ModuleError(.malformed, "integer representation too long", at: start) }
    }
  }

  /// A signed LEB128 integer of at most `bits` bits (Core 3.0, 5.2.2).
  @inline(never)
  mutating func signed(bits: Int) throws(ModuleError) -> Int64 {
    let start = position
    var result: UInt64 = 0
    var shift = 0
    while true {
      let byte = try byte()
      let remaining = bits - shift
      if remaining < 7 {
        if byte & 0x80 != 0 { throw ModuleError(.malformed, "integer representation too long", at: start) }
        // The bits above the value's own must all equal its sign.
        let extended = Int8(bitPattern: byte << 1) >> 1
        let high = extended >> Int8(remaining - 1)
        if high != 0 && high != -1 { throw ModuleError(.malformed, "integer too large", at: start) }
      }
      result |= UInt64(byte & 0x7F) << UInt64(shift)
      shift += 7
      if byte & 0x80 == 0 {
        if shift < 64 && byte & 0x40 != 0 { result |= ~0 << UInt64(shift) }
        return Int64(bitPattern: result)
      }
      if shift >= bits { throw ModuleError(.malformed, "integer representation too long", at: start) }
    }
  }

  /// A little-endian word of `count` bytes, at most eight.
  mutating func word(bytes count: Int) throws(ModuleError) -> UInt64 {
    guard end - position >= count else { throw ModuleError(.malformed, Self.pastEnd, at: end) }
    var result: UInt64 = 0
    for index in 0..<count { result |= UInt64(bytes[position &+ index]) << UInt64(8 &* index) }
    position &+= count
    return result
  }
}
