import ArgumentParser
import WebAssembly

/// What `specialize` and `dispatch` have in common.
struct SpecializationArguments: ParsableArguments {
  @Option(
    name: .customLong("function"), parsing: .singleValue,
    help: ArgumentHelp(
      "A function, by the name of an export, its own name or its index; may be repeated.", valueName: "name"))
  var functions: [Many<String>] = []

  @Option(
    name: .customLong("export-as"), parsing: .singleValue,
    help: ArgumentHelp("The name of the new export; as often as --function, in its order.", valueName: "name"))
  var exportNames: [Many<String>] = []

  @Option(
    help: ArgumentHelp(
      """
      What the stack of variables with addresses becomes: 'shared' for the same addresses in the other memory, or an \
      address in it where a stack of the copies' own begins and goes down from. Without it such functions are refused.
      """, valueName: "shared|address"))
  var stack: String?

  @Option(
    help: ArgumentHelp("The global that points to the stack, by name or index.", valueName: "name"))
  var stackPointer = SpecializationOptions().stackPointer

  @Option(
    name: .customLong("static"),
    help: ArgumentHelp(
      """
      What accesses of static data do, whose addresses are computed from constants: 'stay' on their memory, or 'move' to \
      the other one. Without it such functions are refused.
      """, valueName: "stay|move"))
  var staticData: String?

  @Flag(
    help: """
      Take an address of which it cannot be told whether it is one of static data for one of the other memory. Without it \
      such functions are refused.
      """)
  var assumeRelocatable = false

  @Flag(help: "Allow calls through tables and references; what they call keeps its memories.")
  var allowIndirect = false

  @Flag(help: "Allow calls of imports; what they call keeps its memories.")
  var allowImports = false

  @OptionGroup var common: TransformArguments

  private var options: SpecializationOptions {
    get throws {
      var options = SpecializationOptions()
      options.stackPointer = stackPointer
      options.allowsIndirectCalls = allowIndirect
      options.allowsImports = allowImports
      options.assumesRelocatable = assumeRelocatable
      switch stack {
      case nil: break
      case "shared": options.stack = .shared
      case let text?:
        guard let address = UInt64(text) else {
          throw ValidationError("--stack \(name: text): expected 'shared' or an address")
        }
        options.stack = .at(address)
      }
      switch staticData {
      case nil: break
      case "stay": options.staticData = .stay
      case "move": options.staticData = .move
      case let text?: throw ValidationError("--static \(name: text): expected 'stay' or 'move'")
      }
      let (functions, exportNames) = (functions.all(), exportNames.all())
      guard exportNames.isEmpty || exportNames.count == functions.count else {
        throw ValidationError("--export-as is needed as often as --function, or not at all")
      }
      guard Set(functions.map { ExactName($0) }).count == functions.count else {
        throw ValidationError("a --function is given twice")
      }
      for (function, name) in zip(functions, exportNames) { options.exportNames[ExactName(function)] = name }
      return options
    }
  }

  /// Reads the module, makes another one of it, writes it, and tells what was done.
  func run(
    _ transform: (ValidatedModule, SpecializationOptions) throws(TransformError) -> SpecializedModule
  ) throws {
    let (input, output) = try common.paths
    guard !functions.isEmpty else { throw ValidationError("Missing expected option '--function <name>'") }
    let options = try options
    let set = try common.features.set
    let result = try specialized(input, set, options, transform)
    try TransformFile.write(result.module, "new", of: input, features: set, to: output)
    TransformFile.warnOfDropped(result.droppedSections, of: input)
    for note in result.notes { TransformFile.warn(note, of: input) }
    try common.tell(Self.report(result), Self.json(result))
  }

  /// What was read is not there any more when the result is written.
  private func specialized(
    _ input: String, _ set: FeatureSet, _ options: SpecializationOptions,
    _ transform: (ValidatedModule, SpecializationOptions) throws(TransformError) -> SpecializedModule
  ) throws -> SpecializedModule {
    let file = try TransformFile(path: input, features: set)
    do throws(TransformError) {
      return try transform(file.validated, options)
    } catch {
      var error = error
      if let remedy = error.remedy { error.message += Self.advice(remedy) }
      throw file.failure(error)
    }
  }

  /// Which option permits what is refused.
  private static func advice(_ remedy: TransformError.Remedy) -> String {
    switch remedy {
    case .otherExportName: "; name the new one with --export-as"
    case .indirectCalls: ". Allow it with --allow-indirect"
    case .imports: ". Allow it with --allow-imports"
    case .stack:
      ". Give the copies a stack there with --stack ADDRESS, or say --stack shared where the same addresses are free"
    case .staticData:
      ". Say --static stay to leave such accesses there, or --static move to let them go to the other memory"
    case .unclearAddresses:
      ". Say --static move where all accesses go to the other memory, or --assume-relocatable where those of which it "
        + "cannot be told do"
    }
  }

  private static func report(_ result: SpecializedModule) -> String {
    var line = "\(result.copyCount) \(result.copyCount == 1 ? "copy" : "copies") of functions"
    if result.sharedCount > 0 { line += ", \(result.sharedCount) shared" }
    var lines = [line]
    for function in result.functions {
      var line = "  \(name: function.original): function \(function.index), exported as \(name: function.exportName)"
      if function.replacesImport { line += ", in the place of the import" }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }

  private static func json(_ result: SpecializedModule) -> JSON {
    .object([
      (
        "functions",
        .array(
          result.functions.map { function in
            .object([
              ("original", .string(function.original)), ("export", .string(function.exportName)),
              ("index", .integer(function.index)), ("replacesImport", .boolean(function.replacesImport)),
            ])
          })
      ),
      ("copies", .integer(result.copyCount)),
      ("shared", .integer(result.sharedCount)),
      ("notes", .array(result.notes.map { .string($0) })),
      ("droppedSections", .array(result.droppedSections.map { .string($0) })),
    ])
  }
}
