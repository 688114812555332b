import Foundation
import Synchronization
import Testing
import WastRunner
import WasmEngine
import WebAssembly

/// The official scripts with every module instrumented: they must not notice.
@Suite(.enabled(if: getenv("POLYMNIA_SLOW_TESTS") != nil, "Takes minutes; set POLYMNIA_SLOW_TESTS."))
struct InstrumentedScriptTests {
  enum Kind: String, CaseIterable {
    case log, logAndTrace, pagesAndProfile, coverage

    var options: InstrumentOptions {
      var options = InstrumentOptions()
      switch self {
      case .log: options.stores = .log
      case .logAndTrace:
        options.stores = .log
        options.logsFromStart = true
        options.tracesMemory = true
      case .pagesAndProfile:
        options.stores = .pages
        options.countsCalls = true
      case .coverage:
        options.covers = true
        options.countsCalls = true
        options.tracesMemory = true
      }
      options.traceCapacity = 16
      // Where a mark would have to keep a reference there is none.
      options.savesGlobals = false
      return options
    }
  }

  static let folders =
    LoweredScriptTests.folders + [
      "core/if.wast", "core/loop.wast", "core/br.wast", "core/call_indirect.wast", "core/return_call.wast",
      "core/return_call_indirect.wast", "core/return_call_ref.wast", "core/call_ref.wast", "core/try_table.wast",
      "core/throw.wast", "core/throw_ref.wast", "core/br_on_null.wast", "core/br_on_non_null.wast", "core/global.wast",
      "core/labels.wast", "core/unwind.wast", "core/stack.wast", "core/fac.wast", "core/switch.wast",
      "core/linking.wast", "core/imports.wast", "core/exports.wast", "core/table_copy.wast", "core/ref_func.wast",
    ]

  @Test(
    .enabled(if: OfficialScriptTests.isThere, "The official scripts are not in ../shared/testsuite."),
    arguments: Kind.allCases)
  func scriptsDoNotNotice(kind: Kind) throws {
    let folder = OfficialScriptTests.folder
    let paths = try ScriptFiles.find(
      Self.folders.map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) })
    let instrumented = Mutex(0)
    var options = SuiteOptions()
    options.tier = kind == .log || kind == .pagesAndProfile ? .compiler : .interpreter
    options.moduleTransform = { module, features in
      let validated = try ModuleValidator.validate(module, features: features)
      let result: Module
      do throws(TransformError) {
        result = try Instrumentation.instrument(validated, options: kind.options).module
      } catch {
        // Shared memories cannot be logged.
        guard error.message.contains("is shared") else { throw error }
        return module
      }
      instrumented.withLock { $0 += 1 }
      var all = features
      all.insert(.multiMemory)
      all.insert(.bulkMemory)
      return try ModuleValidator.validate(
        try ModuleDecoder.decode(ModuleEncoder.encode(result), features: all), features: all
      ).module
    }
    for outcome in ScriptSuite.run(Array(Set(paths)).sorted(), options: options) {
      // What the engine cannot run yet it cannot run instrumented either.
      let failures = outcome.failures.filter {
        !$0.got.hasPrefix("unsupported") && $0.got != "the module was not instantiated"
      }
      #expect(failures.isEmpty, "\(outcome.path): \(failures.prefix(3))")
    }
    #expect(instrumented.withLock { $0 } > 500)
  }
}
