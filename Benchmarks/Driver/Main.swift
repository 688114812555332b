import ArgumentParser
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The README in the folder above tells what each part is for.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polymnia-bench",
    abstract: "Measures Polymnia.",
    subcommands: [KernelCommand.self, CompileTimesCommand.self, CallsCommand.self],
    defaultSubcommand: KernelCommand.self)
}

/// A process for the comparison runner: it makes a program ready, says how long that took, and then calls it once for each
/// line that it reads.
struct KernelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernel",
    abstract: "Calls one exported function for the comparison runner.",
    discussion: """
      Prints 'ready COMPILE_MS INSTANTIATE_MS'; then answers each line N of standard input with 'MILLISECONDS RESULT' of \
      the call with N.
      """)

  @Option(name: .customLong("engine"), help: "How to execute.")
  var tier = ExecutionTier.compiler

  @Option(help: "How to keep memories: 'guarded' or 'checked'.")
  var bounds = "guarded"

  @Option(
    name: .customLong("link"),
    help: ArgumentHelp("Instantiate a module first, whose exports are imported from <name>.", valueName: "name=file"))
  var links: [String] = []

  @Argument(help: "The module.")
  var file: String

  @Argument(help: "The exported function, from i32 to i64.")
  var function: String

  func validate() throws {
    if MemoryPolicy.Bounds(rawValue: bounds) == nil { throw ValidationError("'--bounds' must be guarded or checked") }
    if links.contains(where: { !$0.contains("=") }) { throw ValidationError("'--link' wants name=file") }
  }

  func run() throws {
    var configuration = Engine.Configuration()
    configuration.memoryPolicy.bounds = MemoryPolicy.Bounds(rawValue: bounds) ?? .guarded
    configuration.tier = tier
    let engine = Engine(configuration)
    let linker = Linker(Store(engine))
    let host = Host()
    try host.define(in: linker)
    for link in links {
      let parts = link.split(separator: "=", maxSplits: 1).map(String.init)
      let instance = try linker.instantiate(try engine.compile(try read(parts[1])))
      try linker.define(instance, as: parts[0])
      host.library = try? instance.memory("memory")
      host.step = try? instance.function("step", as: Int32.self, returning: Int32.self)
    }
    let bytes = try read(file)
    let start = ContinuousClock.now
    let module = try engine.compile(bytes)
    let compiled = ContinuousClock.now
    let instance = try linker.instantiate(module)
    let instantiated = ContinuousClock.now
    host.own = try? instance.memory("memory")
    let run = try instance.function(function, as: Int32.self, returning: Int64.self)
    say("ready \(milliseconds(compiled - start)) \(milliseconds(instantiated - compiled))")
    while let line = readLine() {
      guard let count = Int32(line) else { throw ValidationError("'\(line)' is not a number of rounds") }
      let start = ContinuousClock.now
      let result = try run(count)
      let end = ContinuousClock.now
      say("\(milliseconds(end - start)) \(UInt64(bitPattern: result))")
    }
  }

  private func say(_ line: String) {
    print(line)
    fflush(nil)
  }

  private func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }
}

func read(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw ValidationError("'\(path)' cannot be opened") }
  defer { fclose(file) }
  var contents: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&piece, 1, piece.count, file), count > 0 { contents += piece[..<count] }
  return contents
}

extension ExecutionTier: ExpressibleByArgument {}

/// The functions of the module `bench`, which some programs import.
final class Host {
  /// The memory of the program.
  var own: Memory?
  /// The memory of the linked module.
  var library: Memory?
  var step: TypedFunction<Int32, Int32>?

  struct NotLinked: Error {}

  func define(in linker: Linker) throws(UsageError) {
    try linker.define("bench", "copy") { (_: borrowing Caller, to: Int32, source: Int32, size: Int32) in
      guard let own = self.own, let library = self.library else { throw NotLinked() }
      let source = UInt64(UInt32(bitPattern: source))
      let size = UInt64(UInt32(bitPattern: size))
      try library.withBytes(at: source, count: size) { bytes in
        try own.write(bytes, at: UInt64(UInt32(bitPattern: to)))
      }
    }
    try linker.define("bench", "load32") { (_: borrowing Caller, address: Int32) -> Int32 in
      guard let library = self.library else { throw NotLinked() }
      return try library.load(at: UInt64(UInt32(bitPattern: address)))
    }
    try linker.define("bench", "step") { (_: borrowing Caller, x: Int32) -> Int32 in
      x &* 1_664_525 &+ 1_013_904_223
    }
    try linker.define("bench", "forward") { (_: borrowing Caller, x: Int32) -> Int32 in
      guard let step = self.step else { throw NotLinked() }
      return try step(x)
    }
  }
}
