#if canImport(Glibc)
  import Glibc
#endif

/// What the processor can do, as far as the compiler asks.
enum CPUFeatures {
  /// AVX and AVX2, BMI1, BMI2, LZCNT and POPCNT: what the compiler's code uses without asking again.
  static let hasWhatTheCompilerUses: Bool = {
    #if arch(x86_64) && os(Linux)
      return ["avx", "avx2", "bmi1", "bmi2", "abm", "popcnt", "sse4_1"].allSatisfy(flags.contains)
    #else
      return false
    #endif
  }()

  #if os(Linux)
    /// The flags that the kernel lists.
    private static let flags: Set<Substring> = {
      guard let file = fopen("/proc/cpuinfo", "r") else { return [] }
      defer { fclose(file) }
      var buffer = [CChar](repeating: 0, count: 16384)
      while fgets(&buffer, Int32(buffer.count), file) != nil {
        let line = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        if line.hasPrefix("flags") { return Set(line.split(whereSeparator: { " \n\t:".contains($0) })) }
      }
      return []
    }()
  #endif
}
