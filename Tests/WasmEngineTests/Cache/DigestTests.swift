import Testing

@testable import WasmEngine

/// The hashes, with their published vectors.
struct DigestTests {
  private func hex(_ digest: [UInt8]) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func sha256(_ bytes: [UInt8]) -> String { hex(bytes.withUnsafeBytes { SHA256.hash($0) }) }

  @Test(
    "SHA-256 (FIPS 180-4, examples; NIST CAVP short messages)",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func sha256OfPublishedMessages(message: String, digest: String) {
    #expect(sha256(Array(message.utf8)) == digest)
  }

  @Test func sha256OfAMillionLetters() {
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(sha256(letters) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("In pieces of every size it is the same as at once")
  func sha256InPieces() {
    let bytes = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = sha256(bytes)
    for size in 1..<200 {
      var hasher = SHA256()
      for start in stride(from: 0, to: bytes.count, by: size) {
        hasher.update(Array(bytes[start..<min(400, start + size)]))
      }
      #expect(hex(hasher.finish()) == whole)
    }
  }

  @Test(
    "XXH64 with seed 0 (the reference implementation's sanity checks)",
    arguments: [
      ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
      ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ] as [(String, UInt64)])
  func xxh64OfKnownMessages(message: String, digest: UInt64) {
    var hasher = XXH64()
    Array(message.utf8).withUnsafeBytes { hasher.update($0) }
    #expect(hasher.value == digest)
  }

  @Test func xxh64InPieces() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 91) }
    var whole = XXH64()
    bytes.withUnsafeBytes { whole.update($0) }
    for size in 1..<100 {
      var hasher = XXH64()
      for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(300, start + size)].withUnsafeBytes { hasher.update($0) }
      }
      #expect(hasher.value == whole.value)
    }
  }

  @Test("The name of a module is the same however the work is shared, and differs with each byte")
  func moduleDigest() {
    var bytes = [UInt8](repeating: 7, count: 3 << 20 + 5)
    let first = ModuleDigest(bytes).finish()
    #expect(first.count == 32)
    #expect(ModuleDigest(bytes).finish() == first)
    for index in [0, 1 << 20, bytes.count - 1] {
      bytes[index] ^= 1
      #expect(ModuleDigest(bytes).finish() != first)
      bytes[index] ^= 1
    }
    bytes.removeLast()
    #expect(ModuleDigest(bytes).finish() != first)
    #expect(ModuleDigest([]).finish() != first)
  }

  @Test func buildsHaveAnIdentity() {
    #expect((BuildIdentity.bytes?.count ?? 0) > 8)
  }
}
