import Foundation
import Synchronization
import Testing
import WastRunner
import WasmEngine
import WebAssembly

/// The official scripts with every module lowered to one memory: they must not notice.
@Suite struct LoweredScriptTests {
  /// What is added to a module before it is lowered, so that each way of lowering an access is met.
  enum Companion: String, CaseIterable {
    /// Nothing: only modules with several memories are lowered.
    case none
    /// A memory that never grows: the module's own lies behind it, at the end.
    case fixed
    /// An exported one with a maximum: accesses are compared with a size that is kept.
    case bounded
    /// An exported one without a maximum, which can push the others up.
    case open
  }

  static let folders = [
    "core/multi-memory", "core/simd/simd_memory-multi.wast", "core/memory64", "core/bulk-memory",
    "core/simd/simd_address.wast", "core/simd/simd_load.wast", "core/simd/simd_store.wast",
    "core/simd/simd_load8_lane.wast", "core/simd/simd_store64_lane.wast",
    "core/address.wast", "core/align.wast", "core/data.wast", "core/endianness.wast", "core/float_memory.wast",
    "core/memory.wast", "core/memory_grow.wast", "core/memory_size.wast", "core/memory_trap.wast",
    "core/memory_redundancy.wast", "core/start.wast", "core/traps.wast", "core/nop.wast", "core/block.wast",
    "core/call.wast", "core/br_if.wast", "core/br_table.wast", "core/unreachable.wast", "core/store.wast",
    "core/load.wast", "core/custom.wast", "proposals/custom-page-sizes",
  ]

  /// Where modules have several memories as they are.
  static let foldersOfSeveral = [
    "core/multi-memory", "core/simd/simd_memory-multi.wast", "proposals/custom-page-sizes",
  ]

  /// What is run on a tier.
  struct Run: Sendable, CustomTestStringConvertible {
    var companion: Companion
    var tier: ExecutionTier
    var folders: [String]
    /// More modules than this must have been lowered.
    var least = 300

    var testDescription: String { "\(companion) on \(tier), \(folders.count) folders and scripts" }
  }

  /// Everything on one of the tiers, what has several memories or 64-bit addresses on both.
  static let runs = [
    Run(companion: .none, tier: .interpreter, folders: foldersOfSeveral, least: 40),
    Run(companion: .none, tier: .compiler, folders: foldersOfSeveral, least: 40),
    Run(companion: .fixed, tier: .compiler, folders: folders),
    Run(companion: .fixed, tier: .interpreter, folders: foldersOfSeveral + ["core/memory64"], least: 150),
    Run(companion: .bounded, tier: .compiler, folders: folders),
    Run(companion: .open, tier: .interpreter, folders: folders),
  ]

  @Test(
    .enabled(if: OfficialScriptTests.isThere, "The official scripts are not in ../shared/testsuite."),
    arguments: runs)
  func scriptsDoNotNotice(run: Run) throws {
    let companion = run.companion
    let folder = OfficialScriptTests.folder
    let paths = try ScriptFiles.find(
      run.folders.map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) })
    let lowered = Mutex(0)
    for path in Set(paths).sorted() {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      // Whoever imports a memory of another module would get the combined one.
      let isLinked = text.contains("(register")
      var options = SuiteOptions()
      options.tier = run.tier
      options.moduleTransform = { module, features in
        let exportsMemory = module.exports.contains { $0.kind == .memory }
        if isLinked && exportsMemory { return module }
        // An imported memory becomes the module's own, which a script notices.
        if module.imports.contains(where: { $0.type.kind == .memory }) { return module }
        guard let result = try Self.lower(Self.add(companion, to: module)) else { return module }
        lowered.withLock { $0 += 1 }
        var single = FeatureSet.all
        single.remove(.multiMemory)
        let bytes = ModuleEncoder.encode(result)
        return try ModuleValidator.validate(try ModuleDecoder.decode(bytes, features: single), features: single).module
      }
      for outcome in ScriptSuite.run([path], options: options) {
        // What the engine cannot run yet it cannot run lowered either.
        let failures = outcome.failures.filter {
          !$0.got.hasPrefix("unsupported") && $0.got != "the module was not instantiated"
        }
        #expect(failures.isEmpty, "\(outcome.path): \(failures.prefix(3))")
      }
    }
    #expect(lowered.withLock { $0 } > run.least)
  }

  private static func add(_ companion: Companion, to module: Module) -> Module {
    var module = module
    guard companion != .none, module.memories.count + module.imports.count { $0.type.kind == .memory } > 0 else {
      return module
    }
    let index = UInt32(module.memories.count + module.imports.count { $0.type.kind == .memory })
    let limits = Limits(minimum: 1, maximum: companion == .open ? nil : 3)
    module.memories.append(MemoryType(limits: limits))
    if companion != .fixed { module.exports.append(Export(name: "companion", kind: .memory, index: index)) }
    return module
  }

  /// nil where the module has one memory, or is refused.
  private static func lower(_ module: Module) throws -> Module? {
    let validated = try ModuleValidator.validate(module)
    guard validated.spaces.memories.count > 1 else { return nil }
    do throws(ModuleError) {
      return try MemoryLowering.lower(validated).module
    } catch {
      guard error.kind == .unsupported else { throw error }
      return nil
    }
  }
}
