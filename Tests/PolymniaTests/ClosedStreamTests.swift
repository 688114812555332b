import Testing

/// The command started without some of its standard streams: the next files that it opens would get their numbers.
@Suite struct ClosedStreamTests {
  /// Reads or writes 4 bytes by each standard descriptor, then opens a file. The status holds a bit for each of the first
  /// three that was not `badf`, and the number that the file got from 8 on.
  static let probe = """
    (module
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\20\\00\\00\\00\\04\\00\\00\\00")
      (data (i32.const 32) "\\90\\90\\90\\0a")
      (data (i32.const 64) "made")
      (func (export "_start") (local $bits i32)
        (if (i32.ne (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 8))
          (then (local.set $bits (i32.const 1))))
        (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 8))
          (then (local.set $bits (i32.or (local.get $bits) (i32.const 2)))))
        (if (i32.ne (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 8))
          (then (local.set $bits (i32.or (local.get $bits) (i32.const 4)))))
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 1) (i64.const 64)
            (i64.const 0) (i32.const 0) (i32.const 24)) (then unreachable))
        (call $exit (i32.add (local.get $bits) (i32.shl (i32.load (i32.const 24)) (i32.const 3))))))
    """

  @Test(arguments: ["jit", "interpreter", "jit --compile eager"], 0..<8)
  func aGuestHasTheStreamsThatAreOpenAndNoOthers(engine: String, closed: Int) throws {
    let folder = try CommandFolder(["probe.wat": Self.probe])
    let redirections = [(1, "<&-"), (2, ">&-"), (4, "2>&-")].filter { closed & $0.0 != 0 }.map(\.1)
    let line = "polymnia run --engine \(engine) --dir . probe.wat " + redirections.joined(separator: " ")
    #expect(try folder.shell(line).status == Int32(4 << 3 | 7 & ~closed), "\(line)")
  }

  static let module = "(module (memory 1) (memory 1) (func (export \"f\") (result i32) (i32.const 7)))"

  @Test(arguments: [
    "run --invoke f m.wat", "run --engine interpreter --invoke f m.wat", "lower m.wat -o -",
    "lower --json m.wat -o m.wasm",
    "link a=m.wat -o -", "link --json a=m.wat -o m.wasm", "inspect m.wat", "inspect --json m.wat", "print m.wat",
    "parse m.wat -o -", "strip m.wat -o -", "objdump m.wat", "compile --dump asm m.wat", "compile --dump ir m.wat",
    "wast s.wast", "wast --json s.wast", "run --timings - --invoke f m.wat",
  ])
  func outputThatCannotBeWrittenIsAnError(arguments: String) throws {
    let folder = try CommandFolder(["m.wat": Self.module, "s.wast": Self.module])
    for redirection in [">&-", ">&- <&-", "> /dev/full"] {
      let outcome = try folder.shell("polymnia \(arguments) \(redirection)")
      #expect(outcome.status == 1, "\(arguments) \(redirection)")
      #expect(outcome.errors.contains("standard output: "), "\(arguments) \(redirection): \(outcome.errors)")
    }
  }

  @Test(arguments: ["validate -", "run -", "parse - -o -", "inspect -", "lower - -o -"])
  func inputThatIsClosedIsAnError(arguments: String) throws {
    let outcome = try CommandFolder().shell("polymnia \(arguments) <&-")
    #expect(outcome.status == 1)
    #expect(outcome.errors == "polymnia: error: <standard input>: Bad file descriptor\n")
  }

  @Test func whatPrintsNothingNeedsNoOutput() throws {
    let folder = try CommandFolder(["m.wat": Self.module])
    #expect(try folder.shell("polymnia validate m.wat >&- <&- 2>&-").status == 0)
    #expect(try folder.shell("polymnia lower m.wat -o m.wasm >&- <&- 2>&-").status == 0)
    #expect(try folder.shell("polymnia validate m.wasm").status == 0)
  }

  /// An embedder that knows nothing of it (the fuzzer here) whose streams are closed when it makes its engine.
  @Test func anEmbedderMayHaveClosedItsStreams() throws {
    let outcome = try CommandFolder().shell(
      """
      "${POLYMNIA%polymnia}polymnia-fuzz" traps --count 1000000000 <&- >&- & fuzz=$!
      n=0; until ls -l /proc/$fuzz/fd 2>/dev/null | grep -q wasm-code || [ $n = 200 ]; do n=$((n + 1)); sleep 0.1; done
      readlink /proc/$fuzz/fd/0 /proc/$fuzz/fd/1; kill -9 $fuzz
      """)
    #if os(Linux) && arch(x86_64)
      #expect(outcome.output == "/dev/null\n/dev/null\n", "\(outcome.errors)")
    #endif
  }

  @Test func theFilesOfTheEngineAreClosedInOtherPrograms() throws {
    // All that it has beyond what it was started with.
    let folder = try CommandFolder(["loop.wat": "(module (func (export \"f\") (loop (br 0))))"])
    let outcome = try folder.shell(
      """
      "$POLYMNIA" run --cache --timeout 30 --invoke f loop.wat & sleep 1
      for n in /proc/$!/fdinfo/*; do [ -e /proc/$$/fd/${n##*/} ] || grep flags: $n; done
      ls -l /proc/$!/fd | grep -c wasm-code; kill -9 $!
      """)
    let flags = outcome.output.split(separator: "\n").filter { $0.hasPrefix("flags:") }
    #if os(Linux) && arch(x86_64)
      #expect(outcome.output.hasSuffix("\n1\n") && !flags.isEmpty)
    #endif
    // O_CLOEXEC
    for line in flags {
      let number = line.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0, radix: 8) }
      #expect((number ?? 0) & 0o2_000_000 != 0, "\(line)")
    }
  }
}
