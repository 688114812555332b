import Foundation
import Testing

/// The clang of the Swift toolchain, which compiles for WebAssembly.
enum WebAssemblyClang {
  /// The folder of clang and wasm-ld, or nil where there is none that knows the target.
  static let folder: URL? = {
    let environment = ProcessInfo.processInfo.environment
    var folders: [String] = []
    if let clang = environment["CLANG"] { folders.append(URL(filePath: clang).deletingLastPathComponent().path) }
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let swift = URL(filePath: String(folder)).appending(path: "swift").resolvingSymlinksInPath()
      folders += [swift.deletingLastPathComponent().path, String(folder)]
    }
    return folders.map { URL(filePath: $0) }.first { folder in
      let files = FileManager.default
      let clang = folder.appending(path: "clang").path
      guard files.isExecutableFile(atPath: clang),
        files.isExecutableFile(atPath: folder.appending(path: "wasm-ld").path),
        let targets = try? Shell.run("'\(clang)' --print-targets", in: files.temporaryDirectory, path: folder.path)
      else { return false }
      return targets.output.contains("wasm32")
    }
  }()

  static var isMissing: Bool { folder == nil }

  /// Whether the toolchain has Swift's embedded form for WebAssembly.
  static var hasSwift: Bool {
    guard let folder else { return false }
    let library = "../lib/swift/embedded/Swift.swiftmodule/wasm32-unknown-none-wasm.swiftmodule"
    return FileManager.default.fileExists(atPath: folder.appending(path: library).standardizedFileURL.path)
  }
}

/// Commands of a shell in a folder.
enum Shell {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL

  /// Runs a line; its output is what it writes to both streams.
  static func run(_ line: String, in folder: URL, path: String) throws -> (status: Int32, output: String) {
    let output = folder.appending(path: ".output-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder
    process.environment = ["PATH": "\(path):/usr/bin:/bin", "COLUMNS": "100"]
    process.standardInput = FileHandle.nullDevice
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self))
  }

  /// A new folder in which `Bindings` and `Examples` lie.
  static func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "polymnia-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["Bindings", "Examples"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: root.appending(path: name))
    }
    return folder
  }
}

/// The bindings and the examples that use them, built from source.
@Suite struct BindingExampleTests {
  /// Builds a program and binds its memories.
  static func build(_ source: String, _ flags: String = "", in folder: URL) throws -> String {
    let path = [GoldenCase.executable.deletingLastPathComponent().path, try #require(WebAssemblyClang.folder).path]
      .joined(separator: ":")
    let built = try Shell.run(
      "clang --target=wasm32 -O2 -Wall -Wextra -Werror -nostdlib -Wl,--no-entry -I Bindings/C \(flags) "
        + "-o program.wasm \(source) && polymnia bind-memories --quiet program.wasm -o bound.wasm",
      in: folder, path: path)
    #expect(built.status == 0, "\(built.output)")
    return path
  }

  @Test(.disabled(if: WebAssemblyClang.isMissing, "there is no clang with the target wasm32"))
  func anIndexInOneMemoryAndDataInAnother() throws {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try Self.build("Examples/index-and-data/words.c", in: folder)
    let expected = try String(
      contentsOf: Shell.root.appending(path: "Examples/index-and-data/expected.txt"), encoding: .utf8)
    for engine in ["interpreter", "jit"] {
      #expect(try Shell.run("polymnia run --engine \(engine) bound.wasm", in: folder, path: path).output == expected)
    }
    #expect(try !Data(contentsOf: folder.appending(path: "bound.wasm")).contains("multi_memory".utf8))
    // The same on an engine with one memory.
    let lowered = try Shell.run(
      "polymnia lower --quiet bound.wasm -o one.wasm && polymnia run --features -multi-memory one.wasm", in: folder,
      path: path)
    #expect(lowered.output == expected)
  }

  @Test(.disabled(if: WebAssemblyClang.isMissing, "there is no clang with the target wasm32"))
  func oneSortForAnyMemory() throws {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try Self.build("Examples/any-memory/sort.c", in: folder)
    let made = try Shell.run("polymnia dispatch --function sort bound.wasm -o any.wasm", in: folder, path: path)
    #expect(made.status == 0, "\(made.output)")
    for engine in ["interpreter", "jit"] {
      let run = "polymnia run --engine \(engine) --invoke"
      #expect(try Shell.run("\(run) check_all any.wasm", in: folder, path: path).output == "1111\n")
      let trap = try Shell.run("\(run) check_none any.wasm", in: folder, path: path)
      #expect(trap.status == 134 && trap.output.contains("unreachable"))
    }
  }

  /// Every function of the header, in C and C++, with vectors and atomics, optimized and not.
  @Test(.disabled(if: WebAssemblyClang.isMissing, "there is no clang with the target wasm32"))
  func everythingInTheHeader() throws {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (file, flags) in [
      ("header.c", ""), ("header.c", "-O0 -g"), ("header.c", "-msimd128"), ("header.cpp", "-x c++"),
    ] {
      let source = Shell.root.appending(path: "Tests/PolymniaTests/Bindings/\(file)").path
      let path = try Self.build(source, flags, in: folder)
      for engine in ["interpreter", "jit"] {
        let result = try Shell.run("polymnia run --engine \(engine) --invoke check bound.wasm", in: folder, path: path)
        #expect(result.output == "0\n", "\(file) \(flags)")
      }
    }
    let source = Shell.root.appending(path: "Tests/PolymniaTests/Bindings/header.c").path
    let path = try Self.build(source, "-matomics", in: folder)
    let text = try Shell.run("polymnia validate bound.wasm && polymnia print bound.wasm", in: folder, path: path).output
    for name in ["i32.atomic.rmw.cmpxchg $heap", "memory.atomic.wait64 $heap", "i64.atomic.rmw.xchg $heap"] {
      #expect(text.contains(name))
    }
  }

  @Test(.enabled(if: WebAssemblyClang.hasSwift, "the toolchain has no embedded Swift for wasm32"))
  func theDeclarationsForSwift() throws {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = [GoldenCase.executable.deletingLastPathComponent().path, try #require(WebAssemblyClang.folder).path]
      .joined(separator: ":")
    let built = try Shell.run(
      """
      swiftc -target wasm32-unknown-none-wasm -enable-experimental-feature Embedded -enable-experimental-feature Extern \
        -Xfrontend -disable-stack-protector -wmo -parse-as-library -Osize -c Bindings/Swift/MultiMemory.swift \
        \(Shell.root.appending(path: "Tests/PolymniaTests/Bindings/program.swift").path) -o program.o \
        && wasm-ld --no-entry --export=check -o program.wasm program.o \
        && polymnia bind-memories --quiet program.wasm -o bound.wasm --memory heap=min=1,max=2
      """, in: folder, path: path)
    #expect(built.status == 0, "\(built.output)")
    #expect(try Shell.run("polymnia run --invoke check bound.wasm", in: folder, path: path).output == "0\n")
  }

  @Test(.disabled(if: WebAssemblyClang.isMissing, "there is no clang with the target wasm32"))
  func addressSpacesAreAnErrorAtCompileTime() throws {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    try "#include \"multi_memory.h\"\nint f(__attribute__((address_space(2))) int *p) { return *p; }\n".write(
      to: folder.appending(path: "spaces.c"), atomically: false, encoding: .utf8)
    let path = try #require(WebAssemblyClang.folder).path
    let command = "clang --target=wasm32 -I Bindings/C -c spaces.c"
    let refused = try Shell.run(command, in: folder, path: path)
    #expect(refused.status != 0 && refused.output.contains("poisoned identifier"))
    #expect(try Shell.run("\(command) -DMULTI_MEMORY_ALLOW_ADDRESS_SPACE", in: folder, path: path).status == 0)
  }
}

/// The commands in the guides to these tools, with their output.
@Suite struct GuideTests {
  /// What the guides' commands read, beside what lies in the repository.
  static let files = [
    "wrong.wat": "(module (import \"multi_memory\" \"i32.store@1\" (func (param i64 i32))) (memory 1))",
    "spaces.wat": "(module (memory 1) (func $\"f(int AS2*)\"))",
    "heap.wat": """
    (module
      (import "multi_memory" "i32.load@heap" (func $load (param i32) (result i32)))
      (import "multi_memory" "i32.store@2" (func $store (param i32 i32)))
      (import "multi_memory" "memory.copy@heap,0" (func $copy (param i32 i32 i32)))
      (memory 1)
      (func (export "run") (call $copy (i32.const 0) (i32.const 0) (i32.const 8))
        (call $store (i32.const 0) (call $load (i32.const 4)))))
    """,
    "sum.wat": """
    (module (memory 1) (memory 1) (memory 1)
      (data (memory 0) (i32.const 0) "\\01\\02\\03") (data (memory 1) (i32.const 0) "\\0A\\0B\\0C")
      (data (memory 2) (i32.const 0) "\\64\\6E\\78")
      (func $at (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func $plus (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "sum") (param $start i32) (param $count i32) (result i32) (local $sum i32)
        (loop $next
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (local.set $sum (call $plus (local.get $sum) (call $at (i32.add (local.get $start) (local.get $count)))))
          (br_if $next (local.get $count)))
        (local.get $sum)))
    """,
  ]

  @Test(arguments: ["bind-memories.md", "specialize.md"])
  func commandsDoWhatTheGuideShows(guide: String) throws {
    let text = try String(contentsOf: Shell.root.appending(path: "Documentation/\(guide)"), encoding: .utf8)
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, contents) in Self.files {
      try contents.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
    }
    let path =
      GoldenCase.executable.deletingLastPathComponent().path + (WebAssemblyClang.folder.map { ":\($0.path)" } ?? "")
    var count = 0
    for block in text.components(separatedBy: "```console\n").dropFirst() {
      let lines = (block.components(separatedBy: "\n```").first ?? "").components(separatedBy: "\n")
      if lines.contains(where: { $0.hasPrefix("$ clang") }), WebAssemblyClang.isMissing { continue }
      var commands: [(line: String, output: String)] = []
      for line in lines {
        if line.hasPrefix("$ ") {
          commands.append((String(line.dropFirst(2)), ""))
        } else if !commands.isEmpty {
          commands[commands.count - 1].output += line + "\n"
        }
      }
      for command in commands {
        #expect(try Shell.run(command.line, in: folder, path: path).output == command.output, "\(command.line)")
        count += 1
      }
    }
    #expect(count > 0)
  }
}
