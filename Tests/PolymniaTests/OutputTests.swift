import Foundation
import Testing

/// Files and streams that commands write to.
@Suite struct OutputTests {
  private static let module = "(module (memory 1) (func (export \"f\") (result i32) (i32.const 7)))"

  /// A function of which the instruction is none: that is seen when the text has begun.
  private static let broken =
    #"printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\12\5\1\3\0\377\13' > broken.wasm"#

  /// What writes a file, each with the name of the output last.
  private static let writers = [
    "print broken.wasm -o", "parse broken.wat -o", "lower bad.wat -o", "strip bad.wat -o",
    "add-memory bad.wat --memory m=min=1 -o", "link a=bad.wat -o", "instrument --stores=log bad.wat -o",
    "bind-memories bad.wat -o",
    "compile bad.wat -o", "compile --dump ir bad.wat -o",
  ]

  @Test(arguments: writers)
  func aFileStaysAsItWasWhereTheInputIsBad(writer: String) throws {
    let folder = try CommandFolder([
      "bad.wat": "(module (func (result i32)))", "broken.wat": "(module (func (result i32)) (memory", "out": "kept",
    ])
    let outcome = try folder.shell("\(Self.broken); polymnia \(writer) out")
    #expect(outcome.status == 1 && outcome.errors.contains("error"), "\(outcome.errors)")
    #expect(try folder.contents("out") == Data("kept".utf8))
    #expect(try folder.files == ["bad.wat", "broken.wasm", "broken.wat", "out"])
  }

  /// A limit on the size of files stands for a disk that is full.
  @Test(arguments: ["strip x -o x", "print x -o x", "add-memory x --memory m=min=1 -o x"])
  func aFileStaysAsItWasWhereTheDiskIsFull(command: String) throws {
    let data = String(repeating: "x", count: 10_000)
    let folder = try CommandFolder(["x.wat": "(module (memory 1) (data (i32.const 0) \"\(data)\"))"])
    #expect(try folder.run("parse", "x.wat", "-o", "x").status == 0)
    let before = try folder.contents("x")
    let outcome = try folder.shell("trap '' XFSZ; ulimit -f 8; polymnia \(command)")
    #expect(outcome.status == 1 && outcome.errors.hasPrefix("polymnia: error: x: "), "\(outcome.errors)")
    #expect(try folder.contents("x") == before)
    #expect(try folder.files == ["x", "x.wat"])
  }

  /// The memory for machine code is a file to the system, and larger than such a limit.
  @Test(arguments: ["compile x.wat -o out", "run --precompiled code"])
  func whereThereIsNoRoomForMachineCodeThatIsTheReason(command: String) throws {
    let folder = try CommandFolder(["x.wat": Self.module])
    guard try folder.run("compile", "x.wat", "-o", "code").status == 0 else { return }
    let outcome = try folder.shell("ulimit -f 100; polymnia \(command)")
    #expect(outcome.status == 1 && outcome.errors.contains("size of files may be the reason"), "\(outcome.errors)")
    #expect(try folder.files == ["code", "x.wat"])
  }

  @Test func theInputCanBeTheOutput() throws {
    let folder = try CommandFolder(["x.wat": Self.module])
    #expect(try folder.run("parse", "x.wat", "-o", "x").status == 0)
    #expect(try folder.run("strip", "x", "-o", "x").status == 0)
    #expect(try folder.run("run", "--invoke", "f", "x").output == "7\n")
  }

  @Test func aFileKeepsItsModeAndTheLinkThatLedToIt() throws {
    let folder = try CommandFolder(["x.wat": Self.module, "target": ""])
    let outcome = try folder.shell("chmod 640 target; ln -s target link; polymnia parse x.wat -o link")
    #expect(outcome.status == 0)
    #expect(try folder.shell("test -L link; echo $?; stat -c %a target").output == "0\n640\n")
    #expect(try folder.contents("target").starts(with: [0, 0x61, 0x73, 0x6D]))
    #expect(try folder.files == ["link", "target", "x.wat"])
  }

  @Test func devicesAndPipesAreWrittenTo() throws {
    let folder = try CommandFolder(["x.wat": Self.module])
    #expect(try folder.shell("polymnia print x.wat -o /dev/null; echo $?").output == "0\n")
    #expect(try folder.shell("mkfifo p; cat p & polymnia print x.wat -o p; wait").output.hasPrefix("(module"))
    #expect(try folder.shell("polymnia print x.wat -o /dev/full").status == 1)
  }

  @Test(arguments: ["--help", "run --help", "help lower", "wast --help", "run --features help"])
  func helpThatCannotBeWrittenIsAnError(arguments: String) throws {
    let outcome = try CommandFolder().shell("polymnia \(arguments) >/dev/full")
    #expect(outcome.status == 1 && outcome.errors.hasPrefix("polymnia: error: standard output: "), "\(outcome.errors)")
  }

  /// The script's assertion fails, so no status but 1 is right, whoever reads what is said of it.
  @Test(arguments: ["", "--quiet", "--verbose", "--json"])
  func failedAssertionsAreAnErrorWhereTheyCannotBeTold(option: String) throws {
    let folder = try CommandFolder(["x.wast": Self.module + "(assert_return (invoke \"f\") (i32.const 8))"])
    for target in [">/dev/full", "| true", ">&-"] {
      let outcome = try folder.shell("{ sleep 0.1; polymnia wast \(option) x.wast; echo $? >&2; } \(target)")
      #expect(outcome.errors.hasSuffix("1\n"), "\(target): \(outcome.errors)")
    }
  }
}
