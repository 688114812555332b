// Scalar loads and stores (Core 3.0, 4.6.8).

extension HandlerTable {
  func addMemoryAccesses() {
    set(.i32Load) { load($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.i32Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.i32Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Load, .fixedAddress) { loadFixed($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Load, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: UInt32) in value } }
    set(.i64Load) { load($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.i64Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.i64Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Load, .fixedAddress) { loadFixed($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Load, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: UInt64) in value } }
    set(.i32Load8S) { load($0, $1, $2, is64: false) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .address64) { load($0, $1, $2, is64: true) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .sumAddress) { loadSum($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .fixedAddress) { loadFixed($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8U) { load($0, $1, $2, is64: false) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .address64) { load($0, $1, $2, is64: true) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .fixedAddress) { loadFixed($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load16S) { load($0, $1, $2, is64: false) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .address64) { load($0, $1, $2, is64: true) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .sumAddress) { loadSum($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .fixedAddress) { loadFixed($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16U) { load($0, $1, $2, is64: false) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .address64) { load($0, $1, $2, is64: true) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .fixedAddress) { loadFixed($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i64Load8S) { load($0, $1, $2, is64: false) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .address64) { load($0, $1, $2, is64: true) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .sumAddress) { loadSum($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .fixedAddress) { loadFixed($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load16S) { load($0, $1, $2, is64: false) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .address64) { load($0, $1, $2, is64: true) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .sumAddress) { loadSum($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .fixedAddress) { loadFixed($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load32S) { load($0, $1, $2, is64: false) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .address64) { load($0, $1, $2, is64: true) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .sumAddress) { loadSum($0, $1, $2) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .fixedAddress) { loadFixed($0, $1, $2) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .displacedAddress) { loadDisplaced($0, $1, $2) { (value: Int32) in Int64(value) } }

    set(.i32Store) { store($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.i32Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.i32Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Store, .fixedAddress) { storeFixed($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Store, .displacedAddress) { storeDisplaced($0, $1, $2) { (value: UInt32) in value } }
    set(.i64Store) { store($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.i64Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.i64Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Store, .fixedAddress) { storeFixed($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Store, .displacedAddress) { storeDisplaced($0, $1, $2) { (value: UInt64) in value } }
    set(.i32Store8) { store($0, $1, $2, is64: false) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .address64) {
      store($0, $1, $2, is64: true) { (value: UInt32) in UInt8(truncatingIfNeeded: value) }
    }
    set(.i32Store8, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .fixedAddress) { storeFixed($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .displacedAddress) {
      storeDisplaced($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) }
    }
    set(.i32Store16) { store($0, $1, $2, is64: false) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i32Store16, .address64) {
      store($0, $1, $2, is64: true) { (value: UInt32) in UInt16(truncatingIfNeeded: value) }
    }
    set(.i32Store16, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i32Store16, .scaledAddress) {
      storeScaled($0, $1, $2) { (value: UInt32) in UInt16(truncatingIfNeeded: value) }
    }
    // These do the same to a slot.
    alias(.f32Load, of: .i32Load)
    alias(.f64Load, of: .i64Load)
    alias(.i64Load8U, of: .i32Load8U)
    alias(.i64Load16U, of: .i32Load16U)
    alias(.i64Load32U, of: .i32Load)
    alias(.f32Store, of: .i32Store)
    alias(.f64Store, of: .i64Store)
    alias(.i64Store8, of: .i32Store8)
    alias(.i64Store16, of: .i32Store16)
    alias(.i64Store32, of: .i32Store)
  }
}
