import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Modules with single bytes changed through the transforms: whatever is valid must come out valid or be refused.
@Suite struct BindingMutationTests {
  static let module = """
    (module
      (@custom "multi_memory" "heap=export,min=1,max=4\\n")
      (import "multi_memory" "i32.load@heap" (func $load (param i32) (result i32)))
      (import "multi_memory" "i32.store8@2 offset=4" (func $store (param i32 i32)))
      (import "multi_memory" "memory.copy@*,0" (func $copy (param i32 i32 i32 i32)))
      (import "specialized" "sort@*" (func $any (param i32 i32 i32)))
      (memory (export "memory") 1) (memory 1)
      (table 2 funcref) (elem (i32.const 0) func $load $store)
      (global $__stack_pointer (mut i32) (i32.const 1024))
      (data (i32.const 8) "abc")
      (func (export "run") (param i32) (result i32)
        (call $store (local.get 0) (i32.const 7))
        (call $copy (i32.const 1) (local.get 0) (i32.const 8) (i32.const 3))
        (call $any (i32.const 1) (i32.const 64) (i32.const 3))
        (if (result i32) (local.get 0) (then (call $load (i32.const 1))) (else (memory.size))))
      \(SpecializationTests.sort))
    """

  /// Longer runs take their number from the environment.
  static let count = Int(Environment.value("POLYMNIA_BIND_MUTANTS") ?? "") ?? 1000

  @Test func changedBytesNeverCrash() throws {
    let original = ModuleEncoder.encode(try ModuleParser.parse(Array(Self.module.utf8), features: .all).module)
    var random = RandomSource(seed: 1)
    var valid = 0
    var bound = 0
    var specialized = 0
    for _ in 0..<Self.count {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 8..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[at] = UInt8.random(in: 0...6, using: &random)
        case 2: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
        default: bytes[at] = bytes[Int.random(in: 8..<bytes.count, using: &random)]
        }
      }
      guard let decoded = try? ModuleDecoder.decode(bytes), let validated = try? ModuleValidator.validate(decoded)
      else { continue }
      valid += 1
      var current = validated
      if let result = try? MemoryBinding.bind(validated) {
        bound += 1
        current = try Self.revalidated(result.module, bytes)
      }
      var options = SpecializationOptions()
      options.stack = .at(4096)
      options.staticData = .stay
      options.allowsImports = true
      options.allowsIndirectCalls = true
      for name in ["sort", "run"] {
        guard let result = try? FunctionSpecialization.dispatch(current, functions: [name], options: options) else {
          continue
        }
        specialized += 1
        current = try Self.revalidated(result.module, bytes)
      }
    }
    #expect(valid > Self.count / 10)
    #expect(bound > valid / 10)
    #expect(specialized > valid / 2)
  }

  private static func revalidated(_ module: Module, _ input: [UInt8]) throws -> ValidatedModule {
    do {
      return try ModuleValidator.validate(try ModuleDecoder.decode(ModuleEncoder.encode(module)))
    } catch {
      Issue.record("\(error) for \(input)")
      throw error
    }
  }
}
