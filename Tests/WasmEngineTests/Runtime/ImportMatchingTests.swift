import Testing
import WasmEngine

@Suite struct ImportMatchingTests {
  let store = Store()

  /// The error of linking a module with one import, or nil.
  private func link(_ text: String, _ value: ExternalValue) throws -> LinkError? {
    let module = try store.engine.compile(text: "(module \(text))")
    do { try store.instantiate(module, imports: [value]) } catch let error as LinkError { return error }
    return nil
  }

  private func memory(_ text: String) throws -> Memory {
    try store.load(#"(module (memory (export "m") \#(text)))"#).memory("m")
  }

  private func exported(_ text: String) throws -> ExternalValue {
    try #require(try store.load("(module \(text))").exports.first?.value)
  }

  @Test func memoriesAreMatchedByTheirCurrentSize() throws {
    let small = try memory("1 5")
    #expect(try link(#"(import "a" "b" (memory 2))"#, .memory(small))?.kind == .incompatibleImportType)
    try small.grow(by: 1)
    #expect(try link(#"(import "a" "b" (memory 2))"#, .memory(small)) == nil)
    #expect(try link(#"(import "a" "b" (memory 2 5))"#, .memory(small)) == nil)
    #expect(try link(#"(import "a" "b" (memory 0 6))"#, .memory(small)) == nil)
    #expect(try link(#"(import "a" "b" (memory 2 4))"#, .memory(small)) != nil)
    #expect(try link(#"(import "a" "b" (memory 0 6))"#, .memory(memory("1"))) != nil)
  }

  @Test func memoriesOfOtherKindsDoNotMatch() throws {
    #expect(try link(#"(import "a" "b" (memory i64 1))"#, .memory(memory("1"))) != nil)
    #expect(try link(#"(import "a" "b" (memory 1))"#, .memory(memory("i64 1"))) != nil)
    #expect(try link(#"(import "a" "b" (memory 1 2 shared))"#, .memory(memory("1 2"))) != nil)
    #expect(try link(#"(import "a" "b" (memory 1 2))"#, .memory(memory("1 2 shared"))) != nil)
    #expect(try link(#"(import "a" "b" (memory 1 2 shared))"#, .memory(memory("1 2 shared"))) == nil)
    #expect(try link(#"(import "a" "b" (memory 1 (pagesize 1)))"#, .memory(memory("1"))) != nil)
    #expect(try link(#"(import "a" "b" (memory 1 (pagesize 1)))"#, .memory(memory("4 (pagesize 1)"))) == nil)
  }

  @Test func tables() throws {
    let table = try exported(#"(table (export "t") 2 4 funcref)"#)
    #expect(try link(#"(import "a" "b" (table 1 funcref))"#, table) == nil)
    #expect(try link(#"(import "a" "b" (table 3 funcref))"#, table) != nil)
    #expect(try link(#"(import "a" "b" (table 1 externref))"#, table) != nil)
    #expect(try link(#"(import "a" "b" (table i64 1 funcref))"#, table) != nil)
    #expect(try link(#"(import "a" "b" (table 1 3 funcref))"#, table) != nil)
  }

  @Test func globals() throws {
    let constant = try exported(#"(global (export "g") i32 (i32.const 1))"#)
    let variable = try exported(#"(global (export "g") (mut i32) (i32.const 1))"#)
    #expect(try link(#"(import "a" "b" (global i32))"#, constant) == nil)
    #expect(try link(#"(import "a" "b" (global (mut i32)))"#, constant) != nil)
    #expect(try link(#"(import "a" "b" (global (mut i32)))"#, variable) == nil)
    #expect(try link(#"(import "a" "b" (global i32))"#, variable) != nil)
    #expect(try link(#"(import "a" "b" (global i64))"#, constant) != nil)
    // An immutable global may be of a subtype, a mutable one may not.
    let null = try exported(#"(global (export "g") nullfuncref (ref.null nofunc))"#)
    #expect(try link(#"(import "a" "b" (global funcref))"#, null) == nil)
    let mutableNull = try exported(#"(global (export "g") (mut nullfuncref) (ref.null nofunc))"#)
    #expect(try link(#"(import "a" "b" (global (mut funcref)))"#, mutableNull) != nil)
  }

  @Test func functionsByTypeAcrossModules() throws {
    let function = try exported(#"(type (func)) (func (export "f") (param i32) (result i64) (i64.const 0))"#)
    #expect(try link(#"(import "a" "b" (func (param i32) (result i64)))"#, function) == nil)
    #expect(try link(#"(import "a" "b" (func (param i32)))"#, function) != nil)
    #expect(try link(#"(import "a" "b" (func (param i64) (result i64)))"#, function) != nil)
    #expect(try link(#"(import "a" "b" (memory 1))"#, function) != nil)
  }

  @Test func functionsBySubtype() throws {
    let function = try exported(
      #"""
      (type $a (sub (func))) (type $b (sub $a (func)))
      (func (export "f") (type $b))
      """#)
    let types = "(type $a (sub (func))) (type $b (sub $a (func))) (type $c (sub $a (func (param))))"
    #expect(try link(types + #"(import "a" "b" (func (type $a)))"#, function) == nil)
    #expect(try link(types + #"(import "a" "b" (func (type $b)))"#, function) == nil)
    #expect(try link(#"(type (func)) (import "a" "b" (func (type 0)))"#, function) != nil)
  }

  @Test func tags() throws {
    let tag = try exported(#"(tag (export "x") (param i32))"#)
    #expect(try link(#"(import "a" "b" (tag (param i32)))"#, tag) == nil)
    #expect(try link(#"(import "a" "b" (tag (param i64)))"#, tag) != nil)
    #expect(try link(#"(import "a" "b" (tag))"#, tag) != nil)
  }

  @Test func errorsNameTheImportAndBothTypes() throws {
    let error = try link(#"(import "env" "counter" (global (mut i64)))"#, .memory(memory("1 2")))
    let message = try #require(error?.message)
    #expect(message.hasPrefix("incompatible import type"))
    for part in ["env", "counter", "global", "i64", "memory", "1 2"] { #expect(message.contains(part)) }
    let linker = Linker(store)
    let module = try store.engine.compile(text: #"(module (import "env" "f" (func (param i32))))"#)
    let unknown = #expect(throws: LinkError.self) { try linker.instantiate(module) }
    #expect(unknown?.kind == .unknownImport)
    #expect(unknown?.message.hasPrefix("unknown import") == true)
    #expect(unknown?.message.contains("env") == true)
  }

  @Test func hostFunctionsAreMatchedLikeOthers() throws {
    let function = Function(in: store) { (_: borrowing Caller, x: Int32) -> Int64 in Int64(x) }
    #expect(try link(#"(import "a" "b" (func (param i32) (result i64)))"#, .function(function)) == nil)
    #expect(try link(#"(import "a" "b" (func (param i32) (result i32)))"#, .function(function)) != nil)
  }

  @Test func importsAndExportsAreListed() throws {
    let module = try store.engine.compile(
      text: #"""
        (module
          (import "a" "m" (memory 1))
          (import "a" "f" (func (param i32)))
          (import "b" "n" (memory i64 2 3))
          (export "back" (memory 1))
          (func (export "g") (result f64) (f64.const 0)))
        """#)
    #expect(
      module.imports.map(\.type) == [
        .memory(MemoryType(limits: Limits(minimum: 1))),
        .function(FunctionType(parameters: [.i32])),
        .memory(MemoryType(limits: Limits(minimum: 2, maximum: 3), addressType: .i64)),
      ])
    #expect(module.imports.map(\.name) == ["m", "f", "n"])
    #expect(module.exports.map(\.name) == ["back", "g"])
    #expect(module.exports[1].type == .function(FunctionType(results: [.f64])))
  }
}
