extension HandlerTable {
  func addIntegers() {
    set(.i32Add) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in a &+ b } }
    set(.i32DivS) { trappingBinary($0, $1, $2) { (a: Int32, b: Int32) in Numerics.divideSigned(a, b) } }
    set(.i32Load) { load($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.i32Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.i32Store) { store($0, $1, $2, is64: false) { (value: UInt32) in value } }
  }
}
