import ArgumentParser
import WastRunner
import WebAssembly

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `polymnia wast`: runs scripts.
struct WastCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wast",
    abstract: "Run scripts of the official tests and count their assertions.",
    discussion: """
      Folders are searched for '.wast' files, in the order of their names. Which features a script may use follows from \
      its folder; '--features' changes it. Each assertion and each command counts once, as does each module with \
      '--round-trip'. What fails is shown with its line, and the last line is 'N passed, N failed, N skipped'.
      """)

  @OptionGroup var engineOptions: EngineOptions

  @Flag(help: "Also take every module from text to binary and back, or the other way round, and compare.")
  var roundTrip = false

  @Option(
    help: ArgumentHelp(
      "A file with a line for each script of which checks are known to fail, and how many: 'core/gc/array.wast 12'. "
        + "Exactly these may fail.", valueName: "file"))
  var knownFailures: String?

  @Option(help: ArgumentHelp("How many scripts run at a time; by default one for each processor.", valueName: "n"))
  var threads: ThreadCount?

  @Flag(name: .shortAndLong, help: "Show only scripts of which something unexpected failed.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Show a line for every script.")
  var verbose = false

  @Flag(help: "Write JSON instead.")
  var json = false

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("Scripts, and folders of scripts.", valueName: "files-or-folders"))
  var paths: [String] = []

  func run() throws {
    guard !paths.isEmpty else { throw ValidationError("Missing expected argument '<files-or-folders> ...'") }
    let known = try knownFailures.map(Self.list)
    let scripts: [String]
    do throws(FileFailure) {
      scripts = try ScriptFiles.find(paths)
    } catch {
      throw CommandFailure(error.path, error.message)
    }
    let report = ScriptReport(known: known, verbosity: quiet ? .quiet : verbose ? .verbose : .normal)
    let isJSON = json
    let outcomes = ScriptSuite.run(scripts, options: try options) { outcome in
      if !isJSON { Self.show(report.text(of: outcome)) }
    }
    Self.show(isJSON ? report.json(of: outcomes).text : report.summary(of: outcomes))
    if outcomes.contains(where: { !report.isExpected($0) }) { throw GuestExit(status: ExitStatus.inputError) }
  }

  /// Writes to standard output. Where that cannot be written nobody hears of what failed, so the command ends, and not as
  /// if everything had passed: quietly where the reader has gone, which is not an error to tell of.
  private static func show(_ text: String) {
    var output = OutputFile.standardOutput
    output.write(text)
    do {
      try output.finish()
    } catch let failure as CommandFailure {
      for diagnostic in failure.diagnostics { printError(diagnostic) }
      end(ExitStatus.inputError)
    } catch {
      end(ExitStatus.inputError)
    }
  }

  private var options: SuiteOptions {
    get throws {
      var options = SuiteOptions()
      options.bounds = engineOptions.bounds
      options.tier = engineOptions.tier
      options.processor = engineOptions.cpu
      options.guardsSpeculation = !engineOptions.noSpeculationGuards
      options.compilation = engineOptions.compilation
      options.roundTrips = roundTrip
      options.largestScript = features.maxInput.value
      options.largestScriptAdvice = InputFile.limitAdvice
      options.threads = threads?.value ?? max(1, Int(sysconf(Int32(clamping: _SC_NPROCESSORS_ONLN))))
      options.featureChanges = features.isDefault ? nil : try features.change
      return options
    }
  }

  private static func list(_ path: String) throws -> KnownFailures {
    let file = try InputFile(path: path)
    guard let list = KnownFailures(String(decoding: file.bytes, as: UTF8.self)) else {
      throw CommandFailure(file.name, "every line must be a path and a number")
    }
    return list
  }
}

/// exit(3), under a name that the command's own does not hide.
private func end(_ status: Int32) -> Never { exit(status) }
