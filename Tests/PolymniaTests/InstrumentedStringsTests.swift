import Testing

/// What WASI writes into an instrumented program's memory is undone with the rest, wherever it is.
@Suite struct InstrumentedStringsTests {
  @Test(arguments: [0, 65528, 65532])
  func argumentsAreUndone(list: Int) throws {
    let folder = try CommandFolder([
      "program.wat": """
      (module
        (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "go") (result i32) (call $get (i32.const \(list)) (i32.const 100)))
        (func (export "look") (result i64) (i64.load (i32.const 100))))
      """,
      "driver.wat": """
      (module
        (import "t" "go" (func $go (result i32))) (import "t" "look" (func $look (result i64)))
        (import "t" "polymnia.mark" (func $mark (result i32)))
        (import "t" "polymnia.rollback" (func $back (param i32) (result i32)))
        (func (export "undone") (result i32 i32 i64) (local $mark i32)
          (local.set $mark (call $mark))
          (call $go) (i64.ne (call $look) (i64.const 0))
          (drop (call $back (local.get $mark))) (call $look)))
      """,
    ])
    #expect(try folder.shell("polymnia instrument --quiet --stores log program.wat -o program.wasm").status == 0)
    let outcome = try folder.shell("polymnia run --link t=program.wasm --invoke undone driver.wat")
    #expect(outcome.output == "0\n1\n0\n", "\(outcome.errors)")
  }
}
