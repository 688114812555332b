import ArgumentParser
import WebAssembly

/// `polymnia instrument`: a module that observes itself.
struct InstrumentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "instrument",
    abstract: "Make a module keep what it does in a memory of its own: stores, accesses, calls, blocks.",
    discussion: """
      The program's memories, results and traps stay the same. What is observed goes to a secondary memory, exported as \
      'polymnia.instrument'; 'polymnia run --instrument-out' writes it to a file, 'polymnia report' reads it.

      With '--stores', or '--stores=log', the old bytes of every store are kept, and the module exports \
      'polymnia.mark', 'polymnia.rollback' and 'polymnia.reset'. With '--stores=pages' the written pages are noted.
      """)

  @Option(
    help: ArgumentHelp("Keep stores: as a log that can be rolled back, or as written pages.", valueName: "log|pages"))
  var stores: InstrumentOptions.Stores?

  @Flag(help: "Log stores from the beginning on, and not from the first mark.")
  var fromStart = false

  @Flag(inversion: .prefixedNo, help: "Keep the module's own mutable globals at a mark, and restore them.")
  var globals = true

  @Option(help: ArgumentHelp("The size of a page for '--stores=pages', a power of two.", valueName: "bytes"))
  var pageSize: UInt64 = 4096

  @Flag(help: "Record loads, stores, copies and fills, the last ones of them.")
  var traceMemory = false

  @Option(help: ArgumentHelp("How many accesses are recorded before the oldest are dropped.", valueName: "n"))
  var traceRecords: UInt32 = 1 << 20

  @Flag(help: "Count the calls of each function and at each place.")
  var profile = false

  @Flag(help: "Note which blocks are reached.")
  var coverage = false

  @Option(
    help: ArgumentHelp(
      "Observe only this memory, given by its name, an export's or its index. May be repeated.", valueName: "name"))
  var memory: [Many<String>] = []

  @Option(
    help: ArgumentHelp(
      "Let the secondary memory have no more than so many bytes. K, M and G may follow.", valueName: "bytes"))
  var limit: ByteCount?

  @Option(help: ArgumentHelp("What the names of the added exports begin with.", valueName: "text"))
  var prefix = "polymnia."

  @OptionGroup var arguments: TransformArguments

  func run() throws {
    let (input, output) = try arguments.paths
    var options = try options
    let set = try arguments.features.set
    let result: InstrumentedModule
    do {
      // What was read is not needed any more when the result is written.
      let file = try TransformFile(path: input, features: set)
      options.memories = try observed(by: file)
      let line = ProgressLine("instrumenting", total: file.validated.module.bytes.count)
      defer { line.finish() }
      do throws(TransformError) {
        result = try Instrumentation.instrument(file.validated, options: options) { line.update($0) }
      } catch {
        throw file.failure(error)
      }
    }
    try TransformFile.write(result.module, "instrumented", of: input, features: set, to: output)
    for warning in result.warnings { TransformFile.warn(warning, of: input) }
    TransformFile.warnOfDropped(result.droppedSections, of: input)
    try arguments.tell(Self.report(result), Self.json(result))
  }

  private var options: InstrumentOptions {
    get throws {
      guard stores != nil || traceMemory || profile || coverage else {
        throw ValidationError("Choose at least one of --stores, --trace-memory, --profile and --coverage")
      }
      guard !fromStart || stores == .log else { throw ValidationError("--from-start needs --stores=log") }
      guard memory.isEmpty || stores != nil || traceMemory else {
        throw ValidationError("--memory needs --stores or --trace-memory")
      }
      guard traceRecords > 0 else { throw ValidationError("--trace-records: expected a number above 0") }
      guard pageSize.nonzeroBitCount == 1, pageSize >= 8, pageSize <= 1 << 30 else {
        throw ValidationError("--page-size: expected a power of two from 8 to 1073741824")
      }
      var options = InstrumentOptions()
      options.stores = stores
      options.logsFromStart = fromStart
      options.savesGlobals = globals
      options.pageSizeLog2 = UInt8(clamping: pageSize.trailingZeroBitCount)
      options.tracesMemory = traceMemory
      options.traceCapacity = traceRecords
      options.countsCalls = profile
      options.covers = coverage
      if let limit { options.maximumPages = min(limit.value >> 16, 65535) }
      options.prefix = prefix
      return options
    }
  }

  private func observed(by file: TransformFile) throws -> Set<UInt32>? {
    guard !memory.isEmpty else { return nil }
    var result: Set<UInt32> = []
    for name in memory.all() {
      guard let index = file.memoryIndex(of: name) else {
        throw CommandFailure(file.file.name, "there is no memory '\(name: name)'")
      }
      result.insert(index)
    }
    return result
  }

  private static func report(_ result: InstrumentedModule) -> String {
    var parts: [String] = []
    func add(_ number: Int, _ one: String, _ many: String) {
      if number > 0 { parts.append("\(number) \(number == 1 ? one : many)") }
    }
    add(result.storeCount, "store", "stores")
    add(result.accessCount, "access", "accesses")
    add(result.callCount, "call", "calls")
    add(result.blockCount, "block", "blocks")
    let limits = result.memory.limits
    let pages = "\(limits.minimum) \(limits.minimum == 1 ? "page" : "pages")"
    let growth = limits.maximum.map { $0 > limits.minimum ? ", can grow to \($0)" : "" } ?? ", can grow"
    return """
      observes \(parts.isEmpty ? "nothing: there is nothing of the kind" : parts.joined(separator: ", "))
        secondary memory: index \(result.memoryIndex), \(pages)\(growth), \(result.fixedByteCount) bytes in use
        exports: \(names: result.exports)
      """
  }

  private static func json(_ result: InstrumentedModule) -> JSON {
    .object([
      ("stores", .integer(result.storeCount)), ("accesses", .integer(result.accessCount)),
      ("calls", .integer(result.callCount)), ("blocks", .integer(result.blockCount)),
      ("memory", .integer(Int(result.memoryIndex))), ("memoryType", .string("\(result.memory)")),
      ("fixedBytes", .unsigned(result.fixedByteCount)), ("exports", .array(result.exports.map { .string($0) })),
      ("warnings", .array(result.warnings.map { .string($0) })),
      ("droppedSections", .array(result.droppedSections.map { .string($0) })),
    ])
  }
}

extension InstrumentOptions.Stores: ExpressibleByArgument {}
