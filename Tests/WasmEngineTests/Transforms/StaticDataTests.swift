import Testing
import WasmEngine
import WebAssembly

/// Which accesses of functions that are copied for other memories are those of static data.
@Suite struct StaticDataTests {
  enum Verdict: Equatable {
    /// No access is one of static data.
    case free
    /// Some are, and may stay or move.
    case isStatic
    /// It cannot be told.
    case unclear
  }

  static func specialize(
    _ text: String, _ change: (inout SpecializationOptions) -> Void = { _ in }
  ) throws(TransformError) -> SpecializedModule {
    var options = SpecializationOptions()
    change(&options)
    let module: ValidatedModule
    do {
      module = try SpecializationTests.validated("(module \(text))")
    } catch {
      throw TransformError("\(error)")
    }
    return try FunctionSpecialization.specialize(
      module, functions: ["f"], memories: [("0", "1")], options: options)
  }

  static func verdict(_ text: String) throws -> Verdict {
    do throws(TransformError) {
      _ = try specialize(text)
      return .free
    } catch {
      #expect(error.message.contains("'f'") || error.message.contains("'g'"), "\(error)")
      if error.message.contains("accesses static data at address") { return .isStatic }
      #expect(error.remedy == .unclearAddresses, "\(error)")
      // What is unclear is refused whatever becomes of static data, unless all moves or it is allowed.
      #expect(throws: TransformError.self) { _ = try specialize(text) { $0.staticData = .stay } }
      _ = try specialize(text) { $0.staticData = .move }
      _ = try specialize(text) { ($0.staticData, $0.assumesRelocatable) = (.stay, true) }
      return .unclear
    }
  }

  static let memories = "(memory (export \"own\") 1) (memory (export \"other\") 1)"
  static let data = "(data (i32.const 1024) \"0123456789abcdef\")"

  /// A body of the function f, and what else is in the module.
  static let bodies: [(verdict: Verdict, body: String, rest: String)] = [
    // As clang compiles `static const int days[12]; … days[months[i]]`.
    (.isStatic, "(i32.load (i32.add (i32.shl (i32.load (local.get 0)) (i32.const 2)) (i32.const 1024)))", ""),
    (.isStatic, "(i32.load offset=1024 (i32.shl (local.get 0) (i32.const 2)))", ""),
    // days[month - 1].
    (.isStatic, "(i32.load (i32.add (i32.shl (local.get 0) (i32.const 2)) (i32.const 1020)))", ""),
    (.isStatic, "(i32.load (i32.sub (i32.const 1068) (i32.shl (local.get 0) (i32.const 2))))", ""),
    (.isStatic, "(i32.load (i32.or (i32.and (local.get 0) (i32.const 12)) (i32.const 1024)))", ""),
    (.isStatic, "(i32.load (i32.mul (i32.const 4) (i32.const 256)))", ""),
    (.isStatic, "(i32.load (select (i32.const 1024) (i32.const 1028) (local.get 0)))", ""),
    (.isStatic, "(i32.load (if (result i32) (local.get 0) (then (i32.const 1024)) (else (i32.const 1028))))", ""),
    (
      .isStatic,
      "(i32.load (block (result i32) (drop (br_if 0 (i32.const 1024) (local.get 0))) (i32.const 1028)))", ""
    ),
    (.isStatic, "(local.set 1 (i32.const 1024)) (i32.load8_u (i32.add (local.get 1) (i32.load8_u (local.get 0))))", ""),
    (
      .isStatic,
      """
      (local.set 1 (i32.const 1024))
      (loop (drop (i32.load (local.get 1)))
        (local.set 1 (i32.add (local.get 1) (i32.const 4)))
        (br_if 0 (i32.lt_u (local.get 1) (i32.const 1040))))
      (i32.const 0)
      """, ""
    ),
    // All or nothing of an address, by a mask or a factor; a year less the first one.
    (.unclear, "(i32.load (i32.and (i32.const 1028) (i32.sub (i32.const 0) (local.get 0))))", ""),
    (.unclear, "(i32.load (i32.mul (i32.const 1028) (i32.and (local.get 0) (i32.const 1))))", ""),
    (.unclear, "(i32.load8_u (i32.add (local.get 0) (i32.const -930)))", ""),
    (.free, "(i32.load8_u (i32.add (local.get 0) (i32.const -8)))", ""),
    (.free, "(i32.load8_u (i32.add (local.get 0) (i32.and (i32.load (local.get 0)) (i32.const 1023))))", ""),
    (.isStatic, "(i32.load (global.get $table))", "(global $table i32 (i32.const 1024))"),
    (
      .isStatic, "(i32.load (i32.add (global.get $base) (i32.shl (local.get 0) (i32.const 2))))",
      "(import \"env\" \"__memory_base\" (global $base i32)) (data (global.get $base) \"abcd\")"
    ),
    (.isStatic, "(i32.load (global.get $x))", "(import \"GOT.mem\" \"x\" (global $x i32))"),
    (.isStatic, "(call $g (i32.const 1024))", "(func $g (param i32) (result i32) (i32.load (local.get 0)))"),
    (.isStatic, "(i32.load (call $g))", "(func $g (result i32) (i32.const 1024))"),
    (.isStatic, "(i32.wrap_i64 (i64.load (i32.wrap_i64 (i64.const 1024))))", ""),
    (.isStatic, "(memory.copy (local.get 0) (i32.const 1024) (i32.const 11)) (i32.const 0)", ""),
    (.isStatic, "(memory.copy (i32.const 1024) (local.get 0) (i32.const 11)) (i32.const 0)", ""),
    (.isStatic, "(memory.fill (i32.const 1024) (i32.const 0) (i32.const 11)) (i32.const 0)", ""),
    (.isStatic, "(memory.init $d (i32.const 1024) (i32.const 0) (i32.const 1)) (i32.const 0)", "(data $d \"x\")"),
    (.isStatic, "(i32.atomic.rmw.add (i32.const 1024) (i32.const 1))", ""),
    // Arithmetic that takes an address apart.
    (.isStatic, "(i32.load (i32.shl (i32.shr_u (i32.const 1024) (i32.const 2)) (i32.const 2)))", ""),
    (.isStatic, "(i32.load (i32.mul (i32.div_u (i32.const 1024) (i32.const 4)) (i32.const 4)))", ""),
    (.isStatic, "(i32.load (i32.div_s (i32.const -4096) (i32.const -4)))", ""),
    (.isStatic, "(i32.load (i32.rem_u (i32.const 1024) (i32.const 65536)))", ""),
    (.isStatic, "(i32.load (i32.rem_s (i32.const 1028) (i32.const -2048)))", ""),
    (.isStatic, "(i32.load (i32.extend16_s (i32.const 0x10400)))", ""),
    (.isStatic, "(i32.load (i32.rotl (i32.const 0x04000000) (i32.const 16)))", ""),
    (.isStatic, "(i32.load (i32.rotr (i32.const 0x4000000) (i32.const 16)))", ""),
    (.isStatic, "(i32.load (i32.wrap_i64 (i64.rotr (i64.const 0x400000) (i64.const 12))))", ""),
    (.isStatic, "(i32.load (i32.shl (i32.clz (i32.const 0)) (i32.const 5)))", ""),
    (.isStatic, "(i32.load (i32.shl (i32.popcnt (i32.const 1)) (i32.const 10)))", ""),
    (
      .isStatic, "(call $g (i64.const 0x40000000004))",
      "(func $g (param i64) (result i32) (i32.load (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32)))))"
    ),
    (
      .unclear, "(i32.add (call $g (i64.const 0x40000000004)) (call $g (i64.const 0x40800000003)))",
      "(func $g (param i64) (result i32) (i32.load (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32)))))"
    ),
    (
      .unclear,
      """
      (i32.load (i32.wrap_i64
        (i64.shr_u (i64.or (i64.extend_i32_u (local.get 0)) (i64.const 0x40000000000)) (i64.const 32))))
      """, ""
    ),
    (
      .unclear,
      "(i32.load (i32.shl (i32.shr_u (i32.add (local.get 0) (i32.const 1024)) (i32.const 2)) (i32.const 2)))", ""
    ),
    (.unclear, "(i32.load (i32.and (i32.add (local.get 0) (i32.const 1024)) (i32.const 0xffff)))", ""),
    (.unclear, "(i32.load (i32.shl (i32.const 1024) (i32.eqz (local.get 0))))", ""),
    (.unclear, "(i32.load (i32.trunc_f64_u (f64.const 1024.5)))", ""),
    (.unclear, "(i32.load (i32.trunc_f32_s (f32.const 1028)))", ""),
    (.unclear, "(i32.store16 (local.get 0) (i32.const 1024)) (i32.load (i32.load16_u (local.get 0)))", ""),
    // Whether the parameter is an index or a pointer cannot be told.
    (.unclear, "(i32.load8_u (i32.add (local.get 0) (i32.const 1024)))", ""),
    (.unclear, "(i32.load8_u offset=1024 (local.get 0))", ""),
    (.unclear, "(i32.load (select (i32.const 1024) (local.get 0) (local.get 1)))", ""),
    (.unclear, "(i32.load (i32.add (local.get 0) (i32.sub (i32.const 1024) (i32.const 97))))", ""),
    (
      .unclear, "(i32.add (call $g (i32.const 1024)) (call $g (local.get 0)))",
      "(func $g (param i32) (result i32) (i32.load (local.get 0)))"
    ),
    (.unclear, "(i32.store (local.get 0) (i32.const 1028)) (i32.const 0)", ""),
    (.unclear, "(i64.store (local.get 0) (i64.const 0x404_0000_0400)) (i32.const 0)", ""),
    (.unclear, "(global.set $p (i32.const 1028)) (i32.load (local.get 0))", "(global $p (mut i32) (i32.const 0))"),
    (.unclear, "(i32.load (global.get $p))", "(global $p (mut i32) (i32.const 1028))"),
    (.unclear, "(v128.store (local.get 0) (v128.const i32x4 1024 1028 1032 1036)) (i32.const 0)", ""),
    (
      .unclear,
      "(i32.load (i32x4.extract_lane 0 (i32x4.add (i32x4.splat (i32.const 1024)) (i32x4.splat (local.get 0)))))", ""
    ),
    (.unclear, "(throw $t (i32.const 1028))", "(tag $t (param i32)) (func (drop (i32.load (i32.const 0))))"),
    // Numbers that come to no address, and offsets in what a pointer points to.
    (.free, "(i32.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))))", ""),
    (.free, "(i32.load offset=600 (local.get 0))", ""),
    (.free, "(i32.load (i32.add (local.get 0) (i32.shr_u (local.get 0) (i32.const 2))))", ""),
    (.free, "(i32.load (i32.add (local.get 0) (i32.load16_u (local.get 0))))", ""),
    (.free, "(i32.load (i32.and (i32.add (local.get 0) (i32.const 1027)) (i32.const 3)))", ""),
    (.free, "(i32.load (i32.add (local.get 0) (i32.div_u (local.get 0) (i32.const 10))))", ""),
    (.free, "(i32.add (i32.load (local.get 0)) (i32.const 1024))", ""),
    (.free, "(drop (i32.mul (local.get 0) (i32.const 1028))) (i32.load (local.get 0))", ""),
    (.free, "(i32.load (i32.and (local.get 0) (i32.const -1024)))", ""),
    (.free, "(i32.store8 (local.get 0) (i32.const 1028)) (i32.const 0)", ""),
    (.free, "(memory.fill (local.get 0) (i32.const 1028) (i32.const 1028)) (i32.const 0)", ""),
  ]

  @Test(arguments: bodies.indices) func constantsThatComeToAddressesAreSeen(number: Int) throws {
    let (verdict, body, rest) = Self.bodies[number]
    let imports = rest.hasPrefix("(import")
    let text = """
      \(imports ? rest : "") \(Self.memories) \(Self.data) \(imports ? "" : rest)
      (func $f (export "f") (param i32) (result i32) (local i32) \(body))
      """
    // A thrown value is followed nowhere; it must be a memory of a function that changes.
    let withAccess =
      body.hasPrefix("(throw") ? text.replacing("(throw", with: "(drop (i32.load (local.get 0))) (throw") : text
    #expect(try Self.verdict(withAccess) == verdict, "\(body)")
  }

  @Test func aStackPointerLeadsToNoStaticData() throws {
    let text = """
      \(Self.memories) \(Self.data) (global $__stack_pointer (mut i32) (i32.const 65536))
      (func $f (export "f") (param i32) (result i32) (local i32)
        (local.set 1 (i32.sub (global.get $__stack_pointer) (i32.const 4096)))
        (loop (i32.store (i32.add (local.get 1) (i32.const 1040)) (local.get 0)) (br_if 0 (local.get 0)))
        (i32.load offset=1044 (local.get 1)))
      """
    _ = try Self.specialize(text) { $0.stack = .shared }
    // Such a program has data without segments too.
    let zeroed = text.replacing("offset=1044 (local.get 1)", with: "offset=5000 (i32.shl (local.get 0) (i32.const 2))")
    let error = #expect(throws: TransformError.self) { _ = try Self.specialize(zeroed) { $0.stack = .shared } }
    #expect(error?.message.contains("accesses static data at address 5000 of memory 0") == true)
  }

  /// `s += days[months[i]]` as clang -O2 compiles it.
  static let days = """
    \(memories) (data (i32.const 1024) "\\1f\\00\\00\\00\\1c\\00\\00\\00\\1f\\00\\00\\00\\1e\\00\\00\\00")
    (func $f (export "f") (param i32 i32) (result i32) (local i32)
      (loop
        (local.set 2 (i32.add
          (i32.load (i32.add (i32.shl (i32.load (local.get 0)) (i32.const 2)) (i32.const 1024)))
          (local.get 2)))
        (local.set 0 (i32.add (local.get 0) (i32.const 4)))
        (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (local.get 2))
    """

  @Test func aTableStaysAndItsIndicesMove() throws {
    let result = try Self.specialize(Self.days) { $0.staticData = .stay }
    for instance in try SpecializationTests.instances(result.module) {
      for (place, month) in [0, 1, 2, 3, 1].enumerated() {
        try instance.memory("other").store(Int32(month), at: UInt64(64 + 4 * place))
      }
      #expect(try callI32(instance, "f@1", .i32(64), .i32(5)) == 31 + 28 + 31 + 30 + 28)
    }
  }

  @Test func rangesStayWhereTheyAreStatic() throws {
    let result = try Self.specialize(
      """
      \(Self.memories) \(Self.data) (data $d "xyz")
      (func $f (export "f") (param i32)
        (memory.copy (local.get 0) (i32.const 1024) (i32.const 4))
        (memory.copy (i32.const 1032) (local.get 0) (i32.const 2))
        (memory.fill (i32.const 1036) (i32.const 33) (i32.const 2))
        (memory.init $d (i32.const 1038) (i32.const 0) (i32.const 2)))
      """
    ) { $0.staticData = .stay }
    for instance in try SpecializationTests.instances(result.module) {
      let (own, other) = (try instance.memory("own"), try instance.memory("other"))
      _ = try instance.function("f@1").call([.i32(64)])
      #expect(try other.read(4, at: 64) == Array("0123".utf8))
      #expect(try own.read(4, at: 64) == [0, 0, 0, 0])
      #expect(try own.read(16, at: 1024) == Array("0123456701ab!!xy".utf8))
      #expect(try other.read(16, at: 1024).allSatisfy { $0 == 0 })
    }
  }

  @Test func overlappingSegmentsDoNotHideEachOther() throws {
    for segments in [
      "(data (i32.const 2000) \"0123456789abcdef\") (data (i32.const 2004) \"x\")",
      "(data (i32.const 2004) \"x\") (data (i32.const 2000) \"0123456789abcdef\") (data (i32.const 2002) \"yz\")",
      "(data (i32.const 2000) \"0123456789\") (data (i32.const 2010) \"abcdef\") (data (i32.const 2000) \"\")",
    ] {
      let text = """
        \(Self.memories) \(segments)
        (func $f (export "f") (param i32) (result i32) (i32.store offset=2012 (local.get 0) (i32.const 2012)) (i32.const 0))
        """
      #expect(try Self.verdict(text) == .unclear)
      let stored = text.replacing("offset=2012", with: "")
      #expect(try Self.verdict(stored) == .unclear)
    }
  }

  @Test func aReferenceToACopiedFunctionIsToTheOriginal() throws {
    let result = try Self.specialize(
      """
      \(Self.memories) (type $t (func (param i32) (result i32))) (elem declare func $f)
      (func $f (export "f") (type $t)
        (drop (ref.is_null (ref.func $f)))
        (i32.load (local.get 0)))
      """)
    _ = try ModuleValidator.validate(ModuleDecoder.decode(ModuleEncoder.encode(result.module)))
    #expect(result.notes == ["'f' takes a reference to 'f', which keeps its memories"])
    let copy = try BindingTests.instructions(result.module, body: 1)
    #expect(copy.first { $0.opcode == .refFunc }?.index == 0)
  }

  /// Bodies in which every local depends on the next, and calls on calls, come to an end.
  @Test func entangledBodiesAreRefused() throws {
    let chain = (2..<200).map { "(local.set \($0 - 1) (local.get \($0)))" }.joined()
    let text = """
      \(Self.memories) \(Self.data)
      (func $f (export "f") (param i32) (result i32) (local \((0..<200).map { _ in "i32" }.joined(separator: " ")))
        (loop \(chain) (local.set 199 (i32.const 1024)) (br_if 0 (local.get 0)))
        (i32.load (local.get 1)))
      """
    let error = #expect(throws: TransformError.self) { _ = try Self.specialize(text) }
    #expect(error?.message.contains("'f' is too entangled") == true, "\(error?.message ?? "")")
    let calls = (0..<300).map { number in
      """
      (func $g\(number) (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $g\(number + 1) (local.get 0))) (else (i32.const 1024))))
      """
    }.joined()
    let deep = """
      \(Self.memories) \(Self.data) \(calls) (func $g300 (param i32) (result i32) (i32.load (local.get 0)))
      (func $f (export "f") (param i32) (result i32) (i32.load8_u (call $g0 (local.get 0))))
      """
    #expect(try Self.verdict(deep) == .unclear)
  }
}
