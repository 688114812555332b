import Testing
import WasmEngine

@Suite struct LinearMemoryTests {
  let store = Store()

  private func make(
    _ minimum: UInt64, max maximum: UInt64? = nil, _ bounds: MemoryPolicy.Bounds, _ address: AddressType = .i32,
    shared: Bool = false, pageSizeLog2: UInt8 = 16
  ) throws -> Memory {
    let type = MemoryType(
      limits: Limits(minimum: minimum, maximum: maximum), addressType: address, isShared: shared,
      pageSizeLog2: pageSizeLog2)
    return try Memory(in: store, type: type, policy: MemoryPolicy(bounds: bounds))
  }

  @Test func accessClasses() throws {
    #expect(try make(1, .guarded).accessClass == .reserved)
    #expect(try make(1, max: 2, .guarded).accessClass == .reserved)
    #expect(try make(65536, .guarded).accessClass == .reserved)
    #expect(try make(1, .checked).accessClass == .movable)
    #expect(try make(1, max: 1, .checked).accessClass == .fixed)
    #expect(try make(1, .guarded, .i64).accessClass == .movable)
    #expect(try make(1, max: 100, .guarded, .i64).accessClass == .fixed)
    #expect(try make(1, .guarded, pageSizeLog2: 0).accessClass == .fixed)
    #expect(try make(1, max: 4, .checked, shared: true).accessClass < .movable)
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func newPagesAreZeroAndOldOnesStay(_ bounds: MemoryPolicy.Bounds) throws {
    for address in [AddressType.i32, .i64] {
      let memory = try make(1, max: 20, bounds, address)
      try memory.fill(0xAB, at: 0, count: 65536)
      #expect(try memory.grow(by: 3) == 1)
      #expect(memory.byteCount == 4 * 65536)
      #expect(try memory.read(65536, at: 0).allSatisfy { $0 == 0xAB })
      #expect(try memory.read(3 * 65536, at: 65536).allSatisfy { $0 == 0 })
      #expect(throws: UsageError.growthRefused) { try memory.grow(by: 17) }
      #expect(try memory.grow(by: 16) == 4)
    }
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func pagesOfOneByte(_ bounds: MemoryPolicy.Bounds) throws {
    let memory = try make(3, max: 10_000, bounds, pageSizeLog2: 0)
    #expect(memory.byteCount == 3)
    try memory.write([1, 2, 3], at: 0)
    #expect(throws: UsageError.self) { try memory.store(UInt8(1), at: 3) }
    #expect(try memory.grow(by: 1) == 3)
    try memory.store(UInt8(4), at: 3)
    #expect(try memory.grow(by: 5000) == 4)
    #expect(try memory.read(5, at: 0) == [1, 2, 3, 4, 0])
    #expect(throws: UsageError.self) { try memory.store(UInt8(1), at: 5004) }
  }

  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func emptyMemoriesGrow(_ bounds: MemoryPolicy.Bounds) throws {
    let memory = try make(0, bounds)
    #expect(try memory.read(0, at: 0).isEmpty)
    #expect(throws: UsageError.self) { _ = try memory.load(UInt8.self, at: 0) }
    #expect(try memory.grow(by: 1) == 0)
    try memory.store(UInt64(7), at: 65528)
    #expect(try memory.load(UInt64.self, at: 65528) == 7)
  }

  @Test func aMemoryHoldsAllOf32Bits() throws {
    let memory = try make(1, .guarded)
    #expect(try memory.grow(by: 65535) == 1)
    #expect(memory.byteCount == 1 << 32)
    try memory.store(UInt8(9), at: 1 << 32 - 1)
    #expect(throws: UsageError.self) { try memory.store(UInt16(9), at: 1 << 32 - 1) }
    #expect(throws: UsageError.growthRefused) { try memory.grow(by: 1) }
  }

  @Test func hundredsOfMemoriesFitTheAddressSpace() throws {
    var memories: [Memory] = []
    for index in 0..<300 {
      let memory = try make(1, .guarded)
      try memory.store(UInt32(index), at: 65532)
      memories.append(memory)
    }
    for (index, memory) in memories.enumerated() {
      #expect(try memory.load(UInt32.self, at: 65532) == UInt32(index))
      #expect(try memory.load(UInt32.self, at: 0) == 0)
    }
  }

  @Test func numbersAreLittleEndianAndUnaligned() throws {
    let memory = try make(1, .checked)
    try memory.store(UInt32(0x0403_0201), at: 1)
    #expect(try memory.read(6, at: 0) == [0, 1, 2, 3, 4, 0])
    try memory.store(-2.5, at: 3)
    #expect(try memory.load(Double.self, at: 3) == -2.5)
    try memory.store(Int16(-2), at: 11)
    #expect(try memory.load(UInt16.self, at: 11) == 0xFFFE)
  }

  @Test func spansReadAndWrite() throws {
    let memory = try make(1, .guarded)
    try memory.withMutableBytes(at: 100, count: 4) { bytes in
      bytes.storeBytes(of: 0x0102_0304, as: UInt32.self)
    }
    let sum = try memory.withBytes(at: 100, count: 4) { bytes in
      (0..<bytes.byteCount).reduce(0) { $0 + Int(bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self)) }
    }
    #expect(sum == 10)
  }

  @Test func limiterSeesBytes() throws {
    var requests: [ResourceRequest] = []
    store.limiter = { request in
      requests.append(request)
      return true
    }
    let memory = try make(1, max: 3, .guarded)
    try memory.grow(by: 2)
    #expect(
      requests == [
        .memory(current: 0, desired: 65536, maximum: 196_608),
        .memory(current: 65536, desired: 196_608, maximum: 196_608),
      ])
  }
}
