#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a guest gets to see of the world. By default that is nothing: no arguments, no environment, no folders, an empty
/// input, and outputs that go nowhere; only the clocks and the random numbers are the system's.
public struct WASIConfiguration: Sendable {
  /// Fills a part of the buffer, which is never empty, and returns how many bytes of it; 0 at the end.
  public typealias Source = @Sendable (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
  /// Takes all of the bytes.
  public typealias Sink = @Sendable (UnsafeRawBufferPointer) throws(Errno) -> Void

  /// Where the guest's standard input comes from.
  public enum Input: Sendable {
    /// There is nothing to read.
    case empty
    /// The guest has no such descriptor: ``Errno/badDescriptor``.
    case closed
    /// A descriptor of the host. It is duplicated, and never closed by the guest. 0, 1 and 2 are ``closed`` where the
    /// process was started without that stream.
    case descriptor(Int32)
    /// Bytes held in memory.
    case bytes([UInt8])
    case source(Source)
  }

  /// Where an output of the guest goes.
  public enum Output: Sendable {
    case discarded
    /// The guest has no such descriptor: ``Errno/badDescriptor``.
    case closed
    /// A descriptor of the host. It is duplicated, and never closed by the guest. 0, 1 and 2 are ``closed`` where the
    /// process was started without that stream.
    case descriptor(Int32)
    case sink(Sink)
  }

  /// A folder of the host that the guest may use, and nothing above it.
  public struct Preopen: Hashable, Sendable {
    /// A path of the host. Symbolic links on the way to the folder are followed, once, when the guest is set up.
    public var host: String
    /// What the guest calls it.
    public var guest: String

    public init(host: String, guest: String) {
      self.host = host
      self.guest = guest
    }
  }

  /// The first one is the program's name. None may contain a NUL.
  public var arguments: [String] = []
  /// Names and values. No name may be empty or contain `=`, and none of both a NUL.
  public var environment: [(name: String, value: String)] = []
  public var preopens: [Preopen] = []
  public var standardInput = Input.empty
  public var standardOutput = Output.discarded
  public var standardError = Output.discarded

  /// The export that is the memory in which the guest's pointers are meant; nil is `memory`.
  public var memoryName: String?

  /// Nanoseconds since 1970, instead of the system's time.
  public var realtimeClock: (@Sendable () -> UInt64)?
  /// Nanoseconds since some moment, never going back, instead of the system's; also for the clocks of processor time.
  public var monotonicClock: (@Sendable () -> UInt64)?
  /// Fills a buffer with random bytes, instead of the system's generator.
  public var random: (@Sendable (UnsafeMutableRawBufferPointer) throws(Errno) -> Void)?

  /// So many descriptors may the guest hold open at a time.
  public var descriptorLimit = 512

  /// The status with which the guest ends when it writes to a pipe that nobody reads any more, as native programs end by
  /// SIGPIPE; nil lets the guest go on, with ``Errno/brokenPipe``.
  public var brokenPipeExit: UInt32?

  public init() {}

  /// The embedder's own clock, where there is one.
  func clock(_ identifier: ClockIdentifier) -> (@Sendable () -> UInt64)? {
    identifier == .realtime ? realtimeClock : monotonicClock
  }
}

/// Why a guest cannot be set up or run with WASI.
public enum WASIError: Error, Hashable, Sendable {
  /// A folder cannot be opened.
  case preopen(host: String, Errno)
  /// A descriptor of the host cannot be used as a standard stream.
  case stream(Int32, Errno)
  /// An argument, or a variable of the environment, contains a NUL; or such a name is empty or contains `=`.
  case unusableText(String)
  /// Arguments and environment together are larger than a guest can be given.
  case argumentsTooLarge
  /// The memory to use is not there: no memory is exported under the name. `exported` are the memories that are.
  case noMemory(name: String, exported: [String])
  /// Several memories are exported, and none of them as `memory`: it has to be said which one the pointers mean.
  case ambiguousMemory(exported: [String])
  /// Pointers of preview 1 have 32 bits; this memory has addresses of 64 bits.
  case memoryOf64BitAddresses(name: String)
  /// WASI has to write to the memory, and its policy forbids that.
  case readOnlyMemory(name: String)
  /// Neither `_start` nor `_initialize` is exported as a function without parameters and results.
  case noEntryPoint
}

extension WASIError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .preopen(let host, let error): "cannot open the folder \(name: host): \(error)"
    case .stream(let descriptor, let error): "cannot use descriptor \(descriptor) as a standard stream: \(error)"
    case .unusableText(let text): "not usable as an argument or variable: \(quoted: text)"
    case .argumentsTooLarge: "arguments and environment are too large"
    case .noMemory(let name, []):
      "WASI needs the guest's memory, but no memory is exported, neither as \(quoted: name) nor by another name"
    case .noMemory(let name, let exported):
      "WASI needs to know the guest's memory, but no memory is exported as \(quoted: name); exported are "
        + Self.choices(exported)
    case .ambiguousMemory(let exported):
      "WASI needs to know the guest's memory: several are exported and none is called \"memory\": "
        + Self.choices(exported)
    case .memoryOf64BitAddresses(let name):
      "the memory \(quoted: name) has 64-bit addresses, but pointers of WASI preview 1 have 32 bits"
    case .readOnlyMemory(let name): "WASI has to write to the memory \(quoted: name), which is read-only"
    case .noEntryPoint: "the module exports no function _start or _initialize without parameters and results"
    }
  }

  private static func choices(_ exported: [String]) -> String {
    "\(names: exported.prefix(20))" + (exported.count > 20 ? " and \(exported.count - 20) more" : "")
  }
}

/// The guest has ended itself with `proc_exit`.
public struct WASIExit: Error, Hashable, Sendable {
  public var code: UInt32

  public init(code: UInt32) { self.code = code }
}
