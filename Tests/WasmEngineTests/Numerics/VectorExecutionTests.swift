import Testing
import WasmEngine

/// Vector instructions on their way through the translator.
@Suite("Execution of vector instructions")
struct VectorExecutionTests {
  private func call(_ text: String, _ arguments: [Value] = [], export: String = "f") throws -> [Value] {
    try Store().load("(module \(text))").function(export).call(arguments)
  }

  private func i32(_ text: String, _ arguments: [Value] = []) throws -> Int32? {
    guard case .i32(let value)? = try call(text, arguments).first else { return nil }
    return value
  }

  private func v128(_ text: String, _ arguments: [Value] = []) throws -> [UInt64] {
    guard case .v128(let value)? = try call(text, arguments).first else { return [] }
    return [value.low, value.high]
  }

  @Test("Lanes are extracted from parameters, locals, globals and results alike")
  func extraction() throws {
    let vector = V128(low: 0x0807_0605_0403_8201, high: 0xF00F_0E0D_0C0B_0A09)
    let text = """
      (global $g (mut v128) (v128.const i64x2 0 0))
      (func (export "f") (param v128) (result i32) (local v128)
        (local.set 1 (local.get 0)) (global.set $g (local.get 1))
        (i8x16.extract_lane_s 1 (local.get 0))
        (i32.add (i8x16.extract_lane_u 15 (local.get 1)))
        (i32.add (i16x8.extract_lane_s 7 (global.get $g)))
        (i32.add (i32x4.extract_lane 3 (v128.not (local.get 0)))))
      """
    let expected = Int32(-126) + 0xF0 + Int32(Int16(bitPattern: 0xF00F)) + ~Int32(bitPattern: 0xF00F_0E0D)
    #expect(try i32(text, [.v128(vector)]) == expected)
  }

  @Test("Shuffles of each width take bytes from both operands, which may be the same")
  func shuffles() throws {
    let a = Value.v128(V128(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908))
    let b = Value.v128(V128(low: 0x1716_1514_1312_1110, high: 0x1F1E_1D1C_1B1A_1918))
    for lanes in [
      [24, 25, 26, 27, 28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 0, 1, 2, 3, 28, 29, 30, 31, 8, 9, 10, 11],
      [2, 3, 0, 1, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [31, 0, 30, 1, 29, 2, 28, 3, 27, 4, 26, 5, 25, 6, 24, 7],
    ] {
      let immediates = lanes.map(String.init).joined(separator: " ")
      let text = """
        (func (export "f") (param v128 v128) (result v128)
          (local.set 0 (i8x16.shuffle \(immediates) (local.get 0) (local.get 1))) (local.get 0))
        """
      var words: [UInt64] = [0, 0]
      for (index, lane) in lanes.enumerated() { words[index / 8] |= UInt64(lane) << UInt64(index % 8 * 8) }
      #expect(try v128(text, [a, b]) == words)
    }
  }

  @Test("Shifts take their count modulo the width, as a constant and as an operand")
  func shifts() throws {
    let text = """
      (func (export "f") (param v128 i32) (result i32)
        (i32x4.all_true (i16x8.eq
          (i16x8.shr_s (local.get 0) (i32.const 19)) (i16x8.shr_s (local.get 0) (local.get 1)))))
      """
    let vector = Value.v128(V128(low: 0x8000_7FFF_0001_FFFF, high: 0x1234_8765_0000_4000))
    #expect(try i32(text, [vector, .i32(3)]) == 1)
    #expect(try i32(text, [vector, .i32(2)]) == 0)
  }

  @Test(
    "Lanes are loaded from and stored to the memory that the instruction names", arguments: ["", "i64"])
  func laneAccesses(type: String) throws {
    let address = type.isEmpty ? "i32" : "i64"
    let text = """
      (memory 1) (memory $k \(type) 1) (data (memory $k) (\(address).const 8) "\\11\\22\\33\\44\\55\\66\\77\\88")
      (func (export "f") (result i32)
        (v128.store16_lane $k offset=20 2 (\(address).const 1)
          (v128.load32_lane $k offset=4 1 (\(address).const 5) (v128.const i64x2 0 0)))
        (i32.load16_u $k (\(address).const 21))
        (v128.store64_lane $k offset=32 1 (\(address).const 0)
          (v128.load16_lane $k 7 (\(address).const 14) (v128.const i32x4 1 2 3 4)))
        (i32.add (i32.load16_u $k (\(address).const 38)))
        (i32.add (i32.load (i32.const 21))))
      """
    #expect(try i32(text) == 0x3322 + 0x8877)
  }

  @Test("An access that reaches one byte beyond its memory traps", arguments: ["", "i64"])
  func bounds(type: String) throws {
    let address = type.isEmpty ? "i32" : "i64"
    let cases = [
      ("(drop (v128.load $k (ADDRESS)))", 16), ("(v128.store $k (ADDRESS) (v128.const i64x2 1 1))", 16),
      ("(drop (v128.load8x8_s $k (ADDRESS)))", 8), ("(drop (v128.load32_zero $k (ADDRESS)))", 4),
      ("(drop (v128.load16_splat $k (ADDRESS)))", 2),
      ("(drop (v128.load64_lane $k 1 (ADDRESS) (v128.const i64x2 1 1)))", 8),
      ("(v128.store8_lane $k 15 (ADDRESS) (v128.const i64x2 1 1))", 1),
    ]
    for (instruction, size) in cases {
      for (offset, traps) in [(65536 - size, false), (65537 - size, true), (-1, true)] {
        let access = instruction.replacing("ADDRESS", with: "\(address).const \(offset)")
        let text = "(memory 2) (memory $k \(type) 1) (func (export \"f\") \(access))"
        if traps {
          #expect(throws: Trap.self) { try call(text) }
        } else {
          #expect(throws: Never.self) { try call(text) }
        }
      }
    }
  }

  @Test("A million rounds of handlers that are alike take no native stack")
  func chains() throws {
    let text = """
      (func (export "f") (result i32) (local $i i32) (local $v v128)
        (loop $again
          (local.set $v (f32x4.splat (f32x4.extract_lane 1 (i32x4.splat (i32x4.extract_lane 2 (local.get $v))))))
          (local.set $v (f64x2.splat (f64x2.extract_lane 1 (i64x2.splat (i64x2.extract_lane 0 (local.get $v))))))
          (local.set $v (f32x4.replace_lane 2 (i32x4.replace_lane 1 (local.get $v) (local.get $i)) (f32.const 1)))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000))))
        (i32x4.extract_lane 1 (local.get $v)))
      """
    #expect(try i32(text) == 999_999)
  }
}
