import ArgumentParser
import WebAssembly

/// `polymnia strip`: a module without custom sections.
struct StripCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strip",
    abstract: "Remove custom sections: all, those for debuggers, names, or some by name; or dead code.",
    discussion: """
      Without '--debug', '--names', '--dead' and '--remove', all custom sections are removed but those that '--keep' \
      names. Without '--dead', what stays is copied byte for byte. What was removed is told on standard error.
      """)

  @Flag(help: "Remove what debuggers read: DWARF and source maps.")
  var debug = false

  @Flag(help: "Remove the names of functions, locals, memories and all else.")
  var names = false

  @Flag(help: "Remove functions and all else that nothing can come to, as 'link' does.")
  var dead = false

  @Option(help: ArgumentHelp("Remove the custom sections of a name.", valueName: "name"))
  var remove: [Many<String>] = []

  @Option(help: ArgumentHelp("Keep the custom sections of a name.", valueName: "name"))
  var keep: [Many<String>] = []

  @OptionGroup var arguments: TransformArguments

  /// A module without what was to go.
  private struct Stripped {
    var bytes: [UInt8]
    var oldSize: Int
    var sections: [SectionStripping.Removal] = []
    /// nil where it was not looked for.
    var dead: RemovedItems?
    /// Custom sections that describe the old code.
    var dropped: [String] = []
  }

  func run() throws {
    let (input, output) = try arguments.paths
    let set = try arguments.features.set
    let stripped = try strip(input, set)
    do throws(ModuleError) {
      _ = try TransformFile.validate(try ModuleDecoder.decode(stripped.bytes, features: set), features: set)
    } catch {
      // Custom sections never make a module invalid: it was so before.
      throw CommandFailure(input, error.description)
    }
    var file = try OutputFile.create(output)
    file.write(stripped.bytes)
    try file.finish()
    TransformFile.warnOfDropped(stripped.dropped, of: input)
    try arguments.tell(Self.report(stripped), Self.json(stripped))
  }

  private func strip(_ input: String, _ set: FeatureSet) throws -> Stripped {
    let file = try ModuleFile(path: input, features: set)
    var module = file.module
    var result = Stripped(bytes: [], oldSize: file.size)
    do {
      // What is wrong in a text has its place there. It has no sections yet.
      if file.positions != nil {
        try file.validate(features: set, threads: nil)
        module = try ModuleDecoder.decode(ModuleEncoder.encode(module), features: set)
        result.oldSize = module.bytes.count
      }
      if dead {
        let pruned = try DeadCodeRemoval.remove(from: try TransformFile.validate(module, features: set))
        result.dead = pruned.removed
        // Where nothing is dead, debug information stays true.
        if !pruned.removed.isEmpty {
          result.dropped = pruned.droppedSections
          module = try ModuleDecoder.decode(ModuleEncoder.encode(pruned.module), features: set)
        }
      }
    } catch let error as ModuleError {
      throw file.failure(error)
    }
    let present = Set(file.module.customSections.map { ExactName($0.name) })
    for name in (remove + keep).all() where !present.contains(ExactName(name)) {
      TransformFile.warn("there is no custom section '\(name: name)'", of: input)
    }
    let isChosen = debug || names || dead || !remove.isEmpty
    var stripping = SectionStripping(
      debug ? .debug : isChosen ? .none : .all, removing: Set(remove.all().map { ExactName($0) }),
      keeping: Set(keep.all().map { ExactName($0) }))
    if names { stripping.removed.insert(ExactName(Names.sectionName)) }
    (result.bytes, result.sections) = stripping.strip(module)
    return result
  }

  private static func report(_ stripped: Stripped) -> String {
    var parts: [String] = []
    if !stripped.sections.isEmpty { parts.append(counted(stripped.sections.count, "section")) }
    if let dead = stripped.dead, !dead.isEmpty { parts.append(dead.text) }
    guard !parts.isEmpty else { return "nothing to remove: \(stripped.bytes.count) bytes" }
    let size = "\(stripped.oldSize - stripped.bytes.count) of \(stripped.oldSize) bytes"
    let lines = stripped.sections.map { "  \($0.byteCount) bytes: custom \(quoted: $0.name)" }
    return (["removed \(parts.joined(separator: ", ")), \(size)"] + lines).joined(separator: "\n")
  }

  private static func json(_ stripped: Stripped) -> JSON {
    .object([
      ("before", .integer(stripped.oldSize)), ("after", .integer(stripped.bytes.count)),
      (
        "removed",
        .array(
          stripped.sections.map { .object([("name", .string($0.name)), ("bytes", .integer($0.byteCount))]) })
      ),
      ("dead", stripped.dead?.json ?? .null),
      ("droppedSections", .array(stripped.dropped.map { .string($0) })),
    ])
  }
}
