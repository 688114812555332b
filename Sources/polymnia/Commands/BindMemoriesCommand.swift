import ArgumentParser
import WebAssembly

/// `polymnia bind-memories`: memory k for languages whose compilers know one memory.
struct BindMemoriesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bind-memories",
    abstract: "Turn calls of functions imported from multi_memory into memory instructions.",
    discussion: """
      The name of an import says what it becomes: i32.load@1, i64.store8@heap offset=16, memory.copy@1,0, \
      memory.grow@heap, memory.index@heap; with @* the memory's index is the first operand. Bindings/ has the \
      declarations for C, C++, Rust and Swift. The memories are added, or imported, as --memory or the custom section \
      multi_memory of the module says; one that nothing declares has a page, can grow, and is not exported.
      """)

  @Option(
    help: ArgumentHelp(
      """
      A memory by its name or number, with export, export:NAME, import:MODULE.NAME, min=PAGES, max=PAGES, i64, shared, \
      pagesize=1, name=NAME, separated by commas.
      """, valueName: "name=what"))
  var memory: [Many<String>] = []

  @OptionGroup var arguments: TransformArguments

  func run() throws {
    let (input, output) = try arguments.paths
    var options = BindingOptions()
    do throws(TransformError) {
      for text in memory.all() { options.memories.append(try MemoryDeclaration(parsing: text)) }
    } catch {
      throw ValidationError(error.message)
    }
    let set = try arguments.features.set
    guard let bound = try bind(input, options, set, output) else {
      let nothing = "nothing to bind: the module imports nothing from \(MemoryBinding.moduleName)"
      return try arguments.tell(nothing, Self.json(nil))
    }
    try TransformFile.write(bound.module, "bound", of: input, features: set, to: output)
    TransformFile.warnOfDropped(bound.droppedSections, of: input)
    try arguments.tell(Self.report(bound), Self.json(bound))
  }

  /// nil where there is nothing to bind, and the module has been written as it is. What was read is not there any more
  /// when the result is written.
  private func bind(_ input: String, _ options: BindingOptions, _ set: FeatureSet, _ output: String) throws
    -> BoundModule?
  {
    let file = try TransformFile(path: input, features: set)
    for name in MemoryBinding.addressSpaceNames(in: file.validated.module) {
      file.warn(
        "'\(name: name)' takes a pointer with an address_space, whose accesses the compiler made accesses of memory 0")
    }
    guard !options.memories.isEmpty || MemoryBinding.isNeeded(by: file.validated.module) else {
      try file.writeUnchanged(to: output)
      return nil
    }
    let line = ProgressLine("binding", total: file.validated.module.bytes.count)
    defer { line.finish() }
    do throws(TransformError) {
      return try MemoryBinding.bind(file.validated, options: options) { line.update($0) }
    } catch {
      throw file.failure(error)
    }
  }

  private static func report(_ bound: BoundModule) -> String {
    let calls = bound.imports.reduce(0) { $0 + $1.callCount }
    var lines = ["bound \(count(bound.imports.count, "import")): replaced \(count(calls, "call"))"]
    if bound.inlinedFunctionCount > 0 {
      lines[0] += ", among them those of \(count(bound.inlinedFunctionCount, "forwarding function"))"
    }
    for memory in bound.memories {
      var line = "  memory \(memory.number)\(memory.name.map { " $\(name: $0)" } ?? ""): "
      line += memory.isNew ? "new, \(text(memory.type))" : "the module's own"
      if memory.index != memory.number { line += ", at index \(memory.index)" }
      if let origin = memory.importedFrom { line += ", imported from \(name: origin.module) as \(name: origin.name)" }
      if !memory.exports.isEmpty { line += ", exported as \(names: memory.exports)" }
      if memory.instructionCount > 0 { line += ", \(count(memory.instructionCount, "instruction"))" }
      lines.append(line)
    }
    for item in bound.imports {
      if let name = item.functionName { lines.append("  \(name: item.name): as the function \(name: name)") }
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ type: MemoryType) -> String {
    let limits = type.limits
    var text = "\(limits.minimum)"
    if let maximum = limits.maximum, maximum != limits.minimum { text += " to \(maximum)" }
    text += limits.minimum == 1 && (limits.maximum ?? 1) == 1 ? " page" : " pages"
    if limits.maximum == nil { text += " and more" }
    if type.pageSizeLog2 != 16 { text += " of \(type.pageSize) byte" }
    if type.addressType == .i64 { text += ", 64-bit addresses" }
    if type.isShared { text += ", shared" }
    return text
  }

  private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  /// The same members where there is nothing to bind.
  private static func json(_ bound: BoundModule?) -> JSON {
    .object([
      (
        "imports",
        .array(
          (bound?.imports ?? []).map { item in
            .object([
              ("name", .string(item.name)), ("calls", .integer(item.callCount)),
              ("function", .optional(item.functionName)),
            ])
          })
      ),
      (
        "memories",
        .array(
          (bound?.memories ?? []).map { memory in
            .object([
              ("number", .integer(memory.number)), ("index", .integer(memory.index)), ("name", .optional(memory.name)),
              ("type", .string("\(memory.type)")), ("new", .boolean(memory.isNew)),
              (
                "import",
                memory.importedFrom.map {
                  .object([("module", .string($0.module)), ("name", .string($0.name))])
                } ?? .null
              ),
              ("exports", .array(memory.exports.map { .string($0) })),
              ("instructions", .integer(memory.instructionCount)),
            ])
          })
      ),
      ("forwardingFunctions", .integer(bound?.inlinedFunctionCount ?? 0)),
      ("droppedSections", .array((bound?.droppedSections ?? []).map { .string($0) })),
    ])
  }
}
