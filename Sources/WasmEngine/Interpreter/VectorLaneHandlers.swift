import WebAssembly

// Handlers of vector instructions that do not look into lanes, or move them (Core 3.0, 4.3.6).
extension HandlerTable {
  /// Logic, and what becomes of all lanes together.
  func addVectorBits() {
    set(.v128Not) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in ~a } }
    set(.v128And) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a & b } }
    set(.v128Andnot) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a & ~b } }
    set(.v128Or) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a | b } }
    set(.v128Xor) { binary($0, $1, $2) { (a: SIMD2<UInt64>, b: SIMD2<UInt64>) in a ^ b } }
    set(.v128Bitselect) {
      ternary($0, $1, $2) { (a: Vector.Bits, b: Vector.Bits, c: Vector.Bits) in Vector.bitselect(a, b, c) }
    }
    set(.v128AnyTrue) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.anyTrue(a) } }
    set(.i8x16AllTrue) { unary($0, $1, $2) { (a: SIMD16<UInt8>) in Vector.allTrue(a) } }
    set(.i8x16Bitmask) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.bitmask8(a) } }
    set(.i16x8AllTrue) { unary($0, $1, $2) { (a: SIMD8<UInt16>) in Vector.allTrue(a) } }
    set(.i16x8Bitmask) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.bitmask16(a) } }
    set(.i32x4AllTrue) { unary($0, $1, $2) { (a: SIMD4<UInt32>) in Vector.allTrue(a) } }
    set(.i32x4Bitmask) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.bitmask32(a) } }
    set(.i64x2AllTrue) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.allTrue(a) } }
    set(.i64x2Bitmask) { unary($0, $1, $2) { (a: SIMD2<UInt64>) in Vector.bitmask64(a) } }
  }

  /// One number in all lanes.
  func addVectorSplats() {
    set(.i8x16Splat) { unary($0, $1, $2) { (a: UInt32) in SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: a)) } }
    set(.i16x8Splat) { unary($0, $1, $2) { (a: UInt32) in SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: a)) } }
    set(.i32x4Splat) { unary($0, $1, $2) { (a: UInt32) in SIMD4<UInt32>(repeating: a) } }
    set(.i64x2Splat) { unary($0, $1, $2) { (a: UInt64) in SIMD2<UInt64>(repeating: a) } }
    set(.f32x4Splat) { unary($0, $1, $2) { (a: UInt32) in SIMD4<UInt32>(repeating: a) } }
    set(.f64x2Splat) { unary($0, $1, $2) { (a: UInt64) in SIMD2<UInt64>(repeating: a) } }
  }

  /// `result, a`, where `a` is the place of the lane itself within the vector's slots.
  func addVectorLaneExtractions() {
    set(.i8x16ExtractLaneS) { unary($0, $1, $2) { (a: Int8) in Int32(a) } }
    set(.i8x16ExtractLaneU) { unary($0, $1, $2) { (a: UInt8) in UInt32(a) } }
    set(.i16x8ExtractLaneS) { unary($0, $1, $2) { (a: Int16) in Int32(a) } }
    set(.i16x8ExtractLaneU) { unary($0, $1, $2) { (a: UInt16) in UInt32(a) } }
    set(.i32x4ExtractLane) { unary($0, $1, $2) { (a: UInt32) in a } }
    set(.i64x2ExtractLane) { unary($0, $1, $2) { (a: UInt64) in a } }
    set(.f32x4ExtractLane) { unary($0, $1, $2) { (a: UInt32) in a } }
    set(.f64x2ExtractLane) { unary($0, $1, $2) { (a: UInt64) in a } }
  }

  /// `result, a, b, lane`
  func addVectorLaneReplacements() {
    set(.i8x16ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD16<UInt8>, b: UInt32, lane) in
        Vector.replaceLane(a, UInt8(truncatingIfNeeded: b), lane)
      }
    }
    set(.i16x8ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD8<UInt16>, b: UInt32, lane) in
        Vector.replaceLane(a, UInt16(truncatingIfNeeded: b), lane)
      }
    }
    set(.i32x4ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.i64x2ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt64, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.f32x4ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD4<UInt32>, b: UInt32, lane) in Vector.replaceLane(a, b, lane) }
    }
    set(.f64x2ReplaceLane) {
      binaryWithImmediate($0, $1, $2) { (a: SIMD2<UInt64>, b: UInt64, lane) in Vector.replaceLane(a, b, lane) }
    }
  }

  /// `result, a, indices`
  func addVectorSwizzle() {
    set(.i8x16Swizzle) { pc, fp, context in
      let indices = Vector.Bits.read(fp + operand(pc, 2))
      Vector.swizzle(fp + operand(pc, 1), indices).write(fp + operand(pc, 0))
      return next(pc, 3, fp, context)
    }
  }
}

/// Handlers of i8x16.shuffle. The translator resolves the lanes to places in the frame, and takes the widest lanes that the
/// shuffle moves as a whole: `result`, then for each such lane of the result the slot offset of where it comes from.
enum ShuffleHandler {
  /// The address of the handler for lanes of 1, 2, 4 or 8 bytes.
  static func address(laneSize: Int) -> UInt {
    let handler: HandlerTable.HandlerClosure =
      switch laneSize {
      case 1: { shuffle($0, $1, $2, UInt8.self) }
      case 2: { shuffle($0, $1, $2, UInt16.self) }
      case 4: { shuffle($0, $1, $2, UInt32.self) }
      default: { shuffle($0, $1, $2, UInt64.self) }
      }
    return HandlerTable.codeAddress(of: handler)
  }

  /// The width in bytes of the widest lanes that the sixteen bytes of a shuffle move as a whole.
  static func laneSize(_ lanes: [UInt8]) -> Int {
    for size in [8, 4, 2] where isWhole(lanes, size) { return size }
    return 1
  }

  private static func isWhole(_ lanes: [UInt8], _ size: Int) -> Bool {
    for (index, lane) in lanes.enumerated() {
      let first = Int(lanes[index - index % size])
      if first % size != 0 || Int(lane) != first + index % size { return false }
    }
    return true
  }
}

@inline(__always)
private func shuffle<Lane: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
  _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ lane: Lane.Type
) -> UInt64 {
  Vector.gather(fp, Lane.self) { operand(pc, 1 &+ $0) }.write(fp + operand(pc, 0))
  return next(pc, 1 &+ 16 / MemoryLayout<Lane>.size, fp, context)
}
