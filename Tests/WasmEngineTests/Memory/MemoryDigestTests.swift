import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// What the fuzzer compares of memories of which little is touched.
struct MemoryDigestTests {
  @Test(arguments: MemoryPolicy.Bounds.allCases)
  func aByteBeyondFourGigabytesIsSeen(_ bounds: MemoryPolicy.Bounds) throws {
    let type = MemoryType(limits: Limits(minimum: 65_540), addressType: .i64)
    let memory = try Memory(in: Store(bounds: bounds), type: type)
    let empty = MemoryDigest.digest(memory)
    var seen: Set<String> = [empty]
    for address: UInt64 in [0, 1 << 31, 1 << 32, UInt64(memory.byteCount) - 1] {
      try memory.write([1], at: address)
      seen.insert(MemoryDigest.digest(memory))
      try memory.write([0], at: address)
      // What is zero again is as if it had not been touched.
      #expect(MemoryDigest.digest(memory) == empty)
    }
    #expect(seen.count == 5)
  }

  /// Many of the modules have memories to which 31 bits do not reach, of either kind of address.
  @Test func someMemoriesAreLarge() {
    var large = (narrow: 0, wide: 0)
    for number in 0..<200 {
      for memory in GenerateCommand.program(number, seed: 1).memories where memory.isLarge {
        if memory.is64 { large.wide += 1 } else { large.narrow += 1 }
      }
    }
    #expect(large.narrow > 10 && large.wide > 10)
  }
}
