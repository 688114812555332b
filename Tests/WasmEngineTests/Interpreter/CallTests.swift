import Testing
import WasmEngine
import WebAssembly

@Suite struct CallTests {
  @Test func tailCallsRunInConstantStack() throws {
    let instance = try Store().load(
      """
      (module
        (type $three (func (param i32 i64 i64) (result i64)))
        (table funcref (elem $three))
        (func $one (export "run") (param i32) (result i64)
          (return_call $three (local.get 0) (i64.const 0) (i64.const 1)))
        (func $three (type $three)
          (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
          (if (i32.and (local.get 0) (i32.const 1))
            (then
              (return_call_indirect (type $three)
                (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (local.get 2)) (local.get 2) (i32.const 0))))
          (return_call_ref $three
            (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 2) (local.get 1)) (local.get 2) (ref.func $three))))
      """)
    #expect(integers(try instance.function("run").call([.i32(1_000_000)])) == [1_000_000])
  }

  @Test func endlessRecursionIsATrap() throws {
    let instance = try Store().load("(module (func $f (export \"f\") (result i32) (i32.add (call $f) (i32.const 1))))")
    for _ in 0..<3 {
      #expect(trapKind { _ = try callI32(instance, "f") } == .callStackExhausted)
    }
  }

  @Test func aFunctionRunsOnTheMemoryOfItsOwnInstance() throws {
    let store = Store()
    let library = try store.load(
      """
      (module (memory 1) (data (i32.const 0) "\\05")
        (func (export "get") (result i32) (i32.load8_u (i32.const 0))))
      """)
    let main = try store.load(
      """
      (module (import "" "get" (func $get (result i32))) (memory 1) (data (i32.const 0) "\\07")
        (func (export "run") (result i32)
          (i32.add (i32.mul (call $get) (i32.const 10)) (i32.load8_u (i32.const 0)))))
      """, [.function(library.function("get"))])
    #expect(try callI32(main, "run") == 57)
  }

  @Test func aHostFunctionMayCallBack() throws {
    final class Box { var run: Function? }
    let box = Box()
    let store = Store()
    let module = try store.load(
      """
      (module (import "" "host" (func $host (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
          (i32.add (call $host (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))
      """,
      [
        .function(
          Function(in: store, type: FunctionType(parameters: [.i32], results: [.i32])) { _, arguments in
            try #require(box.run).call(arguments)
          })
      ])
    box.run = try module.function("run")
    defer { box.run = nil }
    #expect(try callI32(module, "run", .i32(10)) == 10)
  }

  @Test func traceOfATrap() throws {
    let instance = try Store().load(
      """
      (module $m (memory 1) (memory 1)
        (func $inner (param i32) (i32.store $m1 offset=3 (local.get 0) (i32.const 1)))
        (func $outer (export "run") (param i32) (call $inner (local.get 0))))
      """.replacing("$m1", with: "1"))
    do {
      _ = try instance.function("run").call([.i32(-1)])
      Issue.record("no trap")
    } catch let trap as Trap {
      #expect(trap.kind == .outOfBoundsMemoryAccess)
      #expect(trap.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: 0x1_0000_0002, length: 4))
      #expect(trap.backtrace.map(\.function) == [0, 1])
      #expect(trap.backtrace[0].offset < trap.backtrace[1].offset)
    }
  }
}
