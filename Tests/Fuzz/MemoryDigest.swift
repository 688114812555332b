import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The size and a hash of the contents of memories, large ones too: pages that the system has not had to provide are zero.
enum MemoryDigest {
  /// From so many bytes on, pages of zeros are left out.
  private static let sparse = 64 << 20

  static func digest(_ memory: Memory) -> String {
    memory.withUnsafeBytes { digest(UnsafeRawBufferPointer($0)) }
  }

  static func digest(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = Hash()
    if bytes.count < sparse {
      hash.add(bytes)
    } else {
      forEachProvided(bytes) { start, end in
        let page = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        guard !isZero(page) else { return }
        hash.add(UInt64(start))
        hash.add(page)
      }
    }
    return "\(bytes.count) bytes 0x" + String(hash.value, radix: 16)
  }

  /// Fowler, Noll and Vo's, over words.
  private struct Hash {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
      let words = bytes.count / 8
      for index in 0..<words { add(bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)) }
      for index in words * 8..<bytes.count { add(UInt64(bytes[index])) }
    }
  }

  private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var bits: UInt64 = 0
    let words = bytes.count / 8
    for index in 0..<words { bits |= bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
    for index in words * 8..<bytes.count { bits |= UInt64(bytes[index]) }
    return bits == 0
  }

  /// Calls `body` with the pages that are there, counted from the beginning of the bytes, which is that of a page.
  private static func forEachProvided(_ bytes: UnsafeRawBufferPointer, _ body: (Int, Int) -> Void) {
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    let count = (bytes.count + size - 1) / size
    #if canImport(Darwin)
      var isProvided = [CChar](repeating: 1, count: count)
    #else
      var isProvided = [UInt8](repeating: 1, count: count)
    #endif
    // Where it fails, all are looked at.
    _ = mincore(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count, &isProvided)
    for page in 0..<count where isProvided[page] & 1 != 0 { body(page * size, min((page + 1) * size, bytes.count)) }
  }
}
