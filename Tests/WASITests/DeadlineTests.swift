import Glibc
import Testing
import WasmEngine

@testable import WASI

/// Calls that a guest makes once, straight on, and that would last: a deadline ends them, and the guest with them.
@Suite struct DeadlineTests {
  /// A call of `fd_read` or `fd_write` with 128 KB from the third page on: more than a pipe holds.
  private static func transfer(_ name: String, _ descriptor: Int) -> String {
    """
    (import "wasi_snapshot_preview1" "\(name)" (func $call (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 16385)
    (data (i32.const 0) "\\00\\00\\02\\00\\00\\00\\02\\00")
    (func $once (result i32) (call $call (i32.const \(descriptor)) (i32.const 0) (i32.const 1) (i32.const 16)))
    """
  }

  private static let sleep = """
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $call (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "\\01")
    (data (i32.const 24) "\\00\\00\\00\\00\\00\\00\\00\\40")
    (func $once (result i32) (call $call (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
    """

  private static let wait = """
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $call (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "\\01")
    (func $once (result i32) (call $call (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
    """

  private static let random = """
    (import "wasi_snapshot_preview1" "random_get" (func $call (param i32 i32) (result i32)))
    (memory (export "memory") 16385)
    (func $once (result i32) (call $call (i32.const 0) (i32.const 0x4000_0000)))
    """

  /// Opens the pipe `fifo` of the first folder with the rights to read and write, and reads.
  private static let fifo = """
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00")
    (data (i32.const 32) "fifo")
    (func $once (result i32)
      (if (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 0) (i64.const 0x42)
        (i64.const 0) (i32.const 0) (i32.const 48)) (then unreachable))
      (call $read (i32.load (i32.const 48)) (i32.const 0) (i32.const 1) (i32.const 16)))
    """

  private static let calls = [
    ("reads a pipe that stays open", transfer("fd_read", 0)), ("writes to a full pipe", transfer("fd_write", 1)),
    ("reads a socket that is silent", transfer("fd_read", 2)), ("sleeps", sleep), ("waits for input", wait),
    ("asks for a gigabyte of random numbers", random), ("reads a pipe that it has opened", fifo),
  ]

  @Test(arguments: ExecutionTier.allCases, calls.indices)
  func aDeadlineEndsACall(tier: ExecutionTier, number: Int) throws {
    let (name, text) = Self.calls[number]
    let scratch = Scratch()
    #expect(mkfifo(scratch.inside + "/fifo", 0o600) == 0)
    var input: [Int32] = [0, 0]
    var output: [Int32] = [0, 0]
    var sockets: [Int32] = [0, 0]
    #expect(pipe(&input) == 0 && pipe(&output) == 0)
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
    defer { for file in input + output + sockets { close(file) } }
    var configuration = WASIConfiguration()
    configuration.standardInput = .descriptor(input[0])
    configuration.standardOutput = .descriptor(output[1])
    configuration.standardError = .descriptor(sockets[0])
    configuration.preopens = [.init(host: scratch.inside, guest: "/inside")]
    for (entry, body) in [
      ("_start", "(func (export \"_start\") (drop (call $once)))"),
      ("start", "(func $start (drop (call $once))) (start $start)"),
      ("_initialize", "(func (export \"_initialize\") (drop (call $once)))"),
    ] {
      var engineConfiguration = Engine.Configuration()
      engineConfiguration.tier = tier
      let engine = Engine(engineConfiguration)
      let store = Store(engine)
      let linker = Linker(store)
      let wasi = try WASI(configuration)
      // An output, which is a socket here.
      try wasi.letRead(2)
      try wasi.define(in: linker)
      let module = try engine.compile(text: "(module \(text) \(body))")
      let start = ContinuousClock.now
      try store.setDeadline(after: .milliseconds(60))
      do {
        let instance = try linker.instantiate(module, initializing: true)
        if entry == "_start" { _ = try wasi.run(instance) }
        Issue.record("\(name), \(entry): came to an end")
      } catch let trap as Trap {
        #expect(trap.kind == .deadlineExceeded, "\(name), \(entry)")
        #expect(trap.backtrace.first?.function != nil, "\(name), \(entry)")
      }
      #expect(ContinuousClock.now - start < .seconds(10), "\(name), \(entry)")
    }
  }

  @Test func whatIsThereIsReadAndWrittenAsEver() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    var configuration = WASIConfiguration()
    configuration.standardInput = .descriptor(ends[0])
    configuration.standardOutput = .descriptor(ends[1])
    let guest = try Guest(configuration)
    close(ends[1])
    #expect(try guest.write("hello", to: 1) == 5)
    #expect(try guest.read(0) == "hello")
    // Without waiting where the guest wants that.
    try guest.wasi.fd_fdstat_set_flags(0, UInt32(DescriptorFlags.nonblock.rawValue))
    #expect(throws: Errno.again) { try guest.read(0) }
    try guest.wasi.fd_fdstat_set_flags(1, UInt32(DescriptorFlags.nonblock.rawValue))
    let text = String(repeating: "x", count: 30_000)
    var written = 0
    while let count = try? guest.write(text, to: 1) { written += Int(count) }
    #expect(written >= 4096)
    #expect(throws: Errno.again) { try guest.write(text, to: 1) }
    // The description is the embedder's, whose flags are left alone.
    #expect(fcntl(ends[0], F_GETFL) & O_NONBLOCK == 0)
    try guest.wasi.fd_close(1)
    var read = 0
    while case let text = try guest.read(0, 20_000), !text.isEmpty { read += text.utf8.count }
    #expect(read == written)
    #expect(try guest.read(0) == "")
    close(ends[0])
  }

  /// A guest that waits for room in a pipe goes on when somebody has read.
  @Test func aWriteThatWaitsIsWhole() async throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let input = ends[0]
    var configuration = WASIConfiguration()
    configuration.standardOutput = .descriptor(ends[1])
    let guest = try Guest(configuration)
    close(ends[1])
    let reader = Task.detached { () -> Int in
      var total = 0
      var bytes = [UInt8](repeating: 0, count: 1000)
      while case let count = Glibc.read(input, &bytes, bytes.count), count > 0 { total += count }
      return total
    }
    let text = String(repeating: "y", count: 50_000)
    for _ in 0..<6 { #expect(try guest.write(text, to: 1) == 50_000) }
    try guest.wasi.fd_close(1)
    #expect(await reader.value == 300_000)
    close(input)
  }

  @Test func aDeadlineMayBeAnywhere() throws {
    let store = Store(Engine())
    for duration in [
      Duration(secondsComponent: .max, attosecondsComponent: 0),
      Duration(secondsComponent: .min, attosecondsComponent: 0),
      .seconds(1e20), .seconds(-1e20), .zero, .nanoseconds(-1),
    ] {
      try store.setDeadline(after: duration)
      #expect(store.isInterrupted == (duration <= .zero), "\(duration)")
    }
  }
}

extension WASI {
  /// Gives a guest the right to read from an output.
  fileprivate func letRead(_ number: UInt32) throws(Errno) {
    guard let descriptor = descriptors[number] else { throw .badDescriptor }
    descriptor.rights.insert(.fdRead)
  }
}
