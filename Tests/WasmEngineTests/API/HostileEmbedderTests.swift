import Testing
import WasmEngine

/// Whatever an embedder passes, it gets a typed error, and nothing outside is read or written.
@Suite struct HostileEmbedderTests {
  static let program = """
    (module
      (memory (export "m") 1 2)
      (table (export "t") 2 4 funcref)
      (table (export "e") 1 externref)
      (global (export "g") i32 (i32.const 7))
      (global (export "v") (mut i64) (i64.const 8))
      (global (export "r") (mut funcref) (ref.null func))
      (tag (export "x") (param i32))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "ref") (param funcref) (result funcref) (local.get 0))
      (func (export "nonnull") (param (ref func)))
      (func (export "extern") (param externref) (result externref) (local.get 0))
      (func (export "exn") (param exnref))
      (func (export "any") (param anyref) (result anyref) (local.get 0))
      (func (export "trap") (unreachable)))
    """

  let store = Store()
  let other = Store()
  let instance: Instance
  let foreign: Instance

  init() throws {
    instance = try store.load(Self.program)
    foreign = try other.load(Self.program)
  }

  private func expect(_ error: UsageError, _ body: () throws -> Void) {
    #expect(throws: error, performing: body)
  }

  @Test func tooFewArguments() throws {
    let add = try instance.function("add")
    expect(.argumentCount(expected: 2, actual: 1)) { _ = try add.call([.i32(1)]) }
    expect(.argumentCount(expected: 2, actual: 0)) { _ = try add.call() }
  }

  @Test func tooManyArguments() throws {
    let add = try instance.function("add")
    expect(.argumentCount(expected: 2, actual: 3)) { _ = try add.call([.i32(1), .i32(2), .i32(3)]) }
  }

  @Test func wrongNumberType() throws {
    let add = try instance.function("add")
    expect(.argumentType(position: 1, expected: .i32, actual: .i64)) { _ = try add.call([.i32(1), .i64(2)]) }
    expect(.argumentType(position: 0, expected: .i32, actual: .f32)) { _ = try add.call([.f32(1), .i32(2)]) }
    expect(.argumentType(position: 0, expected: .i32, actual: .v128)) {
      _ = try add.call([.v128(V128(low: 0, high: 0)), .i32(2)])
    }
  }

  @Test func referenceForNumber() throws {
    let add = try instance.function("add")
    #expect(throws: UsageError.self) { _ = try add.call([.funcref(nil), .i32(2)]) }
  }

  @Test func numberForReference() throws {
    let function = try instance.function("ref")
    #expect(throws: UsageError.self) { _ = try function.call([.i64(64)]) }
  }

  @Test func externReferenceForFunctionReference() throws {
    let function = try instance.function("ref")
    #expect(throws: UsageError.self) { _ = try function.call([.externref(try ExternReference(1, in: store))]) }
    #expect(throws: UsageError.self) { _ = try function.call([.externref(nil)]) }
  }

  @Test func nullForNonNull() throws {
    let function = try instance.function("nonnull")
    #expect(throws: UsageError.self) { _ = try function.call([.funcref(nil)]) }
  }

  @Test func functionOfAnotherStore() throws {
    let function = try instance.function("ref")
    let stranger = try foreign.function("add")
    expect(.wrongStore) { _ = try function.call([.funcref(stranger)]) }
  }

  @Test func functionOfAnotherStoreTyped() throws {
    let function = try instance.function("ref", as: Function?.self, returning: Function?.self)
    let stranger = try foreign.function("add")
    expect(.wrongStore) { _ = try function(stranger) }
  }

  @Test func externReferenceOfAnotherStore() throws {
    let function = try instance.function("extern")
    expect(.wrongStore) { _ = try function.call([.externref(try ExternReference("x", in: other))]) }
    let typed = try instance.function("extern", as: ExternReference?.self, returning: ExternReference?.self)
    expect(.wrongStore) { _ = try typed(try ExternReference("x", in: other)) }
  }

  @Test func setGlobalToFunctionOfAnotherStore() throws {
    let global = try instance.global("r")
    let stranger = try foreign.function("add")
    expect(.wrongStore) { try global.set(.funcref(stranger)) }
  }

  @Test func setImmutableGlobal() throws {
    let global = try instance.global("g")
    expect(.immutableGlobal) { try global.set(.i32(1)) }
  }

  @Test func setGlobalOfAnotherType() throws {
    let global = try instance.global("v")
    expect(.valueType(expected: .i64, actual: .i32)) { try global.set(.i32(1)) }
    guard case .i64(8) = global.value else { return #expect(Bool(false), "the global has changed") }
  }

  @Test func tableBeyondItsEnd() throws {
    let table = try instance.table("t")
    expect(.tableBounds(index: 2, count: 1, tableCount: 2)) { _ = try table.get(2) }
    expect(.tableBounds(index: .max, count: 1, tableCount: 2)) { _ = try table.get(.max) }
    expect(.tableBounds(index: 2, count: 1, tableCount: 2)) { try table.set(2, .funcref(nil)) }
  }

  @Test func tableSetOfAnotherType() throws {
    let table = try instance.table("t")
    #expect(throws: UsageError.self) { try table.set(0, .externref(nil)) }
    #expect(throws: UsageError.self) { try table.set(0, .i32(0)) }
  }

  @Test func tableSetOfAnotherStore() throws {
    let table = try instance.table("t")
    let stranger = try foreign.function("add")
    expect(.wrongStore) { try table.set(0, .funcref(stranger)) }
    expect(.wrongStore) { try table.grow(by: 1, filledWith: .funcref(stranger)) }
    #expect(table.count == 2)
  }

  @Test func tableGrowsNoFurtherThanItsMaximum() throws {
    let table = try instance.table("t")
    expect(.growthRefused) { try table.grow(by: 3, filledWith: .funcref(nil)) }
    expect(.growthRefused) { try table.grow(by: .max, filledWith: .funcref(nil)) }
    #expect(try table.grow(by: 2, filledWith: .funcref(nil)) == 2)
  }

  @Test func memoryReadsBeyondItsEnd() throws {
    let memory = try instance.memory("m")
    expect(.memoryBounds(address: 65536, length: 1, byteCount: 65536)) { _ = try memory.load(UInt8.self, at: 65536) }
    expect(.memoryBounds(address: 65533, length: 4, byteCount: 65536)) { _ = try memory.load(Int32.self, at: 65533) }
    expect(.memoryBounds(address: .max, length: 8, byteCount: 65536)) { _ = try memory.load(UInt64.self, at: .max) }
    expect(.memoryBounds(address: .max - 7, length: 8, byteCount: 65536)) {
      _ = try memory.load(Double.self, at: .max - 7)
    }
  }

  @Test func memoryWritesBeyondItsEnd() throws {
    let memory = try instance.memory("m")
    #expect(throws: UsageError.self) { try memory.store(UInt16(1), at: 65535) }
    #expect(throws: UsageError.self) { try memory.write([1, 2, 3], at: 65534) }
    #expect(throws: UsageError.self) { try memory.fill(9, at: 0, count: .max) }
    #expect(throws: UsageError.self) { try memory.fill(9, at: 65000, count: 65000) }
    #expect(try memory.read(65536, at: 0).allSatisfy { $0 == 0 })
  }

  @Test func memoryRangesThatAreNone() throws {
    let memory = try instance.memory("m")
    #expect(throws: UsageError.self) { _ = try memory.read(-1, at: 0) }
    #expect(throws: UsageError.self) { _ = try memory.read(.max, at: 1) }
    #expect(throws: UsageError.self) { _ = try memory.string(at: 1, count: .max) }
    #expect(throws: UsageError.self) { try memory.withBytes(at: 65536, count: 1) { _ in } }
    #expect(throws: UsageError.self) { try memory.withMutableBytes(at: .max, count: 1) { _ in } }
    #expect(try memory.read(0, at: 65536).isEmpty)
    #expect(throws: UsageError.self) { _ = try memory.read(0, at: 65537) }
  }

  @Test func memoryGrowsNoFurtherThanItsMaximum() throws {
    let memory = try instance.memory("m")
    expect(.growthRefused) { try memory.grow(by: 2) }
    expect(.growthRefused) { try memory.grow(by: .max) }
    #expect(try memory.grow(by: 1) == 1)
    expect(.growthRefused) { try memory.grow(by: 1) }
    #expect(try memory.grow(by: 0) == 2)
  }

  @Test func exportThatIsNotThere() throws {
    expect(.noExport("nothing")) { _ = try instance.function("nothing") }
    expect(.noExport("")) { _ = try instance.memory("") }
    #expect(instance.export("nothing") == nil)
    #expect(instance.memory(at: 1) == nil)
    #expect(instance.memory(at: -1) == nil)
  }

  @Test func exportOfAnotherKind() throws {
    expect(.exportKind("m", expected: .function, actual: .memory)) { _ = try instance.function("m") }
    expect(.exportKind("add", expected: .table, actual: .function)) { _ = try instance.table("add") }
    expect(.exportKind("t", expected: .global, actual: .table)) { _ = try instance.global("t") }
    expect(.exportKind("g", expected: .tag, actual: .global)) { _ = try instance.tag("g") }
  }

  @Test func typedFunctionOfOtherTypes() throws {
    #expect(throws: UsageError.self) { _ = try instance.function("add", as: Int32.self, returning: Int32.self) }
    #expect(throws: UsageError.self) {
      _ = try instance.function("add", as: (Int32, Int64).self, returning: Int32.self)
    }
    #expect(throws: UsageError.self) { _ = try instance.function("add", as: (Int32, Int32).self) }
    #expect(throws: UsageError.self) {
      _ = try instance.function("add", as: (Int32, Int32).self, returning: (Int32, Int32).self)
    }
    // A parameter that must not be null cannot be called with an optional.
    #expect(throws: UsageError.self) { _ = try instance.function("nonnull", as: Function?.self) }
  }

  @Test func importOfAnotherStore() throws {
    let module = try store.engine.compile(text: #"(module (import "a" "m" (memory 1)))"#)
    let memory = try foreign.memory("m")
    expect(.wrongEngine) { try other.instantiate(module, imports: [.memory(memory)]) }
    expect(.wrongStore) { try store.instantiate(module, imports: [.memory(memory)]) }
    let linker = Linker(store)
    expect(.wrongStore) { try linker.define("a", "m", .memory(memory)) }
    expect(.wrongStore) { try linker.define(foreign, as: "a") }
  }

  @Test func wrongNumberOfImports() throws {
    let module = try store.engine.compile(text: #"(module (import "a" "m" (memory 1)))"#)
    expect(.importCount(expected: 1, actual: 0)) { try store.instantiate(module) }
    let memory = try instance.memory("m")
    expect(.importCount(expected: 1, actual: 2)) {
      try store.instantiate(module, imports: [.memory(memory), .memory(memory)])
    }
  }

  @Test func duplicateDefinitions() throws {
    let linker = Linker(store)
    try linker.define(instance, as: "a")
    expect(.duplicateDefinition(module: "a", name: "m")) { try linker.define(instance, as: "a") }
    expect(.duplicateDefinition(module: "a", name: "add")) {
      try linker.define("a", "add") { (_: borrowing Caller) in }
    }
  }

  @Test func memoriesOfTypesThatAreNone() throws {
    func make(_ type: MemoryType) throws { _ = try Memory(in: store, type: type) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 65537))) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 2, maximum: 1))) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 1), isShared: true)) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 1), pageSizeLog2: 12)) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 1), pageSizeLog2: 200)) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: .max), addressType: .i64)) }
    #expect(throws: UsageError.self) { try make(MemoryType(limits: Limits(minimum: 1 << 40), addressType: .i64)) }
  }

  @Test func tablesOfTypesThatAreNone() throws {
    func make(_ type: TableType, _ value: Value) throws { _ = try Table(in: store, type: type, filledWith: value) }
    #expect(throws: UsageError.self) {
      try make(TableType(element: .function, limits: Limits(minimum: 2, maximum: 1)), .funcref(nil))
    }
    #expect(throws: UsageError.self) {
      try make(TableType(element: .function, limits: Limits(minimum: .max), addressType: .i64), .funcref(nil))
    }
    #expect(throws: UsageError.self) {
      try make(TableType(element: .function, limits: Limits(minimum: 1)), .externref(nil))
    }
    let concrete = ReferenceType(isNullable: true, heapType: .concrete(3))
    #expect(throws: UsageError.self) {
      try make(TableType(element: concrete, limits: Limits(minimum: 1)), .funcref(nil))
    }
  }

  @Test func globalsAndTagsOfTypesThatAreNone() throws {
    #expect(throws: UsageError.self) {
      _ = try Global(in: store, type: GlobalType(value: .i32, isMutable: true), value: .f32(0))
    }
    #expect(throws: UsageError.self) {
      _ = try Global(in: store, type: GlobalType(value: .bottom, isMutable: true), value: .f32(0))
    }
    let concrete = ValueType.reference(.concrete(1), nullable: true)
    #expect(throws: UsageError.self) {
      _ = try Global(in: store, type: GlobalType(value: concrete, isMutable: true), value: .funcref(nil))
    }
    #expect(throws: UsageError.self) { _ = try Tag(in: store, payload: [concrete]) }
    let stranger = try foreign.function("add")
    expect(.wrongStore) {
      _ = try Global(in: store, type: GlobalType(value: .functionReference, isMutable: true), value: .funcref(stranger))
    }
  }

  @Test func hostFunctionOfATypeThatIsNone() throws {
    let concrete = ValueType.reference(.concrete(1), nullable: true)
    #expect(throws: UsageError.self) {
      _ = try Function(in: store, type: FunctionType(parameters: [concrete])) { _, _ in [] }
    }
    #expect(throws: UsageError.self) {
      _ = try Function(in: store, type: FunctionType(results: [.bottom])) { _, _ in [] }
    }
  }

  @Test func hostFunctionOfTooManyParameters() throws {
    let many = [ValueType](repeating: .v128, count: 100_000)
    #expect(throws: UsageError.self) {
      _ = try Function(in: store, type: FunctionType(parameters: many)) { _, _ in [] }
    }
    #expect(throws: UsageError.self) {
      _ = try Function(in: store, type: FunctionType(results: many)) { _, _ in [] }
    }
  }

  @Test func hostFunctionThatReturnsOtherResults() throws {
    let function = try Function(in: store, type: FunctionType(results: [.i32])) { _, _ in [.i64(1)] }
    expect(.resultType(position: 0, expected: .i32, actual: .i64)) { _ = try function.call() }
    let none = try Function(in: store, type: FunctionType(results: [.i32])) { _, _ in [] }
    expect(.resultCount(expected: 1, actual: 0)) { _ = try none.call() }
    let many = try Function(in: store, type: FunctionType()) { _, _ in [.i32(1), .i32(2)] }
    expect(.resultCount(expected: 0, actual: 2)) { _ = try many.call() }
  }

  @Test func hostFunctionThatReturnsAReferenceOfAnotherStore() throws {
    let stranger = try foreign.function("add")
    let untyped = try Function(in: store, type: FunctionType(results: [.functionReference])) { _, _ in
      [.funcref(stranger)]
    }
    expect(.wrongStore) { _ = try untyped.call() }
    let typed = Function(in: store) { (_: borrowing Caller) -> Function? in stranger }
    expect(.wrongStore) { _ = try typed.call() }
  }

  @Test func exceptionThatDoesNotFitItsTag() throws {
    let tag = try instance.tag("x")
    expect(.argumentCount(expected: 1, actual: 0)) { _ = try UncaughtException(tag: tag, payload: []) }
    expect(.argumentType(position: 0, expected: .i32, actual: .i64)) {
      _ = try UncaughtException(tag: tag, payload: [.i64(1)])
    }
  }

  @Test func exceptionOfAnotherStore() throws {
    let exception = try UncaughtException(tag: foreign.tag("x"), payload: [.i32(1)])
    let function = Function(in: store) { (_: borrowing Caller) -> Void in throw exception }
    let thrown = #expect(throws: UncaughtException.self) { _ = try function.call() }
    #expect(thrown?.tag.store === other)
  }

  @Test func limiterThatRefuses() throws {
    store.limiter = { _ in false }
    expect(.growthRefused) { try instance.memory("m").grow(by: 1) }
    expect(.growthRefused) { try instance.table("t").grow(by: 1, filledWith: .funcref(nil)) }
    #expect(throws: UsageError.self) { try store.load("(module)") }
    #expect(throws: UsageError.self) { _ = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1))) }
    #expect(try instance.memory("m").grow(by: 0) == 1)
  }

  @Test func limiterThatGrowsTheSameMemory() throws {
    let memory = try instance.memory("m")
    var depth = 0
    store.limiter = { _ in
      depth += 1
      if depth == 1 { _ = try? memory.grow(by: 1) }
      return true
    }
    // The inner growth took the last page.
    expect(.growthRefused) { try memory.grow(by: 1) }
    #expect(memory.pageCount == 2)
  }

  @Test func fuelThatIsNotMetered() throws {
    expect(.fuelNotMetered) { try store.setFuel(1) }
    #expect(store.fuel == nil)
  }

  @Test func interruptAfterTheStoreIsGone() throws {
    var short: Store? = Store()
    let handle = short!.interruptHandle
    try short!.setDeadline(after: .seconds(3600))
    short = nil
    handle.interrupt()
  }

  @Test func handlesKeepTheStore() throws {
    var short: Store? = Store()
    let memory = try short!.load(Self.program).memory("m")
    short = nil
    try memory.store(Int32(5), at: 8)
    #expect(try memory.load(Int32.self, at: 8) == 5)
  }

  @Test func growthWhileBytesAreLent() throws {
    let policy = MemoryPolicy(bounds: .checked)
    let memory = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1)), policy: policy)
    try memory.store(UInt8(42), at: 7)
    try memory.withBytes(at: 0, count: 65536) { bytes in
      try memory.grow(by: 100)
      try memory.store(UInt8(43), at: 7)
      #expect(bytes.byteCount == 65536)
      #expect(bytes.unsafeLoad(fromByteOffset: 7, as: UInt8.self) == 42)
    }
    #expect(try memory.load(UInt8.self, at: 7) == 43)
    #expect(memory.pageCount == 101)
  }

  @Test func modulesThatAreNone() throws {
    let engine = store.engine
    #expect(throws: ModuleError.self) { _ = try engine.compile([]) }
    #expect(throws: ModuleError.self) { _ = try engine.compile([0, 0x61, 0x73]) }
    #expect(throws: TextError.self) { _ = try engine.compile(text: "(module") }
    #expect(throws: ModuleError.self) { _ = try engine.compile(text: "(module (func (result i32)))") }
  }

  @Test func modulesThatCannotBeExecuted() throws {
    let engine = store.engine
    func refusal(_ text: String) throws -> ModuleError? {
      do { _ = try engine.compile(text: text) } catch { return error as? ModuleError }
      return nil
    }
    let atomic = try refusal("(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))")
    #expect(atomic?.kind == .unsupported)
    #expect(atomic?.message.contains("threads") == true)
    let structure = try refusal("(module (type $s (struct)) (func (drop (struct.new $s))))")
    #expect(structure?.message.contains("gc") == true)
    let relaxed = try refusal(
      "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))")
    #expect(relaxed?.message.contains("relaxed-simd") == true)
    #expect(try refusal("(module (memory 1 1 shared) (type $s (struct)) (global (ref null $s) (ref.null $s)))") == nil)
  }
}
