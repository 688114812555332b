import WebAssembly

// Handlers of floating-point vector instructions (Core 3.0, 4.3.6).
extension HandlerTable {
  /// All ones in each lane where the comparison holds.
  func addVectorFloatComparisons() {
    set(.f32x4Eq) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .== b) } }
    set(.f32x4Ne) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .!= b) } }
    set(.f32x4Lt) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .< b) } }
    set(.f32x4Gt) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .> b) } }
    set(.f32x4Le) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .<= b) } }
    set(.f32x4Ge) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.lanes(a .>= b) } }
    set(.f64x2Eq) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .== b) } }
    set(.f64x2Ne) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .!= b) } }
    set(.f64x2Lt) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .< b) } }
    set(.f64x2Gt) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .> b) } }
    set(.f64x2Le) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .<= b) } }
    set(.f64x2Ge) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.lanes(a .>= b) } }
  }

  /// Arithmetic. The sign operations work on the bits, so that NaNs keep theirs.
  func addVectorFloatArithmetic() {
    set(.f32x4Add) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in a + b } }
    set(.f32x4Sub) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in a - b } }
    set(.f32x4Mul) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in a * b } }
    set(.f32x4Div) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in a / b } }
    set(.f32x4Min) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.minimum(a, b) } }
    set(.f32x4Max) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.maximum(a, b) } }
    set(.f32x4Pmin) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.pseudoMinimum(a, b) } }
    set(.f32x4Pmax) { binary($0, $1, $2) { (a: SIMD4<Float>, b: SIMD4<Float>) in Vector.pseudoMaximum(a, b) } }
    set(.f32x4Sqrt) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.squareRoot(a) } }
    set(.f32x4Ceil) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.ceil(a) } }
    set(.f32x4Floor) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.floor(a) } }
    set(.f32x4Trunc) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.trunc(a) } }
    set(.f32x4Nearest) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.nearest(a) } }
    set(.f32x4Abs) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in a & Vector.Bits(repeating: 0x7FFF_FFFF_7FFF_FFFF) } }
    set(.f32x4Neg) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in a ^ Vector.Bits(repeating: 0x8000_0000_8000_0000) } }
    set(.f64x2Add) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in a + b } }
    set(.f64x2Sub) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in a - b } }
    set(.f64x2Mul) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in a * b } }
    set(.f64x2Div) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in a / b } }
    set(.f64x2Min) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.minimum(a, b) } }
    set(.f64x2Max) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.maximum(a, b) } }
    set(.f64x2Pmin) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.pseudoMinimum(a, b) } }
    set(.f64x2Pmax) { binary($0, $1, $2) { (a: SIMD2<Double>, b: SIMD2<Double>) in Vector.pseudoMaximum(a, b) } }
    set(.f64x2Sqrt) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.squareRoot(a) } }
    set(.f64x2Ceil) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.ceil(a) } }
    set(.f64x2Floor) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.floor(a) } }
    set(.f64x2Trunc) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.trunc(a) } }
    set(.f64x2Nearest) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.nearest(a) } }
    set(.f64x2Abs) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in a & Vector.Bits(repeating: 0x7FFF_FFFF_FFFF_FFFF) } }
    set(.f64x2Neg) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in a ^ Vector.Bits(repeating: 0x8000_0000_0000_0000) } }
  }

  /// Conversions.
  func addVectorConversions() {
    set(.i32x4TruncSatF32x4S) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.saturateToInt32(a) } }
    set(.i32x4TruncSatF32x4U) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.saturateToUInt32(a) } }
    set(.i32x4TruncSatF64x2SZero) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.saturateToInt32(a) } }
    set(.i32x4TruncSatF64x2UZero) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.saturateToUInt32(a) } }
    set(.f32x4ConvertI32x4S) { unary($0, $1, $2) { (a: SIMD4<Int32>) in SIMD4<Float>(a) } }
    set(.f32x4ConvertI32x4U) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in SIMD4<Float>(a) } }
    set(.f64x2ConvertLowI32x4S) { unary($0, $1, $2) { (a: SIMD4<Int32>) in Vector.convertLow(a) } }
    set(.f64x2ConvertLowI32x4U) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in Vector.convertLow(a) } }
    set(.f32x4DemoteF64x2Zero) { unary($0, $1, $2) { (a: SIMD2<Double>) in Vector.demote(a) } }
    set(.f64x2PromoteLowF32x4) { unary($0, $1, $2) { (a: SIMD4<Float>) in Vector.promoteLow(a) } }
  }
}
