import Foundation
import Testing
import WasmEngine

/// `--cache` and precompiled files, from the command line.
@Suite struct CacheCommandTests {
  private static func folder() throws -> CommandFolder {
    let folder = try CommandFolder([
      "f.wat": """
      (module (memory $a 1) (memory $b 1)
        (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
        (func (export "f") (param i32) (result i32)
          (i32.store $b (i32.const 4) (call $square (local.get 0)))
          (i32.load $b (i32.const 4))))
      """
    ])
    #expect(try folder.run("parse", "f.wat", "-o", "f.wasm").status == 0)
    return folder
  }

  /// Where there is no compiler there is nothing to keep.
  private static let hasCompiler = {
    #if os(Linux) && arch(x86_64)
      true
    #else
      false
    #endif
  }()

  @Test(.enabled(if: hasCompiler))
  func theCacheIsUsedWhereItIsAskedFor() throws {
    let folder = try Self.folder()
    for arguments in [["--no-cache"], []] {
      let outcome = try folder.run("run", arguments.first ?? "--cache", "--invoke", "f", "f.wasm", "7")
      #expect(outcome.status == 0 && outcome.output == "49\n" && outcome.errors.isEmpty)
      #expect(folder.cacheEntries.count == (arguments.isEmpty ? 1 : 0))
    }
    // A small module is not kept unless that is asked for.
    let other = try Self.folder()
    #expect(try other.run("run", "--invoke", "f", "f.wasm", "7").output == "49\n")
    #expect(!FileManager.default.fileExists(atPath: other.path + "/cache"))
    let again = try folder.run("run", "--cache", "--invoke", "f", "f.wasm", "8")
    #expect(again.output == "64\n" && again.errors.isEmpty)
    #expect(folder.cacheEntries.count == 1)
    #expect(try folder.run("run", "--cache", "--bounds", "checked", "--invoke", "f", "f.wasm", "8").output == "64\n")
    #expect(folder.cacheEntries.count == 2)
  }

  @Test(.enabled(if: hasCompiler))
  func aFolderThatIsNotOursAloneIsSaidOnce() throws {
    let folder = try Self.folder()
    try FileManager.default.createDirectory(atPath: folder.path + "/cache/polymnia", withIntermediateDirectories: true)
    #expect(chmod(folder.path + "/cache/polymnia", 0o755) == 0)
    let outcome = try folder.run("run", "--cache", "--link", "m=f.wasm", "--invoke", "f", "f.wasm", "9")
    #expect(outcome.status == 0 && outcome.output == "81\n")
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(outcome.errors.contains("warning: no cache: ") && outcome.errors.contains("its mode must be 700"))
    #expect(folder.cacheEntries.isEmpty)
  }

  @Test(.enabled(if: hasCompiler))
  func precompiledFilesRunWhereTheyAreTrusted() throws {
    let folder = try Self.folder()
    for input in ["f.wat", "f.wasm"] {
      #expect(try folder.run("compile", input, "-o", "f.code").status == 0)
      let outcome = try folder.run("run", "--precompiled", "--invoke", "f", "f.code", "11")
      #expect(outcome.status == 0 && outcome.output == "121\n" && outcome.errors.isEmpty)
    }
    let untrusted = try folder.run("run", "--invoke", "f", "f.code", "11")
    #expect(untrusted.status == 1 && untrusted.errors.contains("--precompiled"))
    let other = try folder.run("run", "--precompiled", "--bounds", "checked", "--invoke", "f", "f.code", "11")
    #expect(other.status == 1 && other.errors.contains("for another configuration of memories"))
    let path = URL(filePath: folder.path + "/f.code")
    var bytes = try Data(contentsOf: path)
    bytes[bytes.count - 9] ^= 1
    try bytes.write(to: path)
    let damaged = try folder.run("run", "--precompiled", "--invoke", "f", "f.code", "11")
    #expect(damaged.status == 1 && damaged.errors.contains("damaged"))
  }

  @Test(.enabled(if: hasCompiler))
  func damagedEntriesDoNotMatter() throws {
    let folder = try Self.folder()
    #expect(try folder.run("run", "--cache", "--invoke", "f", "f.wasm", "5").output == "25\n")
    let entry = folder.path + "/cache/polymnia/" + (try #require(folder.cacheEntries.first))
    let whole = try Data(contentsOf: URL(filePath: entry))
    try whole.prefix(100).write(to: URL(filePath: entry))
    let outcome = try folder.run("run", "--cache", "--invoke", "f", "f.wasm", "6")
    #expect(outcome.status == 0 && outcome.output == "36\n" && outcome.errors.isEmpty)
    #expect(try Data(contentsOf: URL(filePath: entry)).count == whole.count)
  }
}
