import Synchronization
import Testing
import WebAssembly

@testable import WasmEngine

/// Canonical types last as long as something has their ids, and stores need no room for those of others.
@Suite struct CanonicalTypeTests {
  /// A module of function types that no other module has.
  private func module(_ engine: Engine, _ range: Range<Int>) throws -> CompiledModule {
    let types = range.map { number in
      "(type (func (param" + String(number, radix: 2).map { $0 == "1" ? " i32" : " i64" }.joined() + ")))"
    }
    return try engine.compile(text: "(module " + types.joined() + "(func (export \"f\") (type 0)))")
  }

  @Test func typesGoWithTheLastModuleThatHasThem() throws {
    let engine = makeEngine()
    let kept = try module(engine, 0..<10)
    let before = engine.types.count
    for round in 0..<5 {
      let other = try module(engine, 1000..<3000)
      let more = try module(engine, 2000..<4000 + round)
      #expect(engine.types.count >= before + 3000)
      withExtendedLifetime((other, more)) {}
    }
    #expect(engine.types.count == before)
    #expect(engine.functionType(kept.typeIDs[9]) == kept.module.types[9].functionType)
  }

  @Test func typesOfHostFunctionsAndTagsLastAsLongAsThey() throws {
    let engine = makeEngine()
    weak var last: Store?
    do {
      let store = Store(engine)
      last = store
      let type = FunctionType(parameters: [.f64, .f64], results: [.v128])
      let function = try Function(in: store, type: type) { _, _ in [.v128(V128(low: 1, high: 2))] }
      let tag = try Tag(in: store, payload: [.f32, .f32])
      // Ids that become free go to other types.
      for number in 0..<20 { _ = try module(engine, number * 100..<number * 100 + 100) }
      #expect(function.type == type)
      #expect(tag.type == FunctionType(parameters: [.f32, .f32]))
      let instance = try store.load(
        #"""
        (module (import "a" "f" (func $f (param f64 f64) (result v128)))
          (import "a" "t" (tag $t (param f32 f32)))
          (func (export "run") (result v128) (call $f (f64.const 1) (f64.const 2))))
        """#, [.function(function), .tag(tag)])
      guard case .v128(let result) = try instance.function("run").call().first else {
        Issue.record("no result")
        return
      }
      #expect(result == V128(low: 1, high: 2))
    }
    #expect(last == nil)
    #expect(engine.types.count == 0)
  }

  @Test(arguments: ExecutionTier.allCases)
  func anIdThatGoesToAnotherTypeBringsNoOldCode(_ tier: ExecutionTier) throws {
    let engine = makeEngine { $0.tier = tier }
    // The same id stands for one type after the other; calls from the host and to it go through code for the type.
    let types: [(String, Value)] = [
      ("i32", .i32(-5)), ("i64", .i64(-6)), ("f32", .f32(0.5)), ("f64", .f64(-0.25)),
      ("v128", .v128(V128(low: 3, high: 4))), ("i32", .i32(9)),
    ]
    for (name, value) in types {
      let store = Store(engine)
      let linker = Linker(store)
      let type = try #require(["i32": .i32, "i64": .i64, "f32": .f32, "f64": .f64, "v128": .v128 as ValueType][name])
      try linker.define("env", "same", type: FunctionType(parameters: [type], results: [type])) { _, values in values }
      let instance = try linker.instantiate(
        engine.compile(
          text: """
            (module (import "env" "same" (func $same (param \(name)) (result \(name))))
              (func (export "run") (param \(name)) (result \(name)) (call $same (local.get 0))))
            """))
      let result = try instance.function("run").call([value])
      #expect("\(result)" == "\([value])")
      #expect(engine.types.count == 1)
    }
  }

  @Test func aStoreNeedsNoRoomForTypesOfOthers() throws {
    let engine = makeEngine()
    let many = try module(engine, 0..<5_000)
    let store = Store(engine)
    let last = try engine.compile(text: "(module (func (export \"f\") (param f32 f64) (result f32) (local.get 0)))")
    #expect(try #require(last.typeIDs.first) >= 5_000)
    let instance = try store.instantiate(last)
    for _ in 0..<3 { _ = try instance.function("f").call([.f32(1), .f64(2)]) }
    #expect(store.context[StoreContext.machineEntryMaskOffset] < 16)
    withExtendedLifetime(many) {}
  }

  @Test func aStoreFindsTheCodeForEachOfManyTypes() throws {
    let engine = makeEngine()
    let types = (1..<300).map { number in String(number, radix: 2).map { $0 == "1" ? "i32" : "i64" } }
    let functions = types.enumerated().map { number, parameters in
      "(func (export \"\(number)\") (param \(parameters.joined(separator: " "))) (result i32) (i32.const \(number)))"
    }
    let instance = try Store(engine).load("(module " + functions.joined(separator: "\n") + ")")
    for _ in 0..<2 {
      for (number, parameters) in types.enumerated() {
        let arguments = parameters.map { $0 == "i32" ? Value.i32(1) : Value.i64(2) }
        guard case .i32(let result) = try instance.function("\(number)").call(arguments).first else {
          Issue.record("no result")
          return
        }
        #expect(Int(result) == number)
      }
    }
  }

  @Test func manyThreadsRegisterAndRelease() throws {
    let engine = makeEngine()
    let failures = Mutex(0)
    Threads.forEach(64, threads: 8) { number in
      do {
        // Neighbours share half of their types.
        let module = try module(engine, number % 8 * 50..<number % 8 * 50 + 100)
        let store = Store(engine)
        let instance = try store.instantiate(module)
        let function = try instance.function("f")
        let type = module.module.types[0].functionType
        _ = try function.call(function.type.parameters.map { $0 == .i32 ? .i32(1) : .i64(1) })
        if function.type != type { failures.withLock { $0 += 1 } }
      } catch {
        failures.withLock { $0 += 1 }
      }
    }
    #expect(failures.withLock { $0 } == 0)
    #expect(engine.types.count == 0)
  }
}
