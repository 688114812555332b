import ArgumentParser
import WebAssembly

/// `polymnia link`: many modules into one.
struct LinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "link",
    abstract: "Turn several modules into one with all their memories.",
    discussion: """
      The modules come in the order in which they would be instantiated; each may import from those before it, by the \
      names given here. Imports that no module is named for stay imports. The linked module does what instantiating them \
      one after the other would do: segments and start functions in the same order, memories and everything else as they \
      were. It exports what the last module exports.
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output: String?

  @Option(
    name: .customLong("export"),
    help: ArgumentHelp("Export what a module exports, under another name if one follows.", valueName: "name=item[=as]"))
  var exports: [Many<String>] = []

  @Flag(help: "Export what all modules export; names that collide get the module's name before them.")
  var exportAll = false

  @Flag(help: "Export nothing but what '--export' says.")
  var exportNone = false

  @Option(
    name: .customLong("rename"),
    help: ArgumentHelp(
      "Take imports from <module> for imports from <other>; or one of them, with 'module=item=other=item'.",
      valueName: "module=other"))
  var renames: [Many<String>] = []

  @Flag(name: .customLong("keep-dead"), help: "Keep what nothing can come to.")
  var keepDead = false

  @Flag(
    help: """
      Let the start function call what modules export as '_initialize', each after the module's own start function. What \
      the linked module exports under that name is left to the host.
      """)
  var initialize = false

  @Flag(help: "Leave all memories as they are; this is the default.")
  var keepMemoriesApart = false

  @Flag(help: "Make one memory of all, as 'lower' does, for engines that have only one.")
  var lower = false

  @Flag(help: "Print the report as JSON, on standard output.")
  var json = false

  @Flag(help: "Print nothing but errors and warnings.")
  var quiet = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The modules.", valueName: "name=file"))
  var modules: [String] = []

  func run() throws {
    guard !modules.isEmpty else { throw ValidationError("Missing expected argument '<name=file> ...'") }
    guard let output else { throw ValidationError("Missing expected option '--output <file>'") }
    guard !(exportAll && exportNone) else { throw ValidationError("--export-all and --export-none exclude each other") }
    guard !(keepMemoriesApart && lower) else {
      throw ValidationError("--keep-memories-apart and --lower exclude each other")
    }
    guard !(json && output == "-") else { throw ValidationError("--json and --output - both write to standard output") }
    let inputs = try modules.map { argument in
      guard let input = LinkedFile(argument: argument) else {
        throw ValidationError("\(name: argument): expected NAME=FILE")
      }
      return input
    }
    var options = LinkOptions()
    options.defaultExports = exportAll ? .all : exportNone ? .none : .last
    options.exports = try exports.all().map(Self.exportRequest)
    options.renames = try renames.all().map(Self.rename)
    options.removesDeadCode = !keepDead
    options.callsInitializers = initialize
    let set = try features.set
    let linked = try link(inputs, options, set)
    var report = LinkReport(linked, inputs: inputs)
    let result = try finish(linked, set, &report)
    var file = try OutputFile.create(output)
    ModuleEncoder.encode(result) { file.write($0) }
    try file.finish()
    for line in report.warnings { printError("polymnia: warning: \(line)") }
    if json {
      var standardOutput = OutputFile.standardOutput
      standardOutput.write(report.json.text)
      try standardOutput.finish()
    } else if !quiet {
      printError(report.text)
    }
  }

  private func link(_ files: [LinkedFile], _ options: LinkOptions, _ set: FeatureSet) throws -> LinkedModule {
    var inputs: [LinkInput] = []
    var size = 0
    for file in files {
      let transform = try TransformFile(path: file.file, features: set)
      size += transform.file.size
      inputs.append(LinkInput(name: file.name, module: transform.validated))
    }
    if !renames.isEmpty {
      var imported: [ExactName: Set<ExactName>] = [:]
      for item in inputs.flatMap(\.module.module.imports) {
        imported[ExactName(item.module), default: []].insert(ExactName(item.name))
      }
      for (text, rename) in zip(renames.all(), options.renames) {
        let items = imported[ExactName(rename.module)]
        let isUsed = rename.name.map { items?.contains(ExactName($0)) ?? false } ?? (items != nil)
        if !isUsed { throw CommandFailure("--rename \(text)", "no module imports that") }
      }
    }
    let progress = ProgressLine("linking", total: size)
    defer { progress.finish() }
    do throws(LinkFailure) {
      return try ModuleLinker.link(inputs, options: options) { progress.update($0) }
    } catch {
      throw CommandFailure(
        files.first { ExactName($0.name) == ExactName(error.module) }?.file ?? error.module, error.description)
    }
  }

  /// Validates the linked module, and lowers it where that is wanted.
  private func finish(_ linked: LinkedModule, _ set: FeatureSet, _ report: inout LinkReport) throws -> Module {
    let failed = "the linked module is not valid, and was not written"
    do throws(ModuleError) {
      guard lower else {
        _ = try TransformFile.validate(linked.module, features: set)
        return linked.module
      }
      // A module that had one memory need not know of several.
      var features = set
      features.insert(.multiMemory)
      let lowered = try MemoryLowering.lower(try TransformFile.validate(linked.module, features: features))
      features.remove(.multiMemory)
      _ = try TransformFile.validate(lowered.module, features: features)
      report.lowered = lowered.memory
      return lowered.module
    } catch {
      let isRefusal = error.kind == .unsupported
      throw CommandFailure(output ?? "", isRefusal ? error.summary : "\(failed): \(error.summary)")
    }
  }

  private static func exportRequest(_ text: String) throws -> LinkOptions.ExportRequest {
    let parts = text.parts(between: "=", most: 3)
    guard parts.count >= 2 else { throw ValidationError("--export \(name: text): expected NAME=ITEM or NAME=ITEM=AS") }
    return LinkOptions.ExportRequest(module: parts[0], name: parts[1], as: parts.count > 2 ? parts[2] : nil)
  }

  private static func rename(_ text: String) throws -> LinkOptions.ImportRename {
    let parts = text.parts(between: "=")
    switch parts.count {
    case 2: return LinkOptions.ImportRename(module: parts[0], newModule: parts[1])
    case 4: return LinkOptions.ImportRename(module: parts[0], name: parts[1], newModule: parts[2], newName: parts[3])
    default: throw ValidationError("--rename \(name: text): expected MODULE=OTHER or MODULE=ITEM=OTHER=ITEM")
    }
  }
}
