extension CompilationEnvironment {
  /// The version of ``CodeFile`` and of all that is around it.
  private static let formatVersion: UInt64 = 1

  /// All that code depends on beside the module and the build of the compiler, as bytes.
  var settings: [UInt8] {
    var bytes: [UInt8] = [
      usesGuardPages ? 1 : 0, isInterruptible ? 1 : 0, guardsSpeculation ? 1 : 0, metersFuel ? 1 : 0,
    ]
    for access in accessClasses { bytes.append(access == .reserved ? 0 : access == .fixed ? 1 : 2) }
    return bytes
  }

  /// The extensions of the instruction set that code may use.
  var processorBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: processor.rawValue >> ($0 * 8)) } }

  /// What distinguishes the code of a module from all other code. nil where builds cannot be told apart.
  func cacheKey(_ digest: SHA256.Digest) -> [UInt8]? {
    guard let build = BuildIdentity.bytes else { return nil }
    var hasher = SHA256()
    hasher.update(Array("polymnia code".utf8))
    hasher.update(Self.formatVersion)
    for part in [digest, build, processorBytes, settings] {
      hasher.update(UInt64(part.count))
      hasher.update(part)
    }
    return hasher.finish()
  }
}
