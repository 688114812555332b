import Testing
import WebAssembly

@testable import WasmEngine

/// Estimates of how long code will be, from which jumps ahead are written short.
struct CodeDistanceTests {
  /// Jumps over code of every kind, to blocks that run rarely and lie apart, over loops that may be padded, and returns.
  private static let text = """
    (module
      (memory 1)
      (func $leaf (param i32) (result i32) (if (local.get 0) (then (return (i32.const 7)))) (unreachable))
      (func (export "f") (param $x i32) (param $y i64) (param $f f64) (result i32)
        (if (i32.and (local.get $x) (i32.const 1)) (then (unreachable)))
        (if (i32.and (local.get $x) (i32.const 2)) (then
          (i64.store offset=0x12345 (local.get $x) (i64.const 0x7FFF0001))
          (local.set $y (i64.add (local.get $y) (i64.const 0x123456789AB)))))
        (if (i32.and (local.get $x) (i32.const 4)) (then
          (local.set $x (i32.add (call $leaf (local.get $x)) (call $leaf (i32.wrap_i64 (local.get $y)))))))
        (if (i32.and (local.get $x) (i32.const 8)) (then
          (local.set $f (f64.min (local.get $f) (f64.convert_i64_u (local.get $y))))))
        (if (i32.and (local.get $x) (i32.const 16)) (then
          (loop $l (br_if $l (i32.lt_u (local.tee $x (i32.sub (local.get $x) (i32.const 1))) (i32.const 9))))))
        (if (i32.and (local.get $x) (i32.const 32)) (then
          (return (i32.trunc_sat_f64_u (local.get $f)))))
        (if (f64.eq (local.get $f) (f64.const 3)) (then
          (local.set $x (i32.div_s (local.get $x) (i32.wrap_i64 (local.get $y))))))
        (if (i64.eqz (local.get $y)) (then (unreachable)))
        (i32.add (local.get $x) (memory.grow (i32.const 0)))))
    """

  @Test func noFunctionIsWrittenTwice() throws {
    var near = 0
    for text in [Self.text, EverythingModule.text] {
      let stages = try CompilerStages(text: text) { $0.features.insert(.wideArithmetic) }
      for function in 0..<stages.count {
        guard let ir = stages.stages(function).last?.ir else { continue }
        var lowering = Lowering(stages.environment)
        lowering.ir = ir
        try lowering.lower()
        var allocator = Allocator()
        let fits = allocator.run(lowering.machine)
        #expect(fits)
        var emitter = Emitter(avx: stages.environment.processor.contains(.avx))
        emitter.machine = lowering.machine
        let written = emitter.emit(allocator, incomingStackBytes: lowering.incomingStackBytes)
        #expect(written != nil)
        #expect(emitter.distances.isKnown, "function \(function) was written twice")
        for index in lowering.machine.instructions.indices.dropLast()
        where emitter.distances.isNear(index, index + 1) { near += 1 }
      }
    }
    #expect(near > 100)
  }
}
