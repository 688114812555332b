import Testing

@testable import WebAssembly

/// The groups of the compact-import-section proposal.
@Suite struct CompactImportTests {
  static let texts = [
    #"(module (import "m" "a" (func)) (import "m" "b" (func)) (import "m" "c" (func)))"#,
    #"(module (import "m" "a" (func)) (import "m" "b" (memory 1)) (import "m" "c" (global i32)))"#,
    #"(module (import "m" "a" (memory 1)) (import "m" "b" (func)) (import "m" "c" (func)) (import "m" "d" (memory 1)))"#,
    #"(module (import "m" "a" (func)) (import "n" "a" (func)) (import "n" "" (func)) (import "" "" (func)))"#,
    #"(module (import "m" "" (func)) (import "m" "" (func)) (import "m" "" (global i32)))"#, "(module)",
    #"(module (import "m" "a" (table 1 funcref)))"#,
  ]

  @Test(arguments: texts)
  func groupsAreReadAsOrdinaryImports(text: String) throws {
    let module = try ModuleParser.parse(Array(text.utf8)).module
    let ordinary = ModuleEncoder.encode(module)
    let compact = ModuleEncoder.encode(module, compactsImports: true)
    let decoded = try ModuleDecoder.decode(compact)
    #expect(decoded.imports == module.imports)
    #expect(ModuleEncoder.encode(decoded) == ordinary)
    var features = FeatureSet.all
    features.remove(.compactImports)
    let isCompact = compact != ordinary
    #expect(((try? ModuleDecoder.decode(compact, features: features)) == nil) == isCompact)
  }

  @Test(arguments: [
    (#"(import "m" (item "a") (item "b") (func (param i32)))"#, 2),
    (#"(import "m" (item "a" (func $f)) (item "b" (memory $b 1)))"#, 2),
    (#"(import "m" (item "a") (memory i64 1 2))"#, 1),
  ])
  func textsHaveGroups(field: String, count: Int) throws {
    let module = try ModuleParser.parse(Array("(module \(field) (func))".utf8)).module
    #expect(module.imports.map(\.name) == ["a", "b"].prefix(count).map { $0 })
    _ = try ModuleValidator.validate(module)
  }

  @Test(arguments: [
    #"(import "m")"#, #"(import "m" (item "a"))"#, #"(import "m" (item "a") (item "b" (func)))"#,
    #"(import "m" (item "a" (func)) (item "b"))"#, #"(import "m" (item "a" (func)) (func))"#,
    #"(import "m" (item) (func))"#,
    #"(import "m" (item "a") (func) (func))"#, #"(import "m" (item "a" (func) (func)))"#,
    #"(import "m" (item "a") (func $f))"#,
    #"(func) (import "m" (item "a") (func))"#, #"(import "m" "n" (item "a") (func))"#, #"(import "m" (item "a""#,
  ])
  func malformedGroupsAreRefused(text: String) {
    #expect(throws: TextError.self) { try ModuleParser.parse(Array("(module \(text))".utf8)) }
  }

  /// The limit counts imports, not groups.
  @Test func groupsCannotPassTheLimit() throws {
    let text =
      #"(module (import "m" (item "a") (item "b") (global i32)) (import "n" (item "a") (item "b") (global i32)))"#
    let bytes = ModuleEncoder.encode(try ModuleParser.parse(Array(text.utf8)).module, compactsImports: true)
    var limits = ImplementationLimits()
    limits.imports = 4
    #expect(try ModuleDecoder.decode(bytes, limits: limits).imports.count == 4)
    limits.imports = 3
    let error = #expect(throws: ModuleError.self) { try ModuleDecoder.decode(bytes, limits: limits) }
    #expect(error?.kind == .limitExceeded)
    limits.imports = 4
    limits.globals = 3
    #expect(throws: ModuleError.self) { try ModuleDecoder.decode(bytes, limits: limits) }
  }
}
