import ArgumentParser
import WebAssembly

/// `polymnia strip`: a module without custom sections.
struct StripCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strip",
    abstract: "Remove custom sections: all, those for debuggers, names, or some by name.",
    discussion: """
      Without '--debug', '--names' and '--remove', all custom sections are removed but those that '--keep' names. What \
      stays is copied byte for byte. What was removed is told on standard error.
      """)

  @Flag(help: "Remove what debuggers read: DWARF and source maps.")
  var debug = false

  @Flag(help: "Remove the names of functions, locals, memories and all else.")
  var names = false

  @Option(help: ArgumentHelp("Remove the custom sections of a name.", valueName: "name"))
  var remove: [String] = []

  @Option(help: ArgumentHelp("Keep the custom sections of a name.", valueName: "name"))
  var keep: [String] = []

  @OptionGroup var arguments: TransformArguments

  func run() throws {
    let (input, output) = try arguments.paths
    let set = try arguments.features.set
    let (bytes, size, removals) = try stripped(input, set)
    do throws(ModuleError) {
      _ = try TransformFile.validate(try ModuleDecoder.decode(bytes, features: set), features: set)
    } catch {
      // Custom sections never make a module invalid: it was so before.
      throw CommandFailure(input, error.description)
    }
    var file = try OutputFile.create(output)
    file.write(bytes)
    try file.flush()
    try arguments.tell(Self.report(bytes.count, size, removals), Self.json(bytes.count, size, removals))
  }

  private func stripped(
    _ input: String, _ set: FeatureSet
  ) throws -> (bytes: [UInt8], size: Int, removals: [SectionStripping.Removal]) {
    let file = try ModuleFile(path: input, features: set)
    var module = file.module
    if file.positions != nil {
      // What is wrong in a text has its place there. It has no sections yet.
      try file.validate(features: set, threads: nil)
      do throws(ModuleError) {
        module = try ModuleDecoder.decode(ModuleEncoder.encode(module), features: set)
      } catch {
        throw CommandFailure(input, error.description)
      }
    }
    let isChosen = debug || names || !remove.isEmpty
    var stripping = SectionStripping(
      debug ? .debug : isChosen ? .none : .all, removing: Set(remove), keeping: Set(keep))
    if names { stripping.removed.insert(Names.sectionName) }
    let (bytes, removals) = stripping.strip(module)
    return (bytes, module.bytes.count, removals)
  }

  private static func report(_ size: Int, _ before: Int, _ removals: [SectionStripping.Removal]) -> String {
    guard !removals.isEmpty else { return "nothing to remove: \(size) bytes" }
    let sections = removals.count == 1 ? "1 section" : "\(removals.count) sections"
    let lines = removals.map { "  \($0.byteCount) bytes: custom \($0.name.debugDescription)" }
    return "removed \(sections), \(before - size) of \(before) bytes\n" + lines.joined(separator: "\n")
  }

  private static func json(_ size: Int, _ before: Int, _ removals: [SectionStripping.Removal]) -> JSON {
    .object([
      ("before", .integer(before)), ("after", .integer(size)),
      (
        "removed",
        .array(removals.map { .object([("name", .string($0.name)), ("bytes", .integer($0.byteCount))]) })
      ),
    ])
  }
}
