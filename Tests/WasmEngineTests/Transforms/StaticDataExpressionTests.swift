import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Random expressions whose value is the address of static data, taken apart into operations on constants: a copy of a
/// function that loads from one is refused, or loads what the original does. Nothing between may hide the address.
@Suite struct StaticDataExpressionTests {
  /// Makes text whose value is known.
  struct Generator {
    var random: RandomSource

    mutating func word() -> UInt32 {
      random.chance(40) ? UInt32(random.below(64)) : UInt32(truncatingIfNeeded: random.next())
    }

    mutating func constant(_ value: UInt32) -> String { "(i32.const \(Int32(bitPattern: value)))" }

    mutating func binary(_ name: String, _ left: UInt32, _ right: UInt32, _ depth: Int) -> String {
      let (first, second) = random.chance(50) ? (depth - 1, random.below(depth)) : (random.below(depth), depth - 1)
      return "(i32.\(name) \(expression(left, first)) \(expression(right, second)))"
    }

    /// An expression of type i32 that is `value`.
    mutating func expression(_ value: UInt32, _ depth: Int) -> String {
      guard depth > 0 else { return constant(value) }
      let other = word()
      switch random.below(21) {
      case 0: return binary("add", other, value &- other, depth)
      case 1: return binary("sub", other, other &- value, depth)
      case 2: return binary("xor", other, value ^ other, depth)
      case 3: return binary("and", value | other, value | ~other, depth)
      case 4: return binary("or", value & other, value & ~other, depth)
      case 5:
        let count = value == 0 ? 3 : min(UInt32(value.trailingZeroBitCount), other % 32)
        return binary("shl", value >> count | (count == 0 ? 0 : other << (32 - count)), count, depth)
      case 6:
        let count = value == 0 ? 3 : min(UInt32(value.leadingZeroBitCount), other % 32)
        return binary("shr_u", value << count | other & (1 << count - 1), count, depth)
      case 7:
        let count = min(UInt32(max(value.leadingZeroBitCount, 1)) - 1, other % 31)
        return binary("shr_s", value << count | other & (1 << count - 1), count, depth)
      case 8:
        let count = other % 32
        return binary("rotl", value >> count | (count == 0 ? 0 : value << (32 - count)), count, depth)
      case 9:
        let count = other % 32
        return binary("rotr", value << count | (count == 0 ? 0 : value >> (32 - count)), count, depth)
      case 10:
        let odd = other | 1
        // Newton's iteration: each step doubles the bits that are right (Warren, Hacker's Delight, 10-16).
        var inverse = odd
        for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
        return binary("mul", odd, value &* inverse, depth)
      case 11:
        let divisor = other % max(.max / max(value, 1), 1) + 1
        guard value.multipliedReportingOverflow(by: divisor).overflow == false else { return constant(value) }
        let remainder = min((UInt32.max - value * divisor), divisor - 1)
        return binary("div_u", value * divisor + remainder % divisor, divisor, depth)
      case 12:
        guard value < .max / 2 else { return constant(value) }
        let divisor = value + 1 + other % (value + 1)
        return binary("rem_u", value + divisor * (other % (.max / divisor)), divisor, depth)
      case 13:
        let word = UInt64(value) | UInt64(other) << 32
        return "(i32.wrap_i64 \(wide(word, depth - 1)))"
      case 14:
        let word = UInt64(value) << 32 | UInt64(other)
        return "(i32.wrap_i64 (i64.shr_u \(wide(word, depth - 1)) (i64.const 32)))"
      case 15:
        // What a function is called with in several places is one value to the flow: only whole addresses are passed.
        guard (1024..<1056).contains(value) else { return constant(value) }
        return "(call $same \(expression(value, depth - 1)))"
      case 16: return "(local.tee 1 \(expression(value, depth - 1)))"
      case 17:
        return "(select \(expression(value, depth - 1)) \(expression(value, random.below(depth))) (local.get 0))"
      case 18:
        return """
          (if (result i32) (local.get 0) (then \(expression(value, depth - 1)))
            (else \(expression(value, random.below(depth)))))
          """
      case 19: return "(block (result i32) (br_if 0 \(expression(value, depth - 1)) (i32.const 1)))"
      default:
        let signed = Int32(bitPattern: value)
        if Int32(Int16(truncatingIfNeeded: signed)) == signed {
          return "(i32.extend16_s \(expression(value & 0xFFFF | other & 0xFFFF_0000, depth - 1)))"
        }
        return constant(value)
      }
    }

    /// An expression of type i64 that is `value`.
    mutating func wide(_ value: UInt64, _ depth: Int) -> String {
      guard depth > 0 else { return "(i64.const \(Int64(bitPattern: value)))" }
      let other = random.next()
      let (low, high) = (UInt32(truncatingIfNeeded: value), UInt32(value >> 32))
      switch random.below(6) {
      case 0: return "(i64.add \(wide(other, depth - 1)) \(wide(value &- other, depth - 1)))"
      case 1: return "(i64.xor \(wide(other, depth - 1)) \(wide(value ^ other, depth - 1)))"
      case 2:
        return """
          (i64.or (i64.shl (i64.extend_i32_u \(expression(high, depth - 1))) (i64.const 32))
            (i64.extend_i32_u \(expression(low, depth - 1))))
          """
      case 3: return "(i64.rotl \(wide(value >> 16 | value << 48, depth - 1)) (i64.const 16))"
      case 4:
        guard high == UInt32(bitPattern: Int32(bitPattern: low) >> 31) else { fallthrough }
        return "(i64.extend_i32_s \(expression(low, depth - 1)))"
      default: return "(i64.and \(wide(value | other, depth - 1)) \(wide(value | ~other, depth - 1)))"
      }
    }
  }

  static func text(_ expression: String) -> String {
    """
    (memory (export "own") 1) (memory (export "other") 1)
    (data (i32.const 1024) "0123456789abcdefghijklmnopqrstuv")
    (func $same (param i32) (result i32) (local.get 0))
    (func $f (export "f") (param i32) (result i32) (local i32)
      (i32.load8_u (i32.add (i32.and (local.get 0) (i32.const 7)) \(expression))))
    """
  }

  @Test(arguments: 0..<40) func noOperationHidesAnAddress(seed: Int) throws {
    var generator = Generator(random: RandomSource(seed: 20_261_201, number: seed))
    var copies = 0
    for _ in 0..<25 {
      let text = Self.text(
        generator.expression(1024 + UInt32(generator.random.below(24)), 1 + generator.random.below(6)))
      // Where an address cannot be told apart, the function is refused.
      guard let result = try? StaticDataTests.specialize(text, { $0.staticData = .stay }) else { continue }
      copies += 1
      for instance in try SpecializationTests.instances(result.module) {
        for index: Int32 in [0, 1, 7] {
          let expected = try BindingTests.call(instance, "f", .i32(index))
          #expect(try BindingTests.call(instance, "f@1", .i32(index)) == expected, "\(text)")
        }
      }
    }
    #expect(copies > 12)
  }

  /// A table in memory 0 that a function for any memory reads.
  @Test func dispatchedFunctionsKeepTheirStaticData() throws {
    let module = try SpecializationTests.validated(
      """
      (module \(StaticDataTests.memories)
        (data (i32.const 1024) "\\0a\\14\\1e\\28") (data (memory 1) (i32.const 0) "\\03\\02\\01\\00")
        (func (export "f") (param i32) (result i32)
          (i32.load8_u offset=1024 (i32.and (i32.load8_u (local.get 0)) (i32.const 3)))))
      """)
    let error = #expect(throws: TransformError.self) {
      _ = try FunctionSpecialization.dispatch(module, functions: ["f"])
    }
    #expect(error?.remedy == .staticData)
    var options = SpecializationOptions()
    options.staticData = .stay
    let result = try FunctionSpecialization.dispatch(module, functions: ["f"], options: options)
    for instance in try SpecializationTests.instances(result.module) {
      for (memory, expected) in [(Int32(0), [10, 10, 10, 10]), (1, [40, 30, 20, 10])] {
        for (address, value) in expected.enumerated() {
          #expect(
            try BindingTests.call(instance, "f@*", .i32(memory), .i32(Int32(address))) == [Int64(value)])
        }
      }
    }
  }
}
