/// What makes a function body malformed and is found only when its instructions are read.
///
/// Bodies are only bytes until they are validated, but a malformed module has no validity: whatever is malformed in any
/// body comes before whatever is invalid in another (Core 3.0, 7.1.1).
enum MalformedBody {
  /// Reads all bodies and throws the first error that makes one malformed.
  static func scan(_ context: ValidationContext) throws(ModuleError) {
    let error = BodyScanner.firstMalformation(
      in: context.module, table: context.decoding, limits: context.limits)
    if let error { throw error }
  }

  /// A body whose bytes are over before its blocks are. What to call it depends on what a decoder that reads on finds.
  @inline(never)
  static func missingEnd(_ module: Module, at offset: Int) -> ModuleError {
    guard offset < module.bytes.count else {
      return ModuleError(.malformed, ByteReader.pastEnd + ": the last block is not closed", at: offset)
    }
    return ModuleError(
      .malformed,
      module.bytes[offset] == 0x0B
        ? "section size mismatch: a function body ends before its last block" : "END opcode expected", at: offset)
  }

  @inline(never)
  static func superfluousBytes(at offset: Int) -> ModuleError {
    ModuleError(.malformed, "section size mismatch: there are bytes after the end of a function body", at: offset)
  }

  @inline(never)
  static func misplacedElse(at offset: Int) -> ModuleError {
    ModuleError(.malformed, "misplaced ELSE opcode", at: offset)
  }

  @inline(never)
  static func missingDataCount(at offset: Int) -> ModuleError {
    ModuleError(.malformed, "data count section required", at: offset)
  }
}

extension ModuleError {
  func inFunction(_ index: Int) -> ModuleError {
    var error = self
    error.function = UInt32(truncatingIfNeeded: index)
    return error
  }
}
