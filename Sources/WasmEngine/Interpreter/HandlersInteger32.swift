// The i32 instructions that compute (Core 3.0, 4.3.2). An immediate stands for the second operand.

extension HandlerTable {
  func addInteger32() {
    set(.i32Add) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &+ b } }
    set(.i32Add, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a &+ UInt32(bitPattern: b) } }
    set(.i32Sub) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &- b } }
    set(.i32Sub, .constantLeft) { constantRight($0, $1, $2) { (a: UInt32, b) in UInt32(bitPattern: b) &- a } }
    set(.i32Mul) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &* b } }
    set(.i32Mul, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a &* UInt32(bitPattern: b) } }
    set(.i32And) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a & b } }
    set(.i32And, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a & UInt32(bitPattern: b) } }
    set(.i32Or) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a | b } }
    set(.i32Or, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a | UInt32(bitPattern: b) } }
    set(.i32Xor) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a ^ b } }
    set(.i32Xor, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a ^ UInt32(bitPattern: b) } }
    set(.i32Shl) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &<< b } }
    set(.i32Shl, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a &<< UInt32(truncatingIfNeeded: b) } }
    set(.i32ShrS) { binary($0, $1, $2) { (a: Int32, b: Int32) in a &>> b } }
    set(.i32ShrS, .constantRight) { constantRight($0, $1, $2) { (a: Int32, b) in a &>> Int32(truncatingIfNeeded: b) } }
    set(.i32ShrU) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &>> b } }
    set(.i32ShrU, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt32, b) in a &>> UInt32(truncatingIfNeeded: b) }
    }
    set(.i32Rotl) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in Numerics.rotateLeft(a, b) } }
    set(.i32Rotl, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt32, b) in Numerics.rotateLeft(a, UInt32(truncatingIfNeeded: b)) }
    }
    set(.i32Rotr) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in Numerics.rotateRight(a, b) } }
    set(.i32Rotr, .constantRight) {
      constantRight($0, $1, $2) { (a: UInt32, b) in Numerics.rotateRight(a, UInt32(truncatingIfNeeded: b)) }
    }
    set(.i32DivS) { trappingBinary($0, $1, $2) { (a: Int32, b: Int32) in Numerics.divideSigned(a, b) } }
    set(.i32DivU) { trappingBinary($0, $1, $2) { (a: UInt32, b: UInt32) in Numerics.divideUnsigned(a, b) } }
    set(.i32RemS) { trappingBinary($0, $1, $2) { (a: Int32, b: Int32) in Numerics.remainderSigned(a, b) } }
    set(.i32RemU) { trappingBinary($0, $1, $2) { (a: UInt32, b: UInt32) in Numerics.remainderUnsigned(a, b) } }
    set(.i32Clz) { unary($0, $1, $2) { (a: UInt32) in UInt32(truncatingIfNeeded: a.leadingZeroBitCount) } }
    set(.i32Ctz) { unary($0, $1, $2) { (a: UInt32) in UInt32(truncatingIfNeeded: a.trailingZeroBitCount) } }
    set(.i32Popcnt) { unary($0, $1, $2) { (a: UInt32) in UInt32(truncatingIfNeeded: a.nonzeroBitCount) } }
    set(.i32Extend8S) { unary($0, $1, $2) { (a: UInt32) in Int32(Int8(truncatingIfNeeded: a)) } }
    set(.i32Extend16S) { unary($0, $1, $2) { (a: UInt32) in Int32(Int16(truncatingIfNeeded: a)) } }
  }
}
