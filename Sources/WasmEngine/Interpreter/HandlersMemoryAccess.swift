// Scalar loads and stores (Core 3.0, 4.6.8).

extension HandlerTable {
  func addMemoryAccesses() {
    set(.i32Load) { load($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.i32Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.i32Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.i64Load) { load($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.i64Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.i64Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.f32Load) { load($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.f32Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.f32Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt32) in value } }
    set(.f32Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.f64Load) { load($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.f64Load, .address64) { load($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.f64Load, .sumAddress) { loadSum($0, $1, $2) { (value: UInt64) in value } }
    set(.f64Load, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.i32Load8S) { load($0, $1, $2, is64: false) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .address64) { load($0, $1, $2, is64: true) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .sumAddress) { loadSum($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int8) in Int32(value) } }
    set(.i32Load8U) { load($0, $1, $2, is64: false) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .address64) { load($0, $1, $2, is64: true) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load8U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt8) in UInt32(value) } }
    set(.i32Load16S) { load($0, $1, $2, is64: false) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .address64) { load($0, $1, $2, is64: true) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .sumAddress) { loadSum($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int16) in Int32(value) } }
    set(.i32Load16U) { load($0, $1, $2, is64: false) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .address64) { load($0, $1, $2, is64: true) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i32Load16U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt16) in UInt32(value) } }
    set(.i64Load8S) { load($0, $1, $2, is64: false) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .address64) { load($0, $1, $2, is64: true) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .sumAddress) { loadSum($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load8S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int8) in Int64(value) } }
    set(.i64Load8U) { load($0, $1, $2, is64: false) { (value: UInt8) in UInt64(value) } }
    set(.i64Load8U, .address64) { load($0, $1, $2, is64: true) { (value: UInt8) in UInt64(value) } }
    set(.i64Load8U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt8) in UInt64(value) } }
    set(.i64Load8U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt8) in UInt64(value) } }
    set(.i64Load16S) { load($0, $1, $2, is64: false) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .address64) { load($0, $1, $2, is64: true) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .sumAddress) { loadSum($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load16S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int16) in Int64(value) } }
    set(.i64Load16U) { load($0, $1, $2, is64: false) { (value: UInt16) in UInt64(value) } }
    set(.i64Load16U, .address64) { load($0, $1, $2, is64: true) { (value: UInt16) in UInt64(value) } }
    set(.i64Load16U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt16) in UInt64(value) } }
    set(.i64Load16U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt16) in UInt64(value) } }
    set(.i64Load32S) { load($0, $1, $2, is64: false) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .address64) { load($0, $1, $2, is64: true) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .sumAddress) { loadSum($0, $1, $2) { (value: Int32) in Int64(value) } }
    set(.i64Load32S, .scaledAddress) { loadScaled($0, $1, $2) { (value: Int32) in Int64(value) } }
    set(.i64Load32U) { load($0, $1, $2, is64: false) { (value: UInt32) in UInt64(value) } }
    set(.i64Load32U, .address64) { load($0, $1, $2, is64: true) { (value: UInt32) in UInt64(value) } }
    set(.i64Load32U, .sumAddress) { loadSum($0, $1, $2) { (value: UInt32) in UInt64(value) } }
    set(.i64Load32U, .scaledAddress) { loadScaled($0, $1, $2) { (value: UInt32) in UInt64(value) } }

    set(.i32Store) { store($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.i32Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.i32Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in value } }
    set(.i32Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.i64Store) { store($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.i64Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.i64Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in value } }
    set(.i64Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.f32Store) { store($0, $1, $2, is64: false) { (value: UInt32) in value } }
    set(.f32Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt32) in value } }
    set(.f32Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in value } }
    set(.f32Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in value } }
    set(.f64Store) { store($0, $1, $2, is64: false) { (value: UInt64) in value } }
    set(.f64Store, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in value } }
    set(.f64Store, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in value } }
    set(.f64Store, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in value } }
    set(.i32Store8) { store($0, $1, $2, is64: false) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .address64) { store($0, $1, $2, is64: true) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store8, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in UInt8(truncatingIfNeeded: value) } }
    set(.i32Store16) { store($0, $1, $2, is64: false) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i32Store16, .address64) { store($0, $1, $2, is64: true) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i32Store16, .sumAddress) { storeSum($0, $1, $2) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i32Store16, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt32) in UInt16(truncatingIfNeeded: value) } }
    set(.i64Store8) { store($0, $1, $2, is64: false) { (value: UInt64) in UInt8(truncatingIfNeeded: value) } }
    set(.i64Store8, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in UInt8(truncatingIfNeeded: value) } }
    set(.i64Store8, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in UInt8(truncatingIfNeeded: value) } }
    set(.i64Store8, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in UInt8(truncatingIfNeeded: value) } }
    set(.i64Store16) { store($0, $1, $2, is64: false) { (value: UInt64) in UInt16(truncatingIfNeeded: value) } }
    set(.i64Store16, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in UInt16(truncatingIfNeeded: value) } }
    set(.i64Store16, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in UInt16(truncatingIfNeeded: value) } }
    set(.i64Store16, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in UInt16(truncatingIfNeeded: value) } }
    set(.i64Store32) { store($0, $1, $2, is64: false) { (value: UInt64) in UInt32(truncatingIfNeeded: value) } }
    set(.i64Store32, .address64) { store($0, $1, $2, is64: true) { (value: UInt64) in UInt32(truncatingIfNeeded: value) } }
    set(.i64Store32, .sumAddress) { storeSum($0, $1, $2) { (value: UInt64) in UInt32(truncatingIfNeeded: value) } }
    set(.i64Store32, .scaledAddress) { storeScaled($0, $1, $2) { (value: UInt64) in UInt32(truncatingIfNeeded: value) } }
  }
}
