import WasmEngine
import WebAssembly

/// How scripts are run.
public struct SuiteOptions: Sendable {
  public var bounds = MemoryPolicy.Bounds.guarded
  public var tier = ExecutionTier.compiler
  public var compilation = CompilationTime.lazy
  /// What compiled code may use of the processor.
  public var processor = ProcessorFeatures.native
  /// Whether compiled code guards against speculation past its checks.
  public var guardsSpeculation = true
  /// Changes the features that ``SuiteFeatures`` finds for a script.
  public var featureChanges: (@Sendable (FeatureSet) -> FeatureSet)?
  /// Whether every module is also taken from one format to the other and back, as a further check.
  public var roundTrips = false
  /// Changes every module before it is compiled; for testing transforms.
  public var moduleTransform: (@Sendable (Module, FeatureSet) throws -> Module)?
  /// How many scripts are run at a time.
  public var threads = 1
  /// After this time what is still to be run of a script fails.
  public var timeLimit = Duration.seconds(120)
  /// Files of more bytes are refused.
  public var largestScript: UInt64 = 1 << 30
  /// What the refusal says besides: how larger files can be allowed.
  public var largestScriptAdvice = ""

  public init() {}
}

/// Runs scripts.
public enum ScriptSuite {
  /// Runs scripts, several at a time, each in a store of its own.
  ///
  /// - Parameters:
  ///   - paths: Files, as ``ScriptFiles/find(_:)`` gives them.
  ///   - report: Gets each outcome, in the order of the paths, as soon as it is there.
  /// - Returns: All outcomes in the order of the paths. A file that cannot be read is a failure.
  @discardableResult
  public static func run(
    _ paths: [String], options: SuiteOptions, report: @escaping @Sendable (ScriptOutcome) -> Void = { _ in }
  ) -> [ScriptOutcome] {
    ParallelRun.run(
      count: paths.count, threads: options.threads, work: { run(paths[$0], options: options) }, report: report)
  }

  /// Runs the script of one file.
  public static func run(_ path: String, options: SuiteOptions) -> ScriptOutcome {
    do throws(FileFailure) {
      let source = try ScriptFiles.read(path, limit: options.largestScript, advice: options.largestScriptAdvice)
      return run(source, path: path, options: options)
    } catch {
      var outcome = ScriptOutcome(path: path)
      outcome.failures.append(
        ScriptFailure(line: 1, what: "script", expected: "a file that can be read", got: error.message))
      return outcome
    }
  }

  /// Runs a script. The path decides on the features and stands in the outcome.
  public static func run(_ source: [UInt8], path: String, options: SuiteOptions) -> ScriptOutcome {
    ScriptRunner.run(source, path: path, options: options)
  }
}
