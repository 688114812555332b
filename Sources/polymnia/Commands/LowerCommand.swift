import ArgumentParser
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

  @Option(
    help: ArgumentHelp(
      "Keep room for so many pages of a memory, given by its name, an export's or its index.", valueName: "name=pages"))
  var reserve: [Many<String>] = []

  @Flag(help: "Keep no room for memories but where --reserve says so: a smaller memory, of which more moves.")
  var noReserve = false

  @Option(help: "What imported memories become: part of the module's own memory, or what functions of the host reach.")
  var imports = ImportedMemories.own

  @Flag(help: "Leave out the checks that keep the memories apart.")
  var unchecked = false

  @Option(
    help: ArgumentHelp(
      "Write accessors for the host: a file whose name ends in .js, .mjs or .swift.", valueName: "file"))
  var glue: [Many<String>] = []

  @OptionGroup var arguments: TransformArguments

  func run() throws {
    let (input, output) = try arguments.paths
    var set = try arguments.features.set
    let glue = try glue.all().map { (path: $0, text: try Self.glueText(for: $0)) }
    let lowered = try transform(input, set)
    set.remove(.multiMemory)
    // Nothing is there in the end if something cannot be written.
    var files: [OutputFile] = []
    for (path, text) in glue {
      files.append(try OutputFile.create(path))
      files[files.count - 1].write(text)
    }
    try TransformFile.write(lowered.module, "lowered", of: input, features: set, to: output)
    for index in files.indices { try files[index].finish() }
    TransformFile.warnOfDropped(lowered.droppedSections, of: input)
    try arguments.tell(LoweringReport.text(lowered), LoweringReport.json(lowered))
  }

  /// The module as it was is not there any more when the result is written: a large one takes no more memory than it must.
  private func transform(_ input: String, _ set: FeatureSet) throws -> LoweredModule {
    let file = try TransformFile(path: input, features: set)
    let progress = ProgressLine("lowering", total: file.file.size)
    defer { progress.finish() }
    var options = LoweringOptions()
    options.isUnchecked = unchecked
    options.imports = imports
    options.reservesMaxima = !noReserve
    options.reservations = try reservations(in: file)
    do throws(ModuleError) {
      return try MemoryLowering.lower(file.validated, options: options) { progress.update($0) }
    } catch {
      throw file.file.failure(error)
    }
  }

  /// Room in pages by memory.
  private func reservations(in file: TransformFile) throws -> [Int: UInt64] {
    var result: [Int: UInt64] = [:]
    for item in reserve.all() {
      guard let (name, number) = item.cut(atLast: "="), let pages = UInt64(number) else {
        throw ValidationError("--reserve \(name: item): expected NAME=PAGES")
      }
      guard let memory = file.memoryIndex(of: name) else {
        throw CommandFailure(file.file.name, "--reserve \(name: item): there is no memory '\(name: name)'")
      }
      result[Int(memory)] = pages
    }
    return result
  }

  private static func glueText(for path: String) throws -> String {
    if path.hasSuffix(".js") || path.hasSuffix(".mjs") { return LoweringGlue.javaScript }
    if path.hasSuffix(".swift") { return LoweringGlue.swift }
    throw ValidationError("--glue \(name: path): the name must end in .js, .mjs or .swift")
  }
}

extension ImportedMemories: ExpressibleByArgument {}
