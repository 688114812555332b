import WebAssembly

// Handlers of integer vector instructions (Core 3.0, 4.3.6).
extension HandlerTable {
  /// All vector instructions but the relaxed ones.
  func addVectors() {
    addVectorIntegerComparisons()
    addVectorIntegerArithmetic()
    addVectorWidening()
    addVectorShifts()
    addVectorFloatComparisons()
    addVectorFloatArithmetic()
    addVectorConversions()
    addVectorBits()
    addVectorSplats()
    addVectorLaneExtractions()
    addVectorLaneReplacements()
    addVectorSwizzle()
    addVectorMemory()
    addVectorLaneMemory()
  }

  /// All ones in each lane where the comparison holds.
  func addVectorIntegerComparisons() {
    set(.i8x16Eq) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .== b) } }
    set(.i8x16Ne) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .!= b) } }
    set(.i8x16LtS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.lanes(a .< b) } }
    set(.i8x16LtU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .< b) } }
    set(.i8x16GtS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.lanes(a .> b) } }
    set(.i8x16GtU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .> b) } }
    set(.i8x16LeS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.lanes(a .<= b) } }
    set(.i8x16LeU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .<= b) } }
    set(.i8x16GeS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.lanes(a .>= b) } }
    set(.i8x16GeU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.lanes(a .>= b) } }
    set(.i16x8Eq) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .== b) } }
    set(.i16x8Ne) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .!= b) } }
    set(.i16x8LtS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.lanes(a .< b) } }
    set(.i16x8LtU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .< b) } }
    set(.i16x8GtS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.lanes(a .> b) } }
    set(.i16x8GtU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .> b) } }
    set(.i16x8LeS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.lanes(a .<= b) } }
    set(.i16x8LeU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .<= b) } }
    set(.i16x8GeS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.lanes(a .>= b) } }
    set(.i16x8GeU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.lanes(a .>= b) } }
    set(.i32x4Eq) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .== b) } }
    set(.i32x4Ne) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .!= b) } }
    set(.i32x4LtS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.lanes(a .< b) } }
    set(.i32x4LtU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .< b) } }
    set(.i32x4GtS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.lanes(a .> b) } }
    set(.i32x4GtU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .> b) } }
    set(.i32x4LeS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.lanes(a .<= b) } }
    set(.i32x4LeU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .<= b) } }
    set(.i32x4GeS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.lanes(a .>= b) } }
    set(.i32x4GeU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.lanes(a .>= b) } }
    set(.i64x2Eq) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .== b) } }
    set(.i64x2Ne) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .!= b) } }
    set(.i64x2LtS) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .< b) } }
    set(.i64x2GtS) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .> b) } }
    set(.i64x2LeS) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .<= b) } }
    set(.i64x2GeS) { binary($0, $1, $2) { (a: SIMD2<Int64>, b: SIMD2<Int64>) in Vector.lanes(a .>= b) } }
  }

  /// Arithmetic within lanes.
  func addVectorIntegerArithmetic() {
    set(.i8x16Add) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in a &+ b } }
    set(.i8x16Sub) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in a &- b } }
    set(.i8x16Neg) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in SIMD16<UInt8>(repeating: 0) &- a } }
    set(.i8x16Abs) { unary($0, $1, $2) { (a: SIMD16<Int8>) in Vector.absolute(a) } }
    set(.i8x16MinS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.minimum(a, b) } }
    set(.i8x16MinU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.minimum(a, b) } }
    set(.i8x16MaxS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.maximum(a, b) } }
    set(.i8x16MaxU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.maximum(a, b) } }
    set(.i8x16AddSatS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.addSaturating(a, b) } }
    set(.i8x16AddSatU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.addSaturating(a, b) } }
    set(.i8x16SubSatS) { binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.subtractSaturating(a, b) } }
    set(.i8x16SubSatU) {
      binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.subtractSaturating(a, b) }
    }
    set(.i8x16AvgrU) { binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.average(a, b) } }
    set(.i16x8Add) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in a &+ b } }
    set(.i16x8Sub) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in a &- b } }
    set(.i16x8Mul) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in a &* b } }
    set(.i16x8Neg) { unary($0, $1, $2) { (a: SIMD8<UInt16>) in SIMD8<UInt16>(repeating: 0) &- a } }
    set(.i16x8Abs) { unary($0, $1, $2) { (a: SIMD8<Int16>) in Vector.absolute(a) } }
    set(.i16x8MinS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.minimum(a, b) } }
    set(.i16x8MinU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.minimum(a, b) } }
    set(.i16x8MaxS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.maximum(a, b) } }
    set(.i16x8MaxU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.maximum(a, b) } }
    set(.i16x8AddSatS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.addSaturating(a, b) } }
    set(.i16x8AddSatU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.addSaturating(a, b) } }
    set(.i16x8SubSatS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.subtractSaturating(a, b) } }
    set(.i16x8SubSatU) {
      binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.subtractSaturating(a, b) }
    }
    set(.i16x8AvgrU) { binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.average(a, b) } }
    set(.i32x4Add) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in a &+ b } }
    set(.i32x4Sub) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in a &- b } }
    set(.i32x4Mul) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in a &* b } }
    set(.i32x4Neg) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in SIMD4<UInt32>(repeating: 0) &- a } }
    set(.i32x4Abs) { unary($0, $1, $2) { (a: SIMD4<Int32>) in Vector.absolute(a) } }
    set(.i32x4MinS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.minimum(a, b) } }
    set(.i32x4MinU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.minimum(a, b) } }
    set(.i32x4MaxS) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.maximum(a, b) } }
    set(.i32x4MaxU) { binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.maximum(a, b) } }
    set(.i64x2Add) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a &+ b } }
    set(.i64x2Sub) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a &- b } }
    set(.i64x2Mul) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a &* b } }
    set(.i64x2Neg) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in SIMD2<UInt64>(repeating: 0) &- a } }
    set(.i64x2Abs) { unary($0, $1, $2) { (a: SIMD2<Int64>) in Vector.absolute(a) } }
    set(.i8x16Popcnt) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in Vector.countOnes(a) } }
  }

  /// Arithmetic from one width of lanes to another.
  func addVectorWidening() {
    set(.i16x8Q15mulrSatS) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.multiplyQ15(a, b) } }
    set(.i32x4DotI16x8S) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.dot(a, b) } }
    set(.i16x8ExtaddPairwiseI8x16S) { unary($0, $1, $2) { (a: SIMD16<Int8>) in Vector.addPairwise(a) } }
    set(.i16x8ExtendLowI8x16S) { unary($0, $1, $2) { (a: SIMD16<Int8>) in Vector.extendLow(a) } }
    set(.i16x8ExtmulLowI8x16S) {
      binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i16x8ExtendHighI8x16S) { unary($0, $1, $2) { (a: SIMD16<Int8>) in Vector.extendHigh(a) } }
    set(.i16x8ExtmulHighI8x16S) {
      binary($0, $1, $2) { (a: SIMD16<Int8>, b: SIMD16<Int8>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i16x8ExtaddPairwiseI8x16U) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in Vector.addPairwise(a) } }
    set(.i16x8ExtendLowI8x16U) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in Vector.extendLow(a) } }
    set(.i16x8ExtmulLowI8x16U) {
      binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i16x8ExtendHighI8x16U) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in Vector.extendHigh(a) } }
    set(.i16x8ExtmulHighI8x16U) {
      binary($0, $1, $2) { (a: SIMD16<UInt8>, b: SIMD16<UInt8>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i32x4ExtaddPairwiseI16x8S) { unary($0, $1, $2) { (a: SIMD8<Int16>) in Vector.addPairwise(a) } }
    set(.i32x4ExtendLowI16x8S) { unary($0, $1, $2) { (a: SIMD8<Int16>) in Vector.extendLow(a) } }
    set(.i32x4ExtmulLowI16x8S) {
      binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i32x4ExtendHighI16x8S) { unary($0, $1, $2) { (a: SIMD8<Int16>) in Vector.extendHigh(a) } }
    set(.i32x4ExtmulHighI16x8S) {
      binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i32x4ExtaddPairwiseI16x8U) { unary($0, $1, $2) { (a: SIMD8<UInt16>) in Vector.addPairwise(a) } }
    set(.i32x4ExtendLowI16x8U) { unary($0, $1, $2) { (a: SIMD8<UInt16>) in Vector.extendLow(a) } }
    set(.i32x4ExtmulLowI16x8U) {
      binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i32x4ExtendHighI16x8U) { unary($0, $1, $2) { (a: SIMD8<UInt16>) in Vector.extendHigh(a) } }
    set(.i32x4ExtmulHighI16x8U) {
      binary($0, $1, $2) { (a: SIMD8<UInt16>, b: SIMD8<UInt16>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i64x2ExtendLowI32x4S) { unary($0, $1, $2) { (a: SIMD4<Int32>) in Vector.extendLow(a) } }
    set(.i64x2ExtmulLowI32x4S) {
      binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i64x2ExtendHighI32x4S) { unary($0, $1, $2) { (a: SIMD4<Int32>) in Vector.extendHigh(a) } }
    set(.i64x2ExtmulHighI32x4S) {
      binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i64x2ExtendLowI32x4U) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in Vector.extendLow(a) } }
    set(.i64x2ExtmulLowI32x4U) {
      binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.extendLow(a) &* Vector.extendLow(b) }
    }
    set(.i64x2ExtendHighI32x4U) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in Vector.extendHigh(a) } }
    set(.i64x2ExtmulHighI32x4U) {
      binary($0, $1, $2) { (a: SIMD4<UInt32>, b: SIMD4<UInt32>) in Vector.extendHigh(a) &* Vector.extendHigh(b) }
    }
    set(.i8x16NarrowI16x8S) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.narrowSigned(a, b) } }
    set(.i8x16NarrowI16x8U) { binary($0, $1, $2) { (a: SIMD8<Int16>, b: SIMD8<Int16>) in Vector.narrowUnsigned(a, b) } }
    set(.i16x8NarrowI32x4S) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.narrowSigned(a, b) } }
    set(.i16x8NarrowI32x4U) { binary($0, $1, $2) { (a: SIMD4<Int32>, b: SIMD4<Int32>) in Vector.narrowUnsigned(a, b) } }
  }

  /// Shifts of all lanes by one count, an i32 in a slot or an immediate, which is taken modulo the width of a lane.
  func addVectorShifts() {
    set(.i8x16Shl) {
      binary($0, $1, $2) { (a: SIMD16<UInt8>, b: UInt32) in a &<< SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: b))
      }
    }
    set(.i8x16ShrS) {
      binary($0, $1, $2) { (a: SIMD16<Int8>, b: UInt32) in a &>> SIMD16<Int8>(repeating: Int8(truncatingIfNeeded: b)) }
    }
    set(.i8x16ShrU) {
      binary($0, $1, $2) { (a: SIMD16<UInt8>, b: UInt32) in a &>> SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: b))
      }
    }
    set(.i16x8Shl) {
      binary($0, $1, $2) { (a: SIMD8<UInt16>, b: UInt32) in
        a &<< SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: b))
      }
    }
    set(.i16x8ShrS) {
      binary($0, $1, $2) { (a: SIMD8<Int16>, b: UInt32) in a &>> SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: b)) }
    }
    set(.i16x8ShrU) {
      binary($0, $1, $2) { (a: SIMD8<UInt16>, b: UInt32) in
        a &>> SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: b))
      }
    }
    set(.i32x4Shl) {
      binary($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32) in
        a &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: b))
      }
    }
    set(.i32x4ShrS) {
      binary($0, $1, $2) { (a: SIMD4<Int32>, b: UInt32) in a &>> SIMD4<Int32>(repeating: Int32(truncatingIfNeeded: b)) }
    }
    set(.i32x4ShrU) {
      binary($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32) in
        a &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: b))
      }
    }
    set(.i64x2Shl) {
      binary($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt32) in
        a &<< SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: b))
      }
    }
    set(.i64x2ShrS) {
      binary($0, $1, $2) { (a: SIMD2<Int64>, b: UInt32) in a &>> SIMD2<Int64>(repeating: Int64(truncatingIfNeeded: b)) }
    }
    set(.i64x2ShrU) {
      binary($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt32) in
        a &>> SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: b))
      }
    }
    set(.i8x16Shl, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD16<UInt8>, b: UInt32) in
        a &<< SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: b))
      }
    }
    set(.i8x16ShrS, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD16<Int8>, b: UInt32) in
        a &>> SIMD16<Int8>(repeating: Int8(truncatingIfNeeded: b))
      }
    }
    set(.i8x16ShrU, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD16<UInt8>, b: UInt32) in
        a &>> SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: b))
      }
    }
    set(.i16x8Shl, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD8<UInt16>, b: UInt32) in
        a &<< SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: b))
      }
    }
    set(.i16x8ShrS, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD8<Int16>, b: UInt32) in
        a &>> SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: b))
      }
    }
    set(.i16x8ShrU, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD8<UInt16>, b: UInt32) in
        a &>> SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: b))
      }
    }
    set(.i32x4Shl, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32) in
        a &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: b))
      }
    }
    set(.i32x4ShrS, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD4<Int32>, b: UInt32) in
        a &>> SIMD4<Int32>(repeating: Int32(truncatingIfNeeded: b))
      }
    }
    set(.i32x4ShrU, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32) in
        a &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: b))
      }
    }
    set(.i64x2Shl, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt32) in
        a &<< SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: b))
      }
    }
    set(.i64x2ShrS, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD2<Int64>, b: UInt32) in
        a &>> SIMD2<Int64>(repeating: Int64(truncatingIfNeeded: b))
      }
    }
    set(.i64x2ShrU, .constantRight) {
      unaryWithImmediate($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt32) in
        a &>> SIMD2<UInt64>(repeating: UInt64(truncatingIfNeeded: b))
      }
    }
  }
}
