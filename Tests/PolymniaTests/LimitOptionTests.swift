import Testing

/// Options with numbers, at and beyond the ends of what they can be.
@Suite struct LimitOptionTests {
  private static let module = "(module (func (export \"f\") (result i32) (i32.const 7)))"

  private func folder() throws -> CommandFolder {
    try CommandFolder(["m.wat": Self.module, "s.wast": Self.module])
  }

  @Test(arguments: [
    "run --timeout nan", "run --timeout -nan", "run --timeout -1", "run --timeout -inf", "run --timeout=-1e300",
    "run --timeout ''", "run --timeout 1s", "run --fuel -1", "run --fuel=-9223372036854775808",
    "run --fuel 9223372036854775808", "run --fuel 1e3", "run --threads 0", "run --threads -1",
    "run --threads=-9223372036854775808", "run --threads 9223372036854775808", "run --max-memory -1",
    "run --max-memory 18446744073709551616", "run --max-memory 17179869184G", "run --max-memory 1.5K",
    "run --max-input -1", "run --max-input 99999999999999999999G", "validate --threads -1",
    "validate --threads=-9223372036854775808", "validate --max-input x", "wast --threads 0",
    "wast --threads=-9223372036854775808", "lower --max-input=-1", "inspect --max-input ''",
    "instrument --coverage --page-size 18446744073709551615", "instrument --coverage --page-size 0",
    "instrument --trace-memory --trace-records 4294967296", "lower --reserve m=18446744073709551616",
    "lower --reserve m=-1",
  ])
  func numbersThatMeanNothingAreWrongUsage(arguments: String) throws {
    let files = arguments.hasPrefix("run") ? "--invoke f m.wat" : "m.wat"
    let outcome = try folder().shell("polymnia \(arguments) \(files)")
    #expect(outcome.status == 2, "\(arguments): \(outcome.errors)")
  }

  @Test(arguments: [
    "--timeout inf", "--timeout infinity", "--timeout 1e29", "--timeout 1e308", "--timeout 0x1p70",
    "--timeout 18446744073709551616", "--fuel 9223372036854775807", "--threads 9223372036854775807", "--threads 1",
    "--max-memory 18446744073709551615", "--max-memory 17179869183G", "--max-memory 0",
    "--max-input 18446744073709551615", "--max-input 9223372036854775807",
  ])
  func theLargestNumbersAreNumbers(arguments: String) throws {
    for engine in ["jit", "interpreter", "jit --compile eager"] {
      let outcome = try folder().shell("polymnia run --engine \(engine) \(arguments) --invoke f m.wat")
      #expect(outcome.status == 0 && outcome.output == "7\n", "\(arguments): \(outcome.errors)")
    }
  }

  @Test(arguments: ["validate --threads 9223372036854775807 m.wat", "wast --threads 9223372036854775807 s.wast"])
  func threadsAreAsManyAsThereIsWork(line: String) throws {
    #expect(try folder().shell("polymnia \(line)").status == 0)
  }

  @Test func timeAndFuelMayBeNone() throws {
    let folder = try CommandFolder(["loop.wat": "(module (func (export \"f\") (loop (br 0))))"])
    for engine in ["jit", "interpreter"] {
      for (limit, message) in [("--timeout 0", "deadline exceeded"), ("--fuel 0", "all fuel consumed")] {
        let outcome = try folder.shell("polymnia run --engine \(engine) \(limit) --invoke f loop.wat")
        #expect(outcome.status == 134 && outcome.errors.contains(message), "\(limit): \(outcome.errors)")
      }
    }
  }

  @Test(arguments: [
    "run FILE", "run --link a=FILE m.wat", "run --precompiled FILE", "validate FILE",
    "parse -o x FILE", "print FILE", "inspect FILE", "objdump FILE", "lower -o x FILE", "link -o x a=FILE",
    "strip -o x FILE", "compile -o x FILE", "compile --dump asm FILE", "instrument --coverage -o x FILE",
    "add-memory --memory m=min=1 -o x FILE", "bind-memories -o x FILE", "report FILE", "report --module FILE m.wat",
    "specialize --memory 0=1 --function f -o x FILE", "wast --known-failures FILE s.wast", "wast FILE",
    "validate - < FILE",
  ])
  func inputWithoutEndIsRefused(line: String) throws {
    let folder = try folder()
    for (file, limit) in [("/dev/zero", "1M"), ("huge", "1G"), ("/dev/zero", "0"), ("m.wat", "10")] {
      var parts = line.replacing("FILE", with: file).split(separator: " ", maxSplits: 1)
      parts.insert("--max-input \(limit)", at: 1)
      let outcome = try folder.shell("truncate -s 1T huge; polymnia \(parts.joined(separator: " "))")
      #expect(outcome.status == 1, "\(parts): \(outcome.errors)")
      let message = "bytes; '--max-input' allows more"
      #expect((outcome.errors + outcome.output).contains(message), "\(parts): \(outcome.errors)")
    }
  }

  @Test func aProgramMayHaveThousandsOfArguments() throws {
    let folder = try CommandFolder([
      "args.wat": """
      (module
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (drop (call $sizes (i32.const 0) (i32.const 4)))
          (call $exit (i32.div_u (i32.load (i32.const 0)) (i32.const 1000)))))
      """
    ])
    #expect(try folder.shell("polymnia run args.wat $(seq 20000)").status == 20)
    #expect(try folder.shell("polymnia run args.wat --fuel -h -- --help $(seq 1994)").status == 1)
    #expect(try folder.shell("polymnia run args.wat --fuel -h -- --help $(seq 1995)").status == 2)
    #expect(try folder.shell("polymnia run --env A=1 --env=B=2 args.wat").status == 0)
  }

  @Test func aCommandMayHaveThousandsOfFiles() throws {
    let folder = try CommandFolder(["m.wat": Self.module, "s.wast": Self.module, "bad.wat": "(module (func (drop)))"])
    #expect(try folder.shell("polymnia validate --threads 1 $(yes m.wat | head -3000)").status == 0)
    let bad = try folder.shell("polymnia validate $(yes m.wat | head -2000) bad.wat m.wat bad.wat --threads 1")
    #expect(bad.status == 1 && bad.errors.split(separator: "\n").filter { $0.contains("error: bad.wat") }.count == 2)
    #expect(try folder.shell("polymnia validate --threads 1 m.wat bad.wat m.wat bad.wat m.wat").status == 1)
    #expect(
      try folder.shell("polymnia wast --threads 1 $(yes s.wast | head -500)").output
        == "500 passed, 0 failed, 0 skipped\n")
    #expect(try folder.shell("polymnia link -o x.wasm $(seq -f 'm%g=m.wat' 200)").status == 0)
    #expect(try folder.shell("polymnia validate x.wasm").status == 0)
  }

  @Test func whatAMessageListsIsLimited() throws {
    let exports = (1...25).map { "(export \"f\($0)\" (func 0)) (export \"m\($0)\" (memory 0))" }.joined()
    let start = "(import \"wasi_snapshot_preview1\" \"random_get\" (func $r (param i32 i32) (result i32)))"
    let folder = try CommandFolder([
      "none.wat": "(module (func) (memory 1) \(exports))",
      "memories.wat": """
      (module \(start) (memory 1) (memory 1) \(exports)
        (func (export "_start") (drop (call $r (i32.const 0) (i32.const 1)))))
      """,
    ])
    for file in ["none.wat", "memories.wat"] {
      let outcome = try folder.shell("polymnia run \(file)")
      #expect(outcome.status == 1 && outcome.errors.contains("20 and 5 more"), "\(outcome.errors)")
    }
  }
}

/// `--timeout` ends whatever a guest does, from the first start function on.
@Suite struct TimeoutTests {
  private static let loop = "(func $loop (loop (br 0)))"
  private static let sleep = """
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00")
    (func $sleep (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16))))
    """

  @Test(arguments: ["jit", "interpreter", "jit --compile eager"])
  func everythingThatAGuestDoesHasATimeout(engine: String) throws {
    let folder = try CommandFolder([
      "loop-start.wat": "(module \(Self.loop) (start $loop))",
      "loop-init.wat": "(module \(Self.loop) (export \"_initialize\" (func $loop)) (func (export \"f\")))",
      "loop.wat": "(module \(Self.loop) (export \"_start\" (func $loop)) (export \"f\" (func $loop)))",
      "sleep-start.wat": "(module \(Self.sleep) (start $sleep))",
      "sleep-init.wat": "(module \(Self.sleep) (export \"_initialize\" (func $sleep)))",
      "sleep.wat": "(module \(Self.sleep) (export \"_start\" (func $sleep)) (export \"f\" (func $sleep)))",
      "nothing.wat": "(module (func (export \"f\")) (func (export \"_start\")))",
    ])
    for arguments in [
      "loop-start.wat", "--invoke f loop-init.wat", "--link a=loop-start.wat nothing.wat",
      "--link a=loop-init.wat nothing.wat", "--link a=loop-init.wat --invoke f nothing.wat", "loop.wat",
      "--invoke f loop.wat", "sleep-start.wat", "--link a=sleep-start.wat nothing.wat",
      "--link a=sleep-init.wat nothing.wat", "sleep.wat", "--invoke f sleep.wat",
    ] {
      // A pipe that stays open, and nobody writes to.
      let outcome = try folder.shell(
        "[ -e pipe ] || mkfifo pipe; exec 3<>pipe; polymnia run --engine \(engine) --timeout 0.1 \(arguments) <&3")
      #expect(outcome.status == 134, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains("deadline exceeded"), "\(arguments): \(outcome.errors)")
    }
  }

  @Test(arguments: ["jit", "interpreter"])
  func linkedModulesAreInitializedOnceAndBeforeAnyCall(engine: String) throws {
    let folder = try CommandFolder([
      "a.wat": """
      (module (global $count (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $count (i32.add (global.get $count) (i32.const 1))))
        (func (export "count") (result i32) (global.get $count)))
      """,
      // Its own start function calls the one before; its _initialize has another type, and so is none.
      "b.wat": """
      (module (import "a" "count" (func $count (result i32))) (global $seen (mut i32) (i32.const -1))
        (func (export "_initialize") (param i32) unreachable)
        (func $start (global.set $seen (call $count))) (start $start)
        (func (export "seen") (result i32) (global.get $seen)))
      """,
      "main.wat": """
      (module (import "a" "count" (func $count (result i32))) (import "b" "seen" (func $seen (result i32)))
        (global $set (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $set (i32.add (global.get $set) (i32.const 100))))
        (func (export "f") (result i32)
          (i32.add (global.get $set) (i32.add (call $count) (i32.mul (i32.const 10) (call $seen))))))
      """,
    ])
    let links = "--link a=a.wat --link b=b.wat"
    let outcome = try folder.shell("polymnia run --engine \(engine) \(links) --invoke f main.wat")
    #expect(outcome.status == 0 && outcome.output == "111\n", "\(outcome.errors)")
  }
}
