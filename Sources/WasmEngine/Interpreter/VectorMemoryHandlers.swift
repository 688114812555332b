import WebAssembly

// Handlers of vector instructions that access a memory (Core 3.0, 4.4.5), for 32-bit and 64-bit addresses.
extension HandlerTable {
  /// Whole vectors, and what a load makes one of.
  func addVectorMemory() {
    set(.v128Load) { load($0, $1, $2, is64: false) { (a: Vector.Bits) in a } }
    set(.v128Load, .address64) { load($0, $1, $2, is64: true) { (a: Vector.Bits) in a } }
    set(.v128Load, .sumAddress) { loadSum($0, $1, $2) { (a: Vector.Bits) in a } }
    set(.v128Load, .scaledAddress) { loadScaled($0, $1, $2) { (a: Vector.Bits) in a } }
    set(.v128Store) { store($0, $1, $2, is64: false) { (a: Vector.Bits) in a } }
    set(.v128Store, .address64) { store($0, $1, $2, is64: true) { (a: Vector.Bits) in a } }
    set(.v128Store, .sumAddress) { storeSum($0, $1, $2) { (a: Vector.Bits) in a } }
    set(.v128Store, .scaledAddress) { storeScaled($0, $1, $2) { (a: Vector.Bits) in a } }
    set(.v128Load8x8S) { load($0, $1, $2, is64: false) { (a: SIMD8<Int8>) in SIMD8<Int16>(truncatingIfNeeded: a) } }
    set(.v128Load8x8S, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD8<Int8>) in SIMD8<Int16>(truncatingIfNeeded: a) }
    }
    set(.v128Load8x8U) { load($0, $1, $2, is64: false) { (a: SIMD8<UInt8>) in SIMD8<UInt16>(truncatingIfNeeded: a) } }
    set(.v128Load8x8U, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD8<UInt8>) in SIMD8<UInt16>(truncatingIfNeeded: a) }
    }
    set(.v128Load16x4S) { load($0, $1, $2, is64: false) { (a: SIMD4<Int16>) in SIMD4<Int32>(truncatingIfNeeded: a) } }
    set(.v128Load16x4S, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD4<Int16>) in SIMD4<Int32>(truncatingIfNeeded: a) }
    }
    set(.v128Load16x4U) { load($0, $1, $2, is64: false) { (a: SIMD4<UInt16>) in SIMD4<UInt32>(truncatingIfNeeded: a) } }
    set(.v128Load16x4U, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD4<UInt16>) in SIMD4<UInt32>(truncatingIfNeeded: a) }
    }
    set(.v128Load32x2S) { load($0, $1, $2, is64: false) { (a: SIMD2<Int32>) in SIMD2<Int64>(truncatingIfNeeded: a) } }
    set(.v128Load32x2S, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD2<Int32>) in SIMD2<Int64>(truncatingIfNeeded: a) }
    }
    set(.v128Load32x2U) { load($0, $1, $2, is64: false) { (a: SIMD2<UInt32>) in SIMD2<UInt64>(truncatingIfNeeded: a) } }
    set(.v128Load32x2U, .address64) {
      load($0, $1, $2, is64: true) { (a: SIMD2<UInt32>) in SIMD2<UInt64>(truncatingIfNeeded: a) }
    }
    set(.v128Load8Splat) { load($0, $1, $2, is64: false) { (a: UInt8) in SIMD16<UInt8>(repeating: a) } }
    set(.v128Load8Splat, .address64) { load($0, $1, $2, is64: true) { (a: UInt8) in SIMD16<UInt8>(repeating: a) } }
    set(.v128Load16Splat) { load($0, $1, $2, is64: false) { (a: UInt16) in SIMD8<UInt16>(repeating: a) } }
    set(.v128Load16Splat, .address64) { load($0, $1, $2, is64: true) { (a: UInt16) in SIMD8<UInt16>(repeating: a) } }
    set(.v128Load32Splat) { load($0, $1, $2, is64: false) { (a: UInt32) in SIMD4<UInt32>(repeating: a) } }
    set(.v128Load32Splat, .address64) { load($0, $1, $2, is64: true) { (a: UInt32) in SIMD4<UInt32>(repeating: a) } }
    set(.v128Load64Splat) { load($0, $1, $2, is64: false) { (a: UInt64) in SIMD2<UInt64>(repeating: a) } }
    set(.v128Load64Splat, .address64) { load($0, $1, $2, is64: true) { (a: UInt64) in SIMD2<UInt64>(repeating: a) } }
    set(.v128Load32Zero) { load($0, $1, $2, is64: false) { (a: UInt32) in Vector.Bits(UInt64(a), 0) } }
    set(.v128Load32Zero, .address64) { load($0, $1, $2, is64: true) { (a: UInt32) in Vector.Bits(UInt64(a), 0) } }
    set(.v128Load64Zero) { load($0, $1, $2, is64: false) { (a: UInt64) in Vector.Bits(a, 0) } }
    set(.v128Load64Zero, .address64) { load($0, $1, $2, is64: true) { (a: UInt64) in Vector.Bits(a, 0) } }
  }

  /// Single lanes. A store has the operands of a scalar one: `address, value, record, offset`, where `value` is the place
  /// of the lane itself within the vector's slots.
  func addVectorLaneMemory() {
    set(.v128Load8Lane) {
      loadLane($0, $1, $2, is64: false) { (a: SIMD16<UInt8>, b: UInt8, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load8Lane, .address64) {
      loadLane($0, $1, $2, is64: true) { (a: SIMD16<UInt8>, b: UInt8, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load16Lane) {
      loadLane($0, $1, $2, is64: false) { (a: SIMD8<UInt16>, b: UInt16, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load16Lane, .address64) {
      loadLane($0, $1, $2, is64: true) { (a: SIMD8<UInt16>, b: UInt16, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load32Lane) {
      loadLane($0, $1, $2, is64: false) { (a: SIMD4<UInt32>, b: UInt32, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load32Lane, .address64) {
      loadLane($0, $1, $2, is64: true) { (a: SIMD4<UInt32>, b: UInt32, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load64Lane) {
      loadLane($0, $1, $2, is64: false) { (a: SIMD2<UInt64>, b: UInt64, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Load64Lane, .address64) {
      loadLane($0, $1, $2, is64: true) { (a: SIMD2<UInt64>, b: UInt64, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.v128Store8Lane) { store($0, $1, $2, is64: false) { (a: UInt8) in a } }
    set(.v128Store8Lane, .address64) { store($0, $1, $2, is64: true) { (a: UInt8) in a } }
    set(.v128Store16Lane) { store($0, $1, $2, is64: false) { (a: UInt16) in a } }
    set(.v128Store16Lane, .address64) { store($0, $1, $2, is64: true) { (a: UInt16) in a } }
    set(.v128Store32Lane) { store($0, $1, $2, is64: false) { (a: UInt32) in a } }
    set(.v128Store32Lane, .address64) { store($0, $1, $2, is64: true) { (a: UInt32) in a } }
    set(.v128Store64Lane) { store($0, $1, $2, is64: false) { (a: UInt64) in a } }
    set(.v128Store64Lane, .address64) { store($0, $1, $2, is64: true) { (a: UInt64) in a } }
  }
}
