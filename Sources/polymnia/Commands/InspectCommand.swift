import ArgumentParser
import WasmEngine
import WebAssembly

/// `polymnia inspect`: what is in a module.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a module: types, imports, exports, sections, memories, features.",
    discussion: """
      The module is read as a whole, but not validated. For each memory it is shown how the engine would keep it: \
      'reserved' (never moves, and its guard covers every 32-bit address), 'fixed' (never moves) or 'movable'.
      """)

  @Flag(help: "Write JSON.")
  var json = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    let file = try ModuleFile(path: input, features: features.set)
    let store = Store(Engine())
    let report: InspectionReport
    do throws(ModuleError) {
      report = try InspectionReport(file) { type in
        // The class depends on the maximum; an empty memory shows it as well as a large one.
        var type = type
        type.limits.minimum = 0
        return try? Memory(in: store, type: type).accessClass
      }
    } catch {
      throw file.failure(error)
    }
    var output = OutputFile.standardOutput
    output.write(json ? report.json.text : report.text)
    try output.finish()
  }
}
