import Testing

@testable import WebAssembly

/// What a feature adds is refused where it is off, whichever way the module comes: as a text, as a binary, or as a module
/// that was read with the feature on.
@Suite struct FeatureTests {
  /// Fields of modules that need a feature; at least one for each.
  static let fields: [(feature: Feature, fields: [String])] = [
    (
      .mutableGlobals,
      [
        #"(import "m" "g" (global (mut i32)))"#, #"(global (export "g") (mut i32) (i32.const 0))"#,
        #"(global $g (mut i64) (i64.const 0)) (export "g" (global $g))"#,
      ]
    ),
    (.signExtension, ["(func (drop (i32.extend8_s (i32.const 1))))", "(func (drop (i64.extend32_s (i64.const 1))))"]),
    (.saturatingFloatToInt, ["(func (drop (i32.trunc_sat_f32_s (f32.const 1))))"]),
    (
      .multiValue,
      [
        "(type (func (result i32 i64)))", "(func (result i32 i32) unreachable)",
        "(type $t (func)) (func (block (type $t)))",
        "(type $t (func (result i32))) (func (drop (block (type $t) (i32.const 1))))",
        "(func (i32.const 1) (block (param i32) (drop)))", "(func (block (result i32 i32) unreachable) (drop) (drop))",
        "(type $t (func)) (func (loop (type $t)))", "(type $t (func)) (func (if (type $t) (i32.const 1) (then)))",
      ]
    ),
    (
      .bulkMemory,
      [
        #"(data "passive")"#, "(func $f) (elem func $f)", "(func $f) (elem declare func $f)", "(elem funcref)",
        "(elem declare funcref)", "(table 1 funcref) (func $f) (elem (i32.const 0) funcref (ref.func $f))",
        "(func $f) (table funcref (elem (ref.func $f)))",
        "(table 1 funcref) (table 1 funcref) (elem (table 1) (i32.const 0) func)",
        #"(memory 1) (memory 1) (data (memory 1) (i32.const 0) "a")"#,
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
      ]
    ),
    (
      .referenceTypes,
      [
        "(func (param funcref))", "(func (result funcref) unreachable)", "(func (local funcref))",
        "(func (param externref))",
        "(import \"m\" \"g\" (global funcref))", "(global funcref (ref.null func))", "(table 1 externref)",
        "(table 1 funcref) (table 1 funcref)",
        "(func (drop (select (result i32) (i32.const 1) (i32.const 1) (i32.const 1))))",
        "(func (drop (block (result funcref) unreachable)))", "(type (func (param funcref)))", "(elem externref)",
        "(func (drop (ref.null func)))", "(table 1 funcref) (func (drop (table.size 0)))",
        "(type (struct (field funcref)))", "(type (array externref))", "(type (func (param funcref) (result i32)))",
        "(tag (param funcref))",
      ]
    ),
    (
      .simd,
      [
        "(func (param v128))", "(func (local v128))", "(global v128 (v128.const i32x4 1 2 3 4))",
        "(type (func (result v128)))",
        "(func (drop (block (result v128) unreachable)))", "(type (array v128))",
        "(func (unreachable) (drop (i8x16.relaxed_swizzle)))",
        #"(import "m" "g" (global v128))"#, "(tag (param v128))",
      ]
    ),
    (.relaxedSIMD, ["(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"]),
    (
      .tailCall,
      [
        "(func $f (return_call $f))", "(table 1 funcref) (func (return_call_indirect (i32.const 0)))",
        "(type $t (func)) (func (return_call_ref $t (ref.null $t)))",
      ]
    ),
    (
      .extendedConst,
      [
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))", "(memory 1) (data (i32.mul (i32.const 1) (i32.const 2)))",
        "(table 1 funcref) (elem (offset (i32.sub (i32.const 2) (i32.const 2))) func)",
        "(global i64 (i64.add (i64.const 1) (i64.const 2)))",
      ]
    ),
    (
      .multiMemory,
      [
        "(memory 1) (memory 1)", #"(import "m" "a" (memory 1)) (memory 1)"#,
        #"(import "m" "a" (memory 1)) (import "m" "b" (memory 1))"#,
        "(memory 1) (memory 1) (func (drop (i32.load 1 (i32.const 0))))",
        #"(memory 1) (memory (data "a"))"#,
      ]
    ),
    (
      .memory64,
      [
        "(memory i64 1)", "(table i64 1 funcref)", #"(import "m" "a" (memory i64 1))"#,
        #"(import "m" "a" (table i64 1 funcref))"#,
        #"(memory i64 (data "a"))"#, "(func $f) (table i64 funcref (elem $f))",
      ]
    ),
    (
      .functionReferences,
      [
        "(type $t (func)) (func (param (ref $t)))", "(type $t (func)) (func (param (ref null $t)))",
        "(func (param (ref func)))",
        "(func (param (ref extern)))", "(table 1 funcref (ref.null func))",
        "(func $f) (table 1 (ref func) (ref.func $f))",
        "(type $t (func)) (func (drop (ref.null $t)))", "(type $t (func)) (table 1 (ref null $t))",
        "(type $t (func)) (func (call_ref $t (ref.null $t)))",
        "(func (param funcref) (drop (ref.as_non_null (local.get 0))))",
      ]
    ),
    (
      .gc,
      [
        "(rec)", "(type (struct))", "(type (array i8))", "(rec (type (func)))", "(rec (type (func)) (type (func)))",
        "(type (sub (func)))", "(type (sub final (func)))", "(type $t (sub (func))) (type (sub $t (func)))",
        "(type $t (func (param (ref null $t))))", "(func (param anyref))", "(func (param i31ref))",
        "(func (param nullfuncref))",
        "(func (drop (ref.null none)))", "(func (param (ref struct)))", "(table 1 anyref)", "(elem eqref)",
        "(global $a i32 (i32.const 1)) (global i32 (global.get $a))",
        "(memory 1) (global $a i32 (i32.const 1)) (data (global.get $a))",
        "(table 1 funcref) (global $a i32 (i32.const 1)) (elem (global.get $a) func)",
        "(func (drop (ref.i31 (i32.const 1))))", "(func (param nullexnref))", "(func (param nullexternref))",
      ]
    ),
    (
      .exceptions,
      [
        "(tag)", "(tag (param i32))", #"(import "m" "t" (tag))"#, #"(tag (export "t"))"#,
        #"(tag $t) (export "t" (tag $t))"#,
        "(func (param exnref))", "(tag $t) (func (throw $t))", "(func (try_table))", "(func (drop (ref.null exn)))",
        "(func (param nullexnref))", "(table 1 exnref)", "(type (struct (field exnref)))",
      ]
    ),
    (
      .customAnnotations,
      [#"(func $f (@name "x"))"#, #"(func $"a b")"#, #"(@custom "a" "b")"#, #"(func (param (@name "x") i32))"#]
    ),
    (
      .threads,
      [
        "(memory 1 1 shared)", #"(import "m" "a" (memory 1 1 shared))"#,
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(func (atomic.fence))",
      ]
    ),
    (
      .customPageSizes,
      [
        "(memory 1 (pagesize 1))", #"(import "m" "a" (memory 1 (pagesize 1)))"#, #"(memory (pagesize 1) (data "a"))"#,
      ]
    ),
    (.wideArithmetic, ["(func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 1)))"]),
    (.memoryControl, ["(memory 1) (func (memory.discard (i32.const 0) (i32.const 0)))"]),
    (
      .compactImports,
      [
        #"(import "m" (item "a" (func)))"#, #"(import "m" (item "a" (func)) (item "b" (global i32)))"#,
        #"(import "m" (item "a") (item "b") (memory 1))"#,
      ]
    ),
    (
      .numericValues,
      [
        "(data (i8 1))", "(memory 1) (data (i32.const 0) (f64 nan))", "(memory (data (v128 i32x4 1 2 3 4)))",
        #"(data "a" (i16 1) "b")"#,
      ]
    ),
  ]

  @Test func everyFeatureIsThere() {
    #expect(Set(Self.fields.map(\.feature)) == Set(Feature.allCases))
  }

  @Test(arguments: fields.indices)
  func whatIsOffIsRefused(row: Int) throws {
    let (feature, texts) = Self.fields[row]
    var features = FeatureSet.all
    features.remove(feature)
    for text in texts {
      let source = Array("(module \(text))".utf8)
      let module = try ModuleParser.parse(source).module
      _ = try ModuleValidator.validate(module)
      // The text.
      let message = Self.refusal {
        try ModuleParser.parse(source, features: features).module
      } features: {
        features
      }
      #expect(message != nil, "\(feature.rawValue): the text \(text) is accepted")
      // What only the text has leaves nothing in the module.
      if feature == .customAnnotations || feature == .numericValues || text.contains("sub final") { continue }
      let isCompact = feature == .compactImports && module.imports.count > 1
      let binary = ModuleEncoder.encode(module, compactsImports: isCompact)
      _ = try ModuleValidator.validate(try ModuleDecoder.decode(binary))
      if feature != .compactImports || isCompact {
        let message = Self.refusal {
          try ModuleDecoder.decode(binary, features: features)
        } features: {
          features
        }
        #expect(message != nil, "\(feature.rawValue): the binary of \(text) is accepted")
      }
      if feature == .compactImports { continue }
      #expect(
        Self.refusal {
          module
        } features: {
          features
        } != nil, "\(feature.rawValue): the module of \(text) is accepted")
    }
  }

  /// What is wrong with a module, or nil.
  private static func refusal(_ read: () throws -> Module, features: () -> FeatureSet) -> String? {
    do {
      _ = try ModuleValidator.validate(try read(), features: features())
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func everyOperatorNamesItsFeature() throws {
    let names = Dictionary(grouping: Operator.all, by: \.name)
    for row in Operator.all where names[row.name]?.count == 1 {
      for feature in row.requiredFeatures.features {
        var features = FeatureSet.all
        features.remove(feature)
        #expect(!DecodingTable(features: features).entries[Int(row.opcode.rawValue)].isKnown, "\(row.name)")
        let error = #expect(throws: TextError.self) {
          try ModuleParser.parse(Array("(func \(row.name))".utf8), features: features)
        }
        #expect(error?.message.hasSuffix("needs the feature \(feature.rawValue)") == true, "\(row.name)")
      }
    }
  }
}
