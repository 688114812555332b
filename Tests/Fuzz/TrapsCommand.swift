import ArgumentParser
import Synchronization
import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz traps`
struct TrapsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traps",
    abstract: "Let compiled code access what is beyond its memory, again and again, from several threads.",
    discussion: """
      Every report is compared with what it must be. One in a thousand is a stack overflow, one in a hundred lies below two \
      host functions, and one in a thousand comes with a fault that is the embedder's, whose handler must get it.

      Exit status: 0 if all were right, else 1.
      """)

  @Option(help: ArgumentHelp("How many traps.", valueName: "number"))
  var count = 1_000_000

  @Option(help: ArgumentHelp("From how many threads.", valueName: "number"))
  var threads = 4

  func validate() throws {
    guard count > 0, count <= 1 << 30, (1...64).contains(threads) else { throw ValidationError("No such numbers") }
  }

  func run() throws {
    guard EmbedderFaults.install() else { throw ExitCode(1) }
    let start = ContinuousClock.now
    var configuration = Engine.Configuration()
    configuration.tier = .compiler
    let module = try Engine(configuration).compile(text: TrapTrial.program)
    let trials = (0..<threads).map { TrapTrial(module, first: $0, step: threads, count: count) }
    var handles: [pthread_t] = []
    for trial in trials { handles.append(try trial.start()) }
    for handle in handles { pthread_join(handle, nil) }
    for trial in trials { if let failure = trial.failure { print(failure) } }
    let right = trials.reduce(0) { $0 + $1.right }
    let others = trials.reduce(0) { $0 + $1.others }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print("\(right) of \(count) traps right, \(EmbedderFaults.taken) of \(others) other faults, \(seconds) s")
    guard right == count, EmbedderFaults.taken == others else { throw ExitCode(1) }
  }
}

/// The traps of one thread.
private final class TrapTrial: @unchecked Sendable {
  static let program = #"""
    (module (import "env" "back" (func $back (param i32 i32)))
      (memory 1) (memory 1)
      (func $deep (call $deep) (drop (i32.load (i32.const 0))))
      (func $run (export "run") (param i32 i32)
        (if (i32.eq (local.get 1) (i32.const -1)) (then (call $deep)))
        (if (local.get 1) (then (call $back (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))
        (i64.store 1 offset=65529 (local.get 0) (i64.const 1))))
    """#

  private let module: CompiledModule
  private let first: Int
  private let step: Int
  private let count: Int
  private(set) var right = 0
  private(set) var others = 0
  private(set) var failure: String?

  init(_ module: CompiledModule, first: Int, step: Int, count: Int) {
    self.module = module
    self.first = first
    self.step = step
    self.count = count
  }

  func start() throws -> pthread_t {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let argument = Unmanaged.passUnretained(self).toOpaque()
    let result = pthread_create(&thread, nil, Self.body, argument)
    #if canImport(Darwin)
      guard result == 0, let thread else { throw ExitCode(1) }
    #else
      guard result == 0 else { throw ExitCode(1) }
    #endif
    return thread
  }

  #if canImport(Darwin)
    private static let body: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { argument in
      Unmanaged<TrapTrial>.fromOpaque(argument).takeUnretainedValue().run()
      return nil
    }
  #else
    private static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      if let argument { Unmanaged<TrapTrial>.fromOpaque(argument).takeUnretainedValue().run() }
      return nil
    }
  #endif

  private func run() {
    do throws(any Error) {
      let linker = Linker(Store(module.engine))
      try linker.define("env", "back") { (caller: borrowing Caller, number: Int32, depth: Int32) throws in
        _ = try caller.instance?.function("run").call([.i32(number), .i32(depth)])
      }
      let run = try linker.instantiate(module).function("run", as: (Int32, Int32).self, returning: Void.self)
      let page = EmbedderFaults.Page()
      for number in stride(from: first, to: count, by: step) {
        if number % 1000 == 500 {
          page?.touch()
          others += 1
        }
        let depth: Int32 = number % 1000 == 0 ? -1 : number % 100 == 1 ? 2 : 0
        do throws(any Error) {
          try run(Int32(number), depth)
          failure = "\(number): no trap"
        } catch let trap as Trap {
          if isRight(trap, number, depth) { right += 1 } else { failure = "\(number): \(trap)" }
        }
      }
    } catch { failure = "\(error)" }
  }

  private func isRight(_ trap: Trap, _ number: Int, _ depth: Int32) -> Bool {
    if depth < 0 { return trap.kind == .callStackExhausted && trap.backtrace.count > 1 }
    return trap.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: UInt64(number) + 65529, length: 8)
      && trap.backtrace.map(\.function) == Array(repeating: 2, count: Int(depth) + 1)
  }
}

/// What an embedder does with faults of its own: pages that may not be touched become usable when they are.
private enum EmbedderFaults {
  private static let count = Atomic<Int>(0)

  static var taken: Int { count.load(ordering: .relaxed) }

  static func install() -> Bool {
    // Made before the handler needs it.
    _ = count.load(ordering: .relaxed)
    var action = sigaction()
    #if canImport(Darwin)
      return true
    #else
      action.__sigaction_handler.sa_sigaction = { _, information, _ in
        guard let address = information?.pointee._sifields._sigfault.si_addr else { _exit(70) }
        let page = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: address) & ~4095)
        guard mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 else { _exit(71) }
        EmbedderFaults.count.wrappingAdd(1, ordering: .relaxed)
      }
      action.sa_flags = SA_SIGINFO
      return sigaction(SIGSEGV, &action, nil) == 0
    #endif
  }

  struct Page {
    private let address: UnsafeMutableRawPointer

    init?() {
      guard let address = mmap(nil, 4096, PROT_NONE, MAP_PRIVATE | Int32(MAP_ANON), -1, 0), address != MAP_FAILED else {
        return nil
      }
      self.address = address
    }

    func touch() {
      guard mprotect(address, 4096, PROT_NONE) == 0 else { return }
      address.storeBytes(of: 1, as: UInt64.self)
    }
  }
}
