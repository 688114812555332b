import Testing
import WebAssembly

@testable import WasmEngine

@Suite("Numerics of vectors")
struct VectorTests {
  /// Numbers at which rounding, clamping or comparing could go wrong.
  private let numbers: [Double] = [
    0, -0.0, 0.5, -0.5, 0.7, -0.7, 1, -1, 1.5, -1.5, 2.5, -2.5, 3.49999, 1e-30, -1e-30, 8388607.5, -8388607.5, 8388608,
    8388609, 0x1p51 + 0.5, 0x1p52 - 0.5, 0x1p52, 2147483647, 2147483648, -2147483648, -2147483649, 2147483647.5,
    4294967295, 4294967295.5, 4294967296, 1e20, -1e20, 1e30, .infinity, -.infinity, .nan,
    Double(bitPattern: 0x7FF4_0000_0000_0001), Double(bitPattern: 0xFFF8_0000_0000_0001), .leastNonzeroMagnitude,
  ]

  private func floats(_ bits: Vector.Bits) -> SIMD4<Float> { unsafeBitCast(bits, to: SIMD4<Float>.self) }
  private func doubles(_ bits: Vector.Bits) -> SIMD2<Double> { unsafeBitCast(bits, to: SIMD2<Double>.self) }

  /// Whether both are the same bits, or both quiet NaNs.
  private func agree(_ a: Float, _ b: Float) -> Bool {
    b.isNaN ? a.isNaN && !a.isSignalingNaN : a.bitPattern == b.bitPattern
  }
  private func agree(_ a: Double, _ b: Double) -> Bool {
    b.isNaN ? a.isNaN && !a.isSignalingNaN : a.bitPattern == b.bitPattern
  }

  @Test("Each lane rounds as the scalar operation does")
  func rounding() {
    for number in numbers {
      let double = SIMD2<Double>(number, 1.25)
      let single = SIMD4<Float>(1.25, Float(number), Float(bitPattern: 0x7FA0_0001), -1.75)
      for (vector, scalar) in [
        (Vector.nearest(double), Numerics.nearest(number)), (Vector.ceil(double), Numerics.ceil(number)),
        (Vector.floor(double), Numerics.floor(number)), (Vector.trunc(double), Numerics.trunc(number)),
      ] {
        #expect(agree(doubles(vector)[0], scalar), "\(number)")
      }
      for (vector, scalar) in [
        (Vector.nearest(single), Numerics.nearest(Float(number))), (Vector.ceil(single), Numerics.ceil(Float(number))),
        (Vector.floor(single), Numerics.floor(Float(number))), (Vector.trunc(single), Numerics.trunc(Float(number))),
      ] {
        #expect(agree(floats(vector)[1], scalar), "\(number)")
        #expect(floats(vector)[2].bitPattern & 0x7FC0_0000 == 0x7FC0_0000)
      }
    }
  }

  @Test("Each lane has the minimum and maximum of the scalar operation")
  func extremes() {
    for a in numbers {
      for b in numbers {
        let (x, y) = (SIMD2<Double>(1, a), SIMD2<Double>(2, b))
        #expect(agree(doubles(Vector.minimum(x, y))[1], Numerics.minimum(a, b)))
        #expect(agree(doubles(Vector.maximum(x, y))[1], Numerics.maximum(a, b)))
        let (s, t) = (Float(a), Float(b))
        let (u, v) = (SIMD4<Float>(0, 0, 0, s), SIMD4<Float>(1, 1, 1, t))
        #expect(agree(floats(Vector.minimum(u, v))[3], Numerics.minimum(s, t)))
        #expect(agree(floats(Vector.maximum(u, v))[3], Numerics.maximum(s, t)))
        // The pseudo ones are a choice of bits.
        #expect(Vector.pseudoMinimum(x, y)[1].bitPattern == (b < a ? b : a).bitPattern)
        #expect(Vector.pseudoMaximum(x, y)[1].bitPattern == (a < b ? b : a).bitPattern)
      }
    }
  }

  @Test("Each lane saturates as the scalar conversion does")
  func saturation() {
    for number in numbers {
      let float = Float(number)
      let single = SIMD4<Float>(float, 1, -1, float)
      let double = SIMD2<Double>(number, -number)
      #expect(Int32(bitPattern: Vector.saturateToInt32(single)[3]) == Numerics.saturateToInt32(float), "\(float)")
      #expect(Int32(bitPattern: Vector.saturateToInt32(single)[0]) == Numerics.saturateToInt32(float), "\(float)")
      #expect(Vector.saturateToUInt32(single)[3] == Numerics.saturateToUInt32(float), "\(float)")
      #expect(Int32(bitPattern: Vector.saturateToInt32(double)[0]) == Numerics.saturateToInt32(number), "\(number)")
      #expect(Int32(bitPattern: Vector.saturateToInt32(double)[1]) == Numerics.saturateToInt32(-number), "\(number)")
      #expect(Vector.saturateToUInt32(double)[0] == Numerics.saturateToUInt32(number), "\(number)")
      #expect(Vector.saturateToUInt32(double)[2] == 0)
    }
  }

  @Test("Saturating sums and differences of bytes are right for all pairs")
  func saturatingBytes() {
    for a in 0...255 {
      for b in 0...255 {
        let (u, v) = (UInt8(a), UInt8(b))
        let (s, t) = (Int8(bitPattern: u), Int8(bitPattern: v))
        let clampSigned = { (x: Int) in Int8(max(-128, min(127, x))) }
        #expect(Vector.addSaturating(SIMD16(repeating: u), SIMD16(repeating: v))[7] == UInt8(min(255, a + b)))
        #expect(Vector.subtractSaturating(SIMD16(repeating: u), SIMD16(repeating: v))[7] == UInt8(max(0, a - b)))
        #expect(Vector.addSaturating(SIMD16(repeating: s), SIMD16(repeating: t))[7] == clampSigned(Int(s) + Int(t)))
        #expect(
          Vector.subtractSaturating(SIMD16(repeating: s), SIMD16(repeating: t))[7] == clampSigned(Int(s) - Int(t)))
        #expect(Vector.average(SIMD16(repeating: u), SIMD16(repeating: v))[7] == UInt8((a + b + 1) / 2))
      }
    }
  }

  @Test("Products that round and saturate, or wrap, at the least number")
  func products() {
    let least = SIMD8<Int16>(repeating: .min)
    #expect(Vector.multiplyQ15(least, least) == SIMD8(repeating: .max))
    #expect(Vector.multiplyQ15(least, SIMD8(repeating: .max)) == SIMD8(repeating: -32767))
    #expect(Vector.multiplyQ15(SIMD8(repeating: 0x4000), SIMD8(repeating: 1)) == SIMD8(repeating: 1))
    #expect(Vector.dot(least, least) == SIMD4(repeating: .min))
  }

  @Test("Narrowing clamps signed lanes to the range of either kind")
  func narrowing() {
    let a = SIMD8<Int16>(-32768, -129, -128, -1, 0, 127, 255, 32767)
    let signed: [Int8] = [-128, -128, -128, -1, 0, 127, 127, 127]
    let unsigned: [UInt8] = [0, 0, 0, 0, 0, 127, 255, 255]
    for lane in 0..<8 {
      #expect(Vector.narrowSigned(a, a)[lane] == signed[lane] && Vector.narrowSigned(a, a)[lane + 8] == signed[lane])
      #expect(Vector.narrowUnsigned(a, a)[lane + 8] == unsigned[lane])
    }
    let b = SIMD4<Int32>(.min, -1, 65536, 40000)
    #expect(Vector.narrowSigned(b, b).lowHalf == SIMD4(-32768, -1, 32767, 32767))
    #expect(Vector.narrowUnsigned(b, b).highHalf == SIMD4(0, 0, 65535, 40000))
  }

  @Test("A bit mask has each lane's sign bit, for every single lane")
  func masks() {
    for lane in 0..<16 {
      var bytes = SIMD16<UInt8>(repeating: 0x7F)
      bytes[lane] = 0x80
      let bits = Vector.bits(bytes)
      #expect(Vector.bitmask8(bits) == 1 << lane)
      #expect(Vector.bitmask16(bits) == (lane % 2 == 1 ? 1 << (lane / 2) : 0))
      #expect(Vector.bitmask32(bits) == (lane % 4 == 3 ? 1 << (lane / 4) : 0))
      #expect(Vector.bitmask64(bits) == (lane % 8 == 7 ? 1 << (lane / 8) : 0))
    }
    #expect(Vector.bitmask8(Vector.Bits(repeating: .max)) == 0xFFFF)
    #expect(Vector.bitmask16(Vector.Bits(repeating: .max)) == 0xFF)
  }

  @Test("All lanes are true where none is zero, and any where one bit is set")
  func truth() {
    for lane in 0..<16 {
      var bytes = SIMD16<UInt8>(repeating: 1)
      bytes[lane] = 0
      #expect(!Vector.allTrue(bytes))
      #expect(Vector.allTrue(unsafeBitCast(bytes, to: SIMD8<UInt16>.self)))
      #expect(Vector.anyTrue(Vector.bits(bytes)))
    }
    #expect(Vector.allTrue(SIMD16<UInt8>(repeating: 1)))
    #expect(!Vector.allTrue(SIMD2<UInt64>(1, 0)))
    #expect(!Vector.anyTrue(Vector.Bits(0, 0)))
  }

  @Test("Swizzle gives 0 for every index from 16 on")
  func swizzle() {
    var bytes = SIMD16<UInt8>(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115)
    for index in 0...255 {
      var indices = SIMD16<UInt8>(repeating: 3)
      indices[index % 16] = UInt8(index)
      let result = withUnsafeBytes(of: &bytes) { Vector.swizzle($0.baseAddress!, Vector.bits(indices)) }
      let lanes = unsafeBitCast(result, to: SIMD16<UInt8>.self)
      #expect(lanes[index % 16] == (index < 16 ? UInt8(100 + index) : 0))
      #expect(lanes[(index + 1) % 16] == 103)
    }
  }

  @Test("Replacing a lane changes that lane only")
  func replacing() {
    for lane in 0..<16 {
      let result = Vector.replaceLane(SIMD16<UInt8>(repeating: 9), 7, UInt32(lane))
      for other in 0..<16 { #expect(result[other] == (other == lane ? 7 : 9)) }
    }
    #expect(Vector.replaceLane(SIMD2<UInt64>(1, 2), 3, 1) == SIMD2(1, 3))
  }

  @Test("A shuffle is made with the widest lanes that it moves as a whole")
  func shuffleWidths() {
    #expect(ShuffleHandler.laneSize([4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11]) == 4)
    #expect(ShuffleHandler.laneSize([24, 25, 26, 27, 28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7]) == 8)
    #expect(ShuffleHandler.laneSize([2, 3, 0, 1, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) == 2)
    #expect(ShuffleHandler.laneSize([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]) == 1)
  }

  @Test("Population counts of all bytes")
  func populationCounts() {
    for byte in 0...255 {
      #expect(Vector.countOnes(SIMD16(repeating: UInt8(byte)))[11] == UInt8(byte.nonzeroBitCount))
    }
  }

  @Test("Every vector instruction has its handlers")
  func handlers() {
    let apart: [Opcode] = [.v128Const, .i8x16Shuffle]
    for row in Operator.all where row.feature == .simd && !apart.contains(row.opcode) {
      #expect(HandlerTable.shared.handler(row.opcode) != 0, "\(row.name)")
      if row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane {
        #expect(HandlerTable.shared.handler(row.opcode, .address64) != 0, "\(row.name)")
      }
      if row.type?.operands == [.v128, .i32], row.immediates == .none {
        #expect(HandlerTable.shared.handler(row.opcode, .constantRight) != 0, "\(row.name)")
      }
    }
  }
}
