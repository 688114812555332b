// The i64 comparisons, alone and joined with a branch.

extension HandlerTable {
  func addCompare64() {
    set(.i64Eqz) { unary($0, $1, $2) { (a: UInt64) in a == 0 } }

    set(.i64Eq) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a == b } }
    set(.i64Eq, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a == UInt64(bitPattern: Int64(b)) } }
    set(.i64Eq, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a == b } }
    set(.i64Eq, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a == b } }
    set(.i64Eq, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a == UInt64(bitPattern: Int64(b)) }
    }
    set(.i64Eq, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a == UInt64(bitPattern: Int64(b)) }
    }

    set(.i64Ne) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a != b } }
    set(.i64Ne, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a != UInt64(bitPattern: Int64(b)) } }
    set(.i64Ne, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a != b } }
    set(.i64Ne, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a != b } }
    set(.i64Ne, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a != UInt64(bitPattern: Int64(b)) }
    }
    set(.i64Ne, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a != UInt64(bitPattern: Int64(b)) }
    }

    set(.i64LtS) { binary($0, $1, $2) { (a: Int64, b: Int64) in a < b } }
    set(.i64LtS, .constantRight) { constantRight($0, $1, $2) { (a: Int64, b) in a < Int64(b) } }
    set(.i64LtS, .branch) { branchIf($0, $1, $2) { (a: Int64, b: Int64) in a < b } }
    set(.i64LtS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int64, b: Int64) in a < b } }
    set(.i64LtS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int64, b) in a < Int64(b) } }
    set(.i64LtS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int64, b) in a < Int64(b) }
    }

    set(.i64LtU) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a < b } }
    set(.i64LtU, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a < UInt64(bitPattern: Int64(b)) } }
    set(.i64LtU, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a < b } }
    set(.i64LtU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a < b } }
    set(.i64LtU, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a < UInt64(bitPattern: Int64(b)) }
    }
    set(.i64LtU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a < UInt64(bitPattern: Int64(b)) }
    }

    set(.i64GtS) { binary($0, $1, $2) { (a: Int64, b: Int64) in a > b } }
    set(.i64GtS, .constantRight) { constantRight($0, $1, $2) { (a: Int64, b) in a > Int64(b) } }
    set(.i64GtS, .branch) { branchIf($0, $1, $2) { (a: Int64, b: Int64) in a > b } }
    set(.i64GtS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int64, b: Int64) in a > b } }
    set(.i64GtS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int64, b) in a > Int64(b) } }
    set(.i64GtS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int64, b) in a > Int64(b) }
    }

    set(.i64GtU) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a > b } }
    set(.i64GtU, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a > UInt64(bitPattern: Int64(b)) } }
    set(.i64GtU, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a > b } }
    set(.i64GtU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a > b } }
    set(.i64GtU, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a > UInt64(bitPattern: Int64(b)) }
    }
    set(.i64GtU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a > UInt64(bitPattern: Int64(b)) }
    }

    set(.i64LeS) { binary($0, $1, $2) { (a: Int64, b: Int64) in a <= b } }
    set(.i64LeS, .constantRight) { constantRight($0, $1, $2) { (a: Int64, b) in a <= Int64(b) } }
    set(.i64LeS, .branch) { branchIf($0, $1, $2) { (a: Int64, b: Int64) in a <= b } }
    set(.i64LeS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int64, b: Int64) in a <= b } }
    set(.i64LeS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int64, b) in a <= Int64(b) } }
    set(.i64LeS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int64, b) in a <= Int64(b) }
    }

    set(.i64LeU) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a <= b } }
    set(.i64LeU, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a <= UInt64(bitPattern: Int64(b)) } }
    set(.i64LeU, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a <= b } }
    set(.i64LeU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a <= b } }
    set(.i64LeU, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a <= UInt64(bitPattern: Int64(b)) }
    }
    set(.i64LeU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a <= UInt64(bitPattern: Int64(b)) }
    }

    set(.i64GeS) { binary($0, $1, $2) { (a: Int64, b: Int64) in a >= b } }
    set(.i64GeS, .constantRight) { constantRight($0, $1, $2) { (a: Int64, b) in a >= Int64(b) } }
    set(.i64GeS, .branch) { branchIf($0, $1, $2) { (a: Int64, b: Int64) in a >= b } }
    set(.i64GeS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int64, b: Int64) in a >= b } }
    set(.i64GeS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int64, b) in a >= Int64(b) } }
    set(.i64GeS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int64, b) in a >= Int64(b) }
    }

    set(.i64GeU) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a >= b } }
    set(.i64GeU, .constantRight) { constantRight($0, $1, $2) { (a: UInt64, b) in a >= UInt64(bitPattern: Int64(b)) } }
    set(.i64GeU, .branch) { branchIf($0, $1, $2) { (a: UInt64, b: UInt64) in a >= b } }
    set(.i64GeU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt64, b: UInt64) in a >= b } }
    set(.i64GeU, .branchConstant) {
      branchIfConstant($0, $1, $2) { (a: UInt64, b) in a >= UInt64(bitPattern: Int64(b)) }
    }
    set(.i64GeU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt64, b) in a >= UInt64(bitPattern: Int64(b)) }
    }
  }
}
