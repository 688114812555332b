// The i64 instructions that compute (Core 3.0, 4.3.2). An immediate stands for the second operand, sign-extended.

extension HandlerTable {
  func addInteger64() {
    set(.i64Add) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a &+ b } }
    set(.i64Add, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a &+ UInt64(bitPattern: Int64(b)) } }
    set(.i64Sub) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a &- b } }
    set(.i64Sub, .constantLeft) { constantRight($0, $1, $2) { (a: UInt64, b) in UInt64(bitPattern: Int64(b)) &- a } }
    set(.i64Mul) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a &* b } }
    set(.i64Mul, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a &* UInt64(bitPattern: Int64(b)) } }
    set(.i64And) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a & b } }
    set(.i64And, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a & UInt64(bitPattern: Int64(b)) } }
    set(.i64Or) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a | b } }
    set(.i64Or, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a | UInt64(bitPattern: Int64(b)) } }
    set(.i64Xor) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a ^ b } }
    set(.i64Xor, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a ^ UInt64(bitPattern: Int64(b)) } }
    set(.i64Shl) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a &<< b } }
    set(.i64Shl, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a &<< UInt64(truncatingIfNeeded: b) } }
    set(.i64ShrS) { binary($0, $1, $2) { (a: Int64, b: Int64) in a &>> b } }
    set(.i64ShrS, .constantRight) { constantRight($0, $1, $2) { (a: Int64, b) in a &>> Int64(truncatingIfNeeded: b) } }
    set(.i64ShrU) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a &>> b } }
    set(.i64ShrU, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt64, b) in a &>> UInt64(truncatingIfNeeded: b) }
    }
    set(.i64Rotl) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in Numerics.rotateLeft(a, b) } }
    set(.i64Rotl, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt64, b) in Numerics.rotateLeft(a, UInt64(truncatingIfNeeded: b)) }
    }
    set(.i64Rotr) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in Numerics.rotateRight(a, b) } }
    set(.i64Rotr, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt64, b) in Numerics.rotateRight(a, UInt64(truncatingIfNeeded: b)) }
    }
    set(.i64DivS) { trappingBinary($0, $1, $2) { (a: Int64, b: Int64) in Numerics.divideSigned(a, b) } }
    set(.i64DivU) { trappingBinary($0, $1, $2) { (a: UInt64, b: UInt64) in Numerics.divideUnsigned(a, b) } }
    set(.i64RemS) { trappingBinary($0, $1, $2) { (a: Int64, b: Int64) in Numerics.remainderSigned(a, b) } }
    set(.i64RemU) { trappingBinary($0, $1, $2) { (a: UInt64, b: UInt64) in Numerics.remainderUnsigned(a, b) } }
    set(.i64Clz) { unary($0, $1, $2) { (a: UInt64) in UInt64(truncatingIfNeeded: a.leadingZeroBitCount) } }
    set(.i64Ctz) { unary($0, $1, $2) { (a: UInt64) in UInt64(truncatingIfNeeded: a.trailingZeroBitCount) } }
    set(.i64Popcnt) { unary($0, $1, $2) { (a: UInt64) in UInt64(truncatingIfNeeded: a.nonzeroBitCount) } }
    set(.i64Extend8S) { unary($0, $1, $2) { (a: UInt64) in Int64(Int8(truncatingIfNeeded: a)) } }
    set(.i64Extend16S) { unary($0, $1, $2) { (a: UInt64) in Int64(Int16(truncatingIfNeeded: a)) } }
    set(.i64Extend32S) { unary($0, $1, $2) { (a: UInt64) in Int64(Int32(truncatingIfNeeded: a)) } }
  }
}
