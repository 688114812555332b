import Testing
import WebAssembly

@testable import WasmEngine

/// Vectors wherever machine code can keep them: registers, stack slots, arguments, results, globals, tables of functions.
@Suite("Places of vectors", .enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct VectorPlacementTests {
  private static let operations = [
    "i32x4.add", "i8x16.sub", "v128.xor", "f32x4.pmin", "i16x8.mul", "f64x2.pmax", "i8x16.gt_u", "i64x2.mul",
    "i16x8.q15mulr_sat_s", "i8x16.swizzle", "v128.andnot", "i8x16.narrow_i16x8_u",
  ]

  /// More vectors than there are registers live through a loop with calls, beside floats and integers.
  private static func program(_ count: Int) -> String {
    let vectors = (0..<count).map { "$v\($0)" }
    let loads = vectors.enumerated().map { "(local.set \($1) (v128.load offset=\($0 * 16) (local.get $a)))" }
    let stores = vectors.enumerated().map { "(v128.store offset=\(4096 + $0 * 16) (local.get $a) (local.get \($1)))" }
    let steps = vectors.indices.map { index in
      let other = vectors[(index * 7 + 3) % count]
      let operation = operations[index % operations.count]
      return "(local.set \(vectors[index]) (\(operation) (local.get \(other)) (local.get \(vectors[index]))))"
    }
    var arguments = (0..<10).map { "(local.get \(vectors[($0 * 3 + 1) % count]))" }
    arguments.insert("(local.get $i)", at: 2)
    arguments.insert("(local.get $d)", at: 5)
    return """
      (module
        (type $h (func (param v128 v128 i32 v128 v128 f64 v128 v128 v128 v128 v128 v128) (result v128 f64 v128)))
        (memory (export "m") 1)
        (table funcref (elem $h))
        (global $g (mut v128) (v128.const i64x2 1 2))
        (func $h (type $h)
          (i32x4.add (local.get 0) (local.get 11))
          (f64.add (local.get 5) (f64.convert_i32_s (local.get 2)))
          (v128.xor (i8x16.sub (local.get 10) (local.get 9)) (i16x8.add (local.get 8) (local.get 1))))
        (func (export "f") (param $a i32) (local $i i32) (local $d f64)
          \(vectors.map { "(local \($0) v128)" }.joined(separator: " "))
          \(loads.joined(separator: "\n"))
          (loop $again
            \(steps.joined(separator: "\n"))
            (local.get $i)
            (if (i32.and (local.get $i) (i32.const 1))
              (then
                (call $h \(arguments.joined(separator: " ")))
                (local.set \(vectors[0])) (local.set $d) (local.set \(vectors[count - 1])))
              (else
                (local.set \(vectors[1]) (select (local.get \(vectors[2])) (global.get $g)
                  (v128.any_true (local.get \(vectors[3])))))
                (global.set $g (local.get \(vectors[4])))
                (call_indirect (type $h)
                  (local.get \(vectors[5])) (global.get $g) (local.get $i) (local.get \(vectors[6]))
                  (v128.const i64x2 7 8) (f64.const 2.5) (local.get \(vectors[7])) (global.get $g)
                  (local.get \(vectors[8])) (local.get \(vectors[9])) (local.get \(vectors[10]))
                  (local.get \(vectors[11])) (i32.const 0))
                (local.set \(vectors[2])) (drop) (local.set \(vectors[3]))))
            (local.set $i (i32.add (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 9))))
          \(stores.joined(separator: "\n"))
          (f64.store offset=4080 (local.get $a) (local.get $d))))
      """
  }

  @Test(
    "They keep their values in registers, slots, arguments, results and globals", arguments: [12, 17, 30], processorSets
  )
  func pressure(count: Int, processor: ProcessorFeatures) throws {
    let text = Self.program(count)
    let compiled = try makeEngine {
      $0.tier = .compiler
      $0.processor = processor
    }.compile(text: text)
    let interpreted = try makeEngine().compile(text: text)
    let instances = try [compiled, interpreted].map { try Store($0.engine).instantiate($0) }
    var generator = VectorCompilationTests.Generator(state: UInt64(count))
    for _ in 0..<20 {
      // Without NaNs, whose bits may differ.
      let words = (0..<2 * count).map { _ in generator.next() & 0x3FFF_FFFF_3FFF_FFFF }
      var results: [[UInt8]] = []
      for instance in instances {
        let memory = try instance.memory("m")
        for (index, word) in words.enumerated() { try memory.store(word, at: UInt64(index * 8)) }
        _ = try instance.function("f").call([.i32(0)])
        results.append(try memory.read(16 * count + 16, at: 4080))
      }
      #expect(results[0] == results[1])
    }
    #expect(compiled.machine?.refusals.withLock { $0 } == [:])
  }

  @Test(
    "A test of all lanes whose result a select behind an access uses",
    arguments: [.guarded, .checked] as [MemoryPolicy.Bounds])
  func testBeforeAccess(bounds: MemoryPolicy.Bounds) throws {
    let module = try makeEngine(bounds: bounds) { $0.tier = .compiler }.compile(
      text: """
        (module
          (memory (export "m") 1)
          (func (export "f") (param i64 i32) (result i32)
            (if (result i32)
              (select
                (i32.load16_u offset=40 (local.get 1)) (i32.const 14)
                (i32x4.all_true (i64x2.splat (local.get 0))))
              (then (i32.const 1)) (else (i32.const 2)))))
        """)
    let instance = try Store(module.engine).instantiate(module)
    #expect(try callI32(instance, "f", .i64(0), .i32(0)) == 1)
    #expect(try callI32(instance, "f", .i64(-1), .i32(0)) == 2)
    try instance.memory("m").store(UInt8(7), at: 40)
    #expect(try callI32(instance, "f", .i64(-1), .i32(0)) == 1)
    #expect(trapKind { _ = try callI32(instance, "f", .i64(0), .i32(0x1_0000)) } == .outOfBoundsMemoryAccess)
    #expect(module.machine?.refusals.withLock { $0 } == [:])
  }
}
