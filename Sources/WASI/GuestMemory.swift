/// The bytes of a guest's linear memory during one host call. Every access is checked against the byte count; outside of it
/// is ``Errno/fault``. Nothing is kept of it when the call returns, since the memory may grow or move afterwards.
struct GuestMemory {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

  /// `count` bytes from an address on. Addresses and counts are 32 bits wide, so that their sum in 64 bits cannot wrap.
  func region(_ address: UInt32, _ count: UInt32) throws(Errno) -> UnsafeMutableRawBufferPointer {
    let end = UInt64(address) + UInt64(count)
    guard end <= UInt64(clamping: bytes.count) else { throw .fault }
    return UnsafeMutableRawBufferPointer(rebasing: bytes[Int(address)..<Int(clamping: end)])
  }

  /// An array of `count` structures of `stride` bytes each.
  func array(_ address: UInt32, count: UInt32, stride: Int) throws(Errno) -> UnsafeMutableRawBufferPointer {
    let (length, overflow) = UInt64(count).multipliedReportingOverflow(by: UInt64(clamping: stride))
    guard !overflow, length <= UInt64(clamping: bytes.count) else { throw .fault }
    guard UInt64(address) + length <= UInt64(clamping: bytes.count) else { throw .fault }
    return UnsafeMutableRawBufferPointer(rebasing: bytes[Int(address)..<Int(address) + Int(clamping: length)])
  }

  func store<T: FixedWidthInteger>(_ value: T, at address: UInt32) throws(Errno) {
    try region(address, UInt32(clamping: MemoryLayout<T>.size)).storeBytes(of: value.littleEndian, as: T.self)
  }

  /// Copies all of `source`, or nothing if it does not fit.
  func store(bytes source: some Collection<UInt8>, at address: UInt32) throws(Errno) {
    guard let count = UInt32(exactly: source.count) else { throw .fault }
    try region(address, count).copyBytes(from: source)
  }

  /// A path as the guest gives it: UTF-8 without NUL, shorter than the host's longest path.
  func path(_ address: UInt32, _ count: UInt32) throws(Errno) -> [UInt8] {
    let region = try region(address, count)
    guard count < PathResolution.maximumLength else { throw .nameTooLong }
    let path = [UInt8](region)
    guard !path.contains(0) else { throw .invalid }
    guard String(validating: path, as: UTF8.self) != nil else { throw .illegalByteSequence }
    return path
  }

  /// The parts of memory that a vector of `{address, count}` pairs names, without the empty ones. There are at most
  /// ``maximumVectorCount``: what lies beyond is left to the guest's next call, as after any partial transfer. Every
  /// pair that is used is checked before any byte moves.
  func vectors(_ address: UInt32, _ count: UInt32) throws(Errno) -> [UnsafeMutableRawBufferPointer] {
    let pairs = try array(address, count: count, stride: 8)
    var regions: [UnsafeMutableRawBufferPointer] = []
    var offset = 0
    var total: UInt64 = 0
    while offset < pairs.count, regions.count < Self.maximumVectorCount {
      let address = UInt32(littleEndian: pairs.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      let length = UInt32(littleEndian: pairs.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
      offset += 8
      let region = try region(address, length)
      total += UInt64(length)
      // The result is 32 bits wide, and so is its sign in C.
      guard total <= UInt64(clamping: Int32.max) else {
        if regions.isEmpty { throw .invalid }
        break
      }
      if length != 0 { regions.append(region) }
    }
    return regions
  }

  /// As many parts as the host takes in one call (IOV_MAX).
  static let maximumVectorCount = 1024
}
