import ArgumentParser
import WebAssembly

/// `polymnia report`: what an instrumented module has observed.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show what a module of 'polymnia instrument' has observed.",
    discussion: """
      The data are the bytes of the secondary memory, as 'polymnia run --instrument-out' or any host writes them. The \
      instrumented module tells the places in the code and the names.
      """)

  @Option(help: ArgumentHelp("The instrumented module.", valueName: "file"))
  var module: String?

  @Flag(help: "Write JSON.")
  var json = false

  @Option(help: ArgumentHelp("Write a page for the browser to a file.", valueName: "file"))
  var html: String?

  @Option(help: ArgumentHelp("How many rows a table has at most.", valueName: "n"))
  var top = 20

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The data.", valueName: "data"))
  var input: String?

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<data>'") }
    guard top >= 0 else { throw ValidationError("--top: expected a number that is not negative") }
    let file = try InputFile(path: input)
    var sites: InstrumentSites?
    var names = Names()
    if let module {
      let instrumented = try ModuleFile(path: module, features: try features.set)
      names = Names(forPeople: instrumented.module)
      do throws(ModuleError) {
        sites = try InstrumentSites(instrumented.module)
      } catch {
        throw instrumented.failure(error)
      }
      if sites == nil { throw CommandFailure(module, "the module has not been made by 'polymnia instrument'") }
    }
    let report: InstrumentReport
    do throws(InstrumentDataError) {
      report = try InstrumentReport(file.name, try InstrumentData(file.bytes), sites: sites, names: names)
    } catch {
      throw CommandFailure(file.name, error.description)
    }
    if let html {
      var output = try OutputFile.create(html)
      output.write(ReportPage.html(report, top: max(top, 50)))
      try output.finish()
      if !json { return }
    }
    var output = OutputFile.standardOutput
    output.write(json ? report.json().text : report.text(top: top))
    try output.finish()
  }
}
