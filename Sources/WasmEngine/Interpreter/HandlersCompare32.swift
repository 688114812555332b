// The i32 comparisons, alone and joined with a branch.

extension HandlerTable {
  func addCompare32() {
    set(.i32Eqz) { unary($0, $1, $2) { (a: UInt32) in a == 0 } }

    set(.i32Eq) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a == b } }
    set(.i32Eq, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a == UInt32(bitPattern: b) } }
    set(.i32Eq, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a == b } }
    set(.i32Eq, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a == b } }
    set(.i32Eq, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a == UInt32(bitPattern: b) } }
    set(.i32Eq, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a == UInt32(bitPattern: b) }
    }

    set(.i32Ne) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a != b } }
    set(.i32Ne, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a != UInt32(bitPattern: b) } }
    set(.i32Ne, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a != b } }
    set(.i32Ne, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a != b } }
    set(.i32Ne, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a != UInt32(bitPattern: b) } }
    set(.i32Ne, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a != UInt32(bitPattern: b) }
    }

    set(.i32LtS) { binary($0, $1, $2) { (a: Int32, b: Int32) in a < b } }
    set(.i32LtS, .constantRight) { constantRight($0, $1, $2) { (a: Int32, b) in a < b } }
    set(.i32LtS, .branch) { branchIf($0, $1, $2) { (a: Int32, b: Int32) in a < b } }
    set(.i32LtS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int32, b: Int32) in a < b } }
    set(.i32LtS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int32, b) in a < b } }
    set(.i32LtS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int32, b) in a < b }
    }

    set(.i32LtU) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a < b } }
    set(.i32LtU, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a < UInt32(bitPattern: b) } }
    set(.i32LtU, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a < b } }
    set(.i32LtU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a < b } }
    set(.i32LtU, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a < UInt32(bitPattern: b) } }
    set(.i32LtU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a < UInt32(bitPattern: b) }
    }

    set(.i32GtS) { binary($0, $1, $2) { (a: Int32, b: Int32) in a > b } }
    set(.i32GtS, .constantRight) { constantRight($0, $1, $2) { (a: Int32, b) in a > b } }
    set(.i32GtS, .branch) { branchIf($0, $1, $2) { (a: Int32, b: Int32) in a > b } }
    set(.i32GtS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int32, b: Int32) in a > b } }
    set(.i32GtS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int32, b) in a > b } }
    set(.i32GtS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int32, b) in a > b }
    }

    set(.i32GtU) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a > b } }
    set(.i32GtU, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a > UInt32(bitPattern: b) } }
    set(.i32GtU, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a > b } }
    set(.i32GtU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a > b } }
    set(.i32GtU, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a > UInt32(bitPattern: b) } }
    set(.i32GtU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a > UInt32(bitPattern: b) }
    }

    set(.i32LeS) { binary($0, $1, $2) { (a: Int32, b: Int32) in a <= b } }
    set(.i32LeS, .constantRight) { constantRight($0, $1, $2) { (a: Int32, b) in a <= b } }
    set(.i32LeS, .branch) { branchIf($0, $1, $2) { (a: Int32, b: Int32) in a <= b } }
    set(.i32LeS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int32, b: Int32) in a <= b } }
    set(.i32LeS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int32, b) in a <= b } }
    set(.i32LeS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int32, b) in a <= b }
    }

    set(.i32LeU) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a <= b } }
    set(.i32LeU, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a <= UInt32(bitPattern: b) } }
    set(.i32LeU, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a <= b } }
    set(.i32LeU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a <= b } }
    set(.i32LeU, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a <= UInt32(bitPattern: b) } }
    set(.i32LeU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a <= UInt32(bitPattern: b) }
    }

    set(.i32GeS) { binary($0, $1, $2) { (a: Int32, b: Int32) in a >= b } }
    set(.i32GeS, .constantRight) { constantRight($0, $1, $2) { (a: Int32, b) in a >= b } }
    set(.i32GeS, .branch) { branchIf($0, $1, $2) { (a: Int32, b: Int32) in a >= b } }
    set(.i32GeS, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Int32, b: Int32) in a >= b } }
    set(.i32GeS, .branchConstant) { branchIfConstant($0, $1, $2) { (a: Int32, b) in a >= b } }
    set(.i32GeS, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: Int32, b) in a >= b }
    }

    set(.i32GeU) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a >= b } }
    set(.i32GeU, .constantRight) { constantRight($0, $1, $2) { (a: UInt32, b) in a >= UInt32(bitPattern: b) } }
    set(.i32GeU, .branch) { branchIf($0, $1, $2) { (a: UInt32, b: UInt32) in a >= b } }
    set(.i32GeU, .branchBack) { branchIf($0, $1, $2, back: true) { (a: UInt32, b: UInt32) in a >= b } }
    set(.i32GeU, .branchConstant) { branchIfConstant($0, $1, $2) { (a: UInt32, b) in a >= UInt32(bitPattern: b) } }
    set(.i32GeU, .branchConstantBack) {
      branchIfConstant($0, $1, $2, back: true) { (a: UInt32, b) in a >= UInt32(bitPattern: b) }
    }
  }
}
