// Pairs of operators that often follow each other, as one instruction.

extension HandlerTable {
  func addFused() {
    // `result, a, b, shift`: a + (b << shift)
    set(.shiftAdd32) { pc, fp, context in
      let a = UInt32.read(fp + operand(pc, 1))
      let b = UInt32.read(fp + operand(pc, 2))
      (a &+ (b &<< operand32(pc, 3))).write(fp + operand(pc, 0))
      return next(pc, 4, fp, context)
    }
    // `result, a, b, c`: both roundings of the two operators (Core 3.0, 4.3.3), which is why the product stands alone.
    set(.multiplyAdd64) { ternary($0, $1, $2) { (a: Double, b: Double, c: Double) in a * b + c } }
    set(.multiplySubtract64) { ternary($0, $1, $2) { (a: Double, b: Double, c: Double) in a * b - c } }
    set(.multiplySubtractFrom64) { ternary($0, $1, $2) { (a: Double, b: Double, c: Double) in c - a * b } }
    set(.multiplyAdd32) { ternary($0, $1, $2) { (a: Float, b: Float, c: Float) in a * b + c } }
    set(.multiplySubtract32) { ternary($0, $1, $2) { (a: Float, b: Float, c: Float) in a * b - c } }
    set(.multiplySubtractFrom32) { ternary($0, $1, $2) { (a: Float, b: Float, c: Float) in c - a * b } }
  }
}
