import Foundation
import Synchronization
import Testing
import WastRunner
import WebAssembly

/// The official scripts with every module linked, or without its dead code: they must not notice.
@Suite struct LinkedScriptTests {
  enum Transform: String, CaseIterable {
    case linked, pruned
  }

  static let folders = [
    "core/multi-memory", "core/exceptions", "core/call_indirect.wast", "core/data.wast", "core/elem.wast",
    "core/start.wast", "core/global.wast", "core/imports.wast", "core/linking.wast", "core/func_ptrs.wast",
    "core/table.wast", "core/ref_func.wast", "core/type-canon.wast", "core/type-rec.wast",
    "core/type-equivalence.wast", "core/call_ref.wast", "core/instance.wast", "core/gc/type-subtyping.wast",
    "core/memory64/memory64-imports.wast", "core/bulk-memory/bulk.wast", "proposals/custom-page-sizes",
  ]

  @Test(
    .enabled(if: OfficialScriptTests.isThere, "The official scripts are not in ../shared/testsuite."),
    arguments: Transform.allCases)
  func scriptsDoNotNotice(transform: Transform) throws {
    let folder = OfficialScriptTests.folder
    let paths = try ScriptFiles.find(
      Self.folders.map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) })
    let changed = Mutex(0)
    for path in Set(paths).sorted() {
      var options = SuiteOptions()
      options.tier = transform == .linked ? .interpreter : .compiler
      let plainOptions = options
      options.moduleTransform = { module, features in
        let validated = try ModuleValidator.validate(module, features: features)
        let new: Module
        switch transform {
        case .linked:
          var options = LinkOptions()
          options.removesDeadCode = false
          let linked = try ModuleLinker.link([LinkInput(name: "\u{1}linked", module: validated)], options: options)
          // The scripts give a module one thing under one name.
          new = linked.module
        case .pruned:
          let pruned = try DeadCodeRemoval.remove(from: validated)
          // Without its unused imports a module could be linked where it should not.
          if pruned.removed.imports > 0 { return module }
          new = pruned.module
        }
        changed.withLock { $0 += 1 }
        let bytes = ModuleEncoder.encode(new)
        return try ModuleValidator.validate(try ModuleDecoder.decode(bytes, features: features), features: features)
          .module
      }
      for outcome in ScriptSuite.run([path], options: options) {
        if outcome.failures.isEmpty { continue }
        // What the engine cannot run yet it cannot run linked either.
        let plain = Set(ScriptSuite.run([path], options: plainOptions).flatMap(\.failures).map(\.line))
        let failures = outcome.failures.filter { !plain.contains($0.line) }
        #expect(failures.isEmpty, "\(outcome.path): \(failures.prefix(3))")
      }
    }
    #expect(changed.withLock { $0 } > 400)
  }
}
