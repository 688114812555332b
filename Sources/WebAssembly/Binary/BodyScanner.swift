/// Which blocks are open in an expression: what is needed to find its end and to see that `else` stands in an `if`.
struct BlockNesting {
  /// For each open block whether it is an `if` that has had no `else` yet.
  private var open: [Bool] = []
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Takes the next instruction; true if it is the `end` of the whole expression.
  mutating func isClosed(by instruction: Instruction) throws(ModuleError) -> Bool {
    switch instruction.opcode {
    case .block, .loop, .tryTable, .if:
      guard open.count < limit else {
        throw ModuleError(
          .limitExceeded, "nesting of blocks exceeds the limit of \(limit)", at: Int(instruction.offset))
      }
      open.append(instruction.opcode == .if)
      return false
    case .else:
      guard open.last == true else {
        throw ModuleError(.malformed, "END opcode expected", at: Int(instruction.offset))
      }
      open[open.count - 1] = false
      return false
    case .end:
      return open.popLast() == nil
    default:
      return false
    }
  }
}

/// Reads function bodies for what is malformed in them, and for nothing else.
///
/// A module is malformed if any of its bodies is, whatever else may be invalid in it. Validation reports the first thing
/// that it meets; where it meets something invalid, ``firstMalformation(in:features:limits:)`` says whether the module is
/// not malformed after all.
public enum BodyScanner {
  /// The malformed instruction or declaration of locals with the lowest offset in all bodies, or nil.
  public static func firstMalformation(
    in module: Module, features: FeatureSet = .all, limits: ImplementationLimits = ImplementationLimits()
  ) -> ModuleError? {
    let table = features == .all ? DecodingTable.all : DecodingTable(features: features)
    return firstMalformation(in: module, table: table, limits: limits)
  }

  static func firstMalformation(
    in module: Module, table: DecodingTable, limits: ImplementationLimits
  ) -> ModuleError? {
    var imported = 0
    for item in module.imports where item.type.kind == .function { imported += 1 }
    for (index, body) in module.bodies.enumerated() {
      do throws(ModuleError) {
        try scan(body, of: module, table: table, limits: limits)
      } catch {
        guard error.kind == .malformed else { continue }
        var error = error
        error.function = UInt32(truncatingIfNeeded: imported + index)
        return error
      }
    }
    return nil
  }

  /// Throws what is malformed in one body, if anything is (Core 3.0, 5.5.13).
  public static func scan(
    _ body: FunctionBody, of module: Module, table: DecodingTable = .all,
    limits: ImplementationLimits = ImplementationLimits()
  ) throws(ModuleError) {
    var reader = InstructionReader(module.bytes, range: body.range, table: table)
    do throws(ModuleError) {
      try scan(&reader, of: module, limits: limits)
    } catch {
      guard error.isTruncation else { throw error }
      // As with sections: is the body cut short, or longer than its size says?
      var again = InstructionReader(
        module.bytes, range: body.range.lowerBound..<module.bytes.count, table: table)
      try scan(&again, of: module, limits: limits)
      throw ModuleError(.malformed, "section size mismatch", at: error.offset)
    }
    guard reader.isAtEnd else { throw ModuleError(.malformed, "section size mismatch", at: reader.position) }
  }

  private static func scan(
    _ reader: inout InstructionReader, of module: Module, limits: ImplementationLimits
  ) throws(ModuleError) {
    _ = try reader.locals()
    var nesting = BlockNesting(limit: limits.nesting)
    while true {
      let instruction = try reader.next()
      switch instruction.opcode {
      case .memoryInit, .dataDrop, .arrayNewData, .arrayInitData:
        // Bodies come before the data section; without its count they could not be validated in one pass.
        guard module.dataCount != nil else {
          throw ModuleError(.malformed, "data count section required", at: Int(instruction.offset))
        }
      default:
        if try nesting.isClosed(by: instruction) { return }
      }
    }
  }
}
