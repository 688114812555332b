import Testing
import WasmEngine

/// The values of results that are integers.
func integers(_ values: [Value]) -> [Int64] {
  values.compactMap { value in
    switch value {
    case .i32(let value): Int64(value)
    case .i64(let value): value
    default: nil
    }
  }
}

/// Operands that the translator leaves in locals and constants must be what they were when they were pushed.
@Suite struct OperandPlacementTests {
  private func run(_ body: String, _ arguments: Value...) throws -> [Int64] {
    let instance = try Store().load("(module (func (export \"f\") \(body)))")
    return integers(try instance.function("f").call(arguments))
  }

  @Test func aLocalOnTheStackKeepsItsValueWhenItIsSet() throws {
    let result = try run(
      """
      (param i32) (result i32)
      (local.get 0) (local.set 0 (i32.const 100)) (local.get 0) (i32.sub)
      """, .i32(7))
    #expect(result == [-93])
  }

  @Test func aLocalOnTheStackKeepsItsValueWhenABlockSetsIt() throws {
    for (condition, expected) in [(0, 14), (1, 107)] as [(Int32, Int32)] {
      let result = try run(
        """
        (param i32 i32) (result i32)
        (local.get 0)
        (if (local.get 1) (then (local.set 0 (i32.const 100))))
        (i32.add (local.get 0))
        """, .i32(7), .i32(condition))
      #expect(result == [Int64(expected)])
    }
  }

  @Test func teeAndSetOfTheSameLocal() throws {
    let result = try run(
      """
      (param i32) (result i32)
      (i32.add (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (local.tee 0 (i32.mul (local.get 0) (local.get 0))))
      """, .i32(3))
    #expect(result == [20])
  }

  @Test func resultsThatAreParametersInAnotherOrder() throws {
    let result = try run(
      "(param i32 i64 i32) (result i32 i64 i32) (local.get 2) (local.get 1) (local.get 0)", .i32(1), .i64(2), .i32(3))
    #expect(result == [3, 2, 1])
  }

  @Test func moreResultsThanParameters() throws {
    let result = try run(
      "(param i32) (result i32 i32 i32) (local.get 0) (i32.const 5) (local.get 0)", .i32(9))
    #expect(result == [9, 5, 9])
  }

  @Test func parametersOfALoopThatAreExchanged() throws {
    // After an odd number of rounds the two values have changed places.
    let result = try run(
      """
      (param i32) (result i32 i32) (local i32 i32)
      (i32.const 3) (i32.const 4)
      (loop (param i32 i32) (result i32 i32)
        (local.set 1) (local.set 2)
        (local.get 1) (local.get 2)
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      """, .i32(3))
    #expect(result == [4, 3])
  }

  @Test(arguments: [(0, 11), (1, 22), (2, 33), (9, 33)] as [(Int32, Int32)])
  func tableOfBranchesThatTakeAValueToDifferentHeights(_ index: Int32, _ expected: Int32) throws {
    let result = try run(
      """
      (param i32) (result i32)
      (block (result i32)
        (i32.const 2000)
        (block (result i32)
          (i32.const 3000)
          (block (result i32)
            (i32.const 10)
            (br_table 0 1 2 (local.get 0)))
          (return (i32.add (i32.const 1))))
        (return (i32.add (i32.const 12))))
      (i32.add (i32.const 23))
      """, .i32(index))
    #expect(result == [Int64(expected)])
  }

  @Test func comparisonsOfUnorderedNumbersBranchNeitherWay() throws {
    for comparison in ["lt", "gt", "le", "ge", "eq"] {
      let result = try run(
        """
        (param f64 f64) (result i32)
        (if (result i32) (f64.\(comparison) (local.get 0) (local.get 1)) (then (i32.const 1)) (else (i32.const 0)))
        """, .f64(.nan), .f64(1))
      #expect(result == [0])
      let inverted = try run(
        """
        (param f64 f64) (result i32)
        (block (br_if 0 (i32.eqz (f64.\(comparison) (local.get 0) (local.get 1)))) (return (i32.const 1)))
        (i32.const 0)
        """, .f64(.nan), .f64(1))
      #expect(inverted == [0])
    }
  }

  @Test func addressesThatAreSums() throws {
    let instance = try Store().load(
      """
      (module (memory 1) (data (i32.const 16) "\\2a\\00\\00\\00")
        (func (export "sum") (param i32 i32) (result i32) (i32.load offset=4 (i32.add (local.get 0) (local.get 1))))
        (func (export "scaled") (param i32 i32) (result i32)
          (i32.load offset=4 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))))))
      """)
    #expect(try callI32(instance, "sum", .i32(5), .i32(7)) == 42)
    // The sum wraps in 32 bits, and the static offset is added without.
    #expect(try callI32(instance, "sum", .i32(-1), .i32(13)) == 42)
    #expect(try callI32(instance, "scaled", .i32(4), .i32(2)) == 42)
    #expect(try callI32(instance, "scaled", .i32(-4), .i32(4)) == 42)
    #expect(trapKind { _ = try callI32(instance, "sum", .i32(-1), .i32(0)) } == .outOfBoundsMemoryAccess)
  }
}
