/// Simplification where an instruction is made: constants, identities, and canonical forms that later steps rely on (a
/// constant operand stands on the right; comparisons with zero are not nested).
extension FunctionTranslator {
  /// The value that an instruction is equal to, if that is known already; else the instruction may have been changed to an
  /// equivalent one.
  mutating func fold(_ instruction: inout IRInstruction) -> IRValue? {
    switch instruction.operation {
    case .add, .sub, .mul, .and, .or, .xor, .shl, .shrS, .shrU, .rotl, .rotr:
      return foldBinary(&instruction)
    case .compare:
      return foldComparison(&instruction)
    case .wrap:
      if let value = ir.constant(instruction.a) { return constant(.i32, value) }
      let inner = ir[instruction.a]
      if inner.operation == .zeroExtend || inner.operation == .signExtend { return inner.a }
    case .zeroExtend:
      if let value = ir.constant(instruction.a) { return constant(.i64, value.unsigned32) }
    case .signExtend:
      if let value = ir.constant(instruction.a) { return constant(.i64, value.signed32) }
    case .extend:
      if let value = ir.constant(instruction.a) {
        let shift = Int64(64 - Int(instruction.aux))
        return constant(instruction.type, (value << shift) >> shift)
      }
    case .select:
      if let value = ir.constant(instruction.a) { return value != 0 ? instruction.b : instruction.c }
      if instruction.b == instruction.c { return instruction.b }
    case .reinterpret:
      if let value = ir.constant(instruction.a) { return constant(instruction.type, value) }
      if ir[instruction.a].operation == .reinterpret { return ir[instruction.a].a }
    default:
      break
    }
    return nil
  }

  private static func evaluate(_ operation: IROperation, _ a: Int64, _ b: Int64, is64: Bool) -> Int64 {
    let width: Int64 = is64 ? 64 : 32
    let count = b & (width - 1)
    let unsigned = UInt64(bitPattern: is64 ? a : a.unsigned32)
    let signed = is64 ? a : a.signed32
    switch operation {
    case .add: return a &+ b
    case .sub: return a &- b
    case .mul: return a &* b
    case .and: return a & b
    case .or: return a | b
    case .xor: return a ^ b
    case .shl: return Int64(bitPattern: unsigned << UInt64(count))
    case .shrU: return Int64(bitPattern: unsigned >> UInt64(count))
    case .shrS: return signed >> count
    case .rotl:
      return Int64(bitPattern: (unsigned << UInt64(count)) | (unsigned >> UInt64((width - count) & (width - 1))))
    default: return Int64(bitPattern: (unsigned >> UInt64(count)) | (unsigned << UInt64((width - count) & (width - 1))))
    }
  }

  private mutating func foldBinary(_ instruction: inout IRInstruction) -> IRValue? {
    let is64 = instruction.type == .i64
    let operation = instruction.operation
    if let left = ir.constant(instruction.a) {
      if let right = ir.constant(instruction.b) {
        return constant(instruction.type, Self.evaluate(operation, left, right, is64: is64))
      }
      switch operation {
      case .add, .mul, .and, .or, .xor: swap(&instruction.a, &instruction.b)
      default: return nil
      }
    }
    if operation == .sub && instruction.a == instruction.b || operation == .xor && instruction.a == instruction.b {
      return constant(instruction.type, 0)
    }
    guard let right = ir.constant(instruction.b) else { return nil }
    switch operation {
    case .add, .or, .xor:
      if right == 0 { return instruction.a }
    case .sub:
      if right == 0 { return instruction.a }
      // x - c is x + (-c): one form for addresses and counters.
      let negated = constant(instruction.type, 0 &- right)
      instruction = IRInstruction(.add, instruction.type, instruction.a, negated)
      return make(instruction)
    case .shl, .shrS, .shrU, .rotl, .rotr:
      let mask: Int64 = is64 ? 63 : 31
      if right & mask == 0 { return instruction.a }
      if right & ~mask != 0 { instruction.b = constant(instruction.type, right & mask) }
    case .and:
      if right == 0 { return instruction.b }
      if right == (is64 ? -1 : 0xFFFF_FFFF) { return instruction.a }
    case .mul:
      if right == 0 { return instruction.b }
      if right == 1 { return instruction.a }
      if right > 0, right & (right - 1) == 0 {
        let count = constant(instruction.type, Int64(right.trailingZeroBitCount))
        return make(IRInstruction(.shl, instruction.type, instruction.a, count))
      }
    default:
      break
    }
    // (x op c) op d with an associative operation.
    let inner = ir[instruction.a]
    if inner.operation == operation, let middle = ir.constant(inner.b) {
      switch operation {
      case .add, .and, .or, .xor, .mul:
        let merged = constant(instruction.type, Self.evaluate(operation, middle, right, is64: is64))
        return make(IRInstruction(operation, instruction.type, inner.a, merged))
      default:
        break
      }
    }
    return nil
  }

  private mutating func foldComparison(_ instruction: inout IRInstruction) -> IRValue? {
    guard var condition = IRCondition(rawValue: instruction.aux) else { return nil }
    let is64 = ir.type(instruction.a) == .i64
    if let left = ir.constant(instruction.a) {
      if let right = ir.constant(instruction.b) {
        return constant(.i32, condition.holds(left, right, is64: is64) ? 1 : 0)
      }
      swap(&instruction.a, &instruction.b)
      condition = condition.swapped
      instruction.aux = condition.rawValue
    }
    guard let right = ir.constant(instruction.b) else { return nil }
    let inner = ir[instruction.a]
    if right == 0, condition == .equal || condition == .notEqual {
      if inner.operation == .compare, let other = IRCondition(rawValue: inner.aux) {
        if condition == .notEqual { return instruction.a }
        return make(IRInstruction(.compare, .i32, inner.a, inner.b, aux: other.negated.rawValue))
      }
      if inner.operation == .floatCompare, condition == .notEqual { return instruction.a }
    }
    return nil
  }
}
