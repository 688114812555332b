import Foundation
import Testing

@testable import polymnia

/// Options that are repeated often: the parser alone would take quadratic time (`polymnia-fuzz growth` measures it).
@Suite struct ManyOptionsTests {
  private struct Help: Decodable {
    struct Command: Decodable {
      var commandName: String
      var arguments: [Argument]?
      var subcommands: [Command]?
    }
    struct Argument: Decodable {
      struct Name: Decodable { var kind, name: String }
      var kind: String
      var isRepeating: Bool
      var names: [Name]?
    }
    var command: Command
  }

  @Test func everyOptionThatMayBeRepeatedIsKnown() throws {
    let outcome = try CommandFolder().run("--experimental-dump-help")
    let help = try JSONDecoder().decode(Help.self, from: Data(outcome.output.utf8))
    var found: [String: Set<String>] = [:]
    for command in help.command.subcommands ?? [] {
      for argument in command.arguments ?? [] where argument.isRepeating && argument.kind == "option" {
        let names = argument.names ?? []
        #expect(names.allSatisfy { $0.kind == "long" }, "a short name is not packed")
        found[command.commandName, default: []].formUnion(names.map { "--" + $0.name })
      }
    }
    #expect(found == ManyOptions.names)
  }

  @Test func valuesComeTogetherInOrder() {
    let filler = (0..<40).flatMap { ["--env", "v\($0)=\($0)"] }
    let values = (0..<40).map { "v\($0)=\($0)" }
    #expect(
      ManyOptions.packed(["run"] + filler + ["m.wat"]) == ["run", "--env=" + values.joined(separator: "\0"), "m.wat"])
    #expect(
      ManyOptions.packed(
        ["run", "--env=a=", "--dir", "x"] + filler + ["--dir=y", "--invoke", "f", "--", "--env", "z"])
        == [
          "run", "--env=" + (["a="] + values).joined(separator: "\0"), "--dir=x\0y", "--invoke", "f", "--", "--env",
          "z",
        ])
    // What the parser may see otherwise is left to it.
    for odd in [
      filler + ["--env", "--env", "-x"], filler + ["--env"], filler + ["--env="],
      filler + ["--invoke", "--env", "b=1"],
      filler + ["-o", "--env", "b=1"], filler + ["--env=\u{301}a=b"],
    ] {
      #expect(ManyOptions.packed(["run"] + odd) == ["run"] + odd)
    }
    #expect(
      ManyOptions.packed(["run", "--cache", "--env", "a="] + filler)
        == ["run", "--cache", "--env", "a=", "--env=" + values.joined(separator: "\0")])
    let dashes = ["objdump"] + filler.map { $0 == "--env" ? "--function" : "-" }
    #expect(ManyOptions.packed(dashes) == ["objdump", "--function=" + values.map { _ in "-" }.joined(separator: "\0")])
    let few = ["run", "--env", "a=1", "--env", "b=2", "m.wat"]
    #expect(ManyOptions.packed(few) == few)
    let other = ["no-such-command"] + filler
    #expect(ManyOptions.packed(other) == other)
    // Scalars that join with what is before them hide nothing.
    let joined = (0..<40).flatMap { _ in ["--env", "\u{301}a=\u{301}"] }
    #expect(
      Many<String>(
        argument: String(ManyOptions.packed(["run"] + joined)[1].unicodeScalars.dropFirst("--env=".count)))?.values
        .count
        == 40)
  }

  private static func program(variables: Int) -> String {
    """
    (module (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (drop (call $sizes (i32.const 0) (i32.const 4)))
        (call $exit (i32.ne (i32.load (i32.const 0)) (i32.const \(variables))))))
    """
  }

  @Test(arguments: [1, 31, 32, 500]) func allValuesArrive(count: Int) throws {
    let folder = try CommandFolder(["m.wat": Self.program(variables: count)])
    let variables = (0..<count).map { "--env v\($0)=x" }.joined(separator: " ")
    #expect(try folder.shell("polymnia run \(variables) m.wat").status == 0)
  }

  /// What is wrong is told as it is where there are few.
  @Test(arguments: [1, 100]) func aWrongOneIsNamed(count: Int) throws {
    let folder = try CommandFolder(["m.wat": Self.program(variables: count)])
    let variables = (0..<count).map { "--env v\($0)=x" }.joined(separator: " ")
    let outcome = try folder.shell("polymnia run \(variables) --env nothing m.wat")
    #expect(outcome.status == 2)
    #expect(
      outcome.errors.hasPrefix("Error: The value 'nothing' is invalid for '--env <name=value>'"), "\(outcome.errors)")
  }

  /// A mark that joins with a separator does not hide it, and what the command line says forges no line.
  @Test func argumentsAreReadByScalars() throws {
    #expect(Variable(argument: "A=\u{301}x")?.value.unicodeScalars.elementsEqual("\u{301}x".unicodeScalars) == true)
    #expect(LinkedFile(argument: "a=\u{301}")?.name == "a")
    #expect(Folder(argument: "/x::\u{301}y")?.host == "/x")
    #expect(Folder(argument: "/a:b::c:d")?.host == "/a:b" && Folder(argument: "/a:b::c:d")?.guest == "c:d")
    #expect(Folder(argument: "/a::b::c")?.guest == "b::c" && Folder(argument: ":a")?.guest == ":a")
    #expect(Folder(argument: "::b") == nil && Folder(argument: "a::") == nil)
  }

  @Test(arguments: [
    "add-memory --memory \"$x=z\" m.wat -o n.wasm", "run \"$x\"", "lower --reserve \"$x\" m.wat -o n.wasm",
    "strip \"--$x\" m.wat", "run --env \"$x\" m.wat", "\"$x\"", "validate \"$x\"", "link \"$x\" -o n.wasm",
    "link m=m.wat --export \"$x\" -o n.wasm", "link m=m.wat --rename \"$x=b\" -o n.wasm",
    "objdump --function \"$x\" m.wat",
    "objdump --section \"$x\" m.wat", "compile --dump ir --function \"$x\" m.wat", "print m.wat -o \"/no/$x\"",
    "specialize --function \"$x\" --memory 0=1 m.wat -o n.wasm",
    "specialize --function f --memory \"$x\" m.wat -o n.wasm",
    "validate --features \"$x\" m.wat", "instrument --stores log --memory \"$x\" m.wat -o n.wasm",
    "specialize --function f --memory 0=1 --stack \"$x\" m.wat -o n.wasm", "report \"$x\"", "wast \"$x\"",
    "bind-memories --memory \"$x=z\" m.wat -o n.wasm", "run --invoke \"$x\" m.wat", "run --invoke g m.wat \"$x\"",
    "run --link \"a=$x\" m.wat", "run --dir \"$x\" m.wat", "strip --remove \"$x\" m.wat -o n.wasm",
    "lower --glue \"$x\" m.wat -o n.wasm", "dispatch --function f --memories \"$x\" m.wat -o n.wasm",
  ])
  func messagesShowNoControlCharacters(line: String) throws {
    let module = "(module (memory 1) (memory 1) (func $f (export \"f\")) (func (export \"g\") (param i32)))"
    let folder = try CommandFolder(["m.wat": module])
    let outcome = try folder.shell("x=$(printf 'a\\033[31mb'); polymnia \(line)")
    #expect(!outcome.errors.isEmpty)
    #expect(!(outcome.errors + outcome.output).unicodeScalars.contains("\u{1b}"), "\(line)")
  }
}
