import ArgumentParser
import WasmEngine
import WebAssembly

/// `polymnia lower`: several memories to one.
struct LowerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lower",
    abstract: "Turn a module with several memories into one with a single memory.",
    discussion: """
      Results and traps stay the same; growth may fail where the memories together do not fit. Each memory keeps room up \
      to its maximum where all fit into 1 GiB, so that nothing moves; what has no room moves when a memory below it \
      grows. The layout is printed on standard error. An imported memory becomes the module's own, for the host to find by \
      exports, or with --imports accessors stays where it is, and the host supplies the functions that reach it.
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Keep room for so many pages of a memory, given by its name, an export's or its index.", valueName: "name=pages"))
  var reserve: [String] = []

  @Flag(help: "Keep no room for memories but where --reserve says so: a smaller memory, of which more moves.")
  var noReserve = false

  @Option(help: "What imported memories become: part of the module's own memory, or what functions of the host reach.")
  var imports = ImportedMemories.own

  @Flag(help: "Leave out the checks that keep the memories apart.")
  var unchecked = false

  @Option(
    help: ArgumentHelp(
      "Write accessors for the host: a file whose name ends in .js, .mjs or .swift.", valueName: "file"))
  var glue: [String] = []

  @Flag(help: "Print nothing but errors and warnings.")
  var quiet = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    guard let output else { throw ValidationError("Missing expected option '--output <file>'") }
    let set = try features.set
    let lowered = try lower(input, set)
    var file = try OutputFile.create(output)
    ModuleEncoder.encode(lowered.module) { file.write($0) }
    try file.flush()
    for path in glue {
      var file = try OutputFile.create(path)
      file.write(try Self.glueText(for: path))
      try file.flush()
    }
    for section in lowered.droppedSections {
      printError("polymnia: warning: \(input): dropped the custom section '\(section)': it describes the old code")
    }
    if !quiet { printError(Self.report(lowered)) }
  }

  private func lower(_ input: String, _ set: FeatureSet) throws -> LoweredModule {
    let lowered = try transform(input, set)
    // The module as it was is no longer there: a large one takes no more memory than it must.
    var features = set
    features.remove(.multiMemory)
    var configuration = Engine.Configuration()
    configuration.features = features
    do throws(ModuleError) {
      _ = try Engine(configuration).validate(lowered.module)
    } catch {
      throw CommandFailure(input, "the lowered module is not valid, and was not written: \(error.description)")
    }
    return lowered
  }

  private func transform(_ input: String, _ set: FeatureSet) throws -> LoweredModule {
    let file = try ModuleFile(path: input, features: set)
    var configuration = Engine.Configuration()
    configuration.features = set
    let progress = ProgressLine("lowering", total: file.size)
    defer { progress.finish() }
    do throws(ModuleError) {
      let validated = try Engine(configuration).validate(file.module)
      var options = LoweringOptions()
      options.isUnchecked = unchecked
      options.imports = imports
      options.reservesMaxima = !noReserve
      options.reservations = try reservations(of: validated)
      return try MemoryLowering.lower(validated, options: options) { progress.update($0) }
    } catch {
      throw file.failure(error)
    }
  }

  private func reservations(of validated: ValidatedModule) throws(ModuleError) -> [Int: UInt64] {
    let names = Names(validated.module)
    var result: [Int: UInt64] = [:]
    for item in reserve {
      guard let split = item.lastIndex(of: "="), let pages = UInt64(item[item.index(after: split)...]) else {
        throw ModuleError(.unsupported, "--reserve \(item): expected NAME=PAGES", at: 0)
      }
      let name = String(item[..<split])
      let count = validated.spaces.memories.count
      let named = (0..<count).first { names.name(of: .memory, UInt32($0)) == name }
      let exported = validated.module.exports.first { $0.kind == .memory && $0.name == name }.map { Int($0.index) }
      guard let memory = named ?? exported ?? Int(name), memory >= 0, memory < count else {
        throw ModuleError(.unsupported, "--reserve \(item): there is no memory '\(name)'", at: 0)
      }
      result[memory] = pages
    }
    return result
  }

  private static func report(_ lowered: LoweredModule) -> String {
    guard !lowered.regions.isEmpty || !lowered.remotes.isEmpty else {
      return "nothing to lower: the module has at most one memory"
    }
    let count = lowered.regions.reduce(0) { $0 + 1 + $1.aliases.count }
    var lines = ["\(count) \(count == 1 ? "memory" : "memories") in one"]
    if let memory = lowered.memory {
      let maximum = memory.limits.maximum.map { " to \($0)" } ?? ""
      let shared = memory.isShared ? ", shared" : ""
      lines[0] += " of \(memory.limits.minimum)\(maximum) pages, \(memory.addressType) addresses\(shared)"
    }
    for region in lowered.regions {
      let numbers = ([region.memory] + region.aliases).map { "\($0)" }.joined(separator: ", ")
      var line = "  memory \(numbers)\(region.name.map { " $\($0)" } ?? "")"
      line += ": base \(region.base), room \(region.capacity), grows \(growth(region.growth))"
      if region.moves { line += ", moves" }
      if region.needsNoChecks { line += ", needs no checks" }
      if region.importedAs != nil { line += ", no longer imported" }
      if !region.exports.isEmpty { line += ", exported as \(region.exports.joined(separator: ", "))" }
      lines.append(line)
    }
    for remote in lowered.remotes {
      let name = remote.name.map { " $\($0)" } ?? ""
      lines.append(
        "  memory \(remote.memory)\(name): reached through \"\(remote.module)\" \"\(remote.importName).…\": "
          + remote.functions.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  private static func growth(_ growth: LoweredModule.Growth) -> String {
    switch growth {
    case .never: "never"
    case .reserved: "within its room"
    case .atEnd: "at the end"
    case .relocating: "by moving what lies above"
    }
  }

  private static func glueText(for path: String) throws -> String {
    if path.hasSuffix(".js") || path.hasSuffix(".mjs") { return LoweringGlue.javaScript }
    if path.hasSuffix(".swift") { return LoweringGlue.swift }
    throw ValidationError("--glue \(path): the name must end in .js, .mjs or .swift")
  }
}

extension ImportedMemories: ExpressibleByArgument {}
