import ArgumentParser
import WasmEngine
import WastRunner
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia-fuzz generate`
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Make valid modules and compare both tiers and both kinds of bounds on them.",
    discussion: """
      Exit status: 0 if no module made a difference, else 1.
      """)

  @OptionGroup var campaign: CampaignOptions

  @Flag(help: "Make the first module smaller as long as it makes a difference, and write it.")
  var shrink = false

  @Option(
    help: ArgumentHelp(
      "Try a module from a file instead, in this process, in the ways of the one with the number of '--first'.",
      valueName: "file"))
  var file: String?

  @Flag(help: "Print how often each operator was executed.")
  var opcodes = false

  /// What a worker counts.
  enum Field: Int {
    case modules = 2
    case long, trapping, throwing, stopped, invalid, different, instructions, counted
  }

  /// Where the traps of each kind are counted.
  private static let traps = 16
  /// Where the executions of each operator are counted.
  private static let executions = 64
  /// Of so many modules one has its executions counted.
  private static let countedShare = 8

  private var seed: UInt64 { campaign.seed }
  private var first: Int { campaign.first }
  private var finds: String { campaign.finds }

  static func program(_ number: Int, seed: UInt64) -> Program {
    var generator = ProgramGenerator(seed: seed, number: number)
    return generator.make()
  }

  func run() throws {
    if let file {
      try check(file)
    } else if shrink {
      try shrinkFirst()
    } else if campaign.isWorker {
      work()
    } else {
      let result = try GenerationCampaign(campaign, command: ["generate"], finds: Field.different.rawValue) {
        report($0, Self.program($0, seed: seed).bytes, $1)
      }.run()
      guard summary(result.totals, result.crashes) else { throw ExitCode(1) }
    }
  }

  private func check(_ file: String) throws {
    switch Differential.run(try ScriptFiles.read(file), seed: seed, number: first) {
    case .same, .stopped: print("no difference")
    case .invalid(let what):
      print("invalid: \(what)")
      throw ExitCode(3)
    case .different(let what):
      print(what)
      throw ExitCode(2)
    }
  }

  // MARK: Work

  private func work() {
    campaign.work { number, board in
      let program = Self.program(number, seed: seed)
      let bytes = program.bytes
      board[Field.modules] += 1
      if number % Self.countedShare == 0 {
        board[Field.counted] += 1
        Differential.counts(program, seed: seed) { board[Self.executions + Int($0.rawValue)] &+= $1 }
      }
      switch Differential.run(bytes, seed: seed, number: number) {
      case .same(let instructions, let traps, let throwing):
        if instructions >= 10_000 { board[Field.long] += 1 }
        if !traps.isEmpty { board[Field.trapping] += 1 }
        for trap in traps { board[Self.traps + Int(trap.rawValue)] += 1 }
        if throwing > 0 { board[Field.throwing] += 1 }
        board[Field.instructions] += instructions
      case .stopped: board[Field.stopped] += 1
      case .invalid(let what):
        board[Field.invalid] += 1
        report(number, bytes, "invalid: \(what)")
      case .different(let what):
        board[Field.different] += 1
        report(number, bytes, what)
      }
    }
  }

  /// Whether there was no difference.
  private func summary(_ totals: [UInt64], _ crashes: Int) -> Bool {
    func total(_ field: Field) -> UInt64 { totals[field.rawValue] }
    let modules = max(1, total(.modules))
    func share(_ count: UInt64) -> String { "\(count) (\(count * 100 / modules) %)" }
    print("modules: \(total(.modules))")
    print("past 10,000 instructions: \(share(total(.long)))")
    print("with a trap: \(share(total(.trapping)))")
    for kind in Trap.Kind.allCases where totals[Self.traps + Int(kind.rawValue)] > 0 {
      print("  \(kind.message): \(totals[Self.traps + Int(kind.rawValue)])")
    }
    print("with an uncaught exception: \(share(total(.throwing)))")
    print("stopped by a deadline: \(total(.stopped))")
    print("invalid: \(total(.invalid))")
    print("instructions: \(total(.instructions))")
    print("differences: \(total(.different))")
    print("crashes and hangs: \(crashes)")
    let covers = summary(executions: totals, modules: total(.counted))
    return crashes == 0 && total(.different) == 0 && total(.invalid) == 0 && covers
  }

  /// The executions of each operator in the modules in which they were counted. Whether there are all.
  private func summary(executions: [UInt64], modules: UInt64) -> Bool {
    let rows = ExecutionCounts.expected.map {
      (name: $0.name, count: executions[Self.executions + Int($0.opcode.rawValue)])
    }.sorted { ($0.count, $0.name) < ($1.count, $1.name) }
    let missing = rows.filter { $0.count == 0 }.map(\.name)
    if opcodes { for row in rows { print("\(row.name): \(row.count)") } }
    if let least = rows.first(where: { $0.count > 0 }) {
      let sum = rows.reduce(0) { $0 + $1.count }
      print("executions in \(modules) modules: \(sum), least of \(least.name): \(least.count)")
    }
    print("operators executed: \(rows.count - missing.count) of \(rows.count)")
    if !missing.isEmpty { print("never executed: " + missing.joined(separator: ", ")) }
    // Few modules need not have everything.
    return missing.isEmpty || modules < 1000
  }

  func report(_ number: Int, _ bytes: [UInt8], _ what: String) {
    let path = "\(finds)/generated-\(seed)-\(number).wasm"
    Self.write(bytes, to: path)
    print("module \(number) of seed \(seed) (\(path)): \(what)")
    fflush(nil)
  }

  static func write(_ bytes: [UInt8], to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    _ = bytes.withUnsafeBytes { put(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  // MARK: Shrinking

  private func shrinkFirst() throws {
    let path = "\(finds)/shrinking-\(seed)-\(first).wasm"
    try makeFolder(finds)
    let shrinker = Shrinker { program in
      Self.write(program.bytes, to: path)
      let words = ["generate", "--seed", "\(seed)", "--first", "\(first)", "--file", path]
      let status = Self.spawn(words, isQuiet: true, patience: .seconds(3))
      return status & 0x7F != 0 || (status >> 8) & 0xFF == 2
    }
    let original = Self.program(first, seed: seed)
    guard shrinker.isInteresting(original) else {
      print("module \(first) of seed \(seed) makes no difference")
      return
    }
    let small = shrinker.shrink(original)
    let base = "\(finds)/small-\(seed)-\(first)"
    Self.write(small.bytes, to: base + ".wasm")
    if let module = try? ModuleDecoder.decode(small.bytes), let text = try? ModulePrinter.text(module) {
      Self.write(Array(text.utf8), to: base + ".wat")
      print(text)
    }
    unlink(path)
    let words = ["generate", "--seed", "\(seed)", "--first", "\(first)", "--file", base + ".wasm"]
    _ = Self.spawn(words, isQuiet: false, patience: .seconds(3))
  }

  /// Starts this program with other arguments; its process.
  static func start(_ words: [String], isQuiet: Bool) -> pid_t? {
    var arguments: [UnsafeMutablePointer<CChar>?] = (["polymnia-fuzz"] + words).map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    #if os(Linux)
      let executable = "/proc/self/exe"
    #else
      let executable = CommandLine.arguments[0]
    #endif
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if isQuiet {
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    }
    var process = pid_t()
    return posix_spawn(&process, executable, &actions, nil, arguments, environ) == 0 ? process : nil
  }

  /// As ``start(_:isQuiet:)``, and waits; the status, or 0 after too long.
  private static func spawn(_ words: [String], isQuiet: Bool, patience: Duration) -> Int32 {
    guard let process = start(words, isQuiet: isQuiet) else { return 0 }
    let start = ContinuousClock.now
    var status: Int32 = 0
    while waitpid(process, &status, WNOHANG) != process {
      usleep(500)
      if start.duration(to: .now) > patience {
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
        return 0
      }
    }
    return status
  }
}

/// The system's `write`, which the command's own hides.
private func put(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, base, count)
}
