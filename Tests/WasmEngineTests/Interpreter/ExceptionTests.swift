import Testing
import WasmEngine

@Suite struct ExceptionTests {
  @Test func thrownThroughFramesAndCaughtWithItsPayload() throws {
    let instance = try Store().load(
      """
      (module (tag $a (param i32 i64)) (tag $b)
        (func $throw (param i32)
          (if (local.get 0) (then (throw $a (i32.const 7) (i64.const 35))))
          (throw $b))
        (func $middle (param i32)
          (block (try_table (catch $b 0) (call $throw (local.get 0)))))
        (func (export "run") (param i32) (result i32) (local i64)
          (i32.const 1000)
          (block (result i32 i64)
            (try_table (catch $a 0) (call $middle (local.get 0)))
            (return (i32.const -1)))
          (local.set 1)
          (i32.add (i32.wrap_i64 (local.get 1)))
          (i32.add)))
      """)
    #expect(try callI32(instance, "run", .i32(1)) == 1042)
    #expect(try callI32(instance, "run", .i32(0)) == -1)
  }

  @Test func thrownAgainByReference() throws {
    let instance = try Store().load(
      """
      (module (tag $a (param i32))
        (func $again
          (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (throw $a (i32.const 42)))
            (unreachable))
          (throw_ref))
        (func (export "run") (result i32)
          (block $caught (result i32 exnref)
            (try_table (catch_ref $a $caught) (call $again))
            (unreachable))
          (drop)))
      """)
    #expect(try callI32(instance, "run") == 42)
  }

  @Test func localsThatTheGuardedCodeSetKeepTheirValues() throws {
    let instance = try Store().load(
      """
      (module (tag $a)
        (func $throw (throw $a))
        (func (export "run") (param i32) (result i32)
          (local.get 0)
          (block (try_table (catch_all 0) (local.set 0 (i32.const 5)) (call $throw)))
          (i32.add (local.get 0))))
      """)
    #expect(try callI32(instance, "run", .i32(30)) == 35)
  }

  @Test func uncaughtOnesReachTheHost() throws {
    let instance = try Store().load("(module (tag $a) (func (export \"run\") (throw $a)))")
    #expect(throws: UncaughtException.self) { try instance.function("run").call([]) }
    #expect(
      trapKind {
        _ = try Store().load("(module (func (export \"r\") (throw_ref (ref.null exn))))").function("r").call([])
      }
        == .nullExceptionReference)
  }
}
