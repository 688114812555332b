import Foundation
import Testing

/// What the system would end a command for: pipes that nobody reads, limits on files and stacks.
@Suite struct PipeTests {
  private static let engines = ["interpreter", "jit", "jit --compile eager"]

  /// Writes `y` and a line's end for ever, whatever becomes of it.
  private static let yes = """
    (module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (memory 1)
      (data (i32.const 0) "\\08\\00\\00\\00\\02\\00\\00\\00y\\n")
      (func (export "_start")
        (loop $again
          (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
          (br $again))))
    """

  /// Writes 4096 bytes at a time until there is an error, with which it ends.
  private static let fill = """
    (module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1) (memory 1)
      (data (i32.const 0) "\\20\\00\\00\\00\\00\\10\\00\\00")
      (func (export "_start") (local $error i32)
        (loop $again
          (local.set $error (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
          (br_if $again (i32.eqz (local.get $error))))
        (call $exit (local.get $error))))
    """

  private static let deep = """
    (module (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
      (func (export "_start") (drop (call $deep (i32.const 0)))))
    """

  private static let large =
    "(module\n" + (0..<20_000).map { "(func (export \"f\($0)\") (result i32) (i32.const \($0)))\n" }.joined() + ")"

  @Test func aReaderThatHasEnoughEndsTheCommandQuietly() throws {
    let folder = try CommandFolder(["large.wat": Self.large])
    for command in ["print large.wat", "inspect large.wat", "parse large.wat -o -", "print large.wat -o -"] {
      let outcome = try folder.shell("{ polymnia \(command); echo $? >.status; } | head -n 1 >/dev/null; cat .status")
      #expect(outcome.output == "141\n", "\(command)")
      #expect(outcome.errors.isEmpty, "\(command)")
    }
    let whole = try folder.shell("{ polymnia print large.wat; echo $? >.status; } | tail -n 1 >/dev/null; cat .status")
    #expect(whole.output == "0\n")
  }

  @Test(arguments: engines)
  func andTheGuestThatWrites(engine: String) throws {
    let folder = try CommandFolder(["yes.wat": Self.yes])
    let outcome = try folder.shell(
      "{ polymnia run --timeout 60 --engine \(engine) yes.wat; echo $? >.status; } | head -n 2; cat .status")
    #expect(outcome.output == "y\ny\n141\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test(arguments: engines)
  func aLimitOnTheSizeOfFiles(engine: String) throws {
    let folder = try CommandFolder(["fill.wat": Self.fill, "large.wat": Self.large])
    // In blocks of 512 bytes; the guest is told `fbig`, which is 22.
    let guest = try folder.shell(
      "ulimit -f 18; polymnia run --engine \(engine) fill.wat >out; echo $?; stat -c %s out >&2")
    #expect(guest.output == "22\n")
    #expect(guest.errors == "9216\n")
    let command = try folder.shell("ulimit -f 18; polymnia print large.wat -o out.wat; echo $?")
    #expect(command.output == "1\n")
    #expect(command.errors.contains("File too large"))
  }

  @Test(arguments: engines)
  func aStackWithoutALimit(engine: String) throws {
    let folder = try CommandFolder(["deep.wat": Self.deep])
    // Where that is not allowed, with what there is.
    let outcome = try folder.shell(
      "ulimit -s unlimited 2>/dev/null; ulimit -v 4000000; polymnia run --engine \(engine) deep.wat")
    #expect(outcome.status == 134)
    #expect(outcome.errors.contains("call stack exhausted"))
  }
}
