import Testing
import WasmEngine
import WebAssembly

/// Names that look the same, and are the same to a string of Swift, are two names (Core 3.0, 2.2.4).
@Suite struct ExactNameTests {
  static let pairs = [
    ("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), ("\u{AC00}", "\u{1100}\u{1161}"), ("A\u{30A}", "\u{C5}"),
  ]

  static func validated(_ text: String) throws -> ValidatedModule {
    try ModuleValidator.validate(try ModuleParser.parse(Array("(module \(text))".utf8), features: .all).module)
  }

  @Test(arguments: pairs) func exactNamesDiffer(_ one: String, _ other: String) {
    #expect(one == other)
    #expect(ExactName(one) != ExactName(other))
    #expect(Set([ExactName(one), ExactName(other), ExactName(one)]).count == 2)
  }

  @Test(arguments: pairs) func lowerKeepsImportedMemoriesApart(_ one: String, _ other: String) throws {
    let lowered = try MemoryLowering.lower(
      try Self.validated(
        """
        (import "m" "\(one)" (memory $one 1)) (import "m" "\(other)" (memory $other 1))
        (export "\(one)" (memory $one)) (export "\(other)" (memory $other))
        (func (export "both") (result i32)
          (i32.store $one (i32.const 8) (i32.const 7)) (i32.load $other (i32.const 8)))
        """))
    for instance in try SpecializationTests.instances(lowered.module) {
      #expect(try BindingTests.call(instance, "both") == [0])
    }
  }

  @Test(arguments: pairs) func bindingsReferToTheirMemory(_ one: String, _ other: String) throws {
    let bound = try BindingTests.bind(
      """
      (module
        (import "multi_memory" "i32.load@\(one)" (func $one (param i32) (result i32)))
        (import "multi_memory" "i32.load@\(other)" (func $other (param i32) (result i32)))
        (memory $first 1) (memory $second 1)
        (data (memory 0) (i32.const 0) "\\01") (data (memory 1) (i32.const 0) "\\02")
        (export "\(one)" (memory $first)) (export "\(other)" (memory $second))
        (func (export "both") (result i32 i32) (call $one (i32.const 0)) (call $other (i32.const 0))))
      """)
    for instance in try BindingTests.instances(bound) {
      #expect(try BindingTests.call(instance, "both") == [1, 2])
    }
  }

  /// Both are declared by the module itself, in two sections.
  @Test(arguments: pairs) func declarationsOfTwoMemories(_ one: String, _ other: String) throws {
    let bound = try BindingTests.bind(
      """
      (module
        (import "multi_memory" "memory.size@\(one)" (func $one (result i32)))
        (import "multi_memory" "memory.size@\(other)" (func $other (result i32)))
        (@custom "multi_memory" "\(one)=min=3") (@custom "multi_memory" "\(other)=min=5")
        (func (export "both") (result i32 i32) (call $one) (call $other)))
      """)
    for instance in try BindingTests.instances(bound) {
      #expect(try BindingTests.call(instance, "both") == [3, 5])
    }
  }

  @Test(arguments: pairs) func specializeTakesTheFunctionThatIsNamed(_ one: String, _ other: String) throws {
    let module = try Self.validated(
      """
      (memory (export "m\(one)") 1) (memory (export "m\(other)") 1)
      (func (export "\(one)") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
      (func (export "\(other)") (param i32) (i32.store8 (local.get 0) (i32.const 2)))
      """)
    var options = SpecializationOptions()
    options.exportNames = [ExactName(one): "one", ExactName(other): "other"]
    let result = try FunctionSpecialization.specialize(
      module, functions: [one, other], memories: [("m\(one)", "m\(other)")], options: options)
    for instance in try SpecializationTests.instances(result.module) {
      let second = try instance.memory("m\(other)")
      for (name, value) in [("one", UInt8(1)), ("other", 2)] {
        _ = try instance.function(name).call([.i32(0)])
        #expect(try second.load(UInt8.self, at: 0) == value)
      }
    }
  }

  @Test(arguments: pairs) func stripRemovesTheSectionThatIsNamed(_ one: String, _ other: String) throws {
    let module = try Self.validated("(@custom \"\(one)\" \"1\") (@custom \"\(other)\" \"2\")")
    let binary = try ModuleDecoder.decode(ModuleEncoder.encode(module.module))
    let result = SectionStripping(.none, removing: [ExactName(other)]).strip(binary)
    let left = try ModuleDecoder.decode(result.bytes).customSections
    #expect(left.map { ExactName($0.name) } == [ExactName(one)])
  }

  @Test(arguments: pairs) func linkBindsTheExportThatIsNamed(_ one: String, _ other: String) throws {
    let library = try Self.validated(
      "(func (export \"\(one)\") (result i32) (i32.const 1)) (func (export \"\(other)\") (result i32) (i32.const 2))")
    let program = try Self.validated(
      """
      (import "l" "\(other)" (func $other (result i32))) (import "l" "\(one)" (func $one (result i32)))
      (func (export "both") (result i32 i32) (call $one) (call $other))
      """)
    let linked = try ModuleLinker.link([
      LinkInput(name: "l", module: library), LinkInput(name: "p", module: program),
    ])
    for instance in try SpecializationTests.instances(linked.module) {
      #expect(try BindingTests.call(instance, "both") == [1, 2])
    }
  }
}
