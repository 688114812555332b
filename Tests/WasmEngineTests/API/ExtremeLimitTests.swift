import Testing
@testable import WasmEngine
@testable import WebAssembly

/// Every number that an embedder can set, at its ends, on both engines: whatever it is set to, programs run, trap or are
/// refused with a typed error.
@Suite struct ExtremeLimitTests {
  private static let ints: [Int] = [.min, -1, 0, 1, 2, 1000, 1 << 32, .max - 1, .max]
  private static let words: [UInt64] = [
    0, 1, 2, 4095, 65_536, 1 << 32, 1 << 44, 1 << 46, 1 << 48, 1 << 63, .max - 1, .max,
  ]

  private static let program = #"""
    (module (memory (export "m") 1) (memory i64 1) (table (export "t") 1 funcref)
      (tag $t (param i32))
      (func $f (export "f") (param i32) (result i32) (local i64 f64)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
      (func (export "throw") (result i32)
        (block $b (result i32 exnref) (try_table (catch_ref $t $b) (throw $t (i32.const 3))) (unreachable))
        (drop))
      (func (export "grow") (result i32)
        (i32.add (memory.grow (i32.const 1)) (table.grow (ref.null func) (i32.const 1))))
      (func (export "indirect") (result i32) (call_indirect (param i32) (result i32) (i32.const 4) (i32.const 0)))
      (elem (i32.const 0) $f) (data (i32.const 0) "abc"))
    """#

  /// Runs a program with a configuration. Whatever comes of it, it must come by a result or a typed error.
  private static func run(
    _ text: String = program, prepare: (Store) throws -> Void = { _ in },
    _ change: (inout Engine.Configuration) -> Void
  ) {
    for tier in ExecutionTier.allCases {
      let engine = makeEngine {
        $0.tier = tier
        change(&$0)
      }
      do {
        let store = Store(engine)
        try prepare(store)
        let instance = try store.load(text)
        for (name, value) in instance.exports {
          guard case .function(let function) = value else { continue }
          do {
            _ = try function.call(function.type.parameters.map { _ in .i32(5) })
          } catch {
            #expect(error is Trap || error is UncaughtException || error is UsageError, "\(name): \(error)")
          }
        }
      } catch {
        let isTyped =
          error is ModuleError || error is TextError || error is LinkError || error is UsageError || error is Trap
        #expect(isTyped, "\(error)")
      }
    }
  }

  @Test func limitsOfModules() {
    for limit in ImplementationLimits.all {
      for value in Self.ints { Self.run { $0.limits[keyPath: limit] = value } }
    }
    for value in Self.ints {
      Self.run { for limit in ImplementationLimits.all { $0.limits[keyPath: limit] = value } }
    }
  }

  @Test func largeModulesWithAllLimitsRaised() {
    func list(_ type: String, _ count: Int) -> String { Array(repeating: type, count: count).joined(separator: " ") }
    let raised: (inout Engine.Configuration) -> Void = { configuration in
      for limit in ImplementationLimits.all { configuration.limits[keyPath: limit] = .max }
    }
    let modules = [
      // 1,000 are the most parameters and results there can be.
      "(module (func $f (export \"f\") (param \(list("i32", 10_000)))))",
      "(module (func (export \"f\") (result \(list("i32", 10_000))) \(list("(i32.const 1)", 10_000))))",
      """
      (module (func $f (param \(list("v128", 1000))) (result \(list("v128", 1000)))
          \((0..<1000).map { "(local.get \($0))" }.joined()))
        (func (export "f") (result i32)
          \(list("(v128.const i64x2 1 2)", 1000)) (call $f) \(list("drop", 999)) (i32x4.extract_lane 0)))
      """,
      "(module (func (export \"f\") (result i32) (local \(list("v128", 1_000))) (local \(list("i32", 100_000))) (local.get 2000)))",
      "(module (memory 65536) (func (export \"f\") (result i32) (memory.grow (i32.const 1))))",
      "(module (memory i64 1 0x1000000000000) (func (export \"f\") (result i64) (memory.grow (i64.const -1))))",
      "(module (memory i64 0x1000000000000))",
      "(module (memory i64 1 0x1000000000000) (func (export \"f\") (result i64) (memory.grow (i64.const 0xffffffffffff))))",
      "(module (table 4294967295 funcref))",
      "(module (table i64 0xffffffffffffffff funcref))",
      "(module (table i64 1 0xffffffffffffffff funcref) "
        + "(func (export \"f\") (result i64) (table.grow (ref.null func) (i64.const 0x1fffffffffffffff))))",
    ]
    for module in modules {
      Self.run(module) {
        raised(&$0)
        $0.largestTable = .max
      }
      // Somebody who looks at what is asked for gets numbers that make sense.
      Self.run(
        module,
        prepare: {
          $0.limiter = { request in
            switch request {
            case .memory(let current, let desired, _): desired < 1 << 32 && current <= desired
            case .table(let current, let desired, _): desired < 1 << 20 && current <= desired
            case .instance: true
            }
          }
        }, raised)
    }
  }

  @Test func aMillionLocalsAndBillions() {
    func module(_ count: UInt32) -> [UInt8] {
      var bytes: [UInt8] = [
        0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7F, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0,
      ]
      var body: [UInt8] = [1]
      var rest = count
      while rest >= 0x80 {
        body.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      body += [UInt8(rest), 0x7F, 0x41, 7, 0x0B]
      bytes += [10, UInt8(body.count + 2), 1, UInt8(body.count)] + body
      return bytes
    }
    for tier in ExecutionTier.allCases {
      let engine = makeEngine {
        $0.tier = tier
        $0.limits.locals = .max
      }
      for count in [1_000_000, 4_000_000, UInt32.max] {
        do {
          let instance = try Store(engine).instantiate(engine.compile(module(count)))
          let value = try callI32(instance, "f")
          #expect(value == 7)
        } catch {
          let kind = (error as? Trap)?.kind
          #expect(kind == .callStackExhausted || error is ModuleError, "\(error)")
        }
      }
    }
  }

  @Test func numbersOfTheConfiguration() {
    for value in Self.ints {
      Self.run { $0.stackSize = value }
      Self.run { $0.validationThreads = value }
      Self.run {
        $0.validationThreads = value
        $0.compilation = .eager
      }
      Self.run {
        $0.aheadThreads = value
        $0.smallestAheadModule = 0
      }
      Self.run { $0.smallestAheadModule = value }
      Self.run { $0.smallestCachedModule = value }
    }
    for value in Self.words { Self.run { $0.largestTable = value } }
  }

  @Test func numbersOfTheStore() {
    for value in Self.words {
      Self.run(prepare: { $0.limits.byteCount = value }) { _ in }
      Self.run(prepare: { try $0.setFuel(Int64(bitPattern: value)) }) { $0.metersFuel = true }
      Self.run(prepare: { try $0.setFuel(-Int64(value >> 1)) }) { $0.metersFuel = true }
    }
    for value in Self.ints {
      Self.run(prepare: {
        $0.limits.externReferences = value
        _ = try ExternReference(1, in: $0)
      }) { _ in }
    }
    Self.run(prepare: { try $0.setFuel(.min) }) { $0.metersFuel = true }
  }

  @Test func fuelBelowNothingIsNone() throws {
    for tier in ExecutionTier.allCases {
      let store = Store(
        makeEngine {
          $0.tier = tier
          $0.metersFuel = true
        })
      let instance = try store.load(Self.program)
      for fuel in [Int64.min, -1, 0] {
        try store.setFuel(fuel)
        for _ in 0..<3 { #expect(trapKind { _ = try callI32(instance, "f", .i32(5)) } == .outOfFuel) }
      }
      try store.setFuel(.max)
      #expect(try callI32(instance, "f", .i32(5)) == 5)
    }
  }

  @Test func deadlinesFarAwayAndLongAgo() throws {
    let durations: [Duration] = [
      .zero, .nanoseconds(-1), .seconds(-1), .seconds(Int64.min), .seconds(Int64.max), .seconds(1e18),
      Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
      Duration(secondsComponent: .min, attosecondsComponent: -999_999_999_999_999_999), .seconds(1000),
    ]
    for tier in ExecutionTier.allCases {
      let store = Store(makeEngine { $0.tier = tier })
      let instance = try store.load(Self.program)
      for duration in durations {
        try store.setDeadline(after: duration)
        let expected: Trap.Kind? = duration > .zero ? nil : .deadlineExceeded
        #expect(trapKind { _ = try callI32(instance, "f", .i32(5)) } == expected)
      }
      for instant in [
        ContinuousClock.Instant.now.advanced(by: .seconds(Int64.max)), .now.advanced(by: .seconds(Int64.min)),
      ] {
        try store.setDeadline(instant)
        #expect(trapKind { _ = try callI32(instance, "f", .i32(5)) } == (instant > .now ? nil : .deadlineExceeded))
      }
      store.removeDeadline()
      #expect(try callI32(instance, "f", .i32(5)) == 5)
    }
  }

  @Test func numbersInCallsOfTheLibrary() throws {
    let store = Store(makeEngine())
    let instance = try store.load(Self.program)
    let memory = try instance.memory("m")
    let table = try instance.table("t")
    for value in Self.words where value > 65_536 {
      #expect(throws: UsageError.self) { try memory.grow(by: value) }
      #expect(throws: UsageError.self) { try memory.fill(1, at: value, count: 1) }
      #expect(throws: UsageError.self) { try memory.fill(1, at: 1, count: value) }
      #expect(throws: UsageError.self) { try memory.load(UInt64.self, at: value) }
      #expect(throws: UsageError.self) { try memory.string(at: 0, count: value) }
      #expect(throws: UsageError.self) { try memory.withBytes(at: value, count: value) { _ in } }
      #expect(throws: UsageError.self) { try table.get(value) }
      #expect(throws: UsageError.self) { try table.set(value, .funcref(nil)) }
      if value > 1 << 30 { #expect(throws: UsageError.self) { try table.grow(by: value, filledWith: .funcref(nil)) } }
      for address in [AddressType.i32, .i64] {
        for maximum in [nil, value, .max] as [UInt64?] {
          _ = try? Memory(
            in: store, type: MemoryType(limits: Limits(minimum: value, maximum: maximum), addressType: address))
          _ = try? Memory(
            in: store, type: MemoryType(limits: Limits(minimum: 0, maximum: maximum), addressType: address))
          let limits = Limits(minimum: value > 1 << 20 ? value : 0, maximum: maximum)
          _ = try? Table(
            in: store, type: TableType(element: .function, limits: limits, addressType: address),
            filledWith: .funcref(nil))
        }
      }
    }
    for value in Self.ints {
      if value < 0 || value > 65_536 { #expect(throws: UsageError.self) { try memory.read(value, at: 0) } }
      #expect((instance.memory(at: value) == nil) == !(0..<2).contains(value))
      let inspector = CompilerInspector(instance.module)
      if !(0..<5).contains(value) {
        #expect(throws: (any Error).self) { try inspector.machineCode(of: value) }
        #expect(throws: (any Error).self) { try inspector.intermediateRepresentation(of: value) }
        inspector.compileAll([value]) { _, _, _ in Issue.record("compiled what is not there") }
        _ = inspector.objectFile(of: [value], name: "x")
        _ = inspector.name(of: value)
      }
    }
  }

  /// A module that nobody has decoded can name bytes that it does not have.
  @Test func rangesOfModulesMadeByHand() throws {
    let source = #"""
      (module (memory 1) (table 1 funcref (ref.func $f)) (global i32 (i32.const 1)) (func $f (export "f"))
        (elem (i32.const 0) funcref (ref.func $f)) (data (i32.const 0) "abc") (@custom "x" "y"))
      """#
    let engine = makeEngine()
    let module = try engine.compile(text: source).module
    let count = module.bytes.count
    let ranges = [
      0..<count + 1, count..<count + 1, count + 1..<count + 1, 0..<Int.max, Int.max..<Int.max, Int.min..<Int.max,
      -1..<1,
      Int.min..<Int.min, -1 ..< -1, 0..<1 << 40, 1 << 40..<1 << 41,
    ]
    let changes: [(inout Module, Range<Int>) -> Void] = [
      { $0.bodies[0].range = $1 },
      { $0.tables[0].initializer = ConstantExpression(range: $1) },
      { $0.globals[0].initializer.range = $1 },
      { $0.elements[0].mode = .active(index: 0, offset: ConstantExpression(range: $1)) },
      { $0.elements[0].items = .expressions([ConstantExpression(range: $1)]) },
      { $0.data[0].range = $1 },
      { $0.data[0].mode = .active(index: 0, offset: ConstantExpression(range: $1)) },
      { $0.customSections[0].range = $1 },
    ]
    try Store(engine).instantiate(engine.compile(module))
    for range in ranges {
      for (number, change) in changes.enumerated() {
        var changed = module
        change(&changed, range)
        #expect(throws: ModuleError.self, "\(number): \(range)") { try engine.compile(changed) }
      }
      var changed = module
      changed.recursionGroups = [RecursionGroup(range: range, isExplicit: true)]
      changed.sections = changed.sections.map { SectionRange(id: $0.id, range: range) }
      _ = try? engine.compile(changed)
    }
  }
}
