import ArgumentParser
import WebAssembly

/// `polymnia add-memory`: a module with one memory more.
struct AddMemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add-memory",
    abstract: "Add memories to a module.",
    discussion: """
      A memory of the module's own comes behind all others, so that no index changes. An imported one comes behind the \
      imported ones, and the indices of the module's own memories move up everywhere.
      """)

  @Option(
    help: ArgumentHelp(
      """
      A memory by its name, with export, export:NAME, import:MODULE.NAME, min=PAGES, max=PAGES, i64, shared, pagesize=1, \
      separated by commas. May be repeated.
      """, valueName: "name=what"))
  var memory: [Many<String>] = []

  @OptionGroup var arguments: TransformArguments

  func run() throws {
    let (input, output) = try arguments.paths
    guard !memory.isEmpty else { throw ValidationError("Missing expected option '--memory <name=what>'") }
    var declarations: [MemoryDeclaration] = []
    do throws(TransformError) {
      for text in memory.all() { declarations.append(try MemoryDeclaration(parsing: text)) }
    } catch {
      throw ValidationError(error.message)
    }
    let set = try arguments.features.set
    let result: MemoryAddition.Result
    do {
      let file = try TransformFile(path: input, features: set)
      do throws(TransformError) {
        result = try MemoryAddition.add(declarations, to: file.validated)
      } catch {
        throw file.failure(error)
      }
    }
    try TransformFile.write(result.module, "new", of: input, features: set, to: output)
    TransformFile.warnOfDropped(result.droppedSections, of: input)
    try arguments.tell(Self.report(result), Self.json(result))
  }

  private static func report(_ result: MemoryAddition.Result) -> String {
    var lines = result.additions.map(line)
    if result.moved.count > 0 {
      lines.append("moved \(result.moved.count) of the module's own up by \(result.moved.by)")
    }
    return lines.joined(separator: "\n")
  }

  private static func line(_ addition: MemoryAddition.Addition) -> String {
    let label = addition.name.map { " $\(name: $0)" } ?? ""
    var line = "added memory \(addition.index)\(label): \(addition.type)"
    if let origin = addition.importedFrom { line += ", imported from \(name: origin.module) as \(name: origin.name)" }
    if !addition.exports.isEmpty { line += ", exported as \(names: addition.exports)" }
    return line
  }

  private static func json(_ result: MemoryAddition.Result) -> JSON {
    .object([
      (
        "memories",
        .array(
          result.additions.map { addition in
            .object([
              ("index", .integer(Int(addition.index))), ("name", .optional(addition.name)),
              ("type", .string("\(addition.type)")),
              (
                "import",
                addition.importedFrom.map {
                  .object([("module", .string($0.module)), ("name", .string($0.name))])
                } ?? .null
              ),
              ("exports", .array(addition.exports.map { .string($0) })),
            ])
          })
      ),
      ("moved", .integer(result.moved.count)), ("movedBy", .integer(result.moved.by)),
      ("droppedSections", .array(result.droppedSections.map { .string($0) })),
    ])
  }
}
