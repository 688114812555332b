import Testing
import WasmEngine
import WebAssembly

/// `_initialize` of modules that are linked.
@Suite struct LinkedInitializerTests {
  static let modules: [(name: String, text: String)] = [
    (
      "a",
      """
      (module (global $g (export "g") (mut i32) (i32.const 1)) (memory (export "m") 1)
        (func (export "_initialize") (global.set $g (i32.mul (global.get $g) (i32.const 10)))))
      """
    ),
    // The segment of b comes after what a does, and the start function of b before its initializer.
    (
      "b",
      """
      (module (import "a" "g" (global $g (mut i32))) (import "a" "m" (memory 1))
        (data (i32.const 8) "b") (func $s (global.set $g (i32.add (global.get $g) (i32.const 2)))) (start $s)
        (func (export "_initialize") (global.set $g (i32.mul (global.get $g) (i32.const 10)))))
      """
    ),
    ("again", "(module (import \"b\" \"_initialize\" (func $f)) (export \"_initialize\" (func $f)))"),
    ("other", "(module (func (export \"_initialize\") (param i32)))"),
    (
      "c",
      """
      (module (import "a" "g" (global $g (mut i32)))
        (func (export "_initialize") (global.set $g (i32.add (global.get $g) (i32.const 5))))
        (func (export "get") (result i32) (global.get $g)))
      """
    ),
  ]

  static func link(_ options: LinkOptions) throws -> LinkedModule {
    try ModuleLinker.link(
      try modules.map { name, text in
        let module = try ModuleParser.parse(Array(text.utf8)).module
        return LinkInput(
          name: name, module: try ModuleValidator.validate(ModuleDecoder.decode(ModuleEncoder.encode(module))))
      }, options: options)
  }

  static func value(_ linked: LinkedModule, callsOwn: Bool = false) throws -> Int32? {
    let engine = makeEngine()
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(linked.module))
    let instance = try Store(engine).instantiate(engine.compile(module), imports: [])
    if callsOwn { _ = try instance.function("_initialize").call([]) }
    return try callI32(instance, "get")
  }

  @Test func theStartFunctionCallsThemOnceEach() throws {
    var options = LinkOptions()
    options.callsInitializers = true
    let linked = try Self.link(options)
    #expect(linked.uninitialized.isEmpty)
    #expect(linked.unused == ["other"])
    #expect(try Self.value(linked) == (1 * 10 + 2) * 10)
    // That of the last module is the host's to call.
    #expect(try Self.value(linked, callsOwn: true) == (1 * 10 + 2) * 10 + 5)
    options.defaultExports = .none
    options.exports = [LinkOptions.ExportRequest(module: "c", name: "get")]
    #expect(try Self.value(try Self.link(options)) == (1 * 10 + 2) * 10 + 5)
  }

  @Test func withoutTheOptionTheyAreNamed() throws {
    let linked = try Self.link(LinkOptions())
    // "again" passes that of another on.
    #expect(linked.uninitialized == ["a", "b"])
    #expect(try Self.value(linked) == 3)
  }
}
