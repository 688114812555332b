import Foundation
import Synchronization
import Testing
import WastRunner
import WasmEngine
import WebAssembly

/// The official scripts with every module instrumented: they must not notice.
@Suite struct InstrumentedScriptTests {
  enum Kind: String, CaseIterable {
    case log, everything, pages

    var options: InstrumentOptions {
      var options = InstrumentOptions()
      options.stores = self == .pages ? .pages : .log
      if self == .everything {
        options.logsFromStart = true
        options.tracesMemory = true
        options.countsCalls = true
        options.covers = true
      }
      options.traceCapacity = 16
      // Where a mark would have to keep a reference there is none.
      options.savesGlobals = false
      return options
    }

    var tier: ExecutionTier { self == .log ? .interpreter : .compiler }
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
    options.tier = kind.tier
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
    for path in Set(paths).sorted() {
      let outcome = ScriptSuite.run(Array(try Self.text(of: path).utf8), path: path, options: options)
      // What the engine cannot run yet it cannot run instrumented either.
      let failures = outcome.failures.filter {
        !$0.got.hasPrefix("unsupported") && $0.got != "the module was not instantiated"
      }
      #expect(failures.isEmpty, "\(outcome.path): \(failures.prefix(3))")
    }
    #expect(instrumented.withLock { $0 } > 500)
  }

  /// A script with a hundredth of the calls where it makes a million, and whether their number is even stays as it was.
  private static func text(of path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8).replacing("1_000_00", with: "10_00").replacing(
      "999_999", with: "9_999")
  }
}
