/// The results of numeric instructions whose operands are all known integers.
enum ConstantFolding {
  /// The result, zero-extended; nil where the instruction traps, has no integers, or is not one of these.
  static func evaluate(_ opcode: Opcode, _ operands: [UInt64]) -> UInt64? {
    guard let type = opcode.row.type, type.results.count == 1, let first = operands.first, let last = operands.last,
      let operand = type.operands.first, type.operands.allSatisfy({ $0 == operand })
    else { return nil }
    return switch operand {
    case .i32 where opcode == .i64ExtendI32S: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: first)))
    case .i32: evaluate32(opcode, UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: last))
    case .i64: evaluate64(opcode, first, last)
    default: nil
    }
  }

  private static func evaluate32(_ opcode: Opcode, _ left: UInt32, _ right: UInt32) -> UInt64? {
    let (signedLeft, signedRight) = (Int32(bitPattern: left), Int32(bitPattern: right))
    let result: UInt32? =
      switch opcode {
      case .i32Add: left &+ right
      case .i32Sub: left &- right
      case .i32Mul: left &* right
      case .i32And: left & right
      case .i32Or: left | right
      case .i32Xor: left ^ right
      case .i32Shl: left &<< right
      case .i32ShrU: left &>> right
      case .i32ShrS: UInt32(bitPattern: signedLeft &>> signedRight)
      case .i32Rotl: rotated(left, by: right)
      case .i32Rotr: rotated(left, by: 0 &- right)
      case .i32DivU: quotient(left, right)
      case .i32RemU: remainder(left, right)
      case .i32DivS: quotient(signedLeft, signedRight).map { UInt32(bitPattern: $0) }
      case .i32RemS: remainder(signedLeft, signedRight).map { UInt32(bitPattern: $0) }
      case .i32Clz: UInt32(left.leadingZeroBitCount)
      case .i32Ctz: UInt32(left.trailingZeroBitCount)
      case .i32Popcnt: UInt32(left.nonzeroBitCount)
      case .i32Extend8S: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: left)))
      case .i32Extend16S: UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: left)))
      case .i64ExtendI32U: left
      default: nil
      }
    return result.map { UInt64($0) }
  }

  private static func evaluate64(_ opcode: Opcode, _ left: UInt64, _ right: UInt64) -> UInt64? {
    let (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
    return switch opcode {
    case .i64Add: left &+ right
    case .i64Sub: left &- right
    case .i64Mul: left &* right
    case .i64And: left & right
    case .i64Or: left | right
    case .i64Xor: left ^ right
    case .i64Shl: left &<< right
    case .i64ShrU: left &>> right
    case .i64ShrS: UInt64(bitPattern: signedLeft &>> signedRight)
    case .i64Rotl: rotated(left, by: right)
    case .i64Rotr: rotated(left, by: 0 &- right)
    case .i64DivU: quotient(left, right)
    case .i64RemU: remainder(left, right)
    case .i64DivS: quotient(signedLeft, signedRight).map { UInt64(bitPattern: $0) }
    case .i64RemS: remainder(signedLeft, signedRight).map { UInt64(bitPattern: $0) }
    case .i64Clz: UInt64(left.leadingZeroBitCount)
    case .i64Ctz: UInt64(left.trailingZeroBitCount)
    case .i64Popcnt: UInt64(left.nonzeroBitCount)
    case .i64Extend8S: UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: left)))
    case .i64Extend16S: UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: left)))
    case .i64Extend32S: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: left)))
    case .i32WrapI64: UInt64(UInt32(truncatingIfNeeded: left))
    default: nil
    }
  }

  /// The masking shifts take the count modulo the width, as the instructions do.
  private static func rotated<Word: FixedWidthInteger & UnsignedInteger>(_ value: Word, by count: Word) -> Word {
    value &<< count | value &>> (0 &- count)
  }

  private static func quotient<Number: FixedWidthInteger>(_ left: Number, _ right: Number) -> Number? {
    let (value, overflow) = left.dividedReportingOverflow(by: right)
    return overflow ? nil : value
  }

  private static func remainder<Number: FixedWidthInteger>(_ left: Number, _ right: Number) -> Number? {
    guard right != 0 else { return nil }
    // That of the least number and -1 is 0, and no trap.
    let (value, overflow) = left.remainderReportingOverflow(dividingBy: right)
    return overflow ? 0 : value
  }
}
