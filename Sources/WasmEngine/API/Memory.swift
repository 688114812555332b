import WebAssembly

/// A memory of a store (Core 3.0, 4.2.9). Every access is checked against its current size.
public struct Memory {
  let instance: LinearMemory
  public let store: Store

  init(instance: LinearMemory, store: Store) {
    self.instance = instance
    self.store = store
  }

  /// A new memory.
  ///
  /// - Throws: ``UsageError/unusableType(_:)`` for a type that is not valid, ``UsageError/resourceRefused(_:)``.
  public init(in store: Store, type: MemoryType, policy: MemoryPolicy? = nil) throws(UsageError) {
    let bits: UInt64 = type.addressType == .i32 ? 1 << 32 : .max
    guard type.pageSizeLog2 == 16 || type.pageSizeLog2 == 0, case let pages = bits >> UInt64(type.pageSizeLog2),
      type.limits.minimum <= pages, type.limits.minimum <= type.limits.maximum ?? pages,
      !type.isShared || type.limits.maximum != nil
    else { throw .unusableType("memory \(type)") }
    self.init(instance: try store.makeMemory(type, policy: policy), store: store)
  }

  /// The type, with the current size as its minimum.
  public var type: MemoryType { instance.currentType }
  /// What code can rely on when it accesses the memory.
  public var accessClass: AccessClass { instance.accessClass }
  /// The policy that it was made with.
  public var policy: MemoryPolicy { instance.policy }
  /// The size in pages of the memory's page size.
  public var pageCount: UInt64 { instance.pageCount }
  /// The size in bytes.
  public var byteCount: UInt64 { instance.byteCount }

  /// Grows by a number of pages, which are zero, and returns the old size in pages.
  ///
  /// - Throws: ``UsageError/growthRefused`` beyond the maximum, and where the store's limiter or the system refuses.
  @discardableResult
  public func grow(by pages: UInt64) throws(UsageError) -> UInt64 {
    guard let old = store.grow(instance, by: pages) else { throw .growthRefused }
    return old
  }

  private func address(_ address: UInt64, _ length: UInt64) throws(UsageError) -> UnsafeMutableRawPointer {
    guard instance.contains(address, length) else {
      throw .memoryBounds(address: address, length: length, byteCount: instance.byteCount)
    }
    return instance.base + Int(clamping: address)
  }

  private func checkWritable() throws(UsageError) {
    guard instance.policy.access == .readWrite else { throw .readOnlyMemory }
  }

  /// Reads an integer, little-endian, at any alignment.
  ///
  /// - Throws: ``UsageError/memoryBounds(address:length:byteCount:)``.
  public func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, at address: UInt64
  ) throws(UsageError) -> T {
    T(littleEndian: try self.address(address, UInt64(clamping: MemoryLayout<T>.size)).loadUnaligned(as: T.self))
  }

  /// Writes an integer, little-endian, at any alignment.
  ///
  /// - Throws: ``UsageError/memoryBounds(address:length:byteCount:)``, ``UsageError/readOnlyMemory``.
  public func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at address: UInt64) throws(UsageError) {
    try checkWritable()
    try self.address(address, UInt64(clamping: MemoryLayout<T>.size)).storeBytes(of: value.littleEndian, as: T.self)
  }

  /// Reads a floating-point number.
  public func load(_ type: Float.Type, at address: UInt64) throws(UsageError) -> Float {
    Float(bitPattern: try load(UInt32.self, at: address))
  }

  /// Reads a floating-point number.
  public func load(_ type: Double.Type, at address: UInt64) throws(UsageError) -> Double {
    Double(bitPattern: try load(UInt64.self, at: address))
  }

  /// Writes a floating-point number.
  public func store(_ value: Float, at address: UInt64) throws(UsageError) {
    try store(value.bitPattern, at: address)
  }

  /// Writes a floating-point number.
  public func store(_ value: Double, at address: UInt64) throws(UsageError) {
    try store(value.bitPattern, at: address)
  }

  /// Reads bytes.
  public func read(_ count: Int, at address: UInt64) throws(UsageError) -> [UInt8] {
    guard count >= 0 else { throw .memoryBounds(address: address, length: .max, byteCount: instance.byteCount) }
    let start = try self.address(address, UInt64(clamping: count))
    return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Writes bytes.
  public func write(_ bytes: [UInt8], at address: UInt64) throws(UsageError) {
    try checkWritable()
    let start = try self.address(address, UInt64(clamping: bytes.count))
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { start.copyMemory(from: base, byteCount: source.count) }
    }
  }

  /// Writes the bytes of a span.
  public func write(_ bytes: RawSpan, at address: UInt64) throws(UsageError) {
    try checkWritable()
    let start = try self.address(address, UInt64(clamping: bytes.byteCount))
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { start.copyMemory(from: base, byteCount: source.count) }
    }
  }

  /// Sets a range of bytes.
  public func fill(_ byte: UInt8, at address: UInt64, count: UInt64) throws(UsageError) {
    try checkWritable()
    try self.address(address, count).initializeMemory(as: UInt8.self, repeating: byte, count: Int(clamping: count))
  }

  /// Reads the text of `count` bytes of UTF-8; what is not UTF-8 is replaced.
  public func string(at address: UInt64, count: UInt64) throws(UsageError) -> String {
    let start = try self.address(address, count)
    return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(clamping: count)), as: UTF8.self)
  }

  /// Lends a range of bytes to read. Should the memory grow meanwhile, the bytes stay what they were.
  public func withBytes<Result, Failure: Error>(
    at address: UInt64, count: UInt64, _ body: (RawSpan) throws(Failure) -> Result
  ) throws -> Result {
    _ = try self.address(address, count)
    return try instance.lend { base, _ in
      try body(RawSpan(_unsafeStart: UnsafeRawPointer(base + Int(clamping: address)), byteCount: Int(clamping: count)))
    }
  }

  /// Lends a range of bytes to read and write. Should the memory move meanwhile because it grows, what is written is lost.
  public func withMutableBytes<Result, Failure: Error>(
    at address: UInt64, count: UInt64, _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws -> Result {
    try checkWritable()
    _ = try self.address(address, count)
    return try instance.lend { base, _ in
      var span = MutableRawSpan(_unsafeStart: base + Int(clamping: address), byteCount: Int(clamping: count))
      return try body(&span)
    }
  }

  /// Lends all bytes as a buffer, which must not be used after the call, nor written to where the memory is read-only.
  public func withUnsafeBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
    try instance.lend { base, count in
      try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }
  }
}

extension Memory: Equatable {
  /// Whether both are the same memory.
  public static func == (left: Memory, right: Memory) -> Bool { left.instance === right.instance }
}
