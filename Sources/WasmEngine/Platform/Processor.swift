/// What the processor says of itself (CPUID, in Intel's manual volume 2A). Swift has no name for that instruction, so a few
/// bytes of machine code ask; the kernel's list of processors costs more to open than a small module to run.
struct Processor {
  /// A bit of an answer.
  struct Bit {
    /// An index of ``Processor/words``.
    var word: Int
    var number: UInt32

    // Leaf 1, ecx.
    static let ssse3 = Bit(word: 0, number: 9), sse41 = Bit(word: 0, number: 19), sse42 = Bit(word: 0, number: 20)
    static let popcnt = Bit(word: 0, number: 23), osxsave = Bit(word: 0, number: 27), avx = Bit(word: 0, number: 28)
    // Leaf 7, ebx.
    static let bmi1 = Bit(word: 1, number: 3), avx2 = Bit(word: 1, number: 5), bmi2 = Bit(word: 1, number: 8)
    // Leaf 0x80000001, ecx.
    static let lzcnt = Bit(word: 2, number: 5)
  }

  /// Ecx of leaf 1, ebx of leaf 7, ecx of leaf 0x80000001; none of a leaf that the processor does not have.
  private var words: [UInt32] = [0, 0, 0]
  /// Whether the system saves the upper halves of the wide vector registers too (XCR0).
  private(set) var keepsWideVectors = false

  func has(_ bit: Bit) -> Bool { words[bit.word] & 1 << bit.number != 0 }

  /// nil where it cannot be asked: the system gives no executable memory.
  static let current = Processor()

  #if arch(x86_64) && !canImport(Darwin)
    /// `(leaf, the four registers)` with the lower half of an extended control register behind it.
    private typealias Query = @convention(c) (UInt32, UnsafeMutablePointer<UInt32>) -> Void

    private static let cpuid: [UInt8] = [
      0x53,  // push rbx
      0x89, 0xF8,  // mov eax, edi
      0x31, 0xC9,  // xor ecx, ecx
      0x0F, 0xA2,  // cpuid
      0x89, 0x06,  // mov [rsi], eax
      0x89, 0x5E, 0x04,  // mov [rsi + 4], ebx
      0x89, 0x4E, 0x08,  // mov [rsi + 8], ecx
      0x89, 0x56, 0x0C,  // mov [rsi + 12], edx
      0x5B, 0xC3,  // pop rbx; ret
    ]

    private static let xgetbv: [UInt8] = [
      0x89, 0xF9,  // mov ecx, edi
      0x0F, 0x01, 0xD0,  // xgetbv
      0x89, 0x06,  // mov [rsi], eax
      0xC3,  // ret
    ]

    private init?() {
      guard let memory = ExecutableMemory.shared, let code = memory.allocate(64) else { return nil }
      defer { memory.release(code) }
      guard Self.cpuid.withUnsafeBytes({ memory.write($0, to: code.lowerBound) }),
        Self.xgetbv.withUnsafeBytes({ memory.write($0, to: code.lowerBound + 32) })
      else { return nil }
      func ask(_ leaf: UInt32, at offset: UInt = 0) -> [UInt32] {
        var registers: [UInt32] = [0, 0, 0, 0]
        unsafeBitCast(code.lowerBound + offset, to: Query.self)(leaf, &registers)
        return registers
      }
      let last = ask(0)[0]
      if last >= 1 { words[0] = ask(1)[2] }
      if last >= 7 { words[1] = ask(7)[1] }
      if ask(0x8000_0000)[0] >= 0x8000_0001 { words[2] = ask(0x8000_0001)[2] }
      if has(.osxsave) { keepsWideVectors = ask(0, at: 32)[0] & 6 == 6 }
    }
  #else
    private init?() { return nil }
  #endif
}
