import Testing

@testable import WASI

#if os(Linux)
  import Glibc

  /// Writes that the system answers with a signal are errors for the guest, and nothing for the embedder.
  @Suite struct WriteSignalTests {
    static func require(_ condition: Bool, _ line: Int = #line) {
      guard !condition else { return }
      let text = "line \(line)\n"
      _ = write(2, text, text.utf8.count)
      exit(1)
    }

    static func fails(with expected: Errno, _ body: () throws(Errno) -> Void) -> Bool {
      do throws(Errno) { try body() } catch { return error == expected }
      return false
    }

    /// The largest file that the process may write.
    static func limitFiles(to bytes: UInt64) {
      var limit: [UInt64] = [bytes, .max]
      typealias Setter = @convention(c) (Int32, UnsafeMutableRawPointer) -> Int32
      require(unsafeBitCast(dlsym(nil, "setrlimit")!, to: Setter.self)(1, &limit) == 0)
    }

    @Test(arguments: ["pipe", "socket", "ignored", "handled", "blocked"])
    func aStreamThatNobodyReads(kind: String) async {
      await #expect(processExitsWith: .success) { [kind] in
        if kind == "ignored" { signal(SIGPIPE, SIG_IGN) }
        if kind == "handled" { signal(SIGPIPE) { _ in _exit(3) } }
        if kind == "blocked" {
          var set = sigset_t()
          sigemptyset(&set)
          sigaddset(&set, SIGPIPE)
          pthread_sigmask(SIG_BLOCK, &set, nil)
        }
        var ends: [Int32] = [0, 0]
        let isMade =
          kind == "socket"
          ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 : pipe(&ends) == 0
        Self.require(isMade)
        var configuration = WASIConfiguration()
        configuration.standardOutput = .descriptor(ends[1])
        configuration.standardError = .descriptor(ends[1])
        let guest = try Guest(configuration)
        Self.require(try guest.write("hello", to: 1) == 5)
        close(ends[0])
        for fd: UInt32 in [1, 2, 1] {
          Self.require(Self.fails(with: .brokenPipe) { () throws(Errno) in _ = try guest.write("hello", to: fd) })
        }
        var waiting = sigset_t()
        Self.require(sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 0)
      }
    }

    @Test func aFileBeyondTheLimit() async {
      await #expect(processExitsWith: .success) {
        let scratch = Scratch()
        let guest = try Guest(scratch)
        Self.limitFiles(to: 10)
        let fd = try guest.open("new", .create, rights: .file)
        Self.require(try guest.write("0123456789abc", to: fd) == 10)
        Self.require(Self.fails(with: .fileTooBig) { () throws(Errno) in _ = try guest.write("d", to: fd) })
        Self.require(Self.fails(with: .fileTooBig) { () throws(Errno) in try guest.wasi.fd_filestat_set_size(fd, 11) })
        Self.require(Self.fails(with: .fileTooBig) { () throws(Errno) in try guest.wasi.fd_allocate(fd, 0, 11) })
        let (address, length) = guest.put(Array("x".utf8))
        let (vector, _) = guest.put(words([address, length]))
        Self.require(
          Self.fails(with: .fileTooBig) { () throws(Errno) in
            try guest.wasi.fd_pwrite(guest.memory, fd, vector, 1, 10, guest.result)
          })
        let append = try guest.open(Array("new".utf8), rights: .file, descriptorFlags: .append)
        Self.require(Self.fails(with: .fileTooBig) { () throws(Errno) in _ = try guest.write("d", to: append) })
        try guest.wasi.fd_filestat_set_size(fd, 3)
        Self.require(try guest.write("y", to: append) == 1)
        Self.require(scratch.read("inside/new") == "012y")
      }
    }
  }
#endif
