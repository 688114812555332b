import Testing

@testable import WasmEngine

#if os(Linux) && arch(x86_64)
  import Glibc

  /// The files for `perf`, which lie where others can put files too.
  @Suite struct CodeProfilerTests {
    static func require(_ condition: Bool, _ line: Int = #line) { ForkTests.require(condition, line) }

    static func contents(_ path: String) -> String? {
      let file = open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(file, &bytes, bytes.count)
      return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func put(_ text: String, in path: String) {
      let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
      require(file >= 0 && write(file, text, text.utf8.count) == text.utf8.count)
      close(file)
    }

    static func run(_ name: String) -> String? {
      let engine = makeEngine { $0.profile = [.perfMap, .jitDump] }
      let instance = try? Store(engine).load("(module (func $\(name) (export \"f\") (result i32) (i32.const 5)))")
      require(instance.flatMap { try? callI32($0, "f") } == 5)
      return engine.profileFailure
    }

    /// A folder of its own, and what is removed at the end.
    static func inFolder(_ body: () throws -> Void) rethrows {
      var template = Array("/tmp/polymnia-perf-XXXXXX".utf8CString)
      let path = String(cString: mkdtemp(&template)!)
      require(chdir(path) == 0)
      defer {
        for name in ["victim", "jit-\(getpid()).dump"] { unlink(name) }
        unlink("/tmp/perf-\(getpid()).map")
        _ = chdir("/") == 0 && rmdir(path) == 0
      }
      try body()
    }

    @Test(arguments: ["symlink", "hard link", "file"])
    func nothingIsWrittenIntoWhatIsThere(kind: String) async {
      await #expect(processExitsWith: .success) { [kind] in
        Self.inFolder {
          Self.put("precious", in: "victim")
          for path in ["/tmp/perf-\(getpid()).map", "jit-\(getpid()).dump"] {
            unlink(path)
            switch kind {
            case "symlink": Self.require(symlink("victim", path) == 0)
            case "hard link": Self.require(link("victim", path) == 0 || errno == EXDEV)
            default: Self.put("left by another process of this number", in: path)
            }
          }
          Self.require(Self.run("first") == nil)
          Self.require(Self.contents("victim") == "precious")
          Self.require(Self.contents("/tmp/perf-\(getpid()).map")?.hasSuffix(" first\n") == true)
          Self.require(Self.contents("jit-\(getpid()).dump")?.hasPrefix("DTiJ") == true)
        }
      }
    }

    @Test(.enabled(if: geteuid() == 0, "Only root can give a file to another user."))
    func aFileOfAnotherUserIsLeftAlone() async {
      await #expect(processExitsWith: .success) {
        Self.inFolder {
          let path = "jit-\(getpid()).dump"
          Self.put("another's", in: path)
          Self.require(chown(path, 1, 1) == 0)
          Self.require(Self.run("first")?.contains("File exists") == true)
          Self.require(Self.contents(path) == "another's")
        }
      }
    }

    /// All engines of a process write into its files, and the child of a fork into its own.
    @Test func theFilesAreThoseOfTheProcess() async {
      await #expect(processExitsWith: .success) {
        Self.inFolder {
          Self.require(Self.run("first") == nil && Self.run("second") == nil)
          let map = "/tmp/perf-\(getpid()).map"
          Self.require(Self.contents(map)?.split(separator: "\n").count == 2)
          let child = ForkTests.fork {
            let isRight =
              Self.run("third") == nil && Self.contents("/tmp/perf-\(getpid()).map")?.hasSuffix(" third\n") == true
            for path in ["/tmp/perf-\(getpid()).map", "jit-\(getpid()).dump"] { unlink(path) }
            return isRight
          }
          Self.require(ForkTests.succeeds(child))
          Self.require(Self.contents(map)?.split(separator: "\n").count == 2)
        }
      }
    }
  }
#endif
