import Glibc
import Testing
import WasmEngine

@testable import WASI

/// What a guest gets for its standard streams.
@Suite struct StreamTests {
  @Test func aStreamThatIsNotThereIsNoDescriptor() throws {
    let scratch = Scratch()
    var configuration = WASIConfiguration()
    configuration.standardInput = .closed
    configuration.standardError = .closed
    configuration.preopens = [.init(host: scratch.inside, guest: "/inside")]
    let guest = try Guest(configuration)
    #expect(throws: Errno.badDescriptor) { try guest.read(0) }
    #expect(try guest.write("x", to: 1) == 1)
    #expect(throws: Errno.badDescriptor) { try guest.write("x", to: 2) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_close(0) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_renumber(3, 2) }
    #expect(throws: Errno.badDescriptor) { try guest.wasi.fd_fdstat_get(guest.memory, 2, 128) }
    // Nothing else gets their numbers, but the number of a stream that the guest has closed is free.
    #expect(try guest.open("file") == 4)
    try guest.wasi.fd_close(1)
    #expect(try guest.open("file") == 1)
    #expect(try guest.open("file") == 5)
  }

  @Test func filesOfTheEngineAreNoStreams() throws {
    // Whatever executes makes its file.
    let store = Store(Engine())
    _ = try Function(in: store, type: .init(parameters: [], results: [])) { _, _ in [] }.call()
    for number in OwnDescriptors.all {
      #expect(number > 2)
      #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
      var configuration = WASIConfiguration()
      configuration.standardOutput = .descriptor(number)
      #expect(throws: WASIError.stream(number, .badDescriptor)) { try WASI(configuration) }
    }
    #if os(Linux) && arch(x86_64)
      #expect(!OwnDescriptors.all.isEmpty)
    #endif
  }

  /// The file of machine code by the names that the system gives to open files.
  @Test func filesOfTheEngineCannotBeOpened() throws {
    var configuration = WASIConfiguration()
    configuration.preopens = [.init(host: "/proc/self/fd", guest: "/fd")]
    let guest = try Guest(configuration)
    for number in OwnDescriptors.all {
      for rights in [Rights.fdRead, .fdWrite] {
        for follow in [true, false] {
          #expect(throws: Errno.self) { try guest.open("\(number)", follow: follow, rights: rights) }
        }
      }
    }
  }

  /// Who can write to the memory of a process as to a file can write its machine code, whatever protects that.
  @Test func theMemoryOfTheProcessCannotBeOpened() throws {
    var configuration = WASIConfiguration()
    configuration.preopens = [.init(host: "/proc", guest: "/proc"), .init(host: "/proc/self", guest: "/self")]
    let guest = try Guest(configuration)
    for rights in [Rights.fdRead, .fdWrite, .file] {
      for path in ["\(getpid())/mem", "\(getpid())/task/\(getpid())/mem"] {
        #expect(throws: Errno.notPermitted) { try guest.open(Array(path.utf8), rights: rights) }
      }
      #expect(throws: Errno.notPermitted) { try guest.open(Array("mem".utf8), in: 4, rights: rights) }
    }
    #expect(throws: Never.self) { try guest.open("status", in: 4) }
    let scratch = Scratch()
    scratch.write("a file by that name", to: "inside/mem")
    #expect(try Guest(scratch).contents("mem") == "a file by that name")
  }

  @Test func noDescriptorOfAGuestIsAStandardStreamOfTheHost() throws {
    var pipe: [Int32] = [0, 0]
    #expect(Glibc.pipe(&pipe) == 0)
    defer { close(pipe[1]) }
    let host = try HostDescriptor(pipe[0])
    #expect(host.raw > 2)
    #expect(throws: Errno.self) { try HostDescriptor(-1) }
  }
}
