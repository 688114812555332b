import Testing
import WebAssembly

@testable import polymnia_fuzz

/// Where the sections of what transforms write stand.
@Suite struct SectionOrderTests {
  static func validated(_ text: String) throws -> ValidatedModule {
    let module = try ModuleParser.parse(Array("(module \(text))".utf8), features: .all).module
    return try ModuleValidator.validate(ModuleDecoder.decode(ModuleEncoder.encode(module)))
  }

  static func expectOrder(_ module: Module, _ what: Comment? = nil) {
    #expect(SectionOrder.fault(of: ModuleEncoder.encode(module)) == nil, what)
  }

  @Test func theCheckerSeesWhatIsWrong() {
    let header: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    func custom(_ name: String) -> [UInt8] { [0, UInt8(name.utf8.count + 1), UInt8(name.utf8.count)] + name.utf8 }
    let (type, code, data): ([UInt8], [UInt8], [UInt8]) = ([1, 1, 0], [10, 1, 0], [11, 1, 0])
    for (sections, fault) in [
      ([type, code, data, custom("name"), custom("producers"), custom("target_features")], nil),
      ([custom("dylink.0"), type, custom("x"), custom("metadata.code.branch_hint"), code, custom("linking")], nil),
      ([code, type], "section 1 comes after section 10"),
      ([type, type], "section 1 comes after section 1"),
      ([custom("name"), data], "section 11 comes after 'name'"),
      ([custom("producers"), custom("name")], "'name' comes after 'producers'"),
      ([custom("target_features"), custom("producers")], "'producers' comes after 'target_features'"),
      ([code, custom("metadata.code.branch_hint")], "'metadata.code.branch_hint' comes after the code"),
      ([type, custom("dylink.0")], "'dylink.0' is not the first section"),
      ([custom("reloc.CODE"), custom("linking")], "'linking' comes after relocations"),
      ([[14, 0]], "unknown section 14"), ([[1, 5, 0]], "a section is cut"),
    ] as [([[UInt8]], String?)] {
      #expect(SectionOrder.fault(of: header + sections.joined()) == fault)
    }
    #expect(SectionOrder.fault(of: []) == "no header of a module")
  }

  @Test func instrumentWritesTheDataBeforeTheNames() throws {
    let module = try Self.validated("(memory $m 1) (func $f (i32.store (i32.const 0) (i32.const 1)))")
    var options = InstrumentOptions()
    options.stores = .log
    let result = try Instrumentation.instrument(module, options: options)
    Self.expectOrder(result.module)
    #expect(Names(result.module).name(of: .function, 0) == "f")
  }

  @Test func addedMemoriesComeBeforeTheNames() throws {
    // A module of types and names alone, to which a memory section and an export section are added.
    let module = try Self.validated("(type $t (func))")
    #expect(module.module.customSections.map(\.name) == ["name"])
    for text in ["heap=export,min=1", "heap=import:host.heap,min=1"] {
      let result = try MemoryAddition.add([try MemoryDeclaration(parsing: text)], to: module)
      Self.expectOrder(result.module, "\(text)")
    }
    let imported = try Self.validated("(memory $m 1)")
    let result = try MemoryAddition.add([try MemoryDeclaration(parsing: "heap=import:host.heap,min=1")], to: imported)
    Self.expectOrder(result.module)
  }

  @Test func loweringAddsExportsBeforeTheNames() throws {
    let module = try Self.validated("(import \"a\" \"m\" (memory $a 1)) (memory $b 1)")
    Self.expectOrder(try MemoryLowering.lower(module).module)
  }

  @Test func linkingKeepsTheConventionalOrder() throws {
    let annotations = """
      (@custom "dylink.0" (before first) "") (@custom "producers" (after last) "\\00")
      (@custom "target_features" (after last) "\\01+\\0bbulk-memory") (@custom "note" (after type) "x")
      """
    let first = try Self.validated("(func $f (export \"f\")) \(annotations)")
    let second = try Self.validated("(import \"a\" \"f\" (func $f)) (func $g (export \"g\") (call $f)) \(annotations)")
    let linked = try ModuleLinker.link([LinkInput(name: "a", module: first), LinkInput(name: "b", module: second)])
    Self.expectOrder(linked.module)
    #expect(linked.module.customSections.map(\.name) == ["note", "name", "producers", "target_features"])
    Self.expectOrder(try DeadCodeRemoval.remove(from: second).module)
  }

  @Test func sectionsInWrongPlacesArePutRight() throws {
    let module = try Self.validated(
      """
      (memory $a 1) (memory $b 1) (func $f (export "f") (param i32)
        (@metadata.code.branch_hint "\\01") (if (local.get 0) (then (i32.store (local.get 0) (i32.const 1)))))
      (data (i32.const 0) "x") (@custom "producers" (before first) "\\00") (@custom "other" (before data) "y")
      """)
    Self.expectOrder(try MemoryLowering.lower(module).module)
    Self.expectOrder(
      try FunctionSpecialization.specialize(module, functions: ["f"], memories: [("a", "b")]).module)
    Self.expectOrder(try FunctionSpecialization.dispatch(module, functions: ["f"]).module)
    Self.expectOrder(try Instrumentation.instrument(module, options: InstrumentTests.log { _ in }).module)
    Self.expectOrder(try DeadCodeRemoval.remove(from: module).module)
    let lowered = try MemoryLowering.lower(module).module
    // What nothing is said of stays where it is.
    #expect(lowered.customSections.first { $0.name == "other" }?.after == .code)
  }

  /// A share of the modules of the official scripts and the examples, and every tool. The fuzzer takes all.
  @Test func everyToolKeepsTheOrder() throws {
    let folder = Environment.packageFolder
    let corpus = Corpus(scripts: "\(folder)/../shared/testsuite", package: folder)
    var written = 0
    for number in stride(from: 0, to: corpus.binaries.count, by: max(1, corpus.binaries.count / 40)) {
      guard let module = try? ModuleDecoder.decode(corpus.binaries[number]),
        let validated = try? ModuleValidator.validate(module)
      else { continue }
      for tool in ToolTrial.tools where tool.writesModule {
        var trial = ToolTrial(corpus: corpus, random: RandomSource(seed: 5, number: number), command: nil)
        switch trial.run(tool, validated) {
        case .written: written += 1
        case .refused: break
        case .wrong(let what): Issue.record("\(tool.name): \(what)")
        }
      }
    }
    #expect(written > 50)
  }
}
