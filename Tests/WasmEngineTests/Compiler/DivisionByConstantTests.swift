import Testing

@testable import WasmEngine

/// Divisions by constants, which the compiler makes multiplications, against Swift's own.
struct DivisionByConstantTests {
  private static let divisors32: [UInt32] = [
    1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 25, 28, 60, 64, 100, 125, 641, 1000, 65536, 1_000_000, 6_700_417,
    1_000_000_007, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFD, 0xFFFF_FFFE, 0xFFFF_FFFF,
  ]
  private static let dividends32 = neighbours(divisors32) + [0, 0xAAAA_AAAA, 0x7FFF_FFFE]
  private static let divisors64: [UInt64] =
    divisors32.map { UInt64($0) } + [
      0x1_0000_0000, 0x1_0000_0001, 10_000_000_000, 274_177, 67_280_421_310_721, 1_000_000_000_000_000_003,
      0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0x5555_5555_5555_5555,
      0xFFFF_FFFF_FFFF_FFFB, 0xFFFF_FFFF_FFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFF,
    ]
  private static let dividends64 = neighbours(divisors64) + [0, 0xAAAA_AAAA_AAAA_AAAA]

  /// Numbers whose quotients by the divisors are at the edges.
  private static func neighbours<T: FixedWidthInteger>(_ divisors: [T]) -> [T] {
    var result: [T] = []
    for divisor in divisors {
      result += [divisor, divisor &- 1, divisor &+ 1, divisor &* 2]
      result += [divisor &* 3 &- 1, 0 &- divisor, ~divisor]
    }
    return result
  }

  /// An instance with a function `op_k` for every operation and divisor.
  private func instance(_ type: String, _ divisors: [String]) throws -> Instance {
    var text = "(module"
    for operation in ["div_u", "div_s", "rem_u", "rem_s"] {
      for (place, divisor) in divisors.enumerated() {
        text += """
          (func (export "\(operation)\(place)") (param \(type)) (result \(type))
            (\(type).\(operation) (local.get 0) (\(type).const \(divisor))))
          """
      }
    }
    let store = Store(makeEngine { $0.tier = .compiler })
    return try Linker(store).instantiate(store.engine.compile(text: text + ")"))
  }

  @Test func quotientsAndRemaindersOf32Bits() throws {
    let instance = try instance("i32", Self.divisors32.map { "\($0)" })
    for (place, divisor) in Self.divisors32.enumerated() {
      let signed = Int32(bitPattern: divisor)
      let operations = try ["div_u", "div_s", "rem_u", "rem_s"].map {
        try instance.function("\($0)\(place)", as: UInt32.self, returning: UInt32.self)
      }
      for dividend in Self.dividends32 {
        let comment: Comment = "\(dividend) by \(divisor)"
        #expect(try operations[0](dividend) == dividend / divisor, comment)
        #expect(try operations[2](dividend) == dividend % divisor, comment)
        let value = Int32(bitPattern: dividend)
        let (quotient, overflow) = value.dividedReportingOverflow(by: signed)
        if !overflow { #expect(try operations[1](dividend) == UInt32(bitPattern: quotient), comment) }
        let remainder = value.remainderReportingOverflow(dividingBy: signed).partialValue
        #expect(try operations[3](dividend) == UInt32(bitPattern: remainder), comment)
      }
    }
  }

  @Test func quotientsAndRemaindersOf64Bits() throws {
    let instance = try instance("i64", Self.divisors64.map { "\($0)" })
    for (place, divisor) in Self.divisors64.enumerated() {
      let signed = Int64(bitPattern: divisor)
      let operations = try ["div_u", "div_s", "rem_u", "rem_s"].map {
        try instance.function("\($0)\(place)", as: UInt64.self, returning: UInt64.self)
      }
      for dividend in Self.dividends64 {
        let comment: Comment = "\(dividend) by \(divisor)"
        #expect(try operations[0](dividend) == dividend / divisor, comment)
        #expect(try operations[2](dividend) == dividend % divisor, comment)
        let value = Int64(bitPattern: dividend)
        let (quotient, overflow) = value.dividedReportingOverflow(by: signed)
        if !overflow { #expect(try operations[1](dividend) == UInt64(bitPattern: quotient), comment) }
        let remainder = value.remainderReportingOverflow(dividingBy: signed).partialValue
        #expect(try operations[3](dividend) == UInt64(bitPattern: remainder), comment)
      }
    }
  }

  @Test func theLeastNumberByMinusOneStillTraps() throws {
    let instance = try instance("i32", ["-1"])
    #expect(trapKind { _ = try instance.function("div_s0").call([.i32(.min)]) } == .integerOverflow)
    let remainder = try instance.function("rem_s0", as: Int32.self, returning: Int32.self)
    #expect(try remainder(.min) == 0)
  }
}
